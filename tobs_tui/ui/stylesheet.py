"""Styles that are parsed once, of which nothing is kept when a widget is gone.

Of the time from start to first paint, textual's second parsing was a tenth.
"""

from __future__ import annotations

from functools import lru_cache

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.css.stylesheet import Stylesheet
from textual.style import Style


class PatientStylesheet(Stylesheet):
    """Parses its sources again only when a variable, a theme's colour that is, has changed since.

    Textual 8 parses everything when the application is mounted and again for its first screen, and once more when a
    theme that was set before the start is announced.
    """

    def set_variables(self, variables: dict[str, str]) -> None:
        """Variables as they are to be from now on; what was parsed stays where they are the same."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse what has not been parsed with the variables as they are."""
        self.parse()  # knows, by source, what has been


@lru_cache(maxsize=256)
def _inner_outer(base_background: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base_background + background), Style(background=base_background)


def let_go_of_widgets() -> None:
    """Have textual 8 forget widgets that are gone.

    It remembers the two styles by the object that asked for them as well, and so holds on to the painted lines of the
    last 1024 widgets: each dialog cost 0.4 MB for good.
    """
    plain = lambda _, base_background, background: _inner_outer(base_background, background)  # noqa: E731
    StylesCache.get_inner_outer = plain  # type: ignore[method-assign,assignment]
