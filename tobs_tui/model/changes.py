"""What has changed between two readings of one message: its content, what others made of it, or nothing that counts."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from tobs_tui.model.messages import Message


class Change(enum.Enum):
    """What became of a message.

    NOTHING: at most its counters of views and forwards, which grow all the time, and what Telegram renews by itself
    (file references). RESPONSES: reactions, votes, comments, the pin, the link preview, a fact check. CONTENT: anything
    that its author can change.
    """

    NOTHING = 0
    RESPONSES = 1
    CONTENT = 2


_COUNTERS = frozenset({"views", "forwards", "gone", "edit_date", "edit_hidden", "unknown"})
_RESPONSES = frozenset({"reactions", "reactors", "comments", "pinned", "factcheck"})
_RENEWED = frozenset({"reference", "access_hash", "dc"})
_POLL = frozenset({"voters", "closed", "solution", "media", "solution_media"})
_OPTION = frozenset({"votes", "chosen", "correct", "media"})
_ADDED = frozenset({"qualities"})  # by Telegram, some time after a video was sent


def change_between(old: Message, new: Message) -> Change:
    """How `new`, the later reading, differs from `old`.

    An edit date alone counts when it is to be shown: somebody may have edited to and fro. Telegram also sets one,
    hidden, when people react.
    """
    before, after = _content(old), _content(new)
    if before[0] != after[0]:
        return Change.CONTENT
    if new.edit_date != old.edit_date and new.edit_date and not new.edit_hidden:
        return Change.CONTENT
    return Change.RESPONSES if before[1] != after[1] else Change.NOTHING


def _content(message: Message) -> tuple[dict[str, Any], dict[str, Any]]:
    """What its author made of a message, and what others did."""
    record: dict[str, Any] = msgspec.to_builtins(message)
    mine = {name: value for name, value in record.items() if name not in _COUNTERS | _RESPONSES}
    others = {name: value for name, value in record.items() if name in _RESPONSES}
    media = mine.get("media")
    if media is not None and media["kind"] == "webpage":
        others["media"] = _lasting(mine.pop("media"))
    elif media is not None and media["kind"] == "poll":
        options = media.get("options", ())
        others["poll"] = _lasting(
            [
                {name: value for name, value in media.items() if name in _POLL},
                [{name: value for name, value in option.items() if name in _OPTION} for option in options],
            ]
        )
        mine["media"] = {name: value for name, value in media.items() if name not in _POLL} | {
            "options": [{name: value for name, value in option.items() if name not in _OPTION} for option in options]
        }
    elif media is not None and any(name in media for name in _ADDED):
        others["media"] = _lasting({name: value for name, value in media.items() if name in _ADDED})
        mine["media"] = {name: value for name, value in media.items() if name not in _ADDED}
    return _lasting(mine), others


def _lasting(value: Any) -> Any:
    """A record without what Telegram renews by itself."""
    if isinstance(value, dict):
        return {name: _lasting(part) for name, part in value.items() if name not in _RENEWED}
    if isinstance(value, list | tuple):
        return [_lasting(part) for part in value]
    return value
