"""Sealed blobs: they open with their passphrase, with nothing else, and not when a single byte is another one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.config.sealing import MAGIC, Cost, Header, Holder, Seal, holder_of, is_sealed
from tobs_tui.model.errors import ErrorCode, TobsError

CHEAP = Cost(n=16, r=1, p=1)
PASSPHRASE = "correct horse battery"
SECRET = bytes(range(256)) * 4
SEAL = Seal.new(PASSPHRASE, cost=CHEAP)
BLOB = SEAL.seal(SECRET)


def refused(blob: bytes, passphrase: str = PASSPHRASE) -> ErrorCode:
    """The code with which a blob is not opened."""
    with pytest.raises(TobsError) as caught:
        Seal.of(blob, passphrase).open(blob)
    return caught.value.code


def test_what_is_sealed_comes_back_with_its_passphrase_and_cannot_be_seen_without() -> None:
    assert Seal.of(BLOB, PASSPHRASE).open(BLOB) == SECRET
    assert (is_sealed(BLOB), is_sealed(SECRET), holder_of(BLOB)) == (True, False, Holder.PERSON)
    assert not any(SECRET[at : at + 8] in BLOB for at in range(len(SECRET) - 8))
    assert PASSPHRASE.encode() not in BLOB
    assert PASSPHRASE not in repr(SEAL)


def test_another_passphrase_is_told_from_a_damaged_file() -> None:
    assert refused(BLOB, "correct horse batter") is ErrorCode.PASSPHRASE_WRONG
    assert refused(BLOB[:-1]) is ErrorCode.SESSION_ENDED
    assert refused(BLOB[:40]) is ErrorCode.SESSION_ENDED
    assert refused(MAGIC) is ErrorCode.SESSION_ENDED
    assert refused(b"\x80") is ErrorCode.SESSION_ENDED


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, len(BLOB) - 1), st.integers(1, 255))
def test_a_flipped_byte_anywhere_keeps_it_shut(at: int, flip: int) -> None:
    damaged = BLOB[:at] + bytes([BLOB[at] ^ flip]) + BLOB[at + 1 :]
    assert refused(damaged) in (ErrorCode.PASSPHRASE_WRONG, ErrorCode.SESSION_ENDED)


def test_each_sealing_and_each_passphrase_has_randomness_of_its_own() -> None:
    assert SEAL.seal(SECRET) != BLOB
    other = Seal.new(PASSPHRASE, cost=CHEAP)
    with pytest.raises(TobsError):
        other.open(BLOB)


@pytest.mark.parametrize("cost", [Cost(n=2**40), Cost(n=2**17, r=2**20), Cost(n=3), Cost(p=1000), Cost(n=0)])
def test_a_header_cannot_make_this_machine_run_out_of_memory_or_time(cost: Cost) -> None:
    header = msgspec.msgpack.encode(Header(Holder.PERSON, cost, b"s" * 16, b"c" * 32))
    blob = MAGIC + len(header).to_bytes(2, "big") + header + b"n" * 40
    assert refused(blob) is ErrorCode.SESSION_ENDED


def test_letters_are_the_same_however_they_were_typed() -> None:
    blob = Seal.new("Zoe\u0301 und Zo\u00eb", cost=CHEAP).seal(b"x")
    assert Seal.of(blob, "Zo\u00e9 und Zoe\u0308").open(blob) == b"x"


def test_a_passphrase_has_a_length_that_makes_sense_and_costs_what_the_books_say() -> None:
    for bad in ("", "seven77", "x" * 1025):
        with pytest.raises(TobsError) as caught:
            Seal.new(bad, cost=CHEAP)
        assert (caught.value.code, caught.value.field) == (ErrorCode.PASSPHRASE_WRONG, "passphrase")
    assert Cost() == Cost(n=2**17, r=8, p=1)
