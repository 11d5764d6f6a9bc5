"""Pages become records: every media, entity and action kind of the layer, and pages with constructors nobody knows."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import Any

import pytest
from telethon.tl import types
from telethon.tl.core import GzipPacked

from tests.unit.telegram_samples import DATE, document, message, page, photo, sample
from tobs_tui.model import media as model
from tobs_tui.model.media import DocumentKind, FileKind
from tobs_tui.model.messages import ActionKind, ReactionKind, decode_message, encode_message
from tobs_tui.model.peers import PeerKind
from tobs_tui.model.text import EntityKind
from tobs_tui.telegram.decode import decode_page
from tobs_tui.telegram.page import PageUnreadable, peek_page

CHAT = 77
CHANNEL = -1_000_000_000_005
SECONDS = int(DATE.timestamp())


def classes(prefix: str) -> list[type[Any]]:
    return [kind for name, kind in vars(types).items() if name.startswith(prefix) and isinstance(kind, type)]


def decoded(one: Any, chat: int = CHAT, **more: Any) -> Any:
    [record] = decode_page(page([one], **more), chat).messages
    return record


@pytest.mark.parametrize("kind", classes("MessageAction"), ids=lambda kind: kind.__name__)
def test_every_service_action_of_the_layer_has_a_kind_and_survives_storage(kind: type[Any]) -> None:
    record = decoded(types.MessageService(5, types.PeerUser(77), DATE, action=sample(kind), from_id=types.PeerUser(78)))
    assert record.action.kind == kind.__name__.removeprefix("MessageAction")
    assert record.action.kind is not ActionKind.UNKNOWN
    assert record.sender == 78
    assert decode_message(encode_message(record)) == record


def test_the_layer_has_as_many_actions_as_the_model() -> None:
    assert {kind.__name__.removeprefix("MessageAction") for kind in classes("MessageAction")} == {
        str(kind) for kind in ActionKind if kind is not ActionKind.UNKNOWN
    }


@pytest.mark.parametrize("kind", classes("MessageMedia"), ids=lambda kind: kind.__name__)
def test_every_media_kind_of_the_layer_is_read_in_full_or_named_as_unknown(kind: type[Any]) -> None:
    record = decoded(message(5, media=sample(kind)))
    if kind is types.MessageMediaEmpty:
        assert record.media is None
    elif kind is types.MessageMediaUnsupported:
        assert record.media == model.UnknownMedia("MessageMediaUnsupported")
        assert record.unknown == ("MessageMediaUnsupported",)
    else:
        assert not isinstance(record.media, model.UnknownMedia)
        assert record.unknown == ()
    assert decode_message(encode_message(record)) == record


@pytest.mark.parametrize("kind", classes("MessageEntity"), ids=lambda kind: kind.__name__)
def test_every_entity_kind_of_the_layer_is_kept(kind: type[Any]) -> None:
    [entity] = decoded(message(5, entities=[sample(kind)])).entities
    assert (entity.offset, entity.length) == (7, 7)
    assert entity.kind.replace("_", "") == kind.__name__.removeprefix("MessageEntity").lower()
    expected = {EntityKind.TEXT_URL: "text", EntityKind.PRE: "text", EntityKind.DIFF_REPLACE: "text"}
    assert entity.value == expected.get(entity.kind, "")
    numbers = {EntityKind.MENTION_NAME: 7, EntityKind.CUSTOM_EMOJI: 7, EntityKind.FORMATTED_DATE: SECONDS}
    assert entity.number == numbers.get(entity.kind, 0)


def test_a_photo_is_its_largest_size_and_a_live_photo_carries_its_video() -> None:
    media = types.MessageMediaPhoto(
        photo=photo(), live_photo=True, video=document(mime="video/mp4"), ttl_seconds=9, spoiler=True
    )
    record = decoded(message(5, media=media)).media
    assert (record.file.kind, record.file.thumb, record.file.size, record.file.dc) == (FileKind.PHOTO, "y", 9000, 2)
    assert (record.width, record.height, record.ttl, record.spoiler) == (900, 600, 9, True)
    assert (record.video.id, record.video.mime) == (21, "video/mp4")


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ([], DocumentKind.FILE),
        ([types.DocumentAttributeVideo(1.5, 4, 3)], DocumentKind.VIDEO),
        ([types.DocumentAttributeVideo(1.5, 4, 4, round_message=True)], DocumentKind.ROUND),
        ([types.DocumentAttributeVideo(1.5, 4, 3), types.DocumentAttributeAnimated()], DocumentKind.ANIMATION),
        ([types.DocumentAttributeAudio(3, title="Song")], DocumentKind.AUDIO),
        ([types.DocumentAttributeAudio(3, voice=True, waveform=b"w")], DocumentKind.VOICE),
        ([types.DocumentAttributeSticker("🦄", types.InputStickerSetEmpty())], DocumentKind.STICKER),
        (
            [
                types.DocumentAttributeVideo(1.5, 4, 3),
                types.DocumentAttributeSticker("🦄", types.InputStickerSetEmpty()),
            ],
            DocumentKind.STICKER,
        ),
    ],
)
def test_a_document_is_what_its_attributes_make_of_it(attributes: list[Any], kind: DocumentKind) -> None:
    record = decoded(message(5, media=types.MessageMediaDocument(document=document(*attributes)))).media
    assert record.type is kind
    assert (record.file.name, record.file.size, record.file.dc, record.file.thumb) == ("report.pdf", 5000, 4, "")
    assert (record.thumb.thumb, record.thumb.size) == ("m", 700)


def test_media_that_has_expired_keeps_its_kind_without_a_file() -> None:
    voice = decoded(message(5, media=types.MessageMediaDocument(voice=True, ttl_seconds=0x7FFFFFFF))).media
    assert (voice.file, voice.type, voice.ttl) == (None, DocumentKind.VOICE, 0x7FFFFFFF)
    assert decoded(message(5, media=types.MessageMediaPhoto(photo=types.PhotoEmpty(1)))).media == model.Photo()


def test_paid_media_holds_what_was_bought_and_counts_what_was_not() -> None:
    items = [types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo())), types.MessageExtendedMediaPreview()]
    record = decoded(message(5, media=types.MessageMediaPaidMedia(30, items))).media
    assert (record.stars, len(record.items), record.previews) == (30, 1, 1)


def test_message_fields_arrive_in_the_record() -> None:
    one = message(
        5,
        out=True,
        silent=True,
        pinned=True,
        noforwards=True,
        edit_hide=True,
        from_id=types.PeerChannel(5),
        from_rank="boss",
        from_boosts_applied=2,
        via_bot_id=8,
        via_business_bot_id=9,
        fwd_from=types.MessageFwdHeader(
            DATE,
            from_name="Hidden",
            channel_post=3,
            post_author="Eve",
            saved_from_peer=types.PeerChat(4),
            saved_from_msg_id=6,
        ),
        reply_to=types.MessageReplyHeader(reply_to_msg_id=2, quote=True, quote_text="so", quote_offset=1),
        views=10,
        forwards=11,
        replies=types.MessageReplies(12, 0, comments=True, channel_id=5),
        edit_date=DATE,
        post_author="Ada",
        grouped_id=13,
        reactions=types.MessageReactions(
            [
                types.ReactionCount(types.ReactionEmoji("👍"), 3, chosen_order=0),
                types.ReactionCount(types.ReactionCustomEmoji(44), 2),
                types.ReactionCount(types.ReactionPaid(), 1),
            ]
        ),
        restriction_reason=[types.RestrictionReason("ios", "porn", "Not here")],
        ttl_period=60,
        effect=14,
        factcheck=types.FactCheck(1, country="DE", text=types.TextWithEntities("No.", [])),
        paid_message_stars=15,
        suggested_post=types.SuggestedPost(accepted=True, price=types.StarsAmount(50, 0)),
        reply_markup=types.ReplyInlineMarkup(
            [
                types.KeyboardInlineButtonRow(
                    [types.KeyboardInlineButton("Open", types.InlineButtonTypeUrl("https://example.org"))]
                )
            ]
        ),
    )
    record = decoded(one)
    assert (record.id, record.date, record.sender, record.text) == (5, SECONDS, CHANNEL, "hello")
    assert (record.silent, record.pinned, record.noforwards, record.outgoing, record.edit_hidden) == (True,) * 5
    assert (record.from_rank, record.boosts, record.via_bot, record.via_business_bot) == ("boss", 2, 8, 9)
    assert (record.forward.name, record.forward.message_id, record.forward.author) == ("Hidden", 3, "Eve")
    assert (record.forward.saved_peer, record.forward.saved_message_id) == (-4, 6)
    assert (record.reply.message_id, record.reply.quote.text, record.reply.quote_offset) == (2, "so", 1)
    assert (record.views, record.forwards, record.comments, record.discussion) == (10, 11, 12, CHANNEL)
    assert (record.edit_date, record.post_author, record.album, record.ttl, record.effect) == (
        SECONDS,
        "Ada",
        13,
        60,
        14,
    )
    assert [reaction.kind for reaction in record.reactions] == [
        ReactionKind.EMOJI,
        ReactionKind.CUSTOM,
        ReactionKind.PAID,
    ]
    assert [reaction.chosen for reaction in record.reactions] == [True, False, False]
    assert (record.restriction, record.paid_stars, record.suggested_post) == ("Not here (ios)", 15, "accepted, 50 XTR")
    assert (record.factcheck.text.text, record.factcheck.country) == ("No.", "DE")
    assert [(button.row, button.text, button.url) for button in record.buttons] == [(0, "Open", "https://example.org")]


def test_a_rich_message_keeps_its_plain_text_for_filters_and_search() -> None:
    blocks = [
        types.PageBlockHeading1(types.TextPlain("Title")),
        types.PageBlockParagraph(types.TextConcat([types.TextPlain("one "), types.TextBold(types.TextPlain("two"))])),
        types.PageBlockList([types.PageListItemText(types.TextPlain("milk"), checkbox=True, checked=True)]),
    ]
    record = decoded(message(5, "", rich_message=types.RichMessage(blocks, [], [], part=True)))
    assert record.rich_text == "Title\none two\n- [x] milk"
    assert record.unknown == ("RichMessage.part",)


def test_private_messages_without_sender_are_from_the_other_side_or_from_oneself() -> None:
    me = types.User(42, is_self=True, first_name="Me")
    records = decode_page(page([message(6, out=True), message(5)], users=[me]), CHAT).messages
    assert [record.sender for record in records] == [CHAT, 42]
    assert decode_page(page([message(6, out=True)]), CHAT, self_id=43).messages[0].sender == 43


def test_forum_messages_know_their_topic() -> None:
    forum = types.Channel(5, "Forum", types.ChatPhotoEmpty(), DATE, megagroup=True, forum=True)
    to_topic = types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=20)
    in_topic = types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=25, reply_to_top_id=20)
    created = types.MessageService(20, types.PeerChannel(5), DATE, action=types.MessageActionTopicCreate("T", 0))
    messages = [message(30), message(29, reply_to=in_topic), message(28, reply_to=to_topic), created]
    result = decode_page(page(messages, chats=[forum]), CHANNEL)
    assert [(each.id, each.topic) for each in result.messages] == [(20, 20), (28, 20), (29, 20), (30, 1)]
    assert [each.reply and each.reply.message_id for each in result.messages] == [None, None, 25, None]
    assert result.peers[0].kind is PeerKind.FORUM


def test_holes_are_left_out_and_messages_come_in_ascending_order() -> None:
    result = decode_page(page([message(9), types.MessageEmpty(8, None), message(7)]), CHAT)
    assert [each.id for each in result.messages] == [7, 9]


def test_a_compressed_page_reads_the_same() -> None:
    raw = page([message(9), message(7)])
    packed = bytes(GzipPacked(raw))
    assert decode_page(packed, CHAT) == decode_page(raw, CHAT)
    assert peek_page(packed) == peek_page(raw)


def poisoned(raw: bytes, place: int) -> bytes:
    """The page with the `place`th dice turned into a constructor that nobody knows."""
    marker = struct.pack("<I", types.MessageMediaDice.CONSTRUCTOR_ID)
    position = -1
    for _ in range(place):
        position = raw.index(marker, position + 1)
    return raw[:position] + b"\xde\xad\xbe\xef" + raw[position + 4 :]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_an_unknown_constructor_costs_one_message_wherever_it_stands(place: int) -> None:
    dice = types.MessageMediaDice(3, "🎲")
    users = [types.User(77, first_name="Ada")]
    raw = poisoned(page([message(number, f"text {number}", media=dice) for number in (9, 8, 7)], users=users), place)
    result = decode_page(raw, CHAT)
    lost = 10 - place
    assert [each.id for each in result.messages] == [7, 8, 9]
    assert [each.id for each in result.messages if each.unknown] == [lost]
    [placeholder] = [each for each in result.messages if each.unknown]
    assert (placeholder.unknown, placeholder.date, placeholder.text) == (("0xefbeadde",), SECONDS, f"text {lost}")
    assert [peer.title for peer in result.peers] == ["Ada"]
    assert result.unknown == 1


def test_two_unknown_constructors_in_a_row_cost_two_messages() -> None:
    dice = types.MessageMediaDice(3, "🎲")
    raw = page([message(number, media=dice) for number in (9, 8, 7)])
    result = decode_page(poisoned(poisoned(raw, 1), 1), CHAT)
    assert [each.id for each in result.messages if each.unknown] == [8, 9]


def test_a_page_that_cannot_be_followed_says_so() -> None:
    raw = page([message(9, media=types.MessageMediaDice(3, "🎲"))])
    with pytest.raises(PageUnreadable):
        decode_page(poisoned(raw, 1)[:-12], CHAT)
    with pytest.raises(PageUnreadable):
        decode_page(b"\x01\x02\x03\x04" + raw[4:], CHAT)
    with pytest.raises(PageUnreadable):
        peek_page(raw[:10])


@pytest.mark.parametrize(
    "answer",
    [
        lambda messages: types.messages.Messages(messages, [], [], []),
        lambda messages: types.messages.MessagesSlice(400, messages, [], [], [], next_rate=3, offset_id_offset=4),
        lambda messages: types.messages.ChannelMessages(1, 400, messages, [], [], [], offset_id_offset=4),
    ],
)
def test_a_look_at_a_page_finds_what_decoding_it_finds(answer: Any) -> None:
    raw = bytes(answer([types.MessageEmpty(11, None), message(9), message(7)]))
    head = peek_page(raw)
    assert (head.size, head.newest_id) == (3, 11)
    assert head.count in (3, 400)
    assert len(decode_page(raw, CHAT).messages) == 2


def test_looking_at_a_page_needs_no_telethon() -> None:
    code = "import sys; import tobs_tui.telegram.page; sys.exit('telethon' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_deleted_account_and_a_left_chat_are_told_apart_from_others() -> None:
    users = [
        types.User(1, deleted=True),
        types.UserEmpty(2),
        types.User(3, bot=True, bot_info_version=1, first_name="B", username="b_bot"),
    ]
    chats = [
        types.ChannelForbidden(5, 6, "Gone", megagroup=True),
        types.Chat(8, "Old", types.ChatPhotoEmpty(), 3, DATE, 1, migrated_to=types.InputChannel(5, 6)),
    ]
    one, two, bot, gone, old = decode_page(page([], users=users, chats=chats), CHAT).peers
    assert one.deleted and two.deleted
    assert (bot.kind, bot.username) == (PeerKind.BOT, "b_bot")
    assert (gone.id, gone.forbidden) == (CHANNEL, True)
    assert (old.id, old.migrated_to) == (-8, CHANNEL)
