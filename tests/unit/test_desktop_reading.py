"""What the reader of Telegram Desktop's JSON exports promises: every message, bounded memory, no trust in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tobs_tui.desktop.messages import DesktopMessage, chat_peer, read_message
from tobs_tui.desktop.stream import _Repaired, read_export, result_file
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.media import Contact, Document, DocumentKind, Geo, Photo, Poll, Venue
from tobs_tui.model.messages import ActionKind
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.text import Entity, EntityKind

GROUP = {"name": "Hiking", "type": "private_supergroup", "id": 1234567890}


def message(number: int, **fields: Any) -> dict[str, Any]:
    """A message as Telegram Desktop writes it."""
    return {
        "id": number,
        "type": "message",
        "date": "2024-05-01T10:00:00",
        "date_unixtime": "1714557600",
        "from": "Ada",
        "from_id": "user42",
        "text": "",
        "text_entities": [],
        **fields,
    }


def written(tmp_path: Path, document: object) -> Path:
    """A result.json that holds `document`."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def chat() -> Peer:
    """The chat of `GROUP`."""
    peer = chat_peer(GROUP)
    assert peer is not None
    return peer


def read(**fields: Any) -> DesktopMessage:
    """One message of the group, read."""
    return read_message(message(7, **fields), chat(), 0)


def test_an_export_of_one_chat_gives_its_head_and_all_its_messages(tmp_path: Path) -> None:
    path = written(tmp_path, {**GROUP, "messages": [message(1), message(2)]})
    found = [(export.head, [fields["id"] for fields in export.messages]) for export in read_export(path)]
    assert found == [(GROUP, [1, 2])]


def test_an_export_of_everything_gives_the_chats_of_both_lists(tmp_path: Path) -> None:
    lists = {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": 42, "first_name": "Ada"},
        "contacts": {"about": "", "list": [{"user_id": 1}]},
        "chats": {"about": "chats", "list": [{**GROUP, "messages": [message(1)]}, {**GROUP, "id": 5, "messages": []}]},
        "left_chats": {"about": "left", "list": [{**GROUP, "id": 6, "messages": [message(9)]}]},
    }
    found = [
        (export.head["id"], [m["id"] for m in export.messages]) for export in read_export(written(tmp_path, lists))
    ]
    assert found == [(1234567890, [1]), (5, []), (6, [9])]


def test_messages_that_nobody_reads_do_not_hide_the_chats_behind_them(tmp_path: Path) -> None:
    lists = {"chats": {"list": [{**GROUP, "id": ident, "messages": [message(1), message(2)]} for ident in (5, 6, 7)]}}
    assert [export.head["id"] for export in read_export(written(tmp_path, lists))] == [5, 6, 7]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 4096])
def test_the_exporters_own_escapes_of_control_characters_are_understood(tmp_path: Path, size: int) -> None:
    raw = rb'{"name": "a\x1Fb \\x41 \\\x0A \"", "type": "bot_chat", "id": 5, "messages": []}'
    path = tmp_path / "result.json"
    path.write_bytes(raw)
    with path.open("rb") as source:
        repaired = _Repaired(source)
        text = b"".join(iter(lambda: repaired.read(size), b""))
    assert json.loads(text)["name"] == 'a\x1fb \\x41 \\\n "'
    assert next(read_export(path)).head["name"] == 'a\x1fb \\x41 \\\n "'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"nonsense",
        b"\xff\xfe",
        b'{"messages": [{}]}',
        b'{"id": 1, "type": "x", "messages": 5}',
        b'{"id": 1, "type": "x", "messages": [{"id": 1',
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_a_file_that_is_no_whole_export_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(TobsError) as refused:
        for export in read_export(path):
            list(export.messages)
    assert refused.value.code is ErrorCode.NOT_AN_EXPORT
    assert refused.value.way_on


def test_a_folder_without_a_result_is_refused_with_a_way_on(tmp_path: Path) -> None:
    with pytest.raises(TobsError, match="Machine-readable JSON"):
        result_file(tmp_path)


@pytest.mark.parametrize(
    ("head", "ident", "kind"),
    [
        ({"type": "personal_chat", "id": 42, "name": "Ada"}, 42, PeerKind.USER),
        ({"type": "bot_chat", "id": 43, "name": "Bot"}, 43, PeerKind.BOT),
        ({"type": "saved_messages", "id": 44}, 44, PeerKind.SAVED),
        ({"type": "private_group", "id": 45, "name": "G"}, -45, PeerKind.GROUP),
        ({"type": "private_group", "id": (1 << 32) + 45, "name": "G"}, -45, PeerKind.GROUP),
        ({"type": "public_supergroup", "id": 46, "name": "S"}, -1_000_000_000_046, PeerKind.SUPERGROUP),
        ({"type": "private_channel", "id": (2 << 32) + 46, "name": "C"}, -1_000_000_000_046, PeerKind.CHANNEL),
    ],
)
def test_a_chats_type_and_id_name_the_peer_that_telegram_knows(
    head: dict[str, Any], ident: int, kind: PeerKind
) -> None:
    peer = chat_peer(head)
    assert peer is not None
    assert (peer.id, peer.kind) == (ident, kind)


def test_text_pieces_become_one_text_with_entities_in_utf16_units() -> None:
    pieces = [
        {"type": "plain", "text": "😀 "},
        {"type": "bold", "text": "bold"},
        {"type": "text_link", "text": "here", "href": "https://example.org"},
        {"type": "mention_name", "text": "Bob", "user_id": 9},
        {"type": "pre", "text": "x=1", "language": "python"},
        {"type": "custom_emoji", "text": "👍", "document_id": "stickers/1.webp"},
        {"type": "blockquote", "text": "q", "collapsed": True},
        {"type": "never seen", "text": "!"},
    ]
    found = read(text_entities=pieces, text="ignored").message
    assert found.text == "😀 boldhereBobx=1👍q!"
    assert found.entities == (
        Entity(EntityKind.BOLD, 3, 4),
        Entity(EntityKind.TEXT_URL, 7, 4, "https://example.org"),
        Entity(EntityKind.MENTION_NAME, 11, 3, number=9),
        Entity(EntityKind.PRE, 14, 3, "python"),
        Entity(EntityKind.CUSTOM_EMOJI, 17, 2),
        Entity(EntityKind.BLOCKQUOTE, 19, 1, flag=True),
    )


def test_texts_of_older_exports_are_read_from_their_one_field() -> None:
    assert read(text="plain", text_entities=[]).message.text == "plain"
    mixed = read(text=["see ", {"type": "link", "text": "example.org"}], text_entities=None).message
    assert (mixed.text, mixed.entities) == ("see example.org", (Entity(EntityKind.URL, 4, 11),))


def test_media_keep_their_figures_and_say_where_their_file_lies() -> None:
    photo = read(photo="photos/photo_1.jpg", width=640, height=480, photo_file_size=99)
    assert isinstance(photo.message.media, Photo)
    assert (photo.message.media.width, photo.file and photo.file.path) == (640, "photos/photo_1.jpg")
    voice = read(file="voice_messages/a.ogg", media_type="voice_message", mime_type="audio/ogg", duration_seconds=3)
    assert isinstance(voice.message.media, Document)
    assert (voice.message.media.type, voice.message.media.duration) == (DocumentKind.VOICE, 3.0)
    left = read(file="(File not included. Change data exporting settings to download.)", file_name="thesis.pdf")
    assert left.file is not None
    assert (left.file.path, bool(left.file.missing)) == ("", True)
    assert isinstance(left.message.media, Document)
    assert left.message.media.file is not None
    assert left.message.media.file.name == "thesis.pdf"


def test_no_two_files_of_an_export_are_taken_for_one() -> None:
    idents = set()
    for number in range(1, 200):
        found = read_message(message(number, photo=f"photos/{number}.jpg"), chat(), 0).message.media
        assert isinstance(found, Photo)
        assert found.file is not None
        idents.add(found.file.id)
    assert len(idents) == 199


def test_media_without_files_are_read() -> None:
    assert read(location_information={"latitude": 1.5, "longitude": 2.5}).message.media == Geo(1.5, 2.5)
    venue = read(place_name="Café", address="Main St", location_information={"latitude": 1.5, "longitude": 2.5})
    assert venue.message.media == Venue(1.5, 2.5, "Café", "Main St")
    contact = read(contact_information={"first_name": "Bob", "last_name": "", "phone_number": "+1 555"})
    assert contact.message.media == Contact(phone="+1 555", first_name="Bob")
    poll = read(poll={"question": "Tea?", "closed": True, "total_voters": 3, "answers": [{"text": "yes", "voters": 3}]})
    assert isinstance(poll.message.media, Poll)
    assert (poll.message.media.question.text, poll.message.media.options[0].votes) == ("Tea?", 3)


def test_service_messages_name_the_people_they_tell_of() -> None:
    fields = {
        "type": "service",
        "actor": "Ada",
        "actor_id": "user42",
        "action": "invite_members",
        "members": ["Bob", None],
    }
    action = read(**fields).message.action
    assert action is not None
    assert (action.kind, action.text) == (ActionKind.CustomAction, "Ada added Bob, Deleted Account")
    strange = read(**{**fields, "action": "teleport"}).message.action
    assert strange is not None
    assert (strange.kind, strange.extra) == (ActionKind.UNKNOWN, "teleport")


def test_messages_from_before_a_migration_are_told_apart_and_keep_their_ids() -> None:
    found = read_message(message(-999_999_990, reply_to_message_id=-999_999_995), chat(), 0)
    assert (found.old_half, found.message.id) == (True, 10)
    assert found.message.reply is not None
    assert found.message.reply.message_id == 5


def test_a_message_that_telegram_desktop_could_not_write_stays_visible() -> None:
    found = read_message({"id": 3, "type": "unsupported"}, chat(), 1_714_557_600)
    assert (found.message.id, found.message.date) == (3, 1_714_557_600)
    assert found.message.unknown


@pytest.mark.parametrize(
    "odd",
    [
        {"text": {"a": 1}, "text_entities": 7},
        {"from_id": "user", "from": 5},
        {"reactions": ["x", {"count": "many"}], "inline_bot_buttons": [5, [None, {"text": 3}]]},
        {"poll": {"answers": ["yes", {"text": 5}]}},
        {"date_unixtime": "later", "date": "yesterday"},
        {"location_information": None, "photo": 5, "file": []},
        {"reply_to_message_id": "9" * 40, "width": 1e300},
    ],
)
def test_odd_values_never_trip_the_reader(odd: dict[str, Any]) -> None:
    assert read(**odd).message.id == 7
