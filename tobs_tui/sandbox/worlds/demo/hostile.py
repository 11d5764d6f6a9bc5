"""Names and texts that try to break what shows them: escapes, markup, paths, reversed writing, impossible titles."""

from __future__ import annotations

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.demo.ordinary import add_channel, rng_for
from tobs_tui.sandbox.worlds.demo.sprinkle import add_medium
from tobs_tui.sandbox.worlds.peers import Channel, Group
from tobs_tui.sandbox.worlds.prose import english
from tobs_tui.sandbox.worlds.script import DAY, END, START, Script
from tobs_tui.sandbox.worlds.world import World

LONG_ID, CON_ID = 1_690_000_001, 820_099
TEXTS = (
    "\x1b[31mred?\x1b[0m \x1b]0;owned\x07 \x1b[2J",
    "[bold red]not bold[/bold red] [link=https://evil.example]x[/link]",
    "# not a heading\n- not a list\n> not a quote\n---\n===\n1. not numbered",
    "![](file:///etc/passwd) [[Note]] ![[embed]]",
    "```\nno fence\n~~~\nstill none",
    "*a **b _c __d ~~e `f <b>g</b> &amp; &lt; <script>alert(1)</script>",
    "---\ntags: [a, b]\n---\nkey: value # comment\n!!python/object:os.system",
    "| not | a |\n|---|---|\n| ta | ble |",
    "\u202eetirw ot yaw esrever\u202c and \u2066isolated\u2069 and \ufeffmark",
    "a\u200bb\u200dc\u00adzero width",
    "trailing spaces   \n   leading spaces\n\n\n\n\nfour blank lines",
    "$x^2$ $$y$$ %%hidden%% ==marked== ^block-id [^1] #tag/sub",
    "C:\\Users\\x ..\\..\\Windows COM1 nul.txt ../../../etc/shadow",
    "\x00nul\x01soh\x08bs\x0bvt\x0cff\x7fdel\x85nel\u2028ls\u2029ps",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "👩‍👩‍👧‍👦🏳️‍🌈👍🏽 flags 🇺🇳🇪🇺 keycap 1️⃣",
    "###### m1203\n**Fake Sender** · 09:15",
    "{{ template }} ${HOME} `$(reboot)` %n%s",
    "normal text after all of that",
)
FILE_NAMES = (
    "../../escape.txt",
    "CON.txt",
    "a\u202egpj.exe",
    "name\nwith\nlines.txt",
    "x" * 180 + ".txt",
    "semi;colon|pipe?.txt",
    "\x1b[31mred.txt",
    ".hidden",
    "trailing. ",
)


def private_chats(world: World) -> list[Script]:
    """A chat with Mallory, one with somebody whose name is emoji, one with a very long name, and a group called
    CON."""
    mallory = Script(world, cast.MALLORY, rng_for(world, "mallory"), START + 90 * DAY)
    for number, text in enumerate(TEXTS):
        mallory.skip_to(START + (90 + number * 17) * DAY)
        mallory.say(cast.MALLORY if number % 3 else world.me_id, text, entities=[])
    for name in FILE_NAMES:
        add_medium(mallory, cast.MALLORY, media.text_file(world.files, mallory.clock, name, f"I am {name!r}\n"))
    emoji = Script(world, cast.EMOJI_NAME, rng_for(world, "emoji"), START + 180 * DAY)
    for number in range(30):
        emoji.skip_to(START + (180 + number * 11) * DAY)
        emoji.say(
            cast.EMOJI_NAME if number % 2 else world.me_id,
            emoji.rng.pick(("🦄", "🌈🌈🌈", "👩‍👩‍👧‍👦", "🎉 yes", "?!", "🫠")),
        )
    named = Script(world, cast.LONGNAME, rng_for(world, "long name"), START + 400 * DAY)
    named.chatter((world.me_id, cast.LONGNAME), (english.CASUAL,), 24, START + 500 * DAY)
    people = [world.me_id, cast.MALLORY, cast.SAM]
    world.groups[CON_ID] = Group(CON_ID, "CON", START + 210 * DAY, people, creator_id=cast.SAM)
    con = Script(world, -CON_ID, rng_for(world, "con"), START + 210 * DAY)
    con.act(cast.SAM, types.MessageActionChatCreate("../../etc", people))
    con.act(cast.MALLORY, types.MessageActionChatEditTitle("[red]x[/red]\x1b[2J"))
    con.act(cast.SAM, types.MessageActionChatEditTitle("CON"))
    con.chatter(people, (english.TECH,), 40, START + 260 * DAY)
    return [mallory, emoji, named, con]


def long_title(world: World) -> Script:
    """A supergroup whose title is as long as Telegram allows, and is no plain name at all."""
    title = (
        '[bold]A | very: long* title? <with> "everything" / \\ #that ^breaks %names% — ' + "и ещё немного текста " * 4
    )[:128]
    members = [cast.SAM, world.me_id, cast.MALLORY]
    channel = add_channel(
        world,
        Channel(LONG_ID, title, END - 60 * DAY, members=members, creator_id=cast.SAM, about="`about` **not bold**"),
    )
    script = Script(world, channel.key, rng_for(world, "long title"), channel.date)
    script.act(cast.SAM, types.MessageActionChannelCreate(title))
    script.chatter(members, (english.TECH,), 60, END - 30 * DAY)
    return script
