"""Filtering as one types: letters in order, better matches first."""

from __future__ import annotations

from collections.abc import Sequence

WORD_START, SUBSTRING, LETTERS = 0, 1, 2


def rank(query: str, text: str) -> int | None:
    """How well `text` answers `query` (both casefolded): 0 a word begins with it, 1 it is in there, 2 its letters are,
    in order; None not at all.
    """
    place = text.find(query)
    if place == 0 or (place > 0 and not text[place - 1].isalnum()):
        return WORD_START
    if place > 0:
        return WORD_START if f" {query}" in text else SUBSTRING
    at = 0
    for letter in query:
        at = text.find(letter, at) + 1
        if not at:
            return None
    return LETTERS


def matches(query: str, texts: Sequence[str]) -> list[int]:
    """Which of `texts` (casefolded) answer `query`, best first, otherwise in their own order; all for no query."""
    wanted = query.casefold().strip()
    if not wanted:
        return list(range(len(texts)))
    found: tuple[list[int], list[int], list[int]] = ([], [], [])
    for index, text in enumerate(texts):
        if (place := rank(wanted, text)) is not None:
            found[place].append(index)
    return [*found[WORD_START], *found[SUBSTRING], *found[LETTERS]]
