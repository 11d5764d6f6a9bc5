"""All waiting of an account: flood waits to the second, backoff with jitter, and how many requests may be in flight."""

from __future__ import annotations

import asyncio
import enum
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_never

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Backoff
from tobs_tui.monitor import clock
from tobs_tui.telegram.backoff import backoff_s
from tobs_tui.telegram.events import LinkEvent, Retrying, WaitEnded, WaitStarted
from tobs_tui.telegram.pacer import Pacer
from tobs_tui.telegram.refusals import Refusal, error_of
from tobs_tui.telegram.tally import LinkStats
from tobs_tui.telegram.window import Window

T = TypeVar("T")

WAIT_JITTER_S = 0.1
"""The most that is added to a flood wait: asked a moment too early, Telegram would refuse again."""
SERVER_ATTEMPTS = 8
"""Attempts at a request that Telegram itself keeps failing at: about two minutes."""
PROMPT_ATTEMPTS = 4
"""Attempts, for a person who waits for the answer: about five seconds."""
PROMPT_WAIT_S = 30
"""The longest flood wait that is waited out for a person, in seconds."""


SLOW_S = 10.0
"""A part of a file that takes longer than this says that fewer should be asked for at once."""


class Patience(enum.Enum):
    """How long a caller is willing to wait."""

    RUN = "run"  # whatever Telegram asks, and for ever for the network to come back
    PERSON = "person"  # half a minute
    NONE = "none"  # no flood wait at all: the person must be told


class _Method:
    """What is known of one method: until when it is paused, how fast it may be asked, and who is next to ask."""

    def __init__(self) -> None:
        self.paused_until = 0.0
        self.pacer = Pacer()
        self.next = asyncio.Lock()


class Limiter:
    """The one scheduler of an account. Every request passes through `run`.

    A flood wait pauses its method for everyone, exactly as long as Telegram says (and a tenth of a second at most), and
    is told by `WaitStarted` and `WaitEnded`; from then on the method is asked at the rate that Telegram was found to
    allow. Trouble that may pass is retried after jittered delays; anything else is raised at once.
    """

    def __init__(
        self,
        on_event: Callable[[LinkEvent], None],
        stats: LinkStats,
        *,
        now: Callable[[], float] = clock.steady,
        wall: Callable[[], float] = clock.now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._on_event = on_event
        self._stats = stats
        self._now = now  # must not jump when the machine's clock is set: a wait could become one of hours
        self._wall = wall
        self._sleep = sleep
        self._chance = chance
        self._methods: dict[str, _Method] = {}
        self.backoff = Backoff.EXPONENTIAL
        self._restored = asyncio.Event()
        self.windows = {0: Window()}  # of requests to the main data centre; of file parts, by theirs

    async def run(
        self,
        method: str,
        attempt: Callable[[], Awaitable[T]],
        *,
        patience: Patience = Patience.RUN,
        chat: int = 0,
        file: int = 0,
    ) -> T:
        """The answer of `attempt`, which sends one request anew each time it is called.

        `method` names what a flood wait pauses; `chat` is told in events; `file` puts it among the file parts of a data
        centre. Raises `Refusal` for errors that repeating will not change, TobsError FLOOD_WAIT or SERVER_UNREACHABLE
        when the patience is at its end, TELEGRAM_REFUSED when Telegram itself fails again and again.
        """
        try:
            # The way of nearly every request. The retrying around it would cost as much as sending it.
            return await self._once(method, attempt, patience, chat, file)
        except (OSError, TimeoutError, Refusal) as error:
            first: list[BaseException] = [error]
        if not _may_pass(first[0]):
            raise first[0]

        async def once_more() -> T:
            if first:  # counts as the first attempt
                raise first.pop()
            return await self._once(method, attempt, patience, chat, file)

        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=lambda state: backoff_s(self.backoff, state.attempt_number, self._chance),
            stop=_Stop(patience),
            sleep=self._nap,
            before_sleep=lambda state: self._tell_retry(method, state),
            reraise=True,
        )
        try:
            return await retrying(once_more)
        except (OSError, TimeoutError) as error:
            raise unreachable(error) from error
        except Refusal as refusal:
            if refusal.is_transient:
                raise error_of(refusal, method=method) from refusal
            raise

    def rates(self) -> dict[str, float]:
        """Requests a second that Telegram was found to allow, by method; those that it never refused are left out."""
        return {method: known.pacer.rate for method, known in self._methods.items() if known.pacer.rate}

    def wake(self) -> None:
        """The connection is back: whoever waits to try again tries now."""
        self._restored.set()
        self._restored = asyncio.Event()

    async def _nap(self, seconds: float) -> None:
        """Sleep, but not past the moment when the connection comes back."""
        both = {asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._restored.wait())}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()

    async def _once(
        self, method: str, attempt: Callable[[], Awaitable[T]], patience: Patience, chat: int, file: int
    ) -> T:
        """One attempt, after and between whatever waits Telegram asks for."""
        window = self.windows.setdefault(file, Window())
        known = self._methods.setdefault(method, _Method())
        while True:
            await self._turn(method, known, patience)
            await window.enter()
            sent = self._now()
            try:
                answer = await attempt()
            except Refusal as refusal:
                if not refusal.is_wait:
                    raise
                self._pause(method, refusal, chat, sent, window)
            else:
                known.pacer.served(sent)
                if file and (now := self._now()) - sent > SLOW_S:
                    window.slow(now)  # the line is full: more parts at once would only wait longer
                else:
                    window.grow()
                return answer
            finally:
                window.leave()

    async def _turn(self, method: str, known: _Method, patience: Patience) -> None:
        """Wait until this request may go: first come, first served, within the waits and the rate of its method."""
        self._consider(known, patience)
        async with known.next:
            held = False
            while True:
                if (seconds := self._consider(known, patience)) > 0:
                    await self._sleep(seconds + WAIT_JITTER_S * self._chance())
                elif (delay := known.pacer.opens_at(self._now()) - self._now()) > 0:
                    held = True
                    await self._sleep(delay)
                else:
                    break
            self._end_wait(method, known)
            known.pacer.take(self._now(), held=held)

    def _consider(self, known: _Method, patience: Patience) -> float:
        """Seconds that the method is paused for still. TobsError FLOOD_WAIT when that is more than the patience."""
        seconds = known.paused_until - self._now()
        if seconds > 0 and patience is not Patience.RUN and (patience is Patience.NONE or seconds > PROMPT_WAIT_S):
            raise error_of(Refusal("FLOOD_WAIT", 420, max(1, round(seconds))))
        return seconds

    def _end_wait(self, method: str, known: _Method) -> None:
        if known.paused_until:
            known.paused_until = 0.0
            self._on_event(WaitEnded(method))

    def _pause(self, method: str, refusal: Refusal, chat: int, sent: float, window: Window) -> None:
        known = self._methods[method]
        seconds = max(1, refusal.number)  # test servers have answered 0, which must not become a busy loop
        now = self._now()
        self._stats.flood_waits += 1
        self._stats.of(method).waits += 1
        if known.pacer.refused(sent, now, seconds):
            window.shrink()
        until = now + seconds
        if until <= known.paused_until:
            return
        longer = until - max(now, known.paused_until)
        self._stats.flood_seconds += longer
        self._stats.of(method).wait_s += longer
        known.paused_until = until
        self._on_event(WaitStarted(method, seconds, self._wall() + seconds, refusal.name, chat))

    def _tell_retry(self, method: str, state: RetryCallState) -> None:
        self._stats.retries += 1
        self._stats.of(method).retries += 1
        error = state.outcome.exception() if state.outcome is not None else None
        delay = state.next_action.sleep if state.next_action is not None else 0.0
        self._on_event(Retrying(method, str(error) or type(error).__name__, state.attempt_number, delay))


class _Stop:
    """When to give up: a person's patience is short; Telegram's own trouble is bounded; the network's is not."""

    def __init__(self, patience: Patience) -> None:
        self._for_network = stop_never if patience is Patience.RUN else stop_after_attempt(PROMPT_ATTEMPTS)
        self._for_server = stop_after_attempt(SERVER_ATTEMPTS if patience is Patience.RUN else PROMPT_ATTEMPTS)

    def __call__(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome is not None else None
        stop = self._for_server if isinstance(error, Refusal) else self._for_network
        return bool(stop(state))


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, Refusal):
        return error.is_transient
    return isinstance(error, OSError | TimeoutError)


def unreachable(error: BaseException) -> TobsError:
    """The error for a server that cannot be reached."""
    detail = str(error) or type(error).__name__
    return TobsError(
        ErrorCode.SERVER_UNREACHABLE,
        f"Telegram cannot be reached ({detail}).",
        "Check the network connection, then try again.",
    )
