"""Every field of a message that tells a person something is visible in its block; and every kind of entity."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.tl import types as t

from tests.unit.coverage_help import shown
from tests.unit.telegram_samples import DATE, message
from tobs_tui.telegram.convert_text import ENTITY_KINDS

ADA, NOOR, IVAN, NEWS = t.PeerUser(7), t.PeerUser(8), t.PeerUser(77), t.PeerChannel(6)
LIKE, STAR = t.ReactionEmoji("👍"), t.ReactionPaid()


def key(text: str, kind: Any) -> Any:
    return t.KeyboardInlineButton(text, kind)


INLINE = t.ReplyInlineMarkup(
    [
        t.KeyboardInlineButtonRow(
            [
                key("Open", t.InlineButtonTypeUrl("https://e.x")),
                key("Log in", t.InlineButtonTypeUrlAuth("https://e.y", 1)),
                key("App", t.InlineButtonTypeWebView("https://e.z")), key("Who", t.InlineButtonTypeUserProfile(8)),
            ]
        ),
        t.KeyboardInlineButtonRow(
            [
                key("Press", t.InlineButtonTypeCallback(b"x")), key("Copy", t.InlineButtonTypeCopy("a|b")),
                key("Ask", t.InlineButtonTypeSwitchInline("q", same_peer=True)), key("Buy", t.InlineButtonTypeBuy()),
                key("Play", t.InlineButtonTypeGame()), key("Off", t.InlineButtonTypeDisabled()),
            ]
        ),
    ]
)  # fmt: skip
KEYBOARD = t.ReplyKeyboardMarkup(
    [
        t.KeyboardButtonRow(
            [
                t.KeyboardButton("Yes", t.ButtonTypeDefault()), t.KeyboardButton("Me", t.ButtonTypeRequestPhone()),
                t.KeyboardButton("Here", t.ButtonTypeRequestGeoLocation()),
                t.KeyboardButton("Vote", t.ButtonTypeRequestPoll()),
                t.KeyboardButton("Chat", t.ButtonTypeRequestPeer(1, t.RequestPeerTypeUser(), 1)),
                t.KeyboardButton("Web", t.ButtonTypeSimpleWebView("https://e.x")),
            ]
        )
    ]
)  # fmt: skip
REACTIONS = t.MessageReactions(
    [
        t.ReactionCount(LIKE, 3, chosen_order=0),
        t.ReactionCount(t.ReactionCustomEmoji(44), 1),
        t.ReactionCount(STAR, 70),
    ],
    recent_reactions=[t.MessagePeerReaction(NOOR, DATE, LIKE), t.MessagePeerReaction(IVAN, DATE, LIKE)],
    top_reactors=[t.MessageReactor(50, peer_id=NOOR), t.MessageReactor(20, anonymous=True)],
)
RESTRICTED = [t.RestrictionReason("ios", "terms", "Not *here*"), t.RestrictionReason("android", "terms", "Not *here*")]

FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"from_id": NEWS}, "**News** · 12:00"),
    ({"from_id": None, "post_author": "Head of *X*"}, "**Club** (Head of \\*X\\*) · 12:00"),
    ({"from_rank": "Curator"}, "**Ada** (Curator)"),
    ({"from_boosts_applied": 4}, "⚡ 4 boosts"),
    ({"via_bot_id": 8}, "**Ada** (via @noor)"),
    ({"via_business_bot_id": 9}, "**Ada** (by Poll Bot)"),
    ({"guestchat_via_from": NOOR}, "**Ada** (for @noor)"),
    ({"edit_date": DATE}, "edited 12:00"),
    ({"pinned": True}, "📌 pinned"),
    ({"silent": True}, "🔕 silent"),
    ({"noforwards": True}, "🔒 no forwarding"),
    ({"ttl_period": 604_800}, "⏲ deletes itself after 1 week"),
    ({"effect": 7}, "✨ effect"),
    ({"paid_message_stars": 10}, "⭐ 10 stars paid"),
    ({"from_scheduled": True, "offline": True}, "scheduled · sent automatically"),
    ({"paid_suggested_post_ton": True}, "paid for in TON"),
    (
        {"suggested_post": t.SuggestedPost(accepted=True, price=t.StarsTonAmount(1_500_000_000), schedule_date=DATE)},
        "suggested post: accepted, 1.5 TON, for 12:00",
    ),
    ({"suggested_post": t.SuggestedPost(price=t.StarsAmount(2, 500_000_000))}, "suggested post: suggested, 2.5 XTR"),
    ({"views": 9, "forwards": 2}, "👁 9 · 🔁 2"),
    ({"replies": t.MessageReplies(2, 0, comments=True, channel_id=5)}, "💬 [2 comments](comments.md#m5)"),
    (
        {"reactions": REACTIONS},
        "👍 3 ✓ ([Noor](https://t.me/noor), Ivan) · custom emoji 44 1"
        " · ⭐ 70 ([Noor](https://t.me/noor) 50, anonymous 20)",
    ),
    (
        {"factcheck": t.FactCheck(1, country="PT", text=t.TextWithEntities("Mostly *true*", []))},
        "> **Fact check** (PT)\n>\n> Mostly \\*true\\*",
    ),
    ({"restriction_reason": RESTRICTED}, "*Restricted: Not \\*here\\* (ios, android)*"),
    (
        {"reply_markup": INLINE},
        "⏺ [Open](https://e.x) · ⏺ [Log in](https://e.y) · ⏺ [App](https://e.z) (web app) · ⏺ [Who](tg://user?id=8)  \n"
        "⏺ Press · ⏺ Copy (copies “a\\|b”) · ⏺ Ask (asks the bot here: “q”) · ⏺ Buy (pays) · ⏺ Play (starts the game)"
        " · ⏺ Off (cannot be pressed)",
    ),
    (
        {"reply_markup": KEYBOARD},
        "⌨ Yes · ⌨ Me (shares the phone number) · ⌨ Here (shares the location) · ⌨ Vote (makes a poll)"
        " · ⌨ Chat (shares a chat) · ⌨ [Web](https://e.x) (web app)",
    ),
    ({"fwd_from": t.MessageFwdHeader(DATE, from_id=NOOR)}, "↪ forwarded from [Noor](https://t.me/noor) · 12:00"),
    ({"fwd_from": t.MessageFwdHeader(DATE, from_name="H[i]d")}, "↪ forwarded from H\\[i\\]d · 12:00"),
    (
        {"fwd_from": t.MessageFwdHeader(DATE, from_id=NEWS, channel_post=9, post_author="Ann", psa_type="covid")},
        "↪ forwarded from [News](https://t.me/news/9) (Ann) · 12:00 · announcement: covid",
    ),
    ({"fwd_from": t.MessageFwdHeader(DATE, from_name="Old", imported=True)}, "↪ imported from Old · 12:00"),
    (
        {"fwd_from": t.MessageFwdHeader(DATE, from_id=IVAN, saved_from_peer=NEWS, saved_from_msg_id=40)},
        "↪ forwarded from [Ivan](tg://user?id=77) · 12:00 · saved from [News](https://t.me/news/40)",
    ),
    ({"reply_to": t.MessageReplyHeader(reply_to_msg_id=3)}, "↩ [Noor](2024-05.md#m3)"),
    (
        {"reply_to": t.MessageReplyHeader(reply_to_msg_id=3, quote=True, quote_text="so *it*")},
        "\n\n> so \\*it\\*\n\n",
    ),
    ({"reply_to": t.MessageReplyHeader(reply_to_msg_id=3, todo_item_id=2)}, "↩ [Noor](2024-05.md#m3) (item 2)"),
    ({"reply_to": t.MessageReplyHeader(reply_to_msg_id=3, poll_option=b"1")}, "↩ [Noor](2024-05.md#m3) (option 1)"),
    (
        {"reply_to": t.MessageReplyHeader(reply_to_msg_id=12, reply_to_peer_id=NEWS)},
        "↩ [Noor](https://t.me/news/12)",
    ),
    ({"reply_to": t.MessageReplyHeader(reply_from=t.MessageFwdHeader(DATE, from_name="Zed"))}, "↩ Zed"),
    (
        {"reply_to": t.MessageReplyHeader(reply_from=t.MessageFwdHeader(DATE, from_id=NOOR))},
        "↩ [Noor](https://t.me/noor)",
    ),
    ({"reply_to": t.MessageReplyStoryHeader(NOOR, 12)}, "↩ [story 12 of Noor](https://t.me/noor/s/12)"),
    (
        {"rich_message": t.RichMessage([t.PageBlockHeading1(t.TextPlain("Head"))], [], [])},
        "**Head**",
    ),
]


@pytest.mark.parametrize(("fields", "fact"), FIELDS, ids=["+".join(fields) for fields, _ in FIELDS])
def test_each_field_of_a_message_is_visible(fields: dict[str, Any], fact: str) -> None:
    given = {"from_id": ADA, **fields}
    assert fact in shown(message(5, "hello", **given))


LINK = {"url": "https://e.x"}
ENTITIES: dict[str, tuple[dict[str, Any], str]] = {
    "BankCard": ({}, "word"), "Blockquote": ({"collapsed": True}, "> word"), "Bold": ({}, "**word**"),
    "BotCommand": ({}, "word"), "Cashtag": ({}, "word"), "Code": ({}, "`word`"),
    "CustomEmoji": ({"document_id": 4}, "word"), "DiffDelete": ({}, "<del>word</del>"),
    "DiffInsert": ({}, "<ins>word</ins>"),
    "DiffReplace": ({"old_text": "o|d"}, '<ins title="was: o&#124;d">word</ins>'),
    "Email": ({}, "word"), "FormattedDate": ({"date": DATE}, "word"), "Hashtag": ({}, "word"),
    "Italic": ({}, "*word*"), "Mention": ({}, "word"), "MentionName": ({"user_id": 8}, "[word](tg://user?id=8)"),
    "Phone": ({}, "word"), "Pre": ({"language": "rust"}, "```rust\nword\n```"),
    "Spoiler": ({}, '<span class="tg-spoiler">word</span>'), "Strike": ({}, "~~word~~"),
    "TextUrl": (LINK, "[word](https://e.x)"), "Underline": ({}, "<u>word</u>"), "Unknown": ({}, "word"),
    "Url": ({}, "word"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENTITIES)
def test_each_kind_of_entity_is_visible(name: str) -> None:
    more, markdown = ENTITIES[name]
    entity = vars(t)[f"MessageEntity{name}"](0, 4, **more)
    assert shown(message(5, "word", entities=[entity], from_id=ADA)).endswith(f"\n\n{markdown}")


def test_every_kind_of_entity_of_the_layer_has_an_example_here() -> None:
    assert {f"MessageEntity{name}" for name in ENTITIES} == set(ENTITY_KINDS)
