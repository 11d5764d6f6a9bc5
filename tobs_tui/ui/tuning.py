"""A profile as a form: what can be changed, how each value reads, and what a person may type for it."""

from __future__ import annotations

import datetime
import enum
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tobs_tui.config.layers import PROFILE_KEYS
from tobs_tui.config.presets import UNTUNED
from tobs_tui.model.profile import (
    MAIN_KINDS,
    Anchors,
    Backoff,
    Format,
    MediaKind,
    MediaNames,
    Preset,
    Profile,
    SenderStyle,
    Split,
)
from tobs_tui.model.text_match import text_matcher


class Way(enum.Enum):
    """How a value is changed."""

    CYCLE = "cycle"
    TOGGLE = "toggle"
    TYPE = "type"
    PICK = "pick"


@dataclass(frozen=True)
class Entry:
    """One value of the form: its dotted key in the profile, its label, and a sentence about it."""

    key: str
    label: str
    help: str
    way: Way
    choices: tuple[Any, ...] = ()
    empty: str = ""
    """What the value reads as when it is empty or zero."""


SECTIONS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "What",
        (
            Entry(
                "filters.since", "Since", "First day to take: YYYY-MM-DD, or nothing", Way.TYPE, empty="the beginning"
            ),
            Entry("filters.until", "Until", "Last day to take: YYYY-MM-DD, or nothing", Way.TYPE, empty="now"),
            Entry(
                "filters.last",
                "Newest only",
                "So many of the newest messages of each chat, within the dates; 0 takes all",
                Way.TYPE,
                empty="all",
            ),
            Entry(
                "filters.from_id",
                "From id",
                "The first message id to take; 0 takes any",
                Way.TYPE,
                empty="any",
            ),
            Entry(
                "filters.only_mine",
                "Only mine",
                "Only what you wrote; private chats are fetched whole for it",
                Way.TOGGLE,
            ),
            Entry(
                "filters.senders",
                "Senders",
                "Only their messages: @names, ids or names, by commas; me is you",
                Way.TYPE,
                empty="everybody",
            ),
            Entry(
                "filters.text",
                "Text",
                "Only messages that hold it, in any case; /…/ is a regular expression",
                Way.TYPE,
                empty="any",
            ),
        ),
    ),
    (
        "Media",
        (
            Entry("media.download", "Download files", "Download the files of messages, or only name them", Way.TOGGLE),
            Entry("media.kinds", "Kinds", "Which kinds of files to download", Way.PICK, tuple(MediaKind), "none"),
            Entry("media.max_size_mb", "Largest file", "In MiB; 0 takes files of any size", Way.TYPE, empty="any size"),
        ),
    ),
    (
        "Vault",
        (
            Entry("output", "Folder", "Where the vault is written; ~ is your home folder", Way.TYPE),
            Entry(
                "layout.formats",
                "Formats",
                "Markdown to read, HTML for browsers, JSON lines for programs, side by side",
                Way.PICK,
                tuple(Format),
                "none",
            ),
            Entry(
                "layout.split", "One note holds", "How much of a chat one Markdown file holds", Way.CYCLE, tuple(Split)
            ),
            Entry(
                "layout.anchors",
                "Anchors",
                "How messages are linked to: heading works everywhere, block in Obsidian",
                Way.CYCLE,
                tuple(Anchors),
            ),
            Entry(
                "layout.day_headings",
                "Day headings",
                "Their level, 1 to 5; with 0 there are none, and each message tells its day",
                Way.TYPE,
                empty="none",
            ),
            Entry(
                "layout.sender_style",
                "Sender names",
                "How messages name who wrote them: name alone, or with @username, link or id",
                Way.CYCLE,
                tuple(SenderStyle),
            ),
            Entry(
                "layout.media_names",
                "File names",
                "After the message's id, or as the sender called the file",
                Way.CYCLE,
                tuple(MediaNames),
            ),
            Entry(
                "layout.timezone",
                "Time zone",
                "An IANA name such as Europe/London; nothing takes this machine's",
                Way.TYPE,
                empty="this machine's",
            ),
        ),
    ),
    (
        "Performance",
        (
            Entry(
                "performance.preset",
                "Preset",
                "How hard to work; a value of your own makes it custom",
                Way.CYCLE,
                tuple(Preset),
            ),
            Entry("performance.connections", "Connections", "To Telegram, for history: 1 to 8", Way.TYPE),
            Entry("performance.window", "Window", "Requests in flight at most: 1 to 128", Way.TYPE),
            Entry(
                "performance.backoff",
                "Backoff",
                "How the waits between attempts grow when something fails",
                Way.CYCLE,
                tuple(Backoff),
            ),
            Entry(
                "performance.history_workers", "History workers", "Requests for history in flight: 1 to 32", Way.TYPE
            ),
            Entry("performance.decode_processes", "Decoders", "Processes that read pages: 1 to 64", Way.TYPE),
            Entry("performance.download_workers", "Downloads", "Files downloaded at once: 1 to 16", Way.TYPE),
            Entry("performance.parts_in_flight", "Parts a file", "Parts of a file asked for at once: 1 to 8", Way.TYPE),
            Entry("performance.queue_mb", "Queue", "MiB of pages that may wait for decoding: 1 to 1024", Way.TYPE),
            Entry(
                "performance.takeout",
                "Takeout",
                "Telegram's export mode: higher limits, and a notice to you",
                Way.TOGGLE,
            ),
            Entry("performance.adapt", "Adapt", "Do less at once while the machine is hard pressed", Way.TOGGLE),
        ),
    ),
)

ENTRIES = {entry.key: entry for _, entries in SECTIONS for entry in entries}
_SPLIT_WORDS = {Split.DAY: "a day", Split.MONTH: "a month", Split.YEAR: "a year", Split.SINGLE: "the whole chat"}


def value_of(profile: Profile, key: str) -> Any:
    """The value at a dotted key."""
    value: Any = profile
    for step in key.split("."):
        value = getattr(value, step)
    return value


def with_value(profile: Profile, key: str, value: Any) -> Profile:
    """`profile` with another value at a dotted key. A performance value of one's own makes the preset CUSTOM."""
    room, _, name = key.partition(".")
    if not name:
        return msgspec.structs.replace(profile, **{room: value})
    changes = {name: value}
    if room == "performance" and name not in UNTUNED:
        changes["preset"] = Preset.CUSTOM
    return msgspec.structs.replace(profile, **{room: msgspec.structs.replace(getattr(profile, room), **changes)})


def reads(entry: Entry, profile: Profile) -> str:
    """The value as the form shows it."""
    value = value_of(profile, entry.key)
    if value is None or value == "" or value == () or (entry.empty and value == 0):
        return entry.empty
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Split):
        return _SPLIT_WORDS[value]
    if isinstance(value, tuple):
        if entry.key == "media.kinds" and set(value) >= set(MAIN_KINDS):
            extras = [str(kind) for kind in value if kind not in MAIN_KINDS]
            return ", ".join(["all kinds", *extras])
        return ", ".join(str(item) for item in value)
    if entry.key.endswith("_mb"):
        return f"{value} MiB"
    return str(value)


def typed(entry: Entry, profile: Profile) -> str:
    """The value as a person would type it."""
    value = value_of(profile, entry.key)
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None or (entry.empty and value == 0) else str(value)


def parse(entry: Entry, text: str) -> Any:
    """What `text` means for a value. Raises ValueError with a sentence when it means nothing."""
    text = text.strip()
    if entry.key in ("filters.since", "filters.until"):
        return _day(text)
    if entry.key == "layout.timezone":
        return _zone(text)
    if entry.key == "output":
        return _folder(text)
    if entry.key == "filters.senders":
        return tuple(name.strip() for name in text.split(",") if name.strip())
    if entry.key == "filters.text":
        return _text(text)
    try:
        return msgspec.convert(text or "0", PROFILE_KEYS[entry.key], strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"Not possible. {entry.help}.") from error


def _text(text: str) -> str:
    try:
        text_matcher(text)
    except ValueError as error:
        raise ValueError(f"RE2 cannot read it: {str(error).rpartition(' can read: ')[2]}.") from error
    return text


def _day(text: str) -> datetime.date | None:
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("Please write a day as YYYY-MM-DD, such as 2024-05-01.") from error


def _zone(text: str) -> str:
    if text and text not in zoneinfo.available_timezones():
        raise ValueError(f"There is no time zone “{text}”. Names look like Europe/London.")
    return text


def _folder(text: str) -> str:
    if not text:
        return ""
    place = Path(text).expanduser()
    if not place.is_absolute():
        raise ValueError("Please give the whole path, beginning with / or ~.")
    if place.exists() and not place.is_dir():
        raise ValueError("That is a file. The vault needs a folder.")
    return str(place)


def problem_between(profile: Profile) -> tuple[str, str] | None:
    """A value that does not go with another one: its key and a sentence."""
    since, until = profile.filters.since, profile.filters.until
    if since and until and since > until:
        return "filters.until", "Until is before since: nothing would be exported."
    if not profile.layout.formats:
        return "layout.formats", "Choose at least one format."
    if profile.media.download and not profile.media.kinds:
        return "media.kinds", "Choose at least one kind, or turn downloading off."
    return None


def stepped(entry: Entry, profile: Profile, by: int) -> Any:
    """The next or previous value of a choice, a switch, or a number."""
    value = value_of(profile, entry.key)
    if entry.way is Way.TOGGLE:
        return not value
    if entry.way is Way.CYCLE:
        return entry.choices[(entry.choices.index(value) + by) % len(entry.choices)]
    if isinstance(value, int):
        try:
            return parse(entry, str(value + by))
        except ValueError:
            return value
    return value
