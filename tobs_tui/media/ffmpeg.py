"""Runs ffmpeg on files that strangers made: only plain containers, no other files, bounded in size, memory and time."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from typing import IO

from tobs_tui.media.work import JobError, dying_with_parent, end_group, memory_limit, owning, report
from tobs_tui.monitor.clock import monotonic

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,wav,flac,aac,amr,avi,flv,asf,gif,mpeg,mpegts,mpegvideo,h264,hevc,"
    "ape,aiff,caf,wv,dv,ivf,apng,webp_pipe,png_pipe,jpeg_pipe,image2"
)
"""Formats whose files stand alone. Playlists and the like would have ffmpeg read whatever else they name."""
MAX_PIXELS = 1 << 26
"""Of one picture: twice 8K video. More in a small file is an attack."""
SLOWEST = 100.0
"""A job may take so many times the length of its media."""
LEAST_S = 600.0
LONGEST_S = 48 * 3600.0
"""Whatever length a file says that it has."""
ATTEMPTS = 3
"""How often a program may be killed by somebody else, as by a system that is short of memory, before it is given up."""
_HEAD_BYTES = 4000
_ASK_S = 20.0


def plain_containers() -> dict[str, str]:
    """PyAV's container options for a stranger's file: nothing but the file itself is read."""
    return {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}


def safe_input() -> dict[str, str | int]:
    """Options for reading a stranger's file."""
    return {**plain_containers(), "max_pixels": MAX_PIXELS}


@cache
def programs() -> tuple[str, ...]:
    """The ffmpeg programs of this machine, the system's before the one that imageio-ffmpeg brings."""
    found = [shutil.which("ffmpeg")]
    with contextlib.suppress(ImportError, RuntimeError):  # not for this platform
        import imageio_ffmpeg

        found.append(imageio_ffmpeg.get_ffmpeg_exe())
    return tuple(program for program in found if program)


@cache
def version_of(program: str) -> str:
    """The first line that a program says of itself; '' when it does not run."""
    return (ask(program, "-version") or "").partition("\n")[0].strip()


@cache
def encoders_of(program: str) -> frozenset[str]:
    """The encoders that a program was built with. Whether they work is another matter."""
    listed = ask(program, "-hide_banner", "-encoders") or ""
    return frozenset(words[1] for line in listed.splitlines() if len(words := line.split()) > 1)


def ask(program: str, *arguments: str) -> str | None:
    """What a program prints; None when it fails or takes too long."""
    try:
        done = subprocess.run(
            [program, *arguments],
            capture_output=True,
            timeout=_ASK_S,
            check=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def run(command: Sequence[str], seconds: float, *, on_processor: bool = True) -> None:
    """Run an ffmpeg command that tells its progress on its standard output (`-progress pipe:1`).

    It belongs to this process and ends with it. `seconds` is the length of the media, for progress and the time limit.
    One that is killed from outside is run again. Raises JobError when it fails or takes too long.
    """
    for attempt in range(1, ATTEMPTS + 1):
        status, words = _once(command, seconds, on_processor)
        if status == 0:
            return
        if status != -signal.SIGKILL or attempt == ATTEMPTS:
            raise JobError(f"ffmpeg failed: {words}")


def _once(command: Sequence[str], seconds: float, on_processor: bool) -> tuple[int, str]:
    """Run it once; gives its exit status and why it gave up. Raises JobError when it takes too long."""
    # Drivers of graphics cards map more than they use.
    memory = memory_limit() if on_processor else 0
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            process_group=0,
            preexec_fn=dying_with_parent(memory),  # noqa: PLW1509
        )
        assert process.stdout is not None
        try:
            with owning(process.pid):
                _follow(process.stdout, seconds)
                status = process.wait()
        finally:
            if process.poll() is None:
                end_group(process.pid)
                process.wait()
            process.stdout.close()
        return status, _first_words(errors, status) if status else ""


def _follow(output: IO[bytes], seconds: float) -> None:
    """Pass ffmpeg's progress on. Raises JobError when it takes too long."""
    began, at, size, shown = monotonic(), 0.0, 0, (0.0, 0)
    limit = min(LONGEST_S, max(LEAST_S, SLOWEST * seconds))
    for line in output:
        name, _, value = line.decode("ascii", "replace").strip().partition("=")
        if name == "out_time_us" and value.lstrip("-").isdigit():
            at = max(0.0, int(value) / 1_000_000)
        elif name == "total_size" and value.isdigit():
            size = int(value)
        elif name == "progress" and (at, size) != shown:
            shown = (at, size)
            report(at, seconds, size)
        if monotonic() - began > limit:
            raise JobError(f"It took longer than {limit:.0f} seconds.")


def _first_words(errors: IO[bytes], status: int) -> str:
    """Why ffmpeg gave up: the first thing that went wrong by its own account, without the part's address."""
    errors.seek(0)
    lines = errors.read(_HEAD_BYTES).decode("utf-8", "replace").splitlines()
    words = next((line.strip() for line in lines if line.strip()), "")
    if not words:
        return f"it ended with {'signal' if status < 0 else 'status'} {abs(status)}."
    return f"{words.rpartition('] ')[2][:200].rstrip('.')}."
