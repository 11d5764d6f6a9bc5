"""A short run of each target, and the inputs that have found something."""

from __future__ import annotations

import asyncio
import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.errors import InvalidBufferError, SecurityError, TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types

from tests.fuzz.frames import ANSWER, EXCHANGE, PACKED_ANSWER, Frames
from tests.fuzz.pages import gzip_packed_stream
from tests.fuzz.profiles import Profiles
from tests.fuzz.runner import run
from tests.fuzz.targets import TARGETS
from tests.unit.telegram_samples import message, page
from tobs_tui.config.toml_bounds import MAX_DEPTH, MAX_KEY, beyond_bounds
from tobs_tui.engine.decode_pool import UNSOUND, PageJob, decode_job, unpack
from tobs_tui.model.messages import decode_message
from tobs_tui.telegram.handshake import Factors
from tobs_tui.telegram.line import Envelope
from tobs_tui.telegram.page import (
    MESSAGE,
    MESSAGES,
    VECTOR,
    PageUnreadable,
    head_of,
    peek_page,
    unpacked,
)
from tobs_tui.telegram.refusals import Refusal
from tobs_tui.telegram.tl_readers import read_by_telethon
from tobs_tui.telegram.unpacking import MAX_UNPACKED, QUOTED, gunzipped
from tobs_tui.telegram.wire import MAX_PACKET, _FullCodec, _ShortCodec

RUNS = {"frames": 120, "pages": 200, "profiles": 120, "control": 250, "desktop": 250}


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_takes_broken_bytes(name: str, home: Path) -> None:
    target = TARGETS[name]()
    report = run(target, target.seeds(), RUNS[name], seed=int.from_bytes(name.encode()[:4], "big"))
    assert report.findings == []
    assert report.accepted + report.refused == RUNS[name]
    assert report.accepted
    assert report.refused


# --- pages ------------------------------------------------------------------------------------------------------------


def rows(raw: bytes) -> list[tuple[int, tuple[str, ...]]]:
    """The ids of a page's rows, and what each does not know."""
    found = unpack(decode_job(PageJob(77, 0, 1, 2**31 - 1, raw, 0)).packed).rows
    return [(row.id, decode_message(row.blob).unknown) for row in found]


def test_a_bomb_is_not_unpacked() -> None:
    raw = gzip_packed_stream(b"", bytes(4), 4 * MAX_UNPACKED)
    assert len(raw) < 100_000
    with pytest.raises(PageUnreadable, match="far too much"):
        unpacked(raw)
    assert head_of(raw).newest_id == -1
    with pytest.raises(PageUnreadable, match="far too large"):
        unpacked(bytes(MAX_UNPACKED + 1))
    assert len(unpacked(gzip_packed_stream(b"", bytes(4), MAX_UNPACKED))) == MAX_UNPACKED
    with pytest.raises(ValueError, match="far too much"):
        read_by_telethon(raw, 0)
    assert len(gunzipped(gzip.compress(bytes(MAX_UNPACKED)))) == MAX_UNPACKED


def test_a_complaint_quotes_a_few_bytes_of_what_cannot_be_read() -> None:
    words = b"the words of a message, " * 10_000
    with pytest.raises(TypeNotFoundError) as caught:
        BinaryReader(struct.pack("<I", 0xDEADBEEF) + words).tgread_object()
    assert len(str(caught.value)) < 200
    assert len(caught.value.remaining) <= QUOTED


@pytest.mark.parametrize(
    "broken", [b"", b"\x1f\x8b", gzip.compress(b"x" * 99, mtime=0)[:-9], gzip.compress(b"x", mtime=0)[:-8] + bytes(8)]
)
def test_a_compressed_page_that_is_broken_is_unreadable(broken: bytes) -> None:
    raw = struct.pack("<IB", 0x3072CFA1, len(broken)) + broken + bytes(8)
    with pytest.raises(PageUnreadable):
        peek_page(raw)
    with pytest.raises(PageUnreadable):
        rows(raw)


def test_what_is_no_message_is_not_taken_for_one() -> None:
    raw = bytes(types.messages.MessagesSlice(1, [types.PeerUser(5)], [], [], []))
    with pytest.raises(PageUnreadable):
        rows(raw)


def test_a_record_with_something_of_another_kind_in_it_costs_one_message_and_no_page() -> None:
    odd = types.MessageFwdHeader(date=None, from_name="x", channel_post=2**31 - 1)
    good = page([message(9), message(8, fwd_from=odd), message(7)])
    header = struct.pack("<I", types.MessageFwdHeader.CONSTRUCTOR_ID)
    at = good.index(header)
    assert [ident for ident, _ in rows(good)] == [7, 8, 9]
    # The forward's header is exchanged for an object of the same length that has none of its fields.
    end = good.index(struct.pack("<I", MESSAGE), at)
    filling = struct.pack("<Ii", 0x1CB5C415, (end - at - 8) // 12) + struct.pack("<Iq", 0x59511722, 5) * (
        (end - at) // 12
    )
    raw = good[:at] + filling[: end - at] + good[end:]
    found = dict(rows(raw))
    assert set(found) >= {7, 9}
    assert found[9] == found[7] == ()
    assert found.get(8, (UNSOUND,)) != ()


def test_looking_for_the_way_back_into_a_page_ends() -> None:
    """Telethon copies all that follows an unknown constructor into its error, twice: 256 tries took seconds and GBs."""
    vectors = struct.pack("<IiI", VECTOR, 1, 0x4F4456D3) * 60_000
    raw = struct.pack("<IIi", MESSAGES, VECTOR, 1) + struct.pack("<Iiii", MESSAGE, 1, 0, 5) + vectors
    with pytest.raises(PageUnreadable):
        rows(raw)


def test_more_messages_than_anybody_asks_for_are_refused() -> None:
    raw = struct.pack("<IIi", MESSAGES, VECTOR, 50_000) + struct.pack("<Iii", 0x90A6CA84, 0, 5) * 50_000
    with pytest.raises(PageUnreadable, match="more messages"):
        rows(raw)


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [-1, 0, 7, 8, 11, MAX_PACKET + 1, 2**31 - 1])
@pytest.mark.parametrize("codec", [_FullCodec, _ShortCodec])
async def test_no_packet_of_an_impossible_length_is_waited_for(codec: type, length: int) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(struct.pack("<iii", length, 1, 2) + bytes(20))  # and more may come
    if codec is _ShortCodec and length in (7, 8, 11):
        assert len(await codec(None).read_packet(reader)) == length
        return
    with pytest.raises((ConnectionError, InvalidBufferError)):
        await codec(None).read_packet(reader)


def taken(data: bytes, tmp_path: Path) -> bool:
    """Whether a line accepts an answer."""
    target = Frames()
    target.open(tmp_path)
    try:
        return target.take(data)
    finally:
        target.close()


@pytest.mark.parametrize("way", [ANSWER, PACKED_ANSWER, EXCHANGE])
@pytest.mark.parametrize("body", [b"", b"\xff" * 3, bytes(4000), struct.pack("<Ii", VECTOR, 2**31 - 1)])
def test_answers_that_are_none_are_errors_that_are_documented(tmp_path: Path, way: int, body: bytes) -> None:
    taken(bytes((way,)) + body, tmp_path)


def test_an_answer_of_an_unknown_kind_is_a_refusal() -> None:
    from telethon.extensions import BinaryReader
    from telethon.tl.functions.help import GetConfigRequest

    request = GetConfigRequest()
    with pytest.raises(Refusal, match="ANSWER_UNREADABLE"):
        Envelope(request, request).read_result(BinaryReader(b"\xde\xad\xbe\xef" * 9))


@pytest.mark.parametrize("number", [-5, 0, 1, 2**63, 2**2048 + 1, 9223372036854775783, 1_000_000_007])
def test_a_number_that_cannot_be_taken_apart_ends_the_key_exchange(number: int) -> None:
    """The first answer of a key exchange is signed by nobody, and Telethon looked for its factors for ever."""
    with pytest.raises(SecurityError):
        Factors.factorize(number)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(2, 2**31 - 1), st.integers(2, 2**31 - 1))
def test_factors_multiply_to_what_they_are_factors_of(one: int, other: int) -> None:
    small, large = Factors.factorize(one * other)
    assert small * large == one * other
    assert 1 < small <= large


# --- profiles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 3000,
        "a = " + "{b = " * 3000,
        ".".join(["a"] * 3000) + " = 1\n" + "[" + ".".join(["a"] * 3000) + "]",
        f"since = {'9' * 5000}",
        "a = 0x" + "f" * 5000,
        "x" * 5_000_000,
        "name = 'x'\x00",
        "[performance]\nwindow = nan",
        "[filters]\nsince = 9999-99-99",
    ],
)
def test_a_profile_that_goes_too_far_is_refused(tmp_path: Path, text: str) -> None:
    target = Profiles()
    target.open(tmp_path)
    assert not target.take(text.encode())


def test_what_people_write_is_within_the_bounds() -> None:
    regex = "filters.text = " + "'" + "(a.b.c.)" * 40 + "[[[" * 40 + "'"
    dots = 'filters.text = "' + "." * 500 + '" # ' + "a." * 500
    for text in (
        regex,
        dots,
        "a.b.c = [[1, [2]], {x.y = '''\n[[[[.......\n'''}]",
        "\n".join(["[[targets.chats]]"] * 5000),
    ):
        assert beyond_bounds(text) == ""
    assert beyond_bounds(".".join(["a"] * (MAX_KEY + 1)) + " = 1")
    assert beyond_bounds("a = " + "[" * (MAX_DEPTH + 1))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet="a.'\"[]{}=#\\\n \t\r1,", max_size=80))
def test_looking_at_any_text_ends_with_an_answer(text: str) -> None:
    assert isinstance(beyond_bounds(text), str)
