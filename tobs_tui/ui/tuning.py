"""The values of a profile in its form: how each reads, what a person may type for it, and what does not go together."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import msgspec

from tobs_tui.config.layers import PROFILE_KEYS
from tobs_tui.config.paths import expanded
from tobs_tui.config.presets import UNTUNED
from tobs_tui.config.profiles import CLUSTER, unusable_value
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import MAIN_KINDS, Preset, Profile, Split
from tobs_tui.model.text_match import text_matcher
from tobs_tui.ui.tuning_form import Entry, Way

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
    try:
        place = expanded(text)
    except TobsError as error:
        raise ValueError(error.sentence) from error
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
