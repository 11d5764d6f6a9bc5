"""Promises about answers for clients of an older layer, and about what clients pack their requests with."""

from __future__ import annotations

import gzip
import struct
import zlib

import pytest
from telethon.extensions import BinaryReader
from telethon.tl import types

from tobs_tui.sandbox.wire import tl
from tobs_tui.sandbox.wire.layers import in_older_layer

USER_227, CHANNEL_227 = 0x31774388, 0x1C32B11C


def _channel() -> types.Channel:
    return types.Channel(id=7, title="Maps", photo=types.ChatPhotoEmpty(), date=None, access_hash=3)


def test_users_and_channels_keep_their_fields_under_the_older_numbers() -> None:
    user = types.User(id=5, first_name="Ada", access_hash=9)
    answer = types.contacts.ResolvedPeer(types.PeerUser(5), chats=[_channel()], users=[user])
    older = in_older_layer(bytes(answer))
    expected = bytes(answer)
    for new, old in ((user, USER_227), (_channel(), CHANNEL_227)):
        body = bytes(new)
        expected = expected.replace(body, struct.pack("<I", old) + body[4:])
    assert older == expected


def test_what_an_older_layer_lacks_is_left_out_of_messages() -> None:
    rows = [types.KeyboardInlineButtonRow([types.KeyboardInlineButton("Stop", types.InlineButtonTypeCallback(b"s"))])]
    message = types.Message(
        id=1, peer_id=types.PeerUser(5), date=None, message="hi", reply_markup=types.ReplyInlineMarkup(rows)
    )
    action = types.MessageActionChatJoinedViaCommunity(community_id=4)
    service = types.MessageService(id=2, peer_id=types.PeerUser(5), date=None, action=action)
    raw = in_older_layer(bytes(types.messages.Messages(messages=[message, service], topics=[], chats=[], users=[])))
    read = BinaryReader(raw).tgread_object()
    assert read.messages[0].reply_markup is None
    assert read.messages[0].message == "hi"
    assert isinstance(read.messages[1].action, types.MessageActionEmpty)


@pytest.mark.parametrize("raw", [tl.U32.pack(tl.BOOL_TRUE), struct.pack("<Iiqq", tl.VECTOR, 2, 5, -6)])
def test_plain_values_are_the_same_in_every_layer(raw: bytes) -> None:
    assert in_older_layer(raw) == raw


def test_vectors_of_objects_are_translated_one_by_one() -> None:
    raw = struct.pack("<Ii", tl.VECTOR, 2) + bytes(types.User(id=5)) * 2
    assert in_older_layer(raw).count(struct.pack("<I", USER_227)) == 2


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_requests_may_be_packed_as_gzip_or_as_zlib(pack: object) -> None:
    assert callable(pack)
    body = tl.U32.pack(tl.GZIP_PACKED) + tl.tl_bytes(pack(b"request" * 99))
    assert tl.gunzip_packed(body) == b"request" * 99
