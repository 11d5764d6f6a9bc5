"""How texts are compared in a search: case, diacritics and ways of writing the same letter count for nothing.

Index, query and the marks in what was found all go through `folded`, so that they never disagree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

_EMOJI = "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_SINGLE = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u1aad\u2e80-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\uaa60-\uaadf"
    f"\uac00-\ud7af\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff{_EMOJI}"
)
"""Characters that are words of their own: of scripts without spaces between words, and emoji."""

_APART = re.compile(f"[{_SINGLE}]")
_PIECE = re.compile(f"[{_SINGLE}]|(?:(?![{_SINGLE}])[^\\W_])+")
_ANY = re.compile(f"[^\\W_]|[{_EMOJI}]")

_IGNORED = re.compile(
    "(?<![\u0438\u0418])\u0306|[\u0300-\u0305\u0307-\u036f\u0483-\u0487"  # й is a letter of its own, ё need not be
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"  # Arabic ones
    "\u00ad\u200b\u2060\ufeff]+"  # what may break a word at a line's end, or is not seen at all
)
_SAME = str.maketrans(
    {"ı": "i", "đ": "d", "ł": "l", "ø": "o", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe"}
    | {"ى": "ي", "ی": "ي", "ک": "ك"}
    | {chr(zero + digit): str(digit) for zero in (0x660, 0x6F0, 0x966, 0x9E6) for digit in range(10)}
)


def folded(text: str) -> str:
    """The text as it is compared. Costs 10 us for a hundred letters that are not ASCII."""
    if text.isascii():
        return text.lower()
    bare = _IGNORED.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return unicodedata.normalize("NFC", bare).translate(_SAME)


def taken_apart(text: str) -> str:
    """The text, folded, with spaces around each character that is a word of its own."""
    return text.lower() if text.isascii() else _APART.sub(r" \g<0> ", folded(text))


def has_words(text: str) -> bool:
    """Whether there is anything in a text that can be looked for."""
    # Mathematical signs are no words to the index, those among the emoji included.
    return any(unicodedata.category(sign) != "Sm" for sign in _ANY.findall(folded(text)))


class Term(Struct, frozen=True):
    """Something that is looked for: a word or several in a row; with `begins`, the last one only has to begin so."""

    text: str
    begins: bool = False


def places(text: str, terms: Sequence[Term], most: int = 50) -> list[tuple[int, int]]:
    """Where in a text the terms stand, as (start, end), ascending, none within another; at most `most`."""
    wanted = _pattern(tuple(terms))
    if wanted is None:
        return []
    letters: list[str] = []
    origins: list[int] = []
    for at, letter in enumerate(text):
        for part in _letter(letter):
            letters.append(part)
            origins.append(at)
    found: list[tuple[int, int]] = []
    for match in wanted.finditer("".join(letters)):
        found.append((origins[match.start()], origins[match.end() - 1] + 1))
        if len(found) == most:
            break
    return found


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    return folded(letter)


@lru_cache(maxsize=16)
def _pattern(terms: tuple[Term, ...]) -> re.Pattern[str] | None:
    """What finds the terms in a folded text; None when there is nothing to find."""
    patterns = []
    for term in terms:
        pieces = _PIECE.findall(folded(term.text))
        if not pieces:
            continue
        pattern = r"[\W_]*".join(map(re.escape, pieces))
        if not _APART.match(pieces[0]):
            pattern = r"(?<![^\W_])" + pattern
        if not term.begins and not _APART.match(pieces[-1]):
            pattern += r"(?![^\W_])"
        patterns.append(pattern)
    return re.compile("|".join(sorted(patterns, key=len, reverse=True))) if patterns else None
