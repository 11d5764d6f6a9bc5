"""Files that Telegram serves from its content network: encrypted there, decrypted and checked here.

https://core.telegram.org/cdn. The network's machines are not Telegram's own: whatever comes from them counts only once
its SHA-256 is the one that the file's own data centre gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec import Struct
from telethon.tl import TLRequest, types
from telethon.tl.functions import upload

from tobs_tui.model.errors import TobsError
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.line import Envelope
from tobs_tui.telegram.refusals import Refusal
from tobs_tui.telegram.tally import method_name

AskHome = Callable[[TLRequest], Awaitable[Any]]
"""The answer of the file's own data centre. Raises as `Files.part`."""

_RESTART = frozenset({"FILE_TOKEN_INVALID", "REQUEST_TOKEN_INVALID"})
UPLOADS = 3
"""Times that a file is brought to the network for one part."""


class CdnRestart(Exception):
    """The redirect is not good any more: ask the file's own data centre for the part again."""


class CdnFailed(Exception):
    """The network does not give the part, or gives other bytes than it should; the text says how."""


class FileHash(Struct, frozen=True):
    """The SHA-256 of `limit` bytes of a file from `offset`."""

    offset: int
    limit: int
    sha256: bytes


class CdnSource:
    """One file on the network, as a redirect named it. Raises `CdnRestart` and `CdnFailed`, and what `ask_home` does.

    Hashes are kept for the stretch of the file that is being downloaded, not for all of it.
    """

    def __init__(self, core: Core, redirect: types.upload.FileCdnRedirect) -> None:
        self._core = core
        self._dc = redirect.dc_id
        self._token = redirect.file_token
        self._key, self._iv = redirect.encryption_key, redirect.encryption_iv
        self._hashes: dict[int, FileHash] = {}
        self._learn(redirect.file_hashes)

    async def part(self, offset: int, limit: int, ask_home: AskHome) -> bytes:
        """`limit` bytes of the file from `offset`, fewer at its end, decrypted and checked."""
        query = upload.GetCdnFileRequest(self._token, offset, limit)
        for _ in range(UPLOADS):
            answer = await self._send(query)
            if isinstance(answer, types.upload.CdnFile):
                data = self._decrypt(answer.bytes, offset)
                await self._check(data, offset, ask_home)
                return data
            self._learn(await self._home(ask_home, upload.ReuploadCdnFileRequest(self._token, answer.request_token)))
        raise CdnFailed("the content network does not get hold of it")

    async def _send(self, query: TLRequest) -> Any:
        network = self._core.network
        try:
            return await self._core.limiter.run(
                f"{method_name(type(query))}@{self._dc}",
                lambda: network.cdn_line(self._dc).send(Envelope(query, network.introduced(query))),
                patience=Patience.PERSON,  # there is another way: the file's own data centre
                file=self._dc,
            )
        except Refusal as refusal:
            if refusal.name in _RESTART:
                raise CdnRestart(refusal.name) from refusal
            if refusal.spoils_key:
                await network.forget_key(self._dc)
                raise CdnRestart(refusal.name) from refusal
            raise CdnFailed(f"the content network answers {refusal.name}") from refusal
        except TobsError as error:
            raise CdnFailed(f"the content network: {error.sentence}") from error

    @staticmethod
    async def _home(ask_home: AskHome, query: TLRequest) -> Any:
        """An answer about the file from its own data centre."""
        try:
            return await ask_home(query)
        except Refusal as refusal:
            raise CdnRestart(refusal.name) from refusal

    def _decrypt(self, data: bytes, offset: int) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # few files come this way

        counter = self._iv[:12] + (offset // 16).to_bytes(4, "big")
        return Cipher(algorithms.AES(self._key), modes.CTR(counter)).decryptor().update(data)

    def _learn(self, hashes: Iterable[Any]) -> None:
        self._hashes.update((each.offset, FileHash(each.offset, each.limit, each.hash)) for each in hashes)

    async def _check(self, data: bytes, offset: int, ask_home: AskHome) -> None:
        """Hold every byte against the hashes of the file's own data centre. A part begins where a hash does."""
        at = 0
        while at < len(data):
            known = self._hashes.get(offset + at)
            if known is None:
                self._learn(await self._home(ask_home, upload.GetCdnFileHashesRequest(self._token, offset + at)))
                known = self._hashes.get(offset + at)
            if known is None or known.limit <= 0:
                raise CdnFailed("Telegram vouches for no bytes there")
            if hashlib.sha256(data[at : at + known.limit]).digest() != known.sha256:
                raise CdnFailed("what the content network sent is not the file")
            del self._hashes[offset + at]
            at += known.limit
