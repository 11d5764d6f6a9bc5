"""Answers what message blocks ask of their surroundings, from the archive, with small caches."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Iterator

import msgspec
from cachetools import LRUCache

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, FileJobs, FileState, FileStatus, Place, numbered_files
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.engine.job_plans import shown_jobs
from tobs_tui.engine.note_forms import Form
from tobs_tui.engine.pseudonyms.masks import Masks
from tobs_tui.model.jobs import JobKind, MediaFacts
from tobs_tui.model.media import File
from tobs_tui.model.messages import Message, may_carry_files
from tobs_tui.model.peers import DELETED_ACCOUNT, Peer, PeerKind, id_label, is_pseudonym
from tobs_tui.model.profile import Anchors, Format, Layout, MediaOptions
from tobs_tui.model.transcript import Transcript
from tobs_tui.render import layout as names
from tobs_tui.render.html.ink import HTML
from tobs_tui.render.links import telegram_link
from tobs_tui.render.scene import FileLink, Scene, Target

_MEBIBYTE = 1 << 20
_decode_facts = msgspec.msgpack.Decoder(MediaFacts).decode
NAMES_KEPT = 20_000
"""Names, and addresses of notes, held at once."""

_ANCHORS = {Anchors.HEADING: "#m", Anchors.BLOCK: "#^m"}


class Uses:
    """What a note's blocks took from elsewhere, and could have said otherwise: see `NoteRecord`."""

    def __init__(self) -> None:
        self.pointed: set[int] = set()
        self.missing: set[tuple[int, int]] = set()
        self.copies: set[tuple[int, int]] = set()
        self.thin: set[tuple[int, bool]] = set()


class ChatScene:
    """The surroundings of one chat's notes. `enter` a note's folder, then stream its messages through `prepared`.

    Names and addresses are kept between notes; what the archive did not know when asked is asked again in each note.
    """

    def __init__(
        self,
        archive: Archive,
        record: ChatRecord,
        layout: Layout,
        media: MediaOptions,
        zone: datetime.tzinfo,
        linked: Iterable[int],
        filters: Iterable[tuple[int, RecordFilter]],
        root_of: Callable[[Archive, ChatRecord], str],
        topic_root: Callable[[str, int, dict[int, str]], str],
        masks: Masks | None = None,
    ) -> None:
        """With `masks`, ids of people that come from messages are stand-ins, and so are those that go there."""
        self._archive, self._record, self._layout, self._media, self._zone = archive, record, layout, media, zone
        self._linked = frozenset(linked)
        self._shows = {chat: keeps.matcher(chat) for chat, keeps in filters}
        self._root_of, self._topic_root = root_of, topic_root
        self._masks = masks
        self._folder, self._form = "", Form.MARKDOWN
        self._peers: LRUCache[int, Peer] = LRUCache(20_000)
        self._unknown: set[int] = set()  # peers that the archive did not know when this note was entered
        self._names: dict[int, str] = {}
        self._places: LRUCache[tuple[int, int], Place] = LRUCache(5_000)
        self._near: tuple[list[Message], list[Message]] = ([], [])  # the chunk before, and this one
        self._near_by_id: dict[int, Message] | None = None
        self._notes: dict[tuple[int, int, str], str] = {}  # addresses of notes from the folder entered
        self._roots: dict[int, tuple[str, dict[int, str]]] = {}
        self._states: dict[tuple[int, int], FileState] = {}
        self._jobs: dict[tuple[int, int], FileJobs] = {}
        self._transcripts: dict[tuple[int, int], Transcript] = {}
        self._shown_jobs = shown_jobs(media)
        self._comments: tuple[int, dict[int, int]] | None = None  # of which group, and post to copy
        self.uses = Uses()
        self.scene = Scene(
            chat=masks.of_id(record.id) if masks is not None else record.id,
            title=masks.title(record) if masks is not None else record.title,
            zone=zone,
            anchors=layout.anchors,
            name=self._name if masks is None else self._masked_name,
            username=self._username,
            target=self._target,
            file=self._file,
            comments=self._comments_of,
            day_headings=layout.day_headings,
            sender_style=layout.sender_style,
            transcript_times=layout.transcript_times,
        )
        self._scenes = {Form.HTML: dataclasses.replace(self.scene, ink=HTML)}
        self._markdown = self.scene

    def enter(self, folder: str, form: Form = Form.MARKDOWN) -> Uses:
        """Make addresses relative to a note in that folder of the vault, and lead to notes of its form (Markdown, where
        that has no links); what its blocks use is noted in the result."""
        if (folder, form) != (self._folder, self._form):
            self._notes.clear()
        self._folder, self._form = folder, form
        self.scene = self._scenes.get(form, self._markdown)
        self._places.clear()  # a message may have another topic by now
        self._unknown.clear()
        self._near, self._near_by_id = ([], []), None
        self.uses = Uses()
        return self.uses

    @property
    def linked(self) -> frozenset[int]:
        """The chats whose notes links may lead into."""
        return self._linked

    def prepared(self, chunks: Iterator[list[Message]]) -> Iterator[list[Message]]:
        """The messages, with what their blocks will ask for fetched by the chunk."""
        for chunk in chunks:
            self._near, self._near_by_id = (self._near[1], chunk), None
            self._fetch_names({message.sender for message in chunk})
            carriers = [message.id for message in chunk if may_carry_files(message) and numbered_files(message)]
            self._states, self._jobs, self._transcripts = {}, {}, {}
            if carriers:
                span = (self._record.id, carriers[0], carriers[-1])
                self._states = self._archive.file_states(*span)
                self._jobs = self._archive.jobs_of_files(*span, self._shown_jobs)
                self._transcripts = self._archive.transcripts_of(*span)
            yield chunk

    def _fetch_names(self, senders: set[int]) -> None:
        wanted = senders - self._names.keys() - self._unknown - {0}
        if not wanted:
            return
        found = self._archive.peers(wanted)
        self._unknown |= wanted - found.keys()
        self._peers.update(found)

    def _peer(self, peer_id: int) -> Peer | None:
        peer = self._peers.get(peer_id)
        if peer is None and peer_id not in self._unknown:
            peer = self._archive.peer(peer_id)
            if peer is None:
                self._unknown.add(peer_id)
            else:
                self._peers[peer_id] = peer
        if peer is None:
            self.uses.thin.add((peer_id, False))
        return peer

    def _name(self, peer_id: int) -> str:
        name = self._names.get(peer_id)
        if name is not None:
            return name
        peer = self._peer(peer_id)
        if peer is None:
            return self._record.title if peer_id == self._record.id else id_label(peer_id)
        shown = peer.title.strip()
        name = shown or (DELETED_ACCOUNT if peer.deleted else id_label(peer_id))
        if len(self._names) >= NAMES_KEPT:
            self._names.clear()
        self._names[peer_id] = name
        return name

    def _masked_name(self, peer_id: int) -> str:
        assert self._masks is not None
        return self._masks.name(peer_id, "" if is_pseudonym(peer_id) else self._name(peer_id))

    def _username(self, peer_id: int) -> str:
        if self._masks is not None and is_pseudonym(self._masks.of_id(peer_id)):
            return ""
        peer = self._peer(peer_id)
        if peer is not None and peer.min and not peer.username:
            self.uses.thin.add((peer_id, True))
        return peer.username if peer is not None else ""

    def _place(self, chat: int, message_id: int) -> Place | None:
        """Where a message is shown; None for one that the archive does not hold or a filter leaves out."""
        place = self._archived_place(chat, message_id)
        shows = self._shows.get(chat)
        if place is None or shows is None:
            return place
        message = self._archive.message(chat, message_id)
        return place if message is not None and shows(message) else None

    def _archived_place(self, chat: int, message_id: int) -> Place | None:
        if chat == self._record.id:
            if self._near_by_id is None:
                self._near_by_id = {message.id: message for part in self._near for message in part}
            near = self._near_by_id.get(message_id)
            if near is not None:
                return Place(near.date, near.topic, near.sender)
        key = (chat, message_id)
        place = self._places.get(key)
        if place is None and key not in self.uses.missing:
            place = self._archive.place(chat, message_id)
            if place is None:
                self.uses.missing.add(key)
            else:
                self._places[key] = place
        return place

    def _target(self, shown_chat: int, message_id: int) -> Target:
        """A message of a chat, which is told by its stand-in where the vault has any."""
        chat = self._masks.real(shown_chat) if self._masks is not None else shown_chat
        name_of = self.scene.name
        if not chat:
            return Target(name_of(shown_chat), "")
        here = chat == self._record.id
        if not here:
            self.uses.pointed.add(chat)
        place = self._place(chat, message_id) if here or chat in self._linked else None
        if place is not None:
            sender = place.sender
            shown = self._masks.of_id(sender) if self._masks is not None else sender
            name = name_of(shown) if sender else self.scene.title if here else name_of(shown_chat)
            return Target(name, self._address(chat, message_id, place))
        username = self._record.username if here else self._username(chat)
        return Target("" if here else name_of(shown_chat), telegram_link(chat, message_id, username))

    def _address(self, chat: int, message_id: int, place: Place) -> str:
        """The relative address of a message's block; '' when its chat has no folder in the vault."""
        period = names.period(place.date, self._layout.split, self._zone)
        key = (chat, place.topic, period)
        note = self._notes.get(key)
        if note is None:
            folder = self._folder_of(chat, place.topic)
            if not folder:
                return ""
            if len(self._notes) >= NAMES_KEPT:
                self._notes.clear()
            name = names.period_note(period, Format.HTML if self._form is Form.HTML else Format.MARKDOWN)
            note = self._notes[key] = names.relative_address(f"{folder}/{name}", self._folder)
        anchor = "#m" if self._form is Form.HTML else _ANCHORS.get(self._layout.anchors)
        return f"{note}{anchor}{message_id}" if anchor else note

    def _folder_of(self, chat: int, topic: int) -> str:
        """The folder of a topic's notes; '' when the chat has none in the vault."""
        root = self._roots.get(chat)
        if root is None or (topic and topic not in root[1]):
            record = self._record if chat == self._record.id else self._archive.chat(chat)
            if record is None:
                return ""
            folders = {known.topic.id: known.folder for known in self._archive.topics(chat)}
            root = self._roots[chat] = (self._root_of(self._archive, record), folders)
        return self._topic_root(root[0], topic, root[1])

    def _file(self, message: Message, index: int, file: File) -> FileLink:
        state = self._states.get((message.id, index))
        if state is not None and state.status is FileStatus.DONE:
            return self._link(message, index, state)
        if state is not None and state.status is FileStatus.FAILED:
            return FileLink(
                "", f"could not be downloaded: {state.reason}" if state.reason else "could not be downloaded"
            )
        if message.gone:
            return FileLink("", "deleted before it was downloaded")
        kinds = numbered_files(message)
        if not self._media.download or (index < len(kinds) and kinds[index][0] not in self._media.kinds):
            return FileLink("", "not downloaded: not chosen")
        if self._media.max_size_mb and file.size > self._media.max_size_mb * _MEBIBYTE:
            return FileLink("", "not downloaded: too large")
        return FileLink("", "not downloaded yet")

    def _link(self, message: Message, index: int, state: FileState) -> FileLink:
        """A file that is there, with what jobs have found out about it and made of it."""
        address = names.relative_address(state.path, self._folder)
        jobs = self._jobs.get((message.id, index))
        transcript = self._transcripts.get((message.id, index))
        if transcript is not None and self._masks is not None:
            transcript = self._masks.transcript(transcript)
        if jobs is None:
            return FileLink(address, transcript=transcript)
        probed = jobs.results.get(JobKind.PROBE)
        facts = _decode_facts(probed.record) if probed is not None and probed.record else None
        variant = names.relative_address(jobs.variant, self._folder) if jobs.variant else ""
        return FileLink(address, facts=facts, variant=variant, transcript=transcript)

    def copy_of(self, group: int, post: int) -> int:
        """The id of a channel's post in its discussion group, where comments answer to it; 0 when it is not there."""
        if self._comments is None or self._comments[0] != group:
            self._comments = (group, self._archive.posts_copied(group, self._record.id))
        return self._comments[1].get(post, 0)

    def _comments_of(self, post: Message) -> str:
        """Where a post's comments begin: its copy in the discussion group, else the post on the web."""
        group = post.discussion
        if group:
            self.uses.pointed.add(group)
        if group in self._linked:
            copy = self.copy_of(group, post.id)
            place = self._place(group, copy) if copy else None
            if place is not None:
                return self._address(group, copy, place)
            if not copy:  # else a filter leaves it out
                self.uses.copies.add((group, post.id))
        if self._record.kind is not PeerKind.CHANNEL:
            return ""
        return telegram_link(self._record.id, post.id, self._record.username)
