"""Answers what message blocks ask of their surroundings, from the archive, with small caches."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Iterator

from cachetools import LRUCache

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, FileState, FileStatus, message_files
from tobs_tui.model.media import File
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import DELETED_ACCOUNT, Peer, PeerKind, id_label
from tobs_tui.model.profile import Anchors, Layout, MediaOptions
from tobs_tui.render import layout as names
from tobs_tui.render.links import telegram_link
from tobs_tui.render.scene import FileLink, Scene, Target

CHUNK = 500
"""Messages looked ahead at once, to fetch their senders and files together."""

_MEBIBYTE = 1 << 20
_Place = tuple[int, int, int]  # date, topic, sender


class ChatScene:
    """The surroundings of one chat's notes. `enter` a note's folder, then stream its messages through `prepared`."""

    def __init__(
        self,
        archive: Archive,
        record: ChatRecord,
        layout: Layout,
        media: MediaOptions,
        zone: datetime.tzinfo,
        linked: tuple[int, ...],
        root_of: Callable[[Archive, ChatRecord], str],
        topic_root: Callable[[str, int, dict[int, str]], str],
    ) -> None:
        self._archive, self._record, self._layout, self._media, self._zone = archive, record, layout, media, zone
        self._linked = frozenset(linked)
        self._root_of, self._topic_root = root_of, topic_root
        self._folder = ""
        self._peers: LRUCache[int, Peer | None] = LRUCache(50_000)
        self._places: LRUCache[tuple[int, int], _Place | None] = LRUCache(20_000)
        self._roots: dict[int, tuple[str, dict[int, str]] | None] = {}
        self._states: dict[tuple[int, int], FileState] = {}
        self._comments: dict[int, int] | None = None
        self.pointed: set[int] = set()  # other chats that links lead into, or would if they were among `linked`
        self.scene = Scene(
            chat=record.id,
            title=record.title,
            zone=zone,
            anchors=layout.anchors,
            name=self._name,
            username=self._username,
            target=self._target,
            file=self._file,
            comments=self._comments_of,
        )

    def enter(self, folder: str) -> None:
        """Make addresses relative to a note in that folder of the vault."""
        self._folder = folder

    def prepared(self, first: Message, rest: Iterator[Message]) -> Iterator[Message]:
        """The messages, with what their blocks will ask for fetched by the chunk."""
        stream = itertools.chain((first,), rest)
        while chunk := list(itertools.islice(stream, CHUNK)):
            wanted = {message.sender for message in chunk} - {0}
            missing = [peer for peer in wanted if peer not in self._peers]
            found = self._archive.peers(missing)
            self._peers.update((peer, found.get(peer)) for peer in missing)
            carriers = [message.id for message in chunk if message_files(message)]
            self._states = {}
            if carriers:
                self._states = self._archive.file_states(self._record.id, carriers[0], carriers[-1])
            for message in chunk:
                self._places[self._record.id, message.id] = (message.date, message.topic, message.sender)
                yield message

    def _peer(self, peer_id: int) -> Peer | None:
        if peer_id not in self._peers:
            self._peers[peer_id] = self._archive.peer(peer_id)
        return self._peers[peer_id]

    def _name(self, peer_id: int) -> str:
        peer = self._peer(peer_id)
        if peer is None:
            return self._record.title if peer_id == self._record.id else id_label(peer_id)
        if peer.deleted and not peer.title.strip():
            return DELETED_ACCOUNT
        return peer.title.strip() or id_label(peer_id)

    def _username(self, peer_id: int) -> str:
        peer = self._peer(peer_id)
        return peer.username if peer is not None else ""

    def _place(self, chat: int, message_id: int) -> _Place | None:
        key = (chat, message_id)
        if key not in self._places:
            message = self._archive.message(chat, message_id)
            self._places[key] = None if message is None else (message.date, message.topic, message.sender)
        return self._places[key]

    def _target(self, chat: int, message_id: int) -> Target:
        here = chat == self._record.id
        if not here:
            self.pointed.add(chat)
        place = self._place(chat, message_id) if here or chat in self._linked else None
        if place is not None:
            date, topic, sender = place
            name = self._name(sender) if sender else self._record.title if here else self._name(chat)
            return Target(name, self._address(chat, message_id, date, topic))
        username = self._record.username if here else self._username(chat)
        return Target("" if here else self._name(chat), telegram_link(chat, message_id, username))

    def _address(self, chat: int, message_id: int, date: int, topic: int) -> str:
        """The relative address of a message's block; '' when its chat has no folder in the vault."""
        if chat not in self._roots:
            record = self._record if chat == self._record.id else self._archive.chat(chat)
            folders = {known.topic.id: known.folder for known in self._archive.topics(chat)}
            self._roots[chat] = None if record is None else (self._root_of(self._archive, record), folders)
        root = self._roots[chat]
        if root is None:
            return ""
        folder = self._topic_root(root[0], topic, root[1])
        note = names.note_name(date, self._layout.split, self._zone)
        anchor = {Anchors.HEADING: f"#m{message_id}", Anchors.BLOCK: f"#^m{message_id}", Anchors.NONE: ""}
        return names.relative_address(f"{folder}/{note}", self._folder) + anchor[self._layout.anchors]

    def _file(self, message: Message, index: int, file: File) -> FileLink:
        state = self._states.get((message.id, index))
        if state is not None and state.status is FileStatus.DONE:
            return FileLink(names.relative_address(state.path, self._folder))
        if state is not None and state.status is FileStatus.FAILED:
            return FileLink(
                "", f"could not be downloaded: {state.reason}" if state.reason else "could not be downloaded"
            )
        if message.gone:
            return FileLink("", "deleted before it was downloaded")
        kinds = message_files(message)
        if not self._media.download or (index < len(kinds) and kinds[index][0] not in self._media.kinds):
            return FileLink("", "not downloaded: not chosen")
        if self._media.max_size_mb and file.size > self._media.max_size_mb * _MEBIBYTE:
            return FileLink("", "not downloaded: too large")
        return FileLink("", "not downloaded yet")

    def _comments_of(self, post: Message) -> str:
        """Where a post's comments begin: its copy in the discussion group, else the post on the web."""
        if post.discussion:
            self.pointed.add(post.discussion)
        if post.discussion in self._linked:
            if self._comments is None:
                self._comments = self._copies(post.discussion)
            copy = self._comments.get(post.id)
            place = self._place(post.discussion, copy) if copy else None
            if copy and place is not None:
                return self._address(post.discussion, copy, place[0], place[1])
        if self._record.kind is not PeerKind.CHANNEL:
            return ""
        return telegram_link(self._record.id, post.id, self._record.username)

    def _copies(self, group: int) -> dict[int, int]:
        """The ids of this channel's posts in its discussion group, where Telegram forwards each of them."""
        copies: dict[int, int] = {}
        for message in self._archive.messages(group):
            forward = message.forward
            if forward is not None and forward.peer == self._record.id and forward.message_id and forward.saved_peer:
                copies.setdefault(forward.message_id, message.id)
        return copies
