"""Readers that the program writes itself give what Telethon's own give: for every constructor, and for whole pages."""

from __future__ import annotations

import datetime
import random
import struct
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.alltlobjects import tlobjects
from telethon.tl.tlobject import TLObject

from tests.unit.telegram_samples import DATE, document, message, page, photo, sample
from tobs_tui.model.messages import Message
from tobs_tui.sandbox.rpc.paging import answer_page
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.telegram import tl_readers
from tobs_tui.telegram.convert_message import Surroundings, convert_message
from tobs_tui.telegram.convert_peers import convert_peers, convert_topic
from tobs_tui.telegram.decode import DecodedPage, decode_page
from tobs_tui.telegram.page import PageUnreadable, unpacked
from tobs_tui.telegram.page_readers import SeenPeers, readers
from tobs_tui.telegram.tl_layout import BOOL, BYTES, FLAGS, OBJECT, STRING, TRUE, Layout, Unfamiliar, layout_of
from tobs_tui.telegram.tl_readers import Readers

CHAT = 77


class Everything:
    """As the fields that are wanted: all of them."""

    def __contains__(self, _: object) -> bool:
        return True


@cache
def layouts() -> dict[type[Any], Layout]:
    found = {}
    for kind in tlobjects.values():
        if ".types" in kind.__module__ or "patched" in kind.__module__:
            try:
                found[kind] = layout_of(kind)
            except Unfamiliar:
                continue
    return found


def assert_same(mine: Any, theirs: Any, place: str) -> None:
    """Telethon's object and a reader's hold the same, but for dates, which are numbers, and Telethon's own changes."""
    if isinstance(theirs, datetime.datetime):
        assert mine == int(theirs.timestamp()), place
    elif isinstance(theirs, TLObject):
        assert type(mine).__name__ == type(theirs).__name__, place
        for name in mine.__struct_fields__ if hasattr(mine, "__struct_fields__") else ():
            value = getattr(mine, name)
            if type(value).__name__ == "MessageMediaEmpty":
                continue  # Telethon's messages leave it out
            assert_same(value, getattr(theirs, name), f"{place}.{name}")
    elif isinstance(theirs, list):
        assert len(mine) == len(theirs), place
        for number, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            assert_same(one, other, f"{place}[{number}]")
    else:
        assert mine == theirs or (mine != mine and theirs != theirs), place


def tl_bytes(value: bytes) -> bytes:
    head = bytes([len(value)]) if len(value) < 254 else b"\xfe" + len(value).to_bytes(3, "little")
    return head + value + bytes(-(len(head) + len(value)) % 4)


def made_up(kind: type[Any], rng: random.Random, share: float, depth: int = 0) -> bytes:
    """The bytes of an object of a class, with about this share of its optional fields."""
    layout = layouts()[kind]
    words: dict[str, int] = {}
    for step in layout.steps:
        if step.flags and rng.random() < share:
            words[step.flags] = words.get(step.flags, 0) | step.bit
    parts = [struct.pack("<I", kind.CONSTRUCTOR_ID)]
    for step in layout.steps:
        if step.kind == FLAGS:
            parts.append(struct.pack("<I", words.get(step.name, 0)))
        elif step.kind != TRUE and (not step.flags or words.get(step.flags, 0) & step.bit):
            count = rng.randrange(3) if step.vector else 1
            if step.vector:
                parts.append(struct.pack("<Ii", 0x1CB5C415, count))
            shape = PEER if step.kind == OBJECT and step.name.endswith("_id") else step.kind
            parts.extend(_field(shape, rng, share, depth) for _ in range(count))
    return b"".join(parts)


@cache
def kinds_read() -> list[type[Any]]:
    return list(layouts())


PEER = "peer"
"""An object that has to be what its name says: Telethon's messages look at their peers while they are made."""


def _field(kind: str, rng: random.Random, share: float, depth: int) -> bytes:
    if kind == OBJECT:
        inner = rng.choice(kinds_read()) if depth < 2 else types.PeerUser
        return made_up(inner, rng, share if depth < 1 else 0.0, depth + 1)
    if kind == PEER:
        return bytes(rng.choice([types.PeerUser, types.PeerChat, types.PeerChannel])(rng.randrange(1, 1 << 40)))
    if kind == STRING:
        return tl_bytes(rng.choice(["", "words", "🦄 ⴰ", "long " * 60, "x" * 253]).encode())
    if kind == BYTES:
        return tl_bytes(rng.randbytes(rng.choice([0, 1, 2, 3, 254, 255])))
    if kind == BOOL:
        return struct.pack("<I", rng.choice([0x997275B5, 0xBC799737]))
    return struct.pack(f"<{kind}", rng.randrange(1, 1 << 31))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("variants", [512, 0], ids=["straight code", "code that looks at the flags"])
def test_objects_of_every_constructor_are_read_as_telethon_reads_them(
    share: float, variants: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tl_readers, "MAX_VARIANTS", variants)
    own = Readers(Everything(), {}, {})  # type: ignore[arg-type]
    rng = random.Random(f"{share}")
    for kind in kinds_read():
        raw = made_up(kind, rng, share) + b"tail"
        reader = BinaryReader(raw)
        theirs = reader.tgread_object()
        mine, end = own.read(raw, 0)
        assert end == reader.tell_position() == len(raw) - 4, kind
        assert_same(mine, theirs, kind.__name__)


def test_hardly_any_class_has_a_reader_of_unusual_form() -> None:
    kinds = [kind for kind in tlobjects.values() if ".types" in kind.__module__]
    assert len(layouts()) > 0.98 * len(kinds)


def test_a_class_whose_reader_is_of_unusual_form_is_left_to_telethon() -> None:
    raw = bytes(types.ResPQ(nonce=3, server_nonce=4, pq=b"12345678", server_public_key_fingerprints=[7]))
    with pytest.raises(Unfamiliar):
        layout_of(types.ResPQ)
    value, end = readers().read(raw, 0)
    assert (type(value), value.nonce, end) == (types.ResPQ, 3, len(raw))


def test_an_unknown_constructor_is_reported_as_telethon_reports_it() -> None:
    with pytest.raises(TypeNotFoundError, match="efbeadde"):
        readers().read(b"\xde\xad\xbe\xef" + bytes(20), 0)


def test_a_class_that_lacks_what_a_shortcut_needs_is_read_without_the_shortcut() -> None:
    shortcuts = Readers({"user_id"}, {"PeerUser": lambda _: "_user_number"}, {})
    value, _ = shortcuts.read(bytes(types.PeerUser(8)), 0)
    assert (type(value).__name__, value.user_id) == ("PeerUser", 8)


def slowly_decoded(raw: bytes, chat: int, self_id: int) -> DecodedPage:
    """A page as Telethon's reader and the converters of its objects give it."""
    answer = BinaryReader(unpacked(raw)).tgread_object()
    forum = any(getattr(each, "forum", False) and -1_000_000_000_000 - each.id == chat for each in answer.chats)
    own = self_id or next((user.id for user in answer.users if getattr(user, "is_self", False)), 0)
    around = Surroundings(chat, forum, own if chat > 0 else 0)
    found = [convert_message(each, around) for each in answer.messages if not isinstance(each, types.MessageEmpty)]
    topics = [topic for each in answer.topics if (topic := convert_topic(each)) is not None]
    found.sort(key=lambda each: each.id)
    unknown = sum(1 for each in found if each.unknown)
    return DecodedPage(found, convert_peers(answer.users, answer.chats), topics, unknown)


@pytest.mark.parametrize("prefix", ["MessageAction", "MessageMedia", "MessageEntity"])
def test_what_messages_carry_is_kept_as_far_as_the_converters_ask_for_it(prefix: str) -> None:
    kinds = [kind for name, kind in vars(types).items() if name.startswith(prefix) and isinstance(kind, type)]
    for kind in kinds:
        if prefix == "MessageAction":
            one = types.MessageService(5, types.PeerUser(77), DATE, action=sample(kind), from_id=types.PeerUser(78))
        elif prefix == "MessageMedia":
            one = message(5, media=sample(kind))
        else:
            one = message(5, entities=[sample(kind)])
        raw = page([one])
        assert decode_page(raw, CHAT) == slowly_decoded(raw, CHAT, 0)


def pages_of(name: str, **options: Any) -> Iterator[tuple[int, bytes]]:
    world = load_world(name, **options)
    call: Any = SimpleNamespace(world=world)
    for key, history in world.histories.items():
        total = len(history.ids)
        for newest in range(total - 1, -1, -100):
            positions = range(newest, max(-1, newest - 100), -1)
            answer = answer_page(call, key, history, positions, count=total + 1, offset=total - 1 - newest)
            yield key, getattr(answer, "raw", answer)


@pytest.mark.parametrize("variants", [512, 3], ids=["straight code", "code that looks at the flags"])
def test_every_page_of_the_demo_gives_the_records_that_telethons_reader_gives(
    variants: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tl_readers, "MAX_VARIANTS", variants)
    readers.cache_clear()
    for chat, raw in pages_of("demo"):
        assert decode_page(raw, chat, 42) == slowly_decoded(raw, chat, 42)
    readers.cache_clear()


def test_pages_of_the_benchmark_give_the_records_that_telethons_reader_gives() -> None:
    for chat, raw in pages_of("bench", messages=1_000):
        assert decode_page(raw, chat) == slowly_decoded(raw, chat, 0)


def test_messages_are_made_without_a_tl_object_in_between() -> None:
    raw = bytes(message(5, entities=[types.MessageEntityBold(0, 2)], reply_to=types.MessageReplyHeader()))
    value, end = readers().read(raw, 0, Surroundings(CHAT))
    assert (type(value), value.id, value.text, end) == (Message, 5, "hello", len(raw))


def test_a_page_that_is_cut_off_anywhere_is_refused_or_keeps_what_is_whole() -> None:
    media = types.MessageMediaPhoto(photo=photo())
    raw = page(
        [message(9, "x" * 300), message(8, media=media), message(7, media=types.MessageMediaDocument(document()))],
        users=[types.User(77, first_name="Ada")],
    )
    whole = decode_page(raw, CHAT).messages
    for cut in range(0, len(raw), 5):
        try:
            found = decode_page(raw[:cut], CHAT).messages
        except PageUnreadable:
            continue
        assert all(each.unknown or each in whole for each in found)


def test_a_user_who_has_changed_since_the_last_page_is_read_anew() -> None:
    seen = SeenPeers()
    names = []
    for name in ("Ada", "Ada", "Ada L.", "Ada"):
        raw = b"pad." + bytes(types.User(77, first_name=name)) + b"tail"
        known, end = seen.read(raw, 4)
        assert (end, known.peer and known.peer.title) == (len(raw) - 4, name)
        names.append(known)
    assert names[0] is names[1]


def test_what_a_chat_was_in_the_last_page_is_only_a_guess() -> None:
    def forum(is_one: bool) -> Any:
        return types.Channel(5, "Forum", types.ChatPhotoEmpty(), None, megagroup=True, forum=is_one)

    chat = -1_000_000_000_005
    for is_one in (False, True, True, False):
        result = decode_page(page([message(30)], chats=[forum(is_one)]), chat)
        assert [each.topic for each in result.messages] == [int(is_one)]
    for own in (42, 43):
        result = decode_page(page([message(6, out=True)], users=[types.User(own, is_self=True)]), CHAT)
        assert [each.sender for each in result.messages] == [own]
