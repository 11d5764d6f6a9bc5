"""Samples of the machine and of the program's own processes, cheap enough to take every second."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tobs_tui.model.run import GpuReading, Resources
from tobs_tui.monitor.clock import monotonic, now

_TREE_AGE_S = 3.0  # finding children reads all of /proc
_MEMORY_AGE_S = 5.0  # proportional set size walks page tables


def _existing(path: Path) -> Path:
    """The nearest ancestor that exists, `path` itself included: its file system is where `path` will be."""
    return next((place for place in (path, *path.parents) if place.exists()), Path("/"))


class _Gpus:
    """NVIDIA's figures through NVML; silent where there is no driver."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml

            pynvml.nvmlInit()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
            self._nvml = pynvml
        except (ImportError, OSError):
            return
        except pynvml.NVMLError:
            return

    def read(self) -> tuple[GpuReading, ...]:
        """One reading a GPU; a GPU that stops answering is left out."""
        readings: list[GpuReading] = []
        for handle in self._handles:
            with contextlib.suppress(self._nvml.NVMLError):  # some figures are not offered by some GPUs
                memory = self._nvml.nvmlDeviceGetMemoryInfo(handle)
                name = self._nvml.nvmlDeviceGetName(handle)
                readings.append(
                    GpuReading(
                        name=name.decode() if isinstance(name, bytes) else str(name),
                        utilisation=float(self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
                        memory_used=int(memory.used),
                        memory_total=int(memory.total),
                        temperature=int(self._nvml.nvmlDeviceGetTemperature(handle, self._nvml.NVML_TEMPERATURE_GPU)),
                    )
                )
        return tuple(readings)


class ResourceSampler:
    """Takes `Resources` samples; `disk_path` (it need not exist yet) says which file system counts.

    Call it from one thread. CPU percentages and network rates are since the call before, so the first sample has zeros.
    """

    def __init__(self, disk_path: Path, clock: Callable[[], float] = monotonic) -> None:
        self._disk_path = disk_path
        self._clock = clock
        self._processes: dict[int, psutil.Process] = {psutil.Process().pid: psutil.Process()}
        self._tree_at = -_TREE_AGE_S
        self._memory = 0
        self._memory_at = -_MEMORY_AGE_S
        self._network: tuple[float, int, int] | None = None
        self._gpus: _Gpus | None = None
        self._cpus = psutil.cpu_count() or 1  # what the CPU percentage is an average of
        psutil.cpu_percent(None)

    def sample(self) -> Resources:
        """The machine now; takes a few milliseconds and waits for nothing."""
        memory = psutil.virtual_memory()
        free, total = self._disk()
        net_in, net_out = self._net()
        if self._gpus is None:
            self._gpus = _Gpus()
        self._refresh_tree()
        return Resources(
            at=now(),
            cpu_percent=psutil.cpu_percent(None),
            cpu_count=self._cpus,
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            own_memory=self._own_memory(),
            own_cpu_percent=self._own_cpu(),
            disk_free=free,
            disk_total=total,
            net_in=net_in,
            net_out=net_out,
            gpus=self._gpus.read(),
        )

    def process(self, pid: int) -> tuple[float, int]:
        """(CPU percent of one core since the call before, resident bytes) of a process; (-1.0, -1) when it is gone."""
        try:
            process = self._processes.setdefault(pid, psutil.Process(pid))
            with process.oneshot():
                return process.cpu_percent(None), int(process.memory_info().rss)
        except psutil.Error:
            self._processes.pop(pid, None)
            return -1.0, -1

    def _disk(self) -> tuple[int, int]:
        try:
            usage = psutil.disk_usage(str(_existing(self._disk_path)))
        except OSError:  # the medium was taken away
            return 0, 0
        return int(usage.free), int(usage.total)

    def _net(self) -> tuple[float, float]:
        counters: Any = psutil.net_io_counters()
        if counters is None:  # no network interface at all
            return 0.0, 0.0
        at = self._clock()
        before, self._network = self._network, (at, counters.bytes_recv, counters.bytes_sent)
        if before is None or at <= before[0]:
            return 0.0, 0.0
        span = at - before[0]
        return max(0.0, (counters.bytes_recv - before[1]) / span), max(0.0, (counters.bytes_sent - before[2]) / span)

    def _refresh_tree(self) -> None:
        at = self._clock()
        if at - self._tree_at < _TREE_AGE_S:
            return
        self._tree_at = at
        own = psutil.Process()
        alive = {process.pid: process for process in (own, *own.children(recursive=True))}
        self._processes = {pid: self._processes.get(pid, process) for pid, process in alive.items()}

    def _own_cpu(self) -> float:
        """Percent of one core, the whole tree."""
        total = 0.0
        for process in list(self._processes.values()):
            with contextlib.suppress(psutil.Error):  # ended since the tree was read
                total += process.cpu_percent(None)
        return total

    def _own_memory(self) -> int:
        """Bytes, shared pages counted once (PSS) where the system tells, else resident bytes."""
        at = self._clock()
        if at - self._memory_at < _MEMORY_AGE_S:
            return self._memory
        self._memory_at = at
        total = 0
        for process in list(self._processes.values()):
            with contextlib.suppress(psutil.Error):  # ended since the tree was read, or another user's
                info = process.memory_full_info()
                total += int(getattr(info, "pss", 0) or getattr(info, "uss", 0) or info.rss)
        self._memory = total
        return total
