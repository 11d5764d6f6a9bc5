"""For tests of whole screens: pictures lie in the top-level snapshots folder, local time is UTC, homes are empty."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

from tests.e2e.album import album  # noqa: F401, a fixture for every test here
from tests.e2e.exported import make_vault
from tobs_tui.config.paths import Paths

SNAPSHOTS = Path(__file__).resolve().parents[2] / "snapshots"


def _dirname(cls: type[SVGImageExtension], *, test_location: PyTestLocation) -> str:
    return str(SNAPSHOTS)


def _name(cls: type[SVGImageExtension], *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
    """A picture lies in the file of its name; without one, ``test_screen[help]`` is pictured in ``help.svg``."""
    if isinstance(index, str):
        return index
    return test_location.snapshot_name.partition("[")[2].rstrip("]") or test_location.snapshot_name


# The plug-in of textual has no setting for these; its extension is the documented place to override (syrupy's
# AbstractSyrupyExtension). It names the suffix by an attribute that syrupy has since renamed.
SVGImageExtension.dirname = classmethod(_dirname)
SVGImageExtension.get_snapshot_name = classmethod(_name)
SVGImageExtension.file_extension = "svg"


@pytest.fixture(autouse=True)
def local_time_is_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pictures show wall-clock times, which must not depend on the machine's zone."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    time.tzset()
    yield
    os.environ.pop("TZ", None)
    time.tzset()


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault that was exported once for all tests; the folder above it may stand for a person's home."""
    return make_vault(tmp_path_factory.mktemp("ada"))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A home of one's own."""
    found = Paths.resolve(home=tmp_path / "home")
    found.ensure()
    return found
