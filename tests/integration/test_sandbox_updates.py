"""Promises of the sandbox while its world changes: an unmodified Telethon client is told what Telegram would tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.tl import functions, types

from tests.integration.conftest import Connect, sign_in, tiny_world
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.cast import add_person
from tobs_tui.sandbox.worlds.history import Draft, DraftLog
from tobs_tui.sandbox.worlds.peers import Channel, Person
from tobs_tui.sandbox.worlds.world import DialogEntry, World

FRIEND = 888
CHANNEL = Channel(1_900_000_001, "Edits", 1_700_000_000, access_hash=9)


def changing_world() -> World:
    """A supergroup and a private chat of ten messages each."""
    world = tiny_world()
    add_person(world, Person(FRIEND, "Grace"))
    channel = world.channels[CHANNEL.id] = Channel(
        CHANNEL.id, CHANNEL.title, CHANNEL.date, access_hash=9, members=[777, FRIEND], creator_id=777
    )
    for peer, first in ((channel.key, 1), (FRIEND, 101)):
        log = world.histories[peer] = DraftLog(peer, world.me_id)
        log.fill(
            Draft(1_700_000_000 + 60 * number, FRIEND, f"message {number}", id=number)
            for number in range(first, first + 10)
        )
        world.dialogs.append(DialogEntry(peer))
    return world


@pytest.fixture
async def changing() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(changing_world()) as server:
        yield server


@pytest.fixture
async def client(changing: SandboxServer, connect: Connect) -> TelegramClient:
    found = await connect(changing)
    await sign_in(found, changing.world)
    await found.get_dialogs()  # for the access hashes
    return found


async def _difference(client: TelegramClient, pts: int, limit: int = 100) -> Any:
    channel = types.InputChannel(CHANNEL.id, 9)
    return await client(
        functions.updates.GetChannelDifferenceRequest(channel, types.ChannelMessagesFilterEmpty(), pts, limit)
    )


async def test_a_channel_tells_what_happened_since_a_number(changing: SandboxServer, client: TelegramClient) -> None:
    world = changing.world
    before = (await client(functions.messages.GetHistoryRequest(CHANNEL.key, 0, None, 0, 1, 0, 0, 0))).pts
    assert isinstance(await _difference(client, before), types.updates.ChannelDifferenceEmpty)

    world.edit_message(CHANNEL.key, 3, "first edit")
    world.edit_message(CHANNEL.key, 3, "second edit")
    world.delete_messages(CHANNEL.key, [4, 5])
    world.pin(CHANNEL.key, 6)
    new = world.post(CHANNEL.key, FRIEND, "news")
    answer = await _difference(client, before)
    assert answer.final
    assert [message.id for message in answer.new_messages] == [new]
    edit, deletion, pin = answer.other_updates
    assert (edit.message.id, edit.message.message) == (3, "second edit")
    assert deletion.messages == [4, 5]
    assert (deletion.pts_count, pin.messages) == (2, [6])
    assert isinstance(await _difference(client, answer.pts), types.updates.ChannelDifferenceEmpty)
    found = await client.get_messages(CHANNEL.key, ids=[3, 4])
    assert (found[0].message, found[1]) == ("second edit", None)
    assert found[0].edit_date is not None


async def test_a_long_difference_comes_in_parts_and_a_forgotten_one_not_at_all(
    changing: SandboxServer, client: TelegramClient
) -> None:
    world = changing.world
    before = world.updates.pts(CHANNEL.key)
    for number in range(1, 6):
        world.edit_message(CHANNEL.key, number, f"edit {number}")
    first = await _difference(client, before, 3)
    second = await _difference(client, first.pts, 3)
    assert (first.final, second.final) == (False, True)
    assert [update.message.id for update in first.other_updates + second.other_updates] == [1, 2, 3, 4, 5]

    world.updates.forget(CHANNEL.key)
    long = await _difference(client, before)
    assert isinstance(long, types.updates.ChannelDifferenceTooLong)
    assert long.dialog.pts == world.updates.pts(CHANNEL.key)


async def test_private_chats_share_the_accounts_number(changing: SandboxServer, client: TelegramClient) -> None:
    state = await client(functions.updates.GetStateRequest())
    changing.world.edit_message(FRIEND, 103, "changed")
    changing.world.delete_messages(FRIEND, [104])
    answer = await client(functions.updates.GetDifferenceRequest(state.pts, state.date, state.qts))
    edit, deletion = answer.other_updates
    assert (edit.message.message, deletion.messages) == ("changed", [104])
    assert answer.state.pts == (await client(functions.updates.GetStateRequest())).pts


async def test_reactions_move_no_number_and_hide_the_edit_that_they_are(
    changing: SandboxServer, client: TelegramClient
) -> None:
    before = changing.world.updates.pts(CHANNEL.key)
    changing.world.react(CHANNEL.key, 7, {"👍": 3})
    assert isinstance(await _difference(client, before), types.updates.ChannelDifferenceEmpty)
    message = (await client.get_messages(CHANNEL.key, ids=[7]))[0]
    assert message.edit_hide
    assert message.reactions.results[0].count == 3
