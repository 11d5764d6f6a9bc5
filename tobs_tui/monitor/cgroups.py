"""What the control groups of Linux let this process have: a container's limits, versions 1 and 2.

https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html. A group is bound by its own limit and by
those of every group above it.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")

_UNLIMITED = 1 << 60
"""From here on version 1 means no limit: it writes the largest number of pages that there can be."""


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # another version, a controller that is not there, or no Linux
        return []


def _number(path: Path) -> int:
    """The whole number that a file holds; -1 where it holds none ("max") or is not there."""
    words = _words(path)
    return int(words[0]) if words and words[0].isdecimal() else -1


class ControlGroups:
    """The groups that this process is in, found once; figures are read anew at each call."""

    def __init__(self, root: Path = ROOT, own: Path = OWN) -> None:
        paths: dict[str, str] = {}  # of the group, by controller; version 2 has none
        for line in _words(own):
            _, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            paths |= dict.fromkeys(controllers.split(","), path)
        self._memory = _upwards(root, paths.get("", "/")) + _upwards(root / "memory", paths.get("memory", "/"))
        self._cpu = _upwards(root, paths.get("", "/")) + _upwards(root / "cpu", paths.get("cpu", "/"))

    def processors(self) -> float:
        """How many processors' worth of time the group may use; 0.0 = no limit."""
        quotas = [_quota(folder) for folder in self._cpu]
        return min((quota for quota in quotas if quota > 0), default=0.0)

    def memory(self) -> tuple[int, int]:
        """(bytes in use that cannot be dropped, limit in bytes) of the group with the tightest limit; (0, 0) = none."""
        limits = {folder: limit for folder in self._memory if (limit := _memory_limit(folder))}
        if not limits:
            return 0, 0
        folder = min(limits, key=lambda each: limits[each])
        return _memory_used(folder), limits[folder]


def _upwards(root: Path, path: str) -> list[Path]:
    """The folders of a group and of all above it, as far as they are visible from within a container."""
    folder = root / path.lstrip("/")
    inside = [each for each in (folder, *folder.parents) if each.is_relative_to(root)]
    return [each for each in inside if each.is_dir()]


def _quota(folder: Path) -> float:
    words = _words(folder / "cpu.max")
    if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]) > 0:
        return int(words[0]) / int(words[1])
    quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    return quota / period if quota > 0 and period > 0 else 0.0


def _memory_limit(folder: Path) -> int:
    limits = (_number(folder / "memory.max"), _number(folder / "memory.limit_in_bytes"))
    return min((limit for limit in limits if 0 < limit < _UNLIMITED), default=0)


def _memory_used(folder: Path) -> int:
    """In use, less the file cache that the kernel takes back when memory is short."""
    used = max(_number(folder / "memory.current"), _number(folder / "memory.usage_in_bytes"), 0)
    words = _words(folder / "memory.stat")
    figures = dict(zip(words[::2], words[1::2], strict=False))
    return max(0, used - int(figures.get("total_inactive_file", figures.get("inactive_file", "0"))))
