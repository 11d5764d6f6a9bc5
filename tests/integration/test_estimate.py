"""Promises of the dry run over the sandbox's real wire: its numbers are those of the export, and it changes nothing."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine_help import Account, profile_of
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import message_files
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.estimate import ExportEstimate, estimate
from tobs_tui.engine.lookups import Lookups
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.estimate import Basis, KindEstimate
from tobs_tui.model.profile import MAIN_KINDS, Filters, Layout, MediaKind, MediaOptions
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.telegram.counting import COUNTED_KINDS

OFFICE, OLD_OFFICE = -1001500000001, -820002
MUSEUM = -1001680000001
LOUNGE = -1001500000002
FORUM = -1001600000001
ZOE, IVAN = 5001000, 5001037
TEXT_ONLY = MediaOptions(download=False)
UTC = Layout(timezone="UTC")


async def plan(account: Account, vault: Path, profile: Any, **options: Any) -> ExportEstimate:
    """An estimate that nothing is known for yet."""
    return await estimate(profile, Lookups(account.link), vault, **options)


def only(chat: int, media: MediaOptions = TEXT_ONLY, **filters: Any) -> Any:
    """A profile of one chat with these filters."""
    return profile_of([chat], media=media, layout=UTC, filters=Filters(**filters))


async def test_an_estimate_counts_what_is_to_come(account: Account, sandbox: SandboxServer, tmp_path: Path) -> None:
    wanted = profile_of([ZOE, LOUNGE], media=TEXT_ONLY)
    sizes = [len(sandbox.world.histories[chat].ids) for chat in (ZOE, LOUNGE)]
    before = await plan(account, tmp_path / "vault", wanted)
    assert (before.chats, before.messages, before.archived, before.missing) == (2, sum(sizes), 0, sum(sizes))
    assert before.seconds >= 0
    assert not (tmp_path / "vault").exists()
    await account.export(tmp_path / "vault", profile_of([ZOE], media=TEXT_ONLY))
    after = await plan(account, tmp_path / "vault", wanted)
    assert [row.missing for row in after.rows] == [0, sizes[1]]
    assert after.archived == sizes[0]
    assert after.requests < before.requests


@pytest.mark.parametrize(
    "filters",
    [
        {"last": 150},
        {"from_id": 4000},
        {"since": "third"},
        {"since": "third", "until": "half", "last": 40},
        {"only_mine": True},
        {"only_mine": True, "last": 77},
        {"from_id": 2_000_000_000},
    ],
)
async def test_what_is_planned_is_what_is_then_fetched(
    account: Account, sandbox: SandboxServer, tmp_path: Path, filters: dict[str, Any]
) -> None:
    history = sandbox.world.histories[LOUNGE]
    place = {"third": len(history.ids) // 3, "half": len(history.ids) // 2}
    filters = {
        name: datetime.datetime.fromtimestamp(history.dates[place[value]], datetime.UTC).date()
        if isinstance(value, str)
        else value
        for name, value in filters.items()
    }
    wanted = only(LOUNGE, **filters)
    planned = await plan(account, tmp_path, wanted)
    assert planned.asked <= 7
    state = await account.export(tmp_path, wanted)
    assert state.outcome is Outcome.COMPLETE
    assert planned.messages == planned.missing == state.totals.messages_new
    again = await plan(account, tmp_path, wanted)
    assert (again.messages, again.missing, again.archived) == (planned.messages, 0, planned.messages)


async def test_more_of_ones_own_than_a_search_reaches_is_planned_as_the_whole_walk(
    account: Account, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("engine.plan.SEARCH_REACH", "engine.estimate.SEARCH_REACH", "sandbox.rpc.search.RESULT_LIMIT"):
        monkeypatch.setattr(f"tobs_tui.{place}", 200)
    wanted = only(LOUNGE, only_mine=True)
    planned = await plan(account, tmp_path, wanted)
    assert planned.missing == len(sandbox.world.histories[LOUNGE].ids)
    state = await account.export(tmp_path, wanted)
    assert state.totals.messages_new == planned.missing
    near = await plan(account, tmp_path / "other", only(LOUNGE, only_mine=True, last=50))
    assert near.missing == 50


async def test_the_old_half_of_a_migrated_group_is_counted_too(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    await account.link.dialogs()
    new, old = (len(sandbox.world.histories[chat].ids) for chat in (OFFICE, OLD_OFFICE))
    whole = await plan(account, tmp_path, only(OFFICE))
    assert [row.messages for row in whole.rows] == [new, old]
    some = await plan(account, tmp_path, only(OFFICE, last=new + 10))
    assert [row.messages for row in some.rows] == [new, 10]


def truth_of(vault: Path, chat: int, ids: set[int] | None = None) -> dict[MediaKind, tuple[int, int]]:
    """Files and bytes by kind, as the archive has them."""
    counts: Counter[MediaKind] = Counter()
    sizes: Counter[MediaKind] = Counter()
    with Archive.open(archive_path(vault), read_only=True) as archive:
        for message in archive.messages(chat):
            if ids is None or message.id in ids:
                for kind, file in message_files(message):
                    counts[kind] += 1
                    sizes[kind] += file.size
    return {kind: (counts[kind], sizes[kind]) for kind in counts}


async def test_files_are_counted_by_kind_and_weighed(account: Account, tmp_path: Path) -> None:
    await account.export(tmp_path / "text", only(LOUNGE))
    truth = truth_of(tmp_path / "text", LOUNGE)
    planned = (await plan(account, tmp_path / "new", only(LOUNGE, MediaOptions()), requests=500)).rows[0]
    assert sum(kind.files > 0 for kind in planned.kinds) >= 3
    for kind in planned.kinds:
        if kind.kind not in COUNTED_KINDS:
            assert (kind.files, kind.bytes, kind.basis) == (-1, -1, Basis.UNKNOWN)
            continue
        files, size = truth.get(kind.kind, (0, 0))
        assert kind.files == kind.missing == files, kind
        assert kind.bytes == size or (kind.basis is Basis.SAMPLE and 0.3 * size < kind.bytes < 3 * size), kind


async def test_archived_messages_tell_their_files_exactly_and_downloaded_ones_are_done(
    account: Account, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    await account.export(vault, only(MUSEUM))
    truth = truth_of(vault, MUSEUM)
    planned = (await plan(account, vault, only(MUSEUM, MediaOptions()))).rows[0]
    assert {kind.kind: (kind.missing, kind.bytes) for kind in planned.kinds if kind.files} == truth
    assert {kind.basis for kind in planned.kinds} == {Basis.EXACT}
    await account.export(vault, only(MUSEUM, MediaOptions(kinds=(MediaKind.PHOTO,))))
    photos = (await plan(account, vault, only(MUSEUM, MediaOptions(kinds=(MediaKind.PHOTO,))))).rows[0].kinds[0]
    with Archive.open(archive_path(vault), read_only=True) as archive:
        failed = sum(part.failed for part in archive.file_totals(_photos_of(MUSEUM)))
    assert (photos.files, photos.missing) == (truth[MediaKind.PHOTO][0], failed)


def _photos_of(chat: int) -> Any:
    from tobs_tui.archive.records import FileFilter, FileScope

    return FileFilter((FileScope(chat),), (MediaKind.PHOTO,))


async def test_a_range_and_a_largest_size_hold_for_files_too(account: Account, tmp_path: Path) -> None:
    await account.export(tmp_path / "text", only(LOUNGE))
    wanted = only(LOUNGE, MediaOptions(kinds=(MediaKind.PHOTO, MediaKind.FILE), max_size_mb=1), from_id=6000)
    with Archive.open(archive_path(tmp_path / "text"), read_only=True) as archive:
        sizes = [
            file.size
            for message in archive.messages(LOUNGE)
            if message.id >= 6000
            for kind, file in message_files(message)
            if kind is MediaKind.PHOTO
        ]
    photos = (await plan(account, tmp_path / "new", wanted)).rows[0].kinds[0]
    assert photos.files == len([size for size in sizes if size <= 1 << 20])


async def test_what_nobody_can_know_is_not_made_up(account: Account, tmp_path: Path) -> None:
    planned = await plan(account, tmp_path, only(LOUNGE, MediaOptions(), text="python"))
    assert set(planned.rows[0].kinds) == {KindEstimate(kind) for kind in MAIN_KINDS}
    assert planned.files == planned.bytes == -1
    assert planned.uncounted == MAIN_KINDS


async def test_an_estimate_keeps_to_its_budget_and_says_what_it_left_out(account: Account, tmp_path: Path) -> None:
    planned = await plan(account, tmp_path, profile_of([ZOE, LOUNGE, IVAN]), requests=3)
    assert planned.asked == 3
    assert [row.messages >= 0 for row in planned.rows] == [True, True, False]
    assert all(row.problem for row in planned.rows)
    assert (planned.messages, planned.requests, planned.seconds) == (-1, -1, -1)


async def test_answers_are_asked_for_once(account: Account, sandbox: SandboxServer, tmp_path: Path) -> None:
    lookups = Lookups(account.link)
    await estimate(profile_of([ZOE]), lookups, tmp_path)
    calls = sandbox.calls.copy()
    again = await estimate(profile_of([ZOE], layout=UTC), lookups, tmp_path)
    assert again.asked == 0
    assert sum((sandbox.calls - calls).values()) == 0
    assert again.messages == len(sandbox.world.histories[ZOE].ids)


async def test_a_long_wait_ends_the_counting_and_is_told(
    account: Account, sandbox: SandboxServer, tmp_path: Path
) -> None:
    await account.link.dialogs()
    sandbox.faults.add(Fault(method="messages.getHistory", error="FLOOD_WAIT_300", after=1))
    planned = await plan(account, tmp_path, profile_of([ZOE, LOUNGE], media=TEXT_ONLY))
    assert [row.messages >= 0 for row in planned.rows] == [True, False]
    assert "300 s" in planned.problem or "wait" in planned.problem


async def test_a_chat_that_cannot_be_had_does_not_stand_in_the_way_of_others(account: Account, tmp_path: Path) -> None:
    wanted = profile_of([ZOE], media=TEXT_ONLY)
    planned = await plan(account, tmp_path, wanted)
    assert planned.messages > 0
    with pytest.raises(TobsError) as caught:
        await plan(account, tmp_path, profile_of([-1009999999999], media=TEXT_ONLY))
    assert caught.value.code is ErrorCode.CHAT_NOT_FOUND
