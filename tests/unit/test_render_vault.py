"""The vault is a function of the archive: whole notes, each message once and in order, nothing rewritten in vain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.judge import PARSER
from tests.render_help import Rendered, render_chat
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, FileFilter, FileScope, PageCommit, TopicRecord, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.index_pages import IndexJob, render_index
from tobs_tui.engine.link_check import LinkChecker, Trouble
from tobs_tui.engine.note_plan import Survey
from tobs_tui.model import media as m
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.messages import Action, ActionKind, Forward, Message, Reaction, ReactionKind, Reply
from tobs_tui.model.peers import Peer, PeerKind, Topic
from tobs_tui.model.profile import Anchors, Layout, MediaOptions, Split
from tobs_tui.model.text import Entity, EntityKind, FormattedText

CLUB, NEWS, OLD = -1_001_234_567_890, -1_000_000_000_042, -77
MAY, JUNE = 1_715_674_500, 1_718_439_300  # 2024-05-14 and 2024-06-15 in Berlin
LAYOUT = Layout(timezone="Europe/Berlin")
GOLDEN = Path(__file__).parent / "golden"


def _photo(ident: int) -> m.Photo:
    return m.Photo(m.File(m.FileKind.PHOTO, ident, 1, b"", 2, 120_000, "y"), 800, 600)


def _club_messages() -> list[Message]:
    video = m.File(m.FileKind.DOCUMENT, 9, 1, b"", 2, 3 << 30, mime="video/mp4", name="talk.mp4")
    text = "1. not a list, #not a tag, but #release is bold\nprint(1)"
    formatting = (
        Entity(EntityKind.HASHTAG, 31, 8),
        Entity(EntityKind.BOLD, 43, 4),
        Entity(EntityKind.PRE, 48, 8, "python"),
    )
    likes = (Reaction(ReactionKind.EMOJI, 3, "👍"), Reaction(ReactionKind.EMOJI, 1, "❤️"))
    return [
        Message(1, MAY, sender=7, action=Action(ActionKind.ChannelCreate, text="Dev *Club*")),
        Message(2, MAY + 60, sender=8, text="Hello, all!\nNice to be here.", reactions=likes),
        Message(3, MAY + 120, sender=7, text="two photos", album=5, media=_photo(1)),
        Message(4, MAY + 120, sender=7, album=5, media=_photo(2)),
        Message(5, MAY + 180, sender=8, text=text, entities=formatting, reply=Reply(2), edit_date=MAY + 240),
        Message(6, MAY + 90_000, sender=7, media=m.Document(video, m.DocumentKind.VIDEO, 61.0)),
        Message(7, MAY + 90_060, sender=8, action=Action(ActionKind.PinMessage, message_id=2)),
        Message(8, MAY + 90_120, sender=8, text="from afar", forward=Forward(NEWS, message_id=3, date=MAY - 86_400)),
        Message(9, JUNE, sender=8, text="later", reply=Reply(5, quote=FormattedText("not a list"))),
        Message(42, JUNE + 60, sender=8, topic=42, action=Action(ActionKind.TopicCreate, text="Releases")),
        Message(43, JUNE + 120, sender=8, topic=42, text="in the topic", reply=Reply(42)),
        Message(44, JUNE + 180, sender=7, topic=42, text="and back", reply=Reply(2, topic_root=42)),
    ]


def commit(archive: Archive, chat: int, messages: list[Message]) -> None:
    """Put messages into an archive, as a fetched page."""
    rows, files = message_rows(messages)
    archive.commit([PageCommit(chat, messages[0].id, messages[-1].id, rows=rows, files=files)])


def fill_with_a_club(archive: Archive) -> None:
    """Put one forum into an archive."""
    archive.put_chat(ChatRecord(CLUB, "Dev Club", "Dev Club (c1234567890)", PeerKind.FORUM, about="We *code*."))
    archive.put_topics(CLUB, [TopicRecord(Topic(42, "Releases"), "Releases (t42)")])
    archive.put_peers(
        [
            Peer(7, PeerKind.USER, "Иван [ops]"),
            Peer(8, PeerKind.USER, "Zoe"),
            Peer(NEWS, PeerKind.CHANNEL, "News", username="news"),
        ]
    )
    commit(archive, CLUB, _club_messages())


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive in a vault, with one forum in it."""
    with Archive.open(archive_path(tmp_path)) as opened:
        fill_with_a_club(opened)
        yield opened


def _render(archive: Archive, vault: Path, chat: int = CLUB, layout: Layout = LAYOUT, **facts: Any) -> Rendered:
    """Render and register, as a run does."""
    return render_chat(archive, vault, chat, layout=layout, **facts)


def _anchors(path: Path) -> list[int]:
    return [int(found) for found in re.findall(r"^###### m(\d+)$", path.read_text(encoding="utf-8"), re.MULTILINE)]


def _notes(vault: Path) -> dict[str, list[int]]:
    notes = sorted(path for path in vault.rglob("*.md") if path.name != "index.md")
    return {path.relative_to(vault).as_posix(): _anchors(path) for path in notes}


def test_a_month_looks_as_it_always_did(archive: Archive, tmp_path: Path) -> None:
    task = archive.pending_files(FileFilter((FileScope(CLUB),)), 1)[0]
    archive.file_done(task, "ab" * 32, 120_000, "Dev Club (c1234567890)/media/2024-05/m3.jpg")
    _render(archive, tmp_path, media=MediaOptions(max_size_mb=100))
    text = (tmp_path / "Dev Club (c1234567890)/2024-05.md").read_text(encoding="utf-8")
    assert text == (GOLDEN / "2024-05.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("split", list(Split))
def test_every_message_is_there_once_and_in_order(archive: Archive, tmp_path: Path, split: Split) -> None:
    result = _render(archive, tmp_path, layout=Layout(split=split, timezone="Europe/Berlin"))
    notes = _notes(tmp_path)
    topics = {"Releases (t42)" in path: [] for path in notes}  # type: dict[bool, list[int]]
    for path, ids in notes.items():
        topics["Releases (t42)" in path] += ids
    assert topics == {False: list(range(1, 10)), True: [42, 43, 44]}
    assert result.messages == 12
    assert archive.touched(CLUB) == []


def test_links_between_messages_lead_to_their_blocks(archive: Archive, tmp_path: Path) -> None:
    _render(archive, tmp_path)
    for path in tmp_path.rglob("*.md"):
        for block in PARSER.parse(path.read_text(encoding="utf-8")):
            for child in block.children or []:
                href = str(child.attrs.get("href", ""))
                if "#m" in href:
                    name, _, anchor = href.replace("%20", " ").partition("#")
                    assert int(anchor[1:]) in _anchors(path.parent / name)
    topic = (tmp_path / "Dev Club (c1234567890)/Releases (t42)/2024-06.md").read_text(encoding="utf-8")
    assert "↩ [Zoe](../2024-05.md#m2)" in topic


def test_rendering_again_writes_nothing(archive: Archive, tmp_path: Path) -> None:
    _render(archive, tmp_path)
    assert _render(archive, tmp_path).notes == ()
    assert _render(archive, tmp_path, everything=True).notes == ()
    archive.put_vault_options("another")
    assert _render(archive, tmp_path, everything=True).changed == []


def test_new_messages_rewrite_their_month_only_and_end_in_the_same_bytes(archive: Archive, tmp_path: Path) -> None:
    _render(archive, tmp_path)
    commit(archive, CLUB, [Message(100, JUNE + 300, sender=8, text="news")])
    result = _render(archive, tmp_path)
    assert result.changed == ["Dev Club (c1234567890)/2024-06.md"]
    step_by_step = {path: (tmp_path / path).read_bytes() for path in _notes(tmp_path)}
    for path in step_by_step:
        (tmp_path / path).unlink()
    _render(archive, tmp_path, everything=True)
    assert {path: (tmp_path / path).read_bytes() for path in _notes(tmp_path)} == step_by_step


def test_a_note_without_messages_left_is_removed_but_only_one_of_ours(archive: Archive, tmp_path: Path) -> None:
    _render(archive, tmp_path)
    own = tmp_path / "Dev Club (c1234567890)" / "diary.md"
    own.write_text("mine")
    moved = [msg for msg in _club_messages() if msg.id == 9]
    commit(archive, CLUB, [Message(9, MAY + 100_000, sender=8, text=moved[0].text)])
    _render(archive, tmp_path)
    assert not (tmp_path / "Dev Club (c1234567890)/2024-06.md").exists()
    assert "Dev Club (c1234567890)/2024-06.md" not in {note.path for note in archive.notes(CLUB)}
    assert own.read_text() == "mine"


def test_leftovers_of_a_killed_render_do_not_stay(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "Dev Club (c1234567890)"
    folder.mkdir()
    (folder / ".2024-05.md.tobs-tmp").write_text("half a no")
    _render(archive, tmp_path)
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_the_old_half_of_a_group_lies_in_its_successors_folder(archive: Archive, tmp_path: Path) -> None:
    archive.put_chat(ChatRecord(OLD, "Dev Club", "Dev Club (g77)", PeerKind.GROUP, migrated_to=CLUB))
    commit(archive, OLD, [Message(1, MAY - 86_400, sender=7, text="long ago")])
    _render(archive, tmp_path, OLD)
    note = tmp_path / "Dev Club (c1234567890)/before-migration/2024-05.md"
    assert "chat_id: -77\n" in note.read_text(encoding="utf-8")
    assert _anchors(note) == [1]


def test_comments_lead_to_the_discussion_and_back_when_it_is_exported_too(archive: Archive, tmp_path: Path) -> None:
    archive.put_chat(ChatRecord(NEWS, "News", "News (c42)", PeerKind.CHANNEL, username="news", linked_chat=CLUB))
    commit(archive, NEWS, [Message(3, MAY, text="post", comments=2, discussion=CLUB)])
    copy = Forward(NEWS, message_id=3, date=MAY, saved_peer=NEWS, saved_message_id=3)
    commit(archive, CLUB, [Message(60, MAY + 5, text="post", forward=copy)])
    _render(archive, tmp_path, NEWS)
    note = tmp_path / "News (c42)/2024-05.md"
    assert "💬 [2 comments](https://t.me/news/3)" in note.read_text(encoding="utf-8")
    copy_of_it = tmp_path / "Dev Club (c1234567890)/2024-05.md"
    _render(archive, tmp_path)
    assert "↪ forwarded from [News](https://t.me/news/3)" in copy_of_it.read_text(encoding="utf-8")
    _render(archive, tmp_path, CLUB, linked=frozenset({NEWS}), everything=True)
    assert "↪ forwarded from [News](<../News%20(c42)/2024-05.md#m3>)" in copy_of_it.read_text(encoding="utf-8")
    _render(archive, tmp_path, NEWS, linked=frozenset({CLUB}))
    assert "💬 [2 comments](<../Dev%20Club%20(c1234567890)/2024-05.md#m60>)" in note.read_text(encoding="utf-8")


def test_indexes_count_and_link_every_note(archive: Archive, tmp_path: Path) -> None:
    _render(archive, tmp_path)
    written = render_index(IndexJob(str(tmp_path), LAYOUT))
    assert [page.path for page in written] == ["Dev Club (c1234567890)/index.md", "index.md"]
    root = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert "| [Dev Club](<Dev%20Club%20(c1234567890)/index.md>) | forum | 12 | 2024-05-14 | 2024-06-15 |" in root
    chat = (tmp_path / "Dev Club (c1234567890)/index.md").read_text(encoding="utf-8")
    assert "We \\*code\\*." in chat
    assert "forum · 12 messages · 2024-05-14 to 2024-06-15\n" in chat
    assert "[All chats](../index.md)" in chat
    assert "| Releases | 42 | 3 | 2024-06-15 | 2024-06-15 |" in chat
    assert "| [2024-05](2024-05.md) | 8 | 2024-05-14 | 2024-05-15 |" in chat
    assert "| [2024-06](<Releases%20(t42)/2024-06.md>) | 3 |" in chat
    assert "| Zoe | 7 |" in chat
    assert render_index(IndexJob(str(tmp_path), LAYOUT)) == ()


def test_an_index_leads_to_the_chats_that_belong_to_it_and_tells_its_files(archive: Archive, tmp_path: Path) -> None:
    archive.put_chat(ChatRecord(CLUB, "Dev Club", "Dev Club (c1234567890)", PeerKind.FORUM, migrated_from=OLD))
    archive.put_chat(ChatRecord(OLD, "Club", "Club (g77)", PeerKind.GROUP, migrated_to=CLUB, linked_chat=NEWS))
    commit(archive, OLD, [Message(1, MAY - 86_400, sender=7, text="long ago")])
    task = archive.pending_files(FileFilter((FileScope(CLUB),)), 1)[0]
    archive.file_done(task, "ab" * 32, 120_000, "Dev Club (c1234567890)/media/2024-05/m3.jpg")
    for chat in (CLUB, OLD):
        _render(archive, tmp_path, chat)
    render_index(IndexJob(str(tmp_path), LAYOUT))
    club = (tmp_path / "Dev Club (c1234567890)/index.md").read_text(encoding="utf-8")
    assert "Before it was a supergroup: [Club](before-migration/index.md) · [All chats](../index.md)" in club
    assert " · 1 file, 117.2 KB\n" in club
    old = (tmp_path / "Dev Club (c1234567890)/before-migration/index.md").read_text(encoding="utf-8")
    assert "After it became a supergroup: [Dev Club](../index.md) · [All chats](../../index.md)" in old
    assert "Comments" not in old, "a chat without notes has no page to lead to"
    dead = [(found.address, found.trouble) for found in LinkChecker(tmp_path).check()]
    assert dead == [("media/2024-05/m3.jpg", Trouble.NO_FILE)], "only the archive believes that file to be there"


def test_an_index_that_a_person_has_changed_or_made_is_kept_aside(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# My own vault\n")
    _render(archive, tmp_path)
    first = render_index(IndexJob(str(tmp_path), LAYOUT))
    assert [(tmp_path / page.kept).read_text() for page in first if page.kept] == ["# My own vault\n"]
    club = tmp_path / "Dev Club (c1234567890)" / "index.md"
    written = club.read_bytes()
    club.write_bytes(written.replace(b"\n", b"\r\n"))
    assert [page.kept for page in render_index(IndexJob(str(tmp_path), LAYOUT))] == [""], "as another system writes it"
    club.write_bytes(written + b"\nmy thoughts\n")
    (page,) = render_index(IndexJob(str(tmp_path), LAYOUT))
    assert page.path == "Dev Club (c1234567890)/index.md"
    assert (tmp_path / page.kept).read_bytes() == written + b"\nmy thoughts\n"
    assert club.read_bytes() == written


def test_nothing_is_written_through_a_link_that_stands_for_a_note(archive: Archive, tmp_path: Path) -> None:
    vault, outside = tmp_path, tmp_path.parent / f"{tmp_path.name}-outside"
    _render(archive, vault)
    note = vault / "Dev Club (c1234567890)/2024-06.md"
    before = note.read_bytes()
    note.rename(outside)
    note.symlink_to(outside)
    (note.parent / ".2024-06.md.tobs-tmp").symlink_to(outside)
    commit(archive, CLUB, [Message(100, JUNE + 300, sender=8, text="news")])
    _render(archive, vault)
    assert outside.read_bytes() == before
    assert not note.is_symlink()
    assert note.read_bytes().startswith(before)
    assert note.read_bytes() != before


def test_anchors_of_a_vault_follow_its_layout(archive: Archive, tmp_path: Path) -> None:
    _render(archive, tmp_path, layout=Layout(anchors=Anchors.BLOCK, timezone="Europe/Berlin"))
    text = (tmp_path / "Dev Club (c1234567890)/2024-05.md").read_text(encoding="utf-8")
    assert "\n^m2\n" in text
    assert "(2024-05.md#^m2)" in text


def test_a_vault_that_cannot_be_written_is_told_in_a_sentence(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "Dev Club (c1234567890)").write_text("a file where the folder should be")
    with pytest.raises(TobsError) as caught:
        _render(archive, tmp_path)
    assert caught.value.code is ErrorCode.OUTPUT_NOT_WRITABLE


def test_a_chat_that_is_not_in_the_archive_renders_to_nothing(archive: Archive, tmp_path: Path) -> None:
    assert _render(archive, tmp_path, -5) == Rendered(Survey(), ())
