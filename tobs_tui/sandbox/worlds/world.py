"""A world: everything that the embedded Telegram knows, for one account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tobs_tui.sandbox.worlds.editing import Editing
from tobs_tui.sandbox.worlds.files import FileStore
from tobs_tui.sandbox.worlds.history import History
from tobs_tui.sandbox.worlds.peers import Channel, Group, PeerKey, Person, is_channel
from tobs_tui.sandbox.worlds.update_log import UpdateLog

PHONE = "+15550100042"
LOGIN_CODE = "24680"
PASSWORD = "horse staple"
MAX_ID = 0x7FFFFFFF


class UnknownUser(LookupError):
    """No user of the world has this id."""


@dataclass(slots=True)
class DialogEntry:
    """A line of the dialog list. `folder` 1 is the archive; `pinned` orders the pinned ones, 0 is not pinned."""

    peer: PeerKey
    pinned: int = 0
    folder: int = 0
    unread: int = 0


@dataclass(slots=True)
class ChatFolder:
    """A folder of the dialog list ("dialog filter"), from id 2 on."""

    id: int
    title: str
    emoticon: str | None = None
    include: list[PeerKey] = field(default_factory=list)
    pinned: list[PeerKey] = field(default_factory=list)
    kinds: frozenset[str] = frozenset()


@dataclass(slots=True)
class ReactionVote:
    """Who reacted with what: `reaction` is a TL ``Reaction``."""

    peer: PeerKey
    reaction: Any
    date: int


@dataclass(slots=True)
class PollVote:
    """Who voted for which option of a poll."""

    peer: PeerKey
    option: bytes
    date: int


FixedPeers = Callable[[set[PeerKey]], "tuple[list[bytes], list[bytes]] | None"]
"""Gives the serialised chats and users of an answer without looking; None where it can't."""


class World(Editing):
    """Users, chats, histories, dialogs and files behind one account. Built by `loader.load_world`; it then changes only
    by what `Editing` lets people do."""

    def __init__(self, name: str, seed: int, me_id: int) -> None:
        self.name = name
        self.seed = seed
        self.me_id = me_id
        self.phone = PHONE
        self.code = LOGIN_CODE
        self.password = PASSWORD
        self.users: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.channels: dict[int, Channel] = {}
        self.histories: dict[PeerKey, History] = {}
        self.dialogs: list[DialogEntry] = []
        self.folders: list[ChatFolder] = []
        self.files = FileStore(f"{name}:{seed}")
        self.splits: list[tuple[int, int]] = [(1, MAX_ID)]
        self.invites: dict[str, PeerKey] = {}
        self.custom_emoji: list[int] = []
        self.reactions: dict[tuple[PeerKey, int], list[ReactionVote]] = {}
        self.comment_roots: dict[tuple[PeerKey, int], int] = {}
        self.votes: dict[tuple[PeerKey, int], list[PollVote]] = {}
        self.fixed_answer: FixedPeers | None = None
        self.updates = UpdateLog()

    def user(self, user_id: int) -> Person:
        """The user with this id. Raises `UnknownUser`."""
        try:
            return self.users[user_id]
        except KeyError:
            raise UnknownUser(user_id) from None

    def me(self) -> Person:
        """The account's own user."""
        return self.users[self.me_id]

    def title(self, key: PeerKey) -> str:
        """A peer's name as a dialog list shows it."""
        if key == self.me_id:
            return "Saved Messages"
        if key > 0:
            return self.users[key].name
        if is_channel(key):
            return self.channel(key).title
        return self.groups[-key].title

    def channel(self, key: PeerKey) -> Channel:
        """The channel with this marked id."""
        return self.channels[-key - 1_000_000_000_000]

    def knows(self, key: PeerKey) -> bool:
        """Whether there is such a peer."""
        if key > 0:
            return key in self.users
        return (-key - 1_000_000_000_000) in self.channels if is_channel(key) else -key in self.groups

    def by_username(self, username: str) -> PeerKey | None:
        """The peer with this public name, whatever its case; None when nobody has it."""
        wanted = username.casefold()
        for user in self.users.values():
            if user.username and user.username.casefold() == wanted:
                return user.id
        for channel in self.channels.values():
            if channel.username and channel.username.casefold() == wanted:
                return channel.key
        return None

    def split_users_chats(self, keys: Iterable[PeerKey]) -> tuple[list[Person], list[Group | Channel]]:
        """The users and the chats behind marked ids, in a fixed order; unknown ones are left out."""
        people: list[Person] = []
        chats: list[Group | Channel] = []
        for key in sorted(set(keys)):
            if not self.knows(key):
                continue
            if key > 0:
                people.append(self.users[key])
            else:
                chats.append(self.channel(key) if is_channel(key) else self.groups[-key])
        return people, chats

    def encoded_peers(self, keys: Iterable[PeerKey]) -> tuple[list[bytes], list[bytes]]:
        """The serialised chats and users behind marked ids."""
        people, chats = self.split_users_chats(keys)
        return [chat.encoded() for chat in chats], [person.encoded() for person in people]

    def topic_tl(self, channel: Channel, topic_id: int) -> Any:
        """The ``ForumTopic`` of a topic with its newest message, or ``ForumTopicDeleted``."""
        from telethon.tl import types

        topic = channel.topics.get(topic_id)
        if topic is None:
            return types.ForumTopicDeleted(topic_id)
        history = self.histories[channel.key]
        positions = history.thread(topic_id)
        return topic.tl(channel.key, history.ids[positions[-1]] if positions else topic_id)
