"""Answers for clients that speak an older TL layer than the sandbox's own.

Telegram answers every client in the layer it named in ``invokeWithLayer``. The sandbox writes Telethon's layer, 229,
and goes back as far as 227, where users and channels had other numbers and buttons another shape (compared with the
schema that mtcute 0.30 carries).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import TLObject, types

OLDER_LAYER = 227
"""Clients of this layer or an older one get its forms."""


class _OlderUser(types.User):  # type: ignore[misc]  # Telethon's classes are untyped
    """``user`` before it could name a community: the same fields under another number."""

    def _bytes(self) -> bytes:
        return b"\x88\x43\x77\x31" + bytes(super()._bytes()[4:])


class _OlderChannel(types.Channel):  # type: ignore[misc]
    """``channel`` before it could name a community."""

    def _bytes(self) -> bytes:
        return b"\x1c\xb1\x32\x1c" + bytes(super()._bytes()[4:])


class _OlderUniqueGift(types.MessageActionStarGiftUnique):  # type: ignore[misc]
    """``messageActionStarGiftUnique`` before it could carry a message."""

    def _bytes(self) -> bytes:
        return b"\x22\x15\xc3\xe6" + bytes(super()._bytes()[4:])


class _OlderBlockquote(types.PageBlockBlockquote):  # type: ignore[misc]
    """``pageBlockBlockquote`` before it had flags."""

    def _bytes(self) -> bytes:
        return b"\x26\x7c\x3d\x26" + bytes(super()._bytes()[8:])


_OLDER: dict[type[Any], type[Any]] = {
    types.User: _OlderUser,
    types.Channel: _OlderChannel,
    types.MessageActionStarGiftUnique: _OlderUniqueGift,
    types.PageBlockBlockquote: _OlderBlockquote,
}
_MARKUPS = (types.ReplyInlineMarkup, types.ReplyKeyboardMarkup)
_COMMUNITY_ACTIONS = (types.MessageActionChangeCommunity, types.MessageActionChatJoinedViaCommunity)


def in_older_layer(raw: bytes) -> bytes:
    """A serialised answer of the sandbox's layer in the forms of `OLDER_LAYER`.

    Buttons are left out, and actions that it lacks are empty.

    Raises telethon's TypeNotFoundError for bytes that are no TL value.
    """
    if raw[:4] == b"\x15\xc4\xb5\x1c":
        return _older_vector(raw)
    answer = BinaryReader(raw).tgread_object()
    if not isinstance(answer, TLObject):
        return raw
    _age(answer)
    return bytes(answer)


def _older_vector(raw: bytes) -> bytes:
    """A vector of objects; one of plain numbers stays as it is."""
    (count,) = struct.unpack_from("<i", raw, 4)
    if len(raw) in (8 + 4 * count, 8 + 8 * count):
        return raw
    reader = BinaryReader(raw[8:])
    items = [reader.tgread_object() for _ in range(count)]
    for item in items:
        _age(item)
    return raw[:8] + b"".join(map(bytes, items))


def _age(value: object) -> None:
    """Give a TL object, and all that it holds, the shapes of the older layer."""
    if isinstance(value, list):
        for item in value:
            _age(item)
        return
    if not isinstance(value, TLObject):
        return
    for name, part in _parts(value):
        if isinstance(part, _MARKUPS):
            setattr(value, name, None)
        elif isinstance(part, _COMMUNITY_ACTIONS):
            setattr(value, name, types.MessageActionEmpty())
        else:
            _age(part)
    if type(value) in _OLDER:
        value.__class__ = _OLDER[type(value)]  # same fields, another way to write them


def _parts(value: TLObject) -> Iterable[tuple[str, Any]]:
    return [(name, part) for name, part in vars(value).items() if isinstance(part, list | TLObject)]
