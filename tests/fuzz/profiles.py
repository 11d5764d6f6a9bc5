"""The profile loader: a TOML file that somebody has written, read as `tobs NAME` and every list of profiles read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec

from tests.fuzz.mutate import PLAIN, Break, broken
from tobs_tui.config.machine import Machine
from tobs_tui.config.paths import Paths
from tobs_tui.config.profile_files import copy_profile, export_text, import_profile
from tobs_tui.config.profiles import delete_profile, list_profiles, read_profile
from tobs_tui.config.toml_file import toml_text
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import (
    ChatTarget,
    Filters,
    Format,
    Layout,
    MediaKind,
    MediaOptions,
    Performance,
    Preset,
    Profile,
    Targets,
    Transcription,
)

_WRITTEN = b"""# Start it with: tobs everyday
name = "everyday"
output = "~/vault"

[[targets.chats]]
chat = "@club"
topics = [1, 7]

[filters]
since = 2024-05-01
text = 'release (note|s)'
senders = ["@ada", "42"]

[performance]
preset = "conservative"
connections = 3
"""
_VALUES = (
    *(
        b"nan",
        b"inf",
        b"-0",
        b"1e400",
        b"9" * 30,
        b"9" * 5000,
        b"0x" + b"f" * 40,
        b"1979-05-27",
        b"0001-01-01",
        b"true",
    ),
    *(b"07:32:00", b"1979-05-27T07:32:00+23:59", b'""', b'"\\u0000"', b'"\\ud800"', b'"\\U0010FFFF"', b"'''", b'"""'),
    *(b"[]", b"{}", b"[[]]", b"[1, 'a', {}]", b"{a.b.c = {}}", b'"~nobody/x"', b'"dask://x:1"', b'"(((((a)*)*)*)*"'),
)
_SHAPES = (b"[%s]", b"{a = %s}", b"[%s, %s]", b"{a.b = %s}")
_LINES = (
    *(b"[a]", b"[[a]]", b"[targets]", b"[[targets.chats]]", b"[performance]", b'[""]', b"[a.b.c.d]", b"name = 'x'"),
    *(b"\r", b"\x00", b"# \x7f", b"a.b = 1", b"'' = 1", b'"\\t" = 1', b"output = '\xff'"),
)


def full() -> bytes:
    """A profile that says something about nearly everything."""
    profile = Profile(
        name="all",
        output="~/vault",
        targets=Targets(chats=(ChatTarget("@club", (1, 7)), ChatTarget(-1_001_234_567_890))),
        filters=Filters(text="release", senders=("@ada", "42")),
        layout=Layout(formats=tuple(Format), timezone="Europe/Berlin"),
        media=MediaOptions(executor="dask://10.0.0.1:8786"),
        transcription=Transcription(enabled=True, kinds=(MediaKind.VOICE,), language="de"),
        performance=Performance(preset=Preset.CUSTOM),
    )
    return toml_text(msgspec.to_builtins(profile)).encode()


def _value(data: bytearray, rng: Random) -> bytearray:
    """A key has another value, which may be deeply nested or thousands of times as large."""
    lines = bytes(data).split(b"\n")
    at = rng.randrange(len(lines))
    key, equals, _ = lines[at].partition(b"=")
    value = rng.choice(_VALUES)
    shape = rng.choice(_SHAPES)
    parts = shape.split(b"%s")
    depth = rng.choice((0, 0, 0, 0, 1, 1, 3, 50)) if rng.random() < 0.97 else rng.choice((400, 3000))
    value = parts[0] * depth + value + parts[-1] * depth
    lines[at] = key + (equals or b" = ") + value
    return bytearray(b"\n".join(lines))


def _line(data: bytearray, rng: Random) -> bytearray:
    """A line more, or the same one again."""
    lines = bytes(data).split(b"\n")
    at = rng.randrange(len(lines))
    long = b".".join([b"a"] * rng.choice((2, 5, 30, 30, 500, 3000)))
    deep = rng.choice((long + b" = 1", b"[" + long + b"]", b"[[" + long + b"]]"))
    lines.insert(rng.randrange(len(lines) + 1), rng.choice((lines[at], rng.choice(_LINES), deep)))
    return bytearray(b"\n".join(lines))


_WAYS: tuple[Break, ...] = (*PLAIN, _value, _value, _value, _line, _line)


class Profiles:
    """Reads each input as a saved profile, and imports, exports and copies some."""

    name = "profile loader"

    def seeds(self) -> list[bytes]:
        """Profiles as the program writes them, and as people do."""
        return [full(), _WRITTEN, b'name = "small"\noutput = "/vault"\n', b""]

    def open(self, folder: Path) -> None:
        """A home of its own."""
        self._paths = Paths.resolve(home=folder)
        self._paths.ensure()
        self._file = self._paths.profiles_dir / "given.toml"
        self._machine = Machine(cpu_count=4, memory_bytes=8 << 30)

    def make(self, seeds: Sequence[bytes], rng: Random) -> bytes:
        """A broken profile."""
        return broken(seeds, rng, _WAYS)

    def take(self, data: bytes) -> bool:
        """Read, list, import, export and copy it. Documented: TobsError."""
        for left in self._paths.profiles_dir.iterdir():
            left.unlink()
        self._file.write_bytes(data)
        try:
            read_profile("given", self._paths, self._machine)
        except TobsError:
            accepted = False
        else:
            accepted = True
        listed = list_profiles(self._paths)
        assert [info.name for info in listed] == ["given"]
        assert bool(listed[0].problem) is not accepted
        for use in (self._export, self._import, self._copy):
            try:
                use(data)
            except TobsError:
                continue
        return accepted

    def _export(self, data: bytes) -> None:
        export_text("given", self._paths)

    def _import(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        delete_profile(import_profile(text, "given.toml", self._paths, name="imported"), self._paths)

    def _copy(self, data: bytes) -> None:
        copy_profile("given", "copied", self._paths)
        delete_profile("copied", self._paths)

    def close(self) -> None:
        """Nothing to end."""
