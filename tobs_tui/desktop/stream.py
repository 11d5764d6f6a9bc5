r"""Streams a `result.json` of Telegram Desktop: its chats and their messages as plain objects, in bounded memory.

The format is that of Telegram Desktop's own writer (Telegram/SourceFiles/export/output/export_output_json.cpp): one
chat is the document itself, several lie in ``chats.list`` and ``left_chats.list``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from tobs_tui.desktop.fields import text_field
from tobs_tui.model.display import clean, plural
from tobs_tui.model.errors import ErrorCode, TobsError

RESULT_NAME = "result.json"
MAX_DEPTH = 64
"""Levels of nesting that are followed; the exporter's own stay below ten."""

_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_BEGUN = re.compile(rb"(?<!\\)(?:\\\\)*(\\(?:x[0-9A-Fa-f]?)?)\Z")
"""An escape that the end of a piece cuts short."""

_Event = tuple[str, Any]
_Events = Iterator[_Event]
Fields = dict[str, Any]
"""A JSON object of the export: a message, or the head of a chat."""


class _OtherFormatError(Exception):
    """JSON that no Telegram Desktop wrote; the text says what is odd about it."""


class DesktopChat(Struct, frozen=True):
    """A chat of an export: its head (name, type and id as the file has them), and its messages, to be read once."""

    head: Fields
    messages: Iterator[Fields]


class _Repaired:
    r"""A byte stream with the exporter's ``\x1F`` escapes, which are not JSON, as ``\u001F``."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._kept = b""
        self.taken = 0  # bytes of the source so far

    def read(self, size: int) -> bytes:
        """The next bytes, a few more than `size` where escapes grow; b'' at the end."""
        if size == 0:  # how the parser asks whether it is given bytes
            return b""
        while True:
            data = self._source.read(size)
            self.taken += len(data)
            text, self._kept = self._kept + data, b""
            if data and text.rfind(b"\\") >= len(text) - 3 and (begun := _BEGUN.search(text)):
                text, self._kept = text[: begun.start(1)], text[begun.start(1) :]
            if text or not data:
                return _ESCAPE.sub(_repair, text) if b"\\x" in text else text


def _repair(found: re.Match[bytes]) -> bytes:
    digits = found.group(1)
    return found.group() if digits is None else b"\\u00" + digits


def result_file(folder: Path) -> Path:
    """The `result.json` of an export, given its folder or itself. Raises TobsError NOT_AN_EXPORT when there is none."""
    path = folder / RESULT_NAME if folder.is_dir() else folder
    if path.is_file():
        return path
    raise TobsError(
        ErrorCode.NOT_AN_EXPORT,
        f"There is no {RESULT_NAME} in {folder}.",
        "Give the folder that Telegram Desktop exported to, in its “Machine-readable JSON” format.",
    )


class _Reading:
    """How far a file has been read, for saying where it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source: _Repaired | None = None
        self.chat = ""
        self.messages = 0

    def counted(self, chat: DesktopChat) -> Iterator[Fields]:
        """The messages of a chat, counted, with what can be wrong with them told."""
        self.chat, self.messages = text_field(chat.head, "name") or text_field(chat.head, "type"), 0
        with _told(self):
            for message in chat.messages:
                self.messages += 1
                yield message
        self.chat = ""

    @property
    def place(self) -> str:
        """Where the reader stands, in words."""
        where = f"in “{clean(self.chat, 60)}”, behind {plural(self.messages, 'message')}, " if self.chat else ""
        return f"{where}before byte {self.source.taken if self.source is not None else 0}"


def read_export(path: Path) -> Iterator[DesktopChat]:
    """The chats of an export, one after the other; messages left unread are passed over.

    Raises TobsError NOT_AN_EXPORT for a file that is no such export, is cut short or damaged; what came before stands.
    """
    import ijson  # who imports nothing does without it

    reading = _Reading(path)
    with _told(reading), path.open("rb") as file:
        reading.source = _Repaired(file)
        for chat in _document(ijson.basic_parse(reading.source, use_float=True)):
            yield DesktopChat(chat.head, reading.counted(chat))


@contextlib.contextmanager
def _told(reading: _Reading) -> Iterator[None]:
    """Turn what can be wrong with the file into the error that a person is told."""
    import ijson

    try:
        yield
    except (ijson.JSONError, _OtherFormatError, UnicodeDecodeError) as error:
        raise _unreadable(reading, str(error)) from error
    except OSError as error:
        raise _unreadable(reading, error.strerror or str(error)) from error


def _unreadable(reading: _Reading, reason: str) -> TobsError:
    told = reason.splitlines()[0] if reason else "it ends too early"
    return TobsError(
        ErrorCode.NOT_AN_EXPORT,
        f"{reading.path} cannot be read as an export of Telegram Desktop: {told} ({reading.place}).",
        "What came before that point is kept. Export once more with Telegram Desktop, and import that folder.",
    )


def _document(events: _Events) -> Iterator[DesktopChat]:
    """The chats of a document: itself, when it has messages, and those of its lists."""
    _expect(events, "start_map", "an object")
    head: Fields = {}
    for key in _keys(events):
        if key == "messages":
            yield from _chat(head, events)
        elif key in ("chats", "left_chats"):
            _expect(events, "start_map", f"an object in “{key}”")
            yield from _listed(events)
        else:
            head[key] = _value(events)


def _listed(events: _Events) -> Iterator[DesktopChat]:
    """The chats below ``{"about": ..., "list": [...]}``, whose beginning is read."""
    for key in _keys(events):
        if key != "list":
            _value(events)
            continue
        _expect(events, "start_array", "a list of chats")
        while _expect(events, "start_map", "a chat", or_else="end_array"):
            head: Fields = {}
            for name in _keys(events):
                if name == "messages":
                    yield from _chat(head, events)
                else:
                    head[name] = _value(events)


def _chat(head: Fields, events: _Events) -> Iterator[DesktopChat]:
    """The one chat whose messages follow. Its head comes first in what Telegram Desktop writes."""
    if "id" not in head or "type" not in head:
        raise _OtherFormatError("a chat's messages come before its id and type")
    messages = _messages(events)
    yield DesktopChat(head, messages)
    for _ in messages:  # the next chat begins where these end
        pass


def _messages(events: _Events) -> Iterator[Fields]:
    _expect(events, "start_array", "a list of messages")
    while _expect(events, "start_map", "a message", or_else="end_array"):
        yield {key: _value(events) for key in _keys(events)}


def _keys(events: _Events) -> Iterator[str]:
    """The keys of an object whose beginning is read; the value of each is to be read before the next is asked for."""
    for event, value in events:
        if event == "end_map":
            return
        yield value


def _value(events: _Events, depth: int = 0) -> Any:
    """The value that comes next."""
    event, value = next(events)
    return _of(events, event, value, depth)


def _of(events: _Events, event: str, value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise _OtherFormatError("it is nested too deeply")
    if event == "start_map":
        return {key: _value(events, depth + 1) for key in _keys(events)}
    if event == "start_array":
        items: list[Any] = []
        for inner, content in events:
            if inner == "end_array":
                break
            items.append(_of(events, inner, content, depth + 1))
        return items
    return value


def _expect(events: _Events, event: str, what: str, or_else: str = "") -> bool:
    """Read on: True for `event`, False for `or_else`; anything else is not what Telegram Desktop writes."""
    found = next(events)[0]
    if found not in (event, or_else):
        raise _OtherFormatError(f"{what} is missing")
    return bool(found == event)
