"""Messages and service messages: from TL objects into `model.messages.Message`."""

from __future__ import annotations

from typing import Any

from tobs_tui.model.media import UnknownMedia
from tobs_tui.model.messages import (
    Action,
    ActionKind,
    Button,
    FactCheck,
    Forward,
    Message,
    Reaction,
    ReactionKind,
    Reply,
)
from tobs_tui.model.peers import CHANNEL_MARK, GENERAL_TOPIC_ID
from tobs_tui.model.text import FormattedText
from tobs_tui.telegram.actions import convert_action
from tobs_tui.telegram.convert_media import convert_media
from tobs_tui.telegram.convert_peers import marked
from tobs_tui.telegram.convert_text import convert_entities, convert_formatted, seconds_of
from tobs_tui.telegram.rich_text import visible_text


class Surroundings:
    """What a message's record depends on beside the message: the chat, whether it is a forum, whose account this is."""

    __slots__ = ("chat", "forum", "self_id")

    def __init__(self, chat: int, *, forum: bool = False, self_id: int = 0) -> None:
        self.chat = chat
        self.forum = forum
        self.self_id = self_id


def convert_message(message: Any, around: Surroundings) -> Message:
    """The record of a TL `Message` or `MessageService`."""
    if type(message).__name__ == "MessageService":
        return _convert_service(message, around)
    media = convert_media(message.media) if message.media is not None else None
    rich = message.rich_message
    unknown: list[str] = []
    if isinstance(media, UnknownMedia):
        unknown.append(media.constructor)
    if rich is not None and rich.part:
        unknown.append("RichMessage.part")
    replies = message.replies if message.replies is not None and message.replies.comments else None
    reply = message.reply_to
    return Message(
        id=message.id,
        date=seconds_of(message.date),
        sender=_sender(message, around),
        text=message.message or "",
        entities=convert_entities(message.entities),
        topic=_topic(message, around),
        edit_date=seconds_of(message.edit_date),
        edit_hidden=bool(message.edit_hide),
        reply=_reply(reply) if reply is not None else None,
        forward=_forward(message.fwd_from) if message.fwd_from is not None else None,
        album=message.grouped_id or 0,
        media=media,
        reactions=_reactions(message.reactions) if message.reactions is not None else (),
        views=message.views or 0,
        forwards=message.forwards or 0,
        comments=replies.replies if replies is not None else 0,
        discussion=CHANNEL_MARK - replies.channel_id if replies is not None and replies.channel_id else 0,
        pinned=bool(message.pinned),
        silent=bool(message.silent),
        outgoing=bool(message.out),
        noforwards=bool(message.noforwards),
        post_author=message.post_author or "",
        from_rank=message.from_rank or "",
        boosts=message.from_boosts_applied or 0,
        via_bot=message.via_bot_id or 0,
        via_business_bot=message.via_business_bot_id or 0,
        ttl=message.ttl_period or 0,
        effect=message.effect or 0,
        factcheck=_fact_check(message.factcheck),
        paid_stars=message.paid_message_stars or 0,
        suggested_post=_suggested_post(message.suggested_post),
        buttons=_buttons(message.reply_markup) if message.reply_markup is not None else (),
        restriction=_restriction(message.restriction_reason),
        rich_text=visible_text(rich) if rich is not None else "",
        unknown=tuple(unknown),
    )


def _convert_service(message: Any, around: Surroundings) -> Message:
    reply = message.reply_to
    action: Action = convert_action(message.action, getattr(reply, "reply_to_msg_id", None) or 0)
    return Message(
        id=message.id,
        date=seconds_of(message.date),
        sender=_sender(message, around),
        topic=_topic(message, around),
        reply=_reply(reply) if reply is not None else None,
        action=action,
        reactions=_reactions(message.reactions) if message.reactions is not None else (),
        silent=bool(message.silent),
        outgoing=bool(message.out),
        ttl=message.ttl_period or 0,
        unknown=(action.extra,) if action.kind is ActionKind.UNKNOWN else (),
    )


def _sender(message: Any, around: Surroundings) -> int:
    """The sender's marked id. Messages of private chats name none: there it follows from their direction."""
    if message.from_id is not None:
        return marked(message.from_id)
    if around.chat > 0:
        return around.self_id if message.out else around.chat
    return 0


def _topic(message: Any, around: Surroundings) -> int:
    """The forum topic; 0 outside forums, also where a chat was a forum once. A topic's first message has its id."""
    if not around.forum:
        return 0
    reply = message.reply_to
    if reply is not None and getattr(reply, "forum_topic", False):
        return reply.reply_to_top_id or reply.reply_to_msg_id or GENERAL_TOPIC_ID
    if type(getattr(message, "action", None)).__name__ == "MessageActionTopicCreate":
        return int(message.id)
    return GENERAL_TOPIC_ID


def _reply(reply: Any) -> Reply | None:
    """The record of a reply header; None where it only says which topic the message is in."""
    if hasattr(reply, "story_id"):
        return Reply(peer=marked(reply.peer), story_id=reply.story_id)
    if reply.forum_topic and not reply.reply_to_top_id and not reply.quote:
        return None
    source = reply.reply_from
    quote = None
    if reply.quote_text:
        quote = FormattedText(reply.quote_text, convert_entities(reply.quote_entities))
    return Reply(
        message_id=reply.reply_to_msg_id or 0,
        peer=marked(reply.reply_to_peer_id),
        topic_root=reply.reply_to_top_id or 0,
        quote=quote,
        quote_offset=reply.quote_offset or 0,
        todo_item=reply.todo_item_id or 0,
        poll_option=reply.poll_option.decode(errors="replace") if reply.poll_option else "",
        external_from=(source.from_name or source.post_author or "") if source is not None else "",
    )


def _forward(header: Any) -> Forward:
    return Forward(
        peer=marked(header.from_id or header.saved_from_id),
        name=header.from_name or header.saved_from_name or "",
        message_id=header.channel_post or 0,
        date=seconds_of(header.date),
        author=header.post_author or "",
        imported=bool(header.imported),
        saved_peer=marked(header.saved_from_peer),
        saved_message_id=header.saved_from_msg_id or 0,
    )


def _reactions(reactions: Any) -> tuple[Reaction, ...]:
    return tuple(reaction for each in reactions.results if (reaction := _reaction(each)) is not None)


def _reaction(counted: Any) -> Reaction | None:
    what = counted.reaction
    chosen = counted.chosen_order is not None
    name = type(what).__name__
    if name == "ReactionEmoji":
        return Reaction(ReactionKind.EMOJI, counted.count, emoji=what.emoticon, chosen=chosen)
    if name == "ReactionCustomEmoji":
        return Reaction(ReactionKind.CUSTOM, counted.count, document_id=what.document_id, chosen=chosen)
    if name == "ReactionPaid":
        return Reaction(ReactionKind.PAID, counted.count, chosen=chosen)
    return None


def _buttons(markup: Any) -> tuple[Button, ...]:
    """The inline buttons; the reply keyboards of bots are no part of a message."""
    if type(markup).__name__ != "ReplyInlineMarkup":
        return ()
    return tuple(
        Button(place, button.text, getattr(button.type, "url", ""))
        for place, row in enumerate(markup.rows)
        for button in row.buttons
    )


def _fact_check(check: Any) -> FactCheck | None:
    if check is None or check.text is None:
        return None
    return FactCheck(convert_formatted(check.text), check.country or "")


def _suggested_post(post: Any) -> str:
    """State and price of a suggested post in words: "accepted, 50 XTR"; prices in TON are in nanotons."""
    if post is None:
        return ""
    state = "accepted" if post.accepted else "rejected" if post.rejected else "suggested"
    if post.price is None:
        return state
    return f"{state}, {post.price.amount} {'TON' if type(post.price).__name__ == 'StarsTonAmount' else 'XTR'}"


def _restriction(reasons: list[Any] | None) -> str:
    """Why the message is hidden on some platforms, in Telegram's words."""
    return "; ".join(dict.fromkeys(reason.text for reason in reasons)) if reasons else ""
