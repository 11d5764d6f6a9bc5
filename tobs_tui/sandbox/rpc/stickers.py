"""Sticker sets: whichever is asked for, it holds the stickers that the world's messages use."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from telethon.tl import types
from telethon.tl.functions import messages as methods

from tobs_tui.sandbox.rpc.registry import Answer, Call, RpcError, handles


@handles(methods.GetStickerSetRequest)
def get_sticker_set(call: Call, request: Any) -> Answer:
    """messages.getStickerSet, by numbers, by short name or by the set's use (such as the animations of gifts)."""
    wanted = request.stickerset
    if isinstance(wanted, types.InputStickerSetEmpty):
        raise RpcError(406, "STICKERSET_INVALID")
    name = getattr(wanted, "short_name", None) or type(wanted).__name__.removeprefix("InputStickerSet")
    number = getattr(wanted, "id", None) or crc32(name.encode())
    access_hash = getattr(wanted, "access_hash", None) or number
    stickers = [
        file.tl()
        for file in call.world.files.by_id.values()
        if any(isinstance(each, types.DocumentAttributeSticker) for each in file.attributes)
    ]
    shown = types.StickerSet(
        id=number, access_hash=access_hash, title=name, short_name=name, count=len(stickers), hash=0
    )
    return types.messages.StickerSet(set=shown, packs=[], keywords=[], documents=stickers)
