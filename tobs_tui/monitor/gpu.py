"""NVIDIA's figures through NVML; silent where there is no driver.

https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tobs_tui.model.run import GpuReading

T = TypeVar("T")


class Gpus:
    """Every GPU that the driver shows. Made once: looking for the library takes a few milliseconds."""

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
        """One reading a GPU. A figure that a GPU does not offer (a part of one has no utilisation) is 0."""
        return tuple(self._reading(handle) for handle in self._handles)

    def _reading(self, handle: Any) -> GpuReading:
        nvml = self._nvml
        name: str | bytes = self._figure(lambda: nvml.nvmlDeviceGetName(handle), "GPU")
        used, total = self._figure(lambda: _memory(nvml.nvmlDeviceGetMemoryInfo(handle)), (0, 0))
        celsius = nvml.NVML_TEMPERATURE_GPU
        return GpuReading(
            name=name.decode() if isinstance(name, bytes) else name,
            utilisation=self._figure(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu), 0.0),
            memory_used=used,
            memory_total=total,
            temperature=self._figure(lambda: int(nvml.nvmlDeviceGetTemperature(handle, celsius)), 0),
        )

    def _figure(self, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except self._nvml.NVMLError:
            return otherwise


def _memory(info: Any) -> tuple[int, int]:
    return int(info.used), int(info.total)
