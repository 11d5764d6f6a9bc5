"""What a link tells its owner while it works: waits, cut connections, retries, the session's end."""

from __future__ import annotations

from msgspec import Struct


class WaitStarted(Struct, frozen=True, tag=True):
    """Telegram asked to wait: `method` is paused for `seconds`, `until` a moment in seconds since the epoch.

    `cause` is Telegram's own name for it (FLOOD_WAIT, FLOOD_PREMIUM_WAIT, ...); `chat` the chat asked about, or 0.
    """

    method: str
    seconds: int
    until: float
    cause: str
    chat: int = 0


class WaitEnded(Struct, frozen=True, tag=True):
    """The wait of `method` is over."""

    method: str


class ConnectionLost(Struct, frozen=True, tag=True):
    """The server cannot be reached any more; `reason` is a sentence. Requests in flight are repeated later."""

    reason: str


class ConnectionRestored(Struct, frozen=True, tag=True):
    """The server answers again."""


class Retrying(Struct, frozen=True, tag=True):
    """A request failed for a reason that may pass; its attempt number `attempt` + 1 follows in `delay` seconds."""

    method: str
    error: str
    attempt: int
    delay: float


class SessionEnded(Struct, frozen=True, tag=True):
    """The session is over; nothing works until somebody signs in again. `way_on` is advice, in sentences."""

    sentence: str
    way_on: str


LinkEvent = WaitStarted | WaitEnded | ConnectionLost | ConnectionRestored | Retrying | SessionEnded
