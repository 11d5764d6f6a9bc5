"""How far back a refresh looks again at messages that are in the archive already."""

from __future__ import annotations

import re

from msgspec import Struct

from tobs_tui.model.errors import ErrorCode, TobsError

DEFAULT_DAYS = 7
_SPAN = re.compile(r"(\d{1,7})(d?)")


class Refresh(Struct, frozen=True, omit_defaults=True):
    """What a refresh looks at again in each chat, beside what Telegram tells of by itself.

    `days` counts back from the newest message that the chat had when it was last refreshed (or first exported), so that
    nothing falls between two refreshes; `messages` counts the newest ones; both 0 = everything.
    """

    days: int = DEFAULT_DAYS
    messages: int = 0

    def __str__(self) -> str:
        if self.messages:
            return f"the last {self.messages} messages"
        if self.days:
            return "the last day" if self.days == 1 else f"the last {self.days} days"
        return "everything"


def parse_refresh(text: str) -> Refresh:
    """A window as the command line takes it: "30d" (days), "5000" (messages) or "all". Raises TobsError USAGE."""
    if text.strip().casefold() == "all":
        return Refresh(days=0)
    found = _SPAN.fullmatch(text.strip().casefold())
    if found is None or not int(found[1]):
        raise TobsError(
            ErrorCode.USAGE, f"{text!r} is no window for a refresh.", "Say 30d for days, 5000 for messages, or all."
        )
    return Refresh(days=int(found[1])) if found[2] else Refresh(days=0, messages=int(found[1]))
