"""Finding the peers that a TL object names, so that an answer can carry their users and chats."""

from __future__ import annotations

from typing import Any

from telethon.tl import types
from telethon.tl.tlobject import TLObject

from tobs_tui.sandbox.worlds.peers import PeerKey, channel_key, key_of

_USER_FIELDS = frozenset(
    {"user_id", "inviter_id", "bot_id", "via_bot_id", "via_business_bot_id", "new_creator_id", "auto_setting_from"}
)
_USER_LISTS = frozenset({"users", "winners"})
_PEERS = (types.PeerUser, types.PeerChat, types.PeerChannel)


def peers_in(value: Any) -> set[PeerKey]:
    """The marked ids of all peers named anywhere inside a TL object."""
    found: set[PeerKey] = set()
    _collect(value, found)
    return found


def _collect(value: Any, found: set[PeerKey]) -> None:
    if isinstance(value, _PEERS):
        found.add(key_of(value))
        return
    if isinstance(value, list):
        for item in value:
            _collect(item, found)
        return
    for name, inner in vars(value).items():
        if isinstance(inner, TLObject):
            _collect(inner, found)
        elif isinstance(inner, list) and inner:
            _collect_list(name, inner, found)
        elif isinstance(inner, int) and inner > 0:
            _collect_number(name, inner, found)


def _collect_list(name: str, items: list[Any], found: set[PeerKey]) -> None:
    if isinstance(items[0], TLObject):
        _collect(items, found)
    elif name in _USER_LISTS:
        found.update(items)
    elif name == "channels":
        found.update(channel_key(item) for item in items)


def _collect_number(name: str, number: int, found: set[PeerKey]) -> None:
    if name in _USER_FIELDS:
        found.add(number)
    elif name == "channel_id":
        found.add(channel_key(number))
    elif name == "chat_id":
        found.add(-number)
