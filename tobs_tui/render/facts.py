"""What is said around a message's body, in any format: who wrote it, what it answers, where it is from, its counts."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.messages import Forward, Message, Reaction, ReactionKind, Reply
from tobs_tui.model.peers import id_label
from tobs_tui.model.profile import SenderStyle
from tobs_tui.model.rich import PART
from tobs_tui.render.links import peer_link, story_link, web_address
from tobs_tui.render.scene import Scene
from tobs_tui.render.words import number, span_in_words

SEPARATOR = " · "


def gone(message: Message, scene: Scene) -> list[str]:
    """That a message was deleted, and on which day that was noticed."""
    return [f"🗑 deleted, noticed {scene.when(message.gone).partition(' ')[0]}"] if message.gone else []


def sender_name(sender: int, scene: Scene) -> str:
    """The name of a message's sender (0: the chat's)."""
    return scene.ink.text(scene.name(sender) if sender else scene.title) or "Unknown"


def in_style(shown: str, sender: int, scene: Scene) -> str:
    """A sender's name (0: the chat's), set already, with what the vault's style adds to it."""
    peer, style = sender or scene.chat, scene.sender_style
    if style is SenderStyle.NAME:
        return shown
    if style is SenderStyle.ID:
        return f"{shown} ({id_label(peer)})"
    username = scene.username(peer)
    if style is SenderStyle.LINK:
        return scene.ink.link(shown, peer_link(peer, username))
    return f"{shown} ({scene.ink.text(f'@{username}')})" if username else shown


def sender_notes(message: Message, scene: Scene) -> str:
    """What stands behind the sender's name, in parentheses: the author of a post, a rank, a bot."""
    notes = [message.post_author, message.from_rank]
    if message.via_bot:
        notes.append(f"via {_handle(message.via_bot, scene)}")
    if message.via_business_bot:
        notes.append(f"by {_handle(message.via_business_bot, scene)}")
    if message.guest_of:
        notes.append(f"for {_handle(message.guest_of, scene)}")
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
        facts.append(f"⚡ {number(message.boosts, 'boost')}")
    if message.paid_stars:
        facts.append(f"⭐ {number(message.paid_stars, 'star')} paid")
    if message.effect:
        facts.append("✨ effect")
    if message.suggested_post:
        when = f", for {scene.when(message.suggested_for, message.date)}" if message.suggested_for else ""
        facts.append(scene.ink.text(f"suggested post: {message.suggested_post}{when}"))
    return facts + [scene.ink.text(fact) for fact in message.facts]


def reply_fact(reply: Reply, message: Message, scene: Scene) -> str:
    """Where the message answers to; '' for the link to the topic itself, which every message of a topic has."""
    if reply.story_id:
        label = f"story {reply.story_id} of {scene.peer_name(reply.peer)}" if reply.peer else f"story {reply.story_id}"
        address = story_link(scene.username(reply.peer) if reply.peer else "", reply.story_id)
        return f"↩ {scene.ink.link(label, address)}"
    if not reply.message_id:
        author = scene.ink.text(reply.external_from) or (scene.linked_name(reply.from_peer) if reply.from_peer else "")
        return f"↩ {author}" if author else ""
    if reply.message_id == message.topic and not reply.peer and reply.quote is None:
        return ""
    target = scene.target(reply.peer or scene.chat, reply.message_id)
    known = target.name or reply.external_from or (scene.name(reply.from_peer) if reply.from_peer else "")
    name = known or f"message {reply.message_id}"
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
        address = scene.target(forward.peer, forward.message_id).address
    address = address or peer_link(forward.peer, scene.username(forward.peer) if forward.peer else "")
    author = f" ({ink.text(forward.author)})" if forward.author else ""
    verb = "imported from" if forward.imported else "forwarded from"
    when = f"{SEPARATOR}{scene.when(forward.date, message.date)}" if forward.date else ""
    kind = f"{SEPARATOR}announcement: {ink.text(forward.announcement)}" if forward.announcement else ""
    return f"↪ {verb} {ink.link(ink.text(name), address)}{author}{when}{kind}{_saved_from(forward, scene)}"


def _saved_from(forward: Forward, scene: Scene) -> str:
    """Where a message was when it was saved, if that is not where it came from."""
    if not forward.saved_peer or (forward.saved_peer, forward.saved_message_id) == (forward.peer, forward.message_id):
        return ""
    address = scene.target(forward.saved_peer, forward.saved_message_id).address if forward.saved_message_id else ""
    return f"{SEPARATOR}saved from {scene.ink.link(scene.peer_name(forward.saved_peer), address)}"


def _reaction(reaction: Reaction, message: Message, scene: Scene) -> str:
    shown = scene.ink.text(reaction.emoji)
    if reaction.kind is ReactionKind.PAID:
        shown = "⭐"
    elif reaction.kind is ReactionKind.CUSTOM:
        shown = shown or f"custom emoji {reaction.document_id}"
    names = ", ".join(
        (scene.linked_name(one.peer) if one.peer else "anonymous") + (f" {one.count}" if one.count else "")
        for one in message.reactors
        if (one.kind, one.emoji, one.document_id) == (reaction.kind, reaction.emoji, reaction.document_id)
    )
    return f"{shown} {reaction.count}{' ✓' if reaction.chosen else ''}" + (f" ({names})" if names else "")


def reactions(message: Message, scene: Scene) -> list[str]:
    """Each reaction with its count, a tick where one's own is among them, and who reacted, as far as that is known."""
    return [_reaction(reaction, message, scene) for reaction in message.reactions]


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
        label = ink.link(ink.text(button.text) or "button", web_address(button.url))
        does = f" ({ink.text(button.does)})" if button.does else ""
        rows.setdefault(button.row, []).append(f"{'⌨' if button.keyboard else '⏺'} {label}{does}")
    return (SEPARATOR.join(rows[row]) for row in sorted(rows))


def restriction(message: Message, scene: Scene) -> Iterator[str]:
    """What of a message Telegram holds back, or this version cannot read."""
    ink = scene.ink
    if message.restriction:
        yield ink.aside(f"Restricted: {ink.text(message.restriction)}")
    unknown = [ink.text(name) for name in message.unknown if name != PART or message.rich is None]
    if unknown:  # a rich message says itself that its rest is missing
        yield ink.aside(f"Not shown in full; this version cannot read: {', '.join(unknown)}")
