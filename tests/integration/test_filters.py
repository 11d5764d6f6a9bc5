"""Promises of a profile's filters over the sandbox's real wire: what they leave out is not asked for, or not shown."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import pytest

from tests.compare_vault import differences, read_notes
from tests.integration.engine_help import QUICK, Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import bare_id, own_scope
from tobs_tui.model.profile import Filters, Layout, MediaOptions
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.sandbox.worlds.world import World

FORUM = -1001600000001
OFFICE = -1001500000001
OLD_OFFICE = -820002
LOUNGE = -1001500000002
GROUP = -820001
CHANNEL, DISCUSSION = -1001650000001, -1001650000002
ZOE = 5001000
TEXT_ONLY = MediaOptions(download=False)
UTC = Layout(timezone="UTC")


def ids_of(world: World, chat: int) -> list[int]:
    """Every message id of a chat."""
    return list(world.histories[chat].ids)


def own_ids(world: World, chat: int) -> list[int]:
    """The ids of the messages that the account itself wrote."""
    history = world.histories[chat]
    return [ident for at, ident in enumerate(history.ids) if history.message(at).out]


def archived(vault: Path, chat: int) -> list[Message]:
    """What the archive holds of a chat."""
    with Archive.open(archive_path(vault), read_only=True) as archive:
        return list(archive.messages(chat))


def shown(vault: Path, chat: int) -> list[int]:
    """The ids in the notes of a chat."""
    return sorted(ident for note in read_notes(vault) if note.chat_id == chat for ident in note.ids)


def only(chat: int, **filters: Any) -> Any:
    """A profile of one chat with these filters."""
    return profile_of([chat], media=TEXT_ONLY, layout=UTC, filters=Filters(**filters))


# --- what is fetched --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chat", [LOUNGE, ZOE, GROUP])
async def test_the_newest_messages_are_fetched_and_no_others(
    account: Account, sandbox: SandboxServer, tmp_path: Path, chat: int
) -> None:
    calls = sandbox.calls.copy()
    state = await account.export(tmp_path, only(chat, last=150))
    assert state.outcome is Outcome.COMPLETE
    assert shown(tmp_path, chat) == ids_of(sandbox.world, chat)[-150:]
    assert [message.id for message in archived(tmp_path, chat)] == ids_of(sandbox.world, chat)[-150:]
    assert (sandbox.calls - calls)["messages.getHistory"] < 15


async def test_more_than_there_are_is_all_of_them(account: Account, sandbox: SandboxServer, tmp_path: Path) -> None:
    state = await account.export(tmp_path, only(GROUP, last=2**31 - 1))
    assert state.outcome is Outcome.COMPLETE
    assert shown(tmp_path, GROUP) == ids_of(sandbox.world, GROUP)


@pytest.mark.parametrize("last", [500, 906, 1000])
async def test_the_newest_of_a_migrated_group_reach_into_its_old_half(
    account: Account, sandbox: SandboxServer, tmp_path: Path, last: int
) -> None:
    new, old = ids_of(sandbox.world, OFFICE), ids_of(sandbox.world, OLD_OFFICE)
    await account.export(tmp_path, only(OFFICE, last=last))
    assert shown(tmp_path, OFFICE) == new[-last:]
    found = shown(tmp_path, OLD_OFFICE)
    assert found == (old[-(last - len(new)) :] if last > len(new) else [])


async def test_ids_from_one_on(account: Account, sandbox: SandboxServer, tmp_path: Path) -> None:
    ids = ids_of(sandbox.world, OFFICE)
    await account.export(tmp_path, only(OFFICE, from_id=ids[800] - 1))
    assert shown(tmp_path, OFFICE) == [ident for ident in ids if ident >= ids[800] - 1]
    assert shown(tmp_path, OLD_OFFICE) == []


async def test_bounds_go_together_and_the_newest_are_those_within_the_dates(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    history = sandbox.world.histories[LOUNGE]
    since, until = (
        datetime.datetime.fromtimestamp(history.dates[at], datetime.UTC).date()
        for at in (len(history.ids) // 3, len(history.ids) // 2)
    )
    days = [datetime.datetime.fromtimestamp(date, datetime.UTC).date() for date in history.dates]
    within = [ident for ident, day in zip(history.ids, days, strict=True) if since <= day <= until]
    await account.export(tmp_path / "last", only(LOUNGE, since=since, until=until, last=30))
    assert shown(tmp_path / "last", LOUNGE) == within[-30:]
    await account.export(tmp_path / "from", only(LOUNGE, since=since, until=until, last=30, from_id=within[-10]))
    assert shown(tmp_path / "from", LOUNGE) == within[-10:]


async def test_the_newest_of_a_topic(account: Account, manifest: dict[str, Any], tmp_path: Path) -> None:
    truth = next(chat for chat in manifest["chats"] if chat["id"] == FORUM)
    topic = next(topic for topic in truth["topics"] if topic["id"] == 4)
    wanted = profile_of([FORUM], topics=[4], media=TEXT_ONLY, filters=Filters(last=25))
    await account.export(tmp_path, wanted)
    assert shown(tmp_path, FORUM) == topic["message_ids"][-25:]


async def test_bounds_beyond_a_chat_leave_nothing_of_it_and_say_so(account: Account, tmp_path: Path) -> None:
    for filters in (
        {"from_id": 2_000_000_000},
        {"since": datetime.date(2200, 1, 1)},
        {"until": datetime.date(1990, 1, 1), "last": 5},
        {"since": datetime.date(2024, 5, 2), "until": datetime.date(2024, 5, 1)},
    ):
        state = await account.export(tmp_path / "vault", only(LOUNGE, **filters))
        assert state.outcome is Outcome.COMPLETE
        assert any("No message of it lies within" in line.text for line in state.log)
        assert shown(tmp_path / "vault", LOUNGE) == []


# --- only mine --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chat", [LOUNGE, GROUP])
async def test_only_ones_own_messages_are_fetched_from_a_group(
    account: Account, sandbox: SandboxServer, tmp_path: Path, chat: int
) -> None:
    own = own_ids(sandbox.world, chat)
    calls = sandbox.calls.copy()
    state = await account.export(tmp_path, only(chat, only_mine=True))
    assert state.outcome is Outcome.COMPLETE
    assert [message.id for message in archived(tmp_path, chat)] == own
    assert shown(tmp_path, chat) == own
    assert (sandbox.calls - calls)["messages.getHistory"] <= 3
    with Archive.open(archive_path(tmp_path), read_only=True) as archive:
        assert archive.ledger(chat).size == 0
        assert archive.ledger(chat, own_scope()).covers(1, own[-1])

    calls = sandbox.calls.copy()
    await account.export(tmp_path, only(chat, only_mine=True))
    assert (sandbox.calls - calls)["messages.search"] <= 1


async def test_a_walk_over_ones_own_messages_goes_on_where_it_was_cut(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    wanted = only(LOUNGE, only_mine=True)
    sandbox.faults.add(Fault(method="messages.search", error="FLOOD_WAIT_999", after=4))
    state = await account.export(tmp_path / "vault", wanted, max_wait_s=1)
    assert state.outcome is Outcome.WAITING
    there = len(archived(tmp_path / "vault", LOUNGE))
    assert 0 < there < len(own_ids(sandbox.world, LOUNGE))
    async with account_at(address_of(sandbox), tmp_path / "again", sandbox.world) as later:  # whose waits are over
        calls = sandbox.calls.copy()
        state = await later.export(tmp_path / "vault", wanted)
    assert state.outcome is Outcome.COMPLETE
    assert shown(tmp_path / "vault", LOUNGE) == own_ids(sandbox.world, LOUNGE)
    pages = -(-(len(own_ids(sandbox.world, LOUNGE)) - there) // 100)
    assert (sandbox.calls - calls)["messages.search"] <= 1 + pages + 2 * QUICK.history_workers


async def test_a_private_chat_is_fetched_whole_for_ones_own_half_of_it(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    await account.export(tmp_path, only(ZOE, only_mine=True))
    assert [message.id for message in archived(tmp_path, ZOE)] == ids_of(sandbox.world, ZOE)
    assert shown(tmp_path, ZOE) == own_ids(sandbox.world, ZOE)


async def test_ones_own_messages_do_not_stand_in_the_way_of_all(
    account: Account, sandbox: SandboxServer, manifest: dict[str, Any], tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    await account.export(vault, only(OFFICE, only_mine=True))
    everything = profile_of([OFFICE], layout=UTC)
    assert (await account.export(vault, everything)).outcome is Outcome.COMPLETE
    assert differences(vault, manifest, chats={OFFICE, OLD_OFFICE}) == []
    await account.export(tmp_path / "other", everything)
    assert vault_bytes(vault) == vault_bytes(tmp_path / "other")


async def test_ones_own_newest_messages(account: Account, sandbox: SandboxServer, tmp_path: Path) -> None:
    await account.export(tmp_path / "chat", only(LOUNGE, only_mine=True, last=120))
    assert shown(tmp_path / "chat", LOUNGE) == own_ids(sandbox.world, LOUNGE)[-120:]
    wanted = profile_of([FORUM], topics=[4], media=TEXT_ONLY, filters=Filters(only_mine=True))
    await account.export(tmp_path / "topic", wanted)
    history = sandbox.world.histories[FORUM]
    assert shown(tmp_path / "topic", FORUM) == [history.ids[at] for at in history.thread(4) if history.message(at).out]


async def test_more_of_ones_own_than_a_search_reaches_costs_the_whole_walk(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tobs_tui.sandbox.rpc.search.RESULT_LIMIT", 200)
    monkeypatch.setattr("tobs_tui.engine.plan.SEARCH_REACH", 200)
    state = await account.export(tmp_path, only(LOUNGE, only_mine=True))
    assert state.outcome is Outcome.COMPLETE
    assert shown(tmp_path, LOUNGE) == own_ids(sandbox.world, LOUNGE)
    assert len(archived(tmp_path, LOUNGE)) == len(ids_of(sandbox.world, LOUNGE))


# --- what is shown ----------------------------------------------------------------------------------------------------


def texts(world: World, chat: int) -> dict[int, tuple[str, int]]:
    """Text and sender (0: none is named) of every message of a chat."""
    history = world.histories[chat]
    found: dict[int, tuple[str, int]] = {}
    for at, ident in enumerate(history.ids):
        message = history.message(at)
        sender = getattr(message.from_id, "user_id", 0) if message.from_id else 0
        found[ident] = (getattr(message, "message", "") or "", sender)
    return found


async def test_senders_and_texts_choose_what_is_shown_and_everything_fetched_stays_in_the_archive(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    said = texts(sandbox.world, OFFICE)
    await account.export(tmp_path, only(OFFICE, senders=("me", str(ZOE))))
    me = sandbox.world.me_id
    expected = [ident for ident, (_, sender) in said.items() if sender in (me, ZOE)]
    assert 0 < len(expected) < len(said)
    assert shown(tmp_path, OFFICE) == expected
    assert len(archived(tmp_path, OFFICE)) == len(said)

    calls = sandbox.calls.copy()
    await account.export(tmp_path, only(OFFICE, text="THE"))
    assert shown(tmp_path, OFFICE) == [ident for ident, (text, _) in said.items() if "the" in text.casefold()]
    state = await account.export(tmp_path, only(OFFICE, text="/^[A-Z].*\\?$/"))
    fitting = [ident for ident, (text, _) in said.items() if re.search(r"^[A-Z].*\?$", text)]
    assert shown(tmp_path, OFFICE) == fitting != []
    assert state.totals.messages_new == 0, "nothing is fetched again"
    assert (sandbox.calls - calls)["messages.getHistory"] <= 8


async def test_a_filter_taken_away_leaves_the_vault_as_if_it_had_never_been(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    whole = profile_of([OFFICE], media=TEXT_ONLY, layout=UTC)
    await account.export(tmp_path / "other", whole)
    await account.export(tmp_path / "vault", only(OFFICE, senders=("@zoe_lind", "me"), text="e"))
    narrow = vault_bytes(tmp_path / "vault")
    await account.export(tmp_path / "vault", whole)
    assert vault_bytes(tmp_path / "vault") == vault_bytes(tmp_path / "other")
    await account.export(tmp_path / "vault", only(OFFICE, senders=("@zoe_lind", "me"), text="e"))
    assert vault_bytes(tmp_path / "vault") == narrow
    again = await account.export(tmp_path / "vault", only(OFFICE, senders=("@zoe_lind", "me"), text="e"))
    assert again.totals.notes == 0


async def test_notes_and_indexes_say_that_they_are_filtered(account: Account, tmp_path: Path) -> None:
    await account.export(tmp_path, only(GROUP, text="Hike *"))
    await account.export(tmp_path / "part", only(GROUP, last=20, text="e"))
    notes = [path for path in (tmp_path / "part").rglob("*.md") if path.name != "index.md"]
    assert notes
    assert all('shown: "only texts that hold e"' in path.read_text() for path in notes)
    index = next(path for path in (tmp_path / "part").rglob("index.md") if path.parent != tmp_path / "part").read_text()
    assert "Filtered: only texts that hold e." in index
    assert "Not all of this chat was exported." in index
    assert ", a part |" in (tmp_path / "part" / "index.md").read_text()
    await account.export(tmp_path / "whole", only(GROUP))
    assert not any("shown:" in path.read_text() for path in (tmp_path / "whole").rglob("*.md"))
    assert ", a part" not in (tmp_path / "whole" / "index.md").read_text()


async def test_answers_to_what_is_left_out_link_to_telegram_not_into_nothing(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    await account.export(tmp_path, only(LOUNGE, senders=("me",)))
    anchors = {f"m{ident}" for ident in shown(tmp_path, LOUNGE)}
    text = "\n".join(path.read_text() for path in tmp_path.rglob("2*.md"))
    linked = set(re.findall(r"\.md#(m\d+)\)", text))
    assert linked
    assert linked <= anchors
    assert re.search(r"↩ (\[[^\]]*\]\(https://t\.me|message )", text)
    again = await account.export(tmp_path, only(LOUNGE, senders=("me",)))
    assert again.totals.notes == 0, "an answer to what is left out is no reason to render anew"


async def test_each_chat_keeps_the_filter_that_it_was_exported_with(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    await account.export(tmp_path, only(DISCUSSION))
    before = vault_bytes(tmp_path)
    await account.export(tmp_path, only(CHANNEL, text="/(?i)orbit/"))
    assert shown(tmp_path, DISCUSSION) == ids_of(sandbox.world, DISCUSSION)
    kept = set(shown(tmp_path, CHANNEL))
    answers = "\n".join(path.read_text() for path in tmp_path.rglob("2*.md") if f"c{bare_id(DISCUSSION)}" in str(path))
    into = set(re.findall(rf"c{bare_id(CHANNEL)}[^)]*#m(\d+)", answers))
    assert into == into & {str(ident) for ident in kept}
    assert before != vault_bytes(tmp_path)


async def test_only_the_files_of_what_is_shown_are_downloaded(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    files = profile_of([LOUNGE], layout=UTC, filters=Filters(senders=("me",)))
    state = await account.export(tmp_path / "mine", files)
    assert state.outcome is Outcome.COMPLETE
    own = set(own_ids(sandbox.world, LOUNGE))
    names = [path.stem for path in (tmp_path / "mine").rglob("media/*/m*")]
    assert {int(re.match(r"m(\d+)", name)[1]) for name in names} <= own  # type: ignore[index]
    assert state.totals.files_total == len(names)
    whole = await account.export(tmp_path / "all", profile_of([LOUNGE], layout=UTC))
    assert whole.totals.files_total > state.totals.files_total

    last = await account.export(tmp_path / "all", profile_of([LOUNGE], layout=UTC, filters=Filters(last=500)))
    assert last.totals.files_total < whole.totals.files_total, "files of older messages are not looked for any more"


async def test_a_sender_nobody_knows_ends_the_run_with_a_sentence(account: Account, tmp_path: Path) -> None:
    for sender, told in (("@nobody_at_all", "nobody_at_all"), ("Never Seen", "Never Seen")):
        state = await account.export(tmp_path, only(OFFICE, senders=(sender,)))
        assert state.outcome is Outcome.FAILED
        assert told in state.message
    state = await account.export(tmp_path, only(OFFICE, text="/(/"))
    assert state.outcome is Outcome.FAILED
    assert "RE2" in state.message


async def test_a_sender_may_be_named(account: Account, sandbox: SandboxServer, tmp_path: Path) -> None:
    await account.export(tmp_path, only(OFFICE, senders=("zoe lindqvist",)))
    said = texts(sandbox.world, OFFICE)
    assert shown(tmp_path, OFFICE) == [ident for ident, (_, sender) in said.items() if sender == ZOE]


async def test_an_emptied_chat_is_no_failure(tmp_path: Path) -> None:
    world = load_world("demo", seed=1, messages=None)
    async with SandboxServer(world) as server, account_at(address_of(server), tmp_path / "s", world) as account:
        await account.link.dialogs()
        world.histories[GROUP].fill([])  # type: ignore[attr-defined]
        for filters in ({}, {"last": 5}, {"only_mine": True}, {"since": datetime.date(2024, 1, 1)}):
            state = await account.export(tmp_path / "vault", only(GROUP, **filters))
            assert state.outcome is Outcome.COMPLETE
            assert state.totals.messages == 0
