"""What people do to a world while it is served: writing, editing, deleting, reacting, voting, pinning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from tobs_tui.sandbox.worlds.history import Draft, DraftLog
from tobs_tui.sandbox.worlds.peers import Channel, PeerKey, channel_id_of, is_channel
from tobs_tui.sandbox.worlds.update_log import Kind, UpdateLog

if TYPE_CHECKING:
    from tobs_tui.sandbox.worlds.files import StoredFile
    from tobs_tui.sandbox.worlds.history import History

EDITED_AFTER = 300
"""Seconds from a message to its first edit, and between edits, where no moment is given."""


class Editing:
    """The part of a world that changes it. All methods raise KeyError for a message that is not there, and TypeError
    for a peer whose history is not made of drafts (the benchmark's)."""

    channels: dict[int, Channel]
    histories: dict[PeerKey, History]
    reactions: dict[tuple[PeerKey, int], list[Any]]
    updates: UpdateLog

    def _log(self, peer: PeerKey) -> DraftLog:
        history = self.histories[peer]
        if not isinstance(history, DraftLog):
            raise TypeError(f"the history of {peer} cannot be changed")
        return history

    def post(
        self,
        peer: PeerKey,
        sender: PeerKey,
        text: str = "",
        *,
        date: int | None = None,
        thread: int = 0,
        media: Callable[[], Any] | None = None,
        file: StoredFile | None = None,
        **fields: Any,
    ) -> int:
        """Write a message, a minute after the chat's last one unless `date` is given; gives its id. `thread` is the id
        of the message that opens a forum topic."""
        log = self._log(peer)
        last = log.dates[-1] if len(log.dates) else 1_750_000_000
        root = log.draft(thread) if thread else None
        draft = Draft(last + 60 if date is None else date, sender, text, thread=root, media=media, file=file)
        draft.fields = fields or None
        draft.id = self._next_id(peer)
        log.append(draft)
        self.updates.note(Kind.NEW, peer, [draft.id])
        return draft.id

    def _next_id(self, peer: PeerKey) -> int:
        if is_channel(peer):
            return max(self.histories[peer].ids, default=0) + 1
        shared = (history.ids[-1] for key, history in self.histories.items() if not is_channel(key) and history.ids)
        return max(shared, default=0) + 1

    def edit_message(
        self,
        peer: PeerKey,
        message_id: int,
        text: str | None = None,
        *,
        date: int | None = None,
        media: Callable[[], Any] | None = None,
        file: StoredFile | None = None,
    ) -> None:
        """Give a message another text, or other media. `date` is the moment of the edit."""
        log = self._log(peer)
        draft = log.draft(message_id)
        if text is not None:
            draft.text, draft.entities = text, None
        if media is not None:
            draft.media, draft.file = media, file
        before = (draft.fields or {}).get("edit_date") or draft.date
        draft.fields = {**(draft.fields or {}), "edit_date": date or before + EDITED_AFTER, "edit_hide": None}
        log.changed()
        self.updates.note(Kind.EDITED, peer, [message_id])

    def delete_messages(self, peer: PeerKey, ids: Iterable[int]) -> None:
        """Delete messages for everybody."""
        gone = sorted(ids)
        self._log(peer).remove(gone)
        self.updates.note(Kind.DELETED, peer, gone)

    def empty_history(self, peer: PeerKey) -> None:
        """Delete everything that a chat holds."""
        self.delete_messages(peer, list(self.histories[peer].ids))

    def delete_topic(self, peer: PeerKey, topic: int) -> None:
        """Delete a forum's topic with everything in it."""
        history = self.histories[peer]
        inside = [history.ids[position] for position in history.thread(topic)]
        self.delete_messages(peer, {topic, *inside} & set(history.ids))
        del self.channels[channel_id_of(peer)].topics[topic]

    def react(self, peer: PeerKey, message_id: int, counts: dict[str, int]) -> None:
        """Have people react: how many with which emoji. As at Telegram, no number of updates grows by it, and the
        message carries an edit date that is not to be shown."""
        results = [types.ReactionCount(types.ReactionEmoji(emoji), count) for emoji, count in counts.items()]
        self._set(peer, message_id, reactions=types.MessageReactions(results=results) if results else None)
        draft = self._log(peer).draft(message_id)
        if not (draft.fields or {}).get("edit_date"):
            self._set(peer, message_id, edit_date=draft.date + EDITED_AFTER, edit_hide=True)

    def view(self, peer: PeerKey, message_id: int, views: int, forwards: int = 0) -> None:
        """Have a channel's post be seen and forwarded so often."""
        self._set(peer, message_id, views=views, forwards=forwards)

    def vote(self, peer: PeerKey, message_id: int, counts: list[int]) -> None:
        """Have people vote in a poll: how many for which option, in their order. No number of updates grows by it."""
        log = self._log(peer)
        draft = log.draft(message_id)
        poll = draft.media() if draft.media else None
        if not isinstance(poll, types.MessageMediaPoll):
            raise KeyError(f"message {message_id} of {peer} is no poll")
        poll.results.results = [
            types.PollAnswerVoters(option=answer.option, voters=count, recent_voters=[])
            for answer, count in zip(poll.poll.answers, counts, strict=True)
        ]
        poll.results.total_voters = sum(counts)
        draft.media = lambda: poll
        log.changed()

    def pin(self, peer: PeerKey, message_id: int, *, pinned: bool = True) -> None:
        """Pin a message, or unpin it."""
        self._set(peer, message_id, pinned=pinned or None)
        self.updates.note(Kind.PINNED if pinned else Kind.UNPINNED, peer, [message_id])

    def _set(self, peer: PeerKey, message_id: int, **fields: Any) -> None:
        log = self._log(peer)
        draft = log.draft(message_id)
        draft.fields = {**(draft.fields or {}), **fields}
        log.changed()
