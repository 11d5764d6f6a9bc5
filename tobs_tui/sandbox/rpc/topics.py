"""Forum topics: their list in pages, and single ones by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.paging import timestamp
from tobs_tui.sandbox.rpc.peers import peer_key
from tobs_tui.sandbox.rpc.registry import Answer, Call, RpcError, handles
from tobs_tui.sandbox.worlds.peers import Channel, Topic, is_channel
from tobs_tui.sandbox.worlds.world import World

TOPIC_LIMIT = 100


def _forum(call: Call, peer: Any) -> Channel:
    key = peer_key(call, peer)
    if not is_channel(key) or not call.world.channel(key).forum:
        raise RpcError(400, "CHANNEL_FORUM_MISSING")
    return call.world.channel(key)


def _newest(world: World, forum: Channel, topic: Topic) -> tuple[int, int]:
    """Date and id of a topic's newest message."""
    history = world.histories[forum.key]
    positions = history.thread(topic.id)
    if not len(positions):
        return topic.date, topic.id
    return history.dates[positions[-1]], history.ids[positions[-1]]


def _answer(call: Call, forum: Channel, topics: Sequence[Any], count: int) -> Any:
    world = call.world
    history = world.histories[forum.key]
    positions = sorted({threads[-1] for topic in topics if len(threads := history.thread(topic.id))}, reverse=True)
    named = history.mentioned(positions) | {forum.key}
    named |= {forum.topics[topic.id].creator_id for topic in topics if topic.id in forum.topics}
    people, chats = world.split_users_chats(named)
    return types.messages.ForumTopics(
        count=count,
        topics=[world.topic_tl(forum, topic.id) for topic in topics],
        messages=[history.message(position) for position in positions],
        pts=world.updates.pts(forum.key),
        chats=[chat.tl() for chat in chats],
        users=[person.tl() for person in people],
    )


def _start(request: Any, topics: Sequence[Topic], newest: Sequence[tuple[int, int]]) -> int:
    """Where a page begins in the sorted list of topics; `newest` holds date and id of each one's newest message."""
    ids = [topic.id for topic in topics]
    if request.offset_topic in ids:
        return ids.index(request.offset_topic) + 1
    tops = [message_id for _, message_id in newest]
    if request.offset_id in tops:
        return tops.index(request.offset_id) + 1
    before = timestamp(request.offset_date)
    if before <= 0:
        return 0
    older = (at for at, topic in enumerate(topics) if not topic.pinned and newest[at][0] < before)
    return next(older, len(topics))


@handles(functions.messages.GetForumTopicsRequest)
def get_forum_topics(call: Call, request: Any) -> Answer:
    """A page of a forum's topics: pinned ones first, then by their newest message.

    The next page begins behind the topic that ``offset_topic`` names, or whose newest message ``offset_id`` names;
    without either, at the first unpinned topic whose newest message is older than ``offset_date``. At most 100 a page.
    """
    forum = _forum(call, request.peer)
    world = call.world
    wanted = (request.q or "").casefold()
    topics = [topic for topic in forum.topics.values() if wanted in topic.title.casefold()]
    topics.sort(key=lambda topic: (not topic.pinned, *(-part for part in _newest(world, forum, topic))))
    start = _start(request, topics, [_newest(world, forum, topic) for topic in topics])
    page = topics[start : start + min(max(request.limit, 1), TOPIC_LIMIT)]
    return _answer(call, forum, page, len(topics))


@handles(functions.messages.GetForumTopicsByIDRequest)
def get_forum_topics_by_id(call: Call, request: Any) -> Answer:
    """Topics by their ids; an unknown one comes back as ``ForumTopicDeleted``."""
    forum = _forum(call, request.peer)
    topics = [forum.topics.get(wanted) or types.ForumTopicDeleted(wanted) for wanted in request.topics]
    return _answer(call, forum, topics, len(topics))
