"""What is said around a message's body, in any format: who wrote it, what it answers, where it is from, its counts."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.messages import Forward, Message, Reaction, ReactionKind, Reply
from tobs_tui.render.links import peer_link, telegram_link, web_address
from tobs_tui.render.scene import Scene
from tobs_tui.render.words import span_in_words

SEPARATOR = " · "


def gone(message: Message, scene: Scene) -> list[str]:
    """That a message was deleted, and on which day that was noticed."""
    return [f"🗑 deleted, noticed {scene.when(message.gone).partition(' ')[0]}"] if message.gone else []


def sender_name(sender: int, scene: Scene) -> str:
    """The name of a message's sender (0: the chat's)."""
    return scene.ink.text(scene.name(sender) if sender else scene.title) or "Unknown"


def sender_notes(message: Message, scene: Scene) -> str:
    """What stands behind the sender's name, in parentheses: the author of a post, a rank, a bot."""
    notes = [message.post_author, message.from_rank]
    if message.via_bot:
        notes.append(f"via {_handle(message.via_bot, scene)}")
    if message.via_business_bot:
        notes.append(f"by {_handle(message.via_business_bot, scene)}")
    return "".join(f" ({scene.ink.text(note)})" for note in notes if note)


def _handle(bot: int, scene: Scene) -> str:
    username = scene.username(bot)
    return f"@{username}" if username else scene.name(bot)


def standing(message: Message, scene: Scene) -> list[str]:
    """Facts that stand in a message's header, behind what it answers: that it was edited, is pinned, and such."""
    facts: list[str] = []
    if message.edit_date and not message.edit_hidden:
        facts.append(f"edited {scene.when(message.edit_date, message.date)}")
    facts += gone(message, scene)
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
        facts.append(scene.ink.text(f"suggested post: {message.suggested_post}"))
    return facts


def reply_fact(reply: Reply, message: Message, scene: Scene) -> str:
    """Where the message answers to; '' for the link to the topic itself, which every message of a topic has."""
    if reply.story_id:
        return (
            f"↩ story {reply.story_id} of {scene.peer_name(reply.peer)}" if reply.peer else f"↩ story {reply.story_id}"
        )
    if not reply.message_id:
        return f"↩ {scene.ink.text(reply.external_from)}" if reply.external_from else ""
    if reply.message_id == message.topic and not reply.peer and reply.quote is None:
        return ""
    target = scene.target(reply.peer or scene.chat, reply.message_id)
    name = target.name or reply.external_from or f"message {reply.message_id}"
    extra = f" (item {reply.todo_item})" if reply.todo_item else ""
    if reply.poll_option:
        extra += f" (option {scene.ink.text(reply.poll_option)})"
    return f"↩ {scene.ink.link(scene.ink.text(name), target.address)}{extra}"


def forwarded(forward: Forward, message: Message, scene: Scene) -> str:
    """Where a message was forwarded from."""
    ink = scene.ink
    name = scene.name(forward.peer) if forward.peer else forward.name or "a hidden account"
    address = ""
    if forward.peer and forward.message_id:
        address = telegram_link(forward.peer, forward.message_id, scene.username(forward.peer))
    address = address or peer_link(forward.peer, scene.username(forward.peer) if forward.peer else "")
    author = f" ({ink.text(forward.author)})" if forward.author else ""
    verb = "imported from" if forward.imported else "forwarded from"
    when = f"{SEPARATOR}{scene.when(forward.date, message.date)}" if forward.date else ""
    return f"↪ {verb} {ink.link(ink.text(name), address)}{author}{when}"


def _reaction(reaction: Reaction, scene: Scene) -> str:
    shown = scene.ink.text(reaction.emoji)
    if reaction.kind is ReactionKind.PAID:
        shown = "⭐"
    elif reaction.kind is ReactionKind.CUSTOM:
        shown = shown or f"custom emoji {reaction.document_id}"
    return f"{shown} {reaction.count}"


def reactions(message: Message, scene: Scene) -> list[str]:
    """Each reaction with its count."""
    return [_reaction(reaction, scene) for reaction in message.reactions]


def reach(message: Message, scene: Scene) -> list[str]:
    """How far a message got: views, forwards, comments."""
    counts: list[str] = []
    if message.views:
        counts.append(f"👁 {message.views}")
    if message.forwards:
        counts.append(f"🔁 {message.forwards}")
    if message.comments:
        label = "1 comment" if message.comments == 1 else f"{message.comments} comments"
        counts.append(f"💬 {scene.ink.link(label, scene.comments(message))}")
    return counts


def button_rows(message: Message, scene: Scene) -> Iterator[str]:
    """The buttons below a message, a row at a time."""
    ink = scene.ink
    rows: dict[int, list[str]] = {}
    for button in message.buttons:
        label = ink.text(button.text) or "button"
        rows.setdefault(button.row, []).append(f"⏺ {ink.link(label, web_address(button.url))}")
    return (SEPARATOR.join(rows[row]) for row in sorted(rows))


def restriction(message: Message, scene: Scene) -> Iterator[str]:
    """What of a message Telegram holds back, or this version cannot read."""
    ink = scene.ink
    if message.restriction:
        yield ink.aside(f"Restricted: {ink.text(message.restriction)}")
    if message.unknown:
        names = ", ".join(ink.text(name) for name in message.unknown)
        yield ink.aside(f"Not shown in full; this version cannot read: {names}")
