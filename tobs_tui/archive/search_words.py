"""What of a message can be searched for, and what a person types, both as words that SQLite's FTS5 compares.

Scripts without spaces between words (Chinese, Japanese, Thai, ...) and emoji are taken apart into single characters on
both sides; a run of them in a query is a phrase, so it is found wherever these characters follow one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from tobs_tui.model.media import Contact, Document, Game, Invoice, Media, PaidMedia, Poll, ToDo, Venue, WebPage
from tobs_tui.model.messages import Message

TOKENIZER = "unicode61 remove_diacritics 2 categories 'L* N* Co So Mc'"

_SINGLE = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u1aad\u2600-\u27bf\u2e80-\u31ff\u3400-\u4dbf\u4e00-\ua4cf"
    "\uaa60-\uaadf\uac00-\ud7af\uf900-\ufaff\U0001b000-\U0001b16f\U0001f000-\U0001faff\U00020000-\U0003ffff]"
)
_WORD = re.compile(r'-?"[^"]*"\*?|\S+')
_TOKEN = re.compile(r"\w|[\u2600-\u27bf\U0001f000-\U0001faff]")


def taken_apart(text: str) -> str:
    """The text with spaces around each character of a script that puts none between words."""
    return text if text.isascii() else _SINGLE.sub(r" \g<0> ", text)


def searchable(message: Message) -> str:
    """Everything in a message that a person may look for, ready for the index; '' when there is nothing."""
    return taken_apart(visible_words(message))


def visible_words(message: Message) -> str:
    """Everything in a message that a person may look for, as it was written."""
    if message.media is None and message.action is None and not message.rich_text and message.forward is None:
        return message.text
    return "\n".join(part for part in _parts(message) if part)


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
    elif isinstance(media, Venue):
        yield from (media.title, media.address)
    elif isinstance(media, Contact):
        yield from (media.first_name, media.last_name, media.phone)
    elif isinstance(media, Game | Invoice):
        yield from (media.title, media.description)
    elif isinstance(media, ToDo):
        yield media.title.text
        yield from (item.text.text for item in media.items)
    elif isinstance(media, PaidMedia):
        for bought in media.items:
            yield from _media_parts(bought)


class Words(Struct, frozen=True):
    """What is looked for: an FTS5 expression ('' when nothing in it can be), and the plain words to highlight."""

    expression: str
    plain: tuple[str, ...]


def parse_words(typed: str) -> Words:
    """Read a query: all words must be there; "in quotes" they follow one another, -word must not be; wor* begins one.

    Case and diacritics make no difference. Signs that no word is made of are passed over.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    plain: list[str] = []
    for piece in _WORD.findall(typed.replace("\0", " ")):
        negative = len(piece) > 1 and piece.startswith("-")
        bare = piece[1:] if negative else piece
        prefix = len(bare) > 1 and bare.endswith("*")
        text = bare.rstrip("*").strip('"') if prefix else bare.strip('"')
        if not _TOKEN.search(text):
            continue
        term = _quoted(text) + ("*" if prefix else "")
        (unwanted if negative else wanted).append(term)
        if not negative:
            plain.append(text)
    if not wanted:
        return Words("", ())
    expression = " AND ".join(wanted)
    if unwanted:
        expression = f"({expression}) NOT ({' OR '.join(unwanted)})"
    return Words(expression, tuple(plain))


def _quoted(text: str) -> str:
    return '"' + taken_apart(text).replace('"', '""') + '"'
