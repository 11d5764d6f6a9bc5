"""Who belongs to a channel or supergroup: members, single ones, the administrators' log, and what was left."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.peers import channel_of, peer_key
from tobs_tui.sandbox.rpc.registry import Answer, Call, RpcError, handles
from tobs_tui.sandbox.worlds.peers import Channel


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


@handles(functions.channels.GetParticipantRequest)
def get_participant(call: Call, request: Any) -> Answer:
    """One member of a supergroup, or the account itself in a channel. USER_NOT_PARTICIPANT for somebody else."""
    channel = channel_of(call, request.channel)
    key = peer_key(call, request.participant)
    me = call.world.me_id
    if key not in channel.members and (key != me or channel.left):
        raise RpcError(400, "USER_NOT_PARTICIPANT")
    if channel.broadcast and key != me:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    return types.channels.ChannelParticipant(
        participant=_participant(channel, key, me), chats=[], users=[call.world.users[key].tl()]
    )


@handles(functions.channels.GetAdminLogRequest)
def get_admin_log(call: Call, request: Any) -> Answer:
    """The log of a channel's administrators, for those: it is empty for its creator. Else CHAT_ADMIN_REQUIRED."""
    if channel_of(call, request.channel).creator_id != call.world.me_id:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    return types.channels.AdminLogResults(events=[], chats=[], users=[])
