"""Filtering as one types: letters in order, better matches first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

ThingT = TypeVar("ThingT")
_BETWEEN = re.compile(r"[^\w ]|_")
AT_ONCE = 500
"""So many things are made ready before a key is answered."""


class Finder(Generic[ThingT]):
    """Finds among things, each of which has a text (casefolded), over and over: a query that goes on from the last one
    looks at its hits only.

    Tens of thousands are gone through in C, but for a few steps each: a letter has to be answered at once.
    """

    def __init__(self, things: Sequence[ThingT] = (), text_of: Callable[[ThingT], str] = str) -> None:
        self._things, self._text_of = things, text_of
        self._texts: list[str] = []
        """Each behind a space, as every word in it is."""
        self._words: list[str] = []
        """The same with a space for whatever is between words; for most it is the same string."""
        self._last: tuple[str, list[int]] | None = None

    def prepare(self, most: int) -> bool:
        """Make `most` more things ready to be found; whether some are left."""
        done = len(self._texts)
        for thing in self._things[done : done + most]:
            self._texts.append(f" {self._text_of(thing)}")
            self._words.append(_BETWEEN.sub(" ", self._texts[-1]))
        return len(self._texts) < len(self._things)

    async def prepare_meanwhile(self) -> None:
        """Make all things ready, a few at a time, between whatever else there is to do."""
        while self.prepare(AT_ONCE):
            await asyncio.sleep(0)

    def matches(self, query: str) -> list[int]:
        """Which things answer `query`, best first, otherwise in their own order; all for no query.

        Best are those a word of which begins with it, then those that hold it, then those that hold its letters.
        """
        wanted = query.casefold().strip()
        if not wanted:
            self._last = None
            return list(range(len(self._things)))
        self.prepare(len(self._things))
        hits = self._hits(wanted)
        self._last = wanted, hits
        return self._ordered(wanted, hits)

    def _hits(self, wanted: str) -> list[int]:
        """The texts that have these letters, in their own order: among those with the letters of a shorter query."""
        texts = self._texts
        if len(wanted) == 1:
            return [index for index, text in enumerate(texts) if wanted in text]
        has_letters = _letters_of(wanted)
        if self._last is not None and wanted.startswith(self._last[0]):
            return [index for index in self._last[1] if has_letters(texts[index])]
        return [index for index, text in enumerate(texts) if has_letters(text)]

    def _ordered(self, wanted: str, hits: list[int]) -> list[int]:
        texts, word = self._texts, f" {wanted}"
        words = texts if _BETWEEN.search(wanted.replace(" ", "")) else self._words
        begun = [index for index in hits if word in words[index]]
        rest = [index for index in hits if word not in words[index]]
        if len(wanted) == 1:
            return begun + rest
        held = [index for index in rest if wanted in texts[index]]
        return begun + held + [index for index in rest if wanted not in texts[index]]


def _letters_of(wanted: str) -> Callable[[str], object]:
    """Whether a text has these letters in order, as something that C does.

    Each step goes to the next place of a letter and never back: the time is linear.
    """
    steps = (f"[^{re.escape(letter)}]*+{re.escape(letter)}" for letter in wanted)
    return re.compile("".join(steps)).match


def matches(query: str, texts: Sequence[str]) -> list[int]:
    """Which of `texts` (casefolded) answer `query`, as a `Finder` says that is asked once."""
    return Finder(texts).matches(query)
