"""The demo's everyday chats: private ones, a bot, basic groups (one of which moved on), supergroups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.demo.sprinkle import LateVotes, add_medium, add_poll, react_and_edit, sprinkle_media
from tobs_tui.sandbox.worlds.peers import Channel, Group, PeerKey
from tobs_tui.sandbox.worlds.prose import eastern, english, european
from tobs_tui.sandbox.worlds.prose.talk import Bank
from tobs_tui.sandbox.worlds.rng import Rng, stable_int64
from tobs_tui.sandbox.worlds.script import DAY, END, START, Script
from tobs_tui.sandbox.worlds.world import World

HIKE_ID, OFFICE_OLD_ID, BOOKS_SMALL_ID = 820_001, 820_002, 820_003
OFFICE_ID, LOUNGE_ID, FLAT_ID, BOOKS_ID, BOARD_ID, CLOSED_ID, HARBOR_ID = (
    1_500_000_001 + number for number in range(7)
)


def rng_for(world: World, name: str) -> Rng:
    """The randomness of one chat; a change to one chat leaves the others as they are."""
    return Rng(f"demo:{world.seed}:{name}")


def add_channel(world: World, channel: Channel) -> Channel:
    """Let a channel move in; the access hash is drawn from the world's seed."""
    channel.access_hash = stable_int64("channel", world.seed, channel.id)
    world.channels[channel.id] = channel
    return channel


def _media_between(script: Script, senders: Sequence[PeerKey], every: int) -> Callable[[int], None]:
    """A `between` for `Script.chatter`: a medium about every `every` messages."""
    last = [1 << 30]

    def between(left: int) -> None:
        if last[0] - left >= every:
            sprinkle_media(script, senders, left)
            last[0] = left
        elif last[0] == 1 << 30:
            last[0] = left

    return between


def _private(
    world: World, person: int, banks: Sequence[Bank], count: int, late: LateVotes, start: int, until: int, every: int
) -> Script:
    rng = rng_for(world, f"private {person}")
    script = Script(world, person, rng, start)
    speakers = (world.me_id, person)
    script.chatter(speakers, banks, count, until, between=_media_between(script, speakers, every))
    react_and_edit(script, speakers, late)
    return script


def private_chats(world: World, late: LateVotes) -> list[Script]:
    """Chats with people: English, Russian, Japanese, and one whose owner deleted the account."""
    zoe = _private(world, cast.ZOE, (english.CASUAL,), 900, late, START + 5 * DAY, END - DAY, 130)
    when = zoe.clock
    add_medium(zoe, cast.ZOE, media.voice(world.files, when, "voice_meeting"))
    zoe.say(world.me_id, "Thursday 9:30, got it. Printing the maps now 🗺️")
    ivan = _private(world, cast.IVAN, (european.RUSSIAN,), 700, late, START + 40 * DAY, END - 2 * DAY, 140)
    kenji = _private(
        world, cast.KENJI, (eastern.JAPANESE, english.CASUAL), 260, late, START + 200 * DAY, END - 9 * DAY, 90
    )
    ghost = _private(world, cast.GHOST, (english.CASUAL,), 60, late, START + 20 * DAY, START + 150 * DAY, 1 << 20)
    return [zoe, ivan, kenji, ghost]


def weather_bot(world: World) -> Script:
    """A chat with a bot: commands, a start parameter, inline keyboards, a game score, a payment."""
    rng = rng_for(world, "bot")
    script = Script(world, cast.WEATHER_BOT, rng, START + 60 * DAY)
    bot, me = cast.WEATHER_BOT, world.me_id
    script.act(me, types.MessageActionBotAllowed(attach_menu=True))
    script.say(me, "/start", entities=[types.MessageEntityBotCommand(0, 6)])
    places = ("Lisbon", "Tbilisi", "大阪", "Kraków", "Nairobi", "Тромсё", "हैदराबाद")
    for number in range(58):
        script.skip_to(START + 60 * DAY + number * 13 * DAY)
        place = rng.pick(places)
        script.say(me, f"/forecast {place}", entities=[types.MessageEntityBotCommand(0, 9)])
        degrees, wind = rng.between(-8, 36), rng.between(0, 60)
        rows = [
            types.KeyboardInlineButtonRow(
                [
                    types.KeyboardInlineButton("Tomorrow ▶", types.InlineButtonTypeCallback(f"day:{number}".encode())),
                    types.KeyboardInlineButton(
                        "Map 🗺", types.InlineButtonTypeUrl("https://example.org/map?z=9&q=[a](b)")
                    ),
                ]
            ),
            types.KeyboardInlineButtonRow(
                [types.KeyboardInlineButton("Stop", types.InlineButtonTypeCallback(b"stop"))]
            ),
        ]
        script.say(
            bot,
            f"**{place}**\n{rng.pick(('☀️', '🌧', '⛅', '❄️'))} {degrees} °C, wind {wind} km/h\n#forecast",
            after=2,
            reply=script.drafts[-1],
            reply_markup=types.ReplyInlineMarkup(rows),
        )
    keyboard = types.ReplyKeyboardMarkup(
        [types.KeyboardButtonRow([types.KeyboardButton("Home", types.ButtonTypeDefault())])], resize=True
    )
    script.say(bot, "Pick a place for the daily forecast", reply_markup=keyboard)
    script.act(me, types.MessageActionPaymentSent("EUR", 299))
    return script


def basic_groups(world: World, late: LateVotes) -> list[Script]:
    """Three basic groups: one for hikes, one that shares its title with a supergroup, one that became a
    supergroup."""
    me = world.me_id
    hikers = [me, cast.ZOE, cast.NOOR, cast.TOMAS, cast.GRETA]
    world.groups[HIKE_ID] = Group(HIKE_ID, "Weekend Hike 🥾", START + 30 * DAY, hikers, creator_id=cast.NOOR)
    hike = Script(world, -HIKE_ID, rng_for(world, "hike"), START + 30 * DAY)
    hike.act(cast.NOOR, types.MessageActionChatCreate("Weekend Hike", hikers))
    hike.act(cast.NOOR, types.MessageActionChatEditTitle("Weekend Hike 🥾"))
    hike.chatter(hikers, (english.CASUAL,), 400, END - 3 * DAY, between=_media_between(hike, hikers, 70))
    add_poll(hike, cast.NOOR, "Next route?", ("Ridge", "Lake loop", "Old railway"), hikers, late)
    readers = [me, cast.RUTH, cast.ADA]
    world.groups[BOOKS_SMALL_ID] = Group(BOOKS_SMALL_ID, "Book Club", START + 300 * DAY, readers, creator_id=cast.RUTH)
    books = Script(world, -BOOKS_SMALL_ID, rng_for(world, "books small"), START + 300 * DAY)
    books.act(cast.RUTH, types.MessageActionChatCreate("Book Club", readers))
    books.chatter(readers, (english.BOOKS,), 150, END - 20 * DAY)
    for script, people in ((hike, hikers), (books, readers)):
        react_and_edit(script, people, late)
    return [hike, books]


def office(world: World, late: LateVotes) -> tuple[Script, Script]:
    """A German office group: the basic group of its first year, and the supergroup that it migrated to."""
    people = [world.me_id, cast.LENA, cast.LUCAS, cast.GRETA, cast.THEO, cast.WANDA]
    moved = START + 330 * DAY
    old = Group(OFFICE_OLD_ID, "Büro & Küche", START + 3 * DAY, people, creator_id=cast.LENA)
    new = add_channel(
        world,
        Channel(
            OFFICE_ID,
            "Büro & Küche",
            moved,
            members=people,
            creator_id=cast.LENA,
            migrated_from=old,
            about="Alles rund um Büro, Küche und Keller",
        ),
    )
    old.migrated_to = new
    world.groups[old.id] = old
    before = Script(world, old.key, rng_for(world, "office old"), old.date)
    before.act(cast.LENA, types.MessageActionChatCreate(old.title, people))
    before.chatter(people, (european.GERMAN,), 300, moved - DAY, between=_media_between(before, people, 90))
    before.act(cast.LENA, types.MessageActionChatMigrateTo(new.id))
    after = Script(world, new.key, rng_for(world, "office new"), before.clock)
    after.act(cast.LENA, types.MessageActionChannelMigrateFrom(old.title, old.id), after=0)
    after.chatter(people, (european.GERMAN,), 900, END - DAY, between=_media_between(after, people, 200))
    for script in (before, after):
        react_and_edit(script, people, late)
    return before, after


def _supergroup(
    world: World, channel: Channel, banks: Sequence[Bank], count: int, until: int, late: LateVotes, every: int
) -> Script:
    add_channel(world, channel)
    script = Script(world, channel.key, rng_for(world, channel.title + str(channel.id)), channel.date)
    script.act(channel.creator_id, types.MessageActionChannelCreate(channel.title))
    script.chatter(channel.members, banks, count, until, between=_media_between(script, channel.members, every))
    react_and_edit(script, channel.members, late)
    return script


def supergroups(world: World, late: LateVotes) -> list[Script]:
    """The big group of programmers, the neighbours, the second Book Club, and the board that forbids forwarding."""
    me = world.me_id
    crowd = [
        cast.MIRA,
        cast.SAM,
        cast.IVAN,
        me,
        cast.VIKRAM,
        cast.WEI,
        cast.SOFIA,
        cast.ZOE,
        cast.PAVEL,
        cast.DIEGO,
        cast.JISOO,
        cast.NINA,
        cast.XIN,
        cast.ANTON,
        cast.LUCAS,
        cast.PRIYA,
    ]
    lounge = Channel(
        LOUNGE_ID,
        "Python Lounge 🐍",
        START + 9 * DAY,
        username="python_lounge_demo",
        members=crowd,
        participants_count=4_812,
        creator_id=cast.MIRA,
        about="Be kind. Paste text, not screenshots.",
    )
    banks = (english.TECH, english.TECH, english.TECH, european.RUSSIAN, english.TECH, european.SPANISH)
    add_channel(world, lounge)
    big = Script(world, lounge.key, rng_for(world, "lounge"), lounge.date)
    big.act(cast.MIRA, types.MessageActionChannelCreate(lounge.title))
    big.chatter(crowd, banks, 8_000, END - 3_600, between=_media_between(big, crowd, 800))
    react_and_edit(big, crowd, late, reactions=0.03, edits=0.015)
    neighbours = [cast.ADA, me, cast.ZOE, cast.DIEGO, cast.JISOO, cast.HASAN]
    flat = Channel(FLAT_ID, "Flat 12B neighbours", START + 100 * DAY, members=neighbours, creator_id=cast.ADA)
    readers = [cast.RUTH, cast.WANDA, me, cast.THEO, cast.YAEL, cast.NOOR]
    books = Channel(BOOKS_ID, "Book Club", START + 50 * DAY, members=readers, creator_id=cast.RUTH)
    board_members = [cast.GRETA, me, cast.OMAR, cast.RUTH]
    board = Channel(
        BOARD_ID,
        "Board (confidential)",
        START + 80 * DAY,
        members=board_members,
        creator_id=cast.GRETA,
        noforwards=True,
        about="What is said here stays here.",
    )
    return [
        big,
        _supergroup(world, flat, (english.FLAT,), 500, END - 40 * DAY, late, 120),
        _supergroup(world, books, (english.BOOKS,), 350, END - 6 * DAY, late, 1 << 20),
        _supergroup(world, board, (english.BOARD,), 300, END - 4 * DAY, late, 100),
    ]


def outside(world: World, late: LateVotes) -> Script:
    """Two chats that are in no dialog list: one that shut the account out, and a public one that it left."""
    closed = add_channel(
        world, Channel(CLOSED_ID, "Closed Circle", START, username="closed_circle_demo", forbidden=True)
    )
    world.invites["ClosedCircleInvite"] = closed.key
    people = [cast.NOOR, cast.TOMAS, cast.UMA]
    harbor = Channel(
        HARBOR_ID,
        "Open Harbour",
        START + 70 * DAY,
        username="open_harbour_demo",
        members=people,
        left=True,
        creator_id=cast.NOOR,
        about="Public, and left by this account.",
    )
    return _supergroup(world, harbor, (english.CASUAL,), 60, START + 200 * DAY, late, 1 << 20)
