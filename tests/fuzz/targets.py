"""The targets by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.fuzz.control import Control
from tests.fuzz.desktop import Desktop
from tests.fuzz.frames import Frames
from tests.fuzz.pages import Pages
from tests.fuzz.profiles import Profiles
from tests.fuzz.target import Target

TARGETS: dict[str, Callable[[], Target]] = {
    "frames": Frames,
    "pages": Pages,
    "profiles": Profiles,
    "control": Control,
    "desktop": Desktop,
}


def write_seeds(name: str, file: str) -> None:
    """Make a target's seeds, and put them into a file."""
    Path(file).write_bytes(msgspec.msgpack.encode(TARGETS[name]().seeds()))
