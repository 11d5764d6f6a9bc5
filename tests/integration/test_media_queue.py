"""The media queue: every file in its place, once; bad ones set aside; killed, cut and cancelled runs end the same."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration import media_help
from tests.integration.media_help import CHAT, ScriptedTelegram, bytes_of, digests, rig_in, rows_of
from tobs_tui.archive.records import FileFilter, FileScope, FileStatus
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import MediaKind
from tobs_tui.model.run import WorkerState

TEN = range(1, 11)


async def test_every_file_gets_to_its_place_with_its_messages_date(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(range(1, 31))]))
        await rig.queue().run()
        assert rig.wrong(range(1, 31)) == []
        assert sorted(ident for ident, _ in rig.watcher.done) == list(range(1, 31))
        total = rig.watcher.totals[0]
        assert (total.total, total.done, total.failed) == (30, 30, 0)
        assert total.bytes_done == total.bytes_total == sum(len(bytes_of(ident)) for ident in range(1, 31))
        assert sum(worker.done for worker in rig.workers) == 30
        assert all(worker.state is WorkerState.STOPPED for worker in rig.workers)
        assert list((tmp_path / "vault/.tobs/parts").iterdir()) == []
        contents = [path for path in (tmp_path / "vault/.tobs/store").rglob("*") if path.is_file()]
        assert len(contents) == len({bytes_of(ident) for ident in range(1, 31)}), "equal bytes are stored once"


async def test_files_that_are_known_are_not_downloaded_again(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(TEN)]))
        await rig.queue().run()
        asked = len(rig.telegram.asked)
        await rig.queue().run()
        assert len(rig.telegram.asked) == asked, "a second run has nothing to do"

        forwarded = rows_of([1]).files[0]
        again = [
            media_help.PageCommit(
                CHAT, number, number, 0, (), (media_help.FileRow(number, 0, 0, 5, forwarded.kind, forwarded.file),)
            )
            for number in range(101, 106)
        ]
        await rig.writer.submit(lambda archive: archive.commit(again))
        await rig.queue(workers=5).run()
        assert len(rig.telegram.asked) == asked
        assert sorted(rig.watcher.done) == [(number, True) for number in range(101, 106)]
        assert all(rig.place(number).read_bytes() == bytes_of(1) for number in range(101, 106))


async def test_the_same_new_file_in_many_messages_is_downloaded_once(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        one = rows_of([3]).files[0]
        pages = [
            media_help.PageCommit(
                CHAT, number, number, 0, (), (media_help.FileRow(number, 0, 0, 5, one.kind, one.file),)
            )
            for number in range(1, 9)
        ]
        await rig.writer.submit(lambda archive: archive.commit(pages))
        await rig.queue(workers=8).run()
        assert sorted(reused for _, reused in rig.watcher.done) == [False] + [True] * 7
        assert len(set(rig.telegram.asked)) == len(rig.telegram.asked)


async def test_expired_references_are_renewed_once_for_all_parts(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        rig.telegram.expired.add(b"old")
        await rig.writer.submit(lambda archive: archive.commit([rows_of(TEN)]))
        await rig.queue().run()
        assert rig.wrong(TEN) == []
        assert sorted(rig.telegram.refreshed) == list(TEN)


async def test_one_bad_file_of_each_sort_is_set_aside_and_the_others_arrive(tmp_path: Path) -> None:
    telegram = ScriptedTelegram()
    telegram.gone = {1}
    telegram.cut = {2: 1 << 30}
    telegram.errors = {
        3: TobsError(ErrorCode.TELEGRAM_REFUSED, "Telegram answered SOMETHING."),
        4: KeyError("a bug"),
    }
    telegram.moved = {5: 99}
    telegram.cut[5] = 1
    telegram.cut[6] = 2  # comes out right at last
    async with rig_in(tmp_path / "vault", telegram) as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(TEN)]))
        await rig.queue().run()
        assert rig.wrong(TEN) == [1, 2, 3, 4, 5]
        reasons = {failure.message_id: failure for failure in rig.watcher.failed}
        assert sorted(reasons) == [1, 2, 3, 4, 5]
        assert reasons[1].reason == "Telegram answers FILE_ID_INVALID for it."
        assert "bytes at offset" in reasons[2].reason
        assert reasons[3].reason == "Telegram answered SOMETHING."
        assert reasons[4].code is ErrorCode.UNEXPECTED
        assert reasons[5].reason == "The message shows another file by now."
        state = await rig.writer.submit(lambda archive: archive.file_state(CHAT, 1, 0))
        assert state is not None
        assert (state.status, state.reason) == (FileStatus.FAILED, reasons[1].reason)

        telegram.gone, telegram.cut, telegram.errors, telegram.moved = set(), {}, {}, {}
        await rig.queue().run()
        assert rig.wrong(TEN) == [], "the next run tries again"


async def test_a_reference_that_no_refresh_mends_does_not_go_on_for_ever(tmp_path: Path) -> None:
    telegram = ScriptedTelegram()
    telegram.expired = {b"old"} | {b"new%d" % number for number in range(1000)}
    async with rig_in(tmp_path / "vault", telegram) as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(TEN)]))
        await rig.queue().run()
        assert len(rig.watcher.failed) == 10
        assert len(telegram.refreshed) < 100


@pytest.mark.parametrize("code", [ErrorCode.SESSION_ENDED, ErrorCode.DISK_FULL])
async def test_trouble_that_all_files_share_ends_the_queue(tmp_path: Path, code: ErrorCode) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        rig.telegram.errors = {4: TobsError(code, "It is over.")}
        await rig.writer.submit(lambda archive: archive.commit([rows_of(range(1, 41))]))
        with pytest.raises(TobsError) as caught:
            await rig.queue().run()
        assert caught.value.code is code
        assert rig.watcher.failed == []
        rig.telegram.errors = {}
        await rig.queue().run()
        assert rig.wrong(range(1, 41)) == []


async def test_a_full_disk_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with rig_in(tmp_path / "vault") as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(TEN)]))
        with monkeypatch.context() as patch:
            patch.setattr("tobs_tui.media.parts._write_all", full)
            with pytest.raises(TobsError) as caught:
                await rig.queue().run()
        assert caught.value.code is ErrorCode.DISK_FULL
        await rig.queue().run()
        assert rig.wrong(TEN) == []


async def test_files_committed_while_it_runs_are_downloaded_too(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        queue = rig.queue(more=True)
        running = asyncio.create_task(queue.run())
        order = list(range(1, 41))
        random.Random(4).shuffle(order)
        for ident in order:
            await rig.writer.submit(lambda archive, ident=ident: archive.commit([rows_of([ident])]))
            queue.wake()
            await asyncio.sleep(0)
        assert not running.done()
        queue.no_more()
        await running
        assert rig.wrong(order) == []


async def test_more_files_than_a_batch_and_few_of_them_wanted(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        small = rows_of([0 + 4]).files[0].file
        kinds = {number: MediaKind.VOICE if number % 3 else MediaKind.VIDEO for number in range(1, 601)}
        files = tuple(media_help.FileRow(number, 0, 0, 5, kind, small) for number, kind in kinds.items())
        await rig.writer.submit(lambda archive: archive.commit([media_help.PageCommit(CHAT, 1, 600, 0, (), files)]))
        wanted = FileFilter((FileScope(CHAT),), kinds=(MediaKind.VIDEO,))
        await rig.queue(workers=8, wanted=wanted).run()
        assert sorted(ident for ident, _ in rig.watcher.done) == [
            n for n, kind in kinds.items() if kind is MediaKind.VIDEO
        ]
        assert (rig.watcher.totals[0].total, rig.watcher.totals[0].excluded) == (200, 400)


async def test_pause_stops_asking_and_resume_goes_on(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        rig.telegram.reach_at = 5
        await rig.writer.submit(lambda archive: archive.commit([rows_of(range(1, 41))]))
        queue = rig.queue()
        running = asyncio.create_task(queue.run())
        await rig.telegram.reached.wait()
        queue.pause()
        while any(worker.state is not WorkerState.PAUSED for worker in rig.workers):
            await asyncio.sleep(0.005)
        asked = len(rig.telegram.asked)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(rig.telegram.asked) == asked
        queue.resume()
        await running
        assert rig.wrong(range(1, 41)) == []


async def test_a_cancelled_queue_goes_on_where_it_was(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        rig.telegram.reach_at = 25
        await rig.writer.submit(lambda archive: archive.commit([rows_of(range(1, 41))]))
        queue = rig.queue()
        running = asyncio.create_task(queue.run())
        await rig.telegram.reached.wait()
        queue.cancel()
        await running
        assert rig.wrong(range(1, 41)) != []
        await rig.queue().run()
        assert rig.wrong(range(1, 41)) == []
        repeated = len(rig.telegram.asked) - len(set(rig.telegram.asked))
        assert repeated <= 3 * 2, "at most the parts in flight are asked for twice"


async def test_files_that_a_person_removed_or_a_layout_moved_come_back(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(TEN)]))
        await rig.queue().run()
        asked = len(rig.telegram.asked)
        rig.place(4).unlink()
        await rig.queue().run()
        assert rig.wrong(TEN) == []
        assert len(rig.telegram.asked) == asked, "its content was still in the store"

        for path in (tmp_path / "vault").rglob("*"):
            if path.is_file() and path.read_bytes() == bytes_of(7):
                path.unlink()
        await rig.queue().run()
        assert rig.wrong(TEN) == []
        assert {ident for ident, _ in rig.telegram.asked[asked:]} == {7}

        await rig.queue(path=lambda archive, task: f"elsewhere/m{task.message_id}.bin").run()
        assert sorted(digests(tmp_path / "vault")) == sorted(f"elsewhere/m{ident}.bin" for ident in TEN)


async def test_a_name_that_cannot_be_costs_only_its_own_file(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(TEN)]))
        rig.place(3).mkdir(parents=True)
        await rig.queue().run()
        assert [failure.message_id for failure in rig.watcher.failed] == [3]
        assert rig.wrong(TEN) == [3]


async def test_workers_and_parts_in_flight_bound_what_is_asked_at_once(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        rig.telegram.delay = 0.001
        await rig.writer.submit(lambda archive: archive.commit([rows_of(range(1, 41))]))
        await rig.queue(workers=4).run()
        assert 4 <= rig.telegram.most_at_once <= 4 * 2


def test_killed_again_and_again_the_files_are_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    count, rng = 40, random.Random(11)
    vault = tmp_path / "vault"
    command = [sys.executable, "-m", "tests.integration.media_help", str(vault), str(count)]
    root = Path(__file__).parents[2]
    for _ in range(2):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
        assert child.stdout is not None
        wanted = rng.randint(1, 25)
        for line in child.stdout:
            if int(line) >= wanted:
                break
        child.kill()
        child.communicate()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=root)
    asyncio.run(_compare(vault, tmp_path / "undisturbed", count))


async def _compare(vault: Path, undisturbed: Path, count: int) -> None:
    async with rig_in(undisturbed) as rig:
        await rig.writer.submit(lambda archive: archive.commit([rows_of(range(1, count + 1))]))
        await rig.queue().run()
    assert digests(vault) == digests(undisturbed)
    assert len(digests(vault)) == count
    async with rig_in(vault) as rig:
        assert rig.wrong(range(1, count + 1)) == []
    names = [
        {path.name for path in (place / ".tobs/store").rglob("*") if path.is_file()} for place in (vault, undisturbed)
    ]
    assert names[0] == names[1], "no half file and no second copy stays in the store"
    assert list((vault / ".tobs/parts").iterdir()) == []


async def test_no_worker_misses_that_nothing_more_comes(tmp_path: Path) -> None:
    async with rig_in(tmp_path / "vault") as rig:
        for turns in range(40):
            queue = rig.queue(workers=8, more=True)
            running = asyncio.create_task(queue.run())
            for _ in range(10 * turns):
                await asyncio.sleep(0)
                queue.wake()
            queue.no_more()
            await asyncio.wait_for(running, 30)
