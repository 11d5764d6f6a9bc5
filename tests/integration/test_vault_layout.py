"""Whatever the layout: every link leads where it says, nothing is left over, the way back ends in the same bytes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from telethon.tl import types

from tests.conformance.judge import PARSER
from tests.integration.engine_help import BERLIN, account_at, address_of, profile_of, vault_bytes
from tests.integration.test_engine_export import CHANNEL, DISCUSSION, FORUM, IVAN, OFFICE, ZOE
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.link_check import LinkChecker, markdown_files
from tobs_tui.engine.rerender import rerender
from tobs_tui.model.profile import Anchors, Filters, Format, Layout, MediaNames, SenderStyle, Split
from tobs_tui.model.run import Outcome
from tobs_tui.render.note_links import Link, read_links
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world

SHOWN_LINK = re.compile(r'<a href="([^"]*)"|<img src="([^"]*)"')
LAYOUTS = [
    Layout(Split.DAY, Anchors.BLOCK, 0, SenderStyle.LINK, MediaNames.ORIGINAL, "Asia/Kolkata"),
    Layout(Split.YEAR, Anchors.NONE, 3, SenderStyle.USERNAME, MediaNames.ID, "America/New_York"),
    Layout(Split.SINGLE, Anchors.HEADING, 5, SenderStyle.ID, MediaNames.ORIGINAL, "UTC"),
]


def dead_links(vault: Path) -> list[object]:
    """The dead links of a vault that has links."""
    checker = LinkChecker(vault)
    found = list(checker.check())
    assert checker.links
    return list(found)


def strays(vault: Path) -> set[str]:
    """Files and empty folders of a vault that the archive knows nothing of."""
    with Archive.open(archive_path(vault), read_only=True) as archive:
        known = {path for path, _ in archive.note_paths()}
        known |= {f"{Path(path).parts[0]}/index.md" for path in known} | {"index.md"}
        files = FileFilter(tuple(FileScope(record.id) for record in archive.chats()))
        known |= {state.path for _, state in archive.done_files(files, 10**6)}
    there = {
        path.relative_to(vault).as_posix()
        for path in vault.rglob("*")
        if ".tobs" not in path.parts and (path.is_file() or not any(path.iterdir()))
    }
    return {path for path in there - known if not path.endswith("before-migration/index.md")}


def paths_in(vault: Path) -> Iterator[str]:
    """Every folder and file of a vault, while another process may remove some."""
    for folder, _, files in os.walk(vault):
        yield folder
        yield from (f"{folder}/{name}" for name in files)


def copied(vault: Path, place: Path) -> Path:
    """A copy of a vault that a test may change."""
    return Path(shutil.copytree(vault, place))


def test_every_link_of_the_demo_vault_leads_where_it_says(demo_vault: Path) -> None:
    assert dead_links(demo_vault) == []
    assert strays(demo_vault) == set()


def test_the_follower_of_links_sees_what_a_markdown_parser_sees(demo_vault: Path) -> None:
    seen = 0
    for name in markdown_files(demo_vault):
        if not re.match(r"(Message Museum|Daily Orbit 🛰|_|index)", name):
            continue
        text = (demo_vault / name).read_text(encoding="utf-8")
        ours = [(found.address, found.image) for found in read_links(text.split("\n")) if isinstance(found, Link)]
        shown = PARSER.render(text.split("\n---\n", 1)[1])
        theirs = [(unescape(href or src), bool(src)) for href, src in SHOWN_LINK.findall(shown)]
        assert [(PARSER.normalizeLink(address), image) for address, image in ours] == theirs, name
        seen += len(ours)
    assert seen > 300


async def test_every_layout_has_live_links_and_no_stray_file_and_leads_back(demo_vault: Path, quick_path: Path) -> None:
    vault = copied(demo_vault, quick_path / "vault")
    for layout in LAYOUTS:
        done = await rerender(vault, replace(BERLIN, layout=layout))
        assert not done.failures
        assert dead_links(vault) == []
        assert strays(vault) == set()
        names = {path.name for path in vault.rglob("media/**/*")}
        assert ("m64.mp4" in names, "sunset (m64).mp4" in names) == (
            layout.media_names is MediaNames.ID,
            layout.media_names is MediaNames.ORIGINAL,
        )
    await rerender(vault, BERLIN)
    assert vault_bytes(vault) == vault_bytes(demo_vault)


async def test_a_thousand_new_messages_only_lengthen_the_notes_that_are_there(
    demo_vault: Path, quick_path: Path
) -> None:
    vault, world = copied(demo_vault, quick_path / "vault"), load_world("demo")
    before = vault_bytes(vault)
    for number in range(1000):
        chat = (FORUM, OFFICE, DISCUSSION, ZOE)[number % 4]
        if chat == FORUM:
            world.post(chat, IVAN, f"news {number}", thread=4)
        else:
            answered = types.MessageReplyHeader(reply_to_msg_id=world.histories[chat].ids[-1 - number % 7])
            world.post(chat, IVAN, f"news {number}", reply_to=answered)
    wanted = replace(BERLIN, layout=replace(BERLIN.layout, formats=(Format.MARKDOWN, Format.JSONL)))
    await rerender(vault, wanted)
    before |= vault_bytes(vault)
    async with SandboxServer(world) as server:
        async with account_at(address_of(server), quick_path / "session", world) as account:
            state = await account.export(vault, wanted)
    assert (state.outcome, state.totals.messages_new) == (Outcome.COMPLETE, 1000)
    after = vault_bytes(vault)
    grown = {path for path in before if after[path] != before[path] and not path.endswith("index.md")}
    assert {path for path in grown if not after[path].startswith(before[path])} == set()
    assert len(grown) >= 4
    assert dead_links(vault) == []
    for kept in Path(vault).rglob("*.md"):
        kept.unlink()
    await rerender(vault, wanted)
    assert vault_bytes(vault) == after, "growing ends in what writing anew does"


@pytest.mark.parametrize(
    ("chats", "parts"),
    [
        ([CHANNEL, DISCUSSION, FORUM], {"filters": Filters(text="/[aeiou]{2}/")}),
        ([CHANNEL, OFFICE, FORUM], {"topics": ()}),
        ([DISCUSSION, OFFICE], {"filters": Filters(last=40)}),
    ],
)
async def test_links_of_a_part_of_a_vault_lead_to_what_is_there(
    sandbox: SandboxServer, quick_path: Path, chats: list[int], parts: dict[str, Any]
) -> None:
    async with account_at(address_of(sandbox), quick_path / "session", sandbox.world) as account:
        await account.export(quick_path / "vault", profile_of(chats, **parts))
    assert dead_links(quick_path / "vault") == []
    assert strays(quick_path / "vault") == set()


def tobs(vault: Path, home: Path, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
    """`tobs` in a process of its own."""
    command = [sys.executable, "-m", "tobs_tui", *arguments, "--output", str(vault)]
    environ = {"PATH": os.environ["PATH"], "TOBS_HOME": str(home), **environ}
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_an_archive_gives_the_same_bytes_in_another_place_zone_and_process(demo_vault: Path, quick_path: Path) -> None:
    copy = quick_path / "elsewhere" / "another name"
    shutil.copytree(demo_vault / ".tobs", copy / ".tobs")
    for media in demo_vault.rglob("media"):
        shutil.copytree(media, copy / media.relative_to(demo_vault))
    process = tobs(
        copy, quick_path, "render", TOBS_LAYOUT_TIMEZONE="Europe/Berlin", TZ="Pacific/Chatham", PYTHONHASHSEED="7"
    )
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert vault_bytes(copy) == vault_bytes(demo_vault)


def test_a_change_of_layout_that_is_killed_goes_on_and_ends_the_same(demo_vault: Path, quick_path: Path) -> None:
    vault = copied(demo_vault, quick_path / "vault")
    other = ("render", "--relayout", "--split", "year", "--media-names", "original")
    kills = 0
    for begun in (r"/media/\d{4}$", r"/\d{4}\.md$"):
        process = tobs(vault, quick_path, *other, TOBS_LAYOUT_TIMEZONE="Europe/Berlin")
        while process.poll() is None and not any(re.search(begun, path) for path in paths_in(vault)):
            time.sleep(0.001)
        kills += process.poll() is None
        process.kill()
        process.communicate()
    assert kills
    assert strays(vault), "a kill that leaves nothing half done proves nothing"
    process = tobs(vault, quick_path, *other, TOBS_LAYOUT_TIMEZONE="Europe/Berlin")
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert dead_links(vault) == []
    assert strays(vault) == set()
