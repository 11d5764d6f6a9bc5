"""Keys and clicks in the order made: each one has its whole effect before the next one is looked at.

Textual hands a key to the focused widget at once, but runs bindings only when the key has travelled up to the
application again. Of keys that arrive together, as they do on a slow line, letters would overtake an Enter, a Backspace
or the key that opens a field, and be lost or taken for commands; and a click would overtake the letters before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import App
from textual.errors import NoWidget
from textual.events import InputEvent, Key, MouseDown, MouseEvent, MouseUp, Paste
from textual.message import Message

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.events import Event

TICK_S = 0.05
PATIENCE_TICKS = 6
"""How long a key may hold up the next ones: something that waits for Telegram must not make the keyboard dead."""
LATE_S = 0.02
"""A tick that comes later than this tells that the program, or the machine, had other things to do."""
LATE_TICK = 0.1
"""How much of a tick counts then: a key that is on its way still, for want of a processor, is not overtaken."""
ROUNDS = 2
"""A key travels up and does its work; what that work sends travels up as well. Then the key has had its effect."""


@dataclass
class Followed(Message):
    """Travels up behind a key or a click: where it arrives, everything sent before it has arrived."""

    turn: int
    left: int
    origin: DOMNode


class TypeAhead(App[int]):
    """An application that minds the order of keys and clicks. Keys in `urgent` never wait."""

    def __init__(self) -> None:
        super().__init__()
        self.urgent = frozenset({"ctrl+q"})
        self._typed: deque[InputEvent | Paste] = deque()
        self._turn = 0
        self._limit: asyncio.TimerHandle | None = None
        self._pressed: tuple[float, int, int, DOMNode] | None = None

    async def on_event(self, event: Event) -> None:
        """Keys, pastes and what the mouse does one after another; everything else as it comes."""
        if not isinstance(event, (InputEvent, Paste)) or event.is_forwarded or _key(event) in self.urgent:
            await super().on_event(event)
        elif self._limit is not None:
            self._typed.append(event)
        else:
            await self._take(event)

    async def _take(self, event: InputEvent | Paste, waited: bool = False) -> None:
        if not isinstance(event, (Key, Paste, MouseDown, MouseUp)):
            await super().on_event(event)  # a movement: nothing has to wait for what it does
            return
        if isinstance(event, MouseDown) and self._is_astray(event, waited):
            return
        self._turn += 1
        self._be_patient(self._turn, PATIENCE_TICKS)
        origin = self._origin(event)
        await super().on_event(event)
        self._follow(origin, ROUNDS)

    def _is_astray(self, event: MouseDown, waited: bool) -> bool:
        """Whether this is the second half of a double click, made before its first half has opened or closed a screen:
        nobody meant what is at that place now."""
        before, self._pressed = self._pressed, (event.time, event.x, event.y, self.screen)
        if not waited or before is None or before[1:3] != (event.x, event.y) or before[3] is self.screen:
            return False
        return event.time - before[0] <= self.CLICK_CHAIN_TIME_THRESHOLD

    def _origin(self, event: InputEvent | Paste) -> DOMNode:
        """Where an event sets out."""
        if isinstance(event, MouseEvent):
            try:
                return self.mouse_captured or self.get_widget_at(event.x, event.y)[0]
            except NoWidget:
                return self.screen
        return self.focused or self.screen

    def _follow(self, origin: DOMNode, left: int) -> None:
        if not origin.is_attached or not origin.post_message(Followed(self._turn, left, origin)):
            self.call_later(self._next, self._turn)  # its screen was closed by the key

    def _be_patient(self, turn: int, left: float) -> None:
        """Wait for a turn's effect for so many ticks."""
        loop = asyncio.get_running_loop()
        due = loop.time() + TICK_S

        def tick() -> None:
            rest = left - (1.0 if loop.time() - due < LATE_S else LATE_TICK)
            if rest > 0:
                self._be_patient(turn, rest)
            else:
                self.call_later(self._next, turn)

        self._limit = loop.call_at(due, tick)

    async def on_followed(self, message: Followed) -> None:
        """The key has had its effect, or its messages are on their way still."""
        message.stop()
        if message.turn != self._turn:
            return
        if message.left > 1:
            self._follow(message.origin, message.left - 1)
        else:
            await self._next(message.turn)

    async def _next(self, turn: int) -> None:
        if turn != self._turn or self._limit is None:
            return
        self._limit.cancel()
        self._limit = None
        while self._typed and self._limit is None:
            await self._take(self._typed.popleft(), waited=True)


def _key(event: Event) -> str:
    return event.key if isinstance(event, Key) else ""
