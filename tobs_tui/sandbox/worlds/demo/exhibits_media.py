"""Exhibits of the museum: every kind of medium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.assets.catalog import SPOKEN, asset
from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.demo.media import Medium
from tobs_tui.sandbox.worlds.peers import Channel
from tobs_tui.sandbox.worlds.rng import stable_id
from tobs_tui.sandbox.worlds.world import World

DAY = 86_400


def plain(text: str) -> Any:
    """A text without entities, where TL wants one that could have some."""
    return types.TextWithEntities(text, [])


def files(world: World, when: int) -> Iterator[tuple[str, Medium]]:
    """Captions and media that carry a file."""
    store = world.files
    for number in range(8):
        yield f"Photo {number + 1} of 8", media.photo(store, when, number, mark=f"museum {number}")
    yield "A photo behind a spoiler", media.photo(store, when, 2, spoiler=True, mark="museum spoiler")
    yield "A live photo", _live_photo(world, when)
    yield "A video with sound", media.video(store, when)
    yield "A video in two qualities", _qualities(world, when)
    yield "", media.round_video(store, when)
    for name in SPOKEN:
        yield "", media.voice(store, when, name)
    yield "Music", media.music(store, when)
    yield "", media.animation(store, when)
    for kind in ("webp", "tgs", "webm"):
        yield "", media.sticker(store, when, kind)
    yield "A document", media.pdf(store, when)
    yield "An archive", media.archive(store, when)
    yield "Plain text", media.text_file(store, when, "заметки 笔记.txt", "Plain text, UTF-8: żółw, 雨, שלום\n" * 20)
    yield "A picture as a file", media.picture_file(store, when, 1)
    yield (
        "A file without a name",
        media.document(store, when, "application/octet-stream", None, lambda: b"\x00\x01" * 700),
    )
    yield "A file of one byte", media.document(store, when, "text/plain", "one.txt", lambda: b"1")
    yield "A larger file", media.large_file(store, when, "tiles.mbtiles", cdn=True)


def _live_photo(world: World, when: int) -> Medium:
    still = media.photo_file(world.files, when, 0, "live")
    moving = media.animation(world.files, when).file
    assert moving is not None
    return Medium(lambda: types.MessageMediaPhoto(photo=still.tl(), live_photo=True, video=moving.tl()), still)


def _qualities(world: World, when: int) -> Medium:
    best, lesser = media.video(world.files, when).file, media.animation(world.files, when).file
    assert best is not None and lesser is not None
    return Medium(lambda: types.MessageMediaDocument(document=best.tl(), video=True, alt_documents=[lesser.tl()]), best)


def fileless(world: World, when: int, channel: Channel) -> Iterator[tuple[str, Any]]:
    """Texts and media without a file of their own; each medium is a TL object or a function that makes one."""
    geo = types.GeoPoint(-9.1393, 38.7223, 77, accuracy_radius=20)
    yield (
        "",
        types.MessageMediaContact(
            "+15550100077", "Noor", "Haddad", "BEGIN:VCARD\nFN:Noor Haddad\nEND:VCARD", cast.NOOR
        ),
    )
    yield "", types.MessageMediaContact("+15550100078", "Not", "on Telegram", "", 0)
    for emoticon, value in (("🎲", 6), ("🎯", 3), ("🏀", 5), ("⚽", 2), ("🎳", 1), ("🎰", 64)):
        yield "", types.MessageMediaDice(value, emoticon)
    yield "", types.MessageMediaGeo(geo)
    yield "", types.MessageMediaGeoLive(geo, period=900, heading=270, proximity_notification_radius=100)
    yield "", types.MessageMediaVenue(geo, "Café [A|B]", "Rua Augusta 1, Lisboa", "foursquare", "4b", "food/cafe")
    picture = media.photo_file(world.files, when, 6, "game")
    yield "", lambda: types.MessageMediaGame(types.Game(5, 6, "maprush", "Map Rush", "Find the city", picture.tl()))
    yield "", types.MessageMediaInvoice("Printed atlas", "A3, 48 pages", "EUR", 2_950, "atlas", receipt_msg_id=3)
    yield "", types.MessageMediaEmpty()
    yield "", types.MessageMediaUnsupported()
    yield "Gone after a minute", types.MessageMediaPhoto(ttl_seconds=60)
    yield "Seen once", types.MessageMediaDocument(ttl_seconds=0x7FFFFFFF, voice=True)
    yield (
        "",
        types.MessageMediaGiveaway(
            [channel.id],
            10,
            when + 30 * DAY,
            winners_are_visible=True,
            months=3,
            countries_iso2=["PT", "DE"],
            prize_description="Ten printed maps",
        ),
    )
    yield (
        "",
        types.MessageMediaGiveawayResults(
            channel.id, 4, 2, 8, [cast.NOOR, cast.SAM], when + 31 * DAY, months=3, prize_description="Ten printed maps"
        ),
    )
    yield (
        "Behind a price",
        types.MessageMediaPaidMedia(
            25,
            [
                types.MessageExtendedMediaPreview(
                    w=1280, h=854, thumb=types.PhotoStrippedSize("i", asset("fjord.stripped"))
                )
            ],
        ),
    )
    paid = media.photo_file(world.files, when, 2, "paid")
    yield (
        "Paid for",
        lambda: types.MessageMediaPaidMedia(25, [types.MessageExtendedMedia(types.MessageMediaPhoto(photo=paid.tl()))]),
    )
    yield "", types.MessageMediaStory(types.PeerUser(cast.ZOE), 12, via_mention=True)
    yield from _with_more(world, when)
    yield "", types.MessageMediaVideoStream(types.InputGroupCall(91, 92), rtmp_stream=True)
    yield "", _todo(when)
    yield from _previews(world, when)


def _with_more(world: World, when: int) -> Iterator[tuple[str, Any]]:
    """Media that tell more than most of their kind do."""
    outcome = types.messages.EmojiGameOutcome(b"seed", 1_000_000_000, 2_500_000_000)
    yield "", types.MessageMediaDice(6, "🎲", game_outcome=outcome)
    story = media.photo_file(world.files, when, 4, "story")

    def shared() -> Any:
        item = types.StoryItem(
            13, when - DAY, when, types.MessageMediaPhoto(photo=story.tl()), caption="The *coast* at six"
        )
        return types.MessageMediaStory(types.PeerUser(cast.ZOE), 13, story=item)

    yield "", shared
    yield (
        "A bill with a preview of what it buys",
        types.MessageMediaInvoice(
            "A film",
            "One minute",
            "XTR",
            50,
            "film",
            test=True,
            extended_media=types.MessageExtendedMediaPreview(w=1280, h=720, video_duration=60),
        ),
    )


def _todo(when: int) -> Any:
    tasks = [
        types.TodoItem(number, plain(title)) for number, title in ((1, "Pack tent"), (2, "Buy *stove*"), (3, "Tickets"))
    ]
    done = [types.TodoCompletion(2, types.PeerUser(cast.NOOR), when + 600)]
    return types.MessageMediaToDo(types.TodoList(plain("Before the trip"), tasks, others_can_complete=True), done)


def _previews(world: World, when: int) -> Iterator[tuple[str, Any]]:
    picture = media.photo_file(world.files, when, 7, "preview")
    yield (
        "https://example.org/articles/contours",
        lambda: types.MessageMediaWebPage(
            types.WebPage(
                id=stable_id("page", 1),
                url="https://example.org/articles/contours",
                display_url="example.org",
                hash=0,
                type="article",
                site_name="Example *Journal*",
                title="How contours [are] drawn",
                author="R. Abara",
                description="From points to lines,\nwith > patience.",
                photo=picture.tl(),
            ),
            force_large_media=True,
        ),
    )
    yield (
        "https://example.org/slow",
        types.MessageMediaWebPage(types.WebPagePending(2, when, "https://example.org/slow")),
    )
    yield "https://example.org/none", types.MessageMediaWebPage(types.WebPageEmpty(3, "https://example.org/none"))
