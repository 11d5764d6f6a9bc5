"""How what verifying a vault found is put into words, on the command line and on the screens."""

from __future__ import annotations

from tobs_tui.model.display import clean, plural

_NOUNS = {
    "archive": ("archive", "things in the archive"),
    "sums": ("file of sums", "files of sums"),
    "messages": ("stretch of messages", "stretches of messages"),
    "note": ("note", "notes"),
    "page": ("index page", "index pages"),
    "medium": ("file", "files"),
    "variant": ("smaller file", "smaller files"),
    "link": ("link", "links"),
}
TITLE_WIDTH = 60


def number_found(what: str, fault: str, number: int) -> str:
    """So many things of one kind with one fault: ``3 damaged notes``; `what` and `fault` as the findings have them."""
    one, many = _NOUNS.get(what, (what, what))
    return plural(number, f"{fault} {one}", f"{fault} {many}")


def place_found(path: str, line: int, title: str, first: int, last: int) -> str:
    """Where something is wrong: the file and the line, or else the chat and its messages; nothing where none is known.

    `title` is '' where it is about no chat, `first` is 0 where it is about no messages. Everything is made safe.
    """
    if path:
        return clean(path, 400) + (f":{line}" if line else "")
    where = [clean(title, TITLE_WIDTH)] if title else []
    if first:
        ids = f"{first}" if first == last or not last else f"{first} to {last}"
        where.append(f"{'message' if first == last else 'messages'} {ids}")
    return ", ".join(where)
