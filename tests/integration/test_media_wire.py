"""Files over the real wire: every medium of the demo world, byte for byte, through expired references and cuts."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.integration.media_help import Rig, rig_in
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope, FileTask, PageCommit, message_rows
from tobs_tui.model.peers import id_label
from tobs_tui.model.server import ServerAddress
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.manifest import build_manifest
from tobs_tui.sandbox.rpc.registry import HOME_DC
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.telegram.decode import decode_page
from tobs_tui.telegram.link import TelegramLink
from tobs_tui.telegram.session import Session


async def fill(rig: Rig, link: TelegramLink, chat: int, ids: list[int]) -> None:
    """Put the messages with these ids into the archive."""
    for start in range(0, len(ids), 100):
        block = ids[start : start + 100]
        page = decode_page(await link.messages_by_id(chat, block), chat)
        rows, files = message_rows(page.messages)
        commit = PageCommit(chat, block[0], block[-1], 0, rows, files)
        await rig.writer.submit(lambda archive, commit=commit: archive.commit([commit]))


def path_of(archive: Archive, task: FileTask) -> str:
    return f"{id_label(task.chat)}/m{task.message_id}-{task.index}"


async def test_every_medium_arrives_byte_for_byte_through_all_sorts_of_trouble(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    host, port = sandbox.address()
    link = TelegramLink(
        session=Session.load(tmp_path / "session"),
        api_id=1,
        api_hash="0" * 32,
        server=ServerAddress(dc=HOME_DC, host=host, port=port, public_key=sandbox.public_key_pem),
    )
    await link.connect()
    try:
        await link.send_code(sandbox.world.phone)
        await link.submit_code(sandbox.world.code)
        await link.submit_password(sandbox.world.password)
        await link.dialogs()
        truth = build_manifest(sandbox.world)
        wanted: dict[int, list[int]] = {}
        for medium in truth.media:
            wanted.setdefault(medium.chat_id, []).append(medium.message_id)
        async with rig_in(tmp_path / "vault", link) as rig:
            for chat, ids in wanted.items():
                await fill(rig, link, chat, ids)
            for fault in (
                Fault("upload.getFile", times=3, after=2, code=400, error="FILE_REFERENCE_EXPIRED"),
                Fault("upload.getFile", times=1, after=9, code=420, error="FLOOD_WAIT_1"),
                Fault("upload.getFile", times=2, after=14, code=500, error="RPC_CALL_FAIL"),
                Fault("upload.getFile", times=1, after=20, disconnect=True),
            ):
                sandbox.faults.add(fault)
            scopes = tuple(FileScope(chat) for chat in wanted)
            await rig.queue(workers=4, wanted=FileFilter(scopes), path=path_of).run()
            assert rig.watcher.failed == []
            for medium in truth.media:
                file = tmp_path / "vault" / id_label(medium.chat_id) / f"m{medium.message_id}-0"
                data = file.read_bytes()
                assert len(data) == medium.size
                assert hashlib.sha256(data).hexdigest() == medium.sha256
            assert not sandbox.faults, "all of the trouble was met"
    finally:
        await link.disconnect()
