"""Peers (users, groups, channels), dialogs, folders and forum topics.

Ids are *marked*, as in Telethon's ``utils.get_peer_id``: a user's id as it is, a basic group's negated, a channel's or
supergroup's as -1000000000000 - id. One integer then names one peer.
"""

from __future__ import annotations

import enum

from msgspec import Struct

CHANNEL_MARK = -1_000_000_000_000
DELETED_ACCOUNT = "Deleted Account"


class PeerKind(enum.StrEnum):
    """What a peer is to a person. A forum is a supergroup with topics."""

    USER = "user"
    BOT = "bot"
    SAVED = "saved"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    FORUM = "forum"
    CHANNEL = "channel"


def bare_id(marked: int) -> int:
    """Telegram's own positive id behind a marked one."""
    if marked >= 0:
        return marked
    return CHANNEL_MARK - marked if marked <= CHANNEL_MARK else -marked


def is_channel_id(marked: int) -> bool:
    """Whether a marked id belongs to a channel or supergroup, whose message ids are its own."""
    return marked < CHANNEL_MARK


_IMPORTED_HALVES = 500_000_000_000


def imported_half(supergroup: int) -> int:
    """The id of a supergroup's history from before its migration while nothing tells the real one: above all that
    Telegram gives to basic groups and below its channels' mark."""
    return -(_IMPORTED_HALVES + bare_id(supergroup))


PSEUDONYM_MARK = 1 << 52
"""Ids from here on are nobody's at Telegram: users' have 52 bits at most
(https://core.telegram.org/bots/api#user). Those below twice that are exact as doubles, too."""


def is_pseudonym(marked: int) -> bool:
    """Whether an id stands for a person who is not to be told."""
    return marked >= PSEUDONYM_MARK


def id_label(marked: int) -> str:
    """A marked id as file names and anchors write it: u42 (user), g42 (basic group), c42 (channel or supergroup)."""
    prefix = "u" if marked >= 0 else "c" if is_channel_id(marked) else "g"
    return f"{prefix}{bare_id(marked)}"


class Peer(Struct, frozen=True, omit_defaults=True):
    """A user, basic group, supergroup, forum or channel as last seen. `title` is a user's full name, or the chat's."""

    id: int
    kind: PeerKind
    title: str
    username: str = ""
    access_hash: int = 0
    noforwards: bool = False
    deleted: bool = False
    forbidden: bool = False  # left or kicked, or a ChatForbidden: its history cannot be read
    is_self: bool = False
    migrated_to: int = 0  # marked id of the supergroup that a basic group became
    min: bool = False  # seen in part only: its access hash does not serve for requests
    phone: str = ""


class Dialog(Struct, frozen=True, omit_defaults=True):
    """A row of the target list: a peer with what a person chooses by."""

    peer: Peer
    top_message: int = 0
    last_date: int = 0  # seconds since the epoch
    unread: int = 0
    pinned: bool = False
    archived: bool = False
    folders: tuple[str, ...] = ()
    message_count: int = -1  # -1 until asked for
    migrated_from: int = 0  # marked id of the basic group that this supergroup grew out of
    linked_chat: int = 0  # marked id of a channel's discussion group
    exported_to: int = 0  # newest message id already in the archive of the output asked about


class Topic(Struct, frozen=True, omit_defaults=True):
    """A forum topic. Its id is that of the service message that created it; General is 1."""

    id: int
    title: str
    top_message: int = 0
    message_count: int = -1
    closed: bool = False
    pinned: bool = False
    hidden: bool = False
    icon_emoji_id: int = 0
    icon_color: int = 0
    created: int = 0


GENERAL_TOPIC_ID = 1


def own_scope(topic: int = 0) -> int:
    """The ledger scope of a walk over the account's own messages only, in a whole chat or in one topic of it.

    Scope 0 is a walk of everything, a topic's id a walk of that topic.
    """
    return -1 - topic


def topic_of_scope(scope: int) -> int:
    """The topic that a ledger scope speaks of; 0 = the whole chat."""
    return scope if scope >= 0 else -1 - scope


class ChatFacts(Struct, frozen=True, omit_defaults=True):
    """What Telegram tells of one chat. `migrated_from`, `linked_chat`: marked ids (0 = none); counts: -1 = unknown.

    `problem` says why nothing but the messages could be learned of.
    """

    about: str = ""
    members: int = -1
    migrated_from: int = 0
    linked_chat: int = 0
    top_message: int = 0
    message_count: int = -1
    pts: int = 0
    problem: str = ""
