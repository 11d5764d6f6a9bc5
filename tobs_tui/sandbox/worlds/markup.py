"""Entities for a world's own texts: a light markup for writing them, and exact spans for showing each kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from telethon.tl import types

_TRIGGERS = ("http", "@", "#", "`", "**", "$")
_PATTERN = re.compile(
    r"```(?P<lang>\w*)\n(?P<pre>.*?)```|`(?P<code>[^`\n]+)`|\*\*(?P<bold>[^*\n]+)\*\*|(?P<url>https?://[^\s<>()]*[^\s<>().,:;!?])"
    r"|(?P<email>[\w.+-]+@[\w-]+\.[a-z]{2,})|(?P<mention>(?<!\w)@[A-Za-z]\w{3,})|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)"
    r"|(?P<cashtag>(?<!\w)\$[A-Z]{3,8}\b)",
    re.DOTALL,
)
_SIMPLE: dict[str, Callable[[int, int], Any]] = {
    "code": types.MessageEntityCode,
    "bold": types.MessageEntityBold,
    "url": types.MessageEntityUrl,
    "email": types.MessageEntityEmail,
    "mention": types.MessageEntityMention,
    "hashtag": types.MessageEntityHashtag,
    "cashtag": types.MessageEntityCashtag,
}


def utf16(text: str) -> int:
    """The length of a text in UTF-16 code units, Telegram's measure."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def needs_entities(text: str) -> bool:
    """Whether `parse` might find something; cheap, and true too often rather than too seldom."""
    return any(trigger in text for trigger in _TRIGGERS)


def parse(text: str) -> tuple[str, list[Any]]:
    """The text without its marks, and its entities: ```` ```lang ````, `` `code` ``, ``**bold**``, links and
    names."""
    if not needs_entities(text):
        return text, []
    out: list[str] = []
    entities: list[Any] = []
    end = offset = 0
    for match in _PATTERN.finditer(text):
        out.append(text[end : match.start()])
        offset += utf16(out[-1])
        kind = match.lastgroup or ""
        shown = match.group(kind)
        if kind == "pre":
            shown = shown.rstrip("\n")
            entities.append(types.MessageEntityPre(offset, utf16(shown), match.group("lang") or ""))
        else:
            entities.append(_SIMPLE[kind](offset, utf16(shown)))
        out.append(shown)
        offset += utf16(shown)
        end = match.end()
    out.append(text[end:])
    return "".join(out), entities


class Rich:
    """A text put together from plain and formatted pieces; offsets come out in UTF-16 code units."""

    def __init__(self) -> None:
        self.text = ""
        self.entities: list[Any] = []

    def add(self, text: str, *makers: Callable[[int, int], Any]) -> Rich:
        """Append a piece; each maker gets its offset and length and gives an entity around it."""
        offset, length = utf16(self.text), utf16(text)
        self.text += text
        self.entities.extend(maker(offset, length) for maker in makers)
        return self

    def around(self, start: str, maker: Callable[[int, int], Any]) -> Rich:
        """Put an entity around the first occurrence of a piece that is there already."""
        before = self.text.partition(start)[0]
        self.entities.append(maker(utf16(before), utf16(start)))
        return self
