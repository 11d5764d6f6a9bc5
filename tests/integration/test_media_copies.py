"""The same files in many chats: fetched once, stored once, and counted as saved."""

from __future__ import annotations

from pathlib import Path

from tests.integration.engine_help import account_at, address_of, profile_of
from tobs_tui.model.profile import Layout
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.bench_files import add_channel, document_of, empty_world
from tobs_tui.sandbox.worlds.world import World

UTC = Layout(timezone="UTC")
FILES, CHATS, SIZE = 12, 4, 5_000


def forwarded(files: int, chats: int, size: int) -> World:
    """So many chats that all show the same files."""
    world = empty_world()
    shown = [document_of(world, f"f{number}.bin", size) for number in range(files)]
    for number in range(chats):
        add_channel(world, shown, f"Hall {number}")
    return world


async def test_files_forwarded_into_several_chats_are_fetched_and_stored_once(tmp_path: Path) -> None:
    world, vault = forwarded(FILES, CHATS, SIZE), tmp_path / "vault"
    async with SandboxServer(world) as server, account_at(address_of(server), tmp_path / "session", world) as account:
        first = await account.export(vault, profile_of(layout=UTC))
        assert first.outcome is Outcome.COMPLETE
        assert server.bytes_served == FILES * SIZE
        totals = first.totals
        assert (totals.files, totals.files_reused) == (FILES * CHATS, FILES * (CHATS - 1))
        assert totals.bytes_saved == FILES * (CHATS - 1) * SIZE
        named = [path for path in vault.rglob("media/*/m*") if path.is_file()]
        assert len(named) == FILES * CHATS
        assert len({path.stat().st_ino for path in named}) == FILES, "one copy on the disk"

        again = await account.export(vault, profile_of(layout=UTC))
        assert again.outcome is Outcome.COMPLETE
        elsewhere = await account.export(tmp_path / "other", profile_of(layout=UTC))
        assert elsewhere.totals.files_reused == FILES * CHATS, "another vault of this machine has them"
        assert server.bytes_served == FILES * SIZE, "nothing is fetched again"
        assert server.calls["upload.getFile"] == FILES, "nor is a file asked for where it is not"
        assert server.calls["auth.exportAuthorization"] == 1
