"""A note's messages as Markdown, a chunk at a time: what messages have in common is looked up once and kept."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import astuple

from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Anchors
from tobs_tui.render.clock import MINUTES
from tobs_tui.render.facts import SEPARATOR, reply_fact
from tobs_tui.render.message import ANCHOR, BLOCK_ANCHOR, bold_name, render_block
from tobs_tui.render.prose import quick_body
from tobs_tui.render.scene import Scene

NAMES_KEPT = 10_000
"""Names kept before they are forgotten all at once, so that memory does not grow with a chat's members."""
# What a message may have that is nothing but text, an answer maybe; these come first. The rest is as it is by default,
# but for those that one sent oneself.
_TEXT = ("id", "date", "sender", "text", "entities", "topic", "edit_date", "edit_hidden", "reply")
assert Message.__struct_fields__[: len(_TEXT)] == _TEXT
REST = slice(len(_TEXT), None)
NO_MORE = (astuple(Message(0, 0))[REST], astuple(Message(0, 0, outgoing=True))[REST])


class NoteRenderer:
    """Renders messages in the order of their notes: the blocks of `render_block`, in a fraction of the time for those
    that are nothing but text. One renderer is for one scene, and for all notes of it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._names: dict[int, str] = {}
        self._above = ANCHOR if scene.anchors is Anchors.HEADING else ""
        self._below = BLOCK_ANCHOR if scene.anchors is Anchors.BLOCK else ""

    def chunk(self, messages: Iterable[Message], before: Message | None = None) -> str:
        """The blocks of `messages`, each with an empty line before it and a newline behind: ready to be written behind
        what the note holds so far, of which `before` is the last message (None: there is none yet)."""
        scene, clock, names = self._scene, self._scene.clock, self._names
        above, below = self._above, self._below
        level = "#" * scene.day_headings
        day = clock.day_number(before.date) if before is not None else None
        start = end = midnight = number = 0
        out: list[str] = []
        for message in messages:
            date = message.date
            if not start <= date < end:
                clock.enter(date)
                start, end, midnight, number = clock.start, clock.end, clock.midnight, clock.number
            body = reply = None
            if astuple(message)[REST] in NO_MORE and not message.edit_date:
                reply = message.reply
                if reply is None or reply.quote is None:
                    body = quick_body(message.text, message.entities)
            if body:
                name = names.get(message.sender) or self._name(message.sender)
                head = "" if number == day or not level else f"{level} {clock.day(date)}\n\n"
                anchor = f"{above}{message.id}\n\n" if above else ""
                foot = f"\n\n{below}{message.id}" if below else ""
                time = MINUTES[(date - midnight) // 60] if level else scene.moment(date)
                fact = reply_fact(reply, message, scene) if reply is not None else ""
                when = f"{time}{SEPARATOR}{fact}" if fact else time
                out.append(f"\n{head}{anchor}{name}{when}\n\n{body}{foot}\n")
            else:
                out.append(f"\n{render_block(message, scene, before, new_day=number != day)}\n")
            day, before = number, message
        return "".join(out)

    def _name(self, sender: int) -> str:
        if len(self._names) >= NAMES_KEPT:
            self._names.clear()
        name = self._names[sender] = bold_name(sender, self._scene) + SEPARATOR
        return name
