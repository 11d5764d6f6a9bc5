"""Files in trouble, over the wire: each ends as it should, none holds up the others, and a retry mends the rest."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.engine_help import Account, account_at, address_of, profile_of
from tobs_tui.engine import media_source
from tobs_tui.engine.failures import missing_from
from tobs_tui.media.parts import LARGE_PART_SIZE
from tobs_tui.model.media import File, FileKind
from tobs_tui.model.profile import Layout, MediaOptions
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.bench_files import add_channel, document_of, empty_world
from tobs_tui.sandbox.worlds.files import StoredFile
from tobs_tui.telegram import line

PART, UTC = "upload.getFile", Layout(timezone="UTC")
SIZE = 700_000  # two parts
SOUND = ("plain.bin", "expired.bin", "flood.bin", "premium.bin", "busy.bin", "once wrong.bin", "once short.bin")
WAITED = ("plain.bin", "flood.bin", "premium.bin")
NAMED = ("../../../etc/passwd", "x" * 396 + ".bin", "...", "CON.txt", "a\x1b[31m\n<b>.md")
LOST = ("gone.bin", "wrong.bin", "short.bin", "nowhere.bin", "silent.bin")


@pytest.fixture
async def troubled(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SandboxServer]:
    """A channel with a file for every sort of trouble; also small ones are held against Telegram's checksums."""
    monkeypatch.setattr(media_source, "HASHES_FROM", 1)
    world = empty_world()
    # A data centre that has asked to wait is asked more slowly from then on: the other one has the other files.
    files = [document_of(world, name, SIZE, dc=4 if name in WAITED else 2) for name in (*SOUND, *NAMED, *LOST)]
    files += [document_of(world, "cdn.bin", SIZE, cdn=True), document_of(world, "empty.bin", 0)]
    add_channel(world, files)
    async with SandboxServer(world) as server:
        yield server


def spoil(server: SandboxServer, files: dict[str, StoredFile]) -> None:
    """Have every file meet its trouble."""
    for name, method, trouble in (
        ("flood.bin", PART, {"error": "FLOOD_WAIT_1"}),
        ("premium.bin", PART, {"error": "FLOOD_PREMIUM_WAIT_1", "after": 1}),
        ("busy.bin", PART, {"error": "Timeout", "code": -503, "times": 2}),
        ("once wrong.bin", PART, {"flip": True}),
        ("once short.bin", PART, {"truncate": 5, "after": 1}),
        ("wrong.bin", PART, {"flip": True, "times": 0}),
        ("short.bin", PART, {"truncate": 5, "times": 0}),
        ("nowhere.bin", PART, {"error": "LOCATION_INVALID", "code": 400, "times": 0}),
        ("silent.bin", PART, {"delay_s": 3600.0, "times": 0}),
    ):
        server.faults.add(Fault(method, file=files[name].id, **trouble))  # type: ignore[arg-type]


def there(vault: Path) -> dict[str, str]:
    """The digest of each message's file."""
    return {
        path.name.partition(".")[0]: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vault.rglob("media/*/m*")
        if path.is_file() and ".tobs" not in path.parts
    }


async def test_every_sort_of_trouble_ends_as_it_should_and_a_retry_mends_what_it_can(
    troubled: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, world = tmp_path / "vault", troubled.world
    chat = world.dialogs[0].peer
    log = world.histories[chat]
    ids = {draft.file.attributes[0].file_name: draft.id for draft in log.drafts}  # type: ignore[attr-defined]
    files = {name: log.draft(ident).file for name, ident in ids.items()}  # type: ignore[attr-defined]
    async with account_at(address_of(troubled), tmp_path / "session", world) as account:
        await account.export(vault, profile_of(layout=UTC, media=MediaOptions(download=False)))
        world.files.expire_references()
        world.delete_messages(chat, [ids["gone.bin"]])
        spoil(troubled, files)
        with monkeypatch.context() as hurried:
            hurried.setattr(line, "REQUEST_TIMEOUT_S", 0.8)
            state = await account.export(vault, profile_of(layout=UTC))
        assert state.outcome is Outcome.INCOMPLETE
        reasons = {failure.message_id: failure.reason for failure in state.failures}
        assert sorted(reasons) == sorted(ids[name] for name in LOST)
        for name, word in zip(LOST, ("carried it", "checksums", "bytes at offset", "LOCATION", "answer"), strict=True):
            assert word in reasons[ids[name]], name
        assert state.totals.flood_waits == 2
        found = there(vault)
        right = {f"m{ident}": files[name].sha256() for name, ident in ids.items() if name not in LOST}
        assert found == right
        assert {path.name for path in tmp_path.iterdir()} <= {"vault", "session", "cache"}, (
            "no name led out of the vault"
        )

        troubled.faults.clear()
        assert {each.message_id: each.reason for each in missing_from(vault)} == reasons
        state = await account.export(vault, profile_of(layout=UTC))
        assert [failure.message_id for failure in state.failures] == [ids["gone.bin"]]
        assert len(there(vault)) == len(ids) - 1


async def test_a_file_beyond_four_gigabytes_is_asked_for_where_it_ends_and_goes_on_after_a_cut(tmp_path: Path) -> None:
    world = empty_world()
    size = (1 << 32) + 1
    stored = document_of(world, "vast.bin", size, dc=4)
    add_channel(world, [stored])
    async with (
        SandboxServer(world) as server,
        account_at(address_of(server), tmp_path / "session", world) as account,
    ):
        file = File(FileKind.DOCUMENT, stored.id, stored.access_hash, stored.reference(), 4, size)
        await account.link.dialogs()
        assert await account.link.file_part(file, 1 << 32, LARGE_PART_SIZE) == stored.read("", 1 << 32, LARGE_PART_SIZE)
        hashes = await account.link.file_hashes(file, 1 << 32)
        assert [(each.offset, each.limit) for each in hashes] == [(1 << 32, 1)]
        served = [await _cut_after(account, tmp_path / "vault", 6_000_000, server) for _ in range(2)]
        kept = (tmp_path / "vault/.tobs/parts" / f"document-{stored.id}.part").stat()
        assert kept.st_blocks * 512 >= 12_000_000, "the second run went on behind the first"
        assert kept.st_size < sum(served) + (1 << 20)


async def _cut_after(account: Account, vault: Path, count: int, server: SandboxServer) -> int:
    """Stop a run once it has had so many bytes of files; gives what was sent to it."""
    before = server.bytes_served
    watched = account.run(vault, profile_of(layout=UTC))
    got = 0
    counted = watched.run._board.count_bytes

    def count_bytes(size: int) -> None:
        nonlocal got
        counted(size)
        got += size
        if got >= count:
            watched.run.cancel()

    watched.run._board.count_bytes = count_bytes  # type: ignore[method-assign]
    assert await asyncio.wait_for(watched.run.run(), 60) is Outcome.INTERRUPTED
    return server.bytes_served - before
