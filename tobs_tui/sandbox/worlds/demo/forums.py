"""The demo's two forums: map makers, and a language school in six scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.demo.ordinary import add_channel, rng_for
from tobs_tui.sandbox.worlds.demo.sprinkle import LateVotes, add_medium, add_poll, react_and_edit, sprinkle_media
from tobs_tui.sandbox.worlds.history import GENERAL_TOPIC, Draft
from tobs_tui.sandbox.worlds.peers import Channel, Topic
from tobs_tui.sandbox.worlds.prose import eastern, english
from tobs_tui.sandbox.worlds.prose.talk import Bank
from tobs_tui.sandbox.worlds.script import DAY, END, START, Script
from tobs_tui.sandbox.worlds.world import World

ATLAS_ID, LANGUAGES_ID = 1_600_000_001, 1_600_000_002
COLOURS = (0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F)


@dataclass(frozen=True)
class TopicPlan:
    """A topic as it will be: its title, who opens it, what is talked about in it, and its state at the end."""

    title: str
    creator: int
    bank: Bank
    closed: bool = False
    pinned: bool = False
    icon: bool = False


ATLAS_TOPICS = (
    TopicPlan("Releases", cast.MIRA, english.MAPS, pinned=True, icon=True),
    TopicPlan("Help & support", cast.ZOE, english.MAPS),
    TopicPlan("Releases", cast.TOMAS, english.MAPS),
    TopicPlan("Field trips 🥾", cast.NOOR, english.CASUAL, icon=True),
    TopicPlan("Archive 2023 [closed]", cast.ZOE, english.MAPS, closed=True),
    TopicPlan("../../etc/passwd", cast.SAM, english.TECH),
)
LANGUAGE_TOPICS = (
    TopicPlan("العربية للمبتدئين", cast.OMAR, eastern.ARABIC, pinned=True),
    TopicPlan("עברית מדוברת", cast.YAEL, eastern.HEBREW),
    TopicPlan("हिन्दी बातचीत", cast.PRIYA, eastern.HINDI),
    TopicPlan("日本語カフェ ☕", cast.KENJI, eastern.JAPANESE, icon=True),
    TopicPlan("中文角", cast.WEI, eastern.CHINESE),
    TopicPlan("한국어 수다방", cast.JISOO, eastern.KOREAN),
)


def _open_topics(script: Script, plans: Sequence[TopicPlan]) -> list[Draft]:
    icons = script.world.custom_emoji
    roots: list[Draft] = []
    for number, plan in enumerate(plans):
        action = types.MessageActionTopicCreate(
            plan.title, COLOURS[number % len(COLOURS)], icon_emoji_id=icons[number % len(icons)] if plan.icon else None
        )
        roots.append(script.act(plan.creator, action, after=300))
    return roots


def _close_topics(script: Script, plans: Sequence[TopicPlan], roots: Sequence[Draft]) -> None:
    for plan, root in zip(plans, roots, strict=True):
        if plan.closed:
            script.act(plan.creator, types.MessageActionTopicEdit(closed=True), thread=root)


def list_topics(channel: Channel, plans: Sequence[TopicPlan], roots: Sequence[Draft], *, hidden_general: bool) -> None:
    """Enter the forum's topics under the ids that their opening messages got."""
    channel.topics[GENERAL_TOPIC] = Topic(
        GENERAL_TOPIC, "General", channel.creator_id, channel.date, hidden=hidden_general
    )
    for number, (plan, root) in enumerate(zip(plans, roots, strict=True)):
        action = root.action
        channel.topics[root.id] = Topic(
            root.id,
            plan.title,
            plan.creator,
            root.date,
            COLOURS[number % len(COLOURS)],
            action.icon_emoji_id,
            plan.closed,
            plan.pinned,
        )


@dataclass
class Forum:
    """A forum that is written but not yet numbered."""

    channel: Channel
    script: Script
    plans: Sequence[TopicPlan]
    roots: list[Draft]
    hidden_general: bool = False


def atlas(world: World, late: LateVotes) -> Forum:
    """Map makers: two topics called "Releases", a pinned one, a closed one, and one with a path for a title."""
    members = [cast.MIRA, cast.ZOE, cast.TOMAS, world.me_id, cast.NOOR, cast.SAM, cast.IVAN, cast.VIKRAM]
    channel = add_channel(
        world,
        Channel(
            ATLAS_ID,
            "Atlas Makers",
            START + 15 * DAY,
            username="atlas_makers_demo",
            forum=True,
            members=members,
            creator_id=cast.MIRA,
            about="We draw maps. Everybody may join.",
            participants_count=312,
        ),
    )
    script = Script(world, channel.key, rng_for(world, "atlas"), channel.date, forum=True)
    script.act(cast.MIRA, types.MessageActionChannelCreate(channel.title))
    roots = _open_topics(script, ATLAS_TOPICS)
    threads: list[Draft | None] = [None, *roots]
    banks = [english.CASUAL, *(plan.bank for plan in ATLAS_TOPICS)]
    script.chatter(members, banks, 900, START + 360 * DAY, threads)
    add_medium(script, cast.MIRA, media.large_file(world.files, script.clock), "Elevation model", thread=roots[0])
    add_poll(script, cast.ZOE, "Which layer next?", ("Footpaths", "Rail", "Hydrology"), members, late, thread=roots[1])
    _close_topics(script, ATLAS_TOPICS, roots)
    open_threads = [thread for thread in threads if thread is not roots[4]]
    open_banks = [bank for bank, thread in zip(banks, threads, strict=True) if thread is not roots[4]]
    since = [0]

    def between(left: int) -> None:
        if abs(since[0] - left) >= 150:
            since[0] = left
            sprinkle_media(script, members, left, script.rng.pick(open_threads))

    script.chatter(members, open_banks, 1_500, END - 7_200, open_threads, between)
    react_and_edit(script, members, late)
    return Forum(channel, script, ATLAS_TOPICS, roots)


def languages(world: World, late: LateVotes) -> Forum:
    """A language school: a topic a script, and a General topic that its owner hides."""
    teachers = [cast.OMAR, cast.YAEL, cast.PRIYA, cast.KENJI, cast.WEI, cast.JISOO]
    members = [*teachers, world.me_id, cast.FATIMA, cast.UMA, cast.XIN, cast.HASAN, cast.ZAHRA]
    channel = add_channel(
        world,
        Channel(
            LANGUAGES_ID,
            "مختبر اللغات · Language Lab",
            START + 120 * DAY,
            forum=True,
            members=members,
            creator_id=cast.OMAR,
            about="لغة جديدة كل يوم",
        ),
    )
    script = Script(world, channel.key, rng_for(world, "languages"), channel.date, forum=True)
    script.act(cast.OMAR, types.MessageActionChannelCreate(channel.title))
    roots = _open_topics(script, LANGUAGE_TOPICS)
    script.act(cast.OMAR, types.MessageActionTopicEdit(hidden=True))
    banks = [plan.bank for plan in LANGUAGE_TOPICS]
    script.chatter(members, banks, 1_500, END - 2 * DAY, list(roots))
    react_and_edit(script, members, late)
    return Forum(channel, script, LANGUAGE_TOPICS, roots, hidden_general=True)
