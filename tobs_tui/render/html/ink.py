"""The ink that sentences about messages are set in on a page."""

from __future__ import annotations

from tobs_tui.render.html.escape import on_a_line, reference
from tobs_tui.render.ink import Ink


class HtmlInk:
    """HTML that may stand within a paragraph."""

    def text(self, words: str) -> str:
        """See `Ink`."""
        return on_a_line(words)

    def link(self, label: str, address: str) -> str:
        """See `Ink`. An address that a page must not link to is none."""
        target = reference(address)
        return f'<a href="{target}">{label}</a>' if target else label

    def aside(self, sentence: str) -> str:
        """See `Ink`."""
        return f"<i>{sentence}</i>"


HTML: Ink = HtmlInk()
