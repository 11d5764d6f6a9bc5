"""Asks Telegram how many messages there are and where they lie, a request each, without fetching them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from telethon.tl import TLRequest, types
from telethon.tl.functions import messages

from tobs_tui.model.messages import Message
from tobs_tui.model.peers import is_channel_id
from tobs_tui.model.profile import MediaKind
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.decode import decode_page
from tobs_tui.telegram.history import PASSED_OVER, history_query, search_query
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.page import CHANNEL_MESSAGES, MESSAGES, MESSAGES_SLICE, head_of, unpacked
from tobs_tui.telegram.refusals import Refusal, error_of
from tobs_tui.telegram.takeout import Takeout
from tobs_tui.telegram.tally import method_name

SEARCH_REACH = 10_000
"""Results of a search that Telegram gives at most, the newest ones (reported by users; the sandbox does the same)."""
SAMPLE = 100
"""Messages of a sample: as many as one request brings."""

# Stickers have no filter (https://core.telegram.org/type/MessagesFilter).
_FILTERS: Mapping[MediaKind, Any] = {
    MediaKind.PHOTO: types.InputMessagesFilterPhotos,
    MediaKind.VIDEO: types.InputMessagesFilterVideo,
    MediaKind.ROUND: types.InputMessagesFilterRoundVideo,
    MediaKind.ANIMATION: types.InputMessagesFilterGif,
    MediaKind.VOICE: types.InputMessagesFilterVoice,
    MediaKind.AUDIO: types.InputMessagesFilterMusic,
    MediaKind.FILE: types.InputMessagesFilterDocument,
}
COUNTED_KINDS = frozenset(_FILTERS)
"""The kinds of files that Telegram can be asked for."""


class Place(Struct, frozen=True):
    """A message's place in its chat: its id (0 = there is none), how many messages are newer, and how many there are.

    -1 = Telegram did not tell.
    """

    message_id: int
    newer: int
    total: int


class Sample(Struct, frozen=True):
    """The newest messages with one kind of file below some id; `place` is that of the first of them."""

    place: Place
    messages: tuple[Message, ...]


class Counting:
    """Counts and places. A flood wait of more than half a minute is told as TobsError FLOOD_WAIT, not waited for."""

    def __init__(self, core: Core, takeout: Takeout) -> None:
        self._core = core
        self._takeout = takeout

    async def place(
        self, chat: int, *, before_id: int = 0, before_date: int = 0, back: int = 0, scope: int = 0
    ) -> Place:
        """The newest message with an id below `before_id`, or older than `before_date` (0 = the newest), or the one
        `back` messages before it. `scope` as in `peers.own_scope`. TobsError."""
        raw = b""
        for passed in range(PASSED_OVER):  # over messages whose ids cannot be read
            query = history_query(self._core.input_peer(chat), before_id, before_date or None, back + passed, 1, scope)
            raw = await self._answer(chat, query)
            if head_of(raw).newest_id >= 0:
                break
        return _place(raw)

    async def file_counts(self, chat: int, kinds: Sequence[MediaKind], topic: int = 0) -> dict[MediaKind, int]:
        """How many messages of a chat or topic carry each kind of file; kinds without a counter are left out.

        TobsError.
        """
        asked = [kind for kind in kinds if kind in _FILTERS]
        if not asked:
            return {}
        query = messages.GetSearchCountersRequest(
            self._core.input_peer(chat), [_FILTERS[kind]() for kind in asked], top_msg_id=topic or None
        )
        try:
            counters = await self._core.call(query, patience=Patience.PERSON, chat=chat)
        except Refusal as refusal:
            raise error_of(refusal, method=method_name(type(query))) from refusal
        found = {type(counter.filter): counter.count for counter in counters}
        return {kind: found[_FILTERS[kind]] for kind in asked if _FILTERS[kind] in found}

    async def sample(
        self, chat: int, kind: MediaKind, *, before_id: int = 0, scope: int = 0, limit: int = SAMPLE
    ) -> Sample:
        """The newest messages with a kind of file, below `before_id` (0 = of all). KeyError for kinds that have no
        counter; TobsError."""
        query = search_query(self._core.input_peer(chat), before_id, None, 0, limit, scope, _FILTERS[kind]())
        raw = await self._answer(chat, query)
        page = decode_page(raw, chat, self._core.session.data.self_id)
        return Sample(_place(raw), tuple(page.messages))

    async def _answer(self, chat: int, query: TLRequest) -> bytes:
        """The undecoded answer about all of a chat: inside a takeout only where one of its ranges has all of it."""
        ranges = self._takeout.ranges
        try:
            if self._takeout.active and (is_channel_id(chat) or len(ranges) == 1):
                raw: bytes = await self._takeout.call(query, chat=chat, part=ranges[-1], raw=True)
            else:
                raw = await self._core.call(query, patience=Patience.PERSON, raw=True, chat=chat)
        except Refusal as refusal:
            raise error_of(refusal, method=method_name(type(query))) from refusal
        return raw


def _place(raw: bytes) -> Place:
    raw = unpacked(raw)
    head = head_of(raw)
    if not head.size:
        return Place(0, head.count, head.count)
    return Place(max(0, head.newest_id), _newer(raw), head.count)


def _newer(raw: bytes) -> int:
    """The `offset_id_offset` of a page: the position of its first message, -1 when it is not told."""
    constructor, flags = struct.unpack_from("<Ii", raw)
    if constructor == MESSAGES:  # all that there is
        return 0
    if not flags & 4 or constructor not in (MESSAGES_SLICE, CHANNEL_MESSAGES):
        return -1
    at = 12 + 4 * (flags & 1) if constructor == MESSAGES_SLICE else 16
    return int(struct.unpack_from("<i", raw, at)[0])
