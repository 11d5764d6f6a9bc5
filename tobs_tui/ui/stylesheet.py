"""Styles that are parsed once: of the time from start to first paint, textual's second parsing was a tenth."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


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
