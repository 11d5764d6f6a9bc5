"""Parts of files, straight from the data centre that keeps them."""

from __future__ import annotations

from typing import Any

from cachetools import LRUCache
from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, types
from telethon.tl.functions import InvokeWithTakeoutRequest, upload
from telethon.tl.functions.messages import GetCustomEmojiDocumentsRequest

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.media import File, FileKind, FilePart
from tobs_tui.model.messages import EMOJI_TO_FIND
from tobs_tui.telegram.cdn import CdnFailed, CdnRestart, CdnSource, FileHash
from tobs_tui.telegram.convert_media import document_media
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.history import History
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.line import Envelope, without_updates
from tobs_tui.telegram.refusals import (
    FileReferenceExpired,
    FileRefused,
    FileUnavailable,
    HomeRefusal,
    Refusal,
    error_of,
)
from tobs_tui.telegram.takeout import Takeout
from tobs_tui.telegram.tally import method_name

ALIGNMENT = 4096
"""Offsets and limits that are no multiples of this many bytes need the `precise` flag."""
SILENT_ATTEMPTS = 2
"""Times that a request may stay without an answer, on a connection that works, before its file is set aside."""
MAX_REFRESHES = 3
"""Fresh references for one file that did not help before it counts as unavailable."""
RESTARTS = 6
"""Redirects to the content network for one part."""
_FILE = types.upload.File.CONSTRUCTOR_ID.to_bytes(4, "little")
_LONG = 254
"""The first byte of TL strings whose length takes three more."""
Key = tuple[FileKind, int, str]
_MISPLACED = frozenset({"LOCATION_INVALID", "LOCATION_NOT_AVAILABLE", "FILE_ID_INVALID", "VERSION_INVALID"})


class Files:
    """Downloads parts and finds fresh references."""

    def __init__(self, core: Core, takeout: Takeout, history: History) -> None:
        self._core = core
        self._takeout = takeout
        self._history = history
        self._homes: LRUCache[int, int] = LRUCache(10_000)
        self._stale: LRUCache[int, set[int]] = LRUCache(10_000)  # by file, after which of its refreshes it was refused
        self._refreshes: LRUCache[int, int] = LRUCache(10_000)
        self._emoji: LRUCache[int, File] = LRUCache(10_000)
        self._cdn: LRUCache[Key, CdnSource] = LRUCache(256)
        self._off_cdn: LRUCache[Key, bool] = LRUCache(10_000)

    async def part(self, file: File, offset: int, limit: int) -> FilePart:
        """`limit` bytes of a file from `offset`, fewer at its end.

        Telegram wants multiples of 1 KiB, a limit that divides 1 MiB, and a part that stays within one MiB. Raises
        `FileReferenceExpired`, `FileUnavailable`, and TobsError.
        """
        key = (file.kind, file.id, file.thumb)
        for _ in range(RESTARTS):
            source = self._cdn.get(key)
            if source is None:
                query = _part_query(file, offset, limit, cdn=key not in self._off_cdn)
                raw: bytes = await self._ask(file, query, raw=True)
                if raw.startswith(_FILE):
                    self._stale.pop(file.id, None)
                    return _bytes_of(raw)
                source = self._cdn[key] = CdnSource(self._core, BinaryReader(raw).tgread_object())
            try:
                return await source.part(offset, limit, lambda query: self._ask(file, query, plain=True))
            except CdnRestart:
                self._cdn.pop(key, None)
            except CdnFailed as failure:
                self._cdn.pop(key, None)
                if key in self._off_cdn:
                    raise FileUnavailable(f"It is not to be had: {failure}.") from failure
                self._off_cdn[key] = True  # its own data centre may give it as well
        raise FileUnavailable("Telegram sends to its content network for it, again and again.")

    async def hashes(self, file: File, offset: int) -> list[FileHash]:
        """The hashes that Telegram has of the parts from `offset` on; may be empty. Raises as `part`."""
        try:
            answer = await self._ask(file, upload.GetFileHashesRequest(_location(file), offset))
        except FileRefused:  # there are none: the parts will tell whether the file itself is to be had
            return []
        return [FileHash(each.offset, each.limit, each.hash) for each in answer]

    async def refresh(self, chat: int, message_id: int, file: File) -> File:
        """The same file with a fresh reference, from its message; a custom emoji, of which messages tell the id alone,
        from Telegram's list of those. Raises `FileUnavailable`, TobsError."""
        self._refreshes[file.id] = self._refreshes.get(file.id, 0) + 1
        if file.id in self._emoji or file.mime == EMOJI_TO_FIND:
            return await self._custom_emoji(file)
        from tobs_tui.telegram.decode import decode_page  # one message: no need for another process
        from tobs_tui.telegram.file_finder import every_file

        page = decode_page(await self._history.by_id(chat, [message_id]), chat)
        for message in page.messages:
            for found in every_file(message):
                if (found.kind, found.id, found.thumb) == (file.kind, file.id, file.thumb):
                    return found
        raise FileUnavailable("The message that carried it does not any more.", final=True)

    async def _custom_emoji(self, file: File) -> File:
        """A custom emoji as Telegram has it now; asked once for all messages that show it, unless it proved stale."""
        known = self._emoji.get(file.id)
        if known is None or known.reference == file.reference:
            query = GetCustomEmojiDocumentsRequest([file.id])
            found = [document_media(each).file for each in await self._core.ask(query, patience=Patience.RUN)]
            if not found or found[0] is None:
                raise FileUnavailable("Telegram does not know this emoji any more.", final=True)
            known = self._emoji[file.id] = found[0]
        return known

    async def _ask(self, file: File, query: TLRequest, *, raw: bool = False, plain: bool = False) -> Any:
        """The answer from the data centre that has the file, which Telegram corrects where it is another one. With
        `raw` undecoded; with `plain`, refusals that concern the query itself are raised as they are."""
        silent = 0

        async def send(dc: int) -> Any:
            nonlocal silent
            try:
                return await self._send(dc, query, raw=raw)
            except TimeoutError as error:
                silent += 1
                if silent < SILENT_ATTEMPTS:
                    raise
                raise TobsError(ErrorCode.TELEGRAM_REFUSED, "Telegram does not answer for it.") from error

        for _ in range(4):
            dc = self._homes.get(file.id) or file.dc or self._core.network.dc
            takeout, account = self._takeout.id, self._core.session.data.self_id
            try:
                return await self._core.limiter.run(
                    f"{method_name(type(query))}@{dc}",
                    lambda dc=dc: send(dc),  # type: ignore[misc]
                    patience=Patience.RUN,
                    file=dc,
                )
            except Refusal as refusal:
                if plain and refusal.code == 400:
                    raise
                await self._judge(file, dc, takeout, account, refusal)
        raise FileUnavailable("Telegram sends from one data centre to another for it.")

    async def _send(self, dc: int, query: TLRequest, *, raw: bool) -> Any:
        line = await self._core.network.file_line(dc)
        takeout = await self._takeout.settled()
        wrapped = InvokeWithTakeoutRequest(takeout, query) if takeout else query
        return await line.send(Envelope(query, without_updates(wrapped), raw=raw))

    async def _judge(self, file: File, dc: int, takeout: int, account: int, refusal: Refusal) -> None:
        """Return when asking again may help; raise otherwise. `takeout` and `account` are those it was asked within."""
        if refusal.name in ("FILE_MIGRATE", "STATS_MIGRATE"):
            self._homes[file.id] = refusal.number
            return
        if refusal.name.startswith("FILE_REFERENCE_") or refusal.name in _MISPLACED:
            refused = self._stale.setdefault(file.id, set())
            refused.add(self._refreshes.get(file.id, 0))  # many requests under way may have had the same reference
            if len(refused) > MAX_REFRESHES:
                raise FileUnavailable(f"Telegram answers {refusal.name} for it, with fresh references too.")
            raise FileReferenceExpired(refusal.name) from refusal
        if refusal.ends_session and not isinstance(refusal, HomeRefusal):
            if dc != self._core.network.dc and refusal.spoils_key:
                await self._core.network.forget_key(dc)
                return
            if dc != self._core.network.dc and refusal.name == "AUTH_KEY_UNREGISTERED":
                # Only this data centre has forgotten the account. A main request finds out if it was not only this one.
                self._core.network.forget_authorisation(dc)
                return
        if refusal.ends_session:
            raise await self._core.end_session(refusal, account) from refusal
        if refusal.name == "TAKEOUT_INVALID":
            await self._takeout.renew(takeout)
            return
        if refusal.code == 400:
            raise FileRefused(f"Telegram answers {refusal.name} for it.")
        raise error_of(refusal, method="upload.getFile") from refusal


def _bytes_of(raw: bytes) -> memoryview:
    """The bytes of an undecoded upload.File, in place: constructor, type and time, then a TL string."""
    length, at = raw[12], 13
    if length == _LONG:
        length, at = int.from_bytes(raw[13:16], "little"), 16
    return memoryview(raw)[at : at + length]


def _part_query(file: File, offset: int, limit: int, *, cdn: bool) -> TLRequest:
    precise = bool(offset % ALIGNMENT or limit % ALIGNMENT)
    return upload.GetFileRequest(_location(file), offset, limit, precise=precise or None, cdn_supported=cdn or None)


def _location(file: File) -> Any:
    kind = types.InputPhotoFileLocation if file.kind is FileKind.PHOTO else types.InputDocumentFileLocation
    return kind(id=file.id, access_hash=file.access_hash, file_reference=file.reference, thumb_size=file.thumb)
