"""One message as a block of a page: an article with its anchor, header, body, media, and what others made of it."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.messages import FactCheck, Message
from tobs_tui.render.actions import action_sentence
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
from tobs_tui.render.html.attachments import action_photo, after_text, before_text, label
from tobs_tui.render.html.rich import rich_box
from tobs_tui.render.html.text import formatted_box, text_box
from tobs_tui.render.scene import Scene, Target

ANCHOR = '<article id="m'
"""What the line of a message begins with; its id and a quotation mark follow."""
COLOURS = 7
"""Senders are told apart by as many colours as Telegram gives them (https://core.telegram.org/api/colors)."""
_TOGETHER_S = 15 * 60
"""Seconds within which messages of one sender stand together, under one name."""


def day_heading(day: str) -> str:
    """What begins a day: 2024-05-14."""
    return f'\n<h2 id="d{day}">{day}</h2>'


def opening(message: Message, *styles: str) -> str:
    """The start tag of a message's block."""
    names = " ".join([*styles, "own"] if message.outgoing else styles)
    return f'{ANCHOR}{message.id}" class="{names}">' if names else f'{ANCHOR}{message.id}">'


def from_name(sender: int, scene: Scene) -> str:
    """The name of a message's sender, in its colour, and what the style adds to it."""
    return in_style(f'<b class="c{abs(sender) % COLOURS}">{sender_name(sender, scene)}</b>', sender, scene)


def at_time(message: Message, time: str) -> str:
    """The time of a message, as a link to the message."""
    return f'<a class="at" href="#m{message.id}">{time}</a>'


def follows(message: Message, before: Message | None, *, new_day: bool) -> bool:
    """Whether a message that is nothing but text stands under the name above the one before it."""
    return (
        before is not None
        and not new_day
        and before.sender == message.sender
        and before.action is None
        and message.date - before.date <= _TOGETHER_S
    )


def render_block(message: Message, scene: Scene, before: Message | None, *, new_day: bool) -> str:
    """The block of a message that is more than text; `before` is the message above it. A new day gets its heading."""
    head = day_heading(scene.clock.day(message.date)) if new_day else ""
    if message.action is not None:
        parts = [opening(message, "service"), _service(message, scene), *action_photo(message, scene)]
    else:
        continued = not new_day and before is not None and message.album != 0 and before.album == message.album
        parts = [opening(message, *(("part",) if continued else ()))]
        parts += _parts(message, scene, continued=continued)
    return f"{head}\n{''.join(parts)}{''.join(_footer(message, scene))}</article>\n"


def _service(message: Message, scene: Scene) -> str:
    assert message.action is not None
    pointed = scene.target(scene.chat, message.action.message_id) if message.action.message_id else Target("", "")
    sentence = action_sentence(message, scene, pointed).strip()
    return (
        f"<p>{SEPARATOR.join([sentence, at_time(message, scene.clock.time(message.date)), *gone(message, scene)])}</p>"
    )


def _parts(message: Message, scene: Scene, *, continued: bool) -> Iterator[str]:
    if not continued:
        yield _header(message, scene)
        if message.forward is not None:
            yield label(forwarded(message.forward, message, scene))
    else:
        yield "".join(map(label, gone(message, scene)))
    if message.reply is not None:
        yield reply_box(message, scene)
    content = [
        *before_text(message, scene),
        text_box(message.text, message.entities),
        rich_box(message.rich, scene, message.date) if message.rich is not None else text_box(message.rich_text),
        *after_text(message, scene),
    ]
    yield from content if any(content) else (label(scene.ink.aside("Empty message")),)


def _header(message: Message, scene: Scene) -> str:
    name = from_name(message.sender, scene) + sender_notes(message, scene)
    facts = [at_time(message, scene.clock.time(message.date)), *standing(message, scene)]
    return f"<header>{name} {SEPARATOR.join(facts)}</header>"


def reply_box(message: Message, scene: Scene) -> str:
    """What a message answers, with the words that it quotes; '' where that goes without saying."""
    if message.reply is None:
        return ""
    fact = reply_fact(message.reply, message, scene)
    quote = formatted_box(message.reply.quote) if message.reply.quote is not None else ""
    return f'<blockquote class="reply">{label(fact) if fact else ""}{quote}</blockquote>' if fact or quote else ""


def _footer(message: Message, scene: Scene) -> Iterator[str]:
    if message.factcheck is not None:
        yield _fact_check(message.factcheck, scene)
    for row in button_rows(message, scene):
        yield f'<p class="buttons">{row}</p>'
    yield from map(label, restriction(message, scene))
    counts = [f'<span class="reaction">{reaction}</span>' for reaction in reactions(message, scene)]
    counts += reach(message, scene)
    if counts:
        yield f"<footer>{' '.join(counts)}</footer>"


def _fact_check(check: FactCheck, scene: Scene) -> str:
    country = f" ({scene.ink.text(check.country)})" if check.country else ""
    return f'<blockquote class="note">{label(f"<b>Fact check</b>{country}")}{formatted_box(check.text)}</blockquote>'
