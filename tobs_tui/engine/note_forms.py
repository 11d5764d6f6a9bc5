"""The forms that messages are written down in: the formats of notes, and what the search page of HTML looks through.

Each form has files of its own, one for each period of a chat or topic, which are planned, written, registered and
removed in the same way.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, Protocol

from tobs_tui.archive.search_words import visible_words
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Format, Layout, Split
from tobs_tui.render import layout as names
from tobs_tui.render.frontmatter import note_front_matter
from tobs_tui.render.html.note import HtmlRenderer
from tobs_tui.render.html.page import note_head
from tobs_tui.render.html.search_data import HEAD, SearchRenderer
from tobs_tui.render.jsonl import JsonlRenderer, jsonl_head
from tobs_tui.render.note import NoteRenderer
from tobs_tui.render.scene import Scene


class Form(enum.StrEnum):
    """The formats under their names, and SEARCH."""

    MARKDOWN = "markdown"
    JSONL = "jsonl"
    HTML = "html"
    SEARCH = "search"


class Renderer(Protocol):
    """Renders messages in the order of their notes, a chunk at a time."""

    def chunk(self, messages: Iterable[Message], before: Message | None = None) -> str:
        """What to write behind what the file holds so far, of which `before` is the last message."""
        ...


def forms_of(layout: Layout) -> tuple[Form, ...]:
    """The forms that a vault with this layout has."""
    formats = dict.fromkeys(layout.formats)
    return (*(Form(form.value) for form in formats), *((Form.SEARCH,) if Format.HTML in formats else ()))


def split_of(form: Form, split: Split) -> Split:
    """How much of a chat one file holds; the search page's never more nor less than a month, since it holds one in
    memory at a time, and takes the longer the more there are."""
    return Split.MONTH if form is Form.SEARCH else split


def path_of(form: Form, folder: str, period: str) -> str:
    """The path of a period's file, relative to the vault; `folder` is where the notes lie."""
    if form is Form.SEARCH:
        return f"{names.SEARCH_FOLDER}/{folder}/{period}.js"
    return f"{folder}/{names.period_note(period, Format(form.value))}"


def is_note(path: str) -> bool:
    """Whether a path that a form has is a note, for people or programs; what the search page looks through is none."""
    return not path.startswith(f"{names.SEARCH_FOLDER}/")


def head_of(form: Form, folder: str, root: str, **facts: Any) -> str:
    """What a file begins with: `facts` as in `note_front_matter`, `root` is the folder of the chat."""
    if form is Form.SEARCH:
        return HEAD
    if form is Form.HTML:
        return note_head(**facts, folder=folder, root=root)
    return jsonl_head(**facts) if form is Form.JSONL else note_front_matter(**facts)


def renderer_of(form: Form, scene: Scene) -> Renderer:
    """What writes the messages."""
    if form is Form.SEARCH:
        return SearchRenderer(scene, visible_words)
    if form is Form.HTML:
        return HtmlRenderer(scene)
    return JsonlRenderer(scene) if form is Form.JSONL else NoteRenderer(scene)
