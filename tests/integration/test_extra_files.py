"""Files beside a message's own: pictures of polls always, previews, qualities, thumbnails and emoji for who asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from telethon.tl import types

from tests.integration.engine_help import account_at, address_of, profile_of
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.schema import archive_path
from tobs_tui.model.profile import MAIN_KINDS, Format, Layout, MediaKind, MediaOptions
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.bench_files import add_channel, empty_world
from tobs_tui.sandbox.worlds.demo import media as made
from tobs_tui.sandbox.worlds.world import World

WHEN = 1_700_000_000
EVERY_FORM = Layout(timezone="UTC", formats=(Format.MARKDOWN, Format.JSONL, Format.HTML))


def _text(text: str) -> types.TextWithEntities:
    return types.TextWithEntities(text, [])


def _poll(world: World) -> Callable[[], Any]:
    pictures = [made.photo(world.files, WHEN, number, mark=f"poll {number}").media for number in range(4)]
    return lambda: types.MessageMediaPoll(
        poll=types.Poll(
            id=7,
            question=_text("Which one?"),
            answers=[
                types.PollAnswer(_text("This"), b"1", media=pictures[1]()),
                types.PollAnswer(_text("That"), b"2", media=pictures[2]()),
                types.PollAnswer(_text("None"), b"3"),
            ],
            hash=0,
            quiz=True,
        ),
        results=types.PollResults(
            results=[],
            total_voters=0,
            solution="Because.",
            solution_entities=[types.MessageEntityBold(0, 7)],
            solution_media=pictures[3](),
        ),
        attached_media=pictures[0](),
    )


def picturesque() -> World:
    """A channel with a preview, a poll with pictures, a video with a thumbnail and another quality, and emoji."""
    world = empty_world()
    store = world.files
    page, best, lesser = made.photo_file(store, WHEN, 0, "page"), made.video(store, WHEN), made.animation(store, WHEN)
    assert best.file is not None
    assert lesser.file is not None
    emoji = made.custom_emoji(store, WHEN, "🌟")
    world.custom_emoji.append(emoji)
    log = add_channel(world, []).key
    post = world.post
    post(
        log,
        0,
        "https://example.org/trip",
        date=WHEN,
        media=lambda: types.MessageMediaWebPage(
            types.WebPage(1, "https://example.org/trip", "example.org", 0, title="A trip", photo=page.tl())
        ),
    )
    post(log, 0, "", media=_poll(world))
    post(
        log,
        0,
        "",
        media=lambda: types.MessageMediaDocument(
            document=best.file.tl(),  # type: ignore[union-attr]
            video=True,
            alt_documents=[lesser.file.tl()],  # type: ignore[union-attr]
        ),
        file=best.file,
    )
    for _ in range(2):
        ident = post(log, 0, "🌟 bright")
        world._log(log).draft(ident).entities = [types.MessageEntityCustomEmoji(0, 2, emoji)]
    return world


async def test_extra_files_come_for_who_asks_and_number_nothing_anew(tmp_path: Path) -> None:
    world, vault = picturesque(), tmp_path / "vault"

    def note() -> str:
        return next(vault.rglob("2023-11.md")).read_text()

    def names() -> list[str]:
        return sorted(path.relative_to(path.parents[1]).as_posix() for path in vault.rglob("media/*/*"))

    async with SandboxServer(world) as server, account_at(address_of(server), tmp_path / "session", world) as account:
        state = await account.export(vault, profile_of(layout=EVERY_FORM))
        assert state.outcome is Outcome.COMPLETE
        usual = ["2023-11/m2-2.jpg", "2023-11/m2-3.jpg", "2023-11/m2-4.jpg", "2023-11/m2.jpg", "2023-11/m3.mp4"]
        assert names() == usual
        assert (state.totals.files, state.totals.skipped) == (5, 0)
        text = note()
        assert "Which one?\n\n![](media/2023-11/m2.jpg)\n\n- This  \n  ![](media/2023-11/m2-2.jpg)\n- That" in text
        assert "> **Because**.\n>\n> ![](media/2023-11/m2-4.jpg)" in text
        assert "preview" not in text

        small = MediaOptions(kinds=(*MAIN_KINDS, MediaKind.PREVIEW, MediaKind.EMOJI))
        assert (await account.export(vault, profile_of(layout=EVERY_FORM, media=small))).outcome is Outcome.COMPLETE
        emoji = f"emoji/{world.custom_emoji[0]}.tgs"
        assert names() == sorted([*usual, "2023-11/m1.jpg", emoji])
        assert "![](media/2023-11/m1.jpg)\n\n> [A trip](https://example.org/trip)" in note()
        assert "🌟 bright" in note()

        every = MediaOptions(kinds=tuple(MediaKind))
        asked = server.calls["upload.getFile"]
        assert (await account.export(vault, profile_of(layout=EVERY_FORM, media=every))).outcome is Outcome.COMPLETE
        assert names() == sorted([*usual, "2023-11/m1.jpg", "2023-11/m3-2.mp4", "2023-11/m3-3.jpg", emoji])
        assert server.calls["upload.getFile"] - asked == 2, "what is there is not fetched again"
        assert "[![](media/2023-11/m3-3.jpg)](media/2023-11/m3.mp4)" in note()
        assert "🎬 also in [180p](media/2023-11/m3-2.mp4)" in note()
        page = next(vault.rglob("2023-11.html")).read_text()
        for shown in ('src="media/2023-11/m1.jpg"', 'src="media/2023-11/m2-3.jpg"', 'poster="media/2023-11/m3-3.jpg"'):
            assert shown in page
        assert 'href="media/2023-11/m3-2.mp4">180p</a>' in page
        lines = next(vault.rglob("2023-11.jsonl")).read_text()
        assert lines.count(emoji) == 2, "both messages name the one file"

        calls = dict(server.calls)
        assert (await account.export(vault, profile_of(layout=EVERY_FORM, media=every))).outcome is Outcome.COMPLETE
        for method in ("upload.getFile", "messages.getCustomEmojiDocuments"):
            assert server.calls[method] == calls[method], "a rerun asks for no file"
    with Archive.open(archive_path(vault), read_only=True) as archive:
        assert not archive.awaits_files(archive.chats()[0].id, 1, 9, tuple(MediaKind), 0)
