"""Message histories: the drafts that a world is written in, and the sorted logs that requests are answered from."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from telethon.tl import types

from tobs_tui.sandbox.worlds import encode
from tobs_tui.sandbox.worlds.markup import needs_entities, parse
from tobs_tui.sandbox.worlds.mentions import peers_in
from tobs_tui.sandbox.worlds.peers import PeerKey, tl_peer

if TYPE_CHECKING:
    from tobs_tui.sandbox.worlds.files import StoredFile

GENERAL_TOPIC = 1


@dataclass(slots=True, eq=False)
class Draft:
    """A message as its author wrote it, before it has an id.

    `sender` is a marked peer id, 0 for a channel's own posts. `thread` is the draft that opens a forum topic or a
    comment
    thread. `media`, `action` and the values of `fields` (further fields of the TL ``message``) may be functions:
    they are
    called when the message is served, when ids and file references are known. `entities` None lets links, mentions
    and
    ``code`` be found in the text; a list is taken as it is. `whole` is all of a rich message of which `fields` have
    only a part.
    """

    date: int
    sender: PeerKey
    text: str = ""
    reply: Draft | None = None
    thread: Draft | None = None
    media: Callable[[], Any] | None = None
    file: StoredFile | None = None
    action: Any = None
    entities: list[Any] | None = None
    fields: dict[str, Any] | None = None
    quote: str | None = None
    id: int = 0
    whole: Any = None

    def is_plain(self) -> bool:
        """Whether the message has a sender, a reply header and text without entities, and nothing else."""
        return (
            self.media is None
            and self.action is None
            and self.fields is None
            and not self.entities
            and self.quote is None
            and (self.entities is not None or not needs_entities(self.text))
        )


class History(Protocol):
    """The messages of one peer, addressed by position: 0 is the oldest."""

    peer: PeerKey

    @property
    def ids(self) -> Sequence[int]:
        """The message ids, ascending."""

    @property
    def dates(self) -> Sequence[int]:
        """The messages' dates as Unix time, one for each id."""

    def encoded(self, positions: Sequence[int]) -> bytes:
        """The serialised messages at the positions, one after the other, in the given order."""

    def message(self, position: int) -> Any:
        """The TL message at a position."""

    def whole(self, position: int) -> Any:
        """As `message`, with all of its rich message."""

    def mentioned(self, positions: Sequence[int]) -> set[PeerKey]:
        """Every peer that the messages at the positions name."""

    def thread(self, root: int) -> Sequence[int]:
        """The ascending positions of the messages in a topic or a comment thread."""

    def thread_at(self, position: int) -> int:
        """The topic or comment thread of a message; 0 outside of any (in a forum: 1)."""

    def matching(self, name: str, test: Callable[[Any], bool]) -> Sequence[int]:
        """The ascending positions of the messages that pass a test; remembered under the name."""


def position_of(history: History, message_id: int) -> int | None:
    """The position of a message id, or None when the history has no such message."""
    index = bisect_left(history.ids, message_id)
    return index if index < len(history.ids) and history.ids[index] == message_id else None


def positions_between(history: History, low: int, high: int) -> range:
    """The positions of the ids from `low` to `high`, both included."""
    return range(bisect_left(history.ids, low), bisect_right(history.ids, high))


@lru_cache(maxsize=4096)
def _peer_bytes(key: PeerKey) -> bytes:
    return bytes(tl_peer(key))


def _called(value: Any) -> Any:
    return value() if callable(value) else value


class DraftLog:
    """A history written as drafts; its messages become TL only when somebody asks for them."""

    def __init__(self, peer: PeerKey, me: int, *, forum: bool = False, broadcast: bool = False) -> None:
        self.peer = peer
        self._me = me
        self._forum = forum
        self._broadcast = broadcast
        self._drafts: list[Draft] = []
        self.ids: array[int] = array("i")
        self.dates: array[int] = array("i")
        self._threads: dict[int, array[int]] | None = None
        self._matching: dict[str, array[int]] = {}

    @property
    def drafts(self) -> Sequence[Draft]:
        """The drafts in id order."""
        return self._drafts

    def fill(self, drafts: Iterable[Draft]) -> None:
        """Take the history's drafts, which have their ids by now."""
        self._drafts = sorted(drafts, key=lambda draft: draft.id)
        self.changed()

    def changed(self) -> None:
        """Draw the conclusions from drafts that were changed, added or taken away."""
        self.ids = array("i", [draft.id for draft in self._drafts])
        self.dates = array("i", [draft.date for draft in self._drafts])
        self._threads = None
        self._matching = {}

    def draft(self, message_id: int) -> Draft:
        """The draft of a message. Raises KeyError when there is none."""
        position = position_of(self, message_id)
        if position is None:
            raise KeyError(f"there is no message {message_id} in {self.peer}")
        return self._drafts[position]

    def append(self, draft: Draft) -> None:
        """Add a message behind all others."""
        self._drafts.append(draft)
        self.changed()

    def remove(self, ids: Iterable[int]) -> None:
        """Take messages away. Raises KeyError when one of them is not there."""
        gone = {id(self.draft(message_id)) for message_id in ids}
        self._drafts = [draft for draft in self._drafts if id(draft) not in gone]
        self.changed()

    def encoded(self, positions: Sequence[int]) -> bytes:
        """See `History.encoded`."""
        return b"".join([self._encode(self._drafts[position]) for position in positions])

    def _encode(self, draft: Draft) -> bytes:
        if not draft.is_plain():
            return bytes(self._build(draft))
        sender = draft.sender
        incoming_private = self.peer > 0 and sender != self._me
        sender_bytes = _peer_bytes(sender) if sender and not incoming_private else b""
        flags = (encode.FLAG_OUT if sender == self._me else 0) | (encode.FLAG_POST if self._broadcast else 0)
        reply_to, top = self._reply_ids(draft)
        reply = encode.reply_header(reply_to, top, self._in_topic(draft)) if reply_to else b""
        return encode.plain_message(
            draft.id, flags, sender_bytes, _peer_bytes(self.peer), reply, draft.date, draft.text
        )

    def _in_topic(self, draft: Draft) -> bool:
        return self._forum and draft.thread is not None

    def _reply_ids(self, draft: Draft) -> tuple[int, int]:
        """What ``reply_to_msg_id`` and ``reply_to_top_id`` say; 0 for nothing."""
        root = draft.thread.id if draft.thread else 0
        if draft.reply is not None and draft.reply is not draft.thread:
            return draft.reply.id, root
        return (root, 0) if root and root != draft.id else (draft.reply.id if draft.reply else 0, 0)

    def _reply_header(self, draft: Draft) -> Any:
        reply_to, top = self._reply_ids(draft)
        if not reply_to:
            return None
        quote: dict[str, Any] = {}
        if draft.quote is not None and draft.reply is not None:
            before = draft.reply.text.partition(draft.quote)[0]
            offset = len(before.encode("utf-16-le")) // 2
            quote = {"quote": True, "quote_text": draft.quote, "quote_offset": offset}
        return types.MessageReplyHeader(
            forum_topic=self._in_topic(draft) or None, reply_to_msg_id=reply_to, reply_to_top_id=top or None, **quote
        )

    def _build(self, draft: Draft) -> Any:
        sender = draft.sender
        common: dict[str, Any] = {
            "id": draft.id,
            "peer_id": tl_peer(self.peer),
            "date": draft.date,
            "out": sender == self._me or None,
            "from_id": None if not sender or (self.peer > 0 and sender != self._me) else tl_peer(sender),
            "post": self._broadcast or None,
            "reply_to": self._reply_header(draft),
        }
        for name, value in (draft.fields or {}).items():
            common[name] = _called(value)
        if draft.action is not None:
            return types.MessageService(action=_called(draft.action), **common)
        text, entities = draft.text, draft.entities
        if entities is None:
            text, entities = parse(text)
        media = draft.media() if draft.media else None
        message = types.Message(message=text, entities=entities or None, media=media, **common)
        message.media = media  # Telethon's constructor drops messageMediaEmpty, which Telegram does send
        return message

    def message(self, position: int) -> Any:
        """See `History.message`."""
        return self._build(self._drafts[position])

    def whole(self, position: int) -> Any:
        """See `History.whole`."""
        message, draft = self.message(position), self._drafts[position]
        if draft.whole is not None:
            message.rich_message = _called(draft.whole)
        return message

    def mentioned(self, positions: Sequence[int]) -> set[PeerKey]:
        """See `History.mentioned`."""
        found = {self.peer}
        for position in positions:
            draft = self._drafts[position]
            found.add(draft.sender)
            if not draft.is_plain():
                found |= peers_in(self._build(draft))
        found.discard(0)
        return found

    def thread_at(self, position: int) -> int:
        """See `History.thread_at`."""
        draft = self._drafts[position]
        if draft.thread is not None:
            return draft.thread.id
        if self._forum and draft.action is not None and isinstance(draft.action, types.MessageActionTopicCreate):
            return draft.id
        return GENERAL_TOPIC if self._forum else 0

    def thread(self, root: int) -> Sequence[int]:
        """See `History.thread`."""
        if self._threads is None:
            self._threads = {}
            for position in range(len(self._drafts)):
                self._threads.setdefault(self.thread_at(position), array("i")).append(position)
        return self._threads.get(root, array("i"))

    def matching(self, name: str, test: Callable[[Any], bool]) -> Sequence[int]:
        """See `History.matching`."""
        if name not in self._matching:
            self._matching[name] = array(
                "i",
                [
                    position
                    for position, draft in enumerate(self._drafts)
                    if not draft.is_plain() and test(self._build(draft))
                ],
            )
        return self._matching[name]
