"""What of a message can be searched for, and what a person types, both as words that SQLite's FTS5 compares.

Scripts without spaces between words (Chinese, Japanese, Thai, ...) and emoji are taken apart into single characters on
both sides; a run of them in a query is a phrase, so it is found wherever these characters follow one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from tobs_tui.archive.search_fold import Term, folded, has_words, taken_apart
from tobs_tui.model.media import Contact, Document, Game, Invoice, Media, PaidMedia, Poll, Story, ToDo, Venue, WebPage
from tobs_tui.model.messages import Message

TOKENIZER = "unicode61 remove_diacritics 2 categories 'L* N* Co So Mc'"

_WORD = re.compile(r'-?"[^"]*"\*?|\S+')
MOST_WORDS = 100
"""Words of a query that count: SQLite takes no expression of more than 256."""


def searchable(message: Message, more: str = "") -> str:
    """Everything in a message that a person may look for, ready for the index; '' when there is nothing.

    `more` is what else it says, though not in its record: the transcript of its recording, for example.
    """
    return taken_apart(visible_words(message, more))


def visible_words(message: Message, more: str = "") -> str:
    """Everything in a message that a person may look for, as it was written; `more` as in `searchable`."""
    if message.media is None and message.action is None and not message.rich_text and message.forward is None:
        return f"{message.text}\n{more}".strip("\n") if more else message.text
    return "\n".join(part for part in (*_parts(message), more) if part)


def _parts(message: Message) -> Iterator[str]:
    yield message.text
    yield message.rich_text
    if message.forward is not None:
        yield message.forward.name
    if message.action is not None:
        yield message.action.text
    yield from _media_parts(message.media)


def _media_parts(media: Media | None) -> Iterator[str]:
    if isinstance(media, Document):
        yield media.file.name if media.file is not None else ""
        yield media.title
        yield media.performer
    elif isinstance(media, WebPage):
        yield from (media.site_name, media.title, media.description, media.author, media.url)
    elif isinstance(media, Poll):
        yield media.question.text
        yield from (option.text.text for option in media.options)
        yield media.solution.text
    elif isinstance(media, Venue):
        yield from (media.title, media.address)
    elif isinstance(media, Contact):
        yield from (media.first_name, media.last_name, media.phone)
    elif isinstance(media, Game | Invoice):
        yield from (media.title, media.description)
    elif isinstance(media, ToDo):
        yield media.title.text
        yield from (item.text.text for item in media.items)
    elif isinstance(media, Story):
        yield media.caption.text
        yield from _media_parts(media.media)
    elif isinstance(media, PaidMedia):
        for bought in media.items:
            yield from _media_parts(bought)


class Words(Struct, frozen=True):
    """What is looked for: an FTS5 expression ('' when nothing in it can be), and the terms to mark in what is found."""

    expression: str
    terms: tuple[Term, ...]


def parse_words(typed: str, *, unfinished: bool = False) -> Words:
    """Read a query: all words must be there; "in quotes" they follow one another, -word must not be; wor* begins one.

    Case and diacritics make no difference. Signs that no word is made of are passed over. `unfinished` says that the
    last word may still be typed: from two letters on, it counts as a beginning.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    terms: list[Term] = []
    pieces = _WORD.findall(typed.replace("\0", " "))[:MOST_WORDS]
    for place, piece in enumerate(pieces):
        negative = len(piece) > 1 and piece.startswith("-")
        bare = piece[1:] if negative else piece
        begins = len(bare) > 1 and bare.endswith("*")
        text = bare.rstrip("*").strip('"') if begins else bare.strip('"')
        if not has_words(text):
            continue
        if unfinished and place == len(pieces) - 1 and typed[-1] not in '" ' and len(folded(text)) > 1:
            begins = True
        quoted = '"' + taken_apart(text).replace('"', '""') + '"' + ("*" if begins else "")
        (unwanted if negative else wanted).append(quoted)
        if not negative:
            terms.append(Term(text, begins))
    if not wanted:
        return Words("", ())
    expression = " AND ".join(wanted)
    if unwanted:
        expression = f"({expression}) NOT ({' OR '.join(unwanted)})"
    return Words(expression, tuple(terms))
