"""What a model computes on, and in which numbers, by what CTranslate2 says this machine can do."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Device

_PREFERRED = {
    Device.CUDA: ("float16", "int8_float16", "float32"),
    Device.CPU: ("int8", "int8_float32", "float32"),
}
"""https://opennmt.net/CTranslate2/quantization.html: on the processor int8 takes a quarter of float32's memory."""


class Place(Struct, frozen=True):
    """A device (never AUTO) and a compute type, as CTranslate2 calls it."""

    device: Device
    compute: str


class Abilities(Struct, frozen=True):
    """The number of CUDA devices that can be used, and the compute types of each device."""

    cuda_devices: int
    computes: dict[str, tuple[str, ...]]


def abilities() -> Abilities:
    """What CTranslate2 finds here."""
    import ctranslate2

    devices = int(ctranslate2.get_cuda_device_count())
    kinds = (Device.CPU, Device.CUDA) if devices else (Device.CPU,)
    computes = {kind.value: tuple(sorted(ctranslate2.get_supported_compute_types(kind.value))) for kind in kinds}
    return Abilities(devices, computes)


def choose_place(device: Device, compute: str, can: Abilities) -> Place:
    """The place for a wish: AUTO takes CUDA where there is a device; without a `compute`, the best there is.

    Raises:
        TobsError: USAGE for a device or a compute type that this machine does not have.
    """
    if device is Device.CUDA and not can.cuda_devices:
        raise TobsError(
            ErrorCode.USAGE,
            "There is no CUDA device that transcription could use.",
            "Set transcription.device to auto or cpu; `tobs doctor` tells what is there.",
            field="transcription.device",
        )
    chosen = device if device is not Device.AUTO else Device.CUDA if can.cuda_devices else Device.CPU
    offered: Collection[str] = can.computes[chosen]
    if not compute:
        return Place(chosen, next((each for each in _PREFERRED[chosen] if each in offered), "default"))
    if compute not in offered:
        raise TobsError(
            ErrorCode.USAGE,
            f"{compute} is not among the compute types of this machine's {chosen}: {', '.join(offered)}.",
            "Leave transcription.compute empty to have the best of them.",
            field="transcription.compute",
        )
    return Place(chosen, compute)
