"""Texts of rich messages that make no blocks: headings, captions, the cells of tables."""

from __future__ import annotations

from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.render.text import render_lines

BREAK = "  \n"
"""Between the lines of a heading or caption."""
CELL_BREAK = " <br> "
"""Between the lines of a cell."""
SPACE = " "
"""Between the lines of what has to stay one line."""


def lines(text: FormattedText, *styles: EntityKind, between: str = SPACE) -> str:
    """A text's lines with styles over all of them."""
    local = without_places(text)
    whole = [Entity(style, 0, 2 * len(text.text)) for style in styles]  # a character has two code units at most
    return render_lines(local.text, (*whole, *local.entities), between=between, cell=between == CELL_BREAK)


def without_places(text: FormattedText) -> FormattedText:
    """The text without links to places of its own message, which notes do not have."""
    if any(entity.value[:1] == "#" for entity in text.entities):
        return FormattedText(text.text, tuple(entity for entity in text.entities if entity.value[:1] != "#"))
    return text
