"""The governor: what is allowed at once falls with the load in steps, and comes back in slower ones."""

from __future__ import annotations

import asyncio

from tobs_tui.engine.budget import ByteBudget
from tobs_tui.engine.governor import DOWN_S, UP_S, Gate, Governor
from tobs_tui.model.load import LoadState, Thresholds
from tobs_tui.model.run import Resources, WorkerRole

CALM, HIGH, OVERLOADED = (Resources(memory_used=used, memory_total=100) for used in (10, 92, 99))


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def allowances(governor: Governor, clock: Clock, sample: Resources, seconds: int) -> list[int]:
    """What is allowed of eight history workers after each of so many seconds."""
    seen = []
    for _ in range(seconds):
        governor.feed(sample)
        seen.append(governor.allowed(WorkerRole.FETCH, 8))
        clock.at += 1
    return seen


def test_a_high_load_halves_the_work_step_by_step_and_no_further() -> None:
    clock = Clock()
    governor = Governor(Thresholds(), clock=clock)
    assert allowances(governor, clock, CALM, 3) == [8, 8, 8]
    assert allowances(governor, clock, HIGH, 20) == [6] * int(DOWN_S) + [4] * (20 - int(DOWN_S))


def test_an_overload_leaves_one_of_everything_and_the_way_back_is_slower() -> None:
    clock = Clock()
    governor = Governor(Thresholds(), clock=clock)
    down = allowances(governor, clock, OVERLOADED, 30)
    assert list(dict.fromkeys(down)) == [6, 4, 2, 1]
    up = allowances(governor, clock, CALM, 60)
    assert list(dict.fromkeys(up)) == [1, 2, 4, 6, 8]
    assert up.count(2) == up.count(4) == int(UP_S) > down.count(4) == int(DOWN_S)


def test_a_load_that_comes_and_goes_does_not_make_the_work_flutter() -> None:
    clock = Clock()
    governor = Governor(Thresholds(), clock=clock)
    seen = []
    for _ in range(10):
        seen += allowances(governor, clock, HIGH, 2) + allowances(governor, clock, CALM, 2)
    assert seen == sorted(seen, reverse=True)


def test_without_adapting_the_load_is_told_and_changes_nothing() -> None:
    clock = Clock()
    governor = Governor(Thresholds(), adapt=False, clock=clock)
    assert allowances(governor, clock, OVERLOADED, 30) == [8] * 30
    assert governor.state is LoadState.OVERLOADED


def test_whoever_follows_hears_of_each_step_and_commits_are_never_held_back() -> None:
    clock = Clock()
    told: list[tuple[LoadState, float]] = []
    governor = Governor(Thresholds(), clock=clock, on_change=lambda state, share: told.append((state, share)))
    processes: list[int] = []
    governor.follow(processes.append, WorkerRole.DECODE, 4)
    queue = ByteBudget(16 << 20)
    governor.govern(queue)
    for _ in range(30):
        governor.feed(OVERLOADED)
        clock.at += 1
    assert processes == [4, 3, 2, 1, 1]
    assert told == [(LoadState.OVERLOADED, share) for share in (0.75, 0.5, 0.25, 0.0)]
    assert queue.limit == 1 << 20
    assert governor.allowed(WorkerRole.COMMIT, 3) == 3


def test_a_full_disk_is_no_load_and_says_that_nothing_more_should_be_written() -> None:
    governor = Governor(Thresholds(disk=(50.0, 60.0), disk_ample_gib=(0.0, 0.0)))
    full = [Resources(disk_total=100, disk_free=100 - used) for used in (55, 61, 59, 58)]
    seen = []
    for sample in full:
        governor.feed(sample)
        seen.append(governor.disk_full)
    assert seen == [False, True, True, False]
    assert governor.state is LoadState.NORMAL


async def test_a_gate_lets_as_many_through_as_it_has_places_in_the_order_of_coming() -> None:
    gate, through, release = Gate(3), [], asyncio.Event()

    async def pass_through(number: int) -> None:
        async with gate:
            through.append(number)
            await release.wait()

    tasks = [asyncio.create_task(pass_through(number)) for number in range(8)]
    await asyncio.sleep(0)
    assert (through, gate.busy) == ([0, 1, 2], True)
    gate.resize(5)
    await asyncio.sleep(0)
    assert through == [0, 1, 2, 3, 4]
    gate.resize(1)
    release.set()
    await asyncio.gather(*tasks)
    assert through == list(range(8))
    assert not gate.busy


async def test_a_smaller_gate_admits_nobody_until_enough_have_left() -> None:
    gate = Gate(2)
    await gate.__aenter__()
    await gate.__aenter__()
    gate.resize(1)
    waiting = asyncio.create_task(gate.__aenter__())
    await asyncio.sleep(0)
    await gate.__aexit__(None, None, None)
    await asyncio.sleep(0)
    assert not waiting.done()
    await gate.__aexit__(None, None, None)
    await waiting
