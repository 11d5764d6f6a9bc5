"""Messages while they are written: text with entities, drawn from a source of chance."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from telethon.tl import types

from tests.conformance.samples import ADDRESSES, EMOJI, LANGUAGES, SIGNS, WORDS

Case = tuple[str, list[Any]]
"""A message: its text and Telethon entities."""

Maker = Callable[[int, int], Any]
"""Makes an entity from its offset and length."""

SIMPLE: list[Maker] = [
    types.MessageEntityBold, types.MessageEntityItalic, types.MessageEntityStrike, types.MessageEntityUnderline,
    types.MessageEntitySpoiler,
]  # fmt: skip
INERT: list[Maker] = [
    types.MessageEntityMention, types.MessageEntityHashtag, types.MessageEntityCashtag, types.MessageEntityBotCommand,
    types.MessageEntityEmail, types.MessageEntityPhone, types.MessageEntityBankCard, types.MessageEntityUnknown,
]  # fmt: skip


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Draft:
    """A message while it is written."""

    def __init__(self) -> None:
        self.text = ""
        self.entities: list[Any] = []

    def put(self, piece: str, *makers: Maker) -> Draft:
        """Add a piece of text, under entities made by `makers`."""
        for maker in makers:
            self.entities.append(maker(units(self.text), units(piece)))
        self.text += piece
        return self

    def over(self, start: int, end: int, maker: Maker) -> None:
        """Put an entity over text[start:end]."""
        self.entities.append(maker(units(self.text[:start]), units(self.text[start:end])))

    def done(self) -> Case:
        """The message, its entities sorted as Telegram sorts them."""
        return self.text, sorted(self.entities, key=lambda entity: (entity.offset, -entity.length))


def link(rng: Random) -> Maker:
    """A link to some address."""
    address = rng.choice(ADDRESSES)
    return lambda offset, length: types.MessageEntityTextUrl(offset, length, address)


def mention(rng: Random) -> Maker:
    """A link to a user."""
    user = rng.randrange(1, 10**10)
    return lambda offset, length: types.MessageEntityMentionName(offset, length, user)


def pre(rng: Random) -> Maker:
    """A code block in some language."""
    language = rng.choice(LANGUAGES)
    return lambda offset, length: types.MessageEntityPre(offset, length, language)


def inline(rng: Random) -> Maker:
    """Any inline entity."""
    makers: list[Maker] = [*SIMPLE, *SIMPLE, types.MessageEntityCode, link(rng), mention(rng), *INERT]
    return rng.choice(makers)


def any_entity(rng: Random) -> Maker:
    """Any entity at all."""
    quote, diff = types.MessageEntityBlockquote, types.MessageEntityDiffReplace
    replaced: Maker = lambda offset, length: diff(offset, length, 'old "text" <b>')  # noqa: E731
    others: list[Maker] = [
        quote,
        pre(rng),
        types.MessageEntityUrl,
        types.MessageEntityDiffInsert,
        types.MessageEntityDiffDelete,
    ]
    makers = [inline(rng), inline(rng), inline(rng), replaced, *others]
    return rng.choice(makers)


def words(rng: Random, most: int = 4) -> str:
    """Some words."""
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, most + 1)))


def noise(rng: Random, most: int = 10) -> str:
    """Words, signs and blanks in any order."""
    kinds = [WORDS, SIGNS, SIGNS, EMOJI, [" ", " ", "\n"]]
    return "".join(rng.choice(rng.choice(kinds)) for _ in range(rng.randrange(1, most + 1)))


def sprinkled(rng: Random, text: str, most: int, make: Callable[[Random], Maker]) -> Case:
    """The text with some entities over random spans of it."""
    draft = Draft().put(text)
    for _ in range(rng.randrange(most + 1)):
        start = rng.randrange(len(text) + 1)
        end = rng.randrange(start, len(text) + 1)
        if start < end:
            draft.over(start, end, make(rng))
    return draft.done()
