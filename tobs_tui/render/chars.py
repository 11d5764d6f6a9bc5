"""Characters: which go, how UTF-16 offsets map to them, and how Markdown parsers classify them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right

# Controls but tab and newline, bidi embeddings, overrides and isolates, byte-order marks, non-characters, lone
# surrogates; and the two separators that some programs take for a line's end. They could forge structure or hide text.
_TROUBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\u2028\u2029\ud800-\udfff]"
)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_BLANKS = re.compile(r"\s+")
ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _replacement(text: str, at: int) -> str:
    char = text[at]
    if char == "\r":
        return "" if text[at + 1 : at + 2] == "\n" else "\n"
    if char in "\u2028\u2029":
        return "\n"
    return "\ufffd" if "\ud800" <= char <= "\udfff" else ""


def clean(text: str) -> str:
    """The text without control, bidi and byte-order characters; other line separators become newlines."""
    if not _TROUBLE.search(text):
        return text
    return _TROUBLE.sub(lambda match: _replacement(text, match.start()), text)


def clean_line(text: str) -> str:
    """The text cleaned and put on one line, with runs of blanks made one space: for names and titles."""
    return _BLANKS.sub(" ", clean(text)).strip()


class Offsets:
    """Maps a raw text's UTF-16 offsets to indices into its cleaned form. Out-of-range offsets are clipped."""

    def __init__(self, raw: str) -> None:
        self.text = clean(raw)
        self._length = len(raw)
        self._pairs: list[int] = []
        if _ASTRAL.search(raw):
            self._pairs = [match.start() + index for index, match in enumerate(_ASTRAL.finditer(raw))]
        self._removed: list[int] = []
        if self.text is not raw:
            found = (match.start() for match in _TROUBLE.finditer(raw))
            self._removed = [at for at in found if not _replacement(raw, at)]

    def index(self, offset: int, *, end: bool) -> int:
        """The index for a UTF-16 offset; inside a surrogate pair, before the character, or behind it if `end`."""
        before = bisect_right(self._pairs, offset - 2)
        index = offset - before
        if not end and before < len(self._pairs) and self._pairs[before] == offset - 1:
            index -= 1
        index = min(max(index, 0), self._length)
        return index - bisect_left(self._removed, index)


def is_blank(char: str) -> bool:
    """Whether CommonMark calls the character Unicode whitespace."""
    return char.isspace()


_category = unicodedata.category
_old_category = unicodedata.ucd_3_2_0.category


def surely_punctuation(char: str) -> bool:
    """Whether every CommonMark version, and every parser, however old its tables are, calls it punctuation."""
    return char in ASCII_PUNCTUATION or (char <= "\uffff" and _category(char)[0] == "P" == _old_category(char)[0])


def maybe_punctuation(char: str) -> bool:
    """Whether any CommonMark version calls the character punctuation: symbols and emoji count since 0.31. What this
    Python's tables do not know yet may be an emoji."""
    category = _category(char)
    return char in ASCII_PUNCTUATION or category[0] in "PS" or category == "Cn"
