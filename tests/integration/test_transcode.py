"""Transcoding in a vault: variants beside originals or in their place, linked from the notes, made once, kept through
kills, changed options and reruns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from msgspec.structs import replace
from PIL import Image

from tests.integration.jobs_help import CHAT, FOLDER, WANTED, Rig, put_file, rig_in
from tests.integration.media_help import ScriptedTelegram, Watcher
from tests.media_files import bomb, camera_picture, picture, sound, video
from tests.render_help import render_chat
from tests.unit.test_media_jobs import BROKEN_CARD
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine import variants
from tobs_tui.engine.job_plans import transcode_plans
from tobs_tui.engine.media import MediaQueue
from tobs_tui.engine.media_names import path_of_file, rename_media
from tobs_tui.engine.workers import WorkerStats
from tobs_tui.media.encoders import encoders_here
from tobs_tui.media.store import Store
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.media import File, FileKind
from tobs_tui.model.profile import (
    AudioFormat,
    ImageFormat,
    Layout,
    MediaKind,
    MediaOptions,
    Profile,
    Quality,
    Split,
    Transcode,
    VideoFormat,
)
from tobs_tui.model.run import WorkerRole

ALL = Transcode(VideoFormat.AV1, AudioFormat.OPUS, ImageFormat.WEBP, Quality.SMALL)
PLACE = f"{FOLDER}/media/2023-11"


def profile_of(transcode: Transcode) -> Profile:
    return Profile(media=MediaOptions(transcode=transcode), layout=Layout(timezone="UTC"))


def fill(vault: Path) -> None:
    """A vault with a video, a sound, two messages with one picture, and things that cannot be transcoded."""
    with Archive.open(archive_path(vault)) as archive:
        put_file(vault, archive, 1, video(), MediaKind.VIDEO, "video/mp4", "a.mp4")
        put_file(vault, archive, 2, sound(), MediaKind.VOICE, "audio/wav", "a.wav")
        put_file(vault, archive, 3, picture(), MediaKind.PHOTO)
        put_file(vault, archive, 4, picture(), MediaKind.PHOTO)
        put_file(vault, archive, 5, b"PK\3\4 a plain file", MediaKind.FILE, "application/zip", "a.zip")


def names(vault: Path) -> list[str]:
    """The readable names of the media."""
    return sorted(path.name for path in (vault / PLACE).iterdir())


def stored(vault: Path) -> int:
    """How many contents the store holds."""
    return sum(path.is_file() for path in (vault / ".tobs/store").rglob("*"))


def note_of(rig: Rig) -> str:
    """The chat's note as it would be rendered now."""
    with Archive.open(archive_path(rig.vault)) as archive:
        render_chat(archive, rig.vault, CHAT, layout=rig.profile.layout, media=rig.profile.media, everything=True)
    return (rig.vault / FOLDER / "2023-11.md").read_text()


class Requests(ScriptedTelegram):
    """A Telegram that is not to be asked for anything."""


async def download(rig: Rig) -> list[tuple[int, int]]:
    """Have the media queue look after the vault; gives what it asked Telegram for."""
    telegram: Any = Requests()
    workers = [WorkerStats("m01", WorkerRole.MEDIA)]
    queue = MediaQueue(
        telegram, rig.writer.submit, rig.vault, WANTED, path_of_file(rig.profile.layout), workers, Watcher()
    )
    queue.no_more()
    await queue.run()
    return telegram.asked


async def test_variants_stand_beside_their_originals_and_the_note_leads_to_both(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    async with rig_in(vault, profile_of(ALL)) as rig:
        board = await rig.work()
        assert board.failures == []
        assert names(vault) == [
            *("m1.av1.mp4", "m1.mp4", "m2.opus", "m2.wav", "m3.jpg", "m3.webp", "m4.jpg", "m4.webp", "m5.zip"),
        ]
        assert (vault / PLACE / "m3.webp").samefile(vault / PLACE / "m4.webp"), "equal bytes are transcoded once"
        assert all(
            (vault / PLACE / name).stat().st_mtime == (vault / PLACE / twin).stat().st_mtime
            for name, twin in (("m1.mp4", "m1.av1.mp4"), ("m2.wav", "m2.opus"), ("m3.jpg", "m3.webp"))
        ), "files bear their message's date"
        with av.open(str(vault / PLACE / "m1.av1.mp4")) as made:
            assert len(list(made.decode(video=0))) == 20
        with Image.open(vault / PLACE / "m3.webp") as made:
            assert made.size == (640, 480)
        note = note_of(rig)
        assert "[🎬 video 0:01 · a.mp4](media/2023-11/m1.av1.mp4) · [original](media/2023-11/m1.mp4)" in note
        assert "[🎤 voice 0:02 · a.wav](media/2023-11/m2.opus) · [original](media/2023-11/m2.wav)" in note
        assert "[![](media/2023-11/m3.webp)](media/2023-11/m3.jpg)" in note
        assert "[📄 file · a.zip](media/2023-11/m5.zip)\n" in note

        before = stored(vault)
        board = await rig.work()
        assert sum(worker.done for worker in board.workers.all()) == 0, "a rerun makes nothing"
        assert stored(vault) == before
        assert await download(rig) == []


async def test_a_message_that_shows_known_bytes_later_gets_their_variant_too(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    async with rig_in(vault, profile_of(ALL)) as rig:
        await rig.work()
        await rig.ask(lambda archive: put_file(vault, archive, 9, picture(), MediaKind.PHOTO))
        board = await rig.work()
        assert sum(worker.done for worker in board.workers.all()) == 0
        assert (vault / PLACE / "m9.webp").samefile(vault / PLACE / "m3.webp")


async def test_variants_that_were_lost_come_back_and_those_not_wanted_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variants, "BATCH", 1)  # as with more of them than are looked at at a time
    vault = tmp_path / "vault"
    fill(vault)
    async with rig_in(vault, profile_of(ALL)) as rig:
        await rig.work()
        (vault / PLACE / "m1.av1.mp4").unlink()
        await rig.work()
        assert (vault / PLACE / "m1.av1.mp4").is_file(), "a name is put back from the store"
        for path in (vault / ".tobs/store").rglob("*"):
            if path.is_file() and path.samefile(vault / PLACE / "m1.av1.mp4"):
                path.unlink()
        (vault / PLACE / "m1.av1.mp4").unlink()
        await rig.work()
        assert (vault / PLACE / "m1.av1.mp4").is_file(), "a content that is gone is made again"

        rig.profile = profile_of(Transcode())
        await rig.work()
        assert names(vault) == ["m1.mp4", "m2.wav", "m3.jpg", "m4.jpg", "m5.zip"]
        assert "original" not in note_of(rig)


async def test_variants_follow_their_originals_to_other_names(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    async with rig_in(vault, profile_of(replace(ALL, video=VideoFormat.OFF, audio=AudioFormat.OFF))) as rig:
        await rig.work()
        daily = Layout(timezone="UTC", split=Split.DAY)
        assert await rig.ask(lambda archive: rename_media(archive, vault, daily)) == 5
        rig.profile = replace(rig.profile, layout=daily)
        found = sorted(path.relative_to(vault / FOLDER).as_posix() for path in vault.glob("Club*/media/*/m[34].*"))
        assert found == [f"media/2023-11-14/m{ident}.{ending}" for ident in (3, 4) for ending in ("jpg", "webp")]
        board = await rig.work()
        assert sum(worker.done for worker in board.workers.all()) == 0


async def test_a_variant_takes_its_originals_place_for_good(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    with Archive.open(archive_path(vault)) as archive:
        put_file(vault, archive, 6, camera_picture(), MediaKind.FILE, "image/jpeg", "IMG_1.jpg")
    async with rig_in(vault, profile_of(replace(ALL, keep_originals=False))) as rig:
        board = await rig.work()
        assert board.failures == []
        assert names(vault) == ["m1.mp4", "m2.opus", "m3.webp", "m4.webp", "m5.zip", "m6.webp"]
        assert stored(vault) == 5, "the originals' bytes are gone"
        with av.open(str(vault / PLACE / "m1.mp4")) as made:
            assert made.streams.video[0].codec_context.codec.canonical_name == "av1"
        note = note_of(rig)
        assert "[🎬 video 0:01 · a.mp4](media/2023-11/m1.mp4)" in note
        assert "![](media/2023-11/m3.webp)" in note
        assert "taken 2024-05-14 09:15, Canon EOS 5D" in note, "what the original told is still known"

        assert await download(rig) == [], "nothing is downloaded again"
        board = await rig.work()
        assert sum(worker.done for worker in board.workers.all()) == 0, "nor transcoded again"
        assert names(vault) == ["m1.mp4", "m2.opus", "m3.webp", "m4.webp", "m5.zip", "m6.webp"]
        assert note_of(rig) == note

        forwarded = File(FileKind.DOCUMENT, 1, 1, b"r", 2, len(video()), mime="video/mp4", name="a.mp4")
        await rig.ask(lambda archive: _forward(archive, forwarded))
        assert await download(rig) == [], "a forward of the same file is not, either"
        assert (vault / PLACE / "m20.mp4").samefile(vault / PLACE / "m1.mp4")


def _forward(archive: Archive, file: File) -> None:
    from tobs_tui.archive.records import FileRow, PageCommit, message_rows
    from tobs_tui.model.media import Document, DocumentKind
    from tobs_tui.model.messages import Message

    date = 1_700_000_020
    rows, _ = message_rows([Message(id=20, date=date, media=Document(file, DocumentKind.VIDEO))])
    archive.commit([PageCommit(CHAT, 20, 20, 0, rows, (FileRow(20, 0, 0, date, MediaKind.VIDEO, file),))])


async def test_the_name_of_an_original_that_a_kill_left_beside_its_replacement_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    mine = vault / PLACE / "m3.mine.jpg"
    replacing = Transcode(images=ImageFormat.WEBP, quality=Quality.SMALL, keep_originals=False)
    async with rig_in(vault, profile_of(replacing)) as rig:

        def cut(*_: Any) -> None:
            raise TobsError(ErrorCode.DISK_FULL, "Cut off.")

        with monkeypatch.context() as patch:
            patch.setattr(Store, "retire", cut)  # the archive knows of the replacement, the old name is still there
            stage = rig.stage()
            await stage.finish()
            await stage.close()
        rig.fatal.clear()
        assert {"m3.jpg", "m3.webp"} <= set(names(vault))
        mine.write_bytes(b"somebody's own")
        await rig.work()
        assert names(vault) == ["m1.mp4", "m2.wav", "m3.mine.jpg", "m3.webp", "m4.webp", "m5.zip"]
        assert stored(vault) == 4


async def test_a_replacement_that_was_cut_off_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    replacing = Transcode(images=ImageFormat.WEBP, quality=Quality.SMALL, keep_originals=False)
    async with rig_in(vault, profile_of(replacing)) as rig:

        def cut(*_: Any, **__: Any) -> None:
            raise TobsError(ErrorCode.DISK_FULL, "Cut off.")

        with monkeypatch.context() as patch:
            patch.setattr(Archive, "replace_content", cut)  # the files are in place, the archive does not know
            stage = rig.stage()
            await stage.finish()
            await stage.close()
        assert [error.sentence for error in rig.fatal] == ["Cut off."]
        rig.fatal.clear()
        assert await download(rig) == []
        assert (vault / PLACE / "m3.jpg").read_bytes() == picture(), "until it is done the original is the file"
        await rig.work()
        assert names(vault) == ["m1.mp4", "m2.wav", "m3.webp", "m4.webp", "m5.zip"]
        assert stored(vault) == 4


async def test_a_card_that_fails_costs_its_jobs_nothing_and_is_shown(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    software = encoders_here(VideoFormat.H264)[-1]
    wanted = Transcode(video=VideoFormat.H264, quality=Quality.SMALL, max_height=90)
    plans = transcode_plans(wanted, 1, (BROKEN_CARD, software))
    async with rig_in(vault, profile_of(wanted)) as rig:
        board = await rig.work(*plans)
        assert board.failures == []
        assert (vault / PLACE / "m1.h264.mp4").is_file()
        alerts = [alert.text for alert in board.state.alerts]
        assert len(alerts) == 1
        assert alerts[0].startswith("h264_nvenc on cuda:97 does not encode any more: ")
        card = next(worker for worker in board.workers.all() if worker.role is WorkerRole.GPU)
        assert (card.id, card.done, card.last_error) == ("g0", 1, alerts[0])
        assert any("took its place" in line.text for line in board.state.log)


async def test_damaged_files_and_bombs_are_failures_by_name(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    fill(vault)
    with Archive.open(archive_path(vault)) as archive:
        put_file(vault, archive, 11, video()[:2000], MediaKind.VIDEO, "video/mp4", "b.mp4")
        put_file(vault, archive, 12, bomb(), MediaKind.PHOTO)
        put_file(vault, archive, 13, picture()[:3000], MediaKind.PHOTO)
    async with rig_in(vault, profile_of(ALL)) as rig:
        board = await rig.work()
        reasons = {failure.message_id: failure.reason for failure in board.failures}
        assert sorted(reasons) == [11, 12, 13]
        assert {failure.what for failure in board.failures} == {"transcode"}
        assert "too large" in reasons[12]
        assert "damaged" in reasons[13]
        assert {"m11.mp4", "m12.jpg", "m13.jpg", "m1.av1.mp4"} <= set(names(vault)), "the files stay as they came"
