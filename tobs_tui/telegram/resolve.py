"""Finds one chat by what a person writes: an id, a name, a link, or its title."""

from __future__ import annotations

import re
from typing import Any

from telethon.tl import types
from telethon.tl.functions import channels, contacts, messages, users

from tobs_tui.cache.spaces import NamedPeer
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import CHANNEL_MARK, Dialog, Peer, PeerKind, is_channel_id
from tobs_tui.telegram.convert_peers import convert_chat, convert_peers, marked
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.dialogs import SAVED_TITLE, Dialogs

_LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?P<rest>.+)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
SURE_S = 3600.0
"""Seconds that a name is taken to lead where it led: Telegram keeps a name that was given up from others for longer."""
_WAYS = "Write an id, an @name, a t.me link, or a chat's exact title."


class Resolver:
    """Answers from what is known before it asks Telegram: resolving names is what Telegram limits most."""

    def __init__(self, core: Core, dialogs: Dialogs) -> None:
        self._core = core
        self._dialogs = dialogs

    async def find(self, text: str) -> Dialog:
        """The chat, as a dialog without its list facts when it is none of the account's dialogs. TobsError."""
        text = text.strip()
        if re.fullmatch(r"-?\d{1,16}", text):
            return await self._by_id(int(text))
        link = _LINK.fullmatch(text)
        if link is not None:
            return await self._by_link(link["rest"].split("?")[0].strip("/"), text)
        if text.startswith("@"):
            return await self._by_name(text[1:])
        return await self._by_title(text)

    async def sender(self, text: str) -> Peer:
        """Who is meant as the sender of messages: by id, @name, link, or the exact name of somebody seen before.

        TobsError CHAT_NOT_FOUND, with the ids of those who share the name.
        """
        text = text.strip()
        if re.fullmatch(r"-?\d{1,16}", text):  # whoever it is: nothing is asked of that peer
            return self._core.peer(int(text)) or Peer(int(text), PeerKind.USER, text)
        if text.startswith("@") or _LINK.fullmatch(text):
            return (await self.find(text)).peer
        wanted = text.casefold()
        seen = [*self._core.session.data.peers.values(), *await self._core.cache.everybody()]
        peers = {peer.id: peer for peer in seen if peer.title.casefold() == wanted}
        if not peers:
            peers = {dialog.peer.id: dialog.peer for dialog in await self._dialogs.all()}
            peers = {key: peer for key, peer in peers.items() if peer.title.casefold() == wanted}
        if len(peers) == 1:
            return next(iter(peers.values()))
        if peers:
            ids = ", ".join(map(str, sorted(peers)))
            raise _not_found(f"{len(peers)} people or chats have the name {text!r}.", f"Name one by its id: {ids}.")
        raise _not_found(f"Nobody with the name {text!r} was seen so far.", "Write an id or an @name.")

    async def _by_id(self, chat: int) -> Dialog:
        peer = self._core.peer(chat)
        if peer is None or (not peer.access_hash and chat not in _without_hash(self._core, chat)):
            known = {dialog.peer.id: dialog for dialog in await self._dialogs.all()}
            if chat not in known:
                raise _not_found(f"There is no chat with the id {chat} in this account.")
            return known[chat]
        return Dialog(peer)

    async def _by_link(self, rest: str, text: str) -> Dialog:
        parts = rest.split("/")
        if parts[0] == "c" and len(parts) > 1 and parts[1].isdigit():
            return await self._by_id(CHANNEL_MARK - int(parts[1]))
        if rest.startswith("+") or parts[0] == "joinchat":
            return await self._by_invite(rest[1:] if rest.startswith("+") else "/".join(parts[1:]))
        name = parts[1] if parts[0] == "s" and len(parts) > 1 else parts[0]
        if not _NAME.fullmatch(name):
            raise _not_found(f"{text} is not a link to a chat.")
        return await self._by_name(name)

    async def _by_invite(self, code: str) -> Dialog:
        answer = await self._core.ask(messages.CheckChatInviteRequest(code))
        chat = getattr(answer, "chat", None)
        peer = convert_chat(chat) if chat is not None else None
        if peer is None:
            raise TobsError(
                ErrorCode.CHAT_UNAVAILABLE, "This invite link leads to a chat that you are not in.", "Join it first."
            )
        self._core.session.remember([peer])
        return Dialog(peer)

    async def _by_name(self, name: str) -> Dialog:
        if not _NAME.fullmatch(name):
            raise _not_found(f"@{name} is not a Telegram name.")
        known = await self._known(name.casefold())
        if known is not None:
            return Dialog(known)
        try:
            answer: Any = await self._core.ask(contacts.ResolveUsernameRequest(name))
        except TobsError as error:
            if error.code is not ErrorCode.CHAT_NOT_FOUND:
                raise
            raise _not_found(f"Nobody has the name @{name} on Telegram.") from error
        peers = {peer.id: peer for peer in convert_peers(answer.users, answer.chats)}
        found = peers.get(marked(answer.peer))
        if found is None:
            raise _not_found(f"Nobody has the name @{name} on Telegram.")
        self._core.session.remember(peers.values())
        self._core.session.save()
        self._core.cache.names.put(name.casefold(), NamedPeer(found.id, found.username))
        return Dialog(found)

    async def _known(self, name: str) -> Peer | None:
        """Whom a name led to before, or a chat that had it when it was seen; None when nobody is known to have it now.

        Asking whether that peer still has it costs a cheap request; looking a name up is what Telegram limits most.
        """
        names = self._core.cache.names
        entry = names.get(name)
        if entry is None:
            seen = self._core.session.data.peers.values()
            peer = next((peer for peer in seen if peer.username.casefold() == name and not peer.min), None)
            username = peer.username if peer is not None else ""
        else:
            peer, username = self._core.peer(entry.peer), entry.username
        if peer is None or not peer.access_hash:
            return None
        if entry is not None and names.age(name) < SURE_S:
            return peer
        fresh = await self._as_of_now(peer)
        if fresh is None or fresh.username != username:
            names.forget(name)
            return None
        names.put(name, NamedPeer(fresh.id, fresh.username))
        return fresh

    async def _as_of_now(self, peer: Peer) -> Peer | None:
        """The peer as Telegram shows it now; None when its access hash is not good any more."""
        given = self._core.input_peer(peer.id)
        query = (
            channels.GetChannelsRequest([types.InputChannel(given.channel_id, given.access_hash)])
            if is_channel_id(peer.id)
            else users.GetUsersRequest([given if isinstance(given, types.InputPeerSelf) else _input_user(given)])
        )
        try:
            answer = await self._core.ask(query)
        except TobsError as error:
            if error.code not in (ErrorCode.CHAT_UNAVAILABLE, ErrorCode.TELEGRAM_REFUSED):
                raise
            return None
        found = convert_peers([], answer.chats) if is_channel_id(peer.id) else convert_peers(answer, [])
        self._core.session.remember(found)
        return next((each for each in found if each.id == peer.id), None)

    async def _by_title(self, title: str) -> Dialog:
        dialogs = await self._dialogs.all()
        matches = [dialog for dialog in dialogs if dialog.peer.title == title]
        if not matches:
            matches = [dialog for dialog in dialogs if dialog.peer.title.casefold() == title.casefold()]
        if len(matches) == 1:
            return matches[0]
        if matches:
            ids = ", ".join(str(dialog.peer.id) for dialog in matches)
            raise _not_found(f"{len(matches)} chats have the title {title!r}.", f"Name one by its id: {ids}.")
        if title.casefold() in ("me", SAVED_TITLE.casefold()):
            return await self._by_id(self._core.session.data.self_id)
        raise _not_found(f"No chat of this account has the title {title!r}.")


def _input_user(peer: Any) -> Any:
    return types.InputUser(peer.user_id, peer.access_hash)


def _without_hash(core: Core, chat: int) -> set[int]:
    """Chats that can be asked for without an access hash: basic groups and the account itself."""
    return {core.session.data.self_id} | ({chat} if CHANNEL_MARK <= chat < 0 else set())


def _not_found(
    sentence: str, way_on: str = "Write an id, an @name, a t.me link, or a chat's exact title."
) -> TobsError:
    return TobsError(ErrorCode.CHAT_NOT_FOUND, sentence, way_on)
