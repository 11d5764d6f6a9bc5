"""The importer of Telegram Desktop's exports: a `result.json` read to its end, and some carried into a vault."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.mutate import PLAIN, Break, broken
from tobs_tui.archive.records import flat_rows, message_files
from tobs_tui.desktop import actions, media, messages, texts
from tobs_tui.desktop.messages import chat_peer, read_message
from tobs_tui.desktop.stream import read_export
from tobs_tui.engine.decode_pool import pack
from tobs_tui.engine.desktop_import import import_desktop
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Layout

IMPORT_EVERY = 100
"""Every such input is imported into a vault, too."""
_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        2**31,
        -(2**31),
        2**63,
        -(2**64),
        10**40,
        1.5,
        1e308,
        -0.0,
        "",
        "-",
        "²",
        "٣",
        "1" * 19,
        "9" * 25,
    ),
    *(
        "\ud800",
        "\udc00x",
        "\x00",
        "\x1b[2J",
        "\u202eabc",
        "../../etc/passwd",
        "/etc/passwd",
        "a" * 5000,
        "files/\x00x",
    ),
    *(
        [],
        {},
        [[]],
        [{}],
        [None, 1, "x", {"type": "bold", "text": "x"}],
        {"text": 5},
        "user99999999999999999",
        "channel-5",
    ),
    *(
        "2024-05-01T10:00:00",
        "9999-12-31T23:59:59",
        "0001-01-01T00:00:00",
        "(File not included. x)",
        "result.json",
        ".",
    ),
)


def _message(number: int, **fields: Any) -> dict[str, Any]:
    who = {"from": "Ada", "from_id": "user42", "actor": "Ada", "actor_id": "user42"}
    return {
        "id": number,
        "type": "message",
        "date": "2024-05-01T10:00:00",
        "date_unixtime": "1714557600",
        **who,
        **fields,
    }


def _samples() -> list[dict[str, Any]]:
    """Messages of every sort that the importer knows."""
    made = [
        {"text": "plain"},
        {
            "text": [
                "a ",
                {"type": "bold", "text": "b"},
                {"type": "text_link", "text": "c", "href": "https://x.example"},
            ]
        },
        {"text_entities": [{"type": kind, "text": "🦄x", "user_id": 7} for kind in texts._KINDS], "text": ""},
        {"photo": "photos/p.jpg", "width": 9, "height": 9, "photo_file_size": 5},
        *({"file": "files/f.bin", "media_type": kind, "duration_seconds": 3} for kind in media._DOCUMENTS),
        {"file": "(File not included. Change data exporting settings to download.)", "file_name": "a.b"},
        {"contact_information": {"phone_number": "1", "first_name": "a", "last_name": "b"}},
        {"location_information": {"latitude": 1.5, "longitude": 2.5}, "live_location_period_seconds": 3},
        {"place_name": "p", "address": "q", "location_information": {"latitude": 1, "longitude": 2}},
        {"game_title": "g", "game_description": "d"},
        {"invoice_information": {"title": "t", "amount": 5, "currency": "EUR", "receipt_message_id": 3}},
        {"poll": {"question": "q?", "answers": [{"text": "a", "voters": 3, "chosen": True}], "total_voters": 3}},
        {"reply_to_message_id": 3, "reply_to_peer_id": "channel77", "edited": "2024-05-02T10:00:00", "author": "x"},
        {
            "forwarded_from": None,
            "forwarded_from_id": "user5",
            "reactions": [{"type": "emoji", "emoji": "👍", "count": 2}],
        },
        {"inline_bot_buttons": [[{"type": "url", "text": "go", "data": "https://x.example"}]]},
        *({"type": "service", "action": name, "members": ["a", None], "title": "t"} for name in actions._ACTIONS),
        {"type": "service", "action": "unheard_of"},
        {"type": "unsupported"},
    ]
    return [_message(number, **fields) for number, fields in enumerate(made, 1)]


def _exports() -> list[dict[str, Any]]:
    """Small exports of all the forms that there are."""
    samples = _samples()
    kinds = list(messages._KINDS)
    ones = [
        {
            "name": f"Chat {place}",
            "type": kinds[place % len(kinds)],
            "id": 700 + place,
            "messages": samples[place : place + 4],
        }
        for place in range(0, len(samples), 3)
    ]
    some = {"about": "x", "chats": {"about": "", "list": ones[:2]}, "left_chats": {"list": ones[2:4]}}
    return [*ones, some, {**some, "personal_information": {"user_id": 42}, "contacts": {"list": [{"user_id": 1}]}}]


def _exchanged(data: bytearray, rng: Random) -> bytearray:
    """The document taken apart, some of its values exchanged, and written again."""
    try:
        whole = json.loads(bytes(data))
    except (ValueError, RecursionError):  # what happened to it before
        return data
    for _ in range(rng.choice((1, 1, 2, 5))):
        place: Any = whole
        while isinstance(place, dict | list) and place:
            key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if not isinstance(place[key], dict | list) or rng.random() < 0.15:
                place[key] = copy.deepcopy(rng.choice(_VALUES))  # else one could come to lie within itself
                break
            place = place[key]
    return bytearray(json.dumps(whole, ensure_ascii=rng.random() < 0.8).encode("utf-8", "surrogatepass"))


def _deep(data: bytearray, rng: Random) -> bytearray:
    """Something deeply nested, or a number of thousands of digits, where a value begins."""
    places = [at for at, byte in enumerate(data) if byte == ord(":")]
    if places:
        at = rng.choice(places) + 1
        depth = rng.choice((10, 60, 70, 1000, 50_000))
        left, right = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"[[],", b"]")))
        piece = rng.choice(
            (left * depth + b"1" + right * depth + b",", left * depth, b"9" * depth + b",", b"-" + b"9" * 400)
        )
        data[at:at] = piece
    return data


def _escape(data: bytearray, rng: Random) -> bytearray:
    r"""One of the exporter's own escapes, whole or cut, or a bad one."""
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(
        (rb"\x1F", rb"\x1", rb"\x", rb"\u00", rb"\ud800", rb"\\x41", b"\\", rb"\uD83E\uDD84", b"NaN", b"Infinity")
    )
    return data


_WAYS: tuple[Break, ...] = (*PLAIN, _exchanged, _exchanged, _exchanged, _exchanged, _deep, _escape)


class Desktop:
    """Reads each input as the importer does."""

    name = "Desktop importer"

    def seeds(self) -> list[bytes]:
        """Exports of one chat and of several, with every sort of message."""
        return [json.dumps(export).encode() for export in _exports()]

    def open(self, folder: Path) -> None:
        """A folder for the export, with a file that messages name, and one for vaults."""
        self._export, self._vault, self._taken = folder / "export", folder / "vault", 0
        (self._export / "files").mkdir(parents=True)
        (self._export / "files/f.bin").write_bytes(b"content")
        (folder / "secret").write_bytes(b"outside of the export")
        self._file = self._export / "result.json"

    def make(self, seeds: Sequence[bytes], rng: Random) -> bytes:
        """A broken export."""
        return broken(seeds, rng, _WAYS)

    def take(self, data: bytes) -> bool:
        """Read it to the end. Documented: TobsError NOT_AN_EXPORT, and what came before stands."""
        self._file.write_bytes(data)
        self._taken += 1
        accepted = True
        try:
            for chat in read_export(self._file):
                peer = chat_peer(chat.head)
                if peer is not None:
                    before, found = 0, []
                    for fields in chat.messages:
                        one = read_message(fields, peer, before)
                        before = one.message.date
                        found.append(one.message)
                        message_files(one.message)
                    pack(_rows(found))
        except TobsError:
            accepted = False
        if self._taken % IMPORT_EVERY == 1:
            self._import()
        return accepted

    def _import(self) -> None:
        with contextlib.suppress(TobsError):
            import_desktop(self._export, self._vault, Layout(timezone="UTC"))
        if random.Random(self._taken).random() < 0.1:  # a fresh vault now and then
            shutil.rmtree(self._vault, ignore_errors=True)

    def close(self) -> None:
        """Nothing to end."""


def _rows(found: list[Any]) -> Any:
    from tobs_tui.archive.records import PageCommit

    flat, files = flat_rows(found)
    return PageCommit(1, 1, 2, flat=flat, files=files)
