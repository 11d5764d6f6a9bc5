"""Saved profiles: one TOML file each, under a name that doubles as the command `tobs NAME`."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.config.machine import Machine, this_machine
from tobs_tui.config.paths import Paths, expanded
from tobs_tui.config.presets import UNTUNED, tuned
from tobs_tui.config.settings import load_settings
from tobs_tui.config.toml_file import did_you_mean, given_keys, line_of, parse_toml, read_source, write_toml
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import SPOKEN_KINDS, Performance, Preset, Profile, Transcription
from tobs_tui.model.text_match import text_matcher

RESERVED_NAMES = frozenset(
    {
        "cache",
        "config",
        "doctor",
        "import",
        "logout",
        "passphrase",
        "profiles",
        "render",
        "retry",
        "sandbox",
        "schedule",
        "search",
        "service",
        "transcribe",
        "verify",
        "versions",
        "web",
    }
)
"""Commands: a profile of that name could not be started with `tobs NAME`."""
_NAME = re.compile(r"\w[\w .+-]{0,62}")
CLUSTER = re.compile(r"dask://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}")
"""What `media.executor` may name."""
TUNED_KEYS = frozenset(Performance.__struct_fields__) - UNTUNED
"""The performance values that a preset stands for."""


class ProfileInfo(Struct, frozen=True):
    """A saved profile in a list. `problem` is a sentence when its file cannot be used."""

    name: str
    path: Path
    problem: str = ""


class ProfileFile(Struct, frozen=True):
    """A profile with the file it came from and the dotted keys that the file sets."""

    profile: Profile
    path: Path
    given: frozenset[str]


def check_name(name: str) -> None:
    """Whether a profile may be called so.

    Raises:
        TobsError: BAD_PROFILE, field "name".
    """
    problem = ""
    if not name.strip():
        problem = "A profile needs a name."
    elif not _NAME.fullmatch(name) or name != name.strip():
        problem = (
            "A profile's name is letters, digits, spaces and . _ + -, at most 63 of them, a letter or digit first."
        )
    elif name.lower() in RESERVED_NAMES:
        problem = f"“{name}” is a command of tobs, so a profile cannot have that name."
    elif name.endswith(".toml"):
        problem = "Leave .toml out of the profile's name."
    if problem:
        raise TobsError(ErrorCode.BAD_PROFILE, problem, "Choose another name.", field="name")


def unusable_value(profile: Profile) -> tuple[str, str] | None:
    """(dotted key, what is wrong) of the first value that has the right type but makes no sense; None when all do."""
    if any(isinstance(target.chat, str) and not target.chat.strip() for target in profile.targets.chats):
        return "targets.chats", "a chat needs an id, an @name, a link or its title"
    try:
        expanded(profile.output)
    except TobsError as error:
        return "output", error.sentence
    since, until, timezone = profile.filters.since, profile.filters.until, profile.layout.timezone
    if since is not None and until is not None and until < since:
        return "filters.until", f"{until} is before filters.since ({since})"
    if not all(sender.strip() for sender in profile.filters.senders):
        return "filters.senders", "a sender needs an @name, an id or a name"
    try:
        text_matcher(profile.filters.text)
    except ValueError as error:
        return "filters.text", str(error)
    if profile.media.executor and not CLUSTER.fullmatch(profile.media.executor):
        return "media.executor", "a cluster is named dask://host:port; empty is this machine"
    if not profile.layout.formats:
        return "layout.formats", "a vault needs at least one format (markdown, jsonl, html)"
    if problem := _unusable_transcription(profile.transcription):
        return problem
    if timezone:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown, a path, a directory
            return "layout.timezone", f"there is no time zone named {timezone} (such as Europe/Berlin)"
    return None


def _unusable_transcription(options: Transcription) -> tuple[str, str] | None:
    if silent := [kind.value for kind in options.kinds if kind not in SPOKEN_KINDS]:
        spoken = ", ".join(kind.value for kind in SPOKEN_KINDS)
        return "transcription.kinds", f"nobody speaks in {', '.join(silent)}; there are {spoken}"
    if options.enabled and not options.kinds:
        return "transcription.kinds", "choose at least one kind, or leave transcription.enabled out"
    if not options.model.strip():
        return "transcription.model", "a model has a name, such as small, or a folder"
    language = options.language
    if language and not (language.isascii() and language.islower() and 2 <= len(language) <= 3):
        return "transcription.language", "a language is given by its code, such as en or de"
    return None


def profile_path(name_or_path: str, paths: Paths) -> Path:
    """The file that a name, or a path ending in .toml, stands for; it need not exist."""
    if name_or_path.endswith(".toml"):
        return expanded(name_or_path).absolute()
    check_name(name_or_path)
    return paths.profiles_dir / f"{name_or_path}.toml"


def read_profile(name_or_path: str, paths: Paths, machine: Machine | None = None) -> ProfileFile:
    """A profile by name or path, its output made absolute (from the home directory, or from a path's directory).

    A file with single performance values means: its preset (or the settings'), but with these values. It is given as
    CUSTOM, the other values tuned to `machine` (default: this one).

    Raises:
        TobsError: BAD_PROFILE; the sentence names file, line and key, or the profiles that there are.
    """
    try:
        path = profile_path(name_or_path, paths)
    except TobsError as error:  # no profile can have such a name
        raise missing_profile(name_or_path, paths) from error
    try:
        source = read_source(path)
    except FileNotFoundError as error:
        raise missing_profile(name_or_path, paths) from error
    profile, raw = parse_toml(source, Profile, path.name)
    refuse_unusable(profile, source, path.name)
    given = frozenset(given_keys(raw))
    performance = profile.performance
    own = {key for key in TUNED_KEYS if f"performance.{key}" in given}
    if own or performance.preset is Preset.CUSTOM:
        machine = machine or this_machine()
        preset = performance.preset if "performance.preset" in given else load_settings(paths).preset
        base = tuned(preset, machine.cpu_count, machine.memory_bytes)
        chosen = {key: getattr(performance, key) for key in own}
        kept = {key: getattr(performance, key) for key in UNTUNED}
        performance = replace(base, **kept | {"preset": Preset.CUSTOM}, **chosen)
    saved = path.parent == paths.profiles_dir
    anchor = expanded("~") if saved else path.parent
    output = str((anchor / expanded(profile.output, "output")).absolute()) if profile.output else ""
    return ProfileFile(
        profile=replace(
            profile, name=path.stem if saved else profile.name or path.stem, output=output, performance=performance
        ),
        path=path,
        given=given,
    )


def refuse_unusable(profile: Profile, source: str, name: str) -> None:
    """Whether the values of a profile make sense; `source` is the text of its file, `name` the file's.

    Raises:
        TobsError: BAD_PROFILE with file, line and key.
    """
    if problem := unusable_value(profile):
        line = line_of(source, problem[0].split("."))
        raise TobsError(ErrorCode.BAD_PROFILE, f"{name}:{line}: {problem[0]}: {problem[1]}", field=problem[0])


def missing_profile(name_or_path: str, paths: Paths) -> TobsError:
    """What to say of a profile that is not there: which one could be meant, and which there are."""
    if name_or_path.endswith(".toml"):
        return TobsError(ErrorCode.BAD_PROFILE, f"There is no file {name_or_path}.")
    names = [info.name for info in list_profiles(paths)]
    way_on = f"Saved profiles: {', '.join(names)}." if names else "No profile is saved yet: run tobs to make one."
    hint = did_you_mean(name_or_path, names)
    return TobsError(ErrorCode.BAD_PROFILE, f"There is no profile named “{name_or_path}”{hint or '.'}", way_on)


def save_profile(profile: Profile, paths: Paths) -> Path:
    """Write the profile under its name, replacing one of that name. Gives the file.

    Values of a preset other than CUSTOM are left out: they are tuned anew to the machine that reads the file.

    Raises:
        TobsError: BAD_PROFILE for a name that cannot be used, OUTPUT_NOT_WRITABLE.
    """
    check_name(profile.name)
    path = paths.profiles_dir / f"{profile.name}.toml"
    data = msgspec.to_builtins(profile, builtin_types=(datetime.date,))
    if not profile.metrics_port:
        del data["metrics_port"]
    if profile.performance.preset is not Preset.CUSTOM:
        defaults = Performance()
        data["performance"] = {"preset": str(profile.performance.preset)} | {
            key: getattr(profile.performance, key)
            for key in sorted(UNTUNED - {"preset"})
            if getattr(profile.performance, key) != getattr(defaults, key)
        }
    write_toml(path, data, comment=started_with(profile.name))
    return path


def started_with(name: str) -> str:
    """The comment at the head of a profile's file."""
    return f"Start it with: tobs {quoted(name)}"


def quoted(name: str) -> str:
    """A profile's name as one types it in a shell."""
    return f'"{name}"' if " " in name else name


def list_profiles(paths: Paths) -> list[ProfileInfo]:
    """Every saved profile by name; those with a bad file have a `problem`."""
    found: list[ProfileInfo] = []
    for path in sorted(paths.profiles_dir.glob("*.toml")):
        try:
            check_name(path.stem)
            source = read_source(path)
            refuse_unusable(parse_toml(source, Profile, path.name)[0], source, path.name)
        except TobsError as error:
            found.append(ProfileInfo(name=path.stem, path=path, problem=str(error)))
        except FileNotFoundError:  # deleted meanwhile
            continue
        else:
            found.append(ProfileInfo(name=path.stem, path=path))
    return found


def delete_profile(name: str, paths: Paths) -> None:
    """Remove a saved profile's file; what it exported stays.

    Raises:
        TobsError: BAD_PROFILE when there is none, OUTPUT_NOT_WRITABLE when it cannot be removed.
    """
    check_name(name)
    path = paths.profiles_dir / f"{name}.toml"
    try:
        path.unlink()
    except FileNotFoundError as error:
        raise missing_profile(name, paths) from error
    except OSError as error:
        raise TobsError(ErrorCode.OUTPUT_NOT_WRITABLE, f"{path} cannot be removed: {error.strerror}.") from error
