"""The ground truth of a world: what a complete export of it must hold."""

from __future__ import annotations

from typing import cast

import msgspec
from telethon.tl import types

from tobs_tui.sandbox.worlds.history import DraftLog
from tobs_tui.sandbox.worlds.peers import Channel, Group, PeerKey, is_channel
from tobs_tui.sandbox.worlds.world import World


class ManifestTopic(msgspec.Struct, frozen=True):
    """A forum topic and the ascending ids of its messages, its opening service message among them."""

    id: int
    title: str
    message_ids: list[int]


class ManifestChat(msgspec.Struct, frozen=True):
    """A chat: its marked id, and the ascending ids of all messages, service messages included.

    `type` is private, bot, saved, group, supergroup, channel or forum; `topics` is empty unless it is a forum.
    """

    id: int
    title: str
    type: str
    message_ids: list[int]
    topics: list[ManifestTopic] = []


class ManifestMedium(msgspec.Struct, frozen=True):
    """A message's main file: its size in bytes, its SHA-256 in hex, and what is said in it, where anything is."""

    chat_id: int
    message_id: int
    size: int
    sha256: str
    spoken: str = ""


class ManifestLogin(msgspec.Struct, frozen=True):
    """How to sign in."""

    phone: str
    code: str
    password: str


class Manifest(msgspec.Struct, frozen=True):
    """The whole truth."""

    chats: list[ManifestChat]
    media: list[ManifestMedium]
    login: ManifestLogin


def build_manifest(world: World) -> Manifest:
    """What an export of all chats must hold.

    Chats: every dialog, archived ones included, and the old half of each migrated group under its own id. Media: one
    entry
    for each message that carries a photo or document of its own (an album is several messages); of a photo, the
    largest
    size. Not counted: thumbnails, profile pictures, pictures of link previews, games and invoices, the contents of
    paid
    media, files inside polls, stories and page blocks, other qualities of a video, and media that have expired.
    """
    keys = [entry.peer for entry in world.dialogs]
    for key in list(keys):
        old = world.channel(key).migrated_from if is_channel(key) else None
        if old is not None:
            keys.append(old.key)
    chats = [_chat(world, key) for key in sorted(keys)]
    media = [medium for key in sorted(keys) for medium in _media(world, key)]
    return Manifest(chats, media, ManifestLogin(world.phone, world.code, world.password))


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    return msgspec.json.encode(manifest)


def chat_type(world: World, key: PeerKey) -> str:
    """What sort of chat a marked id stands for; see `ManifestChat`."""
    if key == world.me_id:
        return "saved"
    if key > 0:
        return "bot" if world.users[key].bot else "private"
    chat: Group | Channel = world.channel(key) if is_channel(key) else world.groups[-key]
    if isinstance(chat, Group):
        return "group"
    if chat.broadcast:
        return "channel"
    return "forum" if chat.forum else "supergroup"


def _chat(world: World, key: PeerKey) -> ManifestChat:
    history = world.histories[key]
    kind = chat_type(world, key)
    topics: list[ManifestTopic] = []
    if kind == "forum":
        for topic in sorted(world.channel(key).topics.values(), key=lambda topic: topic.id):
            ids = [history.ids[position] for position in history.thread(topic.id)]
            topics.append(ManifestTopic(topic.id, topic.title, ids))
    return ManifestChat(key, world.title(key), kind, list(history.ids), topics)


def _media(world: World, key: PeerKey) -> list[ManifestMedium]:
    history = world.histories[key]
    if not isinstance(history, DraftLog):
        return []
    return [
        ManifestMedium(key, draft.id, draft.file.length(), draft.file.sha256(), draft.file.spoken)
        for draft in history.drafts
        if draft.file is not None
    ]


def carries_own_file(message: object) -> bool:
    """Whether a TL message counts as one with a medium in a manifest."""
    media = getattr(message, "media", None)
    if isinstance(media, types.MessageMediaPhoto):
        return isinstance(cast("types.MessageMediaPhoto", media).photo, types.Photo)
    if isinstance(media, types.MessageMediaDocument):
        return isinstance(cast("types.MessageMediaDocument", media).document, types.Document)
    return False
