"""What happened in a channel or supergroup since a number that was remembered (core.telegram.org/api/updates).

Channels count their changes by a number of their own, ``pts``. Private chats and basic groups share one that counts the
whole account's traffic, so asking for those of one chat would mean to page through those of all; they are looked at
again by id instead. Reactions, votes and views move no number: they too are seen only by looking again.
"""

from __future__ import annotations

from typing import Any

from loguru import logger
from msgspec import Struct
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.functions import updates

from tobs_tui.telegram.core import Core
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.page import PageUnreadable, unpacked
from tobs_tui.telegram.refusals import Refusal, error_of
from tobs_tui.telegram.tally import method_name
from tobs_tui.telegram.tl_readers import BROKEN

AT_ONCE = 100
"""Changes in one answer; more are for bots only (https://core.telegram.org/method/updates.getChannelDifference)."""


class ChannelChanges(Struct, frozen=True):
    """A part of what happened in a channel: ids of messages that are new or were changed, and of deleted ones.

    `pts` is the number after it, 0 when it was not told. `final`: there is no more. `told` False: too much has
    happened, or too long ago, for Telegram to tell, or for this program to read.
    """

    pts: int
    changed: tuple[int, ...] = ()
    deleted: tuple[int, ...] = ()
    final: bool = True
    told: bool = True


class Updates:
    """Asks for what happened."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def channel_changes(self, chat: int, pts: int) -> ChannelChanges:
        """What happened in the channel `chat` (a marked id) after `pts`, or the first part of it. TobsError."""
        query = updates.GetChannelDifferenceRequest(
            self._core.input_channel(chat), types.ChannelMessagesFilterEmpty(), pts, AT_ONCE
        )
        try:
            raw = await self._core.call(query, patience=Patience.RUN, raw=True, chat=chat)
        except Refusal as refusal:
            if refusal.name.startswith("PERSISTENT_TIMESTAMP") or refusal.name == "CHANNEL_PUBLIC_GROUP_NA":
                return ChannelChanges(0, told=False)
            raise error_of(refusal, method=method_name(type(query))) from refusal
        try:
            answer = BinaryReader(unpacked(raw)).tgread_object()
        except (*BROKEN, PageUnreadable) as error:
            logger.warning("the changes of chat {} cannot be read: {}", chat, error)
            return ChannelChanges(0, told=False)
        return _changes(answer, pts)


def _changes(answer: Any, pts: int) -> ChannelChanges:
    """What an answer tells."""
    if isinstance(answer, types.updates.ChannelDifferenceTooLong):
        return ChannelChanges(answer.dialog.pts or 0, told=False)
    if isinstance(answer, types.updates.ChannelDifferenceEmpty):
        return ChannelChanges(answer.pts)
    changed = dict.fromkeys(message.id for message in answer.new_messages)
    deleted: dict[int, None] = {}
    for update in answer.other_updates:
        if isinstance(update, types.UpdateDeleteChannelMessages):
            deleted.update(dict.fromkeys(update.messages))
        elif isinstance(update, types.UpdatePinnedChannelMessages):
            changed.update(dict.fromkeys(update.messages))
        elif hasattr(update, "message"):
            changed[update.message.id] = None
        elif hasattr(update, "msg_id"):
            changed[update.msg_id] = None
    still_there = tuple(number for number in changed if number not in deleted)
    # An answer that leads nowhere would be given again and again.
    return ChannelChanges(answer.pts, still_there, tuple(deleted), final=bool(answer.final) or answer.pts <= pts)
