"""TOML files to structs and back: mistakes are told with file, line and key; writing is atomic."""

from __future__ import annotations

import datetime
import difflib
import enum
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from tobs_tui.config.toml_bounds import MAX_SIZE, beyond_bounds
from tobs_tui.model.errors import ErrorCode, TobsError

T = TypeVar("T", bound=Struct)

_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_BAD_CHOICE = re.compile(r"Invalid enum value (?P<value>.*)")
_LIMIT = re.compile(r"Expected `(?:int|float)` (?P<sign><=|>=) (?P<bound>-?\d+)(?:\.0)?")
_TYPES = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "datetime": "a date with a time of day",
    "time": "a time of day",
    "null": "nothing",
}


def leaves(struct: type[Struct], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted key, type, default) of every value of a struct, nested structs opened."""
    for field in msgspec.structs.fields(struct):
        key = f"{prefix}{field.encode_name}"
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from leaves(field.type, f"{key}.")
        else:
            yield key, field.type, field.default


def plain_words(message: str, wanted: Any = None) -> str:
    """msgspec's message (without its path) as a person would say it. `wanted` is the value's type, where known."""
    if match := _LIMIT.fullmatch(message):
        return f"must be {'at most' if match['sign'] == '<=' else 'at least'} {match['bound']}"
    if message == "Expected `str` of length >= 1":
        return "must not be empty"
    if match := _BAD_CHOICE.fullmatch(message):
        choices = _choices(wanted)
        return (
            f"{match['value']} is not one of {', '.join(choices)}" if choices else f"{match['value']} is not a choice"
        )
    if match := _TYPES.fullmatch(message):
        wanted_words = " or ".join(_WORDS.get(word, word) for word in match["wanted"].split(" | ") if word != "null")
        return f"must be {wanted_words}, not {_WORDS.get(match['got'], match['got'])}"
    if match := _MISSING.fullmatch(message):
        return f"the key {match['key']} is missing"
    if "encoded date" in message:
        return "is not a date (write 2024-05-31)"
    return message


def _choices(wanted: Any) -> list[str]:
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return [str(member.value) for member in wanted]
    for part in getattr(wanted, "__args__", ()):
        if found := _choices(part):
            return found
    return []


def _type_at(struct: Any, path: list[str]) -> Any:
    """The type of the value at a path of keys (list indices left out), or None."""
    for step in path:
        inner = next((part for part in (struct, *getattr(struct, "__args__", ())) if _is_struct(part)), None)
        field = next((f for f in msgspec.structs.fields(inner) if f.encode_name == step), None) if inner else None
        if field is None:
            return None
        struct = field.type
    return struct


def _is_struct(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, Struct)


def _keys_of(struct: Any) -> list[str]:
    inner = next((part for part in (struct, *getattr(struct, "__args__", ())) if _is_struct(part)), None)
    return [field.encode_name for field in msgspec.structs.fields(inner)] if inner else []


def did_you_mean(word: str, known: list[str]) -> str:
    """'; did you mean X?' where one of `known` is close to `word`, else ''."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def line_of(source: str, path: list[str]) -> int:
    """The line (from 1) where the key at `path` is written, or its nearest ancestor's; 1 when nothing is found."""
    best, best_depth = 1, 0
    table: list[str] = []
    for number, line in enumerate(source.splitlines(), start=1):
        stripped = line.strip()
        if header := re.match(r"\[\[?\s*([^\]]+?)\s*\]\]?", stripped):
            table = [part.strip(" \"'") for part in header[1].split(".")]
            here = table
        elif key := re.match(r"([\w.\"' -]+?)\s*=", stripped):
            here = table + [part.strip(" \"'") for part in key[1].split(".")]
        else:
            continue
        if here == path[: len(here)] and len(here) > best_depth:
            best, best_depth = number, len(here)
    return best


def explain(error: msgspec.ValidationError, struct: type[Struct], source: str, name: str) -> TobsError:
    """A validation error of the TOML text `source` as a `TobsError` naming file, line and key."""
    message = str(error)
    where = _AT.search(message)
    path = [step for step in re.split(r"\.|\[[^\]]*\]\.?", where["path"]) if step] if where else []
    message = message[: where.start()] if where else message
    if unknown := _UNKNOWN.fullmatch(message):
        known = _keys_of(_type_at(struct, path) if path else struct)
        path.append(unknown["key"])
        problem = f"unknown key{did_you_mean(unknown['key'], known)}"
    else:
        problem = plain_words(message, _type_at(struct, path))
        if "must be a table" in problem and "[" in (where["path"] if where else ""):
            problem += f" (begin each with a line [[{'.'.join(path)}]])"
    key = ".".join(path)
    place = f"{name}:{line_of(source, path)}"
    return TobsError(ErrorCode.BAD_PROFILE, f"{place}: {f'{key}: ' if key else ''}{problem}", field=key)


def _not_toml(error: tomllib.TOMLDecodeError, source: str, name: str) -> TobsError:
    """A syntax error as a `TobsError` naming file, line and, where the line has one, the key."""
    rows = source.splitlines()
    found = re.search(r"at line (\d+)", str(error))
    line = int(found[1]) if found else len(rows) or 1
    key = re.match(r"\s*([\w.\"'-]+)\s*=", rows[line - 1]) if line <= len(rows) else None
    named = f"{key[1]}: " if key else ""
    return TobsError(ErrorCode.BAD_PROFILE, f"{name}:{line}: {named}not valid TOML: {str(error).split(' (at')[0]}")


def given_keys(raw: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted keys that a parsed TOML document sets."""
    for key, value in raw.items():
        if isinstance(value, dict):
            yield from given_keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def read_toml(path: Path, struct: type[T]) -> tuple[T, dict[str, Any]]:
    """The file's content as `struct`, and as TOML gave it.

    Raises:
        TobsError: BAD_PROFILE with file, line and key; FileNotFoundError passes through.
    """
    return parse_toml(read_source(path), struct, path.name)


def read_source(path: Path) -> str:
    """The text of a TOML file. Raises as `read_toml` where it cannot be read or is no text."""
    name = path.name
    try:
        with path.open("rb") as file:
            content = file.read(4 * MAX_SIZE + 1)
        if len(content) > 4 * MAX_SIZE:  # not even characters of four bytes each make it a file that is read
            raise TobsError(ErrorCode.BAD_PROFILE, f"{name}: the file is larger than {MAX_SIZE >> 20} MiB.")
        return content.decode().replace("\r\n", "\n").replace("\r", "\n")
    except NotADirectoryError as error:
        raise FileNotFoundError(*error.args) from error
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise TobsError(ErrorCode.BAD_PROFILE, f"{name}: the file is not UTF-8 text.") from error
    except OSError as error:
        raise TobsError(ErrorCode.BAD_PROFILE, f"{name}: the file cannot be read: {error.strerror}.") from error


def parse_toml(source: str, struct: type[T], name: str) -> tuple[T, dict[str, Any]]:
    """A TOML text as `struct`, and as TOML gave it; messages call it `name`.

    Raises:
        TobsError: BAD_PROFILE with file, line and key.
    """
    if problem := beyond_bounds(source):
        raise TobsError(ErrorCode.BAD_PROFILE, f"{name}: {problem}.")
    try:
        raw = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error, source, name) from error
    except ValueError as error:  # a number of thousands of digits
        raise TobsError(ErrorCode.BAD_PROFILE, f"{name}: not valid TOML: {error}.") from error
    try:
        return msgspec.convert(raw, struct), raw
    except msgspec.ValidationError as error:
        raise explain(error, struct, source, name) from error


def _sparse(value: Any) -> Any:
    """`value` without Nones, empty texts, empty tables and empty lists: what a file need not say."""
    if isinstance(value, dict):
        slim = {key: _sparse(inner) for key, inner in value.items() if inner is not None}
        return {key: inner for key, inner in slim.items() if inner not in ("", {}, [])}
    return [_sparse(inner) for inner in value] if isinstance(value, list) else value


def write_toml(path: Path, value: Struct | Mapping[str, Any], *, comment: str = "") -> None:
    """Replace the file at once, 0600; a crash leaves the old content or the new. Empty values are left out.

    Raises:
        TobsError: OUTPUT_NOT_WRITABLE.
    """
    data = _sparse(msgspec.to_builtins(value, builtin_types=(datetime.date,)))
    write_private(path, toml_text(data, comment=comment).encode())


def toml_text(data: Mapping[str, Any], *, comment: str = "") -> str:
    """`data` as TOML, below a comment of one line."""
    import tomli_w

    return (f"# {comment}\n" if comment else "") + tomli_w.dumps(data)


def write_private(path: Path, content: bytes) -> None:
    """Replace a small file at once, readable by its owner only.

    Raises:
        TobsError: OUTPUT_NOT_WRITABLE.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made 0600
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise TobsError(ErrorCode.OUTPUT_NOT_WRITABLE, f"{path} cannot be written: {error.strerror}.") from error
