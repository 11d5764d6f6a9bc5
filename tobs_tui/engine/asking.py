"""Asking Telegram on a run's behalf: held up while the run is paused, patient with waits and a cut network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.monitor.clock import monotonic
from tobs_tui.telegram.refusals import Refusal

T = TypeVar("T")

RECONNECT_S = 5
"""Seconds between attempts of a request while Telegram cannot be reached, or fails."""
TROUBLE_S = 120.0
"""Seconds for which a request is repeated that Telegram itself fails at. What is asked on a person's behalf, too, gives
up after a few; a run that nobody watches must not end for so little."""


class Ask(Protocol):
    """Carries one request out, however long that takes."""

    def __call__(self, request: Callable[[], Awaitable[T]]) -> Awaitable[T]:
        """The answer of `request`, which sends it anew each time it is called."""


class Asking:
    """The one gate of a run's own requests.

    `on_wait` hears of the seconds that Telegram asks to wait, `on_unreachable` why it cannot be reached, and '' when it
    can again.
    """

    def __init__(self, on_wait: Callable[[float], None], on_unreachable: Callable[[str], None]) -> None:
        self._on_wait = on_wait
        self._on_unreachable = on_unreachable
        self._gate = asyncio.Event()
        self._gate.set()

    def pause(self) -> None:
        """Let no new request begin."""
        self._gate.clear()

    def resume(self) -> None:
        """Go on."""
        self._gate.set()

    async def __call__(self, request: Callable[[], Awaitable[T]]) -> T:
        """The answer of `request`, however long Telegram or the network makes the run wait for it.

        Raises the TobsErrors that waiting does not change.
        """
        away = False
        began = monotonic()
        while True:
            await self._gate.wait()
            try:
                answer = await request()
                if away:
                    self._on_unreachable("")
                return answer
            except TobsError as error:
                if error.code is ErrorCode.SERVER_UNREACHABLE:
                    away = True
                    self._on_unreachable(error.sentence)
                    await asyncio.sleep(RECONNECT_S)
                elif error.code is ErrorCode.FLOOD_WAIT:
                    self._on_wait(error.wait_s)
                    await asyncio.sleep(max(1, error.wait_s))
                elif _may_pass(error) and monotonic() - began < TROUBLE_S:
                    await asyncio.sleep(RECONNECT_S)
                else:
                    raise


def _may_pass(error: TobsError) -> bool:
    """Whether it is trouble inside Telegram."""
    return isinstance(error.__cause__, Refusal) and error.__cause__.is_transient
