"""How words about messages are set down: sentences are written once, and each format has an ink for what stands out."""

from __future__ import annotations

from typing import Protocol

from tobs_tui.render.escape import inline_name
from tobs_tui.render.links import destination


class Ink(Protocol):
    """Sets words of others, links and asides within a sentence. What it gives is ready for the format it is for.

    Plain letters, digits and blanks, and the signs “” · ’ ' ( ) , . : – — are the same in every format, so that
    sentences may have them between what an ink has set; icons as well.
    """

    def text(self, words: str) -> str:
        """A name, a title or any other words of somebody's: inert, on one line."""
        ...

    def link(self, label: str, address: str) -> str:
        """A label, set already, that leads to an address; the label alone where that is ''."""
        ...

    def aside(self, sentence: str) -> str:
        """A sentence of the program's own, set already, told from what people wrote."""
        ...


class MarkdownInk:
    """Markdown that stays on its line."""

    def text(self, words: str) -> str:
        """See `Ink`."""
        return inline_name(words)

    def link(self, label: str, address: str) -> str:
        """See `Ink`."""
        return f"[{label}]({destination(address)})" if address else label

    def aside(self, sentence: str) -> str:
        """See `Ink`."""
        return f"*{sentence}*"


MARKDOWN: Ink = MarkdownInk()
