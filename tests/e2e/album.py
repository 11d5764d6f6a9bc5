"""Pictures of screens in snapshots/, several of one application: starting it costs more than painting it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

WIDE, SMALL, HUGE = (120, 36), (80, 24), (200, 60)


class Album:
    """Compares pictures with the accepted ones, or accepts them; what differs lies in `folder` to be looked at."""

    def __init__(self, accepted: SnapshotAssertion, folder: Path) -> None:
        self._accepted = accepted.use_extension(SVGImageExtension)
        self._folder = folder
        self.different: list[str] = []

    def take(self, pilot: Pilot[int], name: str) -> None:
        """Picture the screen as it is now, under a name."""
        picture = pilot.app.export_screenshot(title=pilot.app.title, simplify=True)
        if self._accepted(name=name) != picture:
            found = self._folder / f"{name}.svg"
            found.write_text(picture, encoding="utf-8")
            self.different.append(f"{name}: it looks like {found} now")

    def check(self) -> None:
        """Every picture was as accepted."""
        assert not self.different, "\n".join(self.different)


def sized(name: str, size: tuple[int, int]) -> str:
    """A picture's name with the terminal's size."""
    return f"{name}-{size[0]}x{size[1]}"


@pytest.fixture
def album(snapshot: SnapshotAssertion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    """An album that is checked when the test is over, so that one difference does not hide the next."""
    found = Album(snapshot, tmp_path_factory.mktemp("pictures"))
    yield found
    found.check()
