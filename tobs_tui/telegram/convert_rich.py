"""Rich messages: from TL page blocks into `model.rich` records, one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from tobs_tui.model import rich as model
from tobs_tui.model.media import Document, Photo
from tobs_tui.model.peers import CHANNEL_MARK
from tobs_tui.model.rich import PART, Align, Block, Caption, ListItem, ParagraphKind, Rich
from tobs_tui.model.text import FormattedText
from tobs_tui.telegram.convert_buttons import deed_of
from tobs_tui.telegram.convert_media import document_media, photo_media
from tobs_tui.telegram.convert_text import seconds_of
from tobs_tui.telegram.rich_text import rich_text

MAX_DEPTH = 40
"""Blocks within blocks that are read; deeper ones are named instead, for records that everything can carry."""


class _Latest:
    """The rich message that was converted last: several fields of its message's record come of it, one by one."""

    tree: Any = None
    rich = Rich(())
    unknown: tuple[str, ...] = ()


def convert_rich(tree: Any) -> Rich:
    """The record of a TL `RichMessage`."""
    if tree is not _Latest.tree:
        reading = _Reading(tree)
        _Latest.rich = Rich(reading.blocks(tree.blocks), rtl=bool(tree.rtl), part=bool(tree.part))
        _Latest.unknown = tuple(sorted(reading.unknown))
        _Latest.tree = tree
    return _Latest.rich


def unknown_in_rich(tree: Any) -> tuple[str, ...]:
    """The constructors of an optional TL `RichMessage` that cannot be read, and `PART` where its rest is missing."""
    if tree is None:
        return ()
    convert_rich(tree)
    return (*((PART,) if tree.part else ()), *_Latest.unknown)


def rich_plain_text(tree: Any) -> str:
    """What a person reads in a TL `RichMessage`, for filters and search."""
    return model.plain_text(convert_rich(tree))


class _Reading:
    """One rich message being read, with the media that its blocks name by their ids."""

    def __init__(self, tree: Any) -> None:
        self.unknown: set[str] = set()
        self._photos = {photo.id: photo for photo in tree.photos}
        self._documents = {document.id: document for document in tree.documents}
        self._depth = 0

    def blocks(self, trees: list[Any]) -> tuple[Block, ...]:
        """The records of some TL `PageBlock`s."""
        return tuple([self.block(tree) for tree in trees])

    def block(self, tree: Any) -> Block:
        """The record of one TL `PageBlock`."""
        convert = _BLOCKS.get(type(tree).__name__.removeprefix("PageBlock"))
        if convert is None or self._depth >= MAX_DEPTH:
            self.unknown.add(type(tree).__name__)
            return model.UnknownBlock(type(tree).__name__)
        self._depth += 1
        try:
            return convert(self, tree)
        finally:
            self._depth -= 1

    def text(self, tree: Any) -> FormattedText:
        """The text of an optional TL `RichText`."""
        return rich_text(tree, self.unknown)

    def caption(self, tree: Any) -> Caption:
        """The record of a TL `PageCaption`."""
        return Caption(self.text(tree.text), self.text(tree.credit))

    def photo(self, number: int) -> Photo | None:
        """The photo with this id, None when the message does not bring it."""
        photo = photo_media(self._photos.get(number))
        return None if photo.file is None else photo

    def document(self, number: int) -> Document | None:
        """The document with this id, None when the message does not bring it."""
        document = document_media(self._documents.get(number))
        return None if document.file is None else document


_Converter = Callable[[_Reading, Any], Block]


def _heading(level: int) -> _Converter:
    return lambda reading, tree: model.Heading(reading.text(tree.text), level)


def _paragraph(kind: ParagraphKind) -> _Converter:
    return lambda reading, tree: model.Paragraph(reading.text(tree.text), kind)


def _quote(reading: _Reading, tree: Any) -> Block:
    text = model.Paragraph(reading.text(tree.text))
    return model.Quote((text,), reading.text(tree.caption), collapsed=bool(tree.collapsed))


def _pull_quote(reading: _Reading, tree: Any) -> Block:
    text = model.Paragraph(reading.text(tree.text))
    return model.Quote((text,), reading.text(tree.caption), pulled=True)


def _item(reading: _Reading, tree: Any, label: str = "") -> ListItem:
    done = bool(tree.checked) if tree.checkbox else None
    if type(tree).__name__.endswith("Blocks"):
        return ListItem(reading.blocks(tree.blocks), done, label)
    return ListItem((model.Paragraph(reading.text(tree.text)),), done, label)


def _list(reading: _Reading, tree: Any) -> Block:
    return model.ListBlock(tuple([_item(reading, each) for each in tree.items]))


def _ordered_list(reading: _Reading, tree: Any) -> Block:
    items = zip(tree.items, _labels(tree), strict=True)
    return model.ListBlock(tuple([_item(reading, *pair) for pair in items]), ordered=True)


def _labels(tree: Any) -> Iterator[str]:
    """The labels of an ordered list's items, which count on from their own values as those of HTML's ``<ol>`` do."""
    step = -1 if tree.reversed else 1
    start = tree.start
    number = start if start is not None else len(tree.items) if tree.reversed else 1
    for item in tree.items:
        number = item.value if item.value is not None else number
        label = (item.num or "").strip().rstrip(".)")
        yield label or _label(number, item.type or tree.type or "1")
        number += step


def _label(number: int, style: str) -> str:
    """A number as ``type`` of HTML's lists has it written: 1, a, A, i or I."""
    if style in ("a", "A") and 0 < number < 26**6:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord(style) + rest) + letters
        return letters
    if style in ("i", "I") and 0 < number < 4000:
        roman = ""
        for value, sign in _ROMAN:
            count, number = divmod(number, value)
            roman += sign * count
        return roman if style == "i" else roman.upper()
    return str(number)


_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def _table(reading: _Reading, tree: Any) -> Block:
    rows = tuple([tuple([_cell(reading, cell) for cell in row.cells]) for row in tree.rows])
    return model.Table(rows, reading.text(tree.title))


def _cell(reading: _Reading, cell: Any) -> model.Cell:
    return model.Cell(
        reading.text(cell.text),
        header=bool(cell.header),
        align=Align.CENTER if cell.align_center else Align.RIGHT if cell.align_right else Align.LEFT,
        columns=max(1, cell.colspan or 1),
        rows=max(1, cell.rowspan or 1),
    )


def _photo(reading: _Reading, tree: Any) -> Block:
    photo = reading.photo(tree.photo_id)
    if photo is not None and tree.spoiler:
        photo = replace(photo, spoiler=True)
    return model.MediaBlock("photo", photo, reading.caption(tree.caption), tree.url or "")


def _video(reading: _Reading, tree: Any) -> Block:
    video = reading.document(tree.video_id)
    if video is not None and tree.spoiler:
        video = replace(video, spoiler=True)
    return model.MediaBlock("video", video, reading.caption(tree.caption))


def _gallery(reading: _Reading, tree: Any) -> Block:
    slideshow = type(tree).__name__ == "PageBlockSlideshow"
    return model.Gallery(reading.blocks(tree.items), reading.caption(tree.caption), slideshow)


def _embed(reading: _Reading, tree: Any) -> Block:
    return model.Embed(tree.url or "", tree.html or "", reading.caption(tree.caption))


def _post(reading: _Reading, tree: Any) -> Block:
    return model.Post(
        tree.url, tree.author, reading.blocks(tree.blocks), seconds_of(tree.date), reading.caption(tree.caption)
    )


def _map(reading: _Reading, tree: Any) -> Block:
    where = getattr(tree.geo, "lat", 0.0), getattr(tree.geo, "long", 0.0)
    return model.Map(*where, tree.zoom, reading.caption(tree.caption))


def _buttons(reading: _Reading, tree: Any) -> Block:
    made = [(reading.text(button.text), deed_of(button.type)) for button in tree.buttons]
    return model.Buttons(tuple([model.RichButton(text, deed.url, deed.words) for text, deed in made]))


def _chat(_: _Reading, tree: Any) -> Block:
    chat = tree.channel
    bare = type(chat).__name__ in ("Chat", "ChatForbidden", "ChatEmpty")
    return model.ChatLink(
        -chat.id if bare else CHANNEL_MARK - chat.id,
        getattr(chat, "title", None) or "",
        getattr(chat, "username", None) or "",
    )


def _articles(reading: _Reading, tree: Any) -> Block:
    found = [
        model.Article(
            each.url, each.title or "", each.description or "", each.author or "", seconds_of(each.published_date)
        )
        for each in tree.articles
    ]
    return model.Articles(reading.text(tree.title), tuple(found))


_BLOCKS: dict[str, _Converter] = {
    "Anchor": lambda _, t: model.Anchor(t.name),
    "Audio": lambda r, t: model.MediaBlock("audio", r.document(t.audio_id), r.caption(t.caption)),
    "AuthorDate": lambda r, t: model.Byline(r.text(t.author), seconds_of(t.published_date)),
    "Blockquote": _quote,
    "BlockquoteBlocks": lambda r, t: model.Quote(r.blocks(t.blocks), r.text(t.caption)),
    "ButtonRow": _buttons,
    "Channel": _chat,
    "Collage": _gallery,
    "Cover": lambda r, t: r.block(t.cover),
    "Details": lambda r, t: model.Details(r.text(t.title), r.blocks(t.blocks), bool(t.open)),
    "Divider": lambda _, __: model.Divider(),
    "Document": lambda r, t: model.MediaBlock("document", r.document(t.document_id), r.caption(t.caption)),
    "Embed": _embed,
    "EmbedPost": _post,
    "Footer": _paragraph(ParagraphKind.FOOTER),
    "Header": _heading(2),
    "Kicker": _paragraph(ParagraphKind.KICKER),
    "List": _list,
    "Map": _map,
    "Math": lambda _, t: model.Formula(t.source),
    "OrderedList": _ordered_list,
    "Paragraph": _paragraph(ParagraphKind.BODY),
    "Photo": _photo,
    "Preformatted": lambda r, t: model.Code(r.text(t.text), t.language),
    "Pullquote": _pull_quote,
    "RelatedArticles": _articles,
    "Slideshow": _gallery,
    "Subheader": _heading(3),
    "Subtitle": _heading(2),
    "Table": _table,
    "Thinking": _paragraph(ParagraphKind.THINKING),
    "Title": _heading(1),
    "Video": _video,
    **{f"Heading{level}": _heading(level) for level in range(1, 7)},
}
"""By constructor name without ``PageBlock``. Unsupported is unknown."""
