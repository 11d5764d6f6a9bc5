"""Edits from a file: what has happened to a world since it was built, for trying out what a refresh makes of it."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from tobs_tui.sandbox.worlds.world import World


class _Edit(Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag=str.lower):
    """Base of all edits; `chat` is a marked id."""

    chat: int


class Edit(_Edit, frozen=True):
    """Give a message another text."""

    id: int
    text: str


class Delete(_Edit, frozen=True):
    """Delete messages."""

    ids: tuple[int, ...]


class React(_Edit, frozen=True):
    """Set how many people reacted with which emoji."""

    id: int
    counts: dict[str, int]


class Pin(_Edit, frozen=True):
    """Pin a message."""

    id: int


class Post(_Edit, frozen=True):
    """Write a message."""

    sender: int
    text: str


class Empty(_Edit, frozen=True):
    """Delete everything in a chat."""


class Forget(_Edit, frozen=True):
    """Forget what has happened so far: Telegram would say that it is too long ago to tell."""


AnyEdit = Edit | Delete | React | Pin | Post | Empty | Forget


def read_edits(raw: bytes) -> list[AnyEdit]:
    """The edits in a file's JSON: ``[{"do": "edit", "chat": 7, "id": 12, "text": "better"}, ...]``.

    Raises msgspec.DecodeError.
    """
    return msgspec.json.decode(raw, type=list[AnyEdit])


def apply_edit(world: World, edit: AnyEdit) -> None:
    """Let it happen. Raises KeyError for a chat or message that is not there, TypeError for the benchmark's."""
    match edit:
        case Edit():
            world.edit_message(edit.chat, edit.id, edit.text)
        case Delete():
            world.delete_messages(edit.chat, edit.ids)
        case React():
            world.react(edit.chat, edit.id, edit.counts)
        case Pin():
            world.pin(edit.chat, edit.id)
        case Post():
            world.post(edit.chat, edit.sender, edit.text)
        case Empty():
            world.empty_history(edit.chat)
        case Forget():
            world.updates.forget(edit.chat)
