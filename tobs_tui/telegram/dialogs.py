"""The account's dialogs, forum topics, and facts about one chat."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from telethon.tl import types
from telethon.tl.functions import channels, messages, users

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import CHANNEL_MARK, ChatFacts, Dialog, Peer, PeerKind, Topic, is_channel_id
from tobs_tui.telegram.convert_peers import convert_peers, convert_topic, marked
from tobs_tui.telegram.convert_text import seconds_of
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.folders import Folder, folders_of, is_muted
from tobs_tui.telegram.history import History
from tobs_tui.telegram.limiter import Patience

PAGE = 100
MAIN_FOLDER, ARCHIVE_FOLDER = 0, 1
SAVED_TITLE = "Saved Messages"
DIALOGS = "dialogs"


class Dialogs:
    """Lists and describes chats; remembers the peers that it sees. Every method raises TobsError."""

    def __init__(self, core: Core, history: History) -> None:
        self._core = core
        self._history = history

    async def all(self, *, folders: bool = True) -> list[Dialog]:
        """Every dialog: pinned first, then the newest, then the archived ones. `folders` False leaves their names out.

        The lists are asked for at the same time: a person waits for the answer, or a run for its begin.
        """
        named = asyncio.ensure_future(self._folders() if folders else _no_folders())
        main, archive, _ = await asyncio.gather(
            self._read_folder(MAIN_FOLDER, named), self._read_folder(ARCHIVE_FOLDER, named), named
        )
        self._core.session.save()
        main.update((key, dialog) for key, dialog in archive.items() if key not in main)
        dialogs = _with_origins(main, self._core.session.data.peers)
        if folders:
            self._core.cache.previews.put(DIALOGS, dialogs)
        return dialogs

    def known(self) -> list[Dialog]:
        """The dialogs as they were listed last; empty when they never were."""
        return self._core.cache.previews.get(DIALOGS) or []

    def known_topics(self, chat: int) -> list[Topic]:
        """A forum's topics as they were listed last; empty when they never were."""
        return self._core.cache.topics.get(chat) or []

    async def _folders(self) -> list[Folder]:
        answer = await self._core.ask(messages.GetDialogFiltersRequest())
        return folders_of(answer, self._core.session.data.self_id)

    async def _read_folder(self, folder: int, folders: asyncio.Future[list[Folder]]) -> dict[int, Dialog]:
        found: dict[int, Dialog] = {}
        date, message_id = 0, 0
        peer: Any = types.InputPeerEmpty()
        while True:
            answer = await self._core.ask(
                messages.GetDialogsRequest(
                    date, message_id, peer, PAGE, 0, exclude_pinned=bool(message_id) or None, folder_id=folder
                )
            )
            before = len(found)
            self._read_page(answer, folder, await folders, found)
            if not isinstance(answer, types.messages.DialogsSlice) or len(found) == before:
                return found
            # The next page begins after the last dialog whose top message is among the messages.
            dates = {(marked(each.peer_id), each.id): each for each in answer.messages if hasattr(each, "date")}
            for dialog in reversed(answer.dialogs):
                top = dates.get((marked(dialog.peer), dialog.top_message))
                if top is not None and top.date is not None:
                    date, message_id = seconds_of(top.date), top.id
                    peer = self._core.input_peer(marked(dialog.peer))
                    break
            else:
                return found

    def _read_page(self, answer: Any, folder: int, folders: list[Folder], found: dict[int, Dialog]) -> None:
        peers = {peer.id: peer for peer in convert_peers(answer.users, answer.chats)}
        self._core.session.remember(peers.values())
        contacts = {user.id for user in answer.users if getattr(user, "contact", False)}
        dates = {(marked(each.peer_id), each.id): each.date for each in answer.messages if hasattr(each, "date")}
        for raw in answer.dialogs:
            key = marked(raw.peer)
            peer = peers.get(key)
            if not isinstance(raw, types.Dialog) or peer is None or peer.migrated_to or key in found:
                continue
            dialog = Dialog(
                peer=_as_target(peer),
                top_message=raw.top_message,
                last_date=seconds_of(dates.get((key, raw.top_message))),
                unread=raw.unread_count,
                pinned=bool(raw.pinned),
                archived=folder == ARCHIVE_FOLDER,
            )
            contact, muted = key in contacts, is_muted(raw.notify_settings)
            names = tuple(each.title for each in folders if each.holds(dialog, contact=contact, muted=muted))
            found[key] = msgspec.structs.replace(dialog, folders=names)

    async def message_count(self, chat: int, topic: int = 0) -> int:
        """How many messages Telegram counts in a chat's history, or in one topic of it."""
        return (await self._history.count(chat, topic))[0]

    async def facts(self, chat: int, newest: int = 0) -> ChatFacts:
        """What Telegram tells of one chat. TobsError when not even its messages can be counted.

        What it told within the last hour is good enough where `newest` is still the id of the newest message: a run
        that takes up an interrupted one need not ask about each chat again.
        """
        known = self._core.cache.facts.get(chat) if newest else None
        if known is not None and known.top_message == newest:
            return known
        facts = await self._asked(chat)
        if not facts.problem:
            self._core.cache.facts.put(chat, facts)
        return facts

    async def _asked(self, chat: int) -> ChatFacts:
        """As `facts`, from Telegram. A chat whose access hash is out of date is looked for among the dialogs once."""
        try:
            return await self._facts(chat)
        except TobsError:
            if (chat >= CHANNEL_MARK and chat < 0) or self._core.peer(chat) is not None:
                raise
            await self.all(folders=False)
            if self._core.peer(chat) is None:
                raise
            return await self._facts(chat)

    async def _facts(self, chat: int) -> ChatFacts:
        counting = asyncio.ensure_future(self._history.count(chat))
        try:
            full = await self._full(chat)
        except TobsError as error:
            if error.code not in (ErrorCode.TELEGRAM_REFUSED, ErrorCode.CHAT_UNAVAILABLE):
                raise
            # What a chat says of itself is no condition for reading it.
            count, newest = await counting
            return ChatFacts(
                top_message=newest, message_count=count, problem=f"Nothing more is known: {error.sentence}"
            )
        else:
            count, newest = await counting
        finally:
            counting.cancel()
        old = getattr(full, "migrated_from_chat_id", None)
        linked = getattr(full, "linked_chat_id", None)
        members = getattr(full, "participants_count", None)
        if members is None and hasattr(full, "participants"):
            members = len(getattr(full.participants, "participants", ()))
        return ChatFacts(
            about=getattr(full, "about", None) or "",
            members=-1 if members is None else members,
            migrated_from=-old if old else 0,
            linked_chat=CHANNEL_MARK - linked if linked else 0,
            top_message=newest,
            message_count=count,
            pts=getattr(full, "pts", 0) or 0,
        )

    async def origin(self, chat: int) -> int:
        """The marked id of the basic group that a supergroup grew out of, 0 = none. TobsError."""
        full = await self._full(chat, Patience.PERSON)
        return -(getattr(full, "migrated_from_chat_id", None) or 0)

    async def _full(self, chat: int, patience: Patience = Patience.RUN) -> Any:
        core = self._core
        if is_channel_id(chat):
            answer = await core.ask(channels.GetFullChannelRequest(core.input_channel(chat)), patience=patience)
        elif chat < 0:
            answer = await core.ask(messages.GetFullChatRequest(-chat), patience=patience)
        else:
            peer = core.input_peer(chat)
            user = types.InputUserSelf()
            if isinstance(peer, types.InputPeerUser):
                user = types.InputUser(peer.user_id, peer.access_hash)
            answer = await core.ask(users.GetFullUserRequest(user), patience=patience)
        core.session.remember(convert_peers(answer.users, answer.chats))
        return answer.full_user if hasattr(answer, "full_user") else answer.full_chat

    async def topics(self, chat: int) -> list[Topic]:
        """Every topic of a forum, in Telegram's order: pinned first, then by last activity."""
        found: dict[int, Topic] = {}
        date = message_id = topic_id = 0
        peer = self._core.input_peer(chat)
        while True:
            answer = await self._core.ask(
                messages.GetForumTopicsRequest(
                    peer, offset_date=date, offset_id=message_id, offset_topic=topic_id, limit=PAGE
                )
            )
            self._core.session.remember(convert_peers(answer.users, answer.chats))
            before = len(found)
            for raw in answer.topics:
                topic = convert_topic(raw)
                if topic is not None:
                    found.setdefault(topic.id, topic)
            if len(found) == before or len(found) >= answer.count:
                self._core.cache.topics.put(chat, list(found.values()))
                return list(found.values())
            # Pages may be short; the next one begins after the last topic, placed by its newest message.
            last = next(raw for raw in reversed(answer.topics) if hasattr(raw, "title"))
            dates = {each.id: each.date for each in answer.messages if hasattr(each, "date")}
            topic_id, message_id = last.id, last.top_message
            date = seconds_of(dates.get(message_id) or last.date)


async def _no_folders() -> list[Folder]:
    return []


def _as_target(peer: Peer) -> Peer:
    """The peer under the title that it has in a list of chats."""
    return msgspec.structs.replace(peer, title=SAVED_TITLE) if peer.kind is PeerKind.SAVED else peer


def _with_origins(found: dict[int, Dialog], peers: dict[int, Peer]) -> list[Dialog]:
    """The dialogs, each supergroup with the basic group that it grew out of, where that is known."""
    origins = {peer.migrated_to: peer.id for peer in peers.values() if peer.migrated_to}
    return [
        msgspec.structs.replace(dialog, migrated_from=origins[key]) if key in origins else dialog
        for key, dialog in found.items()
    ]
