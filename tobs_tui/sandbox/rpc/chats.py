"""Users, groups and channels: short and full forms, look-up by name, invitation links."""

from __future__ import annotations

import re
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.peers import channel_of, peer_key, user_of
from tobs_tui.sandbox.rpc.registry import Answer, Call, RpcError, handles
from tobs_tui.sandbox.worlds.peers import Channel, Group, PeerKey, Person, is_channel, tl_peer
from tobs_tui.sandbox.worlds.world import World

_USERNAME = re.compile(r"[A-Za-z]\w{2,31}", re.ASCII)


@handles(functions.users.GetUsersRequest)
def get_users(call: Call, request: Any) -> Answer:
    """Users by their input peers; one that cannot be seen is ``UserEmpty``."""
    found: list[Any] = []
    for wanted in request.id:
        try:
            found.append(user_of(call, wanted).tl())
        except RpcError:
            found.append(types.UserEmpty(id=getattr(wanted, "user_id", 0)))
    return found


@handles(functions.channels.GetChannelsRequest)
def get_channels(call: Call, request: Any) -> Answer:
    """Channels by their input channels."""
    return types.messages.Chats(chats=[_channel_or_forbidden(call, wanted).tl() for wanted in request.id])


def _channel_or_forbidden(call: Call, wanted: Any) -> Channel:
    """Like `channel_of`, but a channel that the account may not see is shown as ``ChannelForbidden``."""
    known = call.world.channels.get(getattr(wanted, "channel_id", 0))
    if known is not None and known.forbidden and known.access_hash == wanted.access_hash:
        return known
    return channel_of(call, wanted)


@handles(functions.messages.GetChatsRequest)
def get_chats(call: Call, request: Any) -> Answer:
    """Basic groups by id; CHAT_ID_INVALID for an unknown one."""
    unknown = [chat_id for chat_id in request.id if chat_id not in call.world.groups]
    if unknown:
        raise RpcError(400, "CHAT_ID_INVALID")
    return types.messages.Chats(chats=[call.world.groups[chat_id].tl() for chat_id in request.id])


@handles(functions.users.GetFullUserRequest)
def get_full_user(call: Call, request: Any) -> Answer:
    """A user with "about", profile photo and, for a bot, its description."""
    person = user_of(call, request.id)
    full = types.UserFull(
        id=person.id,
        settings=types.PeerSettings(),
        notify_settings=types.PeerNotifySettings(),
        common_chats_count=1,
        about=person.about,
        profile_photo=person.photo.tl() if person.photo else None,
        bot_info=types.BotInfo(user_id=person.id, description=person.about) if person.bot else None,
    )
    return types.users.UserFull(full_user=full, chats=[], users=[person.tl()])


@handles(functions.messages.GetFullChatRequest)
def get_full_chat(call: Call, request: Any) -> Answer:
    """A basic group with its members; one that migrated shows none."""
    group = call.world.groups.get(request.chat_id)
    if group is None:
        raise RpcError(400, "CHAT_ID_INVALID")
    full = types.ChatFull(
        id=group.id,
        about=group.about,
        notify_settings=types.PeerNotifySettings(),
        participants=_members(group),
        chat_photo=group.photo.tl() if group.photo else None,
    )
    chats: list[Group | Channel] = [group] if group.migrated_to is None else [group, group.migrated_to]
    people = [] if group.migrated_to else [call.world.users[member].tl() for member in group.members]
    return types.messages.ChatFull(full_chat=full, chats=[chat.tl() for chat in chats], users=people)


def _members(group: Group) -> Any:
    if group.migrated_to is not None:
        return types.ChatParticipantsForbidden(chat_id=group.id)
    listed = [
        types.ChatParticipantCreator(user_id=member)
        if member == group.creator_id
        else types.ChatParticipant(user_id=member, inviter_id=group.creator_id, date=group.date)
        for member in group.members
    ]
    return types.ChatParticipants(chat_id=group.id, participants=listed, version=3)


@handles(functions.channels.GetFullChannelRequest)
def get_full_channel(call: Call, request: Any) -> Answer:
    """A channel or supergroup with "about", the linked chat, and the basic group that it grew out of."""
    channel = channel_of(call, request.channel)
    history = call.world.histories.get(channel.key)
    newest = history.ids[-1] if history is not None and len(history.ids) else 0
    old = channel.migrated_from
    full = types.ChannelFull(
        id=channel.id,
        about=channel.about,
        read_inbox_max_id=newest,
        read_outbox_max_id=newest,
        unread_count=0,
        chat_photo=channel.photo.tl() if channel.photo else types.PhotoEmpty(0),
        pts=call.world.updates.pts(channel.key),
        bot_info=[],
        notify_settings=types.PeerNotifySettings(),
        can_view_participants=not channel.broadcast or None,
        participants_count=channel.participants_count or len(channel.members),
        linked_chat_id=channel.linked.id if channel.linked else None,
        migrated_from_chat_id=old.id if old else None,
        migrated_from_max_id=channel.migrated_from_max_id if old else None,
        pinned_msg_id=channel.pinned_message() if channel.pinned_message else None,
    )
    chats: list[Group | Channel] = [channel]
    if channel.linked:
        chats.append(channel.linked)
    if old:
        chats.append(old)
    return types.messages.ChatFull(full_chat=full, chats=[chat.tl() for chat in chats], users=[])


@handles(functions.contacts.ResolveUsernameRequest)
def resolve_username(call: Call, request: Any) -> Answer:
    """The peer behind a public name. Raises USERNAME_INVALID or USERNAME_NOT_OCCUPIED."""
    if not _USERNAME.fullmatch(request.username):
        raise RpcError(400, "USERNAME_INVALID")
    key = call.world.by_username(request.username)
    if key is None:
        raise RpcError(400, "USERNAME_NOT_OCCUPIED")
    return types.contacts.ResolvedPeer(peer=tl_peer(key), **_as_lists(call.world, key))


def _as_lists(world: World, key: PeerKey) -> dict[str, list[Any]]:
    people, chats = world.split_users_chats([key])
    return {"chats": [chat.tl() for chat in chats], "users": [person.tl() for person in people]}


@handles(functions.contacts.GetContactsRequest)
def get_contacts(call: Call, _request: Any) -> Answer:
    """The account's contacts."""
    people = [person for person in call.world.users.values() if person.contact]
    return types.contacts.Contacts(
        contacts=[types.Contact(user_id=person.id, mutual=True) for person in people],
        saved_count=len(people),
        users=[person.tl() for person in people],
    )


@handles(functions.contacts.SearchRequest)
def search_contacts(call: Call, request: Any) -> Answer:
    """Users and chats of the account whose name or public name contains the words."""
    world, wanted = call.world, request.q.casefold().lstrip("@")
    found = [entry.peer for entry in world.dialogs if wanted in world.title(entry.peer).casefold()]
    exact = world.by_username(wanted)
    others = [exact] if exact is not None and exact not in found else []
    people, chats = world.split_users_chats([*found, *others])
    return types.contacts.Found(
        my_results=[tl_peer(key) for key in found[: request.limit]],
        results=[tl_peer(key) for key in others],
        chats=[chat.tl() for chat in chats],
        users=[person.tl() for person in people],
    )


def _invited(call: Call, invite_hash: str) -> Channel:
    key = call.world.invites.get(invite_hash)
    if key is None or not is_channel(key):
        raise RpcError(400, "INVITE_HASH_EXPIRED" if invite_hash else "INVITE_HASH_EMPTY")
    return call.world.channel(key)


def _is_member(call: Call, channel: Channel) -> bool:
    return any(entry.peer == channel.key for entry in call.world.dialogs)


@handles(functions.messages.CheckChatInviteRequest)
def check_chat_invite(call: Call, request: Any) -> Answer:
    """What an invitation link leads to: the chat itself for a member, else only its outline."""
    channel = _invited(call, request.hash)
    if _is_member(call, channel):
        return types.ChatInviteAlready(chat=channel.tl())
    return types.ChatInvite(
        title=channel.title,
        photo=types.PhotoEmpty(0),
        participants_count=channel.participants_count,
        color=3,
        channel=True,
        broadcast=channel.broadcast or None,
        megagroup=not channel.broadcast or None,
        about=channel.about or None,
    )


@handles(functions.messages.ImportChatInviteRequest)
def import_chat_invite(call: Call, request: Any) -> Answer:
    """Joining by link. The world stays as it is: members hear so, others need an administrator's consent."""
    channel = _invited(call, request.hash)
    if channel.forbidden:
        raise RpcError(400, "CHANNEL_PRIVATE")
    if _is_member(call, channel):
        raise RpcError(400, "USER_ALREADY_PARTICIPANT")
    raise RpcError(400, "INVITE_REQUEST_SENT")


@handles(functions.messages.GetPeerSettingsRequest)
def get_peer_settings(call: Call, request: Any) -> Answer:
    """The (empty) action bar of a chat."""
    key = peer_key(call, request.peer)
    return types.messages.PeerSettings(settings=types.PeerSettings(), **_as_lists(call.world, key))


def person_photo(person: Person) -> Any:
    """A user's current photo as TL, or None."""
    return person.photo.tl() if person.photo else None


@handles(functions.photos.GetUserPhotosRequest)
def get_user_photos(call: Call, request: Any) -> Answer:
    """A user's profile photos; everybody here has one at most."""
    person = user_of(call, request.user_id)
    photo = person_photo(person)
    return types.photos.Photos(photos=[photo] if photo and request.offset == 0 else [], users=[person.tl()])
