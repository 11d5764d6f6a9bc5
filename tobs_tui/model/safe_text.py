"""Hostile text made safe for a terminal: the one sanitiser that every face of the program uses."""

from __future__ import annotations

import re
import unicodedata

_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links
)
_SPACES = {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029}
_JOINERS = {0x200C, 0x200D}  # Persian spelling and composed emoji need them


class _Table(dict[int, str | None]):
    """What becomes of each character, worked out on first sight of it."""

    def __missing__(self, codepoint: int) -> str | None:
        category = unicodedata.category(chr(codepoint))
        verdict: str | None = chr(codepoint)
        if codepoint in _SPACES:
            verdict = " "
        elif category == "Cs":
            verdict = "\N{REPLACEMENT CHARACTER}"
        elif category == "Cc" or (category == "Cf" and codepoint not in _JOINERS):
            verdict = None
        if len(self) < 4096:
            self[codepoint] = verdict
        return verdict


_table = _Table()


def printable(text: str) -> str:
    """`text` as one line that cannot move a cursor, change colours or reorder its surroundings.

    Whole escape sequences go with their arguments, then every control character that is left (C0, C1); bidirectional
    controls and other invisible format characters go; line breaks and tabs become spaces, lone surrogates U+FFFD.
    Rich or Textual markup is not touched: pass the result as a `Text`, never as markup.
    """
    if text.isascii() and text.isprintable():
        return text
    return _SEQUENCES.sub("", text).translate(_table)


def printable_lines(text: str) -> str:
    """Like `printable`, but line breaks stay."""
    return "\n".join(printable(line) for line in text.splitlines())
