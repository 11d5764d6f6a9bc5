"""The YAML at the head of a note: valid whatever the titles hold, and only facts that never change."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tobs_tui.model.peers import PeerKind
from tobs_tui.render.chars import clean_line

FORMAT = 1
"""Version of the notes' form; a reader that finds a higher one does not know it."""


def _scalar(value: str | int | Sequence[str]) -> str:
    """A YAML scalar or flow list. Double-quoted YAML takes JSON's escapes; cleaned text holds nothing else."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(clean_line(value), ensure_ascii=False)
    return "[" + ", ".join(map(_scalar, value)) + "]"


def yaml_block(pairs: Sequence[tuple[str, str | int | Sequence[str]]]) -> str:
    """Front matter with those keys in that order, dashes included, ending in a newline."""
    return "---\n" + "".join(f"{key}: {_scalar(value)}\n" for key, value in pairs) + "---\n"


def note_front_matter(
    *,
    chat: str,
    chat_id: int,
    kind: PeerKind,
    topic: str = "",
    topic_id: int = 0,
    period: str = "",
    zone: str = "UTC",
    shown: str = "",
) -> str:
    """The front matter of a note of messages. `chat_id` is the marked id; `period` as in `layout.period`; `shown` says
    which messages a filter has chosen, '' where all are there."""
    pairs: list[tuple[str, str | int | Sequence[str]]] = [("chat", chat), ("chat_id", chat_id), ("type", kind.value)]
    if topic_id:
        pairs += [("topic", topic), ("topic_id", topic_id)]
    if period:
        pairs.append(({4: "year", 7: "month"}.get(len(period), "day"), period))
    if shown:
        pairs.append(("shown", shown))
    pairs += [("tz", zone), ("source", "telegram"), ("tags", ("telegram",)), ("format", FORMAT)]
    return yaml_block(pairs)
