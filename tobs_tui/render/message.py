"""One message as a Markdown block: anchor, header, body, media, and what others made of it."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.messages import Forward, Message, Reaction, ReactionKind, Reply
from tobs_tui.model.profile import Anchors
from tobs_tui.render.actions import action_sentence
from tobs_tui.render.attachments import action_photo, after_text, before_text
from tobs_tui.render.escape import inline_name, line_start
from tobs_tui.render.links import destination, peer_link, telegram_link, web_address
from tobs_tui.render.scene import Scene, Target
from tobs_tui.render.text import render_body, render_text
from tobs_tui.render.words import span_in_words

SEPARATOR = " · "
ANCHOR = "###### m"
BLOCK_ANCHOR = "^m"


def quoted(markdown: str) -> str:
    """Markdown blocks as one quote."""
    return "\n".join(f"> {line}" if line else ">" for line in markdown.split("\n"))


def linked(label: str, address: str) -> str:
    """A label (Markdown already) with a link, or alone where there is no address."""
    return f"[{label}]({destination(address)})" if address else label


def render_message(message: Message, scene: Scene, before: Message | None = None) -> str:
    """The block of `message`, without newlines at its ends; `before` is the message above it in the note (None: it is
    the first). A new day gets its heading; a further part of an album has its own anchor, and no header."""
    day = scene.clock.day_number
    return render_block(message, scene, before, new_day=before is None or day(before.date) != day(message.date))


def render_block(message: Message, scene: Scene, before: Message | None, *, new_day: bool) -> str:
    """`render_message` for callers who know whether a day begins with the message."""
    parts: list[str] = []
    if new_day:
        parts.append(f"## {scene.clock.day(message.date)}")
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
    facts = [f"*{sentence}*", scene.clock.time(message.date), *_gone(message, scene)]
    return SEPARATOR.join(facts)


def _gone(message: Message, scene: Scene) -> list[str]:
    """That a message was deleted, and on which day that was noticed."""
    return [f"🗑 deleted, noticed {scene.when(message.gone).partition(' ')[0]}"] if message.gone else []


def _parts(message: Message, scene: Scene, *, continued: bool) -> Iterator[str]:
    if not continued:
        yield _header(message, scene)
        if message.forward is not None:
            yield _forwarded(message.forward, message, scene)
    else:
        yield from _gone(message, scene)
    if message.reply is not None and message.reply.quote is not None:
        yield quoted(render_text(message.reply.quote))
    content = [
        *before_text(message, scene),
        render_body(message.text, message.entities),
        render_body(message.rich_text) if message.rich_text else "",
        *after_text(message, scene),
    ]
    yield from content if any(content) else ("*Empty message*",)


def sender_name(sender: int, scene: Scene) -> str:
    """How a message's header begins: the sender's name (0: the chat's), bold."""
    name = scene.name(sender) if sender else scene.title
    return f"**{inline_name(name) or 'Unknown'}**"


def _sender(message: Message, scene: Scene) -> str:
    shown = sender_name(message.sender, scene)
    notes = [message.post_author, message.from_rank]
    if message.via_bot:
        notes.append(f"via {_handle(message.via_bot, scene)}")
    if message.via_business_bot:
        notes.append(f"by {_handle(message.via_business_bot, scene)}")
    return shown + "".join(f" ({inline_name(note)})" for note in notes if note)


def _handle(bot: int, scene: Scene) -> str:
    username = scene.username(bot)
    return f"@{username}" if username else scene.name(bot)


def _header(message: Message, scene: Scene) -> str:
    facts = [_sender(message, scene), f"{scene.clock.time(message.date)}"]
    if message.reply is not None:
        facts.append(reply_fact(message.reply, message, scene))
    if message.edit_date and not message.edit_hidden:
        facts.append(f"edited {scene.when(message.edit_date, message.date)}")
    facts += _gone(message, scene)
    if message.pinned:
        facts.append("📌 pinned")
    if message.silent:
        facts.append("🔕 silent")
    if message.noforwards:
        facts.append("🔒 no forwarding")
    if message.ttl:
        facts.append(f"⏲ deletes itself after {span_in_words(message.ttl)}")
    if message.boosts:
        facts.append(f"⚡ {message.boosts}")
    if message.paid_stars:
        facts.append(f"⭐ {message.paid_stars} paid")
    if message.effect:
        facts.append("✨ effect")
    if message.suggested_post:
        facts.append(inline_name(f"suggested post: {message.suggested_post}"))
    return SEPARATOR.join(fact for fact in facts if fact)


def reply_fact(reply: Reply, message: Message, scene: Scene) -> str:
    """Where the message answers to; '' for the link to the topic itself, which every message of a topic has."""
    if reply.story_id:
        return (
            f"↩ story {reply.story_id} of {scene.peer_name(reply.peer)}" if reply.peer else f"↩ story {reply.story_id}"
        )
    if not reply.message_id:
        return f"↩ {inline_name(reply.external_from)}" if reply.external_from else ""
    if reply.message_id == message.topic and not reply.peer and reply.quote is None:
        return ""
    target = scene.target(reply.peer or scene.chat, reply.message_id)
    name = target.name or reply.external_from or f"message {reply.message_id}"
    extra = f" (item {reply.todo_item})" if reply.todo_item else ""
    if reply.poll_option:
        extra += f" (option {inline_name(reply.poll_option)})"
    return f"↩ {linked(inline_name(name), target.address)}{extra}"


def _forwarded(forward: Forward, message: Message, scene: Scene) -> str:
    name = scene.name(forward.peer) if forward.peer else forward.name or "a hidden account"
    address = ""
    if forward.peer and forward.message_id:
        address = telegram_link(forward.peer, forward.message_id, scene.username(forward.peer))
    address = address or peer_link(forward.peer, scene.username(forward.peer) if forward.peer else "")
    author = f" ({inline_name(forward.author)})" if forward.author else ""
    verb = "imported from" if forward.imported else "forwarded from"
    when = f"{SEPARATOR}{scene.when(forward.date, message.date)}" if forward.date else ""
    return f"↪ {verb} {linked(inline_name(name), address)}{author}{when}"


def _reaction(reaction: Reaction) -> str:
    shown = inline_name(reaction.emoji)
    if reaction.kind is ReactionKind.PAID:
        shown = "⭐"
    elif reaction.kind is ReactionKind.CUSTOM:
        shown = shown or f"custom emoji {reaction.document_id}"
    return f"{shown} {reaction.count}"


def _footer(message: Message, scene: Scene) -> Iterator[str]:
    if message.factcheck is not None:
        country = f" ({inline_name(message.factcheck.country)})" if message.factcheck.country else ""
        yield quoted(f"**Fact check**{country}\n\n{render_text(message.factcheck.text)}".strip())
    if message.buttons:
        yield "  \n".join(_button_rows(message))
    if message.restriction:
        yield f"*Restricted: {inline_name(message.restriction)}*"
    if message.unknown:
        names = ", ".join(inline_name(name) for name in message.unknown)
        yield f"*Not shown in full; this version cannot read: {names}*"
    counts = [_reaction(reaction) for reaction in message.reactions]
    if message.views:
        counts.append(f"👁 {message.views}")
    if message.forwards:
        counts.append(f"🔁 {message.forwards}")
    if message.comments:
        label = "1 comment" if message.comments == 1 else f"{message.comments} comments"
        counts.append(f"💬 {linked(label, scene.comments(message))}")
    if counts:
        yield line_start(SEPARATOR.join(counts))


def _button_rows(message: Message) -> Iterator[str]:
    rows: dict[int, list[str]] = {}
    for button in message.buttons:
        label = inline_name(button.text) or "button"
        rows.setdefault(button.row, []).append(f"⏺ {linked(label, web_address(button.url))}")
    return (SEPARATOR.join(rows[row]) for row in sorted(rows))
