"""``updates.*``: what happened since a number that the client remembers (core.telegram.org/api/updates).

Edits carry the message as it is now, once, however often it was edited; one that is gone by now is only deleted.
Reactions, votes and views are not in here: at Telegram too they move no number.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from telethon.tl import types
from telethon.tl.functions import updates as methods

from tobs_tui.sandbox.rpc.peers import channel_of
from tobs_tui.sandbox.rpc.registry import Call, RpcError, handles
from tobs_tui.sandbox.worlds.history import position_of
from tobs_tui.sandbox.worlds.peers import PeerKey, channel_id_of, is_channel, tl_peer
from tobs_tui.sandbox.worlds.update_log import COMMON_BOX, Event, Kind

_NEXT_CHANNEL_POLL_S = 300
_MOST = 100
"""Events in one answer."""


def _state(call: Call, pts: int | None = None) -> Any:
    now = call.world.updates.pts(COMMON_BOX) if pts is None else pts
    return types.updates.State(pts=now, qts=0, date=int(time.time()), seq=1, unread_count=0)


@handles(methods.GetStateRequest)
def get_state(call: Call, request: Any) -> Any:
    """updates.getState."""
    return _state(call)


@handles(methods.GetDifferenceRequest)
def get_difference(call: Call, request: Any) -> Any:
    """updates.getDifference: private chats and basic groups, in slices."""
    if request.pts <= 0:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_INVALID")
    events = call.world.updates.since(COMMON_BOX, request.pts)
    if events is None:
        return types.updates.DifferenceTooLong(pts=call.world.updates.pts(COMMON_BOX))
    if not events:
        return types.updates.DifferenceEmpty(date=int(time.time()), seq=1)
    slice_ = events[:_MOST]
    news = _News(call, slice_)
    parts = {"new_messages": news.new, "new_encrypted_messages": [], "other_updates": news.updates, **news.peers()}
    if len(slice_) < len(events):
        return types.updates.DifferenceSlice(**parts, intermediate_state=_state(call, slice_[-1].pts))
    return types.updates.Difference(**parts, state=_state(call))


@handles(methods.GetChannelDifferenceRequest)
def get_channel_difference(call: Call, request: Any) -> Any:
    """updates.getChannelDifference: at most ``limit`` events at once; ``final`` says whether those are all."""
    channel = channel_of(call, request.channel)
    if request.pts <= 0:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY" if request.pts == 0 else "PERSISTENT_TIMESTAMP_INVALID")
    log = call.world.updates
    events = log.since(channel.key, request.pts)
    if events is None:
        return _too_long(call, channel.key)
    if not events:
        return types.updates.ChannelDifferenceEmpty(pts=log.pts(channel.key), final=True, timeout=_NEXT_CHANNEL_POLL_S)
    page = events[: min(max(request.limit, 1), _MOST)]
    news = _News(call, page)
    return types.updates.ChannelDifference(
        pts=page[-1].pts,
        new_messages=news.new,
        other_updates=news.updates,
        final=len(page) == len(events) or None,
        timeout=_NEXT_CHANNEL_POLL_S,
        **news.peers(),
    )


def _too_long(call: Call, key: PeerKey) -> Any:
    """Too much has happened: only the present number, and the newest message."""
    history = call.world.histories[key]
    newest = [len(history.ids) - 1] if len(history.ids) else []
    top = history.ids[-1] if newest else 0
    people, chats = call.world.split_users_chats(history.mentioned(newest) | {key})
    return types.updates.ChannelDifferenceTooLong(
        dialog=types.Dialog(
            peer=tl_peer(key),
            top_message=top,
            read_inbox_max_id=top,
            read_outbox_max_id=top,
            unread_count=0,
            unread_mentions_count=0,
            unread_reactions_count=0,
            unread_poll_votes_count=0,
            notify_settings=types.PeerNotifySettings(),
            pts=call.world.updates.pts(key),
        ),
        messages=[history.message(position) for position in newest],
        chats=[chat.tl() for chat in chats],
        users=[person.tl() for person in people],
        final=True,
        timeout=_NEXT_CHANNEL_POLL_S,
    )


class _News:
    """Events as an answer tells them."""

    def __init__(self, call: Call, events: Sequence[Event]) -> None:
        self._call = call
        self._named: set[PeerKey] = set()
        self.new: list[Any] = []
        self.updates: list[Any] = []
        last_edit = {(event.peer, event.ids): event.pts for event in events if event.kind is Kind.EDITED}
        for event in events:
            self._named.add(event.peer)
            if event.kind is Kind.NEW:
                self.new += self._messages(event.peer, event.ids)
            elif event.kind is not Kind.EDITED:
                self.updates.append(_update_of(event))
            elif last_edit[event.peer, event.ids] == event.pts:
                kind = types.UpdateEditChannelMessage if is_channel(event.peer) else types.UpdateEditMessage
                for message in self._messages(event.peer, event.ids):
                    self.updates.append(kind(message=message, pts=event.pts, pts_count=1))

    def _messages(self, peer: PeerKey, ids: Iterable[int]) -> list[Any]:
        """Those of the messages that are still there."""
        history = self._call.world.histories[peer]
        positions = [at for each in ids if (at := position_of(history, each)) is not None]
        self._named |= history.mentioned(positions)
        return [history.message(position) for position in positions]

    def peers(self) -> dict[str, list[Any]]:
        """Everybody whom the events name."""
        people, chats = self._call.world.split_users_chats(self._named)
        return {"chats": [chat.tl() for chat in chats], "users": [person.tl() for person in people]}


def _update_of(event: Event) -> Any:
    """The update of a deletion, or of a pinning."""
    numbers = {"messages": list(event.ids), "pts": event.pts, "pts_count": len(event.ids)}
    if event.kind is Kind.DELETED:
        if is_channel(event.peer):
            return types.UpdateDeleteChannelMessages(channel_id=channel_id_of(event.peer), **numbers)
        return types.UpdateDeleteMessages(**numbers)
    pinned = event.kind is Kind.PINNED or None
    if is_channel(event.peer):
        return types.UpdatePinnedChannelMessages(channel_id=channel_id_of(event.peer), pinned=pinned, **numbers)
    return types.UpdatePinnedMessages(peer=tl_peer(event.peer), pinned=pinned, **numbers)
