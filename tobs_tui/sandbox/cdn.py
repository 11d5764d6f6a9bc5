"""The content network: which files it holds, under which tokens, and how they are encrypted.

Its data centre is not trusted: it has an RSA key of its own, sees encrypted bytes only, and answers nothing but
upload.getCdnFile (https://core.telegram.org/cdn).
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from telethon.tl import types

from tobs_tui.sandbox.rpc.registry import CDN_DC, RpcError
from tobs_tui.sandbox.worlds.files import StoredFile


class CdnFile:
    """One file on the network: its key, and whether it has been brought there."""

    def __init__(self, file: StoredFile) -> None:
        self.file = file
        self.uploaded = False
        self.key, self.iv = os.urandom(32), os.urandom(16)
        self._request = b""

    def ask_for_upload(self) -> bytes:
        """A token with which the client asks the file's own data centre to bring it here."""
        self._request = self._request or os.urandom(16)
        return self._request

    def upload(self, request_token: bytes) -> None:
        """Bring the file here. RpcError for a token that was not given out."""
        if not self._request or request_token != self._request:
            raise RpcError(400, "REQUEST_TOKEN_INVALID")
        self.uploaded = True

    def encrypt(self, part: bytes, offset: int) -> bytes:
        """The part that begins at `offset` as the network keeps it."""
        iv = self.iv[:12] + (offset // 16).to_bytes(4, "big")
        return Cipher(algorithms.AES(self.key), modes.CTR(iv)).encryptor().update(part)


class Cdn:
    """The files of a server that are on the network, by token."""

    def __init__(self) -> None:
        self._tokens: dict[int, bytes] = {}
        self._entries: dict[bytes, CdnFile] = {}

    def redirect(self, file: StoredFile) -> types.upload.FileCdnRedirect:
        """What a client is told instead of a part."""
        from tobs_tui.sandbox.rpc.upload import CDN_HASHES, hashes_from

        token = self._tokens.get(file.id)
        if token is None:
            token = self._tokens[file.id] = os.urandom(24)
            self._entries[token] = CdnFile(file)
        entry = self._entries[token]
        return types.upload.FileCdnRedirect(
            dc_id=CDN_DC,
            file_token=token,
            encryption_key=entry.key,
            encryption_iv=entry.iv,
            file_hashes=hashes_from(file, "", 0, CDN_HASHES),
        )

    def entry(self, token: bytes) -> CdnFile:
        """The file of a token. RpcError when the token is not good any more."""
        found = self._entries.get(token)
        if found is None:
            raise RpcError(400, "FILE_TOKEN_INVALID")
        return found

    def expire_tokens(self) -> None:
        """Make all tokens that were given out invalid, as Telegram does after a while."""
        self._tokens.clear()
        self._entries.clear()
