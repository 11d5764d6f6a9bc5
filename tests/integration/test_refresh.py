"""Promises of a refresh over the sandbox's wire: it brings what has changed, keeps what was, leaves the rest alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tests.integration.test_engine_killed import Child
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import MediaOptions
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import ChatState, Outcome, RunState
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.demo.media import photo
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.sandbox.worlds.world import World

FORUM = -1001600000001
OFFICE = -1001500000001
CHANNEL = -1001650000001
ZOE = 5001000
TEXT_ONLY = MediaOptions(download=False)
EVERYTHING = Refresh(days=0)


@pytest.fixture
def world() -> World:
    """A demo world of the test's own, to be changed."""
    return load_world("demo")


@pytest.fixture
async def server(world: World) -> AsyncIterator[SandboxServer]:
    async with SandboxServer(world) as server:
        yield server


@pytest.fixture
async def account(server: SandboxServer, tmp_path: Path) -> AsyncIterator[Account]:
    async with account_at(address_of(server), tmp_path / "session", server.world) as account:
        yield account


def texts(world: World, chat: int) -> list[int]:
    """The ids of a chat's messages that are nothing but text, oldest first."""
    history = world.histories[chat]
    return [
        message.id
        for message in map(history.message, range(len(history.ids)))
        if getattr(message, "message", "") and not message.media and not message.grouped_id and not message.fwd_from
    ]


def archived(vault: Path, chat: int, message_id: int) -> Message:
    """A message as the archive has it."""
    with Archive.open(archive_path(vault), read_only=True) as archive:
        found = archive.message(chat, message_id)
    assert found is not None
    return found


def before_it(vault: Path, chat: int, message_id: int) -> list[str]:
    """The texts that a message had before."""
    with Archive.open(archive_path(vault), read_only=True) as archive:
        return [each.message.text for each in archive.versions(chat, message_id)]


def asked_for(server: SandboxServer, requests: int) -> bool:
    """Whether the server was asked so often."""
    return sum(server.calls.values()) >= requests


def figures(state: RunState) -> tuple[int, int, int]:
    """Edited, deleted, with other reactions."""
    assert state.outcome is Outcome.COMPLETE, (state.message, state.failures)
    return state.totals.edited, state.totals.deleted, state.totals.reactions


def changed_notes(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """The notes of messages that are not what they were."""
    return {name for name in before | after if before.get(name) != after.get(name) and not name.endswith("index.md")}


async def test_a_refresh_brings_edits_and_deletions_however_old_and_rewrites_only_their_notes(
    account: Account, server: SandboxServer, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE, FORUM], media=TEXT_ONLY)
    await account.export(vault, profile)
    first = vault_bytes(vault)
    old, gone = texts(world, OFFICE)[3], texts(world, OFFICE)[-5]
    in_topic = texts(world, FORUM)[10]
    was = archived(vault, OFFICE, old).text
    world.edit_message(OFFICE, old, "put *right*")
    world.edit_message(FORUM, in_topic, "topical")
    world.delete_messages(OFFICE, [gone])

    calls = server.calls.copy()
    state = await account.export(vault, profile, refresh=Refresh(days=0, messages=1))
    assert figures(state) == (2, 1, 0)
    asked = server.calls - calls
    assert asked["updates.getChannelDifference"] == 2
    assert asked["channels.getMessages"] == 4  # for each chat the edited message, and the window of one
    assert asked["messages.getHistory"] <= 5  # the newest message of each chat, and of the group that one was before
    assert "2 edited, 1 deleted" in state.message

    assert archived(vault, OFFICE, old).text == "put *right*"
    assert archived(vault, FORUM, in_topic).text == "topical"
    assert before_it(vault, OFFICE, old) == [was]
    assert archived(vault, OFFICE, gone).gone > 0
    assert archived(vault, OFFICE, gone).text
    after = vault_bytes(vault)
    assert len(changed_notes(first, after)) <= 3
    blocks = "".join(after[name].decode() for name in changed_notes(first, after))
    assert "put \\*right\\*" in blocks
    assert len(re.findall(r"edited .*\n\n(?:put|topical)", blocks)) == 2
    assert len(re.findall(rf"###### m{gone}\n\n.*deleted, noticed \d{{4}}", blocks)) == 1


async def test_a_refresh_without_changes_writes_nothing(
    account: Account, server: SandboxServer, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE, CHANNEL, ZOE], media=TEXT_ONLY)
    await account.export(vault, profile)
    world.edit_message(OFFICE, texts(world, OFFICE)[3], "once")
    await account.export(vault, profile, refresh=EVERYTHING)
    first = vault_bytes(vault)
    written = {path: path.stat().st_mtime_ns for path in vault.rglob("*.md")}
    for window in (EVERYTHING, Refresh()):
        state = await account.export(vault, profile, refresh=window)
        assert figures(state) == (0, 0, 0)
        assert state.totals.notes == 0
        assert state.totals.reread > 0
    assert vault_bytes(vault) == first
    notes = {path: at for path, at in written.items() if path.name != "index.md"}
    assert {path: path.stat().st_mtime_ns for path in notes} == notes


async def test_two_edits_between_refreshes_are_one_and_each_refresh_keeps_a_version(
    account: Account, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE], media=TEXT_ONLY)
    await account.export(vault, profile)
    edited = texts(world, OFFICE)[7]
    was = archived(vault, OFFICE, edited).text
    world.edit_message(OFFICE, edited, "first")
    world.edit_message(OFFICE, edited, "second")
    assert figures(await account.export(vault, profile, refresh=Refresh())) == (1, 0, 0)
    world.edit_message(OFFICE, edited, "third")
    assert figures(await account.export(vault, profile, refresh=Refresh())) == (1, 0, 0)
    assert archived(vault, OFFICE, edited).text == "third"
    assert before_it(vault, OFFICE, edited) == [was, "second"]


async def test_reactions_are_found_in_the_window_and_are_no_edits(
    account: Account, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([CHANNEL, ZOE], media=TEXT_ONLY)
    await account.export(vault, profile)
    first = vault_bytes(vault)
    liked, old = texts(world, CHANNEL)[-1], texts(world, CHANNEL)[0]
    world.react(CHANNEL, liked, {"👍": 41})
    world.react(CHANNEL, old, {"👎": 42})
    world.react(ZOE, texts(world, ZOE)[-1], {"🔥": 2})
    world.pin(ZOE, texts(world, ZOE)[-2])
    assert figures(await account.export(vault, profile, refresh=Refresh())) == (0, 0, 3)
    after = vault_bytes(vault)
    assert len(changed_notes(first, after)) <= 3
    assert any("👍 41" in note.decode() for note in after.values())
    assert not any("👎 42" in note.decode() for note in after.values())
    assert before_it(vault, CHANNEL, liked) == []
    assert figures(await account.export(vault, profile, refresh=EVERYTHING)) == (0, 0, 1)
    assert any("👎 42" in note.decode() for note in vault_bytes(vault).values())


async def test_views_alone_rewrite_nothing_and_poll_results_do(account: Account, world: World, tmp_path: Path) -> None:
    vault, profile = tmp_path / "vault", profile_of([CHANNEL, OFFICE], media=TEXT_ONLY)
    await account.export(vault, profile)
    first = vault_bytes(vault)
    for seen in texts(world, CHANNEL):
        world.view(CHANNEL, seen, 1_000_000, 77)
    assert figures(await account.export(vault, profile, refresh=EVERYTHING)) == (0, 0, 0)
    assert vault_bytes(vault) == first

    chat, poll, answers = next(
        (chat, message.id, len(message.media.poll.answers))
        for chat in (OFFICE, CHANNEL)
        for message in map(world.histories[chat].message, range(len(world.histories[chat].ids)))
        if hasattr(getattr(message, "media", None), "poll")
    )
    world.vote(chat, poll, [90 + number for number in range(answers)])
    assert figures(await account.export(vault, profile, refresh=EVERYTHING)) == (0, 0, 1)
    assert len(changed_notes(first, vault_bytes(vault))) == 1


async def test_a_private_chat_is_looked_at_as_far_as_the_window_reaches(
    account: Account, server: SandboxServer, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([ZOE], media=TEXT_ONLY)
    await account.export(vault, profile)
    ids = texts(world, ZOE)
    world.delete_messages(ZOE, [ids[0], ids[-3]])
    world.edit_message(ZOE, ids[-4], "after a second thought")
    assert figures(await account.export(vault, profile, refresh=Refresh(days=0, messages=30))) == (1, 1, 0)
    assert server.calls["updates.getDifference"] == 0
    assert figures(await account.export(vault, profile, refresh=EVERYTHING)) == (0, 1, 0)
    assert archived(vault, ZOE, ids[0]).gone > 0


async def test_a_chat_that_was_emptied_is_all_marked_and_all_kept(
    account: Account, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE, ZOE], media=TEXT_ONLY)
    before = await account.export(vault, profile)
    total = sum(len(world.histories[chat].ids) for chat in (OFFICE, ZOE))
    world.delete_messages(OFFICE, texts(world, OFFICE)[:2])
    assert figures(await account.export(vault, profile, refresh=Refresh())) == (0, 2, 0)
    world.empty_history(OFFICE)
    world.empty_history(ZOE)
    state = await account.export(vault, profile, refresh=EVERYTHING)
    assert state.totals.deleted == total - 2
    assert state.outcome is Outcome.COMPLETE
    notes = b"".join(vault_bytes(vault).values()).decode()
    assert notes.count("🗑 deleted, noticed") == total
    assert state.totals.messages >= before.totals.messages


async def test_where_too_much_has_happened_the_window_is_looked_at_and_said_to_be_all(
    account: Account, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE], media=TEXT_ONLY)
    await account.export(vault, profile)
    old, new = texts(world, OFFICE)[0], texts(world, OFFICE)[-1]
    world.edit_message(OFFICE, old, "out of sight")
    world.edit_message(OFFICE, new, "in sight")
    world.updates.forget(OFFICE)
    state = await account.export(vault, profile, refresh=Refresh())
    assert figures(state) == (1, 0, 0)
    assert any("too much, or too long ago" in line.text for line in state.log)
    world.edit_message(OFFICE, texts(world, OFFICE)[1], "told again")
    state = await account.export(vault, profile, refresh=Refresh())
    assert figures(state) == (1, 0, 0)
    assert not any("too much, or too long ago" in line.text for line in state.log)
    assert figures(await account.export(vault, profile, refresh=EVERYTHING)) == (1, 0, 0)
    assert archived(vault, OFFICE, old).text == "out of sight"


async def test_of_a_forum_only_the_exported_topics_are_refreshed(
    account: Account, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([FORUM], topics=[2, 4], media=TEXT_ONLY)
    await account.export(vault, profile)
    first = vault_bytes(vault)
    plain = set(texts(world, FORUM))
    history = world.histories[FORUM]
    inside = next(history.ids[at] for at in history.thread(2) if history.ids[at] in plain)
    outside = next(history.ids[at] for at in history.thread(1) if history.ids[at] in plain)
    for number in (inside, outside):
        world.edit_message(FORUM, number, "another text")
    assert figures(await account.export(vault, profile, refresh=EVERYTHING)) == (1, 0, 0)
    assert archived(vault, FORUM, inside).topic == 2
    assert len(changed_notes(first, vault_bytes(vault))) == 1


async def test_a_long_difference_is_followed_to_its_end(
    account: Account, server: SandboxServer, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE], media=TEXT_ONLY)
    await account.export(vault, profile)
    edited = texts(world, OFFICE)[:230]
    for number in edited:
        world.edit_message(OFFICE, number, f"edit {number}")
    state = await account.export(vault, profile, refresh=Refresh(days=0, messages=1))
    assert figures(state) == (len(edited), 0, 0)
    assert server.calls["updates.getChannelDifference"] == -(-len(edited) // 100)
    assert len(edited) > 200


async def test_a_rerun_brings_new_messages_and_leaves_old_ones_alone(
    account: Account, server: SandboxServer, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE], media=TEXT_ONLY)
    await account.export(vault, profile)
    edited = texts(world, OFFICE)[-1]
    was = archived(vault, OFFICE, edited).text
    world.edit_message(OFFICE, edited, "not looked for")
    new = [world.post(OFFICE, ZOE, f"news {number}") for number in range(3)]
    calls = server.calls.copy()
    state = await account.export(vault, profile)
    asked = server.calls - calls
    assert figures(state) == (0, 0, 0)
    assert state.totals.messages_new == 3
    assert asked["messages.getHistory"] <= 5  # of them one for the new messages, the rest to see what is newest
    assert sum(asked.values()) <= 14
    assert archived(vault, OFFICE, edited).text == was
    with Archive.open(archive_path(vault), read_only=True) as archive:
        assert list(archive.ledger(OFFICE)) == [(1, new[-1])]
    # What happened before and after the rerun is told at the next refresh: its number stayed where it was.
    world.edit_message(OFFICE, new[0], "news, corrected")
    assert figures(await account.export(vault, profile, refresh=Refresh())) == (2, 0, 0)
    assert archived(vault, OFFICE, new[0]).text == "news, corrected"


async def test_another_file_is_downloaded_and_the_old_one_stays_in_the_store(
    account: Account, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE])
    await account.export(vault, profile)
    history = world.histories[OFFICE]
    carrier = next(
        message.id
        for message in map(history.message, range(len(history.ids)))
        if type(getattr(message, "media", None)).__name__ == "MessageMediaPhoto" and not message.grouped_id
    )
    with Archive.open(archive_path(vault), read_only=True) as archive:
        old = archive.file_state(OFFICE, carrier, 0)
    medium = photo(world.files, history.dates[-1], 4_711, mark="another")
    world.edit_message(OFFICE, carrier, media=medium.media, file=medium.file)
    assert figures(await account.export(vault, profile, refresh=Refresh())) == (1, 0, 0)
    with Archive.open(archive_path(vault), read_only=True) as archive:
        new = archive.file_state(OFFICE, carrier, 0)
    assert old is not None
    assert new is not None
    assert new.sha256 != old.sha256
    kept = {path.name for path in (vault / ".tobs").rglob("*")}
    assert {old.sha256, new.sha256} <= kept


async def test_a_flood_wait_holds_a_refresh_up_and_is_shown(
    account: Account, server: SandboxServer, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE], media=TEXT_ONLY)
    await account.export(vault, profile)
    world.edit_message(OFFICE, texts(world, OFFICE)[0], "late")
    server.faults.add(Fault(method="channels.getMessages", error="FLOOD_WAIT_1"))
    watched = account.run(vault, profile, refresh=Refresh())
    running = asyncio.create_task(watched.run.run())
    await watched.until(lambda state: any(row.state is ChatState.WAITING for row in state.chats))
    assert await running is Outcome.COMPLETE
    assert figures(watched.run.state) == (1, 0, 0)
    assert watched.run.state.totals.flood_waits == 1


async def test_a_killed_refresh_ends_in_the_same_bytes(
    account: Account, server: SandboxServer, world: World, tmp_path: Path
) -> None:
    vault, profile = tmp_path / "vault", profile_of([OFFICE, CHANNEL, ZOE, FORUM], media=TEXT_ONLY)
    await account.export(vault, profile)
    await account.export(tmp_path / "undisturbed", profile)
    for chat in (OFFICE, CHANNEL, ZOE, FORUM):
        ids = texts(world, chat)
        for number in ids[::7]:
            world.edit_message(chat, number, f"edit of {number}")
        world.delete_messages(chat, ids[1::9])
        for number in ids[2::63]:
            world.react(chat, number, {"👍": number})
    await account.export(tmp_path / "undisturbed", profile, refresh=EVERYTHING)
    (tmp_path / "server.json").write_bytes(msgspec.json.encode(address_of(server)))
    (tmp_path / "profile.json").write_bytes(msgspec.json.encode(profile))
    (tmp_path / "refresh.json").write_bytes(msgspec.json.encode(EVERYTHING))
    kills = 0
    for requests in (9, 14, 25):
        limit = sum(server.calls.values()) + requests
        child = Child(tmp_path, vault, tmp_path / "refresh.json")
        kills += await child.kill_when(partial(asked_for, server, limit))
    assert kills >= 2
    assert await Child(tmp_path, vault, tmp_path / "refresh.json").outcome() == "complete"
    assert vault_bytes(vault) == vault_bytes(tmp_path / "undisturbed")
