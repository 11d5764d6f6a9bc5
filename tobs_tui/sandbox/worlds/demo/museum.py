"""The Message Museum: a supergroup in which every kind of entity, medium, field and service action is on show."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import exhibits_actions, exhibits_media, exhibits_rich, exhibits_text, media
from tobs_tui.sandbox.worlds.demo.channel import ORBIT_ID
from tobs_tui.sandbox.worlds.demo.ordinary import LOUNGE_ID, add_channel, rng_for
from tobs_tui.sandbox.worlds.demo.sprinkle import LateVotes, add_album, add_medium, add_poll, set_reactions
from tobs_tui.sandbox.worlds.history import Draft
from tobs_tui.sandbox.worlds.markup import utf16
from tobs_tui.sandbox.worlds.peers import Channel, channel_key, tl_peer
from tobs_tui.sandbox.worlds.script import DAY, END, HOUR, Script
from tobs_tui.sandbox.worlds.world import ReactionVote, World

MUSEUM_ID = 1_680_000_001
OPENING = END - 90 * DAY


def build(world: World, late: LateVotes) -> Script:
    """Write the museum, a room after the other."""
    members = [cast.ADA, world.me_id, cast.NOOR, cast.IVAN, cast.YAEL, cast.KENJI, cast.GHOST, cast.POLL_BOT]
    channel = add_channel(
        world,
        Channel(
            MUSEUM_ID,
            "Message Museum 🏛",
            OPENING,
            username="message_museum_demo",
            members=members,
            creator_id=cast.ADA,
            about="One of everything.",
        ),
    )
    script = Script(world, channel.key, rng_for(world, "museum"), OPENING)
    script.act(cast.ADA, types.MessageActionChannelCreate(channel.title))
    welcome = script.say(cast.ADA, "Welcome to the museum! One of everything, nothing twice.", pinned=True)
    script.act(cast.ADA, types.MessageActionPinMessage(), reply=welcome)
    channel.pinned_message = lambda: welcome.id
    _texts(script)
    _files(script, late)
    _fileless(script, channel)
    _rich_messages(script)
    _replies(script, welcome)
    _forwards(script)
    _fields(script, late)
    _polls(script, members[:6], late)
    _room(script, "Service messages")
    for number, action in enumerate(exhibits_actions.all_actions(world, channel, script.clock)):
        script.act((cast.ADA, cast.NOOR, world.me_id)[number % 3], action, after=90)
    script.say(cast.ADA, "That's all. Mind the step.")
    return script


def _room(script: Script, title: str) -> None:
    """The sign at a room's door, on the morning of another day."""
    script.skip_to(script.clock // DAY * DAY + DAY + 9 * HOUR)
    text = f"{title} #room"
    entities = [types.MessageEntityBold(0, utf16(title)), types.MessageEntityHashtag(utf16(title) + 1, 5)]
    script.say(cast.ADA, text, entities=entities)


def _texts(script: Script) -> None:
    _room(script, "Formatted text")
    for rich in exhibits_text.each_kind(script.world.custom_emoji[0]):
        script.say(cast.NOOR, rich.text, entities=rich.entities)
    for rich in exhibits_text.combinations():
        script.say(cast.IVAN, rich.text, entities=rich.entities)
    for text, entities in exhibits_text.broken_offsets():
        script.say(cast.YAEL, text, entities=entities)


def _files(script: Script, late: LateVotes) -> None:
    _room(script, "Files")
    world = script.world
    for text, medium in exhibits_media.files(world, script.clock):
        add_medium(script, cast.KENJI, medium, text)
    pictures = [media.photo(world.files, script.clock, number, mark=f"album {number}") for number in range(4)]
    add_album(script, cast.NOOR, [*pictures, media.video(world.files, script.clock)], "An album of five")
    papers = [media.pdf(world.files, script.clock, f"page {number}.pdf") for number in (1, 2)]
    add_album(script, cast.NOOR, papers, "An album of files")


def _fileless(script: Script, channel: Channel) -> None:
    _room(script, "Media without files")
    for text, medium in exhibits_media.fileless(script.world, script.clock, channel):
        maker = medium if callable(medium) else lambda kept=medium: kept
        script.say(cast.YAEL, text, media=maker)


def _rich_messages(script: Script) -> None:
    _room(script, "Rich messages")
    for exhibit in exhibits_rich.rich_messages(script.world, script.clock):
        script.say(cast.POLL_BOT, "", rich_message=exhibit.sent).whole = exhibit.whole


def _header(script: Script, **fields: Any) -> Any:
    """A reply header that no draft can express, since what it names is elsewhere."""
    return script.say(cast.IVAN, "An answer from afar", reply_to=types.MessageReplyHeader(**fields))


def _replies(script: Script, welcome: Draft) -> None:
    _room(script, "Replies")
    script.say(cast.IVAN, "A plain reply", reply=welcome)
    script.say(cast.IVAN, "A reply with a quote", reply=welcome, quote="One of everything")
    script.say(cast.IVAN, "And one that answers the answer", reply=script.drafts[-1])
    elsewhere = types.MessageFwdHeader(script.clock, from_id=tl_peer(cast.ZOE))
    _header(
        script,
        reply_to_msg_id=12,
        reply_to_peer_id=types.PeerChannel(LOUNGE_ID),
        reply_from=elsewhere,
        quote=True,
        quote_text="Works *here* on Linux",
        quote_offset=0,
    )
    _header(script, reply_from=types.MessageFwdHeader(script.clock, from_name="Somebody in a private chat"))
    _header(script, reply_to_msg_id=999_999)
    todo = next(draft for draft in script.drafts if draft.media and _is_todo(draft))
    script.say(
        cast.NOOR, "About the stove", reply_to=lambda: types.MessageReplyHeader(reply_to_msg_id=todo.id, todo_item_id=2)
    )
    script.say(cast.NOOR, "Nice story", reply_to=types.MessageReplyStoryHeader(tl_peer(cast.ZOE), 12))


def _is_todo(draft: Draft) -> bool:
    return draft.media is not None and isinstance(draft.media(), types.MessageMediaToDo)


def _forwards(script: Script) -> None:
    _room(script, "Forwards")
    when = script.clock - DAY
    lounge, orbit = types.PeerChannel(LOUNGE_ID), types.PeerChannel(ORBIT_ID)
    headers = (
        ("From a user", types.MessageFwdHeader(when, from_id=tl_peer(cast.SOFIA))),
        ("From somebody who hides", types.MessageFwdHeader(when, from_name="[Hidden] *Name*")),
        (
            "From a channel post",
            types.MessageFwdHeader(when, from_id=orbit, channel_post=7, post_author="Sofía García"),
        ),
        ("From a group, as the group", types.MessageFwdHeader(when, from_id=lounge)),
        ("Imported from another app", types.MessageFwdHeader(when, from_name="Old App User", imported=True)),
        (
            "A public service announcement",
            types.MessageFwdHeader(when, from_id=orbit, channel_post=9, psa_type="covid"),
        ),
        (
            "Of a message saved before",
            types.MessageFwdHeader(
                when, from_id=tl_peer(cast.ZOE), saved_from_peer=lounge, saved_from_msg_id=40, saved_date=when - DAY
            ),
        ),
    )
    for text, header in headers:
        script.say(script.world.me_id, text, fwd_from=header)


def _fields(script: Script, late: LateVotes) -> None:
    _room(script, "Everything else that a message has")
    channel = script.world.channel(script.peer)
    own = channel.key
    inline = types.ReplyInlineMarkup(
        [
            types.KeyboardInlineButtonRow(
                [
                    types.KeyboardInlineButton("Open ↗", types.InlineButtonTypeUrl("https://example.org/?a=(1)&b=[2]")),
                    types.KeyboardInlineButton("Copy", types.InlineButtonTypeCopy("copied | text")),
                ]
            ),
            types.KeyboardInlineButtonRow(
                [types.KeyboardInlineButton("Press [me]", types.InlineButtonTypeCallback(b"me"))]
            ),
        ]
    )
    checked = types.FactCheck(7, country="PT", text=types.TextWithEntities("Mostly *true*.", []))
    said = script.say
    said(cast.ADA, "Edited", edit_date=script.clock + 600)
    said(cast.ADA, "Edited, but quietly", edit_date=script.clock + 900, edit_hide=True)
    said(cast.NOOR, "Sent without a sound", silent=True)
    said(cast.NOOR, "Through an inline bot", via_bot_id=cast.POLL_BOT)
    said(cast.NOOR, "Through a business bot", via_business_bot_id=cast.POLL_BOT)
    said(cast.POLL_BOT, "With buttons", reply_markup=inline)
    said(own, "From an anonymous administrator", post_author="Head of *Exhibits*")
    said(cast.KENJI, "From somebody of rank, who boosted", from_rank="Curator", from_boosts_applied=4)
    said(cast.GHOST, "From an account that is no more")
    said(channel_key(ORBIT_ID), "In the name of a channel", views=120, forwards=3)
    _sent(script)
    said(cast.NOOR, "Gone in a week", ttl_period=7 * DAY)
    said(cast.NOOR, "Not to be forwarded", noforwards=True)
    said(cast.NOOR, "With an effect", effect=5_104_841_245_755_180_586)
    said(cast.NOOR, "Checked", factcheck=checked)
    said(cast.NOOR, "Paid to be sent", paid_message_stars=10)
    said(cast.NOOR, "A suggested post", suggested_post=types.SuggestedPost(price=types.StarsAmount(100, 0)))
    said(
        cast.NOOR,
        "Not for every platform",
        restriction_reason=[types.RestrictionReason("ios", "terms", "Not available *here*")],
    )
    said(cast.NOOR, "@alex_rivera look at this", mentioned=True)
    said(cast.NOOR, "With a preview above", invert_media=True)
    _reactions(script, late)


def _sent(script: Script) -> None:
    """Messages with a keyboard, written by a clock or a machine, and paid for in another currency."""
    keyboard = types.ReplyKeyboardMarkup(
        [
            types.KeyboardButtonRow(
                [
                    types.KeyboardButton("Yes [please]", types.ButtonTypeDefault()),
                    types.KeyboardButton("My number", types.ButtonTypeRequestPhone()),
                ]
            )
        ]
    )
    price = types.StarsTonAmount(1_500_000_000)
    post = types.SuggestedPost(accepted=True, price=price, schedule_date=script.clock + DAY)
    script.say(cast.POLL_BOT, "With a keyboard", reply_markup=keyboard)
    script.say(cast.NOOR, "Written in advance", from_scheduled=True)
    script.say(cast.NOOR, "I am away, and this answers for me", offline=True)
    script.say(cast.NOOR, "A suggested post for TON", suggested_post=post, paid_suggested_post_ton=True)


def _reactions(script: Script, late: LateVotes) -> None:
    emoji, custom = types.ReactionEmoji("👍"), types.ReactionCustomEmoji(script.world.custom_emoji[1])
    when, me = script.clock, script.world.me_id
    votes = [
        ReactionVote(cast.NOOR, emoji, when + 900),
        ReactionVote(me, emoji, when + 800),
        ReactionVote(cast.IVAN, custom, when + 700),
        ReactionVote(cast.YAEL, types.ReactionEmoji("❤"), when + 650),
        ReactionVote(cast.KENJI, types.ReactionEmoji("🎉"), when + 600),
    ]
    set_reactions(script, script.say(cast.ADA, "Reactions of several kinds"), votes, late)
    stars = script.say(cast.ADA, "Stars")
    reactor = types.MessageReactor(50, top=True, peer_id=tl_peer(cast.NOOR))
    hidden = types.MessageReactor(20, anonymous=True)
    stars.fields = {
        "reactions": types.MessageReactions(
            [types.ReactionCount(types.ReactionPaid(), 70)], top_reactors=[reactor, hidden]
        )
    }


def _polls(script: Script, voters: list[int], late: LateVotes) -> None:
    _room(script, "Polls")
    add_poll(script, cast.ADA, "Best season for maps?", ("Spring", "Summer *", "Autumn", "Winter"), voters, late)
    add_poll(script, cast.ADA, "Which ones do you use?", ("Paper", "Phone", "Memory"), voters, late, multiple=True)
    add_poll(script, cast.ADA, "Where is north? [quiz]", ("Up", "Down", "Depends"), voters, late, quiz=2)
    add_poll(script, cast.ADA, "Closed and anonymous", ("Yes", "No"), voters, late, public=False, closed=True)
