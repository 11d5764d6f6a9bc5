"""The dialog list: pages of it, its pinned part, single dialogs, and the folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.paging import timestamp
from tobs_tui.sandbox.rpc.peers import peer_key
from tobs_tui.sandbox.rpc.registry import Answer, Call, RpcError, handles
from tobs_tui.sandbox.worlds.peers import PeerKey, channel_id_of, is_channel, tl_peer
from tobs_tui.sandbox.worlds.update_log import COMMON_BOX
from tobs_tui.sandbox.worlds.world import ChatFolder, DialogEntry, World

DIALOG_LIMIT = 100


def _top(world: World, entry: DialogEntry) -> tuple[int, int]:
    """Date and id of a dialog's newest message, 0 for an empty one."""
    history = world.histories[entry.peer]
    return (history.dates[-1], history.ids[-1]) if len(history.ids) else (0, 0)


def _order(world: World, entries: Sequence[DialogEntry]) -> list[DialogEntry]:
    """Pinned ones first in their own order, then the newest."""
    return sorted(entries, key=lambda entry: (entry.pinned or 1 << 20, -_top(world, entry)[0], -entry.peer))


def _dialog(world: World, entry: DialogEntry) -> Any:
    _, top = _top(world, entry)
    channel = is_channel(entry.peer)
    return types.Dialog(
        peer=tl_peer(entry.peer),
        top_message=top,
        read_inbox_max_id=top,
        read_outbox_max_id=top,
        unread_count=entry.unread,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pinned=bool(entry.pinned) or None,
        pts=world.updates.pts(entry.peer) if channel else None,
        folder_id=entry.folder or None,
    )


def _contents(world: World, entries: Sequence[DialogEntry]) -> dict[str, list[Any]]:
    """Dialogs with their newest messages, and everybody whom those name."""
    messages: list[Any] = []
    named: set[PeerKey] = set()
    for entry in entries:
        named.add(entry.peer)
        history = world.histories[entry.peer]
        if len(history.ids):
            newest = len(history.ids) - 1
            messages.append(history.message(newest))
            named |= history.mentioned([newest])
    people, chats = world.split_users_chats(named)
    return {
        "dialogs": [_dialog(world, entry) for entry in entries],
        "messages": messages,
        "chats": [chat.tl() for chat in chats],
        "users": [person.tl() for person in people],
    }


def _start(call: Call, request: Any, entries: list[DialogEntry]) -> int:
    """Where a page begins: behind the dialog that the request names by date, id and peer."""
    world = call.world
    if not isinstance(request.offset_peer, types.InputPeerEmpty):
        offset_peer = peer_key(call, request.offset_peer)
        for index, entry in enumerate(entries):
            if entry.peer == offset_peer:
                return index + 1
        if any(entry.pinned and entry.peer == offset_peer for entry in world.dialogs):
            return 0  # the pinned ones are left out, and the last page ended among them
    date = timestamp(request.offset_date)
    if date <= 0:
        return 0
    for index, entry in enumerate(entries):
        if not entry.pinned and _top(world, entry)[0] < date:
            return index
    return len(entries)


@handles(functions.messages.GetDialogsRequest)
def get_dialogs(call: Call, request: Any) -> Answer:
    """A page of the dialog list: pinned chats first, then by the date of the newest message.

    ``folder_id`` 0 is the main list, 1 the archive; without it both come, the archived ones marked.
    """
    world = call.world
    entries = [entry for entry in world.dialogs if request.folder_id in (None, entry.folder)]
    if request.exclude_pinned:
        entries = [entry for entry in entries if not entry.pinned]
    ordered = _order(world, entries)
    start = _start(call, request, ordered)
    limit = min(max(request.limit, 1), DIALOG_LIMIT)
    page = ordered[start : start + limit]
    if start == 0 and len(page) == len(ordered):
        return types.messages.Dialogs(**_contents(world, page))
    return types.messages.DialogsSlice(count=len(ordered), **_contents(world, page))


def _state(world: World) -> Any:
    newest = max((dates[-1] for history in world.histories.values() if len(dates := history.dates)), default=0)
    return types.updates.State(pts=world.updates.pts(COMMON_BOX), qts=0, date=newest, seq=1, unread_count=0)


@handles(functions.messages.GetPinnedDialogsRequest)
def get_pinned_dialogs(call: Call, request: Any) -> Answer:
    """The pinned dialogs of the main list or the archive."""
    world = call.world
    entries = [entry for entry in world.dialogs if entry.pinned and entry.folder == request.folder_id]
    return types.messages.PeerDialogs(state=_state(world), **_contents(world, _order(world, entries)))


@handles(functions.messages.GetPeerDialogsRequest)
def get_peer_dialogs(call: Call, request: Any) -> Answer:
    """The dialogs of the given peers; one without a line in the list gets a line made from its history."""
    world = call.world
    listed = {entry.peer: entry for entry in world.dialogs}
    entries: list[DialogEntry] = []
    for wanted in request.peers:
        if isinstance(wanted, types.InputDialogPeerFolder):
            entries.extend(entry for entry in world.dialogs if entry.folder == wanted.folder_id)
            continue
        key = peer_key(call, wanted.peer)
        if key not in world.histories:
            raise RpcError(400, "PEER_ID_INVALID")
        entries.append(listed.get(key) or DialogEntry(key))
    return types.messages.PeerDialogs(state=_state(world), **_contents(world, entries))


def _input_peer(world: World, key: PeerKey) -> Any:
    if key == world.me_id:
        return types.InputPeerSelf()
    if key > 0:
        return types.InputPeerUser(key, world.users[key].access_hash)
    if is_channel(key):
        return types.InputPeerChannel(channel_id_of(key), world.channel(key).access_hash)
    return types.InputPeerChat(-key)


def _folder(world: World, folder: ChatFolder) -> Any:
    return types.DialogFilter(
        id=folder.id,
        title=types.TextWithEntities(folder.title, []),
        emoticon=folder.emoticon,
        pinned_peers=[_input_peer(world, key) for key in folder.pinned],
        include_peers=[_input_peer(world, key) for key in folder.include],
        exclude_peers=[],
        **dict.fromkeys(sorted(folder.kinds), True),
    )


@handles(functions.messages.GetDialogFiltersRequest)
def get_dialog_filters(call: Call, _request: Any) -> Answer:
    """The folders in the order of their tabs; the first is "All chats"."""
    world = call.world
    filters = [types.DialogFilterDefault(), *(_folder(world, folder) for folder in world.folders)]
    return types.messages.DialogFilters(filters=filters)
