"""The sandbox's transports: any framing, cut anywhere, gives back the packets that were put in."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tobs_tui.sandbox.wire.transports import (
    AbridgedCodec,
    FullCodec,
    IntermediateCodec,
    PaddedIntermediateCodec,
    Transport,
    TransportError,
)

# An encrypted packet is a key id (not zero), a message key, and whole AES blocks.
PACKETS = st.lists(st.integers(3, 90).map(lambda blocks: b"\x01" * 8 + bytes(16) + bytes(blocks * 16)), min_size=1)
TAGS = {
    AbridgedCodec: b"\xef",
    IntermediateCodec: b"\xee" * 4,
    PaddedIntermediateCodec: b"\xdd" * 4,
    FullCodec: b"",
}


@pytest.mark.parametrize("codec", list(TAGS), ids=lambda codec: codec.__name__)
@given(packets=PACKETS, cut=st.integers(1, 200))
def test_packets_survive_being_cut_into_pieces_of_any_size(
    codec: type[FullCodec], packets: list[bytes], cut: int
) -> None:
    sender = codec()
    stream = TAGS[codec] + b"".join(piece for packet in packets for piece in sender.frame(packet))
    receiver = Transport()
    found: list[bytes] = []
    for start in range(0, len(stream), cut):
        found += receiver.receive(stream[start : start + cut])
    assert found == packets


def test_a_wrong_checksum_ends_the_connection() -> None:
    head = struct.pack("<II", 24, 0) + bytes(12)
    with pytest.raises(TransportError, match="checksum"):
        Transport().receive(head + struct.pack("<I", zlib.crc32(head) ^ 1))


@pytest.mark.parametrize("length", [0, 4, 11, 1 << 30])
def test_an_impossible_length_ends_the_connection(length: int) -> None:
    with pytest.raises(TransportError):
        Transport().receive(struct.pack("<II", length, 0) + bytes(64))


def test_an_obfuscated_connection_around_something_unknown_is_refused() -> None:
    with pytest.raises(TransportError, match="unknown transport"):
        Transport().receive(b"\x01" * 64)
