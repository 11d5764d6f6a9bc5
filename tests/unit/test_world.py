"""Promises of the sandbox's worlds that need no server to be kept."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.extensions import BinaryReader
from telethon.tl import functions, types
from telethon.tl.tlobject import TLObject

from tests.integration.naive import NaivePager
from tobs_tui.sandbox.manifest import build_manifest, carries_own_file, encode_manifest
from tobs_tui.sandbox.rpc.paging import Selected
from tobs_tui.sandbox.rpc.registry import RpcError
from tobs_tui.sandbox.rpc.upload import check_range
from tobs_tui.sandbox.worlds.bench import RECORD_BYTES, BenchHistory
from tobs_tui.sandbox.worlds.history import Draft, DraftLog
from tobs_tui.sandbox.worlds.loader import UnknownWorld, load_world
from tobs_tui.sandbox.worlds.markup import parse
from tobs_tui.sandbox.worlds.peers import is_channel
from tobs_tui.sandbox.worlds.world import World

_FINGERPRINT = """
import hashlib
from tobs_tui.sandbox.manifest import build_manifest, encode_manifest
from tobs_tui.sandbox.worlds.loader import load_world
world = load_world("demo", seed=7)
digest = hashlib.sha256(encode_manifest(build_manifest(world)))
for key in sorted(world.histories):
    digest.update(world.histories[key].encoded(range(len(world.histories[key].ids))))
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def demo() -> World:
    return load_world("demo")


def _fingerprint(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _FINGERPRINT],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


def test_the_demo_is_the_same_in_every_process() -> None:
    assert _fingerprint("1") == _fingerprint("2")


def test_another_seed_gives_another_world() -> None:
    first, second = load_world("demo", seed=1), load_world("demo", seed=2)
    assert encode_manifest(build_manifest(first)) != encode_manifest(build_manifest(second))


def test_an_unknown_world_is_refused_by_name() -> None:
    with pytest.raises(UnknownWorld, match="mars"):
        load_world("mars")


def test_the_demo_has_about_twenty_thousand_messages_and_a_hundred_media(demo: World) -> None:
    manifest = build_manifest(demo)
    assert 19_000 < sum(len(chat.message_ids) for chat in manifest.chats) < 21_000
    assert 60 <= len(manifest.media) <= 250
    titles = [chat.title for chat in manifest.chats]
    assert titles.count("Book Club") == 2
    assert titles.count("Büro & Küche") == 2
    for chat in manifest.chats:
        assert chat.message_ids == sorted(set(chat.message_ids))
        if chat.topics:
            assert sorted(number for topic in chat.topics for number in topic.message_ids) == chat.message_ids


def test_private_chats_and_basic_groups_share_one_sequence_of_ids(demo: World) -> None:
    ids = [number for key, history in demo.histories.items() if not is_channel(key) for number in history.ids]
    assert len(ids) == len(set(ids))
    assert demo.splits[0][0] == 1
    assert all(low == high + 1 for (_, high), (low, _) in zip(demo.splits, demo.splits[1:], strict=False))


RICH_TEXT = types.TextBold.SUBCLASS_OF_ID


def _kinds(value: object, found: set[str]) -> None:
    if isinstance(value, TLObject):
        found.add(type(value).__name__)
        for inner in vars(value).values():
            _kinds(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _kinds(inner, found)


def test_every_kind_of_entity_medium_and_service_action_is_on_show(demo: World) -> None:
    found: set[str] = set()
    for history in demo.histories.values():
        for position in range(len(history.ids)):
            _kinds(history.whole(position), found)
    for prefix in ("MessageEntity", "MessageMedia", "MessageAction", "PageBlock"):
        known = {name for name in dir(types) if name.startswith(prefix) and name != prefix}
        assert known - found == set()
    texts = {kind.__name__ for kind in vars(types).values() if getattr(kind, "SUBCLASS_OF_ID", 0) == RICH_TEXT}
    assert texts - found == set()


def test_what_is_served_is_what_telethon_would_write(demo: World) -> None:
    for history in demo.histories.values():
        for position in range(0, len(history.ids), 7):
            raw = history.encoded([position])
            assert raw == bytes(history.message(position))
            assert BinaryReader(raw).tgread_object().id == history.ids[position]


def test_the_manifest_counts_exactly_the_messages_that_carry_a_file(demo: World) -> None:
    listed = {(medium.chat_id, medium.message_id) for medium in build_manifest(demo).media}
    for entry in demo.dialogs:
        history = demo.histories[entry.peer]
        for position, message_id in enumerate(history.ids):
            assert carries_own_file(history.message(position)) == ((entry.peer, message_id) in listed)


def test_replies_lead_to_messages_of_the_same_chat(demo: World) -> None:
    for history in demo.histories.values():
        assert isinstance(history, DraftLog)
        ids = set(history.ids)
        assert list(history.dates) == sorted(history.dates)
        for draft in history.drafts:
            assert draft.reply is None or draft.reply.id in ids
            assert draft.thread is None or draft.thread.id in ids


def test_stale_references_are_replaced_by_asking_again(demo: World) -> None:
    world = load_world("demo")
    [first, *_] = world.files.by_id.values()
    before = first.reference()
    world.files.expire_references()
    assert first.reference() != before
    assert first.tl().file_reference == first.reference()


def test_photos_grow_and_their_bytes_match_what_is_announced(demo: World) -> None:
    for file in demo.files.by_id.values():
        if not file.is_photo:
            continue
        tl = file.tl()
        announced = [size for size in tl.sizes if isinstance(size, types.PhotoSize | types.PhotoSizeProgressive)]
        for size in announced:
            content = file.content(size.type)
            assert content is not None and content[:2] == b"\xff\xd8"
            assert len(content) == (size.size if isinstance(size, types.PhotoSize) else size.sizes[-1])
        assert file.length() == max(len(file.content(size.type) or b"") for size in announced)


@st.composite
def _histories(draw: st.DrawFn) -> list[tuple[int, int]]:
    ids = sorted(draw(st.sets(st.integers(1, 400), max_size=150)))
    return [(number, 1_000_000 + number * 60) for number in ids]


@settings(max_examples=300, deadline=None)
@given(
    _histories(),
    st.integers(0, 420),
    st.integers(-130, 60),
    st.integers(0, 130),
    st.integers(0, 400),
    st.integers(0, 400),
    st.booleans(),
)
def test_a_page_is_cut_as_telegram_documents_it(
    messages: list[tuple[int, int]],
    offset_id: int,
    add_offset: int,
    limit: int,
    min_id: int,
    max_id: int,
    by_date: bool,
) -> None:
    log = DraftLog(-5, 1)
    log.fill(Draft(date, 2, id=number) for number, date in messages)
    offset_date = 1_000_000 + offset_id * 60 if by_date else 0
    offset_id = 0 if by_date else offset_id
    request = functions.messages.GetHistoryRequest(
        types.InputPeerEmpty(),
        offset_id,
        datetime.fromtimestamp(offset_date, UTC),
        add_offset,
        limit,
        max_id,
        min_id,
        0,
    )
    _, page = Selected(log, range(len(log.ids))).cut(request)
    expected = NaivePager(messages).page(offset_id, offset_date, add_offset, limit, min_id, max_id)
    assert [log.ids[position] for position in page] == expected


@pytest.mark.parametrize("count", [1, 63, 100, 5_000])
def test_bench_pages_decode_to_the_right_messages(count: int) -> None:
    world = load_world("bench", messages=count)
    [history] = world.histories.values()
    assert isinstance(history, BenchHistory)
    assert len(history.ids) == count
    for newest in {count - 1, count // 2, 0}:
        positions = list(range(newest, max(-1, newest - 100), -1))
        raw = history.encoded(positions)
        assert len(raw) == RECORD_BYTES * len(positions)
        reader = BinaryReader(raw)
        messages = [reader.tgread_object() for _ in positions]
        assert [message.id for message in messages] == [history.ids[position] for position in positions]
        assert [int(message.date.timestamp()) for message in messages] == [history.dates[at] for at in positions]
        assert messages[-1].message == history.message(positions[-1]).message


def test_bench_ids_are_dense_with_a_few_holes() -> None:
    [history] = load_world("bench", messages=10_000).histories.values()
    assert history.ids[0] == 1
    assert 10_000 < history.ids[-1] < 10_300


def test_markup_finds_links_names_and_code() -> None:
    text, entities = parse("👍 see `a_b` and **bold** at https://example.org/x, ask @zoe_lind #maps")
    assert "`" not in text and "**" not in text
    units = text.encode("utf-16-le")
    shown = [units[entity.offset * 2 : (entity.offset + entity.length) * 2].decode("utf-16-le") for entity in entities]
    assert shown == ["a_b", "bold", "https://example.org/x", "@zoe_lind", "#maps"]


@pytest.mark.parametrize(
    ("offset", "limit", "precise", "error"),
    [
        (0, 4096, False, None),
        (1 << 20, 1 << 20, False, None),
        (1024, 1024, True, None),
        (1024, 4096, False, "OFFSET_INVALID"),
        (-4096, 4096, False, "OFFSET_INVALID"),
        (0, 0, False, "LIMIT_INVALID"),
        (0, 3 * 4096, False, "LIMIT_INVALID"),
        (0, 3 * 4096, True, None),
        (0, 2 << 20, False, "LIMIT_INVALID"),
        (4096, 1 << 20, False, "LIMIT_INVALID"),
        (512, 1024, True, "OFFSET_INVALID"),
    ],
)
def test_parts_of_a_file_keep_to_the_rules(offset: int, limit: int, precise: bool, error: str | None) -> None:
    if error is None:
        check_range(offset, limit, precise)
        return
    with pytest.raises(RpcError, match=re.escape(error)):
        check_range(offset, limit, precise)


def test_the_spoken_notes_are_real_ogg_opus_files(demo: World) -> None:
    voices = [file for file in demo.files.by_id.values() if file.mime == "audio/ogg"]
    contents = {hashlib.sha256(file.content() or b"").digest(): file.content() or b"" for file in voices}
    assert len(contents) >= 3
    assert all(content[:4] == b"OggS" and b"OpusHead" in content[:64] for content in contents.values())
