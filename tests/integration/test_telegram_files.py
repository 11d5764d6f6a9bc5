"""Files come whole from whichever data centre keeps them, with fresh references and checked hashes."""

from __future__ import annotations

import hashlib

import pytest

from tests.integration.test_telegram_link import Make, make
from tobs_tui.model.media import File
from tobs_tui.model.peers import PeerKind
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.telegram.decode import decode_page
from tobs_tui.telegram.file_finder import every_file
from tobs_tui.telegram.link import FileReferenceExpired, FileUnavailable, TelegramLink
from tobs_tui.telegram.page import peek_page

__all__ = ["make"]

PART = 128 * 1024


async def some_files(link: TelegramLink) -> list[tuple[int, int, File]]:
    """Files of the demo world's channel with the chat and message that carry them."""
    channel = next(dialog.peer.id for dialog in await link.dialogs() if dialog.peer.kind is PeerKind.CHANNEL)
    found: list[tuple[int, int, File]] = []
    last = 0
    while peek_page(raw := await link.history_page(channel, offset_id=last + 1)).size:
        for message in decode_page(raw, channel).messages:
            found += [(channel, message.id, file) for file in every_file(message)]
        last = peek_page(raw).newest_id
    return found


async def whole(link: TelegramLink, file: File) -> bytes:
    parts = [await link.file_part(file, offset, PART) for offset in range(0, file.size, PART)]
    return b"".join(parts)


async def test_files_of_every_data_centre_come_whole_and_match_their_hashes(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    files = await some_files(link)
    assert {file.dc for _, _, file in files} >= {2, 4}
    exports = sandbox.calls["auth.exportAuthorization"]
    for _, _, file in files[:12]:
        content = await whole(link, file)
        assert len(content) == file.size
        for part in await link.file_hashes(file, 0):
            assert hashlib.sha256(content[part.offset : part.offset + part.limit]).digest() == part.sha256
    assert sandbox.calls["auth.exportAuthorization"] - exports == 1


async def test_a_file_asked_for_at_the_wrong_data_centre_is_found_and_remembered(
    sandbox: SandboxServer, make: Make
) -> None:
    link = (await make(sandbox)).link
    file = next(file for _, _, file in await some_files(link) if file.dc == 4)
    misplaced = File(**{name: getattr(file, name) for name in File.__struct_fields__} | {"dc": 2})
    before = sandbox.calls["upload.getFile"]
    assert len(await whole(link, misplaced)) == file.size
    first = sandbox.calls["upload.getFile"] - before
    assert len(await whole(link, misplaced)) == file.size
    assert sandbox.calls["upload.getFile"] - before == 2 * first - 1


async def test_an_expired_reference_is_renewed_from_its_message(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    chat, message_id, file = (await some_files(link))[0]
    stale = File(**{name: getattr(file, name) for name in File.__struct_fields__} | {"reference": b"old"})
    with pytest.raises(FileReferenceExpired):
        await link.file_part(stale, 0, PART)
    fresh = await link.refresh_file(chat, message_id, stale)
    assert fresh == file
    assert await link.file_part(fresh, 0, PART)


async def test_a_file_that_stays_stale_is_unavailable_in_the_end(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    chat, message_id, file = (await some_files(link))[0]
    stale = File(**{name: getattr(file, name) for name in File.__struct_fields__} | {"reference": b"old"})
    for _ in range(3):
        for _ in range(2):  # parts that are under way together count once
            with pytest.raises(FileReferenceExpired):
                await link.file_part(stale, 0, PART)
        await link.refresh_file(chat, message_id, file)
    with pytest.raises(FileUnavailable):
        await link.file_part(stale, 0, PART)


async def test_a_message_without_the_file_makes_it_unavailable(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    chat, message_id, file = (await some_files(link))[0]
    other = File(**{name: getattr(file, name) for name in File.__struct_fields__} | {"id": 5})
    with pytest.raises(FileUnavailable):
        await link.refresh_file(chat, message_id, other)


async def test_a_data_centre_that_forgot_the_account_is_told_again(sandbox: SandboxServer, make: Make) -> None:
    made = await make(sandbox)
    file = next(file for _, _, file in await some_files(made.link) if file.dc == 4)
    await made.link.file_part(file, 0, PART)
    exports = sandbox.calls["auth.exportAuthorization"]
    sandbox.faults.add(Fault(method="upload.getFile", error="AUTH_KEY_UNREGISTERED", code=401, dc=4))
    assert await made.link.file_part(file, 0, PART)
    assert sandbox.calls["auth.exportAuthorization"] == exports + 1


async def test_parts_survive_cut_connections_and_waits(sandbox: SandboxServer, make: Make) -> None:
    made = await make(sandbox)
    file = next(file for _, _, file in await some_files(made.link) if file.dc == 4)
    sandbox.faults.add(Fault(method="upload.getFile", disconnect=True))
    sandbox.faults.add(Fault(method="upload.getFile", error="FLOOD_PREMIUM_WAIT_1"))
    assert len(await whole(made.link, file)) == file.size
    assert made.link.stats.flood_waits == 1
