"""Files of the content network, over the wire: followed there, decrypted, checked; and what is done when it fails."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest
from telethon.crypto import rsa

from tests.integration.test_telegram_link import Make, make
from tobs_tui.model.media import File
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.rpc.registry import CDN_DC
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.bench_files import add_channel, document_of, empty_world
from tobs_tui.sandbox.worlds.files import StoredFile
from tobs_tui.telegram.decode import decode_page
from tobs_tui.telegram.file_finder import every_file
from tobs_tui.telegram.link import FileUnavailable, TelegramLink

__all__ = ["make"]

PART = 512 * 1024
SIZE = PART + 77_777
FAULTS = (
    Fault("upload.getCdnFile", error="FILE_TOKEN_INVALID", code=400, times=2),
    Fault("upload.reuploadCdnFile", error="REQUEST_TOKEN_INVALID", code=400, times=2),
    Fault("upload.getCdnFile", flip=True, after=1, times=0),
    Fault("upload.getCdnFile", truncate=1000, after=1, times=0),
    Fault("upload.getCdnFile", error="METHOD_INVALID", code=400, times=0),
    Fault("upload.getCdnFile", error="FLOOD_WAIT_3000", times=0),
)


@pytest.fixture
async def network() -> AsyncIterator[SandboxServer]:
    """A sandbox with one channel whose files are on the content network, at both data centres in turn."""
    world = empty_world()
    add_channel(world, [document_of(world, f"far{n}.bin", SIZE, dc=2 + n % 2 * 2, cdn=True) for n in range(10)])
    async with SandboxServer(world) as server:
        yield server


async def files_of(link: TelegramLink) -> list[File]:
    chat = (await link.dialogs())[0].peer.id
    page = decode_page(await link.history_page(chat, offset_id=1), chat)
    return [file for message in page.messages for file in every_file(message)]


async def whole(link: TelegramLink, file: File) -> bytes:
    return b"".join([await link.file_part(file, offset, PART) for offset in range(0, file.size, PART)])


def truth(server: SandboxServer, file: File) -> StoredFile:
    return server.world.files.by_id[file.id]


async def test_a_file_on_the_content_network_comes_whole_from_there(network: SandboxServer, make: Make) -> None:
    link = (await make(network)).link
    trusted = set(rsa._server_keys)
    for file in (await files_of(link))[:2]:
        assert hashlib.sha256(await whole(link, file)).hexdigest() == truth(network, file).sha256()
    calls = network.calls
    assert calls["upload.reuploadCdnFile"] == 2, "each was brought to the network, once"
    assert calls["upload.getCdnFile"] == 2 * (2 + 1)
    assert calls["upload.getFile"] == 2, "only to be sent there"
    assert calls["upload.getCdnFileHashes"] > 0, "the first hashes do not reach to the end"

    assert set(rsa._server_keys) == trusted, "the network's key is good for the network only"
    cdn_keys = [state for state in network.accounts.known_keys() if state.dc == CDN_DC]
    assert len(cdn_keys) == 1
    assert cdn_keys[0].user_id is None, "nobody signs in there"


async def test_what_the_network_spoils_or_refuses_is_asked_for_anew_or_at_telegram_itself(
    network: SandboxServer, make: Make
) -> None:
    link = (await make(network)).link
    files = await files_of(link)
    for file, fault in zip(files, FAULTS, strict=False):
        network.faults.add(fault)
        assert hashlib.sha256(await whole(link, file)).hexdigest() == truth(network, file).sha256(), fault
        network.faults.clear()
    assert await link.file_part(files[8], 0, PART)
    network.cdn.expire_tokens()
    assert hashlib.sha256(await whole(link, files[8])).hexdigest() == truth(network, files[8]).sha256()

    network.faults.add(Fault("upload.getCdnFile", error="METHOD_INVALID", code=400, times=0))
    network.faults.add(Fault("upload.getFile", error="LOCATION_NOT_THERE", code=400, times=0, after=1))
    with pytest.raises(FileUnavailable, match="LOCATION_NOT_THERE"):
        await link.file_part(files[9], 0, PART)
