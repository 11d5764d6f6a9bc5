"""What a message costs on its way into the archive, by stage: ``python -m tests.benchmarks.stages [MESSAGES]``.

Each stage runs alone over the pages of the bench world, with the parts that a run uses; figures are CPU microseconds a
message. Rendering has its own, by `render_archive.render_cost`, of the archive that the commit stage leaves.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import psutil
import uvloop

from tests.integration.engine_help import Account, account_at
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.decode_pool import DecodePool, PageJob, decode_job, unpack_flat
from tobs_tui.engine.processes import ProcessPool
from tobs_tui.engine.ranges import PAGE_LIMIT
from tobs_tui.model.intervals import Interval
from tobs_tui.model.server import ServerAddress
from tobs_tui.telegram.page import head_of

T = TypeVar("T")

WALKS = 4
PAGES_A_GROUP = 16
"""Pages in one transaction: about what gathers by itself in a run at full speed."""
AT_ONCE = 64
"""Pages handed to the processes before the first is answered; a run's queue of bytes allows more."""

Figures = dict[str, float]


def _microseconds(work: Callable[[], object], messages: int) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / messages * 1e6


async def _receive(account: Account, chat: int, messages: int) -> tuple[list[bytes], float]:
    """Every page of the history, ascending, and what it cost to get them."""
    walks: list[list[bytes]] = [[] for _ in range(WALKS)]
    borders = [1 + messages * part // WALKS // PAGE_LIMIT * PAGE_LIMIT for part in range(WALKS)] + [messages + 1]

    async def walk(pages: list[bytes], at: int, end: int) -> None:
        while at < end and (newest := head_of(raw := await account.link.history_page(chat, offset_id=at)).newest_id):
            pages.append(raw)
            at = newest + 1

    began = time.process_time()
    await asyncio.gather(*(walk(pages, *span) for pages, span in zip(walks, pairwise(borders), strict=True)))
    spent = time.process_time() - began
    return [page for pages in walks for page in pages], spent / messages * 1e6


def _batched(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]


async def _hand_over(jobs: list[PageJob], messages: int, processes: int) -> Figures:
    """What handing pages to the processes and getting rows back costs here, and what the processes take for all."""
    pool = ProcessPool(processes)
    await pool.start()
    decoder = DecodePool(pool)
    await asyncio.gather(*(decoder.decode(job.chat, 0, Interval(job.lo, job.hi), job.raw) for job in jobs[:AT_ONCE]))
    children = [psutil.Process(pid) for pid in pool.pids()]
    before = [sum(child.cpu_times()[:2]) for child in children]
    began = time.process_time()
    for some in _batched(jobs, AT_ONCE):
        await asyncio.gather(*(decoder.decode(job.chat, 0, Interval(job.lo, job.hi), job.raw) for job in some))
    here = time.process_time() - began
    there = sum(sum(child.cpu_times()[:2]) for child in children) - sum(before)
    await pool.close()
    return {"hand over": here / messages * 1e6, "processes": there / messages * 1e6}


def _commit(packed: Sequence[bytes], vault: Path) -> None:
    with Archive.open(archive_path(vault)) as archive:
        for group in _batched(packed, PAGES_A_GROUP):
            archive.commit([unpack_flat(page) for page in group])


async def stages(server: subprocess.Popen[str], messages: int, vault: Path, processes: int = 2) -> Figures:
    """Microseconds a message by stage; leaves an archive in `vault`. "processes" holds "decode" and its hand-over."""
    assert server.stdout is not None
    hello = json.loads(server.stdout.readline())
    address = ServerAddress(**{key: hello[key] for key in ("dc", "host", "port", "public_key")})
    login = SimpleNamespace(**{key: hello[key] for key in ("phone", "code", "password")})
    async with account_at(address, vault / "session", login) as account:
        chat = (await account.link.dialogs())[0].peer.id
        await account.link.begin_takeout(files=False)
        await account.link.splits()
        pages, received = await _receive(account, chat, messages)
    figures = {"receive": received, "look": _microseconds(lambda: [head_of(page) for page in pages], messages)}
    ends = [0, *(head_of(page).newest_id for page in pages)]
    jobs = [PageJob(chat, 0, lo + 1, hi, page, 0) for (lo, hi), page in zip(pairwise(ends), pages, strict=True)]
    figures |= await _hand_over(jobs, messages, processes)
    packed: list[bytes] = []
    figures["decode"] = _microseconds(lambda: packed.extend(decode_job(job).packed for job in jobs), messages)
    figures["unpack"] = _microseconds(lambda: [unpack_flat(page) for page in packed], messages)
    figures["unpack and commit"] = _microseconds(lambda: _commit(packed, vault), messages)
    figures["main process"] = sum(figures[name] for name in ("receive", "look", "hand over", "unpack and commit"))
    return {name: round(figure, 2) for name, figure in figures.items()}


def stage_costs(messages: int) -> Figures:
    """Serve the bench world from a process of its own, and measure."""
    command = [sys.executable, "-m", "tobs_tui.sandbox", "serve", "--world", "bench", "--messages", str(messages)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            return uvloop.run(stages(server, messages, Path(folder)))
        finally:
            server.terminate()


if __name__ == "__main__":
    for name, figure in stage_costs(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000).items():
        print(f"{name:18} {figure:6.2f} us a message")
