"""A note's messages as HTML, a chunk at a time: what messages have in common is looked up once and kept."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import astuple

from tobs_tui.model.messages import Message
from tobs_tui.render.clock import MINUTES
from tobs_tui.render.html.message import at_time, day_heading, follows, from_name, opening, render_block, reply_box
from tobs_tui.render.html.text import text_box
from tobs_tui.render.note import NAMES_KEPT, NO_MORE, REST
from tobs_tui.render.scene import Scene


class HtmlRenderer:
    """Renders messages in the order of their notes. One renderer is for one scene, and for all notes of it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._names: dict[int, str] = {}

    def chunk(self, messages: Iterable[Message], before: Message | None = None) -> str:
        """The blocks of `messages`, each on a line that begins with its anchor: ready to be written behind what the
        page holds so far, of which `before` is the last message (None: there is none yet)."""
        scene, clock, names = self._scene, self._scene.clock, self._names
        day = clock.day_number(before.date) if before is not None else None
        start = end = midnight = number = 0
        out: list[str] = []
        for message in messages:
            date = message.date
            if not start <= date < end:
                clock.enter(date)
                start, end, midnight, number = clock.start, clock.end, clock.midnight, clock.number
            body = ""
            if astuple(message)[REST] in NO_MORE and not message.edit_date:
                body = text_box(message.text, message.entities)
            if body:
                name = names.get(message.sender) or self._name(message.sender)
                head = "" if number == day else day_heading(clock.day(date))
                begin = (
                    opening(message, "same") if follows(message, before, new_day=number != day) else opening(message)
                )
                time = at_time(message, MINUTES[(date - midnight) // 60])
                reply = reply_box(message, scene) if message.reply is not None else ""
                out.append(f"{head}\n{begin}<header>{name} {time}</header>{reply}{body}</article>\n")
            else:
                out.append(render_block(message, scene, before, new_day=number != day))
            day, before = number, message
        return "".join(out)

    def _name(self, sender: int) -> str:
        if len(self._names) >= NAMES_KEPT:
            self._names.clear()
        name = self._names[sender] = from_name(sender, self._scene)
        return name
