"""From a filled TL object to the Markdown of its message, for tests that look for facts in it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from telethon.tl import types

from tests.unit.telegram_samples import DATE, message, page
from tobs_tui.model.profile import Anchors
from tobs_tui.render.message import render_block
from tobs_tui.render.scene import FileLink, Scene, Target
from tobs_tui.telegram.decode import decode_page

CHAT = -1_000_000_000_005
NAMES = {7: "Ada", 8: "Noor", 9: "Poll Bot", 77: "Ivan", -1_000_000_000_006: "News", -1_000_000_000_005: "Club"}
USERNAMES = {8: "noor", -1_000_000_000_006: "news"}

SCENE = Scene(
    chat=CHAT,
    title="Club",
    zone=ZoneInfo("UTC"),
    anchors=Anchors.HEADING,
    name=lambda peer: NAMES.get(peer, f"u{peer}"),
    username=lambda peer: USERNAMES.get(peer, ""),
    target=lambda chat, number: Target(
        "Noor", f"2024-05.md#m{number}" if chat == CHAT else f"https://t.me/news/{number}"
    ),
    file=lambda one, index, file: FileLink(f"media/m{one.id}-{index}.bin"),
    comments=lambda one: "comments.md#m5",
)


def words(text: str) -> types.TextWithEntities:
    return types.TextWithEntities(text, [])


def shown(one: Any) -> str:
    """The Markdown of a TL message or service message."""
    [record] = decode_page(page([one]), CHAT).messages
    return render_block(record, SCENE, None, new_day=True)


def act(action: Any, reply: int = 0) -> str:
    """The sentence of a service message by Ada."""
    header = types.MessageReplyHeader(reply_to_msg_id=reply) if reply else None
    one = types.MessageService(5, types.PeerChannel(5), DATE, action=action, from_id=types.PeerUser(7), reply_to=header)
    return shown(one).split("\n\n")[2].removeprefix("*").rpartition("* · ")[0]


def carry(media: Any) -> str:
    """The Markdown of a message without text that carries media."""
    return shown(message(5, "", media=media, from_id=types.PeerUser(7))).partition(" · 12:00\n\n")[2]
