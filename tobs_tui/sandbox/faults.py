"""Faults on demand: rules that make the sandbox fail as Telegram and networks do, to see what a client makes of it.

``tobs sandbox serve --faults FILE`` takes a JSON list of them, as in ``[{"method": "messages.getHistory", "after": 20,
"times": 3, "error": "FLOOD_WAIT_5"}, {"method": "messages.getHistory", "per_second": 20, "burst": 20}]``; tests add
`Fault`s to a running server. The same rules and requests fail in the same way: chance comes from each rule's seed.
"""

from __future__ import annotations

import enum
import math
import random
import struct
import time
from collections.abc import Callable
from typing import Any

import msgspec
from telethon.extensions import BinaryReader
from telethon.tl import types

from tobs_tui.sandbox.wire import tl

_MESSAGE = struct.pack("<I", 0x7600B9D3)
_ID_AT = 12  # in a message: after the constructor and two words of flags
_UNHEARD_OF = struct.pack("<I", 0xDEADBEEF)


class Damage(enum.StrEnum):
    """What happens to the packet that carries an answer.

    FRAME flips a byte after framing, so that the transport's checksum is wrong; CIPHER flips one before, so that the
    frame is fine and what it holds does not decrypt; HALF writes half of it and hangs up.
    """

    FRAME = "frame"
    CIPHER = "cipher"
    HALF = "half"


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to some requests, and which.

    Which: those of `method`, a TL name such as ``messages.getHistory`` (None: every method), at the data centre `dc`
    (None: any), and with `file` those that name the file with this id. `after` matching ones are served first; then
    each is hit with the probability `chance`, drawn from `seed`, until `times` were hit (0: for ever).

    Instead of an answer:
    `error` (say ``FLOOD_WAIT_23``) and `code` are an rpc_error; AUTH_KEY_DUPLICATED destroys the key too, as Telegram
    does. `disconnect` cuts the connection. `down_s` makes the whole server go away for so many seconds: every
    connection is cut, and none is accepted. `per_second` allows so many requests a second, `burst` at once, and answers
    those beyond with FLOOD_WAIT and the whole seconds until the next may come; such a rule stays, and lets what it
    allows pass on to the rules behind it.

    To the answer:
    `delay_s` keeps it back for so long; `behind` until so many others have overtaken it (or a second has passed).
    `duplicate` sends it twice. `damage` spoils its packet. `short` lets a page of history have so many messages at
    most, those nearest to where the request begins. `unreadable` are ids of messages that come in a form nobody knows.
    `garbage` replaces the answer by bytes that mean nothing. `flip` inverts a byte in the middle of a part of a file,
    `truncate` takes so many bytes off its end; a part that is shorter already comes out empty.
    """

    method: str | None = None
    dc: int | None = None
    file: int = 0
    times: int = 1
    after: int = 0
    chance: float = 1.0
    seed: int = 1
    error: str | None = None
    code: int = 420
    disconnect: bool = False
    down_s: float = 0.0
    per_second: float = 0.0
    burst: int = 1
    delay_s: float = 0.0
    behind: int = 0
    duplicate: bool = False
    damage: Damage | None = None
    short: int = 0
    unreadable: tuple[int, ...] = ()
    garbage: bool = False
    flip: bool = False
    truncate: int = 0

    def shorten(self, request: Any) -> None:
        """Make a request for a page ask for no more than `short` messages, leaving out the farthest from its offset.

        A walk upwards asks for the messages before its offset: there the newest are the farthest.
        """
        over = getattr(request, "limit", 0) - self.short if self.short else 0
        if over > 0 and hasattr(request, "add_offset"):
            request.limit -= over
            if request.add_offset < 0:
                request.add_offset += over

    def spoil(self, answer: bytes) -> bytes:
        """The serialised answer with what this fault does to it."""
        if self.garbage:
            return random.Random(self.seed).randbytes(len(answer) & ~3)
        if self.flip or self.truncate:
            return self._other_part(answer)
        if not self.unreadable:
            return answer
        if answer[:4] == tl.U32.pack(tl.GZIP_PACKED):
            answer = tl.gunzip_packed(answer)
        for message_id in self.unreadable:
            answer = _without_kind(answer, tl.I32.pack(message_id))
        return answer

    def _other_part(self, answer: bytes) -> bytes:
        """The answer with other bytes, when it is a part of a file."""
        found = BinaryReader(answer).tgread_object()
        if not isinstance(found, types.upload.File | types.upload.CdnFile):
            return answer
        kept = found.bytes[: max(0, len(found.bytes) - self.truncate)]
        found.bytes = flipped(kept) if self.flip else kept
        return bytes(found)


def flipped(data: bytes) -> bytes:
    """The data with its middle byte inverted."""
    middle = len(data) // 2
    return data[:middle] + bytes(each ^ 0xFF for each in data[middle : middle + 1]) + data[middle + 1 :]


def _without_kind(answer: bytes, message_id: bytes) -> bytes:
    """The answer with the message of that id made one of an unknown kind."""
    at = answer.find(_MESSAGE)
    while at >= 0:
        if at % 4 == 0 and answer[at + _ID_AT : at + _ID_AT + 4] == message_id:
            return answer[:at] + _UNHEARD_OF + answer[at + 4 :]
        at = answer.find(_MESSAGE, at + 1)
    return answer


class _Rule:
    """A fault at work: how often it still has to pass or hit, its luck, and its bucket of requests."""

    def __init__(self, fault: Fault, clock: Callable[[], float]) -> None:
        self.fault = fault
        self.to_pass = fault.after
        self.to_hit = fault.times or 1 << 62
        self.refused = 0
        self._luck = random.Random(fault.seed)
        self._clock = clock
        self._tokens = float(fault.burst)
        self._filled_at = clock()

    def hits(self) -> Fault | None:
        """What becomes of one more matching request."""
        if self.to_pass > 0:
            self.to_pass -= 1
            return None
        if self.fault.per_second > 0:
            return self._limited(self.fault.per_second)
        if self.fault.chance < 1 and self._luck.random() >= self.fault.chance:
            return None
        self.to_hit -= 1
        return self.fault

    def _limited(self, per_second: float) -> Fault | None:
        """A bucket of tokens: one a request, refilled at a steady rate."""
        now = self._clock()
        self._tokens = min(float(self.fault.burst), self._tokens + (now - self._filled_at) * per_second)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        self.refused += 1
        seconds = max(1, math.ceil((1 - self._tokens) / per_second))
        return msgspec.structs.replace(self.fault, error=f"FLOOD_WAIT_{seconds}", code=420)


class Faults:
    """The rules in force, oldest first; a request is hit by the first that does not let it pass."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rules: list[_Rule] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, fault: Fault) -> None:
        """Put one more rule in force."""
        self._rules.append(_Rule(fault, self._clock))

    @property
    def refused(self) -> int:
        """How many requests the limits in force have refused."""
        return sum(rule.refused for rule in self._rules)

    def clear(self) -> None:
        """Drop all rules."""
        self._rules.clear()

    def take(self, method: str, dc: int, request: bytes = b"") -> Fault | None:
        """The fault that hits this request, if any. Rules that have done their work disappear."""
        for rule in self._rules:
            if rule.fault.method not in (None, method) or rule.fault.dc not in (None, dc):
                continue
            if rule.fault.file and tl.I64.pack(rule.fault.file) not in request:
                continue
            hit = rule.hits()
            if rule.to_hit <= 0:
                self._rules.remove(rule)
            if hit is not None:
                return hit
        return None
