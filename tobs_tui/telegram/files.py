"""Parts of files, straight from the data centre that keeps them."""

from __future__ import annotations

from typing import Any

from cachetools import LRUCache
from msgspec import Struct
from telethon.tl import TLRequest, types
from telethon.tl.functions import InvokeWithTakeoutRequest, upload

from tobs_tui.model.media import File, FileKind
from tobs_tui.telegram.core import Core, method_name
from tobs_tui.telegram.history import History
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.line import Envelope, without_updates
from tobs_tui.telegram.refusals import FileReferenceExpired, FileUnavailable, Refusal, error_of
from tobs_tui.telegram.takeout import Takeout

ALIGNMENT = 4096
"""Offsets and limits that are no multiples of this many bytes need the `precise` flag."""
MAX_REFRESHES = 3
"""Fresh references for one file that did not help before it counts as unavailable."""
_MISPLACED = frozenset({"LOCATION_INVALID", "LOCATION_NOT_AVAILABLE", "FILE_ID_INVALID", "VERSION_INVALID"})


class FileHash(Struct, frozen=True):
    """The SHA-256 of `limit` bytes of a file from `offset`."""

    offset: int
    limit: int
    sha256: bytes


class Files:
    """Downloads parts and finds fresh references."""

    def __init__(self, core: Core, takeout: Takeout, history: History) -> None:
        self._core = core
        self._takeout = takeout
        self._history = history
        self._homes: LRUCache[int, int] = LRUCache(10_000)
        self._stale: LRUCache[int, int] = LRUCache(10_000)

    async def part(self, file: File, offset: int, limit: int) -> bytes:
        """`limit` bytes of a file from `offset`, fewer at its end.

        Telegram wants multiples of 1 KiB, a limit that divides 1 MiB, and a part that stays within one MiB. Raises
        `FileReferenceExpired`, `FileUnavailable`, and TobsError.
        """
        precise = bool(offset % ALIGNMENT or limit % ALIGNMENT)
        query = upload.GetFileRequest(_location(file), offset, limit, precise=precise or None)
        answer = await self._ask(file, query)
        if not isinstance(answer, types.upload.File):
            raise FileUnavailable("Telegram keeps it on an outside delivery network.")
        self._stale.pop(file.id, None)
        return bytes(answer.bytes)

    async def hashes(self, file: File, offset: int) -> list[FileHash]:
        """The hashes that Telegram has of the parts from `offset` on; may be empty. Raises as `part`."""
        answer = await self._ask(file, upload.GetFileHashesRequest(_location(file), offset))
        return [FileHash(each.offset, each.limit, each.hash) for each in answer]

    async def refresh(self, chat: int, message_id: int, file: File) -> File:
        """The same file with a fresh reference, from its message. Raises `FileUnavailable`, TobsError."""
        from tobs_tui.telegram.decode import decode_page  # one message: no need for another process
        from tobs_tui.telegram.file_finder import every_file

        page = decode_page(await self._history.by_id(chat, [message_id]), chat)
        for message in page.messages:
            for found in every_file(message):
                if (found.kind, found.id, found.thumb) == (file.kind, file.id, file.thumb):
                    return found
        raise FileUnavailable("The message that carried it does not any more.")

    async def _ask(self, file: File, query: TLRequest) -> Any:
        """The answer from the data centre that has the file, which Telegram corrects where it is another one."""
        for _ in range(4):
            dc = self._homes.get(file.id) or file.dc or self._core.network.dc
            takeout = self._takeout.id
            try:
                return await self._core.limiter.run(
                    f"{method_name(type(query))}@{dc}",
                    lambda dc=dc: self._send(dc, query),  # type: ignore[misc]
                    patience=Patience.RUN,
                    file=True,
                )
            except Refusal as refusal:
                await self._judge(file, dc, takeout, refusal)
        raise FileUnavailable("Telegram sends from one data centre to another for it.")

    async def _send(self, dc: int, query: TLRequest) -> Any:
        line = await self._core.network.file_line(dc)
        wrapped = InvokeWithTakeoutRequest(self._takeout.id, query) if self._takeout.active else query
        return await line.send(Envelope(query, without_updates(wrapped)))

    async def _judge(self, file: File, dc: int, takeout: int, refusal: Refusal) -> None:
        """Return when asking again may help; raise otherwise."""
        if refusal.name in ("FILE_MIGRATE", "STATS_MIGRATE"):
            self._homes[file.id] = refusal.number
            return
        if refusal.name.startswith("FILE_REFERENCE_") or refusal.name in _MISPLACED:
            self._stale[file.id] = self._stale.get(file.id, 0) + 1
            if self._stale[file.id] > MAX_REFRESHES:
                raise FileUnavailable(f"Telegram answers {refusal.name} for it, with fresh references too.")
            raise FileReferenceExpired(refusal.name) from refusal
        if refusal.ends_session:
            if dc != self._core.network.dc and refusal.spoils_key:
                await self._core.network.forget_key(dc)
                return
            if dc != self._core.network.dc and refusal.name == "AUTH_KEY_UNREGISTERED":
                # Only this data centre has forgotten the account. A main request finds out if it was not only this one.
                self._core.network.forget_authorisation(dc)
                return
            raise await self._core.end_session(refusal) from refusal
        if refusal.name == "TAKEOUT_INVALID":
            await self._takeout.renew(takeout)
            return
        if refusal.code == 400:
            raise FileUnavailable(f"Telegram answers {refusal.name} for it.")
        raise error_of(refusal, method="upload.getFile") from refusal


def _location(file: File) -> Any:
    kind = types.InputPhotoFileLocation if file.kind is FileKind.PHOTO else types.InputDocumentFileLocation
    return kind(id=file.id, access_hash=file.access_hash, file_reference=file.reference, thumb_size=file.thumb)
