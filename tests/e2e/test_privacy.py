"""The whole demo, exported where nothing but this machine can be reached, with everybody in it under another name."""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec import Struct

from tests.compare_vault import differences
from tests.json_lines import judged
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path, internal_folder, kept_apart
from tobs_tui.engine.pseudonyms.key import KEY_FILE, key_of
from tobs_tui.engine.pseudonyms.naming import Naming
from tobs_tui.engine.rerender import rerender
from tobs_tui.model.profile import Format, Layout, Profile
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.sandbox.worlds.world import World

TOBS = str(Path(sys.executable).with_name("tobs"))
WORD = re.compile(r"[^\W_]+")
BY_LIBUV = (
    "import asyncio, uvloop\n"
    "async def reach(place):\n"
    "    try: await asyncio.get_running_loop().create_connection(asyncio.Protocol, place, 443)\n"
    "    except OSError: pass\n"
    "uvloop.run(reach('{place}'))"
)
BY_PYTHON = "import socket\ntry: socket.create_connection(('{place}', 443))\nexcept OSError: pass"


class Exported(Struct):
    """What came of the export: its vault, the home it ran in, and what `tests.sealed` reports."""

    vault: Path
    home: Path
    report: dict[str, Any]

    def verified(self) -> subprocess.CompletedProcess[str]:
        """What `tobs verify` says."""
        return subprocess.run(
            [TOBS, "verify", str(self.vault), "--json"],
            env={**os.environ, "TOBS_HOME": str(self.home)},
            check=False,
            capture_output=True,
            text=True,
            timeout=150,
        )


def sealed(folder: Path, *command: str, **environment: str) -> dict[str, Any]:
    """Run a command cut off from every network."""
    folder.mkdir(parents=True, exist_ok=True)
    runner = [sys.executable, "-m", "tests.sealed", str(folder), *command]
    subprocess.run(runner, env={**os.environ, **environment}, check=True, timeout=300)
    return dict(json.loads((folder / "report.json").read_text()))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    """The demo exported once, in all formats, with names of files as people gave them."""
    memory = Path("/dev/shm")  # in memory, where there is some: thousands of files are flushed one by one
    base = memory if os.access(memory, os.W_OK) else tmp_path_factory.mktemp("privacy")
    folder = Path(tempfile.mkdtemp(dir=base))
    vault, home = folder / "vault", folder / "home"
    command = [TOBS, "--demo", "--headless", "--json", "--all-chats", "--output", str(vault), "--pseudonymise"]
    command += ["--format", "markdown,jsonl,html", "--sender-style", "username", "--media-names", "original"]
    report = sealed(folder / "sealed", *command, TOBS_HOME=str(home), TOBS_LAYOUT_TIMEZONE="UTC")
    yield Exported(vault, home, report)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def world() -> World:
    """The demo, as it is when nobody asks for another seed."""
    return load_world("demo", seed=1, messages=None)


def told_of(world: World) -> dict[str, str]:
    """Everything that a person of the world can be told by, and what it is. Emoji are no names to look for."""
    found: dict[str, str] = {}
    for person in world.users.values():
        found[str(person.id)] = "id"
        if person.username:
            found[person.username] = "@name"
        if person.phone:
            found[person.phone] = "phone number"
        if not person.bot and not person.deleted:
            parts = [person.name, person.first_name, person.last_name or ""]
            found |= {part: "name" for part in parts if sum(map(str.isalpha, part)) > 1}
    return found


class Search:
    """Looks for any of some texts, unless it is a part of another word. Most are ruled out by the words that there are:
    a hundred patterns over all of the vault would take minutes."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self._wanted = [(frozenset(WORD.findall(text)), _whole_word(text)) for text in wanted]

    def find(self, text: str) -> list[str]:
        """Those that stand in a text."""
        words = set(WORD.findall(text))
        candidates = (pattern for needed, pattern in self._wanted if needed <= words)
        return [found.group() for pattern in candidates if (found := pattern.search(text)) is not None]


def _whole_word(text: str) -> re.Pattern[str]:
    before = r"(?<![^\W_])" if text[0].isalnum() else ""
    after = r"(?![^\W_])" if text[-1].isalnum() else ""
    return re.compile(f"{before}{re.escape(text)}{after}")


def readings(data: bytes) -> set[str]:
    """A file's text as it is, and as it comes out for a reader: without the escapes of Markdown, HTML and links."""
    raw = data.decode("utf-8", "replace")
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", raw) if "\\" in raw else raw
    plain = html.unescape(plain) if "&" in plain else plain
    return {raw, unquote(plain) if "%" in plain else plain}


def test_nothing_is_sent_anywhere_but_to_telegram(exported: Exported) -> None:
    report = exported.report
    assert report["status"] == 0, report["output"][-2000:] + report["errors"]
    assert report["attempts"] == []
    assert len(report["processes"]) >= 4, "the command, its service, the sandbox and their pools all take notes"
    if not report["sealed"]:
        pytest.skip("this system allows no network namespaces: only Python's own attempts were watched")
    assert report["refused"] == 0


@pytest.mark.parametrize(
    ("script", "place"),
    [(BY_PYTHON, "192.0.2.7"), (BY_PYTHON, "example.org"), (BY_LIBUV, "192.0.2.7"), (BY_LIBUV, "example.org"),
     (BY_LIBUV, "2001:db8::7")],
)  # fmt: skip
def test_an_attempt_would_have_been_noticed(tmp_path: Path, script: str, place: str) -> None:
    report = sealed(tmp_path, sys.executable, "-c", script.format(place=place), TOBS_HOME="")
    if script == BY_PYTHON:
        assert report["attempts"]
    elif report["sealed"]:
        assert report["refused"] > 0
    assert report["status"] == 0, report["errors"]


def test_the_vault_holds_what_the_manifest_says(exported: Exported) -> None:
    assert judged(exported.report["output"])[-1]["outcome"] == "complete"
    told = subprocess.run([TOBS, "sandbox", "manifest"], check=True, capture_output=True, text=True, timeout=60)
    manifest = json.loads(told.stdout)
    with Archive.open(archive_path(exported.vault), read_only=True) as archive:
        key = key_of(archive)
    assert key is not None
    naming = Naming(key)
    for chat in manifest["chats"]:
        chat["id"] = naming.of_id(chat["id"])
    for medium in manifest["media"]:
        medium["chat_id"] = naming.of_id(medium["chat_id"])
    assert differences(exported.vault, manifest) == []


def test_nobody_is_found_in_a_pseudonymised_vault(exported: Exported, world: World) -> None:
    told = told_of(world)
    anybody = Search(told)
    leaks: list[tuple[str, str]] = []
    looked = 0
    for path in exported.vault.rglob("*"):
        texts = readings(os.fsencode(path.relative_to(exported.vault)))
        if path.is_file() and "media" not in path.parts:  # what people have sent is as they sent it
            looked += 1
            texts |= readings(path.read_bytes())
        leaks += [(str(path), found) for text in texts for found in anybody.find(text)]
    assert looked > 500
    assert leaks == []
    kept = archive_path(exported.vault).read_bytes()
    unseen = [text for text, what in told.items() if what != "id" and text.encode() not in kept]
    assert len(unseen) < len(told) / 10, "the archive has them, so that there was something to hide"


def test_what_tells_the_names_lies_beside_the_vault_and_is_not_for_others(exported: Exported) -> None:
    inner = internal_folder(exported.vault)
    assert inner == kept_apart(exported.vault) == exported.vault.with_name("vault.tobs")
    assert inner.stat().st_mode & 0o777 == 0o700
    assert (inner / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert (exported.vault / ".tobs").read_text() == "kept in: vault.tobs\n"


def test_every_link_of_a_pseudonymised_vault_leads_where_it_says(exported: Exported) -> None:
    done = exported.verified()
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last["sound"], last["found"]) == (0, True, []), done.stdout[-2000:]
    assert last["links"] > 10_000


def test_a_vault_rendered_anew_has_the_same_bytes_whatever_is_asked_for(exported: Exported) -> None:
    def files() -> dict[str, bytes]:
        return {
            path.relative_to(exported.vault).as_posix(): path.read_bytes()
            for path in exported.vault.rglob("*")
            if path.is_file()
        }

    before = files()
    for path in exported.vault.rglob("2025-0*"):
        if path.is_file():
            path.unlink()
    looks = judged(exported.report["output"])[0]
    assert looks["output"] == str(exported.vault)
    (report,) = (internal_folder(exported.vault) / "runs").glob("*.json")
    profile = json.loads(report.read_text())["state"]["profile"]
    layout = Layout(**{**profile["layout"], "formats": tuple(Format), "pseudonymise": False})
    done = asyncio.run(rerender(exported.vault, Profile(layout=layout)))
    assert any("shows people by pseudonyms, and stays so" in warning for warning in done.warnings)
    after = files()
    assert sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)) == []
