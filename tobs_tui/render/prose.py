"""The common case at full speed: plain prose, and prose with code, emphasis, tags and links that stand between blanks.

Whatever might need an escape, and marks that might not work as Markdown, are left to `render.text`, which would write
the texts that pass here in the same way, only slower.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.links import destination, is_address, web_address
from tobs_tui.render.spans import INERT, mention_address

# What might be changed at the start of a line, see `escape.line_escapes`.
_LINE = r"[ \t]*(?:[-+*](?=[\s|:*-]|\Z)|>|[0-9]{1,9}[.)](?=\s|\Z)|\#{1,6}(?=\s|\Z)|[|:][ \t]*:?-|=[ \t]*$)"
_INDENT = r"(?:[ ]{0,3}\t|[ ]{4})"
# Every alternative begins with a literal: from those the engine makes one set to skip to, at 3 ns a character.
_CARE = re.compile(
    rf"\n(?={_LINE}|[ \t]*\n{_INDENT})"
    r"|\\(?=[!-/:-@\[-`{-~]|[ \t]*\n[ \t]*[^ \t\n])"
    r"|`"
    r"|\*(?:(?<!\s\*)|(?!\s))"
    r"|_(?:(?<!\w_)|(?!\w))"
    r"|~(?:(?=~)|(?<=[^\s~]~))"
    r"|\$(?:(?=\$)|(?<=[^\s$]\$))"
    r"|=(?==)"
    r"|%(?=%)"
    r"|\[(?:(?=[\[^!])|(?<=\^\[))"
    r"|\](?=[(\[:])"
    r"|<(?=[A-Za-z/!?])"
    r"|&(?=\#[0-9]{1,7};|\#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)"
    r"|\^(?<!\S\^)(?=[A-Za-z0-9-]+[ \t]*$)",
    re.MULTILINE,
).search
_START = re.compile(rf"{_LINE}|(?:[ \t]*\n)*{_INDENT}", re.MULTILINE).match
_STARTS = " \t\n-+*>0123456789#|:="
_TAG = re.compile(r"\#(?:(?<=[\s(\[{\"'«“‘,;!>—–]\#)|(?<=\A\#))(?=[^\s!-,.:-@\[-^`{-~]*[^\s!-,.:-@\[-^`{-~0-9])")
_TROUBLE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\u2028\u2029\ud800-\udfff"
_BLANKS = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
# Characters that go, and wide blanks at a line's edges.
_HARD = re.compile(
    rf"[{_TROUBLE}{_BLANKS}](?:(?<=[{_TROUBLE}])|(?<!\S[{_BLANKS}])|(?=[ \t{_BLANKS}]*$))", re.MULTILINE
).search
_BEHIND = " \n\t.,;:!?)"
_DELIMITERS = {
    EntityKind.BOLD: ("**", "**"),
    EntityKind.ITALIC: ("*", "*"),
    EntityKind.STRIKE: ("~~", "~~"),
    EntityKind.UNDERLINE: ("<u>", "</u>"),
    EntityKind.SPOILER: ('<span class="tg-spoiler">', "</span>"),
}
_ODD = "\x80\u1680\u2000\u2028\u2066\u3000\ufeff\uffff\ud800"
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})
# Bytes of UTF-8 that `_CARE` begins with, and those that the characters which `_HARD` looks for begin with.
_SUSPECTS = b"\n\\`*_~$=%[]<&^" + _CONTROLS + bytes({char.encode("utf-8", "surrogatepass")[0] for char in _ODD})


def is_plain(text: str) -> bool:
    """Whether no character of the text needs a second look, tags aside; false for some texts that need none."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw.translate(None, _SUSPECTS)) != len(raw) and (not _is_clean(text) or _CARE(text)):
        return False
    return text[:1] not in _STARTS or not _START(text)


def with_breaks(text: str) -> str:
    """Markdown with its line breaks made hard ones, and trailing blanks off."""
    text = text.rstrip(" \t")
    if "\n" not in text:
        return text
    if "\n\n" not in text and " \n" not in text and "\t\n" not in text and text[0] != "\n" != text[-1]:
        return text.replace("\n", "  \n")
    lines = [line.rstrip(" \t") for line in text.split("\n")]
    followed = zip(lines, [*lines[1:], ""], strict=True)
    return "\n".join(line + "  " if line and after else line for line, after in followed).strip("\n")


def quick_body(text: str, entities: Sequence[Entity]) -> str | None:
    """What `render.text.render_body` gives, or None when it takes that to know."""
    if entities:
        return _marked(text, entities)
    return with_breaks(text) if is_plain(text) and ("#" not in text or not _TAG.search(text)) else None


def _marked(text: str, entities: Sequence[Entity]) -> str | None:
    """The body when its marks neither nest nor touch anything, nor reach over a line's end."""
    out: list[str] = []
    bare: list[str] = []  # what stands in `out`, with a word for each code span and without delimiters
    tags: list[int] = []
    at, size = 0, len(text)
    units = b"" if text.isascii() else text.encode("utf-16-le", "surrogatepass")
    if len(units) == 2 * size:
        units = b""
    for entity in entities:
        kind = entity.kind
        if kind in INERT:
            continue
        start = entity.offset
        end = start + entity.length
        if units:
            start, end = _index(units, start), _index(units, end)
        if not at <= start < end <= size:
            return None
        if kind is EntityKind.HASHTAG:
            tags.append(start)
            continue
        if (start and not _opens(text, start)) or (end < size and text[end] not in _BEHIND):
            return None
        inner = text[start:end]
        if kind is EntityKind.URL and text[end : end + 1] not in " \n\t" and text[end + 1 : end + 2] not in " \n\t":
            return None
        shown = _shown(entity, inner)
        if not shown:
            return None
        before = text[at:start]
        out += (before, shown)
        bare += (before, "x" if kind is EntityKind.CODE else inner)
        at = end
    if "#" in text and any(match.start() not in tags for match in _TAG.finditer(text)):
        return None
    if not out:
        return with_breaks(text) if is_plain(text) else None
    prose = "".join(bare) + text[at:]
    if _is_clean(text) and is_plain(prose) and not any(sign in prose for sign in "*~$["):
        return with_breaks("".join(out) + text[at:])
    return None


def _index(units: bytes, offset: int) -> int:
    """The index of a UTF-16 offset into a text given in code units; -1 within a surrogate pair, or before the text."""
    at = 2 * offset
    if at < 0 or (at < len(units) and 0xDC <= units[at + 1] <= 0xDF):
        return -1
    return len(units[:at].decode("utf-16-le", "surrogatepass"))


def _opens(text: str, start: int) -> bool:
    """Whether a mark at `start` stands behind a blank, or behind a parenthesis that does."""
    before = text[start - 1]
    return before in " \n\t" or (before == "(" and (start == 1 or text[start - 2] in " \n\t"))


def _is_clean(text: str) -> bool:
    """Whether no character has to go, and none of the wide blanks stands where it would be lost."""
    if not text.isascii():
        return not _HARD(text)
    raw = text.encode()
    return len(raw.translate(None, _CONTROLS)) == len(raw)


def _shown(entity: Entity, inner: str) -> str:
    """The Markdown of a mark over `inner`, '' where that takes a closer look."""
    kind = entity.kind
    if "\n" in inner or inner[0].isspace() or inner[-1].isspace():
        return ""
    if kind is EntityKind.CODE:
        return f"`{inner}`" if "`" not in inner else ""
    if kind is EntityKind.URL:
        return inner if is_address(inner) and not _has_address(inner[4:]) else ""
    if inner[-1] == "\\" or (kind is not EntityKind.TEXT_URL and _has_address(inner)):
        return ""
    if kind is EntityKind.TEXT_URL and "$" in entity.value:
        return ""
    if kind is EntityKind.TEXT_URL or kind is EntityKind.MENTION_NAME:
        address = web_address(entity.value) if kind is EntityKind.TEXT_URL else mention_address(entity)
        return f"[{inner}]({destination(address)})" if address and "]" not in inner and inner[0] not in "!^" else ""
    opening, closing = _DELIMITERS.get(kind, ("", ""))
    if opening[:1] == "<" and "&" in inner:
        return ""
    return f"{opening}{inner}{closing}" if opening else ""


def _has_address(text: str) -> bool:
    """Whether parsers that link bare addresses might find one in the text."""
    if ":" not in text and "." not in text:
        return False
    lower = text.lower()
    return "tp:" in lower or "tps:" in lower or "www." in lower
