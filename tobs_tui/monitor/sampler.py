"""Samples of the machine and of the program's own processes, cheap enough to take every second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tobs_tui.model.run import ProcessReading, Resources
from tobs_tui.monitor.cgroups import ControlGroups
from tobs_tui.monitor.clock import monotonic, now
from tobs_tui.monitor.gpu import Gpus
from tobs_tui.monitor.processes import SANDBOX, OwnProcesses
from tobs_tui.monitor.rates import CounterRates

_PRESSURE = Path("/proc/pressure/io")


def _existing(path: Path) -> Path:
    """The nearest ancestor that exists, `path` itself included: its file system is where `path` will be."""
    return next((place for place in (path, *path.parents) if place.exists()), Path("/"))


class ResourceSampler:
    """Takes `Resources` samples; `disk_path` (it need not exist yet) says which file system counts.

    Call it from one thread. Percentages of CPU and rates are since the call before, so the first sample has zeros.
    A sample takes 1 ms of CPU time, and every five seconds 2 ms more a process, for their memory.
    """

    def __init__(self, disk_path: Path, clock: Callable[[], float] = monotonic) -> None:
        self._disk_path = disk_path
        self._rates = CounterRates(clock)
        self._processes = OwnProcesses(clock)
        self._readings: dict[int, ProcessReading] = {}
        self._groups = ControlGroups()
        self._gpus: Gpus | None = None
        self._cpus = psutil.cpu_count() or 1  # what the CPU percentage is an average of
        psutil.cpu_percent(None)

    def sample(self) -> Resources:
        """The machine now; takes a few milliseconds and waits for nothing."""
        if self._gpus is None:
            self._gpus = Gpus()
        used, total = self._memory()
        free, room = self._disk()
        net_in, net_out = self._counted("net", psutil.net_io_counters(), "bytes_recv", "bytes_sent")
        disk_read, disk_write = self._counted("disk", psutil.disk_io_counters(), "read_bytes", "write_bytes")
        processes = self._processes.read()
        self._readings = {reading.pid: reading for reading in processes}
        own = [reading for reading in processes if reading.role != SANDBOX]
        fullest = max(own, key=lambda reading: reading.descriptors, default=ProcessReading(0, ""))
        return Resources(
            at=now(),
            cpu_percent=psutil.cpu_percent(None),
            cpu_count=self._cpus,
            memory_used=used,
            memory_total=total,
            own_memory=sum(max(0, reading.memory) for reading in own),
            own_cpu_percent=round(sum(reading.cpu_percent for reading in own), 1),
            disk_free=free,
            disk_total=room,
            net_in=net_in,
            net_out=net_out,
            gpus=self._gpus.read(),
            disk_read=disk_read,
            disk_write=disk_write,
            own_read=sum(reading.read for reading in own),
            own_write=sum(reading.write for reading in own),
            descriptors=fullest.descriptors,
            descriptor_limit=fullest.descriptor_limit,
            io_stall=_io_stall(),
            processes=processes,
        )

    def process(self, pid: int) -> tuple[float, int]:
        """(CPU percent of one core, bytes of memory) of a process of ours in the newest sample; (-1.0, -1) if gone."""
        reading = self._readings.get(pid)
        return (reading.cpu_percent, reading.memory) if reading is not None else (-1.0, -1)

    def _memory(self) -> tuple[int, int]:
        """(in use, total) in bytes, of the container where it has a limit."""
        used, limit = self._groups.memory()
        whole = psutil.virtual_memory()
        return (used, limit) if 0 < limit < whole.total else (whole.total - whole.available, whole.total)

    def _disk(self) -> tuple[int, int]:
        try:
            usage = psutil.disk_usage(str(_existing(self._disk_path)))
        except OSError:  # the medium was taken away
            return 0, 0
        return int(usage.free), int(usage.free + usage.used)  # without what is reserved for root

    def _counted(self, what: str, counters: Any, inwards: str, outwards: str) -> tuple[float, float]:
        """Rates of a pair of the machine's counters; zeros where there are none (no interface, no disk shown)."""
        if counters is None:
            return 0.0, 0.0
        rates = self._rates
        return (
            rates.rate(f"{what} in", getattr(counters, inwards)),
            rates.rate(f"{what} out", getattr(counters, outwards)),
        )


def _io_stall() -> float:
    """Percent of the last ten seconds in which all work stood still for the disk; -1 where the kernel does not tell.

    A single program that waits, as one that commits does all the time, is no trouble: of the two lines, the one that
    begins with "full". https://docs.kernel.org/accounting/psi.html
    """
    try:
        lines = _PRESSURE.read_text()
    except OSError:
        return -1.0
    _, _, rest = lines.partition("full ")[2].partition("avg10=")
    return float(rest.split(None, 1)[0]) if rest else -1.0
