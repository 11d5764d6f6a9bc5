"""Keys in the order typed: each one has its whole effect before the next one is looked at.

Textual hands a key to the focused widget at once, but runs bindings only when the key has travelled up to the
application again. Of keys that arrive together, as they do on a slow line, letters would overtake an Enter, a Backspace
or the key that opens a field, and be lost or taken for commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import App
from textual.events import Key, Paste
from textual.message import Message

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.events import Event

PATIENCE_S = 0.3
"""How long a key may hold up the next ones: something that waits for Telegram must not make the keyboard dead."""
ROUNDS = 2
"""A key travels up and does its work; what that work sends travels up as well. Then the key has had its effect."""


@dataclass
class Followed(Message):
    """Travels up behind a key: where it arrives, everything sent before it has arrived."""

    turn: int
    left: int
    origin: DOMNode


class TypeAhead(App[int]):
    """An application that minds the order of keys. Keys in `urgent` never wait."""

    def __init__(self) -> None:
        super().__init__()
        self.urgent = frozenset({"ctrl+q"})
        self._typed: deque[Key | Paste] = deque()
        self._turn = 0
        self._limit: asyncio.TimerHandle | None = None

    async def on_event(self, event: Event) -> None:
        """Keys and pastes one after another; everything else as it comes."""
        if not isinstance(event, (Key, Paste)) or event.is_forwarded or _key(event) in self.urgent:
            await super().on_event(event)
        elif self._limit is not None:
            self._typed.append(event)
        else:
            await self._take(event)

    async def _take(self, event: Key | Paste) -> None:
        self._turn += 1
        self._limit = asyncio.get_running_loop().call_later(PATIENCE_S, self.call_later, self._next, self._turn)
        origin = self.focused or self.screen
        await super().on_event(event)
        self._follow(origin, ROUNDS)

    def _follow(self, origin: DOMNode, left: int) -> None:
        if not origin.is_attached or not origin.post_message(Followed(self._turn, left, origin)):
            self.call_later(self._next, self._turn)  # its screen was closed by the key

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
        if self._typed:
            await self._take(self._typed.popleft())


def _key(event: Event) -> str:
    return event.key if isinstance(event, Key) else ""
