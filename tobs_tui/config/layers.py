"""The layers of configuration, lowest first, and which of them each value in force came from."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Struct

from tobs_tui.config.environment import Environment, read_environment, variable_names
from tobs_tui.config.machine import Machine, this_machine
from tobs_tui.config.paths import Paths, expanded
from tobs_tui.config.presets import UNTUNED, tuned
from tobs_tui.config.profiles import unusable_value
from tobs_tui.config.settings import Settings, read_settings
from tobs_tui.config.toml_file import did_you_mean, leaves, plain_words
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import ChatTarget, Performance, Preset, Profile


class Layer(enum.StrEnum):
    """Where a value can come from; a later one wins."""

    DEFAULT = "default"
    TUNED = "auto-tuning"
    SETTINGS = "settings file"
    PROFILE = "profile"
    ENVIRONMENT = "environment"
    FLAG = "flag"


class Origin(Struct, frozen=True):
    """The layer that a value came from; `detail` names the file, variable, flag or preset."""

    layer: Layer
    detail: str = ""


class Effective(Struct, frozen=True):
    """What is in force. `origins` has every dotted key of `profile` and of `settings`; `warnings` are sentences."""

    profile: Profile
    settings: Settings
    origins: dict[str, Origin]
    warnings: tuple[str, ...] = ()


PROFILE_KEYS: dict[str, Any] = {key: kind for key, kind, _ in leaves(Profile)}
SETTINGS_KEYS: dict[str, Any] = {key: kind for key, kind, _ in leaves(Settings)}
_TUNED = tuple(f"performance.{name}" for name in Performance.__struct_fields__ if name not in UNTUNED)
_PRESET = "performance.preset"
_YES_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class _Stack:
    """The values so far, each with its origin; layers are laid on from the lowest up."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.values: dict[str, Any] = {}
        self.origins: dict[str, Origin] = {}
        for struct in (Profile, Settings):
            for key, _, default in leaves(struct):
                self.values[key] = default if default is not msgspec.NODEFAULT else {}
                self.origins[key] = Origin(Layer.DEFAULT)
        self.tune(Preset.BALANCED)

    def tune(self, preset: Preset) -> None:
        """Set the performance values of `preset`, fitted to the machine; CUSTOM leaves them as they are."""
        if preset is Preset.CUSTOM:
            return
        gib = self.machine.memory_bytes / (1 << 30)
        performance = tuned(preset, self.machine.cpu_count, self.machine.memory_bytes)
        detail = f"preset {preset}, {self.machine.cpu_count} processors, {gib:.0f} GiB"
        for key in _TUNED:
            self.values[key] = getattr(performance, key.partition(".")[2])
            self.origins[key] = Origin(Layer.TUNED, detail)

    def lay(self, layer: Layer, values: Mapping[str, tuple[Any, str]]) -> None:
        """Lay `values` (dotted key -> (value, detail)) on top; a preset among them brings its values first."""
        if _PRESET in values:
            self.tune(values[_PRESET][0])
        for key, (value, detail) in values.items():
            self.values[key] = value
            self.origins[key] = Origin(layer, detail)


def effective(
    profile: Profile | None,
    paths: Paths,
    environ: Mapping[str, str],
    flags: Mapping[str, Any],
    *,
    given: Collection[str] | None = None,
    source: str = "",
    machine: Machine | None = None,
    cwd: Path | None = None,
) -> Effective:
    """What is in force: defaults < auto-tuning < settings file < profile < environment and .env files < flags.

    `given` are the keys that the profile's file sets (`ProfileFile.given`), `source` names that file; without `given`,
    whatever differs from the defaults counts as set. The values of a preset other than CUSTOM are always tuned to
    `machine` (default: this one). `flags` has dotted keys; a None value is a flag not used. `profile.output` comes back
    absolute: the default folder where no layer names one.

    Raises:
        TobsError: BAD_PROFILE for a bad settings file, USAGE for a bad variable or flag; the sentence names it.
    """
    stack = _Stack(machine or this_machine())
    environment = read_environment(paths, environ, cwd)
    settings, settings_given = read_settings(paths)
    stack.lay(Layer.SETTINGS, _from_settings(settings, settings_given, paths))
    if profile is not None:
        stack.lay(Layer.PROFILE, _from_profile(profile, given, source or profile.name))
        if given is not None and profile.performance.preset is Preset.CUSTOM:
            rest = Origin(Layer.TUNED, f"what {source or profile.name or 'the profile'} leaves open")
            stack.origins.update((key, rest) for key in _TUNED if key not in given)
    stack.lay(Layer.ENVIRONMENT, _from_environment(environment))
    stack.lay(Layer.FLAG, _from_flags(flags))
    _place_output(stack, paths, cwd or Path.cwd())
    resolved: Profile = _build(Profile, stack.values)
    if problem := unusable_value(resolved):
        origin = stack.origins[problem[0]]
        name = origin.detail if origin.layer is Layer.ENVIRONMENT else problem[0]
        raise TobsError(ErrorCode.USAGE, f"{name}: {problem[1]}.", field=problem[0])
    return Effective(
        profile=resolved,
        settings=_build(Settings, stack.values),
        origins=stack.origins,
        warnings=environment.warnings,
    )


def _from_settings(settings: Settings, given: frozenset[str], paths: Paths) -> dict[str, tuple[Any, str]]:
    """The settings file's values; `preset` and `default_output` speak for the profile's own keys as well."""
    name = paths.settings_file.name
    keys = {key for key in SETTINGS_KEYS if key in given or any(one.startswith(f"{key}.") for one in given)}
    values = {key: (_value_at(settings, key), name) for key in SETTINGS_KEYS if key in keys}
    if "preset" in values:
        values[_PRESET] = (settings.preset, f"{name}: preset")
    if "default_output" in values and settings.default_output:
        place = expanded("~") / expanded(settings.default_output, "default_output")
        values["output"] = (str(place), f"{name}: default_output")
    return values


def _from_profile(profile: Profile, given: Collection[str] | None, source: str) -> dict[str, tuple[Any, str]]:
    values = {key: _value_at(profile, key) for key in PROFILE_KEYS}
    defaults = Profile()
    if given is None:
        keys = {key for key in PROFILE_KEYS if values[key] != _value_at(defaults, key)}
    else:
        keys = {key for key in PROFILE_KEYS if key in given} | {"name"}
    preset = profile.performance.preset
    if preset is Preset.CUSTOM:
        keys |= {*_TUNED, _PRESET}
    else:
        keys -= set(_TUNED)
    if not profile.output:
        keys.discard("output")
    return {key: (values[key], source) for key in PROFILE_KEYS if key in keys}


def _from_environment(environment: Environment) -> dict[str, tuple[Any, str]]:
    values: dict[str, tuple[Any, str]] = {}
    kinds = PROFILE_KEYS | SETTINGS_KEYS
    for key, name in variable_names().items():
        variable = environment.variables.get(name)
        if variable is None or not variable.value:
            continue
        detail = name if variable.source == "environment" else f"{name} in {variable.source}"
        values[key] = (_converted(key, variable.value, kinds[key], detail), detail)
    return values


def _from_flags(flags: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    kinds = PROFILE_KEYS | SETTINGS_KEYS
    values: dict[str, tuple[Any, str]] = {}
    for key, value in flags.items():
        if value is None:
            continue
        if key not in kinds:
            raise TobsError(ErrorCode.USAGE, f"There is no setting {key}{did_you_mean(key, list(kinds)) or '.'}")
        values[key] = (_converted(key, value, kinds[key], key), "")
    return values


def _converted(key: str, value: Any, kind: Any, name: str) -> Any:
    """A value as the key's type wants it; texts are read as a person writes them: yes/no, lists with commas."""
    if key == "targets.chats":
        items = value.split(",") if isinstance(value, str) else value
        return tuple(item if isinstance(item, ChatTarget) else chat_target(item) for item in items if item)
    if isinstance(value, str):
        if get_origin(kind) is tuple:
            value = [item.strip() for item in value.split(",") if item.strip()]
        elif kind is bool:
            value = _YES_NO.get(value.strip().lower(), value.strip().lower())
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        message = plain_words(str(error).split(" - at `")[0], bare)
        raise TobsError(ErrorCode.USAGE, f"{name}: {message}.", field=key) from error


def chat_target(text: str) -> ChatTarget:
    """A chat as a person names it: a marked id becomes a number; @name, link and exact title stay text."""
    text = text.strip()
    digits = text.removeprefix("-")
    return ChatTarget(chat=int(text) if digits.isascii() and digits.isdecimal() else text)


def _place_output(stack: _Stack, paths: Paths, cwd: Path) -> None:
    output = stack.values["output"]
    if not output:
        stack.values["output"] = str(paths.default_output)
        return
    place = str((cwd / expanded(output, "output")).absolute())
    if any("\ud800" <= letter <= "\udfff" for letter in place):  # bytes that Python could not read as text
        raise TobsError(ErrorCode.USAGE, f"output: the folder's name is not UTF-8 text: {place!a}.", field="output")
    stack.values["output"] = place


def _value_at(struct: Any, key: str) -> Any:
    for step in key.split("."):
        struct = getattr(struct, step)
    return struct


def _build(struct: type[Any], values: Mapping[str, Any], prefix: str = "") -> Any:
    """A struct from the values of its dotted keys."""
    made: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        key = f"{prefix}{field.encode_name}"
        nested = isinstance(field.type, type) and issubclass(field.type, Struct)
        made[field.name] = _build(field.type, values, f"{key}.") if nested else values[key]
    return struct(**made)
