"""upload.*: bytes of photos, documents, thumbnails and profile pictures, and their way over the content network."""

from __future__ import annotations

import hashlib
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.peers import peer_key
from tobs_tui.sandbox.rpc.registry import Answer, Call, PreparedAnswer, RpcError, handles
from tobs_tui.sandbox.worlds import encode
from tobs_tui.sandbox.worlds.files import StoredFile
from tobs_tui.sandbox.worlds.peers import is_channel

BLOCK = 1 << 20
PART = 128 << 10
HASHES_LIMIT = 16
CDN_HASHES = 4
"""Hashes that come with a redirect and a reupload; clients ask for the others."""
_FILE_ID = b"\xd5\x18\x6a\x09"
_KINDS: dict[str | None, type[Any]] = {
    None: types.storage.FileJpeg,
    "image/jpeg": types.storage.FileJpeg,
    "image/png": types.storage.FilePng,
    "image/webp": types.storage.FileWebp,
    "video/mp4": types.storage.FileMp4,
    "audio/mpeg": types.storage.FileMp3,
    "application/pdf": types.storage.FilePdf,
}


def check_range(offset: int, limit: int, precise: bool) -> None:
    """Telegram's rules for a part: OFFSET_INVALID or LIMIT_INVALID (core.telegram.org/api/files).

    Offset and limit are multiples of 4 KiB (1 KiB with ``precise``), the limit divides 1 MiB (unless ``precise``, where
    it only may not exceed it), and the part lies within one block of 1 MiB.
    """
    step = 1024 if precise else 4096
    if offset < 0 or offset % step:
        raise RpcError(400, "OFFSET_INVALID")
    if limit <= 0 or limit % step or limit > BLOCK or (not precise and BLOCK % limit):
        raise RpcError(400, "LIMIT_INVALID")
    if offset // BLOCK != (offset + limit - 1) // BLOCK:
        raise RpcError(400, "LIMIT_INVALID")


def _locate(call: Call, location: Any) -> tuple[StoredFile, str]:
    """The file that a location means and the wanted size's type, after all of Telegram's checks."""
    if isinstance(location, types.InputPeerPhotoFileLocation):
        file = _peer_photo(call, location)
        size = file.sizes[-1].type if location.big else file.sizes[0].type
    elif isinstance(location, types.InputDocumentFileLocation | types.InputPhotoFileLocation):
        found = call.world.files.by_id.get(location.id)
        photo = isinstance(location, types.InputPhotoFileLocation)
        if found is None or found.access_hash != location.access_hash or found.is_photo != photo:
            raise RpcError(400, "LOCATION_INVALID")
        if found.dc == call.dc and location.file_reference != found.reference():
            kind = "EXPIRED" if location.file_reference else "EMPTY"
            raise RpcError(400, f"FILE_REFERENCE_{kind}")
        file, size = found, location.thumb_size
    else:
        raise RpcError(400, "LOCATION_INVALID")
    if file.dc != call.dc:
        raise RpcError(303, f"FILE_MIGRATE_{file.dc}")
    return file, size


def _peer_photo(call: Call, location: Any) -> StoredFile:
    key = peer_key(call, location.peer)
    world = call.world
    holder: Any = world.users.get(key) if key > 0 else world.channel(key) if is_channel(key) else world.groups[-key]
    if holder.photo is None or holder.photo.id != location.photo_id:
        raise RpcError(400, "PHOTO_INVALID")
    photo: StoredFile = holder.photo
    return photo


def _read(file: StoredFile, size: str, offset: int, limit: int) -> bytes:
    part = file.read(size, offset, limit)
    if part is None:
        raise RpcError(400, "LOCATION_INVALID")
    return part


@handles(functions.upload.GetFileRequest)
def get_file(call: Call, request: Any) -> Answer:
    """One part of a file; empty behind its end. FILE_MIGRATE_n when the file lives at another data centre.

    A client that knows the content network is sent there for files that are on it; others get them from here.
    """
    check_range(request.offset, request.limit, bool(request.precise))
    file, size = _locate(call, request.location)
    if file.cdn and not size and request.cdn_supported:
        return call.server.cdn.redirect(file)
    part = _read(file, size, request.offset, request.limit)
    call.server.bytes_served += len(part)
    kind = _KINDS.get(file.mime, types.storage.FileUnknown)()
    head = _FILE_ID + bytes(kind) + file.date.to_bytes(4, "little")
    return PreparedAnswer(head + encode.tl_string(part))


def hashes_from(file: StoredFile, size: str, offset: int, count: int = HASHES_LIMIT) -> list[Any]:
    """SHA-256 of each 128 KiB from the piece that holds the offset on, at most `count`; none from the end on."""
    length = file.length_of(size)
    first = max(offset, 0) // PART * PART
    hashes: list[Any] = []
    for start in range(first, min(length, first + count * PART), PART) if offset < length else ():
        part = _read(file, size, start, PART)
        hashes.append(types.FileHash(offset=start, limit=len(part), hash=hashlib.sha256(part).digest()))
    return hashes


@handles(functions.upload.GetFileHashesRequest)
def get_file_hashes(call: Call, request: Any) -> Answer:
    """The hashes of the pieces from the one that holds the offset on, at most 16 (2 MiB)."""
    return hashes_from(*_locate(call, request.location), request.offset)


# The content network, https://core.telegram.org/cdn


@handles(functions.upload.GetCdnFileRequest, open_to_strangers=True)
def get_cdn_file(call: Call, request: Any) -> Answer:
    """One part of a file as the content network has it: encrypted; or that it has to be brought there first."""
    check_range(request.offset, request.limit, precise=False)
    entry = call.server.cdn.entry(request.file_token)
    if not entry.uploaded:
        return types.upload.CdnFileReuploadNeeded(request_token=entry.ask_for_upload())
    part = _read(entry.file, "", request.offset, request.limit)
    call.server.bytes_served += len(part)
    return types.upload.CdnFile(bytes=entry.encrypt(part, request.offset))


@handles(functions.upload.ReuploadCdnFileRequest)
def reupload_cdn_file(call: Call, request: Any) -> Answer:
    """Bring a file to the content network; gives the hashes of its beginning."""
    entry = call.server.cdn.entry(request.file_token)
    entry.upload(request.request_token)
    return hashes_from(entry.file, "", 0, CDN_HASHES)


@handles(functions.upload.GetCdnFileHashesRequest)
def get_cdn_file_hashes(call: Call, request: Any) -> Answer:
    """As upload.getFileHashes, of a file on the content network."""
    return hashes_from(call.server.cdn.entry(request.file_token).file, "", request.offset)
