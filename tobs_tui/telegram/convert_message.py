"""Messages and service messages: from TL objects into `model.messages.Message`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct

from tobs_tui.model.messages import (
    Action,
    Button,
    FactCheck,
    Forward,
    Message,
    Reaction,
    ReactionKind,
    Reactor,
    Reply,
)
from tobs_tui.model.peers import CHANNEL_MARK, GENERAL_TOPIC_ID
from tobs_tui.model.text import FormattedText
from tobs_tui.telegram.actions import convert_action, unknown_action
from tobs_tui.telegram.convert_buttons import deed_of
from tobs_tui.telegram.convert_media import convert_media, unknown_media
from tobs_tui.telegram.convert_peers import marked
from tobs_tui.telegram.convert_rich import convert_rich, rich_plain_text, unknown_in_rich
from tobs_tui.telegram.convert_text import convert_entities, convert_formatted, seconds_of
from tobs_tui.telegram.decimals import price_in_words


class Surroundings(Struct, frozen=True):
    """What a message's record depends on beside the message: the chat, whether it is a forum, whose account this is."""

    chat: int
    forum: bool = False
    self_id: int = 0


class Rule(NamedTuple):
    """How one field of a `Message` follows from TL fields: `convert` of their values, or the one value as it is.

    `always` makes the field also when none of the TL fields is there (they are None then); otherwise it keeps its
    default. `placed` lets `convert` know the `Surroundings`, as its last argument. `usual` is code that spares the call
    of `convert`, which it names as {}, where there is nothing to convert.
    """

    field: str
    sources: tuple[str, ...]
    convert: Callable[..., Any] | None = None
    always: bool = False
    placed: bool = False
    usual: str = "{}"


def convert_message(message: Any, around: Surroundings) -> Message:
    """The record of a TL `Message` or `MessageService`."""
    there = {}
    for name in _SOURCES:
        value = getattr(message, name, None)
        if value is not None and value is not False:
            there[name] = value
    return _maker(tuple(there))(around, *there.values())


@lru_cache(maxsize=1024)
def _maker(there: tuple[str, ...]) -> Callable[..., Message]:
    """What makes the record of a message from the surroundings and the values of these fields."""
    code = f"lambda around, {', '.join(f'_{name}' for name in there)}: {message_expression(there)}"
    # Only names from `RULES` go into the code.
    maker: Callable[..., Message] = eval(code, dict(EXPRESSION_NAMES))
    return maker


def message_expression(there: Collection[str]) -> str:
    """What makes the record of a message with these fields, as code over them and `EXPRESSION_NAMES`."""
    parts = []
    for rule in RULES:
        if rule.always or any(name in there for name in rule.sources):
            values = [f"_{name}" if name in there else "None" for name in rule.sources]
            given = ", ".join([*values, "around"] if rule.placed else values)
            made = f"to_{rule.field}({given})" if rule.convert is not None else values[0]
            usual = rule.usual if rule.sources[0] in there else "{}"
            parts.append(f"{rule.field}={usual.format(made)}")
    return f"Message({', '.join(parts)})"


def _sender(from_id: Any, out: Any, around: Surroundings) -> int:
    """The sender's marked id. Messages of private chats name none: there it follows from their direction."""
    if from_id is not None:
        return marked(from_id)
    if around.chat > 0:
        return around.self_id if out else around.chat
    return 0


def _topic(number: int, reply: Any, action: Any, around: Surroundings) -> int:
    """The forum topic; 0 outside forums, also where a chat was a forum once. A topic's first message has its id."""
    if not around.forum:
        return 0
    if reply is not None and getattr(reply, "forum_topic", False):
        return reply.reply_to_top_id or reply.reply_to_msg_id or GENERAL_TOPIC_ID
    return number if type(action).__name__ == "MessageActionTopicCreate" else GENERAL_TOPIC_ID


def _action(action: Any, reply: Any) -> Action | None:
    if action is None:
        return None
    return convert_action(action, getattr(reply, "reply_to_msg_id", None) or 0)


def _unknown(media: Any, rich: Any, action: Any) -> tuple[str, ...]:
    """The constructors that could not be read in full."""
    names = [unknown_media(media), *unknown_in_rich(rich), unknown_action(action)]
    return tuple([name for name in names if name])


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
        from_peer=marked(source.from_id) if source is not None else 0,
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
        announcement=header.psa_type or "",
    )


def _reactions(reactions: Any) -> tuple[Reaction, ...]:
    return tuple(reaction for each in reactions.results if (reaction := _reaction(each)) is not None)


def _reactors(reactions: Any) -> tuple[Reactor, ...]:
    """Who reacted, as far as Telegram tells: the latest ones first, and those who gave most stars."""
    found = [_reactor(each) for each in reactions.recent_reactions or ()]
    found += [
        Reactor(0 if each.anonymous else marked(each.peer_id), ReactionKind.PAID, count=each.count)
        for each in reactions.top_reactors or ()
    ]
    return tuple(found)


def _reactor(one: Any) -> Reactor:
    peer, date = marked(one.peer_id), seconds_of(one.date)
    name = type(one.reaction).__name__
    if name == "ReactionCustomEmoji":
        return Reactor(peer, ReactionKind.CUSTOM, document_id=one.reaction.document_id, date=date)
    if name == "ReactionEmoji":
        return Reactor(peer, ReactionKind.EMOJI, emoji=one.reaction.emoticon, date=date)
    return Reactor(peer, ReactionKind.PAID, date=date)


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
    """The buttons below the message, or those that it puts below the field to write in."""
    keyboard = type(markup).__name__ == "ReplyKeyboardMarkup"
    if not keyboard and type(markup).__name__ != "ReplyInlineMarkup":
        return ()
    return tuple(
        Button(place, button.text, *deed_of(button.type), keyboard)
        for place, row in enumerate(markup.rows)
        for button in row.buttons
    )


def _fact_check(check: Any) -> FactCheck | None:
    if check is None or check.text is None:
        return None
    return FactCheck(convert_formatted(check.text), check.country or "")


def _suggested_post(post: Any) -> str:
    """State and price of a suggested post in words: "accepted, 50 XTR"."""
    if post is None:
        return ""
    state = "accepted" if post.accepted else "rejected" if post.rejected else "suggested"
    return ", ".join(part for part in (state, price_in_words(post.price)) if part)


def _restriction(reasons: list[Any] | None) -> str:
    """Why the message is hidden on some platforms, in Telegram's words, and on which."""
    texts: dict[str, list[str]] = {}
    for reason in reasons or ():
        texts.setdefault(reason.text, []).append(reason.platform)
    return "; ".join(f"{text} ({', '.join(platforms)})" for text, platforms in texts.items())


_SENT = {
    "from_scheduled": "scheduled",
    "offline": "sent automatically",
    "paid_suggested_post_stars": "paid for in stars",
    "paid_suggested_post_ton": "paid for in TON",
}
"""In words, how a message was sent, by the flag that says so."""


def _facts(*there: Any) -> tuple[str, ...]:
    return tuple([words for words, flag in zip(_SENT.values(), there, strict=True) if flag])


def _comments(replies: Any) -> int:
    return replies.replies or 0 if replies.comments else 0


def _discussion(replies: Any) -> int:
    return CHANNEL_MARK - replies.channel_id if replies.comments and replies.channel_id else 0


RULES = (
    Rule("id", ("id",), always=True),
    Rule("date", ("date",), seconds_of, always=True, usual="_date if type(_date) is int else {}"),
    Rule(
        *("sender", ("from_id", "out"), _sender),
        always=True,
        placed=True,
        usual="_from_id if type(_from_id) is int else {}",
    ),
    Rule("text", ("message",)),
    Rule("entities", ("entities",), convert_entities),
    Rule("topic", ("id", "reply_to", "action"), _topic, always=True, placed=True, usual="{} if around.forum else 0"),
    Rule("edit_date", ("edit_date",), seconds_of),
    Rule("edit_hidden", ("edit_hide",)),
    Rule("reply", ("reply_to",), _reply),
    Rule("forward", ("fwd_from",), _forward),
    Rule("album", ("grouped_id",)),
    Rule("media", ("media",), convert_media),
    Rule("action", ("action", "reply_to"), _action),
    Rule("reactions", ("reactions",), _reactions),
    Rule("reactors", ("reactions",), _reactors),
    Rule("views", ("views",)),
    Rule("forwards", ("forwards",)),
    Rule("comments", ("replies",), _comments),
    Rule("discussion", ("replies",), _discussion),
    Rule("pinned", ("pinned",)),
    Rule("silent", ("silent",)),
    Rule("outgoing", ("out",)),
    Rule("noforwards", ("noforwards",)),
    Rule("post_author", ("post_author",)),
    Rule("from_rank", ("from_rank",)),
    Rule("boosts", ("from_boosts_applied",)),
    Rule("via_bot", ("via_bot_id",)),
    Rule("via_business_bot", ("via_business_bot_id",)),
    Rule("ttl", ("ttl_period",)),
    Rule("effect", ("effect",)),
    Rule("factcheck", ("factcheck",), _fact_check),
    Rule("paid_stars", ("paid_message_stars",)),
    Rule("suggested_post", ("suggested_post",), _suggested_post),
    Rule("suggested_for", ("suggested_post",), lambda post: seconds_of(post.schedule_date)),
    Rule("facts", tuple(_SENT), _facts),
    Rule("guest_of", ("guestchat_via_from",), marked),
    Rule("buttons", ("reply_markup",), _buttons),
    Rule("restriction", ("restriction_reason",), _restriction),
    Rule("rich_text", ("rich_message",), rich_plain_text),
    Rule("rich", ("rich_message",), convert_rich),
    Rule("unknown", ("media", "rich_message", "action"), _unknown),
)
"""Every field of the record. The fields of service messages have the same names."""
_SOURCES = tuple(dict.fromkeys(name for rule in RULES for name in rule.sources))
EXPRESSION_NAMES = {"Message": Message, **{f"to_{rule.field}": rule.convert for rule in RULES}}
"""What `message_expression` refers to."""
