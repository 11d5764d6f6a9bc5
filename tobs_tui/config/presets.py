"""The presets' performance values, fitted to the machine."""

from __future__ import annotations

from tobs_tui.model.profile import Performance, Preset

UNTUNED = frozenset({"preset", "takeout", "adapt", "backoff"})
"""Performance values that no preset sets: a profile may choose them and keep its preset."""

_MIB = 1 << 20
_DECODER_MIB = 512
"""Memory that has to be there for each decoding process; one takes about 100 MiB."""


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def tuned(preset: Preset, cpu_count: int, memory_bytes: int) -> Performance:
    """The values of `preset` on a machine with so many processors and bytes of memory.

    CUSTOM gives what BALANCED does: the base that a profile's own values replace. More than one main connection is
    left to AGGRESSIVE, because Telegram may end a session for it (AUTH_KEY_DUPLICATED).
    """
    memory_mib = memory_bytes // _MIB
    decoders = max(1, memory_mib // _DECODER_MIB)
    if preset is Preset.CONSERVATIVE:
        return Performance(
            preset=preset,
            connections=1,
            window=4,
            history_workers=2,
            decode_processes=1,
            download_workers=1,
            job_processes=1,
            parts_in_flight=2,
            queue_mb=4,
        )
    if preset is Preset.AGGRESSIVE:
        return Performance(
            preset=preset,
            connections=2,
            window=64,
            history_workers=12,
            decode_processes=_clamp(cpu_count, 1, min(16, decoders)),
            download_workers=10,
            job_processes=_clamp(cpu_count, 1, 16),
            parts_in_flight=8,
            queue_mb=_clamp(memory_mib // 64, 8, 128),
        )
    return Performance(
        preset=preset,
        connections=1,
        window=32,
        history_workers=4,
        decode_processes=_clamp(cpu_count, 1, min(4, decoders)),
        download_workers=5,
        job_processes=_clamp(cpu_count // 2, 1, 4),
        parts_in_flight=4,
        queue_mb=_clamp(memory_mib // 128, 4, 16),
    )
