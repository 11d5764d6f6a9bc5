"""Rich messages as HTML: headings, tables, formulas, lists, quotes, code and media, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tobs_tui.model.rich import (
    Articles,
    Block,
    Buttons,
    Byline,
    Caption,
    Cell,
    ChatLink,
    Code,
    Details,
    Divider,
    Embed,
    Formula,
    Gallery,
    Heading,
    ListBlock,
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
from tobs_tui.model.text import FormattedText
from tobs_tui.render.captions import media_label
from tobs_tui.render.chars import clean
from tobs_tui.render.html.attachments import label
from tobs_tui.render.html.escape import escaped
from tobs_tui.render.html.text import code_block, formatted_box, html_body, text_box
from tobs_tui.render.links import map_address, peer_link, web_address
from tobs_tui.render.rich import MAX_NESTING, MEDIA_ICONS, REST_MISSING
from tobs_tui.render.rich_lines import without_places
from tobs_tui.render.rich_table import MAX_SPAN
from tobs_tui.render.scene import Scene
from tobs_tui.render.words import size_in_words


def rich_box(rich: Rich, scene: Scene, date: int) -> str:
    """The blocks of a rich message of that date, in a box of their own; '' when there is nothing to see."""
    inner = "".join(_Writer(scene, date).blocks(rich.blocks, 0))
    if rich.part:
        inner += label(scene.ink.aside(REST_MISSING))
    return f'<div class="rich" dir="{"rtl" if rich.rtl else "auto"}">{inner}</div>' if inner else ""


class _Writer:
    """Writes the blocks of one rich message."""

    def __init__(self, scene: Scene, date: int) -> None:
        self._scene, self._ink, self._date = scene, scene.ink, date

    def blocks(self, blocks: Sequence[Block], depth: int) -> Iterator[str]:
        """Blocks one after the other; too deep within others, they are plain lines."""
        for block in blocks:
            if depth > MAX_NESTING:
                yield text_box("\n".join(line for line in plain_lines(block) if line))
            elif isinstance(block, Quote | Details | Gallery | Post | ListBlock):
                yield from self._nested(block, depth)
            else:
                yield self._leaf(block)

    def _leaf(self, block: Block) -> str:
        """A block in which there are no others."""
        if isinstance(block, Paragraph):
            return self._paragraph(block)
        if isinstance(block, Heading):
            return _element("h4" if block.level <= 3 else "h5", _inline(block.text))
        if isinstance(block, Code):
            text = clean(block.text.text)
            return code_block(text, block.language) if text.strip("\n") else ""
        if isinstance(block, Formula):
            return code_block(clean(block.source).strip(), "math") if clean(block.source).strip() else ""
        if isinstance(block, Table):
            return _table(block)
        if isinstance(block, Divider):
            return "<hr>"
        if isinstance(block, UnknownBlock):
            name = self._ink.text(block.constructor) or "unnamed"
            return label(self._ink.aside(f"Content that this version cannot read: {name}"))
        return self._line_of(block)

    def _line_of(self, block: Block) -> str:
        """A block that one line tells of, with its caption."""
        ink = self._ink
        if isinstance(block, MediaBlock):
            return _figure(label(ink.link(self._media(block), web_address(block.url))), block.caption)
        if isinstance(block, Embed):
            size = f" ({size_in_words(len(block.html.encode('utf-8', 'replace')))} of HTML)" if block.html else ""
            address = web_address(block.url)
            shown = f" {ink.link(ink.text(block.url), address)}" if address else size
            return _figure(label(f"🌐 embedded page{shown}"), block.caption)
        if isinstance(block, Map):
            where = ink.link(
                f"{block.latitude:.6f}, {block.longitude:.6f}", map_address(block.latitude, block.longitude)
            )
            return _figure(label(f"📍 map {where}"), block.caption)
        if isinstance(block, Byline):
            return label(" · ".join(part for part in (f"✍ {_inline(block.author)}", self._when(block.date)) if part))
        if isinstance(block, Buttons):
            return label(
                " · ".join(
                    f"⏺ {ink.link(ink.text(button.text.text) or 'button', web_address(button.url))}"
                    + (f" ({ink.text(button.does)})" if button.does else "")
                    for button in block.buttons
                )
            )
        if isinstance(block, ChatLink):
            name = ink.text(block.title) or self._scene.peer_name(block.peer)
            return label(f"📢 {ink.link(name, peer_link(0, block.username))}")
        return self._articles(block) if isinstance(block, Articles) else ""

    def _paragraph(self, block: Paragraph) -> str:
        if block.type is ParagraphKind.BODY:
            return formatted_box(without_places(block.text))
        if block.type is ParagraphKind.THINKING:
            inside = formatted_box(without_places(block.text))
            return f"<blockquote>{label('💭 thinking')}{inside}</blockquote>" if inside else ""
        inside = _inline(block.text)
        return label(f"<i>{inside}</i>") if inside else ""

    def _nested(self, block: Quote | Details | Gallery | Post | ListBlock, depth: int) -> Iterator[str]:
        """A block with others inside."""
        if isinstance(block, ListBlock):
            yield self._list(block, depth)
        elif isinstance(block, Gallery):
            what = "slideshow" if block.slideshow else "collage"
            yield _figure(
                label(f"🖼 {what} of {len(block.items)}") + "".join(self.blocks(block.items, depth + 1)), block.caption
            )
        elif isinstance(block, Details):
            inside = "".join(self.blocks(block.blocks, depth + 1))
            yield f"<details{' open' if block.open else ''}><summary>{_inline(block.title)}</summary>{inside}</details>"
        elif isinstance(block, Quote):
            inside = "".join(self.blocks(block.blocks, depth + 1)) + _behind_dash(block.caption)
            yield f"<blockquote>{inside}</blockquote>" if inside else ""
        else:
            link = self._ink.link("post", web_address(block.url))
            facts = (self._ink.text(block.author), self._when(block.date), link)
            inner = label(" · ".join(part for part in facts if part)) + "".join(self.blocks(block.blocks, depth + 1))
            yield f"<blockquote>{_figure(inner, block.caption)}</blockquote>"

    def _list(self, block: ListBlock, depth: int) -> str:
        items = []
        for item in block.items:
            box = "" if item.done is None else "☑ " if item.done else "☐ "
            number = f"{self._ink.text(item.label)}. " if block.ordered and item.label else "• " if not box else ""
            items.append(f"<li>{number}{box}{''.join(self.blocks(item.blocks, depth + 1))}</li>")
        return f"<ul>{''.join(items)}</ul>" if items else ""

    def _articles(self, block: Articles) -> str:
        ink, items = self._ink, []
        for each in block.articles:
            name = ink.link(ink.text(each.title or each.url) or "article", web_address(each.url))
            facts = (name, ink.text(each.description), ink.text(each.author), self._when(each.date))
            items.append(f"<li>• {' · '.join(fact for fact in facts if fact)}</li>")
        return _element("h5", _inline(block.title)) + f"<ul>{''.join(items)}</ul>"

    def _media(self, block: MediaBlock) -> str:
        if block.media is None:
            return f"{MEDIA_ICONS.get(block.what, '📄')} {self._ink.text(block.what)} (not available)"
        return media_label(block.media, self._ink)

    def _when(self, date: int) -> str:
        return self._scene.when(date, self._date) if date else ""


def _inline(text: FormattedText) -> str:
    """A text in the line that it stands in."""
    local = without_places(text)
    return html_body(local.text, local.entities).strip()


def _element(name: str, inner: str) -> str:
    return f'<{name} dir="auto">{inner}</{name}>' if inner else ""


def _behind_dash(text: FormattedText) -> str:
    shown = _inline(text)
    return label(f"— {shown}") if shown else ""


def _figure(inner: str, caption: Caption) -> str:
    """Something with what stands below it."""
    text = _inline(caption.text)
    return inner + (label(text) if text else "") + _behind_dash(caption.credit)


def _table(block: Table) -> str:
    """A table under its title; what is wider than the page is scrolled to."""
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in block.rows)
    title = _inline(block.title)
    caption = f"<caption>{title}</caption>" if title else ""
    return f'<div class="wide"><table>{caption}{rows}</table></div>' if rows or caption else ""


def _cell(cell: Cell) -> str:
    name = "th" if cell.header else "td"
    spans = "".join(
        f' {kind}="{min(count, MAX_SPAN)}"'
        for kind, count in (("colspan", cell.columns), ("rowspan", cell.rows))
        if count > 1
    )
    return f'<{name} class="{escaped(cell.align.value)}"{spans}>{_inline(cell.text)}</{name}>'
