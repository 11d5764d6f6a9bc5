"""The visible text of a rich message: its page blocks and rich text, flattened to plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def visible_text(rich_message: Any) -> str:
    """What a person reads in a TL `RichMessage`, one line a paragraph, list item or table row."""
    return "\n".join(line for block in rich_message.blocks for line in block_lines(block) if line)


def plain(text: Any) -> str:
    """The characters of a TL `RichText`."""
    if text is None:
        return ""
    if isinstance(text, str):
        return text
    name = type(text).__name__
    if name == "TextConcat":
        return "".join(plain(part) for part in text.texts)
    if name == "TextCustomEmoji":
        return str(text.alt)
    if name == "TextMath":
        return str(text.source)
    return plain(getattr(text, "text", None))


def block_lines(block: Any) -> Iterator[str]:
    """The lines of one TL `PageBlock`, those of the blocks inside it included."""
    name = type(block).__name__.removeprefix("PageBlock")
    if name == "AuthorDate":
        yield plain(block.author)
    elif name == "Math":
        yield str(block.source)
    elif name in ("List", "OrderedList"):
        yield from _list_lines(block)
    elif name == "Table":
        yield plain(block.title)
        yield from (" | ".join(plain(cell.text) for cell in row.cells) for row in block.rows)
    elif name == "ButtonRow":
        yield " ".join(f"[{plain(button.text)}]" for button in block.buttons)
    elif name == "Channel":
        yield str(getattr(block.channel, "title", ""))
    elif name == "RelatedArticles":
        yield plain(block.title)
        yield from (" ".join(part for part in (each.title, each.url) if part) for each in block.articles)
    elif name == "EmbedPost":
        yield str(block.author)
        yield from _inner(block)
    else:
        yield from _inner(block)


def _inner(block: Any) -> Iterator[str]:
    """The lines of whatever a block holds under the schema's usual names, in reading order."""
    yield plain(getattr(block, "title", None))
    yield plain(getattr(block, "text", None))
    cover = getattr(block, "cover", None)
    if cover is not None:
        yield from block_lines(cover)
    for inner in (*getattr(block, "blocks", ()), *getattr(block, "items", ())):
        yield from block_lines(inner)
    caption: Any = getattr(block, "caption", None)
    if type(caption).__name__ == "PageCaption":
        yield plain(caption.text)
        yield plain(caption.credit)
    else:
        yield plain(caption)


def _list_lines(block: Any) -> Iterator[str]:
    ordered = type(block).__name__ == "PageBlockOrderedList"
    for place, item in enumerate(block.items, getattr(block, "start", None) or 1):
        label = f"{getattr(item, 'num', None) or place}." if ordered else "-"
        if item.checkbox:
            label += " [x]" if item.checked else " [ ]"
        if hasattr(item, "text"):
            yield f"{label} {plain(item.text)}"
        else:
            lines = [line for inner in item.blocks for line in block_lines(inner) if line]
            yield f"{label} {lines[0] if lines else ''}"
            yield from (f"  {line}" for line in lines[1:])
