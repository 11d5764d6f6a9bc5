"""messages.getHistory, getReplies, getMessages and their kin: reading what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.paging import Selected, answer_page
from tobs_tui.sandbox.rpc.peers import allowed_range, channel_of, history_of, peer_key, refuse_protected
from tobs_tui.sandbox.rpc.registry import Answer, Call, RpcError, handles
from tobs_tui.sandbox.worlds.history import History, position_of, positions_between
from tobs_tui.sandbox.worlds.peers import PeerKey, is_channel, tl_peer

IDS_LIMIT = 200


def visible(call: Call, key: PeerKey, history: History) -> range:
    """The positions of a history that the call may see (all of them, or those of its split)."""
    return positions_between(history, *allowed_range(call, key))


@handles(functions.messages.GetHistoryRequest)
def get_history(call: Call, request: Any) -> Answer:
    """A page of a chat, newest first."""
    key = peer_key(call, request.peer)
    refuse_protected(call, key)
    history = history_of(call, key)
    selected = Selected(history, visible(call, key, history))
    start, page = selected.cut(request)
    return answer_page(call, key, history, page, count=len(selected), offset=start)


@handles(functions.messages.GetRepliesRequest)
def get_replies(call: Call, request: Any) -> Answer:
    """A page of a forum topic, of a thread, or of a channel post's comments (which live in the linked group)."""
    key = peer_key(call, request.peer)
    refuse_protected(call, key)
    root = request.msg_id
    if is_channel(key) and call.world.channel(key).broadcast:
        key, root = _comments_of(call, key, root)
    history = history_of(call, key)
    forum = is_channel(key) and call.world.channel(key).forum
    if forum and root not in call.world.channel(key).topics:
        raise RpcError(400, "TOPIC_ID_INVALID")
    if not forum and position_of(history, root) is None:
        raise RpcError(400, "MSG_ID_INVALID")
    selected = Selected(history, history.thread(root))
    start, page = selected.cut(request)
    return answer_page(call, key, history, page, count=len(selected), offset=start)


def _comments_of(call: Call, key: PeerKey, post_id: int) -> tuple[PeerKey, int]:
    """The linked group and the id of the automatically forwarded copy of a channel post."""
    linked = call.world.channel(key).linked
    root = call.world.comment_roots.get((key, post_id)) if linked else None
    if linked is None or root is None:
        raise RpcError(400, "MSG_ID_INVALID")
    return linked.key, root


@handles(functions.messages.GetDiscussionMessageRequest)
def get_discussion_message(call: Call, request: Any) -> Answer:
    """The message in the linked group under which a channel post is discussed."""
    key = peer_key(call, request.peer)
    root = request.msg_id
    if is_channel(key) and call.world.channel(key).broadcast:
        key, root = _comments_of(call, key, root)
    history = history_of(call, key)
    position = position_of(history, root)
    if position is None:
        raise RpcError(400, "MSG_ID_INVALID")
    thread = history.thread(root)
    people, chats = call.world.split_users_chats(history.mentioned([position]) | {key})
    return types.messages.DiscussionMessage(
        messages=[history.message(position)],
        unread_count=0,
        max_id=history.ids[thread[-1]] if thread else root,
        read_inbox_max_id=root,
        chats=[chat.tl() for chat in chats],
        users=[person.tl() for person in people],
    )


def _wanted_ids(items: Sequence[Any]) -> list[int]:
    """The plain ids in a list of ``InputMessage``; replies and pinned look-ups are left to the caller as 0."""
    if len(items) > IDS_LIMIT:
        raise RpcError(400, "LIMIT_INVALID")
    return [item.id if isinstance(item, types.InputMessageID) else 0 for item in items]


@handles(functions.channels.GetMessagesRequest)
def get_channel_messages(call: Call, request: Any) -> Answer:
    """Messages of a channel by their ids; a hole comes back as ``MessageEmpty``."""
    channel = channel_of(call, request.channel)
    history = history_of(call, channel.key)
    messages: list[Any] = []
    positions: list[int] = []
    for wanted in request.id:
        message_id = _resolve_special(call, channel.key, history, wanted)
        position = position_of(history, message_id)
        if position is None:
            messages.append(types.MessageEmpty(id=message_id, peer_id=tl_peer(channel.key)))
            continue
        positions.append(position)
        messages.append(history.message(position))
    return _by_ids(call, {channel.key: (history, positions)}, messages, channel.key)


def _resolve_special(call: Call, key: PeerKey, history: History, wanted: Any) -> int:
    """The message id that an ``InputMessage`` means: by id, the pinned one, or the one that a message answers."""
    if isinstance(wanted, types.InputMessageID):
        return int(wanted.id)
    if isinstance(wanted, types.InputMessagePinned) and is_channel(key):
        pinned = call.world.channel(key).pinned_message
        return pinned() if pinned else 0
    if isinstance(wanted, types.InputMessageReplyTo):
        position = position_of(history, wanted.id)
        header = history.message(position).reply_to if position is not None else None
        return int(getattr(header, "reply_to_msg_id", None) or 0)
    return 0


@handles(functions.messages.GetMessagesRequest)
def get_messages(call: Call, request: Any) -> Answer:
    """Messages of private chats and basic groups by their account-wide ids; a hole is a ``MessageEmpty``."""
    messages: list[Any] = []
    found: dict[PeerKey, tuple[History, list[int]]] = {}
    low, high = call.split_range or (1, 1 << 31)
    for wanted in _wanted_ids(request.id):
        place = _account_wide(call, wanted) if low <= wanted <= high else None
        if place is None:
            messages.append(types.MessageEmpty(id=wanted, peer_id=None))
            continue
        key, history, position = place
        found.setdefault(key, (history, []))[1].append(position)
        messages.append(history.message(position))
    return _by_ids(call, found, messages, None)


def _account_wide(call: Call, message_id: int) -> tuple[PeerKey, History, int] | None:
    for key, history in call.world.histories.items():
        if is_channel(key):
            continue
        position = position_of(history, message_id)
        if position is not None:
            return key, history, position
    return None


def _by_ids(
    call: Call, found: dict[PeerKey, tuple[History, list[int]]], messages: list[Any], channel: PeerKey | None
) -> Any:
    mentioned: set[PeerKey] = set() if channel is None else {channel}
    for history, positions in found.values():
        mentioned |= history.mentioned(positions)
    topics = [] if channel is None else _topics_of(call, channel, found)
    mentioned |= {each.from_id.user_id for each in topics}
    people, chats = call.world.split_users_chats(mentioned)
    peers = {"chats": [chat.tl() for chat in chats], "users": [person.tl() for person in people]}
    if channel is None:
        return types.messages.Messages(messages=messages, topics=[], **peers)
    return types.messages.ChannelMessages(
        pts=call.world.updates.pts(channel), count=len(messages), messages=messages, topics=topics, **peers
    )


def _topics_of(call: Call, key: PeerKey, found: dict[PeerKey, tuple[History, list[int]]]) -> list[Any]:
    channel = call.world.channel(key)
    if not channel.forum or key not in found:
        return []
    history, positions = found[key]
    roots = sorted({history.thread_at(position) for position in positions})
    return [call.world.topic_tl(channel, root) for root in roots if root in channel.topics]


@handles(functions.messages.GetSplitRangesRequest)
def get_split_ranges(call: Call, _request: Any) -> Answer:
    """The id ranges that a takeout walks one by one; both bounds of each are inside it."""
    return [types.MessageRange(low, high) for low, high in call.world.splits]


@handles(functions.messages.GetRichMessageRequest)
def get_rich_message(call: Call, request: Any) -> Answer:
    """The whole of a message whose page blocks came shortened (``rich_message.part``)."""
    key = peer_key(call, request.peer)
    history = history_of(call, key)
    position = position_of(history, request.id)
    if position is None:
        raise RpcError(400, "MSG_ID_INVALID")
    channel = key if is_channel(key) else None
    return _by_ids(call, {key: (history, [position])}, [history.whole(position)], channel)
