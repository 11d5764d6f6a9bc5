"""What a job is given and what it gives back; how it tells of its progress; how programs that it starts end with it.

A job is a function of a `Work` and its own options that runs in a process of its own, here or on another machine. It
touches nothing of the vault but the file it is given, and makes new files in `Work.spool` only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from tobs_tui.model.profile import MediaKind

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_PR_SET_PDEATHSIG = 1
_MEMORY_FLOOR = 4 << 30
SLOTS = 5
"""Numbers that a process shows of its work: see `Progress`; the first counts the reports."""


class Work(Struct, frozen=True):
    """A content to work on: `size` bytes in the file `path`. `spool` is an empty folder for what is made of it.

    `name` is the last part of the readable path, for its ending; `mime` is the sender's word. `device` is what the
    process was hired for ("" = the processor).
    """

    sha256: str
    path: str
    size: int
    kind: MediaKind
    mime: str
    name: str
    spool: str
    device: str = ""


class Done(Struct, frozen=True):
    """What a job came to. `record` is its own struct in msgpack; `seconds` the length of the media it went through.

    A new file that is to be kept is `output` (below the spool), with its digest and the ending of its readable name;
    `trouble` is a sentence about what went wrong on the way and was got round.
    """

    record: bytes = b""
    seconds: float = 0.0
    output: str = ""
    sha256: str = ""
    size: int = 0
    ending: str = ""
    trouble: str = ""
    skipped: bool = False  # there is nothing to do with this content
    reason: str = ""  # why not, to go behind "it stays as it is: "


class JobError(Exception):
    """The content cannot be worked on; the text is a sentence for the person."""


class Progress(Struct, frozen=True):
    """How far a process is with its work: seconds of media done, of `total` (0 = unknown), bytes read or written."""

    reports: int = 0
    seconds: float = 0.0
    total: float = 0.0
    size: int = 0


class _Here:
    """This process's part in the work: the numbers it shows, and the program that it has started."""

    slots: Any = None
    group = 0


def show_progress_in(slots: Any) -> None:
    """Have this process's progress shown in an array of `SLOTS` numbers that another one reads."""
    _Here.slots = slots


def report(seconds: float = 0.0, total: float = 0.0, size: int = 0) -> None:
    """From within a job: so far it is. Also says that it is alive. Where nobody watches, nothing happens."""
    slots = _Here.slots
    if slots is not None:
        slots[1], slots[2], slots[3] = seconds, total, size
        slots[0] += 1


def progress_in(slots: Any) -> Progress:
    """What `report` has put into the array."""
    return Progress(int(slots[0]), slots[1], slots[2], int(slots[3]))


# --- programs that a job starts ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def owning(group: int) -> Iterator[None]:
    """Within the block, the process group `group` ends whenever this process does."""
    _Here.group = group
    try:
        yield
    finally:
        _Here.group = 0


def end_group(group: int) -> None:
    """Kill a process group; nothing where there is none any more."""
    if group:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def end_here(_number: int = 0, _frame: Any = None) -> None:
    """End this process and what it has started, at once."""
    end_group(_Here.group)
    os._exit(1)


def dying_with_parent(memory: int = 0) -> Callable[[], None]:
    """What a new program does between fork and exec, to be killed when the one that started it dies (on Linux), and to
    get no more than `memory` bytes (0 = any number). All that it needs is at hand before: other threads may hold locks.
    """
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    kill = int(signal.SIGKILL)

    def prepare() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, kill)
        if memory and resource is not None:
            with contextlib.suppress(OSError, ValueError):  # more than a limit that is there already
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return prepare


@contextlib.contextmanager
def in_bounds() -> Iterator[None]:
    """Within the block, a process of a lane gets no more memory than `memory_limit`: what wants more is a MemoryError.

    Processes of others, as a cluster's are, stay as they are.
    """
    if resource is None or _Here.slots is None:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_limit()
    with contextlib.suppress(OSError, ValueError):  # more than a limit that is there already
        resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def memory_limit() -> int:
    """Bytes that the work on one file may take on the processor: half of the machine's memory, and at least 4 GiB."""
    import psutil

    return max(_MEMORY_FLOOR, psutil.virtual_memory().total // 2)


def _go_first() -> None:
    """Have Linux end this process before others when memory runs out, with the programs that it starts."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("500")


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however it went."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()

    def follow() -> None:
        if parent is not None:
            wait([parent.sentinel])
            end_here()

    threading.Thread(target=follow, name="follow-parent", daemon=True).start()


def begin_process(slots: Any) -> None:
    """What a process for jobs does first: it ends when told to, or when the run does, and works politely."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupts from the terminal are the owner's business
    signal.signal(signal.SIGTERM, end_here)
    end_with_parent()
    show_progress_in(slots)
    _go_first()
    with contextlib.suppress(OSError):
        os.nice(5)


def process_id() -> int:
    """The id of the process that does the work."""
    return os.getpid()
