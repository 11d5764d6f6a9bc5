"""Messages of an export as this program's records, with what is known of the people who wrote them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.desktop.actions import action_of
from tobs_tui.desktop.fields import list_field, moment_field, number_field, peer_field, text_field
from tobs_tui.desktop.media import DesktopFile, DesktopMedia, media_of
from tobs_tui.desktop.texts import formatted
from tobs_tui.model.messages import Button, Forward, Message, Reaction, ReactionKind, Reply
from tobs_tui.model.peers import CHANNEL_MARK, Peer, PeerKind, bare_id, is_channel_id

MIGRATED_SHIFT = -1_000_000_000
"""What Telegram Desktop adds to the ids of messages from before a group became a supergroup."""

_KINDS = {
    "saved_messages": PeerKind.SAVED,
    "personal_chat": PeerKind.USER,
    "replies": PeerKind.USER,
    "verify_codes": PeerKind.USER,
    "bot_chat": PeerKind.BOT,
    "private_group": PeerKind.GROUP,
    "private_supergroup": PeerKind.SUPERGROUP,
    "public_supergroup": PeerKind.SUPERGROUP,
    "private_channel": PeerKind.CHANNEL,
    "public_channel": PeerKind.CHANNEL,
}
_TITLES = {"saved_messages": "Saved Messages", "replies": "Replies", "verify_codes": "Verification Codes"}
_REACTIONS = {"custom_emoji": ReactionKind.CUSTOM, "paid": ReactionKind.PAID}


class DesktopMessage(Struct, frozen=True):
    """A message of an export: its record, its file's place, its sender, and whether it is from before a migration."""

    message: Message
    file: DesktopFile | None = None
    sender: Peer | None = None
    old_half: bool = False


def chat_peer(head: dict[str, Any]) -> Peer | None:
    """The peer of a chat's head; None for a type that no version of Telegram Desktop is known to write."""
    type_name = text_field(head, "type")
    kind = _KINDS.get(type_name)
    if kind is None:
        return None
    ident = _marked(bare_id(peer_field(head, "id")), kind)
    name = text_field(head, "name") or _TITLES.get(type_name, "")
    gone = not name and kind is PeerKind.USER
    return Peer(id=ident, kind=kind, title=name, deleted=gone, is_self=kind is PeerKind.SAVED, min=True)


def _marked(bare: int, kind: PeerKind) -> int:
    if kind is PeerKind.GROUP:
        return -bare
    return CHANNEL_MARK - bare if kind in (PeerKind.SUPERGROUP, PeerKind.CHANNEL) else bare


def read_message(fields: dict[str, Any], chat: Peer, before: int) -> DesktopMessage:
    """The record of a message; `before` is the date of the one in front of it, for those that have none."""
    ident = number_field(fields, "id")
    old_half = ident < 0 and ident > MIGRATED_SHIFT
    ident = ident - MIGRATED_SHIFT if old_half else ident
    date = moment_field(fields, "date") or before
    kind = text_field(fields, "type")
    if kind not in ("message", "service"):
        lost = Message(id=ident, date=date, unknown=(f"Telegram Desktop: {kind or 'unnamed'} message",))
        return DesktopMessage(lost, old_half=old_half)
    who = "actor" if kind == "service" else "from"
    sender = peer_field(fields, f"{who}_id")
    found = media_of(fields, f"{chat.id}:{'old:' if old_half else ''}{ident}")
    make = _service if kind == "service" else _message
    record = make(fields, ident, date, 0 if sender == chat.id and is_channel_id(chat.id) else sender, found)
    return DesktopMessage(record, found.file, _sender(sender, text_field(fields, who)), old_half)


def _sender(ident: int, name: str) -> Peer | None:
    if not ident:
        return None
    kind = PeerKind.USER if ident > 0 else PeerKind.CHANNEL if is_channel_id(ident) else PeerKind.GROUP
    return Peer(id=ident, kind=kind, title=name, deleted=not name and ident > 0, min=True)


def _service(fields: dict[str, Any], ident: int, date: int, sender: int, found: DesktopMedia) -> Message:
    return Message(id=ident, date=date, sender=sender, action=replace(action_of(fields), photo=found.media))


def _message(fields: dict[str, Any], ident: int, date: int, sender: int, found: DesktopMedia) -> Message:
    text = formatted(fields)
    return Message(
        id=ident,
        date=date,
        sender=sender,
        text=text.text,
        entities=text.entities,
        edit_date=moment_field(fields, "edited"),
        reply=_reply(fields),
        forward=_forward(fields),
        media=found.media,
        reactions=tuple(_reaction(item) for item in list_field(fields, "reactions") if isinstance(item, dict)),
        post_author=text_field(fields, "author"),
        buttons=_buttons(fields),
    )


def _reply(fields: dict[str, Any]) -> Reply | None:
    target = number_field(fields, "reply_to_message_id")
    if not target:
        return None
    old = MIGRATED_SHIFT < target < 0
    return Reply(message_id=target - MIGRATED_SHIFT if old else target, peer=peer_field(fields, "reply_to_peer_id"))


def _forward(fields: dict[str, Any]) -> Forward | None:
    if "forwarded_from" not in fields:
        return None
    name = text_field(fields, "forwarded_from") or "Deleted Account"
    return Forward(peer=peer_field(fields, "forwarded_from_id"), name=name)


def _reaction(fields: dict[str, Any]) -> Reaction:
    kind = _REACTIONS.get(text_field(fields, "type"), ReactionKind.EMOJI)
    return Reaction(kind=kind, count=number_field(fields, "count"), emoji=text_field(fields, "emoji"))


def _buttons(fields: dict[str, Any]) -> tuple[Button, ...]:
    return tuple(
        Button(row=row, text=text_field(button, "text"), url=_url(button))
        for row, line in enumerate(list_field(fields, "inline_bot_buttons"))
        for button in (line if isinstance(line, list) else ())
        if isinstance(button, dict)
    )


def _url(button: dict[str, Any]) -> str:
    return text_field(button, "data") if text_field(button, "type") in ("url", "auth") else ""
