"""The limiter waits exactly as long as Telegram says, backs off from trouble, and never repeats what cannot succeed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Backoff
from tobs_tui.telegram.backoff import JITTER_S, MAX_BACKOFF_S, backoff_s
from tobs_tui.telegram.events import LinkEvent, Retrying, WaitEnded, WaitStarted
from tobs_tui.telegram.limiter import SERVER_ATTEMPTS, WAIT_JITTER_S, Limiter, Patience
from tobs_tui.telegram.refusals import Refusal
from tobs_tui.telegram.tally import LinkStats
from tobs_tui.telegram.window import Window


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.time += seconds


class Bench:
    """A limiter with a clock of its own, and everything that it told."""

    def __init__(self, chance: float = 0.0) -> None:
        self.clock = Clock()
        self.events: list[LinkEvent] = []
        self.stats = LinkStats()
        self.limiter = Limiter(
            self.events.append,
            self.stats,
            now=self.clock.now,
            wall=self.clock.now,
            sleep=self.clock.sleep,
            chance=lambda: chance,
        )


def answers(*outcomes: object) -> Callable[[], Awaitable[object]]:
    """A request that gives or raises these, one a call."""
    left = list(outcomes)

    async def attempt() -> object:
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return attempt


async def test_a_flood_wait_is_waited_out_to_the_second_and_told() -> None:
    bench = Bench()
    given = await bench.limiter.run("messages.getHistory", answers(Refusal("FLOOD_WAIT", 420, 23), "page"), chat=7)
    assert given == "page"
    assert bench.clock.slept == [23.0]
    assert bench.events == [
        WaitStarted("messages.getHistory", 23, 1023.0, "FLOOD_WAIT", 7),
        WaitEnded("messages.getHistory"),
    ]
    assert (bench.stats.flood_waits, bench.stats.flood_seconds, bench.stats.retries) == (1, 23.0, 0)


async def test_a_flood_wait_is_never_cut_short_and_hardly_exceeded() -> None:
    bench = Bench(chance=1.0)
    await bench.limiter.run("x", answers(Refusal("FLOOD_WAIT", 420, 7), "ok"))
    assert bench.clock.slept == [7 + WAIT_JITTER_S]
    assert WAIT_JITTER_S <= 0.1


async def test_a_method_that_was_refused_is_asked_at_the_rate_that_was_allowed() -> None:
    bench = Bench()
    sent: list[float] = []

    async def attempt() -> str:
        sent.append(bench.clock.now())
        if len(sent) == 1:
            raise Refusal("FLOOD_WAIT", 420, 10)
        return "page"

    for _ in range(4):
        await bench.limiter.run("messages.getHistory", attempt)
    assert sent == [1000.0, 1010.0, 1020.0, 1030.0, 1040.0]
    assert bench.limiter.rates() == {"messages.getHistory": 0.1}
    assert await bench.limiter.run("messages.search", answers("free")) == "free"
    assert bench.clock.now() == 1040.0


async def test_the_kind_of_backoff_decides_how_delays_grow() -> None:
    slept = {}
    for kind in Backoff:
        bench = Bench()
        bench.limiter.backoff = kind
        await bench.limiter.run("x", answers(*[ConnectionError("cut")] * 5, "back"))
        slept[kind] = bench.clock.slept
    assert slept == {
        Backoff.EXPONENTIAL: [0.5, 1.0, 2.0, 4.0, 8.0],
        Backoff.LINEAR: [0.5, 1.5, 2.5, 3.5, 4.5],
        Backoff.FIXED: [3.0] * 5,
    }


@pytest.mark.parametrize("kind", list(Backoff))
def test_no_backoff_exceeds_its_bound_and_jitter_only_adds(kind: Backoff) -> None:
    for attempt in (1, 5, 50, 5000):
        least, most = backoff_s(kind, attempt, lambda: 0.0), backoff_s(kind, attempt, lambda: 1.0)
        assert 0 < least < most <= MAX_BACKOFF_S
        assert most == least + JITTER_S


async def test_a_flood_wait_holds_up_its_method_and_no_other() -> None:
    bench = Bench()
    sent: list[str] = []

    async def flooded() -> str:
        sent.append("history")
        if len(sent) == 1:
            raise Refusal("FLOOD_WAIT", 420, 60)
        return "page"

    first = asyncio.create_task(bench.limiter.run("messages.getHistory", flooded))
    await asyncio.sleep(0)
    second = asyncio.create_task(bench.limiter.run("messages.getHistory", flooded))
    assert await bench.limiter.run("upload.getFile", answers("part"), file=2) == "part"
    assert sent == ["history"]
    assert await asyncio.gather(first, second) == ["page", "page"]
    assert [type(event) for event in bench.events] == [WaitStarted, WaitEnded]


async def test_a_flood_wait_of_nothing_still_waits_a_second() -> None:
    bench = Bench()
    await bench.limiter.run("x", answers(Refusal("FLOOD_WAIT", 420, 0), "ok"))
    assert bench.clock.slept == [1.0]


async def test_a_person_is_told_of_a_long_wait_instead_of_waiting() -> None:
    bench = Bench()
    with pytest.raises(TobsError) as caught:
        await bench.limiter.run("x", answers(Refusal("FLOOD_WAIT", 420, 300)), patience=Patience.PERSON)
    assert (caught.value.code, caught.value.wait_s) == (ErrorCode.FLOOD_WAIT, 300)
    with pytest.raises(TobsError):
        await bench.limiter.run("y", answers(Refusal("FLOOD_WAIT", 420, 2)), patience=Patience.NONE)
    assert bench.clock.slept == []


async def test_a_lost_connection_is_retried_for_ever_with_bounded_growing_delays() -> None:
    bench = Bench()
    outage = [ConnectionError("cut") for _ in range(40)]
    assert await bench.limiter.run("x", answers(*outage, "back")) == "back"
    assert len(bench.clock.slept) == 40
    assert max(bench.clock.slept) <= MAX_BACKOFF_S
    assert bench.clock.slept[0] < 2 < bench.clock.slept[-1]
    assert bench.stats.retries == 40
    assert isinstance(bench.events[0], Retrying)
    assert (bench.events[0].error, bench.events[0].attempt) == ("cut", 1)


async def test_a_person_hears_soon_that_the_server_is_out_of_reach() -> None:
    bench = Bench()
    outage = [ConnectionError("cut") for _ in range(40)]
    with pytest.raises(TobsError) as caught:
        await bench.limiter.run("x", answers(*outage), patience=Patience.PERSON)
    assert caught.value.code is ErrorCode.SERVER_UNREACHABLE
    assert sum(bench.clock.slept) < 10


@pytest.mark.parametrize("name, code", [("TIMEOUT", 503), ("NO_WORKERS_RUNNING", 500), ("RPC_CALL_FAIL", 400)])
async def test_trouble_inside_telegram_passes_or_ends_in_an_error(name: str, code: int) -> None:
    bench = Bench()
    assert await bench.limiter.run("x", answers(Refusal(name, code), Refusal(name, code), "ok")) == "ok"
    with pytest.raises(TobsError) as caught:
        await bench.limiter.run("x", answers(*[Refusal(name, code)] * (SERVER_ATTEMPTS + 5)))
    assert caught.value.code is ErrorCode.TELEGRAM_REFUSED
    assert bench.stats.of("x").retries == bench.stats.retries == 2 + SERVER_ATTEMPTS - 1


@pytest.mark.parametrize("name, code", [("CHANNEL_PRIVATE", 400), ("AUTH_KEY_UNREGISTERED", 401), ("X", 403)])
async def test_an_error_that_repeating_will_not_change_is_raised_at_once(name: str, code: int) -> None:
    bench = Bench()
    with pytest.raises(Refusal) as caught:
        await bench.limiter.run("x", answers(Refusal(name, code), "never"))
    assert caught.value.name == name
    assert bench.clock.slept == []


async def test_the_window_halves_at_a_flood_wait_and_grows_again() -> None:
    window = Window(start=8, top=32)
    for _ in range(8):
        window.grow()
    assert window.size == 16, "until the first trouble it doubles"
    window.shrink()
    window.shrink()
    assert window.size == 4
    for _ in range(200):
        window.grow()
    assert 8 < window.size <= 32
    for _ in range(20):
        window.shrink()
    assert window.size == 1


async def test_no_more_requests_are_in_flight_than_the_window_allows() -> None:
    window = Window(start=2)
    running = most = 0

    async def work() -> None:
        nonlocal running, most
        await window.enter()
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        window.leave()

    await asyncio.gather(*(work() for _ in range(20)))
    assert most == 2


async def test_refusals_of_requests_that_were_in_flight_together_count_as_one() -> None:
    bench = Bench()
    bench.limiter.windows[0] = window = Window(start=8)
    sent = 0

    async def attempt() -> str:
        nonlocal sent
        sent += 1
        if sent <= 8:
            await asyncio.sleep(0)
            raise Refusal("FLOOD_WAIT", 420, 2)
        return "page"

    await asyncio.gather(*(bench.limiter.run("messages.getHistory", attempt) for _ in range(8)))
    assert window.size >= 4
    assert [type(event) for event in bench.events] == [WaitStarted, WaitEnded]


async def test_a_window_can_be_narrowed_while_it_is_in_use() -> None:
    window = Window(start=8, top=8)
    window.limit(2)
    for _ in range(50):
        window.grow()
    assert window.size == 2


async def test_a_cancelled_wait_for_a_place_takes_none() -> None:
    window = Window(start=1)
    await window.enter()
    waiting = asyncio.create_task(window.enter())
    await asyncio.sleep(0)
    waiting.cancel()
    window.leave()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(window.enter(), 1)
