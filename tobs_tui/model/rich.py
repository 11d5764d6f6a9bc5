"""Rich messages: content in blocks (headings, tables, formulas, lists, media) instead of one text.

After the page blocks of TL layer 229 (https://core.telegram.org/api/instant-view), which several kinds of ours
stand for: a title, a header and the six headings are all `Heading`s. Rich text is `FormattedText` like any other.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from msgspec import Struct

from tobs_tui.model.media import Document, Photo
from tobs_tui.model.text import FormattedText

NO_TEXT = FormattedText("")
PART = "RichMessage.part"
"""What a message whose rest is missing has in its `unknown`."""


class _Block(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """Base of the tagged union `Block`."""


class Caption(Struct, frozen=True, omit_defaults=True):
    """What stands below media: a text, and whose work it is."""

    text: FormattedText = NO_TEXT
    credit: FormattedText = NO_TEXT


class Heading(_Block, frozen=True, tag="heading"):
    """A heading; `level` from 1, the highest, to 6."""

    text: FormattedText
    level: int = 1


class ParagraphKind(enum.StrEnum):
    """What a paragraph is for."""

    BODY = "body"
    KICKER = "kicker"  # the line above a title
    FOOTER = "footer"
    THINKING = "thinking"  # a bot's reasoning


class Paragraph(_Block, frozen=True, tag="paragraph"):
    """A paragraph."""

    text: FormattedText
    type: ParagraphKind = ParagraphKind.BODY


class Byline(_Block, frozen=True, tag="byline"):
    """Who wrote it, and when (seconds since the epoch, 0 = not told)."""

    author: FormattedText
    date: int = 0


class Code(_Block, frozen=True, tag="code"):
    """Preformatted text."""

    text: FormattedText
    language: str = ""


class Formula(_Block, frozen=True, tag="formula"):
    """A formula on lines of its own, in LaTeX."""

    source: str


class Quote(_Block, frozen=True, tag="quote"):
    """A quote, or a sentence pulled out of the text around it."""

    blocks: tuple[Block, ...]
    caption: FormattedText = NO_TEXT
    pulled: bool = False
    collapsed: bool = False


class ListItem(Struct, frozen=True, omit_defaults=True):
    """An item of a list. `done` is None where there is no box to tick; `label` is an ordered item's own ("" = none)."""

    blocks: tuple[Block, ...]
    done: bool | None = None
    label: str = ""


class ListBlock(_Block, frozen=True, tag="list"):
    """A list; every item of an ordered one has its label, as in "1", "c" or "iv"."""

    items: tuple[ListItem, ...]
    ordered: bool = False


class Align(enum.StrEnum):
    """Where the text of a table's cell stands."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Cell(Struct, frozen=True, omit_defaults=True):
    """A cell of a table, over `columns` columns and `rows` rows."""

    text: FormattedText = NO_TEXT
    header: bool = False
    align: Align = Align.LEFT
    columns: int = 1
    rows: int = 1


class Table(_Block, frozen=True, tag="table"):
    """A table, row by row."""

    rows: tuple[tuple[Cell, ...], ...]
    title: FormattedText = NO_TEXT


class Details(_Block, frozen=True, tag="details"):
    """Blocks that unfold below a title; `open` from the start."""

    title: FormattedText
    blocks: tuple[Block, ...]
    open: bool = False


class MediaBlock(_Block, frozen=True, tag="media"):
    """A photo, video, piece of audio or document; `media` is None where the message did not bring it.

    `what` names the kind that the block stands for, `url` where a tap on it leads.
    """

    what: str
    media: Photo | Document | None = None
    caption: Caption = Caption()
    url: str = ""


class Gallery(_Block, frozen=True, tag="gallery"):
    """Media that belong together: a collage, or a slideshow."""

    items: tuple[Block, ...]
    caption: Caption = Caption()
    slideshow: bool = False


class Embed(_Block, frozen=True, tag="embed"):
    """Something of another site: a page, by its address or as HTML."""

    url: str = ""
    html: str = ""
    caption: Caption = Caption()


class Post(_Block, frozen=True, tag="post"):
    """A post of another network."""

    url: str
    author: str
    blocks: tuple[Block, ...]
    date: int = 0
    caption: Caption = Caption()


class Map(_Block, frozen=True, tag="map"):
    """A piece of a map around a point, in degrees."""

    latitude: float
    longitude: float
    zoom: int = 0
    caption: Caption = Caption()


class RichButton(Struct, frozen=True, omit_defaults=True):
    """A button; `url` is where it leads, `does` what else it does, in words."""

    text: FormattedText
    url: str = ""
    does: str = ""


class Buttons(_Block, frozen=True, tag="buttons"):
    """A row of buttons."""

    buttons: tuple[RichButton, ...]


class ChatLink(_Block, frozen=True, tag="chat"):
    """A channel that is pointed to, by its marked id."""

    peer: int
    title: str
    username: str = ""


class Article(Struct, frozen=True, omit_defaults=True):
    """One of several related articles."""

    url: str
    title: str = ""
    description: str = ""
    author: str = ""
    date: int = 0


class Articles(_Block, frozen=True, tag="articles"):
    """Related articles."""

    title: FormattedText
    articles: tuple[Article, ...]


class Divider(_Block, frozen=True, tag="divider"):
    """A line across."""


class Anchor(_Block, frozen=True, tag="anchor"):
    """A place that links of the same message lead to, as "#name"."""

    name: str


class UnknownBlock(_Block, frozen=True, tag="unknown"):
    """A block that this version cannot read, kept visible under its TL constructor's name."""

    constructor: str


Block = (
    Heading
    | Paragraph
    | Byline
    | Code
    | Formula
    | Quote
    | ListBlock
    | Table
    | Details
    | MediaBlock
    | Gallery
    | Embed
    | Post
    | Map
    | Buttons
    | ChatLink
    | Articles
    | Divider
    | Anchor
    | UnknownBlock
)


class Rich(Struct, frozen=True, omit_defaults=True):
    """A rich message's content; `part` means that Telegram gave only the beginning."""

    blocks: tuple[Block, ...]
    rtl: bool = False
    part: bool = False


def plain_text(rich: Rich) -> str:
    """What a person reads in a rich message, without its form: one line a paragraph, list item or table row."""
    return "\n".join(line for block in rich.blocks for line in plain_lines(block) if line)


def plain_lines(block: Block) -> Iterator[str]:
    """The lines of one block, those of the blocks inside it included; some may be empty."""
    if isinstance(block, ListBlock):
        yield from _list_lines(block)
    elif isinstance(block, Table):
        yield block.title.text
        yield from (" | ".join(cell.text.text for cell in row) for row in block.rows)
    elif isinstance(block, Buttons):
        yield " ".join(f"[{button.text.text}]" for button in block.buttons)
    elif isinstance(block, Articles):
        yield block.title.text
        for each in block.articles:
            yield " ".join(part for part in (each.title, each.description, each.author, each.url) if part)
    else:
        yield from _named_lines(block)


def _named_lines(block: Block) -> Iterator[str]:
    """The lines of whatever a block holds under the usual names, in reading order."""
    for name in ("title", "text", "author", "source", "url"):
        value = getattr(block, name, "")
        yield value.text if isinstance(value, FormattedText) else value
    for inner in (*getattr(block, "blocks", ()), *getattr(block, "items", ())):
        yield from plain_lines(inner)
    caption = getattr(block, "caption", None)
    if isinstance(caption, Caption):
        yield caption.text.text
        yield caption.credit.text
    elif isinstance(caption, FormattedText):
        yield caption.text


def _list_lines(block: ListBlock) -> Iterator[str]:
    for item in block.items:
        label = f"{item.label}." if block.ordered else "-"
        if item.done is not None:
            label += " [x]" if item.done else " [ ]"
        lines = [line for inner in item.blocks for line in plain_lines(inner) if line]
        yield f"{label} {lines[0] if lines else ''}"
        yield from (f"  {line}" for line in lines[1:])
