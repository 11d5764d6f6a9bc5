"""Users, chats and forum topics: from TL objects into `model.peers` records."""

from __future__ import annotations

from typing import Any

from tobs_tui.model.peers import CHANNEL_MARK, DELETED_ACCOUNT, Peer, PeerKind, Topic
from tobs_tui.telegram.convert_text import seconds_of


def marked(peer: Any) -> int:
    """The marked id of a TL `Peer`, `InputPeer` or `InputChannel`; 0 for None and empty ones. An id stays one."""
    if type(peer) is int:
        return peer
    if peer is None:
        return 0
    if hasattr(peer, "user_id"):
        return int(peer.user_id)
    if hasattr(peer, "channel_id"):
        return CHANNEL_MARK - int(peer.channel_id)
    if hasattr(peer, "chat_id"):
        return -int(peer.chat_id)
    return 0


PEER_EXPRESSIONS = {
    "PeerUser": "_user_id",
    "PeerChat": "-_chat_id",
    "PeerChannel": f"{CHANNEL_MARK} - _channel_id",
}
"""What makes the marked id of a TL `Peer`, as code over its fields, for `tl_readers`."""


def _username(entity: Any) -> str:
    """The main @name, or the first of several."""
    if entity.username:
        return str(entity.username)
    for name in getattr(entity, "usernames", None) or ():
        if name.active:
            return str(name.username)
    return ""


def convert_user(user: Any) -> Peer:
    """The record of a TL `User` or `UserEmpty`."""
    if not hasattr(user, "first_name"):
        return Peer(user.id, PeerKind.USER, DELETED_ACCOUNT, deleted=True)
    name = f"{user.first_name or ''} {user.last_name or ''}".strip()
    kind = PeerKind.SAVED if user.is_self else PeerKind.BOT if user.bot else PeerKind.USER
    return Peer(
        id=user.id,
        kind=kind,
        title=DELETED_ACCOUNT if user.deleted else name or _username(user),
        username=_username(user),
        access_hash=user.access_hash or 0,
        deleted=bool(user.deleted),
        is_self=bool(user.is_self),
        min=bool(user.min),
        phone=user.phone or "",
    )


def convert_chat(chat: Any) -> Peer | None:
    """The record of a TL `Chat`, None for kinds that hold no messages (communities)."""
    name = type(chat).__name__
    if name in ("Channel", "ChannelForbidden"):
        return _convert_channel(chat)
    if name == "Chat":
        return Peer(
            id=-chat.id,
            kind=PeerKind.GROUP,
            title=chat.title,
            noforwards=bool(chat.noforwards),
            forbidden=bool(chat.left),
            migrated_to=marked(chat.migrated_to),
        )
    if name in ("ChatForbidden", "ChatEmpty"):
        return Peer(id=-chat.id, kind=PeerKind.GROUP, title=getattr(chat, "title", ""), forbidden=True)
    return None


def _convert_channel(channel: Any) -> Peer:
    forbidden = type(channel).__name__ == "ChannelForbidden"
    if channel.megagroup or getattr(channel, "gigagroup", False):
        kind = PeerKind.FORUM if getattr(channel, "forum", False) else PeerKind.SUPERGROUP
    else:
        kind = PeerKind.CHANNEL
    return Peer(
        id=CHANNEL_MARK - channel.id,
        kind=kind,
        title=channel.title,
        username="" if forbidden else _username(channel),
        access_hash=channel.access_hash or 0,
        noforwards=bool(getattr(channel, "noforwards", False)),
        forbidden=forbidden,
        min=bool(getattr(channel, "min", False)),
    )


def convert_peers(users: list[Any], chats: list[Any]) -> list[Peer]:
    """The records of the users and chats that come with an answer."""
    peers = [convert_user(user) for user in users]
    peers.extend(peer for chat in chats if (peer := convert_chat(chat)) is not None)
    return peers


def convert_topic(topic: Any) -> Topic | None:
    """The record of a TL `ForumTopic`, None for a deleted one."""
    if not hasattr(topic, "title"):
        return None
    return Topic(
        id=topic.id,
        title=topic.title,
        top_message=topic.top_message,
        closed=bool(topic.closed),
        pinned=bool(topic.pinned),
        hidden=bool(topic.hidden),
        icon_emoji_id=topic.icon_emoji_id or 0,
        icon_color=topic.icon_color,
        created=seconds_of(topic.date),
    )
