"""Every medium of the layer shows what a person wants to know of it: names, amounts, dates, votes, links."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.tl import types as t

from tests.unit.coverage_help import carry, words
from tests.unit.telegram_samples import DATE, document, photo
from tobs_tui.telegram.convert_media import CONVERTERS

GEO = t.GeoPoint(13.4, 52.5, 1, accuracy_radius=7)
WHERE = "[52.500000, 13.400000](https://www.openstreetmap.org/?mlat=52.500000&mlon=13.400000)"
VIDEO = t.DocumentAttributeVideo(61.0, 1920, 1080)
SMALL = document(t.DocumentAttributeVideo(61.0, 640, 360, video_codec="av1"), mime="video/mp4")
NOOR, IVAN = t.PeerUser(8), t.PeerUser(77)
PREVIEWS = [
    t.MessageExtendedMediaPreview(w=1280, h=854), t.MessageExtendedMediaPreview(video_duration=75),
]  # fmt: skip
OUTCOME = t.messages.EmojiGameOutcome(b"seed", 1_000_000_000, 2_500_000_000)
POLL = t.Poll(
    1, words("Which *one*?"),
    [
        t.PollAnswer(words("A"), b"1", media=t.MessageMediaPhoto(photo=photo()), added_by=NOOR, date=DATE),
        t.PollAnswer(words("[x] B"), b"2"),
    ], 0,
    public_voters=True, multiple_choice=True, quiz=True, open_answers=True, revoting_disabled=True,
    hide_results_until_close=True, subscribers_only=True, close_date=DATE, countries_iso2=["PT", "DE"],
)  # fmt: skip
RESULTS = t.PollResults(
    min=True, total_voters=4, solution="Because *so*", solution_entities=[], solution_media=t.MessageMediaGeo(GEO),
    results=[
        t.PollAnswerVoters(b"1", chosen=True, correct=True, voters=3, recent_voters=[NOOR, IVAN]),
        t.PollAnswerVoters(b"2", voters=1, recent_voters=[]),
    ],
)  # fmt: skip
PAGE = t.WebPage(
    1, "https://e.x/a", "e.x", 0, type="telegram_channel_boost", site_name="Site", title="T*tle", description="Desc",
    author="Ann", duration=75, photo=photo(), document=document(), embed_url="https://e.x/e", embed_type="iframe",
    attributes=[t.WebPageAttributeStickerSet([])], cached_page=t.Page("https://e.x/a", [], [], []),
)  # fmt: skip
STORY = t.StoryItem(
    3, DATE, DATE, t.MessageMediaPhoto(photo=photo()), caption="Look *here*", entities=[t.MessageEntityBold(0, 4)]
)

MEDIA: list[tuple[Any, list[str]]] = [
    (
        t.MessageMediaContact("+1555", "Ann", "Lee", "BEGIN:VCARD\nNOTE:```\nEND:VCARD", 8),
        ["👤 [Ann Lee](tg://user?id=8) · +1555", "````vcard\nBEGIN:VCARD\nNOTE:```\nEND:VCARD\n````"],
    ),
    (t.MessageMediaDice(6, "🎯", game_outcome=OUTCOME), ["🎯 6 · 1 TON staked · 2.5 TON won"]),
    (
        t.MessageMediaDocument(
            document=document(VIDEO, mime="video/mp4"), spoiler=True, video_timestamp=65, alt_documents=[SMALL],
            ttl_seconds=60,
        ),
        [
            "[🎬 video 1:01 · report.pdf · spoiler, self-destructing, 1:00 · from 1:05 on · other qualities: 640×360"
            " av1](media/m5-0.bin)"
        ],
    ),
    (t.MessageMediaDocument(voice=True, ttl_seconds=0x7FFFFFFF), ["🎤 voice · view once (gone)"]),
    (t.MessageMediaEmpty(), ["*Empty message*"]),
    (t.MessageMediaGame(t.Game(1, 2, "snake", "Snake", "eats *apples*", photo())), ["Snake: eats \\*apples\\*"]),
    (t.MessageMediaGeo(GEO), [f"📍 location {WHERE} · ± 7 m"]),
    (
        t.MessageMediaGeoLive(GEO, period=900, heading=90, proximity_notification_radius=50),
        [f"📍 live location {WHERE} · ± 7 m · shared for 15:00 · heading 90° · alerts within 50 m"],
    ),
    (
        t.MessageMediaGiveaway(
            [6], 10, DATE, only_new_subscribers=True, winners_are_visible=True, countries_iso2=["PT", "DE"],
            prize_description="Maps", months=3,
        ),
        [
            "🎁 giveaway: Premium for 3 months · Maps · 10 winners · by [News](https://t.me/news) · until 2024-05-17"
            " 12:00 · new subscribers only · winners will be named · countries: PT, DE"
        ],
    ),
    (
        t.MessageMediaGiveawayResults(
            6, 4, 2, 8, [8, 77], DATE, only_new_subscribers=True, refunded=True, additional_peers_count=2, stars=500,
            prize_description="Maps",
        ),
        [
            "🎁 giveaway results: 500 stars · Maps · 10 winners · by [News](https://t.me/news) · until 2024-05-17 12:00"
            " · 2 winners drawn · winners: [Noor](https://t.me/noor), Ivan · [the giveaway](https://t.me/news/4)"
            " · new subscribers only · with 2 more channels · 8 not claimed · refunded"
        ],
    ),
    (
        t.MessageMediaInvoice(
            "Atlas", "48 pages", "EUR", 2950, "start", shipping_address_requested=True, test=True, receipt_msg_id=3,
            extended_media=PREVIEWS[1],
        ),
        [
            "🧾 invoice · 29.50 EUR · [paid](2024-05.md#m3) · Atlas: 48 pages · asks for an address · a test"
            " · not bought: video 1:15"
        ],
    ),
    (
        t.MessageMediaPaidMedia(30, [t.MessageExtendedMedia(t.MessageMediaPhoto(photo=photo())), *PREVIEWS]),
        ["⭐ paid media: 30 stars · 2 items not bought (photo 1280×854, video 1:15)", "![](media/m5-0.bin)"],
    ),
    (
        t.MessageMediaPhoto(photo=photo(), live_photo=True, video=SMALL, spoiler=True, ttl_seconds=9),
        ["![](media/m5-0.bin)", "🖼 photo · spoiler, self-destructing, 0:09", "[🎬 live photo](media/m5-1.bin)"],
    ),
    (
        t.MessageMediaPoll(POLL, RESULTS, attached_media=t.MessageMediaGeo(GEO)),
        [
            "📊 quiz · multiple answers · public · closes 2024-05-17 12:00 · 4 voters · others can add answers · votes"
            " are final · results hidden until it closes · for subscribers only · countries: PT, DE · without one's own"
            " vote · with media · media in an answer · media in the explanation",
            "Which \\*one\\*?",
            "- A — 3 votes (75 %) ([Noor](https://t.me/noor), Ivan) ✅ 👈 · added by [Noor](https://t.me/noor)",
            "- \\[x] B — 1 vote (25 %)",
            "> Explanation:\n>\n> Because \\*so\\*",
        ],
    ),
    (
        t.MessageMediaStory(t.PeerChannel(6), 3, via_mention=True, story=STORY),
        [
            "![](media/m5-0.bin)",
            "📖 [story 3 of News](https://t.me/news/s/3) · 2024-05-17 12:00 · you are mentioned",
            "**Look** \\*here\\*",
        ],
    ),
    (t.MessageMediaStory(NOOR, 3, story=t.StoryItemDeleted(3)), ["[story 3 of Noor](https://t.me/noor/s/3) · deleted"]),
    (
        t.MessageMediaToDo(
            t.TodoList(
                words("Trip *1*"), [t.TodoItem(1, words("tent")), t.TodoItem(2, words("stove"))],
                others_can_append=True, others_can_complete=True,
            ),
            [t.TodoCompletion(2, NOOR, DATE)],
        ),
        [
            "☑ checklist · others can add to it · others can tick it off", "Trip \\*1\\*",
            "- [ ] tent\n- [x] stove — [Noor](https://t.me/noor) 12:00",
        ],
    ),
    (t.MessageMediaUnsupported(), ["this version cannot read: MessageMediaUnsupported"]),
    (
        t.MessageMediaVenue(GEO, "Café", "Street 1", "foursquare", "4b", "food/cafe"),
        [f"📍 Café, Street 1 · {WHERE} · food/cafe"],
    ),
    (t.MessageMediaVideoStream(t.InputGroupCall(1, 2), rtmp_stream=True), ["🔴 live stream"]),
    (
        t.MessageMediaWebPage(PAGE),
        [
            "> Site · [T\\*tle](https://e.x/a)", "> *Ann*",
            "> telegram channel boost · 1:15 · with a file · stickers · instant view", "> Desc",
        ],
    ),
    (
        t.MessageMediaWebPage(t.WebPagePending(1, DATE, "https://e.x/slow")),
        ["*Empty message*"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("media", "facts"), MEDIA, ids=lambda value: type(value).__name__)
def test_each_medium_shows_all_that_a_person_wants_to_know(media: Any, facts: list[str]) -> None:
    markdown = carry(media)
    at = -1
    for fact in facts:
        assert fact in markdown, markdown
        assert markdown.index(fact) > at  # in this order
        at = markdown.index(fact)


def test_every_medium_of_the_layer_has_an_example_here() -> None:
    kinds = {kind for name, kind in vars(t).items() if name.startswith("MessageMedia")}
    assert {type(media) for media, _ in MEDIA} == kinds
    assert len(CONVERTERS) == len(kinds) - 2  # Empty and Unsupported
