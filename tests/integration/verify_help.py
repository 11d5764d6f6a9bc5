"""What the tests of verifying share: damage to a vault, and a repair as the command line does it, without a service."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.integration.engine_help import QUICK, Account
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock
from tobs_tui.archive.schema import archive_path, internal_folder
from tobs_tui.engine.mend import Mended, Mender, heal_archive, renew_archive_sums
from tobs_tui.engine.rerender import rerender
from tobs_tui.engine.vault_asked import profile_of_vault
from tobs_tui.engine.verify import Verified, verify_vault
from tobs_tui.engine.verify_jobs import Finding, Subject, check_pages

Damage = Callable[[Path], None]


def flip(path: Path, at: int = -1, *, quietly: bool = True, change: int = 1) -> None:
    """Change one byte in the middle of a file, or at a place; `quietly` as disks do it: its times stay."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 2 if at < 0 else at)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ change]))
    if quietly:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def lose_messages(vault: Path, first: int, last: int) -> None:
    """Make an archive what a run leaves that ended before these messages were fetched."""
    with Archive.open(archive_path(vault)) as archive, archive.transaction() as db:
        (chat,) = db.execute("SELECT id FROM chats").fetchone()
        db.execute("DELETE FROM messages WHERE id BETWEEN ? AND ?", (first, last))
        db.execute("DELETE FROM files WHERE message BETWEEN ? AND ?", (first, last))
        lo, hi = db.execute("SELECT lo, hi FROM ledger").fetchone()
        db.execute("DELETE FROM ledger")
        parts = [(chat, 0, lo, first - 1), (chat, 0, last + 1, hi)]
        db.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?)", parts)


def lose_rows(vault: Path, first: int, last: int) -> None:
    """Have an archive forget messages that its ledger goes on to promise, behind its back."""
    with sqlite3.connect(archive_path(vault)) as db:
        db.execute("DELETE FROM messages WHERE id BETWEEN ? AND ?", (first, last))


async def found_in(vault: Path) -> tuple[Verified, list[Finding]]:
    """What verifying a vault tells."""
    findings: list[Finding] = []
    return await verify_vault(vault, findings.append), findings


async def repair(account: Account, vault: Path, *, overwrite: bool = False) -> tuple[Verified, Mended]:
    """Repair a vault; gives what another look at it tells, and what was done."""
    with VaultLock(vault):
        healed = 0
        for finding in check_pages(str(vault)).checked.findings:
            if finding.subject is Subject.SUMS:
                renew_archive_sums(vault)
            else:
                healed += heal_archive(vault, finding.pages)
        pages = check_pages(str(vault))
        with Archive.open(archive_path(vault)) as archive:
            profile = profile_of_vault(vault, archive.vault_options())
            assert profile is not None
            mender = Mender(vault, archive, overwrite=overwrite)
            await verify_vault(vault, mender.take, pages=pages)
            mended = mender.finish()
    if mended.chats:
        await account.export(vault, _quick(profile, mended))
    if mended.render:
        await rerender(vault, profile)
    mended.kept += healed
    return (await found_in(vault))[0], mended


def _quick(profile, mended: Mended):
    from msgspec.structs import replace

    return replace(profile, targets=profile.targets.only(mended.chats), performance=QUICK)


def internal_listing(vault: Path) -> dict[str, int]:
    """Every file of a vault's own folder, with its time of change."""
    folder = internal_folder(vault)
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}
