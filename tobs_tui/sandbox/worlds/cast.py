"""The people of the worlds, and the empty world that they move into."""

from __future__ import annotations

from tobs_tui.sandbox.worlds.peers import Person
from tobs_tui.sandbox.worlds.rng import stable_int64
from tobs_tui.sandbox.worlds.world import PHONE, World

ME = 5_000_042
ZOE, IVAN, NOOR, KENJI, PRIYA, LENA, OMAR, MIRA, TOMAS, YAEL = (5_001_000 + number * 37 for number in range(10))
WEI, JISOO, SOFIA, ANTON, GRETA, HASAN, ADA, DIEGO, FATIMA, LUCAS = (5_003_000 + number * 41 for number in range(10))
NINA, PAVEL, RUTH, SAM, THEO, UMA, VIKRAM, WANDA, XIN, ZAHRA = (5_006_000 + number * 53 for number in range(10))
GHOST, MALLORY, LONGNAME, EMOJI_NAME = 5_009_001, 5_009_013, 5_009_027, 5_009_031
WEATHER_BOT, POLL_BOT, GROUP_BOT = 7_100_001, 7_100_002, 7_100_003

_PEOPLE: tuple[tuple[int, str, str | None, str | None], ...] = (
    (ZOE, "Zoe", "Lindqvist", "zoe_lind"),
    (IVAN, "Иван", "Петров [ops]", "ivan_ops"),
    (NOOR, "Noor", "Haddad", "noor_h"),
    (KENJI, "健二", "田中", "kenji_t"),
    (PRIYA, "प्रिया", "शर्मा", "priya_sharma"),
    (LENA, "Lena", "Müller", "lena_m"),
    (OMAR, "عمر", "الخطيب", "omar_kh"),
    (MIRA, "Mira", "Novak", "mira_codes"),
    (TOMAS, "Tomás", "Ferreira", None),
    (YAEL, "יעל", "כהן", "yael_c"),
    (WEI, "伟", "李", "wei_li"),
    (JISOO, "지수", "김", "jisoo_k"),
    (SOFIA, "Sofía", "García", "sofia_g"),
    (ANTON, "Антон", "Кузнецов", None),
    (GRETA, "Greta", None, "greta_b"),
    (HASAN, "حسن", None, None),
    (ADA, "Ada", "Okafor", "ada_okafor"),
    (DIEGO, "Diego", "Rossi", None),
    (FATIMA, "فاطمة", "الزهراء", "fatima_z"),
    (LUCAS, "Lucas", "Weber", "lucas_w"),
    (NINA, "Нина", None, "nina_kh"),
    (PAVEL, "Павел", "Орлов", None),
    (RUTH, "Ruth", "Abara", "ruth_abara"),
    (SAM, "Sam", None, "sam_on_rails"),
    (THEO, "Theo", "van Dijk", None),
    (UMA, "उमा", None, None),
    (VIKRAM, "Vikram", "Rao", "vikram_rao"),
    (WANDA, "Wanda", "Kowalska", "wanda_k"),
    (XIN, "欣", "王", None),
    (ZAHRA, "زهراء", None, "zahra_q"),
)
_CONTACTS = frozenset({ZOE, IVAN, NOOR, KENJI, PRIYA, LENA, OMAR, MIRA, YAEL, ADA})
_ABOUT = {
    ZOE: "Maps, trains, lemon cake.",
    IVAN: "on call until Friday",
    MIRA: "I break builds so you don't have to",
    ADA: "Floor 4, second door",
    KENJI: "写真と散歩",
}
BENCH_MEMBERS = (ZOE, IVAN, NOOR, KENJI, PRIYA, MIRA, TOMAS, WEI, SOFIA, SAM, VIKRAM, GRETA)


def new_world(name: str, seed: int) -> World:
    """A world with nobody in it but the account's owner."""
    world = World(name, seed, ME)
    add_person(world, Person(ME, "Alex", "Rivera", "alex_rivera", PHONE.lstrip("+"), is_self=True, contact=True))
    return world


def add_person(world: World, person: Person) -> None:
    """Let somebody move in; the access hash is drawn from the world's seed."""
    person.access_hash = stable_int64("user", world.seed, person.id)
    world.users[person.id] = person


def add_people(world: World) -> None:
    """All ordinary people of the demo, some bots, and those whose names are a test of their own."""
    for number, (user_id, first, last, username) in enumerate(_PEOPLE):
        add_person(
            world,
            Person(
                user_id,
                first,
                last,
                username,
                contact=user_id in _CONTACTS,
                about=_ABOUT.get(user_id),
                phone=f"1555010{1000 + number}" if user_id in _CONTACTS else None,
                premium=number % 5 == 0,
                color=number % 7,
            ),
        )
    add_person(world, Person(GHOST, "", deleted=True))
    add_person(world, Person(MALLORY, "\x1b[31mMallory\x1b[0m", "[bold red]</b> `rm -rf` \u202egpj.exe", "mallory_x"))
    add_person(world, Person(LONGNAME, "Wolfeschlegelsteinhausenbergerdorff" + "senior" * 4, "Zeus" * 10))
    add_person(world, Person(EMOJI_NAME, "🦄🌈", "👩‍👩‍👧‍👦"))
    bots = (
        (WEATHER_BOT, "Weather 🌤", "weather_demo_bot", "Sends the forecast for any place."),
        (POLL_BOT, "PollMaker", "pollmaker_demo_bot", "Makes polls inline."),
        (GROUP_BOT, "GroupHelp", "grouphelp_demo_bot", "Anonymous admins post through me."),
    )
    for bot_id, title, username, about in bots:
        add_person(world, Person(bot_id, title, None, username, bot=True, about=about))


def add_bench_cast(world: World) -> list[int]:
    """The members of the benchmark's supergroup; their ids."""
    for user_id, first, last, username in _PEOPLE:
        if user_id in BENCH_MEMBERS:
            add_person(world, Person(user_id, first, last, username))
    return list(BENCH_MEMBERS)
