"""The one folder by which a vault is known, and the making of others in it: never a second vault where one was."""

from __future__ import annotations

import errno
from pathlib import Path

INTERNAL_FOLDER = ".tobs"
"""Where a vault keeps what the program needs and a reader does not."""


def make_folder(folder: Path) -> None:
    """Make a folder inside a vault, with those above it that are missing; nothing where it is there.

    Raises OSError, FileNotFoundError when what is missing is the vault itself: its disk was pulled out, or it was moved
    away. What a run still has in hand would else begin a vault anew in its place, on another disk.
    """
    missing: list[Path] = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    if missing and not any(_is_vaults(above) for above in (folder, *folder.parents)):
        raise FileNotFoundError(errno.ENOENT, "the folder is not there any more", str(missing[-1]))
    for each in reversed(missing):
        each.mkdir(exist_ok=True)


def _is_vaults(folder: Path) -> bool:
    """Whether this is a vault, which has its own folder in it or tells where that is; or that folder, kept beside."""
    return (folder / INTERNAL_FOLDER).exists() or folder.suffix == INTERNAL_FOLDER
