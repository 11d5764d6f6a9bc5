"""A note's messages as JSON lines: the archive's records for programs, with names, times and file paths filled in.

The first line says what the file holds: `type` "note", `version`, chat, topic, period, time zone. Each line after it is
a message: `type` "message", `time` (ISO 8601 in the note's zone), `sender_name`, then the fields of
`tobs_tui.model.messages.Message` under their names, those with their default value left out. Offsets of entities count
UTF-16 code units, as Telegram's do; ids of documents and albums have up to 64 bits. `files` has, in order, the files of
the media and of a service message's picture, each with `path` (from the note's folder, as a URL) or `missing` (why
there is none). Of those that are there, `variant` is the path of what the file was transcoded to, `facts` are what a
look into it has found out (`tobs_tui.model.jobs.MediaFacts`, `waveform` in base64), and `transcript` is what is said in
it (`tobs_tui.model.transcript.Transcript`; `said` is a list of [start, end, text]). What only this account could use to
ask Telegram for a file is left out.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import msgspec

from tobs_tui.model.media import File
from tobs_tui.model.messages import Message, extra_files, main_files, may_carry_files
from tobs_tui.model.peers import PeerKind
from tobs_tui.render.chars import clean_line
from tobs_tui.render.scene import Scene

VERSION = 1
"""Version of the lines' form. New fields don't change it; other meanings of old ones do."""

_encode = msgspec.json.Encoder().encode
_PRIVATE = frozenset({"access_hash", "reference", "dc"})
_BREAKS = {ord(char): f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}  # some readers end lines at these


def jsonl_head(
    *, chat: str, chat_id: int, kind: PeerKind, topic: str, topic_id: int, period: str, zone: str, shown: str
) -> str:
    """The first line of a file: only facts that never change, as in a note's front matter."""
    facts: dict[str, Any] = {"type": "note", "version": VERSION, "chat": clean_line(chat), "chat_id": chat_id}
    facts["kind"] = kind.value
    if topic_id:
        facts |= {"topic": clean_line(topic), "topic_id": topic_id}
    facts |= {"period": period, "timezone": zone}
    if shown:
        facts["shown"] = clean_line(shown)
    return _line(_encode(facts))


class JsonlRenderer:
    """Renders messages in the order of their notes, one line each. One renderer is for one scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def chunk(self, messages: Iterable[Message], before: Message | None = None) -> str:
        """The lines of `messages`, ready to be written behind what the note holds so far."""
        return "".join([self._message(message) for message in messages])

    def _message(self, message: Message) -> str:
        scene = self._scene
        head = {
            "type": "message",
            "time": datetime.datetime.fromtimestamp(message.date, scene.zone).isoformat(),
            "sender_name": scene.name(message.sender) if message.sender else scene.title,
        }
        plain = not may_carry_files(message) or (message.action is not None and message.action.photo is None)
        if plain and message.rich is None:
            return _line(_encode(head)[:-1] + b"," + _encode(message)[1:])
        record = _public(msgspec.to_builtins(message))
        main = main_files(message)
        files = [self._file(message, *one) for one in enumerate(main)]
        for index, (_, file) in enumerate(extra_files(message), len(main)):
            if link := self._scene.file(message, index, file).address:  # those that nobody asked for are not missing
                files.append({"path": link})
        return _line(_encode(head | record | ({"files": files} if files else {})))

    def _file(self, message: Message, index: int, file: File) -> dict[str, Any]:
        link = self._scene.file(message, index, file)
        if not link.address:
            return {"missing": link.problem}
        more = {"variant": link.variant} if link.variant else {}
        if link.facts is not None and (facts := msgspec.to_builtins(link.facts)):
            more["facts"] = facts
        if link.transcript is not None:
            more["transcript"] = msgspec.to_builtins(link.transcript)
        return {"path": link.address, **more}


def _line(encoded: bytes) -> str:
    return encoded.decode().translate(_BREAKS) + "\n"


def _public(value: Any) -> Any:
    """Built-in values without what only this account can use."""
    if isinstance(value, dict):
        return {key: _public(one) for key, one in value.items() if key not in _PRIVATE}
    if isinstance(value, list | tuple):
        return [_public(one) for one in value]
    return value
