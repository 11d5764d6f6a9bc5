"""GPU figures, read from a library with the functions and the structures that nvml.h documents.

NVIDIA's own wrapper calls it as it calls the driver's; no GPU takes part.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, c_int, c_uint, c_ulonglong, c_void_p
from typing import ClassVar

import pytest

from tobs_tui.model.run import GpuReading
from tobs_tui.monitor.gpu import Gpus

NOT_SUPPORTED = 3


class Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_: ClassVar = [("total", c_ulonglong), ("free", c_ulonglong), ("used", c_ulonglong)]


class Utilization(ctypes.Structure):
    """nvmlUtilization_t."""

    _fields_: ClassVar = [("gpu", c_uint), ("memory", c_uint)]


class Driver:
    """Two GPUs: the second, as a part of one does, offers its memory and nothing else."""

    def __init__(self) -> None:
        self.nvmlInitWithFlags = CFUNCTYPE(c_int, c_uint)(lambda flags: 0)
        self.nvmlDeviceGetCount_v2 = CFUNCTYPE(c_int, c_void_p)(self._count)
        self.nvmlDeviceGetHandleByIndex_v2 = CFUNCTYPE(c_int, c_uint, c_void_p)(self._handle)
        self.nvmlDeviceGetName = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint)(self._name)
        self.nvmlDeviceGetMemoryInfo = CFUNCTYPE(c_int, c_void_p, c_void_p)(self._memory)
        self.nvmlDeviceGetUtilizationRates = CFUNCTYPE(c_int, c_void_p, c_void_p)(self._busy)
        self.nvmlDeviceGetTemperature = CFUNCTYPE(c_int, c_void_p, c_uint, c_void_p)(self._heat)

    def _count(self, count: int) -> int:
        c_uint.from_address(count).value = 2
        return 0

    def _handle(self, index: int, handle: int) -> int:
        c_void_p.from_address(handle).value = index + 1
        return 0

    def _name(self, handle: int, name: int, room: int) -> int:
        if handle == 2:
            return NOT_SUPPORTED
        ctypes.memmove(name, b"NVIDIA H200", min(12, room))
        return 0

    def _memory(self, handle: int, memory: int) -> int:
        ctypes.memmove(memory, ctypes.byref(Memory(141 << 30, 100 << 30, 41 << 30)), ctypes.sizeof(Memory))
        return 0

    def _busy(self, handle: int, busy: int) -> int:
        ctypes.memmove(busy, ctypes.byref(Utilization(92, 40)), ctypes.sizeof(Utilization))
        return 0 if handle == 1 else NOT_SUPPORTED

    def _heat(self, handle: int, sensor: int, heat: int) -> int:
        c_uint.from_address(heat).value = 71
        return 0 if handle == 1 else NOT_SUPPORTED


def test_each_gpu_is_read_and_a_figure_that_one_lacks_takes_nothing_else_away(monkeypatch: pytest.MonkeyPatch) -> None:
    import pynvml

    monkeypatch.setattr(pynvml, "nvmlLib", Driver())
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    assert Gpus().read() == (
        GpuReading("NVIDIA H200", utilisation=92.0, memory_used=41 << 30, memory_total=141 << 30, temperature=71),
        GpuReading("GPU", memory_used=41 << 30, memory_total=141 << 30),
    )
