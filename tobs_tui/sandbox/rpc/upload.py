"""upload.getFile and upload.getFileHashes: bytes of photos, documents, thumbnails and profile pictures."""

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


def _locate(call: Call, location: Any) -> tuple[StoredFile, bytes]:
    """The file that a location means and the bytes of the wanted size, after all of Telegram's checks."""
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
    content = file.content(size)
    if content is None:
        raise RpcError(400, "LOCATION_INVALID")
    return file, content


def _peer_photo(call: Call, location: Any) -> StoredFile:
    key = peer_key(call, location.peer)
    world = call.world
    holder: Any = world.users.get(key) if key > 0 else world.channel(key) if is_channel(key) else world.groups[-key]
    if holder.photo is None or holder.photo.id != location.photo_id:
        raise RpcError(400, "PHOTO_INVALID")
    photo: StoredFile = holder.photo
    return photo


@handles(functions.upload.GetFileRequest)
def get_file(call: Call, request: Any) -> Answer:
    """One part of a file; empty behind its end. FILE_MIGRATE_n when the file lives at another data centre."""
    check_range(request.offset, request.limit, bool(request.precise))
    file, content = _locate(call, request.location)
    part = content[request.offset : request.offset + request.limit]
    kind = _KINDS.get(file.mime, types.storage.FileUnknown)()
    head = _FILE_ID + bytes(kind) + file.date.to_bytes(4, "little")
    return PreparedAnswer(head + encode.tl_string(part))


@handles(functions.upload.GetFileHashesRequest)
def get_file_hashes(call: Call, request: Any) -> Answer:
    """SHA-256 of each 128 KiB part from the one that holds the offset on, at most 16 (2 MiB); none from the end on."""
    _, content = _locate(call, request.location)
    if request.offset >= len(content):
        return []
    first = max(request.offset, 0) // PART * PART
    hashes: list[Any] = []
    for offset in range(first, min(len(content), first + HASHES_LIMIT * PART), PART):
        part = content[offset : offset + PART]
        hashes.append(types.FileHash(offset=offset, limit=len(part), hash=hashlib.sha256(part).digest()))
    return hashes
