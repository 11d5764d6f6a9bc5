"""A note's text is the blocks of its messages whatever the chunks are, and its clock is that of the time zone."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_render_message import DATE, PHOTO, render_message, scene
from tobs_tui.model import media as m
from tobs_tui.model.messages import Action, ActionKind, Forward, Message, Reaction, ReactionKind, Reply
from tobs_tui.model.profile import Anchors, SenderStyle
from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.render import text as rendering
from tobs_tui.render.clock import Clock
from tobs_tui.render.note import NoteRenderer
from tobs_tui.render.prose import quick_body

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca", "Australia/Lord_Howe"]


def _kinds() -> Iterator[Message]:
    """One message of each shape that the renderer tells apart, ids and dates to be set."""
    yield Message(0, 0, sender=7, text="plain prose")
    yield Message(0, 0, sender=8, text="one\ntwo", outgoing=True)
    yield Message(0, 0, text="from the channel itself")
    yield Message(0, 0, sender=7, text="1. escaped")
    yield Message(0, 0, sender=7, text="run `x` now", entities=(Entity(EntityKind.BOLD, 0, 3),))
    yield Message(0, 0, sender=7, text="an answer", reply=Reply(1))
    yield Message(0, 0, sender=7, text="in a topic", topic=42, reply=Reply(42))
    yield Message(0, 0, sender=7, text="with a quote", reply=Reply(1, quote=FormattedText("said")))
    yield Message(0, 0, sender=7, text="edited", edit_date=DATE + 86_400)
    yield Message(0, 0, sender=7, text="forwarded", forward=Forward(8, date=DATE))
    yield Message(0, 0, sender=7, text="liked", reactions=(Reaction(ReactionKind.EMOJI, 1, "👍"),))
    yield Message(0, 0, sender=7, album=5, media=m.Photo(PHOTO))
    yield Message(0, 0, sender=7)
    yield Message(0, 0, sender=7, text=" \n ")
    yield Message(0, 0, sender=7, action=Action(ActionKind.ChatEditTitle, text="x"))
    yield Message(0, 0, sender=7, text="deleted", gone=DATE)


def _history(rng: Random) -> list[Message]:
    kinds = list(_kinds())
    date = DATE
    messages = []
    for number in range(1, rng.randrange(2, 30)):
        date += rng.choice([0, 1, 59, 3600, 40_000, 86_400, 86_400 * 40])
        messages.append(msgspec.structs.replace(rng.choice(kinds), id=number, date=date))
    return messages


@settings(max_examples=60, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from(list(Anchors)),
    st.sampled_from([0, 2, 5]),
    st.sampled_from(list(SenderStyle)),
    st.integers(1, 9),
)
def test_a_note_is_the_blocks_of_its_messages_whatever_the_chunks_are(
    rng: Random, anchors: Anchors, level: int, style: SenderStyle, size: int
) -> None:
    messages = _history(rng)
    around = replace(scene(anchors), day_headings=level, sender_style=style)
    befores: list[Message | None] = [None, *messages]
    blocks = [
        f"\n{render_message(message, around, before)}\n" for message, before in zip(messages, befores, strict=False)
    ]
    renderer = NoteRenderer(around)
    chunks = [renderer.chunk(messages[start : start + size], befores[start]) for start in range(0, len(messages), size)]
    assert "".join(chunks) == "".join(blocks)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.integers(0, 2**31 - 1),
    st.lists(st.sampled_from([1, 60, 3600, -7200, 50_000, 86_400 * 3, 86_400 * 200]), max_size=20),
)
def test_days_and_times_are_those_of_the_time_zone(zone: str, date: int, steps: list[int]) -> None:
    clock = Clock(ZoneInfo(zone))
    for step in [0, *steps]:
        date = min(max(0, date + step), 2**31 - 1)
        local = datetime.datetime.fromtimestamp(date, ZoneInfo(zone))
        assert (clock.day(date), clock.time(date)) == (local.date().isoformat(), local.strftime("%H:%M"))


@pytest.mark.parametrize("zone", ZONES)
def test_the_clock_follows_when_clocks_are_changed(zone: str) -> None:
    clock = Clock(ZoneInfo(zone))
    for date in range(DATE, DATE + 86_400 * 365, 4 * 3600 + 700):
        local = datetime.datetime.fromtimestamp(date, ZoneInfo(zone))
        assert (clock.day(date), clock.time(date)) == (local.date().isoformat(), local.strftime("%H:%M"))


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from(list("ab1 \n\t*_`~[]()<>#!|\\&;^$=%.:-+\xa0\u3000\u2028é字🎉")), max_size=20))
def test_the_fast_path_writes_what_the_careful_one_does(text: str) -> None:
    quick = quick_body(text, ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "quick_body", lambda text, entities: None)
        careful = rendering.render_body(text)
    assert quick in (None, careful)


def test_prose_with_plain_marks_takes_the_fast_path() -> None:
    text = "Try open() and (see docs), **no** #tag"
    entities = [Entity(EntityKind.CODE, 4, 6), Entity(EntityKind.TEXT_URL, 16, 8, "https://e.x")]
    assert quick_body(text, entities) is None
    assert quick_body("Try open() and (see docs), 🎉 #tag", [*entities, Entity(EntityKind.HASHTAG, 30, 4)]) == (
        "Try `open()` and ([see docs](https://e.x)), 🎉 #tag"
    )
