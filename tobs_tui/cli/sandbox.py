"""`tobs sandbox`: hands over to the embedded Telegram."""

from __future__ import annotations

from pathlib import Path

from tobs_tui.sandbox import command


def serve(
    *,
    world: str,
    seed: int,
    messages: int | None,
    latency_ms: int,
    port: int,
    state: Path | None,
    exit_with_parent: bool,
    takeout_delay: int,
    accept_qr_after: float | None,
    faults: Path | None,
    edits: Path | None,
    file_bytes: int | None,
) -> int:
    """Serve a world until interrupted. Gives the exit status."""
    return command.serve(
        world,
        seed,
        messages,
        latency_ms,
        port,
        state,
        exit_with_parent=exit_with_parent,
        takeout_delay_s=takeout_delay,
        accept_qr_after_s=accept_qr_after,
        faults=faults,
        edits=edits,
        file_bytes=file_bytes,
    )


def manifest(world: str, seed: int, messages: int | None) -> int:
    """Print a world's ground truth. Gives the exit status."""
    return command.manifest(world, seed, messages)
