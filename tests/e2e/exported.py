"""A small vault as an export leaves it, with notes: two chats in several scripts, some of it hostile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.unit.test_desktop_reading import GROUP, message
from tobs_tui.engine.desktop_import import import_desktop
from tobs_tui.engine.rerender import rerender
from tobs_tui.model.profile import Layout, Profile

BEGIN = 1_714_557_600
"""2024-05-01 10:00:00 UTC: when the first message was written."""
HOUR = 3_600
PEOPLE = (("Ada Lovelace", "user42"), ("Grace Hopper", "user43"), ("Иван \x1b[31mПетров", "user44"))
LONG = "The bridge over the river is closed until June. " * 30
TEXTS = (
    "Shall we meet at the café by the river?",
    "The river is high today, take the bridge",
    "Wir treffen uns am Café, wie immer",
    "Встретимся у реки в шесть",
    "明天去北京看河",
    "[bold]not markup[/bold] \x1b[2Jand no\x07 escape: river",
    LONG,
    "See you 🎉🎉",
)
MANY = 260
"""Messages that say "tea", each with its number."""


def desktop_export(folder: Path, texts: list[str], **head: Any) -> Path:
    """A Telegram Desktop export of one chat, an hour between messages."""
    folder.mkdir(parents=True)
    fields = []
    for number, text in enumerate(texts, 1):
        name, ident = PEOPLE[number % len(PEOPLE)]
        date = str(BEGIN + number * HOUR)
        fields.append(message(number, text=text, date_unixtime=date, **{"from": name, "from_id": ident}))
    (folder / "result.json").write_text(json.dumps({**GROUP, **head, "messages": fields}), encoding="utf-8")
    return folder


def make_vault(folder: Path, layout: Layout | None = None) -> Path:
    """The vault, with its notes, in `folder`/vault."""
    vault, layout = folder / "vault", layout or Layout(timezone="UTC")
    tea = [f"tea number {number}" for number in range(1, MANY + 1)]
    for place, (name, texts) in enumerate((("River walks", list(TEXTS)), ("Tea & talk", tea))):
        import_desktop(desktop_export(folder / f"export{place}", texts, name=name, id=700 + place), vault, layout)
    asyncio.run(rerender(vault, Profile(layout=layout)))
    return vault
