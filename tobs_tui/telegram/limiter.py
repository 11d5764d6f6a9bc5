"""All waiting of an account: flood waits to the second, backoff with jitter, and how many requests may be in flight."""

from __future__ import annotations

import asyncio
import enum
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_never
from tenacity.wait import wait_exponential_jitter

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.telegram.events import LinkEvent, LinkStats, Retrying, WaitEnded, WaitStarted
from tobs_tui.telegram.refusals import Refusal, error_of

T = TypeVar("T")

MAX_BACKOFF_S = 30.0
SERVER_ATTEMPTS = 8
"""Attempts at a request that Telegram itself keeps failing at: about two minutes."""
PROMPT_ATTEMPTS = 4
"""Attempts, for a person who waits for the answer: about five seconds."""
PROMPT_WAIT_S = 30
"""The longest flood wait that is waited out for a person, in seconds."""


class Patience(enum.Enum):
    """How long a caller is willing to wait."""

    RUN = "run"  # whatever Telegram asks, and for ever for the network to come back
    PERSON = "person"  # half a minute
    NONE = "none"  # no flood wait at all: the person must be told


class Window:
    """How many requests may be in flight: one more for each full window of successes, half after each flood wait."""

    def __init__(self, start: float = 8.0, top: float = 32.0) -> None:
        self._size = start
        self._top = top
        self._in_flight = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def size(self) -> int:
        """Requests that may be in flight at once; at least 1."""
        return max(1, int(self._size))

    async def enter(self) -> None:
        """Wait for a place, first come, first served."""
        if self._in_flight < self.size and not self._queue:
            self._in_flight += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # the place was given just before: pass it on
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._in_flight -= 1
        self._admit()

    def grow(self) -> None:
        """A request succeeded."""
        self._size = min(self._top, self._size + 1.0 / self._size)
        self._admit()

    def shrink(self) -> None:
        """Telegram asked to wait."""
        self._size = max(1.0, self._size / 2)

    def _admit(self) -> None:
        while self._queue and self._in_flight < self.size:
            place = self._queue.popleft()
            if not place.done():
                self._in_flight += 1
                place.set_result(None)


class Limiter:
    """The one scheduler of an account. Every request passes through `run`.

    A flood wait pauses its method for everyone, exactly as long as Telegram says, and is told by `WaitStarted` and
    `WaitEnded`. Trouble that may pass is retried with growing, jittered delays; anything else is raised at once.
    """

    def __init__(
        self,
        on_event: Callable[[LinkEvent], None],
        stats: LinkStats,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._on_event = on_event
        self._stats = stats
        self._now = now
        self._sleep = sleep
        self._paused: dict[str, float] = {}
        self._backoff = wait_exponential_jitter(multiplier=0.5, max=MAX_BACKOFF_S - 1, jitter=1)
        self._restored = asyncio.Event()
        self.windows = {False: Window(), True: Window()}  # requests to the main data centre; file parts

    async def run(
        self,
        method: str,
        attempt: Callable[[], Awaitable[T]],
        *,
        patience: Patience = Patience.RUN,
        chat: int = 0,
        file: bool = False,
    ) -> T:
        """The answer of `attempt`, which sends one request anew each time it is called.

        `method` names what a flood wait pauses; `chat` is told in events; `file` puts it among the file parts. Raises
        `Refusal` for errors that repeating will not change, TobsError FLOOD_WAIT or SERVER_UNREACHABLE when the
        patience is at its end, TELEGRAM_REFUSED when Telegram itself fails again and again.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=self._backoff,
            stop=_Stop(patience),
            sleep=self._nap,
            before_sleep=lambda state: self._tell_retry(method, state),
            reraise=True,
        )
        try:
            return await retrying(self._once, method, attempt, patience, chat, file)
        except (OSError, TimeoutError) as error:
            raise unreachable(error) from error
        except Refusal as refusal:
            if refusal.is_transient:
                raise error_of(refusal, method=method) from refusal
            raise

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
        self, method: str, attempt: Callable[[], Awaitable[T]], patience: Patience, chat: int, file: bool
    ) -> T:
        """One attempt, after and between whatever waits Telegram asks for."""
        window = self.windows[file]
        while True:
            await self._wait_out(method, patience)
            await window.enter()
            try:
                self._stats.requests += 1
                answer = await attempt()
            except Refusal as refusal:
                if not refusal.is_wait:
                    raise
                window.shrink()
                self._pause(method, refusal, chat)
            else:
                window.grow()
                return answer
            finally:
                window.leave()

    async def _wait_out(self, method: str, patience: Patience) -> None:
        while (until := self._paused.get(method, 0.0)) > self._now():
            seconds = until - self._now()
            if patience is Patience.NONE or (patience is Patience.PERSON and seconds > PROMPT_WAIT_S):
                raise error_of(Refusal("FLOOD_WAIT", 420, max(1, round(seconds))))
            await self._sleep(seconds)
        if self._paused.pop(method, None) is not None:
            self._on_event(WaitEnded(method))

    def _pause(self, method: str, refusal: Refusal, chat: int) -> None:
        seconds = max(1, refusal.number)  # test servers have answered 0, which must not become a busy loop
        until = self._now() + seconds
        self._stats.flood_waits += 1
        if until <= self._paused.get(method, 0.0):
            return
        self._stats.flood_seconds += until - max(self._now(), self._paused.get(method, 0.0))
        self._paused[method] = until
        self._on_event(WaitStarted(method, seconds, until, refusal.name, chat))

    def _tell_retry(self, method: str, state: RetryCallState) -> None:
        self._stats.retries += 1
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
