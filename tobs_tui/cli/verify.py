"""`tobs verify VAULT`: whether everything in a vault is as it was written, complete and readable; and its repair."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tobs_tui.cli.options import Options, Setting
from tobs_tui.config.paths import expanded
from tobs_tui.model.display import clean, count, plural, size
from tobs_tui.model.verifying import number_found, place_found
from tobs_tui.monitor.clock import monotonic

if TYPE_CHECKING:
    from tobs_tui.engine.mend import Mended
    from tobs_tui.engine.verify import Verified
    from tobs_tui.engine.verify_jobs import ArchiveChecked, Finding
    from tobs_tui.model.profile import Profile

SCHEMA = 1
UNSOUND = 3
TELL_EVERY_S = 0.5
"""How often a program that reads the lines hears how far it is."""
_CLEAR = "\r\033[K"


def verify(options: Options, folder: str, *, repair: bool, overwrite: bool) -> int:
    """Look at everything in the vault `folder` ('' = that of the options), and repair it if asked for. `overwrite`:
    also what was changed by hand. Gives the exit status: 0 all is sound, 3 something is (still) wrong.

    Raises `TobsError`.
    """
    setting = Setting(options)
    profile = setting.effective().profile
    vault = expanded(folder).absolute() if folder else Path(profile.output)
    teller = Teller(vault, json_lines=options.json_lines)
    if not repair:
        from tobs_tui.archive.lock import no_run_in

        with no_run_in(vault):
            return teller.conclude(_verify(vault, teller.tell, teller.show))
    return _repair(options, vault, profile, teller, overwrite=overwrite)


def _repair(options: Options, vault: Path, profile: Profile, teller: Teller, *, overwrite: bool) -> int:
    """Verify and mark what is wrong, have that fetched and rendered, then verify again. Gives the exit status."""
    from tobs_tui.archive.lock import VaultLock, no_run_in
    from tobs_tui.archive.schema import archive_path
    from tobs_tui.engine.verify_jobs import ArchiveChecked, check_pages

    if not archive_path(vault).is_file():  # no folder comes into being where there is no vault
        from tobs_tui.model.errors import ErrorCode, TobsError

        raise TobsError(ErrorCode.ARCHIVE_UNUSABLE, f"There is no archive at {vault}.", "Export something there first.")
    with VaultLock(vault):
        healed, renewed = _heal(vault, teller)
        pages = check_pages(str(vault))
        if pages.checked.findings:  # what is written by a damaged archive may be damaged, too
            verified = _verify(vault, teller.tell, teller.show)
            teller.say("The archive has to be restored from a backup before the rest can be repaired.")
            return teller.conclude(verified)
        if renewed:  # they vouch for what is there now: look through all of it
            pages = ArchiveChecked(pages.checked, vouched=False)
        wanted = _profile_for(vault, profile, named=bool(options.profile))
        first, mended = _prepare(vault, pages, teller, overwrite=overwrite)
    mended.kept += healed
    if first.sound:
        return teller.conclude(first, mended if healed or renewed else None)
    _carry_out(options, wanted, mended, teller)
    teller.again()
    with no_run_in(vault):
        return teller.conclude(_verify(vault, teller.tell, teller.show), mended)


def _heal(vault: Path, teller: Teller) -> tuple[int, bool]:
    """Put the archive's pages right as far as they tell themselves how, and its sums; gives how many pages were, and
    whether the sums are new."""
    from tobs_tui.engine.mend import heal_archive, renew_archive_sums
    from tobs_tui.engine.verify_jobs import Subject, check_pages

    healed, renewed = 0, False
    for finding in check_pages(str(vault)).checked.findings:
        if finding.subject is Subject.SUMS:
            teller.tell(finding)
            if not renewed:
                renew_archive_sums(vault)
                teller.say("The sums of the archive's pages are put down anew.")
            renewed = True
            continue
        healed = heal_archive(vault, finding.pages)
        if healed:
            teller.tell(finding)
            teller.say(f"{plural(healed, 'page')} of the archive put right.")
    return healed, renewed


def _verify(
    vault: Path,
    tell: Callable[[Finding], None],
    show: Callable[[Verified], None],
    pages: ArchiveChecked | None = None,
) -> Verified:
    from tobs_tui.engine.verify import verify_vault

    return asyncio.run(verify_vault(vault, tell, show, pages=pages))


def _profile_for(vault: Path, profile: Profile, *, named: bool) -> Profile:
    """How the vault's notes look, and what belongs into it: as the profile says that was named, else as its newest run
    was asked for. Raises `TobsError` when its notes look otherwise."""
    from msgspec.structs import replace as with_fields

    from tobs_tui.archive.archive import Archive
    from tobs_tui.archive.schema import archive_path
    from tobs_tui.engine.rerender import check_options
    from tobs_tui.engine.vault_asked import profile_of_vault

    with Archive.open(archive_path(vault), read_only=True) as archive:
        known = None if named else profile_of_vault(vault, archive.vault_options())
    wanted = with_fields(known, performance=profile.performance) if known is not None else profile
    wanted = with_fields(wanted, output=str(vault))
    check_options(vault, wanted)
    return wanted


def _prepare(vault: Path, pages: ArchiveChecked, teller: Teller, *, overwrite: bool) -> tuple[Verified, Mended]:
    """Verify, and mark what is wrong on the way."""
    from tobs_tui.archive.archive import Archive
    from tobs_tui.archive.schema import archive_path
    from tobs_tui.engine.mend import Mender

    with Archive.open(archive_path(vault)) as archive:
        mender = Mender(vault, archive, overwrite=overwrite)

        def hear(finding: Finding) -> None:
            teller.tell(finding)
            mender.take(finding)

        return _verify(vault, hear, teller.show, pages), mender.finish()


def _carry_out(options: Options, profile: Profile, mended: Mended, teller: Teller) -> None:
    """Fetch what has to come from Telegram, then render what has to be rendered."""
    from tobs_tui.cli.export import export_headless
    from tobs_tui.engine.rerender import rerender

    if mended.chats:
        teller.say(f"Fetching again what is missing from {plural(len(mended.chats), 'chat')}.")
        export_headless(
            replace(options, output=profile.output), profile.targets.only(mended.chats), instead_of_profile=profile
        )
    if mended.render:
        done = asyncio.run(rerender(Path(profile.output), profile))
        teller.say(f"{plural(done.notes, 'note')} rendered again.")


class Teller:
    """Says what was found: as lines for people, or as JSON lines; progress on a terminal only."""

    def __init__(self, vault: Path, *, json_lines: bool) -> None:
        self._vault, self._json = vault, json_lines
        self._titles: dict[int, str] | None = None
        self._still = False
        self._told = monotonic()

    def tell(self, finding: Finding) -> None:
        """One thing that is wrong."""
        self._wipe()
        if self._json:
            self._print_json({"event": "still_wrong" if self._still else "finding", **self._fields(finding)})
            return
        title = self._title(finding.chat) if finding.chat and not finding.path else ""
        where = place_found(finding.path, finding.line, title, finding.lo, finding.hi)
        click.echo(f"{finding.fault.value}: {where}: {clean(finding.reason, 500)}.")

    def _fields(self, finding: Finding) -> dict[str, object]:
        """A finding for programs; every key is always there."""
        return {
            "what": finding.subject.value,
            "fault": finding.fault.value,
            "path": finding.path,
            "line": finding.line,
            "chat": finding.chat,
            "title": self._title(finding.chat) if finding.chat else "",
            "first_id": finding.lo,
            "last_id": finding.hi,
            "reason": finding.reason,
        }

    def _title(self, chat: int) -> str:
        """A chat's title; its number where the archive does not tell."""
        if self._titles is None:
            from tobs_tui.archive.archive import Archive
            from tobs_tui.archive.schema import archive_path
            from tobs_tui.model.errors import TobsError

            try:
                with Archive.open(archive_path(self._vault), read_only=True, sealed=True) as archive:
                    self._titles = {record.id: record.title for record in archive.chats()}
            except TobsError:
                self._titles = {}
        return self._titles.get(chat) or f"chat {chat}"

    def say(self, sentence: str) -> None:
        """A word on what is being done."""
        self._wipe()
        if not self._json:
            click.echo(sentence)

    def again(self) -> None:
        """From now on things are told that are still wrong."""
        self._still = True
        self.say("Verifying once more.")

    def show(self, verified: Verified) -> None:
        """How far it is: on a terminal at once, as JSON lines now and then."""
        if self._json and monotonic() - self._told >= TELL_EVERY_S:
            self._told = monotonic()
            self._print_json({"event": "progress", **_looked_at(verified)})
        if sys.stderr.isatty():
            files, messages = count(verified.files), count(verified.messages)
            text = f"Verifying: {messages} messages, {files} files, {size(verified.bytes)}"
            click.echo(f"{_CLEAR}{text}", nl=False, err=True)

    def _wipe(self) -> None:
        if sys.stderr.isatty():
            click.echo(_CLEAR, nl=False, err=True)

    def conclude(self, verified: Verified, mended: Mended | None = None) -> int:
        """The last word, and the exit status."""
        self._wipe()
        status = 0 if verified.sound else UNSOUND
        if self._json:
            self._print_json(_summary(verified, mended, status, self._vault))
            return status
        if mended is not None and mended.kept:
            click.echo(f"What was there before is kept: {plural(mended.kept, 'file')} in .tobs/damaged.")
        looked = (
            f"{plural(verified.messages, 'message')}, {plural(verified.files, 'file')}, "
            f"{plural(verified.links, 'link')}, {size(verified.bytes)}"
        )
        if verified.sound:
            click.echo(f"All is sound and complete: {looked}.")
        else:
            counts = ", ".join(
                number_found(subject.value, fault.value, number)
                for (subject, fault), number in sorted(verified.found.items())
            )
            click.echo(f"{'Still wrong' if mended is not None else 'Wrong'}: {counts}. Looked at {looked}.")
        return status

    def _print_json(self, fields: dict[str, object]) -> None:
        import msgspec

        click.echo(msgspec.json.encode(fields))


def _looked_at(verified: Verified) -> dict[str, int]:
    return {
        "messages": verified.messages,
        "files": verified.files,
        "links": verified.links,
        "bytes": verified.bytes,
    }


def _summary(verified: Verified, mended: Mended | None, status: int, vault: Path) -> dict[str, object]:
    return {
        "event": "verified",
        "schema": SCHEMA,
        "sound": verified.sound,
        "exit_status": status,
        "output": str(vault),
        **_looked_at(verified),
        "seconds": round(verified.seconds, 3),
        "found": [
            {"what": subject.value, "fault": fault.value, "count": number}
            for (subject, fault), number in sorted(verified.found.items())
        ],
        "repaired": mended is not None,
        "kept": mended.kept if mended is not None else 0,
    }
