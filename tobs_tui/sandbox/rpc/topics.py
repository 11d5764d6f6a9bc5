"""Forum topics: their list in pages, and single ones by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.paging import CHANNEL_PTS, timestamp
from tobs_tui.sandbox.rpc.peers import channel_of, peer_key
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
        pts=CHANNEL_PTS,
        chats=[chat.tl() for chat in chats],
        users=[person.tl() for person in people],
    )


@handles(functions.messages.GetForumTopicsRequest)
def get_forum_topics(call: Call, request: Any) -> Answer:
    """A page of a forum's topics: pinned ones first, then by their newest message.

    The next page begins behind the topic that ``offset_topic`` names; without it, at the first unpinned topic whose
    newest
    message is older than ``offset_date``. `limit` is at most 100.
    """
    forum = _forum(call, request.peer)
    world = call.world
    wanted = (request.q or "").casefold()
    topics = [topic for topic in forum.topics.values() if wanted in topic.title.casefold()]
    topics.sort(key=lambda topic: (not topic.pinned, *(-part for part in _newest(world, forum, topic))))
    start = 0
    ids = [topic.id for topic in topics]
    if request.offset_topic in ids:
        start = ids.index(request.offset_topic) + 1
    elif (before := timestamp(request.offset_date)) > 0:
        older = [index for index, topic in enumerate(topics) if _newest(world, forum, topic)[0] < before]
        start = older[0] if older else len(topics)
    page = topics[start : start + min(max(request.limit, 1), TOPIC_LIMIT)]
    return _answer(call, forum, page, len(topics))


@handles(functions.messages.GetForumTopicsByIDRequest)
def get_forum_topics_by_id(call: Call, request: Any) -> Answer:
    """Topics by their ids; an unknown one comes back as ``ForumTopicDeleted``."""
    forum = _forum(call, request.peer)
    topics = [forum.topics.get(wanted) or types.ForumTopicDeleted(wanted) for wanted in request.topics]
    return _answer(call, forum, topics, len(topics))


@handles(functions.channels.GetLeftChannelsRequest)
def get_left_channels(call: Call, request: Any) -> Answer:
    """The channels that the account has left; Telegram tells only a takeout session."""
    if call.takeout_id is None:
        raise RpcError(403, "TAKEOUT_REQUIRED")
    left = [channel for channel in call.world.channels.values() if channel.left and not channel.forbidden]
    page = left[request.offset : request.offset + 100]
    if request.offset == 0 and len(page) == len(left):
        return types.messages.Chats(chats=[channel.tl() for channel in page])
    return types.messages.ChatsSlice(count=len(left), chats=[channel.tl() for channel in page])


@handles(functions.channels.GetParticipantsRequest)
def get_participants(call: Call, request: Any) -> Answer:
    """Members of a supergroup; a channel shows them to its administrators only."""
    channel = channel_of(call, request.channel)
    if channel.broadcast:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    world = call.world
    members = [world.users[user_id] for user_id in channel.members if user_id in world.users]
    kind = request.filter
    if isinstance(kind, types.ChannelParticipantsBots):
        members = [person for person in members if person.bot]
    elif isinstance(kind, types.ChannelParticipantsAdmins):
        members = [person for person in members if person.id == channel.creator_id]
    elif isinstance(kind, types.ChannelParticipantsSearch) and kind.q:
        members = [person for person in members if kind.q.casefold() in person.name.casefold()]
    elif isinstance(kind, types.ChannelParticipantsKicked | types.ChannelParticipantsBanned):
        members = []
    page = members[request.offset : request.offset + min(max(request.limit, 0), 200)]
    return types.channels.ChannelParticipants(
        count=len(members),
        participants=[_participant(channel, person.id, world.me_id) for person in page],
        chats=[],
        users=[person.tl() for person in page],
    )


def _participant(channel: Channel, user_id: int, me: int) -> Any:
    if user_id == channel.creator_id:
        return types.ChannelParticipantCreator(user_id=user_id, admin_rights=types.ChatAdminRights())
    if user_id == me:
        return types.ChannelParticipantSelf(user_id=user_id, inviter_id=channel.creator_id, date=channel.date)
    return types.ChannelParticipant(user_id=user_id, date=channel.date)
