"""What the search page looks through: a file for each month of a chat or topic, and one that lists them.

From the file system, browsers let a page load scripts and nothing else, so the data are scripts: each message is one
line, a call of `m` with its arguments in JSON, and the list is one call of `tobs`. `search.js` has both functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct

from tobs_tui.model.media import files_of
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Split
from tobs_tui.render.chars import clean, clean_line
from tobs_tui.render.layout import SEARCH_FOLDER
from tobs_tui.render.scene import Scene

LIST = f"{SEARCH_FOLDER}/index.js"
HEAD = "// Made by tobs for search.html: one message a line.\n"

_encode = msgspec.json.Encoder().encode
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\x85\u2028\u2029"}  # neither markup nor line ends


class SearchRenderer:
    """Renders what can be searched for in messages, in the order of their notes; `words` gives a message's."""

    def __init__(self, scene: Scene, words: Callable[[Message], str]) -> None:
        self._scene, self._words = scene, words

    def chunk(self, messages: Iterable[Message], before: Message | None = None) -> str:
        """The lines of `messages`: id, local time, sender, words, those of recordings included. Messages without words
        have none."""
        return "".join([self._line(message, words) for message in messages if (words := self._all_words(message))])

    def _all_words(self, message: Message) -> str:
        words = self._words(message)
        if message.media is None:
            return words
        links = (self._scene.file(message, *one) for one in enumerate(files_of(message.media)))
        return "\n".join([words, *(link.transcript.text for link in links if link.transcript is not None)]).strip()

    def _line(self, message: Message, words: str) -> str:
        scene, clock = self._scene, self._scene.clock
        name = scene.name(message.sender) if message.sender else scene.title
        facts = (message.id, f"{clock.day(message.date)} {clock.time(message.date)}", clean_line(name), clean(words))
        return f"m({json_in_script(facts)[1:-1]})\n"


class SearchFile(Struct, frozen=True, array_like=True):
    """A file of the list: the folder of its notes relative to the vault, and its month."""

    folder: str
    month: str


class SearchList(Struct, frozen=True):
    """What the list holds: how notes are split, the titles of the chats by the names of their folders, the files in
    the order in which they are to be looked through."""

    split: Split
    titles: dict[str, str]
    files: list[SearchFile]

    def render(self) -> str:
        """The list as a script."""
        return f"tobs({json_in_script(self)})\n"


def json_in_script(value: object) -> str:
    """A value as JSON that is safe in a script, and in a page."""
    return _encode(value).decode().translate(_UNSAFE)
