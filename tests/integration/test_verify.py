"""Verifying a vault: every kind of damage is found and named, repaired, and the vault is what it was, byte for byte."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.integration.conftest import _telethon_apart
from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tests.integration.verify_help import (
    Damage,
    flip,
    found_in,
    internal_listing,
    lose_messages,
    lose_rows,
    repair,
)
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock, no_run_in
from tobs_tui.archive.page_sums import changed_pages, sums_path
from tobs_tui.archive.schema import archive_path, internal_folder, kept_apart
from tobs_tui.engine.mend import HEALED_AT_MOST, heal_archive
from tobs_tui.engine.verify_jobs import check_pages
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.profile import Filters, Format, Layout
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.world import World

MUSEUM = -1001680000001
FOLDER = "Message Museum 🏛 (c1680000001)"
NOTE = f"{FOLDER}/2025-03.md"
LAYOUT = Layout(timezone="Europe/Berlin", formats=(Format.MARKDOWN, Format.HTML))


@pytest.fixture(scope="module")
def museum(demo_world: World, memory: Path) -> Path:
    """One chat with every kind of message and file, exported once. Copy it; nothing may change it."""
    folder = memory / "museum"
    folder.mkdir()

    async def export() -> None:
        async with SandboxServer(demo_world) as server:
            async with account_at(address_of(server), folder / "session", demo_world) as account:
                state = await account.export(folder / "vault", profile_of((MUSEUM,), layout=LAYOUT))
                assert state.outcome is Outcome.COMPLETE

    with _telethon_apart():
        asyncio.run(export())
    return folder / "vault"


@pytest.fixture
def vault(museum: Path, quick_path: Path) -> Path:
    """A vault to do damage to."""
    return Path(shutil.copytree(museum, quick_path / "vault", copy_function=_linked(museum)))


def _linked(museum: Path):
    """Copies as `cp -a` does: names of one file stay names of one file."""
    copies: dict[int, str] = {}

    def copy(source: str, target: str) -> str:
        known = copies.setdefault(Path(source).stat().st_ino, target)
        if known != target:
            Path(target).hardlink_to(known)
            return target
        return str(shutil.copy2(source, target))

    return copy


def medium_of(vault: Path) -> Path:
    """A file that has this name and the store's only."""
    return next(path for path in sorted((vault / FOLDER / "media" / "2025-03").iterdir()) if path.stat().st_nlink == 2)


def lose_content(vault: Path) -> None:
    medium = medium_of(vault)
    store = internal_folder(vault) / "store"
    next(path for path in store.rglob("*") if path.samefile(medium)).unlink()
    medium.unlink()


def style_of(vault: Path) -> Path:
    return next(path for path in vault.rglob("*.css"))


def page_of_messages(vault: Path) -> int:
    """A place in the archive where the text of a message stands."""
    at = archive_path(vault).read_bytes().find(b"Museum")
    assert at > 0
    return at


BY_ITSELF: dict[str, tuple[Damage, tuple[str, str]]] = {
    "byte in a note": (lambda vault: flip(vault / NOTE), ("note", "damaged")),
    "byte in a note, by a program": (lambda vault: flip(vault / NOTE, quietly=False), ("note", "damaged")),
    "byte no text has": (lambda vault: flip(vault / NOTE, quietly=False, change=0x80), ("note", "damaged")),
    "byte in an index": (lambda vault: flip(vault / "index.md"), ("page", "damaged")),
    "byte in a page's style": (lambda vault: flip(style_of(vault)), ("page", "damaged")),
    "bit in the archive": (
        lambda vault: flip(archive_path(vault), page_of_messages(vault)),
        ("archive", "damaged"),
    ),
    "bit in an unused place of the archive": (
        lambda vault: flip(archive_path(vault), 8192 * 2 + 4000),
        ("archive", "damaged"),
    ),
    "a note is gone": (lambda vault: (vault / NOTE).unlink(), ("note", "missing")),
    "a page is gone": (lambda vault: (vault / NOTE).with_suffix(".html").unlink(), ("note", "missing")),
    "an index is gone": (lambda vault: (vault / FOLDER / "index.md").unlink(), ("page", "missing")),
    "a medium is gone": (lambda vault: medium_of(vault).unlink(), ("medium", "missing")),
}
FROM_TELEGRAM: dict[str, tuple[Damage, tuple[str, str]]] = {
    "byte in a medium": (lambda vault: flip(medium_of(vault)), ("medium", "damaged")),
    "a medium is gone with its content": (lose_content, ("medium", "missing")),
    "messages were not fetched": (lambda vault: lose_messages(vault, 60, 90), ("messages", "missing")),
    "messages are not where the ledger says": (lambda vault: lose_rows(vault, 60, 62), ("messages", "missing")),
}


async def test_a_sound_vault_is_sound_and_left_without_a_trace(museum: Path) -> None:
    before = internal_listing(museum)
    verified, findings = await found_in(museum)
    assert findings == [] and verified.sound
    assert verified.messages > 200 and verified.links > 200 and verified.files > 40
    assert internal_listing(museum) == before


@pytest.mark.parametrize("what", BY_ITSELF)
async def test_damage_is_found_and_repaired_without_network(what: str, museum: Path, vault: Path) -> None:
    await _found_and_repaired(what, BY_ITSELF, museum, vault, None)


@pytest.mark.parametrize("what", FROM_TELEGRAM)
async def test_what_is_lost_is_found_and_fetched(what: str, museum: Path, vault: Path, account: Account) -> None:
    await _found_and_repaired(what, FROM_TELEGRAM, museum, vault, account)


async def _found_and_repaired(
    what: str,
    damages: dict[str, tuple[Damage, tuple[str, str]]],
    museum: Path,
    vault: Path,
    account: Account | None,
) -> None:
    damage, wanted = damages[what]
    damage(vault)
    verified, findings = await found_in(vault)
    assert wanted in {(finding.subject, finding.fault) for finding in findings}, findings
    assert not verified.sound
    after, mended = await repair(account, vault)  # type: ignore[arg-type]
    assert after.sound, after.found
    assert bool(mended.chats) is (account is not None)
    assert vault_bytes(vault) == vault_bytes(museum)
    assert bool(mended.kept) is (wanted[1] == "damaged"), "what was there is kept"


async def test_what_a_person_wrote_is_left_alone_unless_they_say_so(museum: Path, vault: Path) -> None:
    note, medium = vault / NOTE, medium_of(vault)
    note.write_text(note.read_text() + "\nmy own words\n")
    medium.unlink()
    medium.write_bytes(b"my own picture")
    _, findings = await found_in(vault)
    edited = {finding.path for finding in findings if finding.fault == "edited"}
    assert edited == {NOTE, medium.relative_to(vault).as_posix()} and len(findings) == 2
    after, mended = await repair(None, vault)  # type: ignore[arg-type]
    assert not after.sound and not mended.kept
    assert note.read_text().endswith("\nmy own words\n") and medium.read_bytes() == b"my own picture"

    after, mended = await repair(None, vault, overwrite=True)  # type: ignore[arg-type]
    assert after.sound and vault_bytes(vault) == vault_bytes(museum)
    kept = [path.read_bytes() for path in (internal_folder(vault) / "damaged").rglob("*") if path.is_file()]
    assert b"my own picture" in kept and any(content.endswith(b"\nmy own words\n") for content in kept)


async def test_an_archive_that_was_cut_off_is_told_at_once(vault: Path) -> None:
    os.truncate(archive_path(vault), 100_000)
    pages = check_pages(str(vault)).checked.findings[0].pages
    assert heal_archive(vault, pages) == 0
    assert heal_archive(vault, pages[:HEALED_AT_MOST]) == 0
    assert not (internal_folder(vault) / "damaged").exists()


async def test_what_is_no_file_is_put_aside_and_never_waited_for(museum: Path, vault: Path) -> None:
    index, page = vault / FOLDER / "index.md", (vault / NOTE).with_suffix(".html")
    for path in (index, page, vault / NOTE):
        path.unlink()
    os.mkfifo(index)
    os.mkfifo(page)
    (vault / NOTE).mkdir()
    _, findings = await found_in(vault)
    assert {finding.path for finding in findings if finding.fault == "edited"} >= {
        path.relative_to(vault).as_posix() for path in (index, page, vault / NOTE)
    }
    after, mended = await repair(None, vault, overwrite=True)  # type: ignore[arg-type]
    assert after.sound and vault_bytes(vault) == vault_bytes(museum)
    assert mended.kept == 3


async def test_a_pipe_for_a_note_does_not_hold_up_the_repair_of_another(museum: Path, vault: Path) -> None:
    (vault / NOTE).unlink()
    os.mkfifo(vault / NOTE)
    (vault / FOLDER / "index.md").unlink()
    after, _ = await repair(None, vault)  # type: ignore[arg-type]
    assert after.sound and vault_bytes(vault) == vault_bytes(museum)


async def test_a_run_keeps_a_persons_file_that_it_takes_the_place_of(vault: Path, account: Account) -> None:
    medium = medium_of(vault)
    right = medium.read_bytes()
    medium.unlink()
    medium.write_bytes(b"my own picture")
    assert (await account.export(vault, profile_of((MUSEUM,), layout=LAYOUT))).outcome is Outcome.COMPLETE
    assert medium.read_bytes() == right
    kept = [path.read_bytes() for path in (internal_folder(vault) / "edited").rglob("*") if path.is_file()]
    assert kept == [b"my own picture"]


async def test_a_link_that_leads_nowhere_is_told_with_its_line(vault: Path) -> None:
    medium = medium_of(vault)
    medium.unlink()
    _, findings = await found_in(vault)
    (link,) = [finding for finding in findings if finding.subject == "link" and finding.path == NOTE]
    assert medium.name in (vault / NOTE).read_text().splitlines()[link.line - 1]
    assert link.reason == f"media/2025-03/{medium.name} leads to a file that is not there"


async def test_a_vault_that_is_being_written_is_not_verified(vault: Path) -> None:
    with VaultLock(vault), pytest.raises(TobsError) as caught, no_run_in(vault):
        pass
    assert caught.value.code is ErrorCode.VAULT_IN_USE
    with no_run_in(vault), pytest.raises(TobsError):
        VaultLock(vault).acquire()


async def test_a_part_of_a_chat_lacks_nothing_that_was_asked_for(account: Account, quick_path: Path) -> None:
    profile = replace(profile_of((MUSEUM,), layout=LAYOUT), filters=Filters(last=20))
    assert (await account.export(quick_path / "part", profile)).outcome is Outcome.COMPLETE
    verified, findings = await found_in(quick_path / "part")
    assert findings == [] and verified.messages == 20


async def test_an_archive_without_sums_is_told_and_given_new_ones(museum: Path, vault: Path) -> None:
    sums = sums_path(archive_path(vault))
    right = sums.read_bytes()
    sums.unlink()
    assert [(one.subject, one.fault) for one in (await found_in(vault))[1]] == [("sums", "missing")]
    with Archive.open(archive_path(vault)) as archive:  # what a run writes has sums, the rest has none
        archive.put_peers([Peer(5, PeerKind.USER, "Ada")])
    pages = changed_pages(archive_path(vault))
    assert not pages.changed and pages.unknown
    assert [(one.subject, one.fault) for one in (await found_in(vault))[1]] == [("sums", "missing")]
    after, _ = await repair(None, vault)  # type: ignore[arg-type]
    assert after.sound and after.vouched
    assert vault_bytes(vault) == vault_bytes(museum)
    assert len(sums.read_bytes()) >= len(right)


@pytest.mark.parametrize("at", [20, -8, -1], ids=["first page", "last page", "last byte"])
async def test_a_byte_of_the_sums_is_no_damage_to_the_archive(museum: Path, vault: Path, at: int) -> None:
    sums = sums_path(archive_path(vault))
    right = sums.read_bytes()
    flip(sums, at % len(right))
    (finding,) = (await found_in(vault))[1]
    assert (finding.subject, finding.fault, finding.path) == ("sums", "damaged", ".tobs/archive.sums")
    after, _ = await repair(None, vault)  # type: ignore[arg-type]
    assert after.sound and after.vouched
    assert sums.read_bytes() == right


@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
async def test_what_is_no_file_of_sums_is_nothing_to_wait_for(vault: Path, kind: str) -> None:
    sums = sums_path(archive_path(vault))
    sums.unlink()
    {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda path: path.symlink_to("/dev/zero")}[kind](sums)
    assert [(one.subject, one.fault) for one in (await found_in(vault))[1]] == [("sums", "missing")]
    if kind != "folder":
        assert (await repair(None, vault))[0].sound  # type: ignore[arg-type]


async def test_a_link_of_a_persons_is_left_alone_though_it_leads_nowhere_now(museum: Path, vault: Path) -> None:
    """As a note that lies on a disk which is not plugged in; another note has links to it."""
    for target in ("/mnt/not-plugged-in/mine.md", Path(NOTE).name):
        (vault / NOTE).unlink()
        (vault / NOTE).symlink_to(target)
        findings = (await found_in(vault))[1]
        assert {one.path for one in findings if one.subject in ("note", "page")} == {NOTE}, findings
        assert [one.fault for one in findings if one.path == NOTE] == ["edited"]
        (vault / FOLDER / "index.md").unlink()
        await repair(None, vault)  # type: ignore[arg-type]
        assert (vault / NOTE).readlink() == Path(target)
    after, _ = await repair(None, vault, overwrite=True)  # type: ignore[arg-type]
    assert after.sound and vault_bytes(vault) == vault_bytes(museum)
    kept = [path for path in (internal_folder(vault) / "damaged").rglob("*.md") if path.is_symlink()]
    assert [path.readlink() for path in kept] == [Path(Path(NOTE).name)]


def test_a_pipe_in_place_of_a_vaults_own_folder_is_nothing_to_wait_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".tobs")
    assert kept_apart(tmp_path) is None
    with pytest.raises(TobsError, match="no archive"):
        asyncio.run(found_in(tmp_path))
