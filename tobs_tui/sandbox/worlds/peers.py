"""Who and what has a place in a world: people, basic groups, channels, forum topics, and their TL forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telethon.tl import types

if TYPE_CHECKING:
    from tobs_tui.sandbox.worlds.files import StoredFile

CHANNEL_BASE = 1_000_000_000_000

PeerKey = int
"""A peer as one number, the way Telethon's ``get_peer_id`` marks it: user id, ``-chat``, ``-100channel``."""


def channel_key(channel_id: int) -> PeerKey:
    """The marked id of a channel or supergroup."""
    return -(CHANNEL_BASE + channel_id)


def channel_id_of(key: PeerKey) -> int:
    """The bare id of a channel whose marked id is given."""
    return -key - CHANNEL_BASE


def is_channel(key: PeerKey) -> bool:
    """Whether a marked id is that of a channel or supergroup."""
    return key < -CHANNEL_BASE


def tl_peer(key: PeerKey) -> Any:
    """The TL ``Peer`` of a marked id."""
    if key > 0:
        return types.PeerUser(key)
    if is_channel(key):
        return types.PeerChannel(channel_id_of(key))
    return types.PeerChat(-key)


def key_of(peer: Any) -> PeerKey:
    """The marked id of a TL ``Peer``."""
    if isinstance(peer, types.PeerUser):
        return int(peer.user_id)
    if isinstance(peer, types.PeerChat):
        return -int(peer.chat_id)
    return channel_key(int(peer.channel_id))


@dataclass(slots=True, eq=False)
class Person:
    """A user: a person, a bot or a deleted account."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    phone: str | None = None
    access_hash: int = 0
    is_self: bool = False
    contact: bool = False
    bot: bool = False
    deleted: bool = False
    premium: bool = False
    verified: bool = False
    scam: bool = False
    about: str | None = None
    photo: StoredFile | None = None
    color: int | None = None
    _encoded: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """First and last name, as a dialog list shows them."""
        if self.deleted:
            return "Deleted Account"
        return f"{self.first_name} {self.last_name}" if self.last_name else self.first_name

    def tl(self) -> Any:
        """The ``User`` that answers carry."""
        if self.deleted:
            return types.User(id=self.id, deleted=True, access_hash=self.access_hash)
        photo = self.photo
        return types.User(
            id=self.id,
            is_self=self.is_self or None,
            contact=self.contact or None,
            mutual_contact=self.contact or None,
            bot=self.bot or None,
            bot_info_version=1 if self.bot else None,
            verified=self.verified or None,
            premium=self.premium or None,
            scam=self.scam or None,
            access_hash=self.access_hash,
            first_name=self.first_name,
            last_name=self.last_name,
            username=self.username,
            phone=self.phone,
            photo=types.UserProfilePhoto(photo.id, photo.dc, stripped_thumb=photo.stripped) if photo else None,
            status=None if self.bot else types.UserStatusRecently(),
            color=None if self.color is None else types.PeerColor(color=self.color),
        )

    def encoded(self) -> bytes:
        """The serialised ``User``, kept after the first time."""
        if self._encoded is None:
            self._encoded = bytes(self.tl())
        return self._encoded


def _chat_photo(photo: StoredFile | None) -> Any:
    if photo is None:
        return types.ChatPhotoEmpty()
    return types.ChatPhoto(photo.id, photo.dc, stripped_thumb=photo.stripped)


@dataclass(slots=True, eq=False)
class Group:
    """A basic group; `migrated_to` is the supergroup that took its place."""

    id: int
    title: str
    date: int
    members: list[int]
    about: str = ""
    migrated_to: Channel | None = None
    photo: StoredFile | None = None
    creator_id: int = 0
    _encoded: bytes | None = field(default=None, repr=False)

    @property
    def key(self) -> PeerKey:
        """The group's marked id."""
        return -self.id

    def tl(self) -> Any:
        """The ``Chat`` that answers carry."""
        target = self.migrated_to
        return types.Chat(
            id=self.id,
            title=self.title,
            photo=_chat_photo(self.photo),
            date=self.date,
            version=3,
            participants_count=0 if target else len(self.members),
            deactivated=True if target else None,
            migrated_to=types.InputChannel(target.id, target.access_hash) if target else None,
            default_banned_rights=_no_restrictions(),
        )

    def encoded(self) -> bytes:
        """The serialised ``Chat``, kept after the first time."""
        if self._encoded is None:
            self._encoded = bytes(self.tl())
        return self._encoded


def _no_restrictions() -> Any:
    return types.ChatBannedRights(until_date=0x7FFFFFFF)


@dataclass(slots=True, eq=False)
class Topic:
    """A forum topic; its id is the id of the service message that created it, General's is 1."""

    id: int
    title: str
    creator_id: int
    date: int
    icon_color: int = 0x6FB9F0
    icon_emoji_id: int | None = None
    closed: bool = False
    pinned: bool = False
    hidden: bool = False

    def tl(self, channel: PeerKey, top_message: int) -> Any:
        """The ``ForumTopic`` that answers carry."""
        return types.ForumTopic(
            id=self.id,
            date=self.date,
            peer=tl_peer(channel),
            title=self.title,
            icon_color=self.icon_color,
            top_message=top_message,
            read_inbox_max_id=top_message,
            read_outbox_max_id=top_message,
            unread_count=0,
            unread_mentions_count=0,
            unread_reactions_count=0,
            unread_poll_votes_count=0,
            from_id=tl_peer(self.creator_id),
            notify_settings=types.PeerNotifySettings(),
            closed=self.closed or None,
            pinned=self.pinned or None,
            hidden=self.hidden or None,
            icon_emoji_id=self.icon_emoji_id,
        )


@dataclass(slots=True, eq=False)
class Channel:
    """A channel or a supergroup, with its own space of message ids."""

    id: int
    title: str
    date: int
    access_hash: int = 0
    username: str | None = None
    about: str = ""
    broadcast: bool = False
    signatures: bool = False
    forum: bool = False
    noforwards: bool = False
    left: bool = False
    forbidden: bool = False
    verified: bool = False
    members: list[int] = field(default_factory=list)
    participants_count: int = 0
    creator_id: int = 0
    linked: Channel | None = None
    migrated_from: Group | None = None
    migrated_from_max_id: int = 0
    topics: dict[int, Topic] = field(default_factory=dict)
    photo: StoredFile | None = None
    pinned_message: Callable[[], int] | None = None
    _encoded: bytes | None = field(default=None, repr=False)

    @property
    def key(self) -> PeerKey:
        """The channel's marked id."""
        return channel_key(self.id)

    def tl(self) -> Any:
        """The ``Channel`` (or ``ChannelForbidden``) that answers carry."""
        if self.forbidden:
            return types.ChannelForbidden(
                id=self.id,
                access_hash=self.access_hash,
                title=self.title,
                megagroup=not self.broadcast or None,
                broadcast=self.broadcast or None,
            )
        return types.Channel(
            id=self.id,
            title=self.title,
            photo=_chat_photo(self.photo),
            date=self.date,
            left=self.left or None,
            broadcast=self.broadcast or None,
            megagroup=not self.broadcast or None,
            verified=self.verified or None,
            signatures=self.signatures or None,
            noforwards=self.noforwards or None,
            forum=self.forum or None,
            has_link=True if self.linked else None,
            access_hash=self.access_hash,
            username=self.username,
            participants_count=self.participants_count or len(self.members),
            default_banned_rights=None if self.broadcast else _no_restrictions(),
        )

    def encoded(self) -> bytes:
        """The serialised channel, kept after the first time."""
        if self._encoded is None:
            self._encoded = bytes(self.tl())
        return self._encoded
