"""One message as a Markdown block: anchor, header, body, media, and what others made of it."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Anchors
from tobs_tui.render.actions import action_sentence
from tobs_tui.render.attachments import action_photo, after_text, before_text
from tobs_tui.render.escape import inline_name, line_start
from tobs_tui.render.facts import (
    SEPARATOR,
    button_rows,
    forwarded,
    gone,
    in_style,
    reach,
    reactions,
    reply_fact,
    restriction,
    sender_name,
    sender_notes,
    standing,
)
from tobs_tui.render.rich import render_rich
from tobs_tui.render.scene import Scene, Target
from tobs_tui.render.text import quoted, render_body, render_text

ANCHOR = "###### m"
BLOCK_ANCHOR = "^m"


def render_block(message: Message, scene: Scene, before: Message | None, *, new_day: bool) -> str:
    """The block of `message`, without newlines at its ends; `before` is the message above it in the note (None: it is
    the first). A new day gets its heading; a further part of an album has its own anchor, and no header."""
    parts: list[str] = []
    if new_day and scene.day_headings:
        parts.append(f"{'#' * scene.day_headings} {scene.clock.day(message.date)}")
    if scene.anchors is Anchors.HEADING:
        parts.append(f"{ANCHOR}{message.id}")
    if message.action is not None:
        parts.append(_service(message, scene))
        parts += action_photo(message, scene)
    else:
        continued = not new_day and before is not None and message.album != 0 and before.album == message.album
        parts += _parts(message, scene, continued=continued)
    parts += _footer(message, scene)
    if scene.anchors is Anchors.BLOCK:
        parts.append(f"{BLOCK_ANCHOR}{message.id}")
    return "\n\n".join([part for part in parts if part])


def _service(message: Message, scene: Scene) -> str:
    assert message.action is not None
    pointed = scene.target(scene.chat, message.action.message_id) if message.action.message_id else Target("", "")
    sentence = action_sentence(message, scene, pointed).strip()
    facts = [f"*{sentence}*", scene.moment(message.date), *gone(message, scene)]
    return SEPARATOR.join(facts)


def _parts(message: Message, scene: Scene, *, continued: bool) -> Iterator[str]:
    if not continued:
        yield _header(message, scene)
        if message.forward is not None:
            yield forwarded(message.forward, message, scene)
    else:
        yield from gone(message, scene)
    if message.reply is not None and message.reply.quote is not None:
        yield quoted(render_text(message.reply.quote))
    content = [
        *before_text(message, scene),
        render_body(message.text, message.entities),
        _rich(message, scene),
        *after_text(message, scene),
    ]
    yield from content if any(content) else ("*Empty message*",)


def _rich(message: Message, scene: Scene) -> str:
    if message.rich is not None:
        return render_rich(message.rich, scene, message.date)
    return render_body(message.rich_text) if message.rich_text else ""


def _header(message: Message, scene: Scene) -> str:
    facts = [bold_name(message.sender, scene) + sender_notes(message, scene), scene.moment(message.date)]
    if message.reply is not None:
        facts.append(reply_fact(message.reply, message, scene))
    return SEPARATOR.join(fact for fact in (*facts, *standing(message, scene)) if fact)


def bold_name(sender: int, scene: Scene) -> str:
    """How a message's header begins: the sender's name (0: the chat's), bold, and what the style adds to it."""
    return in_style(f"**{sender_name(sender, scene)}**", sender, scene)


def _footer(message: Message, scene: Scene) -> Iterator[str]:
    if message.factcheck is not None:
        country = f" ({inline_name(message.factcheck.country)})" if message.factcheck.country else ""
        yield quoted(f"**Fact check**{country}\n\n{render_text(message.factcheck.text)}".strip())
    if message.buttons:
        yield "  \n".join(button_rows(message, scene))
    yield from restriction(message, scene)
    counts = reactions(message, scene) + reach(message, scene)
    if counts:
        yield line_start(SEPARATOR.join(counts))
