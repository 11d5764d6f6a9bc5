"""What rendering a message costs: ``python -m tests.benchmarks.render [ROUNDS]``.

Prints microseconds of CPU time a message, the best of some rounds, for plain prose and all of the bench world, for the
demo's chats, and for hostile texts: whole blocks as they are written into notes, and onto pages of HTML. Beside them
stands what Telethon's own Markdown (`telethon.extensions.markdown.unparse`) takes for the messages' bare text.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from telethon.extensions import BinaryReader, markdown
from telethon.tl import types

from tests.benchmarks.decode import pages_of
from tests.conformance.cases import CATEGORIES
from tobs_tui.engine.note_forms import Form, renderer_of
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Anchors
from tobs_tui.render.html.ink import HTML
from tobs_tui.render.scene import FileLink, Scene, Target
from tobs_tui.telegram.convert_text import convert_entities
from tobs_tui.telegram.decode import decode_page

CHUNK = 500
Text = tuple[str, list[Any]]


class Mix(NamedTuple):
    """Messages to render, chat by chat, and the texts of the same messages with Telethon's entities."""

    chats: list[tuple[Scene, list[Message]]]
    texts: list[Text]


class Figure(NamedTuple):
    """Microseconds a message of a mix, our Markdown, our HTML and Telethon's Markdown, and its messages."""

    messages: int
    ours: float
    html: float
    telethon: float


def scene_of(chat: int, names: dict[int, str]) -> Scene:
    """Surroundings in which everything is known and near."""
    return Scene(
        chat=chat,
        title="Chat",
        zone=ZoneInfo("Europe/Berlin"),
        anchors=Anchors.HEADING,
        name=lambda peer: names.get(peer) or f"u{peer}",
        username=lambda peer: "",
        target=lambda chat, message: Target("Somebody", f"2024-04.md#m{message}"),
        file=lambda message, index, file: FileLink(f"media/2024-05/m{message.id}.jpg"),
        comments=lambda message: "",
    )


def world_mix(name: str, *, plain: bool = False, rich: bool = False, **options: Any) -> Mix:
    """The messages of a sandbox world; with `plain`, only those without entities, with `rich`, only rich messages."""
    chats: dict[int, dict[int, Message]] = {}
    names: dict[int, str] = {}
    texts: list[Text] = []
    for chat, raw in pages_of(name, **options):
        page = decode_page(raw, chat)
        names.update((peer.id, peer.title.strip()) for peer in page.peers)
        kept = [message for message in page.messages if not plain or not message.entities]
        kept = [message for message in kept if message.rich is not None] if rich else kept
        chats.setdefault(chat, {}).update((message.id, message) for message in kept)
        for message in BinaryReader(raw).tgread_object().messages:
            if isinstance(message, types.Message) and (not plain or not message.entities):
                if rich and message.rich_message is None:
                    continue
                texts.append((message.message, message.entities or []))
    ordered = [(scene_of(chat, names), [by_id[id] for id in sorted(by_id)]) for chat, by_id in chats.items() if by_id]
    return Mix(ordered, texts)


def hostile_mix(count: int = 2000, seed: int = 1) -> Mix:
    """Generated texts of every category but the peaceful ones, long ones included."""
    rng = Random(seed)
    draws = [draw for name, draw in CATEGORIES.items() if name not in ("plain prose", "realistic chat")]
    texts = [draws[number % len(draws)](rng) for number in range(count)]
    messages = [
        Message(number, 1_715_674_500 + number, sender=7, text=text, entities=convert_entities(entities))
        for number, (text, entities) in enumerate(texts, 1)
    ]
    return Mix([(scene_of(-1, {}), messages)], texts)


def render(mix: Mix, form: Form = Form.MARKDOWN) -> int:
    """Render a mix as an export does; the size of what it comes to in characters."""
    size = 0
    for scene, messages in mix.chats:
        known = replace(scene, ink=HTML) if form is Form.HTML else scene
        renderer, before = renderer_of(form, known), None
        for start in range(0, len(messages), CHUNK):
            chunk = messages[start : start + CHUNK]
            size += len(renderer.chunk(chunk, before))
            before = chunk[-1]
    return size


def unparse(texts: Iterable[Text]) -> None:
    """Telethon's Markdown of the texts; those that it fails on are passed over, as its failures are not measured."""
    for text, entities in texts:
        try:
            markdown.unparse(text, entities)
        except (IndexError, UnicodeError, ValueError):
            continue


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    began = time.process_time()
    work()
    spent = time.process_time() - began
    gc.enable()
    return spent


def measure(rounds: int = 7) -> dict[str, Figure]:
    """The figures by mix; all ways are measured in turn, so that they meet the same noise."""
    mixes = {
        "plain prose": world_mix("bench", plain=True, messages=6400),
        "bench": world_mix("bench", messages=6400),
        "demo": world_mix("demo"),
        "rich": world_mix("demo", rich=True),
        "hostile": hostile_mix(),
    }
    figures = {}
    for name, mix in mixes.items():
        works = (partial(render, mix), partial(render, mix, Form.HTML), partial(unparse, mix.texts))
        times = [tuple(map(_seconds, works)) for _ in range(rounds)]
        count = sum(len(messages) for _, messages in mix.chats)
        ours, html, theirs = (min(found) for found in zip(*times, strict=True))
        figures[name] = Figure(count, ours / count * 1e6, html / count * 1e6, theirs / len(mix.texts) * 1e6)
    return figures


def main(rounds: int) -> None:
    """Print the figures."""
    for name, figure in measure(rounds).items():
        print(
            f"{name:12} {figure.messages:>7,} messages  {figure.ours:7.2f} us a message, {figure.html:7.2f} as HTML",
            end="  ",
        )
        print(f"(Telethon's Markdown, the text alone: {figure.telethon:7.2f} us)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
