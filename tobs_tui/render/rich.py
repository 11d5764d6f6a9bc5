"""Rich messages as Markdown: headings, tables, formulas, lists, quotes, code and media, block by block.

A heading is a bold line: a real one would end the section of its message's anchor, and take the messages behind it into
its own. What unfolds is a quote under its title, since HTML around Markdown stays unrendered in Obsidian. A formula
goes between dollar signs only where readers without LaTeX see its source; else it is code, of the language ``math``,
which GitHub and VS Code show as a formula too.
"""

from __future__ import annotations

from collections.abc import Sequence

from tobs_tui.model.rich import (
    Articles,
    Block,
    Buttons,
    Byline,
    Caption,
    ChatLink,
    Code,
    Details,
    Divider,
    Embed,
    Formula,
    Gallery,
    Heading,
    ListBlock,
    ListItem,
    Map,
    MediaBlock,
    Paragraph,
    ParagraphKind,
    Post,
    Quote,
    Rich,
    Table,
    UnknownBlock,
    plain_lines,
)
from tobs_tui.model.text import EntityKind, FormattedText
from tobs_tui.render.captions import media_label
from tobs_tui.render.chars import clean
from tobs_tui.render.escape import inline_name, item_start
from tobs_tui.render.ink import MARKDOWN
from tobs_tui.render.links import map_address, peer_link, web_address
from tobs_tui.render.rich_lines import BREAK, lines, without_places
from tobs_tui.render.rich_table import table
from tobs_tui.render.scene import Scene
from tobs_tui.render.text import fenced, quoted, render_body, render_text, shows_formula
from tobs_tui.render.words import size_in_words

linked = MARKDOWN.link
MAX_NESTING = 6
"""Blocks within blocks that keep their form; deeper ones are plain lines, as parsers give up on deep nesting too."""
MAX_DIGITS = 8
"""Digits of a list's first number; Markdown takes nine, and there are others behind it."""
DIVIDER = "___"  # not of dashes or stars, which could be one with a list's bullet
REST_MISSING = "The rest of this message could not be had."
MEDIA_ICONS = {"photo": "🖼", "video": "🎬", "audio": "🎵", "document": "📄"}


def render_rich(rich: Rich, scene: Scene, date: int) -> str:
    """The blocks of a rich message of that date; no newline at either end."""
    blocks = _Writer(scene, date).blocks(rich.blocks, 0)
    if rich.part:
        blocks = f"{blocks}\n\n*{REST_MISSING}*".strip("\n")
    return blocks


class _Writer:
    """Writes the blocks of one rich message."""

    def __init__(self, scene: Scene, date: int) -> None:
        self._scene = scene
        self._date = date

    def blocks(self, blocks: Sequence[Block], depth: int, *, tight: bool = False) -> str:
        """Blocks one after the other; `tight` puts a list right below its paragraph, where that is safe."""
        out = ""
        before: Block | None = None
        marker = ""  # of a list right before
        for block in blocks:
            if isinstance(block, ListBlock):
                own = _marker(block, marker)
                shown = self._list(block, depth, own)
            else:
                own, shown = "", self.block(block, depth)
            if shown:
                close = tight and own and isinstance(before, Paragraph) and _interrupts(shown)
                out += ("\n" if close else "\n\n" if out else "") + shown
                before, marker = block, own
        return out

    def block(self, block: Block, depth: int) -> str:  # one a kind
        """One block that is no list; '' when there is nothing to see."""
        if isinstance(block, Paragraph):
            return self._paragraph(block)
        if isinstance(block, Heading):
            styles = (EntityKind.BOLD,) if block.level <= 3 else (EntityKind.BOLD, EntityKind.ITALIC)
            return lines(block.text, *styles, between=BREAK)
        if isinstance(block, Code):
            text = clean(block.text.text)
            return fenced(text, block.language) if text.strip("\n") else ""
        if isinstance(block, Formula):
            return _formula(block.source)
        if isinstance(block, Table):
            return table(block)
        if isinstance(block, Quote | Details | Gallery | Post):
            return self._nested(block, depth)
        return self._leaf(block)

    def _leaf(self, block: Block) -> str:
        """A block in which there are no others."""
        if isinstance(block, MediaBlock):
            return _below(_media(block), block.caption)
        if isinstance(block, Embed):
            return _below(_embed(block), block.caption)
        if isinstance(block, Map):
            where = f"{block.latitude:.6f}, {block.longitude:.6f}"
            return _below(f"📍 map {linked(where, map_address(block.latitude, block.longitude))}", block.caption)
        if isinstance(block, Byline):
            return " · ".join(part for part in (f"✍ {lines(block.author)}".strip(), self._when(block.date)) if part)
        if isinstance(block, Buttons):
            return " · ".join(
                f"⏺ {linked(lines(FormattedText(button.text.text)) or 'button', web_address(button.url))}"
                + (f" ({inline_name(button.does)})" if button.does else "")
                for button in block.buttons
            )
        if isinstance(block, ChatLink):
            name = inline_name(block.title) or self._scene.peer_name(block.peer)
            return f"📢 {linked(name, peer_link(0, inline_name(block.username)))}"
        if isinstance(block, Articles):
            return self._articles(block)
        if isinstance(block, UnknownBlock):
            return f"*Content that this version cannot read: {inline_name(block.constructor) or 'unnamed'}*"
        return DIVIDER if isinstance(block, Divider) else ""

    def _paragraph(self, block: Paragraph) -> str:
        if block.type is ParagraphKind.BODY:
            return render_text(without_places(block.text))
        if block.type is ParagraphKind.THINKING:
            inside = render_text(without_places(block.text))
            return quoted(f"💭 thinking\n\n{inside}") if inside else ""
        return lines(block.text, EntityKind.ITALIC, between=BREAK)

    def _nested(self, block: Quote | Details | Gallery | Post, depth: int) -> str:
        """A block with others inside; too deep within others, it is its plain lines."""
        if depth >= MAX_NESTING:
            return render_body("\n".join(line for line in plain_lines(block) if line))
        if isinstance(block, Gallery):
            what = "slideshow" if block.slideshow else "collage"
            items = ListBlock(tuple(ListItem((item,)) for item in block.items))
            return (
                f"{_below(f'🖼 {what} of {len(block.items)}', block.caption)}\n\n{self._list(items, depth, '-')}".strip()
            )
        if isinstance(block, Quote):
            parts = [self.blocks(block.blocks, depth + 1), _behind_dash(block.caption)]
        elif isinstance(block, Details):
            parts = [f"▸ {lines(block.title, EntityKind.BOLD)}".strip(), self.blocks(block.blocks, depth + 1)]
        else:
            facts = [f"**{inline_name(block.author)}**" if inline_name(block.author) else "", self._when(block.date)]
            head = " · ".join(part for part in (*facts, linked("post", web_address(block.url))) if part)
            parts = [head, self.blocks(block.blocks, depth + 1), _below("", block.caption)]
        inside = "\n\n".join(part for part in parts if part)
        return quoted(inside) if inside else ""

    def _list(self, block: ListBlock, depth: int, marker: str) -> str:
        """A list with one of the markers of `_marker`."""
        if depth >= MAX_NESTING:
            return render_body("\n".join(line for line in plain_lines(block) if line))
        numbers = _numbers(block)
        items = []
        for place, item in enumerate(block.items):
            head = f"{numbers[place] if numbers else ''}{marker} "
            box = "" if item.done is None else "[x]" if item.done else "[ ]"
            label = f"{inline_name(item.label)}\\." if block.ordered and not numbers else ""
            first, _, rest = self._item(item, depth, " ".join(part for part in (box, label) if part)).partition("\n")
            more = [f"{' ' * len(head)}{line}" if line else "" for line in rest.split("\n")] if rest else []
            items.append("\n".join([f"{head}{first}" if first else head.rstrip(), *more]))
        return ("\n\n" if any("\n\n" in item for item in items) else "\n").join(items)

    def _item(self, item: ListItem, depth: int, label: str) -> str:
        """An item's content behind a label, or on its own."""
        body = self.blocks(item.blocks, depth + 1, tight=True)
        if not label:
            return item_start(body)
        body = body.lstrip(" ")
        first = next((block for block in item.blocks if not _is_blank(block)), None)
        plain = first is None or isinstance(first, Paragraph)
        return f"{label} {body}".rstrip() if plain and not body.startswith((">", "```")) else f"{label}\n\n{body}"

    def _articles(self, block: Articles) -> str:
        items = []
        for each in block.articles:
            name = linked(inline_name(each.title or each.url) or "article", web_address(each.url))
            facts = [name, inline_name(each.description), inline_name(each.author), self._when(each.date)]
            items.append(f"- {' · '.join(fact for fact in facts if fact)}")
        return "\n\n".join(part for part in (lines(block.title, EntityKind.BOLD), "\n".join(items)) if part)

    def _when(self, date: int) -> str:
        return self._scene.when(date, self._date) if date else ""


def _is_blank(block: Block) -> bool:
    return isinstance(block, Paragraph) and not clean(block.text.text).strip(" \t\n")


def _marker(block: ListBlock, before: str) -> str:
    """What stands at a list's items, behind their numbers if they have some: not what the list right before it has, as
    the two would be one then."""
    one, other = (".", ")") if _numbers(block) else ("-", "*")
    return other if before == one else one


def _interrupts(markdown: str) -> bool:
    """Whether a list can stand right below a paragraph, and is nothing else there."""
    first = markdown.partition("\n")[0]
    return first.startswith(("- ", "* ", "1. ", "1) ")) and len(first.split()) > 1


def _numbers(block: ListBlock) -> list[int]:
    """The items' numbers, if Markdown can count them: one more each time. Empty for everything else."""
    if not block.ordered or not block.items:
        return []
    first = block.items[0].label
    if not (first.isascii() and first.isdecimal() and len(first) <= MAX_DIGITS):
        return []
    numbers = [int(first) + place for place in range(len(block.items))]
    return numbers if [item.label for item in block.items] == [str(one) for one in numbers] else []


def _formula(source: str) -> str:
    text = "\n".join(line for each in clean(source).split("\n") if (line := each.strip()))
    if not text:
        return ""
    return f"$$\n{text}\n$$" if shows_formula(text) else fenced(text, "math")


def _media(block: MediaBlock) -> str:
    if block.media is None:
        label = f"{MEDIA_ICONS.get(block.what, '📄')} {inline_name(block.what)} (not available)"
    else:
        width, height = block.media.width, block.media.height
        facts = [f"{width}×{height}"] if width and height else []
        size = block.media.file.size if block.media.file is not None else 0
        facts += [size_in_words(size)] if size > 0 else []
        label = media_label(block.media, MARKDOWN) + (f" ({', '.join(facts)})" if facts else "")
    return linked(label, web_address(block.url))


def _embed(block: Embed) -> str:
    address = web_address(block.url)
    if address:
        return f"🌐 embedded page {linked(inline_name(block.url), address)}"
    size = len(block.html.encode("utf-8", "replace"))
    return f"🌐 embedded page ({size_in_words(size)} of HTML)" if size else "🌐 embedded page"


def _below(head: str, caption: Caption) -> str:
    """A line with its caption below it."""
    parts = (head, lines(caption.text, between=BREAK), _behind_dash(caption.credit))
    return "  \n".join(part for part in parts if part)


def _behind_dash(text: FormattedText) -> str:
    shown = lines(text)
    return f"— {shown}" if shown else ""
