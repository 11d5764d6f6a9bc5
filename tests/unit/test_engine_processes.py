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
from tobs_tui.engine.processes import ProcessPool, WorkLostError


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
    assert pool.losses == 1
    assert first[1] not in pool.pids()


async def test_a_process_that_dies_on_its_own_is_replaced(pool: ProcessPool, tmp_path: Path) -> None:
    assert await pool.run(_die_once, tmp_path / "mark") == "done"


async def test_work_that_always_kills_its_process_is_given_up_and_nothing_else(pool: ProcessPool) -> None:
    deadly = asyncio.create_task(pool.run(_die, 1))
    harmless = [asyncio.create_task(pool.run(_square, number)) for number in range(20)]
    with pytest.raises(WorkLostError):
        await deadly
    assert [(await one)[0] for one in harmless] == [number * number for number in range(20)]


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
