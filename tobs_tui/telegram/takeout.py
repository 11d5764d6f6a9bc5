"""The takeout session: begun once, attached again after an interruption, ended when the run ends."""

from __future__ import annotations

import asyncio
from typing import Any

from telethon.tl import TLRequest
from telethon.tl.functions import account, messages

from tobs_tui.model.intervals import Interval
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.refusals import Refusal, error_of
from tobs_tui.telegram.tally import method_name

ALL_MESSAGES = Interval(1, 2**31 - 1)
MAX_FILE_BYTES = 4 * 1024**3
"""The largest file that Telegram keeps; what a takeout with files asks to be allowed."""


class Takeout:
    """Sends requests inside the takeout session while there is one, and outside otherwise."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._id = 0
        self._splits: list[Interval] = [ALL_MESSAGES]
        self._announced = self._splits
        self._renewing = asyncio.Lock()

    @property
    def active(self) -> bool:
        """Whether requests go through a takeout session."""
        return self._id != 0

    @property
    def id(self) -> int:
        """The takeout session's id, 0 when there is none."""
        return self._id

    async def settled(self) -> int:
        """The session's id, 0 when there is none. One that is being begun in place of another is waited for: outside of
        it, Telegram allows less."""
        if self._renewing.locked():
            async with self._renewing:
                pass
        return self._id

    @property
    def ranges(self) -> list[Interval]:
        """The ranges that private chats and basic groups must be asked for one by one, ascending."""
        return self._splits

    @property
    def as_announced(self) -> bool:
        """Whether `ranges` are those that stood when the takeout was begun; a renewed one may have others, or none."""
        return self._splits == self._announced

    async def begin(self, *, files: bool) -> None:
        """Attach to the stored takeout session, or begin one. TobsError TAKEOUT_DELAYED says how long to wait."""
        data = self._core.session.data
        if data.takeout_id and files and not data.takeout_files:
            self._id = data.takeout_id
            await self.end(success=False)
        if data.takeout_id:
            self._id = data.takeout_id
            try:
                await self._read_splits()
            except Refusal as refusal:
                if refusal.name not in ("TAKEOUT_INVALID", "TAKEOUT_REQUIRED"):
                    raise error_of(refusal) from refusal
                self._forget()
            else:
                self._announced = self._splits
                return
        await self._init(files=files)
        self._announced = self._splits

    async def _init(self, *, files: bool) -> None:
        query = account.InitTakeoutSessionRequest(
            contacts=False,
            message_users=True,
            message_chats=True,
            message_megagroups=True,
            message_channels=True,
            files=files,
            file_max_size=MAX_FILE_BYTES if files else None,
        )
        try:
            answer = await self._core.call(query, patience=Patience.RUN)
            self._id = answer.id
            await self._read_splits()
        except Refusal as refusal:
            self._id = 0
            raise error_of(refusal, method=method_name(type(query))) from refusal
        data = self._core.session.data
        data.takeout_id, data.takeout_files = self._id, files
        self._core.session.save()

    async def _read_splits(self) -> None:
        query = messages.GetSplitRangesRequest()
        ranges = await self._core.call(query, patience=Patience.RUN, takeout=self._id)
        self._splits = sorted(Interval(part.min_id, part.max_id) for part in ranges) or [ALL_MESSAGES]

    def detach(self) -> None:
        """Work outside the takeout session from now on; the stored id stays for the next `begin`."""
        self._id = 0
        self._splits = [ALL_MESSAGES]

    def _forget(self) -> None:
        self.detach()
        self._core.session.data.takeout_id = 0
        self._core.session.save()

    async def end(self, *, success: bool) -> None:
        """Tell Telegram that the export is over. A takeout session that is gone already counts as ended."""
        if not self._id:
            return
        query = account.FinishTakeoutSessionRequest(success=success)
        try:
            await self._core.call(query, patience=Patience.PERSON, takeout=self._id)
        except Refusal as refusal:
            if refusal.name not in ("TAKEOUT_INVALID", "TAKEOUT_REQUIRED"):
                raise error_of(refusal, method=method_name(type(query))) from refusal
        self._forget()

    async def call(self, query: TLRequest, *, chat: int = 0, part: Interval | None = None, raw: bool = False) -> Any:
        """The answer, asked for inside the takeout session where that is possible; `part` only counts there.

        A takeout session that another device replaced is begun anew. A chat that is refused inside is asked for
        outside, and from then on only there. Raises `Refusal` and TobsError as `Core.call`.
        """
        unwrapped = self._core.session.data.unwrapped
        for _ in range(2):
            takeout = 0 if chat in unwrapped else await self.settled()
            inside = part if takeout and part != ALL_MESSAGES else None
            try:
                return await self._core.call(
                    query, patience=Patience.RUN, raw=raw, chat=chat, takeout=takeout, part=inside
                )
            except Refusal as refusal:
                if not takeout:
                    raise
                if refusal.name == "TAKEOUT_INVALID":
                    await self.renew(takeout)
                elif refusal.code in (400, 403):
                    return await self._outside(query, chat, raw, refusal)
                else:
                    raise
        return await self._core.call(query, patience=Patience.RUN, raw=raw, chat=chat)

    async def _outside(self, query: TLRequest, chat: int, raw: bool, refusal: Refusal) -> Any:
        try:
            answer = await self._core.call(query, patience=Patience.RUN, raw=raw, chat=chat)
        except Refusal:
            raise refusal from None  # what was said inside is no worse an explanation
        if chat:
            self._core.session.data.unwrapped.add(chat)
            self._core.session.save()
        return answer

    async def renew(self, invalid: int) -> None:
        """Begin a new takeout session in place of the one with the id `invalid`, which another device replaced.

        Raises TobsError TAKEOUT_DELAYED.
        """
        async with self._renewing:
            if self._id == invalid:  # else somebody else has renewed it meanwhile
                files = self._core.session.data.takeout_files
                self._forget()
                await self._init(files=files)
