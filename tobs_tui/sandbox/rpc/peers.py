"""From a request's input peers to the world's users and chats, with the access checks that Telegram makes."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.rpc.registry import Call, RpcError
from tobs_tui.sandbox.worlds.history import History
from tobs_tui.sandbox.worlds.peers import Channel, Group, PeerKey, Person, channel_key, is_channel
from tobs_tui.sandbox.worlds.world import MAX_ID, World

_NO_HISTORY_ERROR = "PEER_ID_INVALID"


def peer_key(call: Call, peer: Any) -> PeerKey:
    """The marked id of an ``InputPeer``, ``InputUser`` or ``InputChannel``.

    Raises `RpcError`: PEER_ID_INVALID, CHANNEL_INVALID or CHAT_ID_INVALID for unknown ids and wrong access hashes,
    CHANNEL_PRIVATE for a channel that the account may not see.
    """
    world = call.world
    if isinstance(peer, types.InputPeerSelf | types.InputUserSelf):
        return call.user_id()
    if isinstance(peer, types.InputPeerUser | types.InputUser):
        user = world.users.get(peer.user_id)
        if user is None or (user.access_hash != peer.access_hash and user.id != call.user_id()):
            raise RpcError(400, "PEER_ID_INVALID")
        return user.id
    if isinstance(peer, types.InputPeerChat):
        if peer.chat_id not in world.groups:
            raise RpcError(400, "CHAT_ID_INVALID")
        return -int(peer.chat_id)
    if isinstance(peer, types.InputPeerChannel | types.InputChannel):
        return _channel(world, peer.channel_id, peer.access_hash).key
    if isinstance(peer, types.InputPeerUserFromMessage | types.InputUserFromMessage):
        return _named_by_message(call, peer, int(peer.user_id))
    if isinstance(peer, types.InputPeerChannelFromMessage | types.InputChannelFromMessage):
        return _named_by_message(call, peer, channel_key(peer.channel_id))
    raise RpcError(400, "PEER_ID_INVALID")


def _channel(world: World, channel_id: int, access_hash: int) -> Channel:
    channel = world.channels.get(channel_id)
    if channel is None or channel.access_hash != access_hash:
        raise RpcError(400, "CHANNEL_INVALID")
    if channel.forbidden:
        raise RpcError(400, "CHANNEL_PRIVATE")
    return channel


def _named_by_message(call: Call, peer: Any, key: PeerKey) -> PeerKey:
    """A peer known only from a message (a "min" peer): the message must really name it."""
    from tobs_tui.sandbox.worlds.history import position_of

    history = history_of(call, peer_key(call, peer.peer))
    position = position_of(history, peer.msg_id)
    if position is None or key not in history.mentioned([position]):
        raise RpcError(400, "PEER_ID_INVALID")
    return key


def channel_of(call: Call, peer: Any) -> Channel:
    """The channel that an input peer or input channel means. Raises `RpcError` CHANNEL_INVALID for anything else."""
    key = peer_key(call, peer)
    if not is_channel(key):
        raise RpcError(400, "CHANNEL_INVALID")
    return call.world.channel(key)


def user_of(call: Call, peer: Any) -> Person:
    """The user that an input peer or input user means. Raises `RpcError` USER_ID_INVALID for anything else."""
    key = peer_key(call, peer)
    if key not in call.world.users:
        raise RpcError(400, "USER_ID_INVALID")
    return call.world.users[key]


def history_of(call: Call, key: PeerKey) -> History:
    """The history of a peer; PEER_ID_INVALID when the world has none for it."""
    history = call.world.histories.get(key)
    if history is None:
        raise RpcError(400, _NO_HISTORY_ERROR)
    return history


def chat_title_key(chat: Group | Channel) -> PeerKey:
    """The marked id of a group or channel."""
    return chat.key


def allowed_range(call: Call, key: PeerKey) -> tuple[int, int]:
    """The lowest and highest message id that this call may see of a peer.

    Inside ``invokeWithMessagesRange`` that is the split; channels answer only in the last split, since they number
    their
    messages on their own.
    """
    if call.split_range is None:
        return 1, MAX_ID
    low, high = call.split_range
    if is_channel(key):
        return (1, MAX_ID) if high >= MAX_ID else (1, 0)
    return low, high


def refuse_protected(call: Call, key: PeerKey) -> None:
    """Telegram may refuse the history of a chat that forbids forwarding inside a takeout session; so does the
    sandbox.

    Raises `RpcError` 400 CHAT_FORWARDS_RESTRICTED.
    """
    if call.takeout_id is not None and is_channel(key) and call.world.channel(key).noforwards:
        raise RpcError(400, "CHAT_FORWARDS_RESTRICTED")
