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
from tobs_tui.config.profiles import CLUSTER, unusable_value
from tobs_tui.model.profile import (
    SPOKEN_KINDS,
    Anchors,
    AudioFormat,
    Backoff,
    Device,
    Format,
    ImageFormat,
    MediaKind,
    MediaNames,
    Preset,
    Profile,
    Quality,
    SenderStyle,
    Split,
    VideoFormat,
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
            Entry(
                "media.metadata",
                "Look into files",
                "Find out lengths, sizes, codecs, and when pictures were taken",
                Way.TOGGLE,
            ),
        ),
    ),
    (
        "Transcoding",
        (
            Entry(
                "media.transcode.video",
                "Videos to",
                "What downloaded videos are made smaller with",
                Way.CYCLE,
                tuple(VideoFormat),
            ),
            Entry(
                "media.transcode.audio",
                "Sounds to",
                "What downloaded sounds are made smaller with",
                Way.CYCLE,
                tuple(AudioFormat),
            ),
            Entry(
                "media.transcode.images",
                "Pictures to",
                "What downloaded pictures are made smaller with",
                Way.CYCLE,
                tuple(ImageFormat),
            ),
            Entry(
                "media.transcode.quality",
                "Quality",
                "How much detail survives, and how much of the size",
                Way.CYCLE,
                tuple(Quality),
            ),
            Entry(
                "media.transcode.max_height",
                "Video height",
                "Pixels; taller videos are scaled down. 0 takes any height",
                Way.TYPE,
                empty="any height",
            ),
            Entry(
                "media.transcode.max_side",
                "Picture side",
                "Pixels of the longer side; larger pictures are scaled down. 0 takes any size",
                Way.TYPE,
                empty="any size",
            ),
            Entry(
                "media.transcode.hardware",
                "Graphics cards",
                "Encode videos on cards that do it, else on the processor",
                Way.TOGGLE,
            ),
            Entry(
                "media.transcode.keep_originals",
                "Keep originals",
                "Without, what was made takes the downloaded file's place for good",
                Way.TOGGLE,
            ),
            Entry(
                "media.executor",
                "Work on",
                "dask://host:port works on files on that cluster; nothing: on this machine",
                Way.TYPE,
                empty="this machine",
            ),
        ),
    ),
    (
        "Transcription",
        (
            Entry("transcription.enabled", "Transcribe", "Write down what is said in recordings", Way.TOGGLE),
            Entry("transcription.kinds", "Of", "The kinds of files to listen to", Way.PICK, SPOKEN_KINDS, "none"),
            Entry(
                "transcription.model",
                "Model",
                "A name (tiny, base, small, large-v3, ...) or a folder, with the whole path",
                Way.TYPE,
            ),
            Entry(
                "transcription.language",
                "Language",
                "The code of what is spoken, such as en; nothing has it heard",
                Way.TYPE,
                empty="heard in each",
            ),
            Entry("transcription.device", "Device", "Auto takes a CUDA device that works", Way.CYCLE, tuple(Device)),
            Entry(
                "transcription.compute",
                "Compute type",
                "One of CTranslate2's, such as int8; nothing takes the best",
                Way.TYPE,
                empty="the best there is",
            ),
            Entry("transcription.voice_filter", "Voice filter", "Leave out what holds no voice", Way.TOGGLE),
            Entry(
                "transcription.fetch_model",
                "Fetch model",
                "Get a model that is not here from Hugging Face: up to some GB",
                Way.TOGGLE,
            ),
            Entry(
                "transcription.unload_after_s",
                "Unload after",
                "Seconds without work until the model leaves the memory",
                Way.TYPE,
            ),
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
                "layout.transcript_times",
                "Speech times",
                "Begin each stretch of a transcript with when it was said",
                Way.TOGGLE,
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
            Entry("performance.job_processes", "Transcoders", "Files transcoded at once: 1 to 64", Way.TYPE),
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
    changed: Profile = _replaced(profile, key, value)
    if room == "performance" and name not in UNTUNED:
        changed = _replaced(changed, "performance.preset", Preset.CUSTOM)
    return changed


def _replaced(struct: Any, key: str, value: Any) -> Any:
    """A struct with another value at a dotted key."""
    name, _, rest = key.partition(".")
    inner = _replaced(getattr(struct, name), rest, value) if rest else value
    return msgspec.structs.replace(struct, **{name: inner})


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
        every = entry.key == "media.kinds" and len(value) == len(MediaKind)
        return "all kinds" if every else ", ".join(str(item) for item in value)
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
    if entry.key == "media.executor":
        return _cluster(text)
    if entry.key.startswith("transcription.") and PROFILE_KEYS[entry.key] is str:
        return _of_speech(with_value(Profile(), entry.key, text), text)
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


def _cluster(text: str) -> str:
    if text and not CLUSTER.fullmatch(text):
        raise ValueError("A cluster is named dask://host:port; nothing is this machine.")
    return text


def _of_speech(changed: Profile, text: str) -> str:
    if problem := unusable_value(Profile(transcription=changed.transcription)):
        raise ValueError(f"{problem[1][:1].upper()}{problem[1][1:]}.")
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
    if profile.transcription.enabled and not profile.transcription.kinds:
        return "transcription.kinds", "Choose at least one kind, or turn transcription off."
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
