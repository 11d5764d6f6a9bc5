"""What could not be had so far: the vault's files that failed, and the chats that its last run left incomplete."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
from loguru import logger
from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope
from tobs_tui.archive.schema import archive_path, internal_folder
from tobs_tui.model.run import Failure, Outcome

FILE = "file"


class _State(Struct):
    failures: tuple[Failure, ...] = ()
    outcome: Outcome | None = None


class _Report(Struct):
    """As `report.RunReport`, of which most is passed over; older versions have that much, too."""

    state: _State


class Missing(Struct, frozen=True):
    """One thing that could not be had. `target` is the chat to export for it: itself, or the supergroup that a basic
    group became. `kind` and `size` (bytes) are a file's."""

    chat: int
    target: int
    title: str
    what: str
    reason: str
    message_id: int = 0
    kind: str = ""
    size: int = 0


def missing_from(vault: Path) -> list[Missing]:
    """Everything that is known to be missing from a vault, files first. Raises TobsError where there is no archive."""
    found: list[Missing] = []
    with Archive.open(archive_path(vault), read_only=True) as archive:
        chats = {record.id: record for record in archive.chats()}
        for task, reason in archive.failed_files(FileFilter(tuple(map(FileScope, chats)))):
            record = chats[task.chat]
            target = record.migrated_to or record.id
            found.append(
                Missing(task.chat, target, record.title, FILE, reason, task.message_id, task.kind.value, task.file.size)
            )
    for failure in _last_failures(vault):
        if failure.what != FILE and failure.chat:
            known = chats.get(failure.chat)
            target = known.migrated_to if known is not None and known.migrated_to else failure.chat
            found.append(Missing(failure.chat, target, failure.title, failure.what, failure.reason, failure.message_id))
    return found


def _last_failures(vault: Path) -> tuple[Failure, ...]:
    """What the newest report of a run in the vault tells that was not killed; nothing where there is none."""
    with contextlib.suppress(OSError):
        for path in sorted((internal_folder(vault) / "runs").glob("*.json"), reverse=True):
            try:
                state = msgspec.json.decode(path.read_bytes(), type=_Report).state
            except msgspec.MsgspecError as error:
                logger.warning("the report {} cannot be read: {}", path.name, error)
                break
            if state.outcome is not None:
                return state.failures
    return ()
