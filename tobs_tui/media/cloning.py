"""Copies that share their blocks with the original where the file system can do that, and so take no space."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

_FICLONE = 0x40049409
"""The ioctl that Btrfs, XFS, ZFS and bcachefs clone a whole file by (linux/fs.h)."""


def clone_or_copy(source: Path, target: Path) -> bool:
    """Copy a file's bytes to a new file; gives whether the two share their blocks. Raises OSError."""
    if sys.platform == "darwin":
        if _clone_on_apfs(source, target):
            return True
    elif sys.platform == "linux":
        with source.open("rb") as original, target.open("wb") as copy, contextlib.suppress(OSError):
            import fcntl

            fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
            return True
    shutil.copyfile(source, target)  # another file system, or one that cannot
    return False


def _clone_on_apfs(source: Path, target: Path) -> bool:
    """clonefile(2) of macOS; whether it was done."""
    import ctypes

    system = ctypes.CDLL(None, use_errno=True)
    return bool(system.clonefile(os.fsencode(source), os.fsencode(target), 0) == 0)
