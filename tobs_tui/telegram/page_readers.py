"""The readers for pages of history: what they keep, what they make at once, and which peers they have seen before."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from types import CodeType
from typing import Any

from msgspec import Struct
from telethon.tl import types

from tobs_tui.model.peers import Peer
from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.telegram import (
    action_facts,
    action_slots,
    actions,
    convert_buttons,
    convert_media,
    convert_message,
    convert_peers,
    convert_rich,
    convert_text,
    decimals,
    media_facts,
    rich_text,
)
from tobs_tui.telegram.tl_code import Builder
from tobs_tui.telegram.tl_readers import BROKEN, Readers, forget_sources, read_by_telethon

_CONVERTERS = (
    *(action_facts, action_slots, actions, convert_buttons, convert_media, convert_message, convert_peers),
    *(convert_rich, convert_text, decimals, media_facts, rich_text),
)
"""The modules that look at TL objects: fields that none of them mentions are not kept."""
_PEER_HEAD = 20
"""The bytes that a user and a chat begin with: constructor, flags and id."""
_PEERS_KEPT = 4_000
_USERS = ("User", "UserEmpty")


def _mentioned(code: CodeType) -> Iterator[str]:
    """Every name and string constant in a piece of compiled code."""
    yield from code.co_names
    for constant in code.co_consts:
        for each in constant if isinstance(constant, tuple) else (constant,):
            if isinstance(each, CodeType):
                yield from _mentioned(each)
            elif isinstance(each, str):
                yield each


def _code_of(module: Any) -> CodeType:
    spec = find_spec(module.__name__)
    code = spec.loader.get_code(module.__name__) if spec is not None and spec.loader is not None else None  # type: ignore[attr-defined]
    if not isinstance(code, CodeType):
        raise ImportError(f"{module.__name__} has no code to look into")
    return code


def _fixed(expression: str) -> Builder:
    return lambda _there: expression


@cache
def readers() -> Readers:
    """The readers of this process. They make messages, entities and marked ids at once, and structs of all else."""
    builders: dict[str, Builder] = {name: _fixed(text) for name, text in convert_peers.PEER_EXPRESSIONS.items()}
    for name, kind in convert_text.ENTITY_KINDS.items():
        builders[name] = _fixed(convert_text.entity_expression(kind))
    builders["Message"] = builders["MessageService"] = convert_message.message_expression
    builders["MessageEmpty"] = _fixed("None")
    names = {"Entity": Entity, **EntityKind.__members__, **convert_message.EXPRESSION_NAMES}
    wanted = frozenset(name for module in _CONVERTERS for name in _mentioned(_code_of(module)))
    return Readers(wanted, builders, names)


_COMMON = (
    *("Message", "MessageService", "MessageEmpty", "PeerUser", "PeerChat", "PeerChannel", "MessageReplyHeader"),
    *(
        "MessageFwdHeader",
        "MessageReplies",
        "MessageReactions",
        "ReactionCount",
        "ReactionEmoji",
        "MessagePeerReaction",
    ),
    *("MessageMediaPhoto", "Photo", "PhotoSize", "PhotoSizeProgressive", "PhotoStrippedSize", "PhotoCachedSize"),
    *("MessageMediaDocument", "Document", "DocumentAttributeFilename", "DocumentAttributeVideo"),
    *("DocumentAttributeAudio", "DocumentAttributeImageSize", "DocumentAttributeSticker"),
    *("DocumentAttributeAnimated", "MessageMediaWebPage", "WebPage", "User", "Channel", "Chat", "UserProfilePhoto"),
    *("ChatPhoto", "ChatPhotoEmpty", "UserStatusOffline", "UserStatusRecently", "UserProfilePhotoEmpty"),
    *("MessageEntityUrl", "MessageEntityTextUrl", "MessageEntityBold", "MessageEntityMention", "MessageEntityHashtag"),
)
"""The classes that most pages hold."""


def warm_up() -> None:
    """Make the readers that most pages need, before processes are forked that all would make them for themselves."""
    for name in _COMMON:
        readers()[getattr(types, name).CONSTRUCTOR_ID]
    forget_sources()


def read_object(raw: bytes, at: int) -> tuple[Any, int]:
    """The object at `at` and where it ends; Telethon reads it, or says what is wrong, where a reader stumbles."""
    try:
        return readers().read(raw, at)
    except BROKEN:
        return read_by_telethon(raw, at)


class SeenPeer(Struct, frozen=True):
    """A user or chat with the bytes that told of it. `peer` is None for chats that hold no messages."""

    raw: bytes
    peer: Peer | None
    forum: bool
    own: bool


class SeenPeers:
    """The users and chats that this process has read: pages repeat them, and equal bytes mean an equal peer."""

    def __init__(self) -> None:
        self._seen: dict[bytes, SeenPeer] = {}

    def read(self, raw: bytes, at: int) -> tuple[SeenPeer, int]:
        """The TL user or chat at `at`, and where it ends. Raises what Telethon's reader raises."""
        head = raw[at : at + _PEER_HEAD]
        known = self._seen.get(head)
        if known is None or not raw.startswith(known.raw, at):
            if len(self._seen) >= _PEERS_KEPT:
                self._seen.clear()
            known = self._seen[head] = _seen_peer(raw, at)
        return known, at + len(known.raw)


def _seen_peer(raw: bytes, at: int) -> SeenPeer:
    value, end = read_object(raw, at)
    convert = convert_peers.convert_user if type(value).__name__ in _USERS else convert_peers.convert_chat
    forum, own = (bool(getattr(value, flag, False)) for flag in ("forum", "is_self"))
    return SeenPeer(raw[at:end], convert(value), forum, own)
