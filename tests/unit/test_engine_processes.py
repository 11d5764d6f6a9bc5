"""Promises of the worker processes and of the byte budget in front of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tobs_tui.engine.budget import ByteBudget
from tobs_tui.engine.processes import ProcessPool, WorkLostError, _Worker, tell


def _square(number: int) -> tuple[int, int]:
    time.sleep(0.005)
    return number * number, os.getpid()


def _die_once(mark: Path) -> str:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def _die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _complain() -> None:
    raise ValueError("a fact")


@pytest.fixture
async def pool():
    pool = ProcessPool(2)
    await pool.start()
    yield pool
    await pool.close()


async def test_work_of_a_killed_process_is_done_again(pool: ProcessPool) -> None:
    work = [asyncio.create_task(pool.run(_square, number)) for number in range(100)]
    first = await work[0]
    os.kill(first[1], signal.SIGKILL)
    assert [(await one)[0] for one in work] == [number * number for number in range(100)]
    while not pool.losses:  # the other process may have done it all before the system tells
        await asyncio.sleep(0.01)
    assert pool.losses == 1
    assert first[1] not in pool.pids()


async def test_a_process_that_dies_on_its_own_is_replaced(pool: ProcessPool, tmp_path: Path) -> None:
    assert await pool.run(_die_once, tmp_path / "mark") == "done"
    assert await asyncio.wait_for(pool.run_small(_die_once, tmp_path / "small"), 30) == "done", "without company, too"


async def test_work_that_always_kills_its_process_is_given_up_and_nothing_else(pool: ProcessPool) -> None:
    deadly = asyncio.create_task(pool.run(_die, 1))
    harmless = [asyncio.create_task(pool.run(_square, number)) for number in range(20)]
    with pytest.raises(WorkLostError):
        await deadly
    assert [(await one)[0] for one in harmless] == [number * number for number in range(20)]


async def test_a_process_that_is_ready_before_its_line_is_known_gets_no_work_yet(pool: ProcessPool) -> None:
    early = _Worker(pool._workers[0].process)
    early.ready = True
    pool._workers.insert(0, early)
    try:
        assert (await asyncio.wait_for(pool.run_small(_square, 3), 30))[0] == 9
        assert not early.at_work
    finally:
        pool._workers.remove(early)


async def test_an_exception_of_the_work_itself_comes_through(pool: ProcessPool) -> None:
    with pytest.raises(ValueError, match="a fact"):
        await pool.run(_complain)
    assert pool.losses == 0


_OWNER = """
import asyncio, sys
sys.path.insert(0, {folder!r})
from tobs_tui.engine.processes import ProcessPool
from test_engine_processes import _square

async def main():
    pool = ProcessPool(2)
    await pool.start()
    await asyncio.gather(*(pool.run(_square, n) for n in range(8)))
    print(*pool.pids(), flush=True)
    await asyncio.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_processes_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(_OWNER.format(folder=str(Path(__file__).parent)))
    owner = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 2
    processes = [psutil.Process(pid) for pid in pids]
    owner.kill()
    owner.wait()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


async def test_the_budget_is_never_exceeded_and_serves_in_order() -> None:
    budget = ByteBudget(100)
    served: list[int] = []

    async def bring(number: int, size: int) -> None:
        await budget.take(size)
        assert budget.out <= 100
        served.append(number)
        await asyncio.sleep(0)
        budget.give_back(size)

    sizes = [60, 60, 10, 100, 1, 40, 90, 5]
    await asyncio.gather(*(bring(number, size) for number, size in enumerate(sizes)))
    assert served == list(range(len(sizes)))
    assert budget.out == 0


async def test_a_page_larger_than_the_budget_passes_alone() -> None:
    budget = ByteBudget(10)
    await budget.take(5)
    large = asyncio.create_task(budget.take(50))
    await asyncio.sleep(0)
    assert not large.done()
    budget.give_back(5)
    await large
    assert budget.out == 50


async def test_a_cancelled_wait_takes_no_room() -> None:
    budget = ByteBudget(10)
    await budget.take(10)
    cancelled = asyncio.create_task(budget.take(10))
    following = asyncio.create_task(budget.take(10))
    await asyncio.sleep(0)
    cancelled.cancel()
    budget.give_back(10)
    await following
    assert budget.out == 10
    assert budget.waiting == 0


def _loaded() -> tuple[int, str]:
    return os.getpid(), "tobs_tui.engine.preload" if "tobs_tui.engine.preload" in sys.modules else ""


async def test_processes_begin_with_what_the_fork_server_has_loaded_for_all_of_them(pool: ProcessPool) -> None:
    assert (await pool.run(_loaded))[1] == "tobs_tui.engine.preload"


def _many_words(count: int) -> int:
    for word in range(count):
        tell(word)
    return count


async def test_what_a_process_tells_is_heard_in_order_and_before_the_outcome() -> None:
    heard: list[int] = []
    pool = ProcessPool(1, on_news=heard.append)
    await pool.start()
    assert await pool.run(_many_words, 3_000) == 3_000
    assert heard == list(range(3_000))
    await pool.close()


def _hand_in_hand(folder: Path, mine: str, other: str) -> None:
    (folder / mine).touch()
    while not (folder / other).exists():
        time.sleep(0.001)


async def test_large_work_does_not_wait_behind_large_work_and_small_work_not_behind_it(tmp_path: Path) -> None:
    pool = ProcessPool(2)
    await pool.start()
    large = asyncio.create_task(pool.run(_hand_in_hand, tmp_path, "first", "second"))
    while not (tmp_path / "first").exists():
        await pool.run_small(_square, 1)
    small = [pool.run_small(_square, number) for number in range(30)]
    assert [number for number, _ in await asyncio.gather(*small)] == [number * number for number in range(30)]
    assert not large.done()
    await pool.run(_hand_in_hand, tmp_path, "second", "first")
    await large
    await pool.close()


async def test_work_that_nobody_waits_for_any_more_is_dropped(pool: ProcessPool) -> None:
    work = [asyncio.create_task(pool.run_small(_square, number)) for number in range(50)]
    await asyncio.sleep(0)
    for one in work[::2]:
        one.cancel()
    assert [(await one)[0] for one in work[1::2]] == [number * number for number in range(1, 50, 2)]
    assert pool.waiting == 0
