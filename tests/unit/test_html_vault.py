"""A vault as pages: they grow and go as notes do, lead to one another, and are found by the search page's data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.html_help import elements
from tests.html_links import dead_links
from tests.render_help import render_chat
from tests.unit.test_render_vault import CLUB, JUNE, MAY, OLD, commit, fill_with_a_club
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.index_pages import IndexJob, render_index
from tobs_tui.engine.search import Wanted, search_vault
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import PeerKind
from tobs_tui.model.profile import Format, Layout, Split

PAGES = Layout(timezone="Europe/Berlin", formats=(Format.HTML,))
BOTH = Layout(timezone="Europe/Berlin", formats=(Format.MARKDOWN, Format.HTML))
NOTES = Layout(timezone="Europe/Berlin")
MONTH = "Dev Club (c1234567890)/2024-06.html"
SEARCHED = "search/Dev Club (c1234567890)/2024-06.js"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive in a vault, with one forum in it."""
    with Archive.open(archive_path(tmp_path)) as opened:
        fill_with_a_club(opened)
        yield opened


def _bring(archive: Archive, vault: Path, layout: Layout = PAGES, chat: int = CLUB) -> list[str]:
    """Bring a vault up to date as a run does; gives the paths of the files that changed."""
    changed = render_chat(archive, vault, chat, everything=True, layout=layout).changed
    return changed + [page.path for page in render_index(IndexJob(str(vault), layout))]


def _files(vault: Path) -> set[str]:
    return {
        path.relative_to(vault).as_posix() for path in vault.rglob("*") if path.is_file() and ".tobs" not in path.parts
    }


def _lines(path: Path) -> list[list[Any]]:
    return [json.loads(f"[{call[1]}]") for call in re.finditer(r"^m\((.*)\)$", path.read_text("utf-8"), re.MULTILINE)]


def _list(vault: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((vault / "search/index.js").read_text("utf-8").removeprefix("tobs(")[:-2])
    return found


@pytest.mark.parametrize("split", list(Split))
def test_every_link_of_the_pages_leads_somewhere(archive: Archive, tmp_path: Path, split: Split) -> None:
    layout = Layout(split=split, timezone="Europe/Berlin", formats=(Format.HTML,))
    archive.put_chat(ChatRecord(OLD, "Dev Club", "Dev Club (g77)", PeerKind.GROUP, migrated_to=CLUB))
    archive.put_chat(ChatRecord(CLUB, "Dev Club", "Dev Club (c1234567890)", PeerKind.FORUM, migrated_from=OLD))
    commit(archive, OLD, [Message(1, MAY - 86_400, sender=7, text="long ago")])
    render_chat(archive, tmp_path, OLD, layout=layout)
    _bring(archive, tmp_path, layout)
    assert dead_links(tmp_path) == []
    index = (tmp_path / "Dev Club (c1234567890)/index.html").read_text("utf-8")
    assert 'Before it was a supergroup: <a href="before-migration/index.html">Dev Club</a>' in index
    titles = _list(tmp_path)["titles"]
    for folder, month in _list(tmp_path)["files"]:
        for ident, time, _, text in _lines(tmp_path / "search" / folder / f"{month}.js"):
            name = {"day": time[:10], "month": time[:7], "year": time[:4]}.get(split.value, "messages")
            page = (tmp_path / folder / f"{name}.html").read_text("utf-8")
            assert f'<article id="m{ident}"' in page
            assert (folder in titles, time[:7], bool(text)) == (True, month, True)


def test_pages_and_what_is_searched_grow_by_appending_and_end_in_the_same_bytes(
    archive: Archive, tmp_path: Path
) -> None:
    _bring(archive, tmp_path)
    for number in range(100, 130, 7):
        before = {path: (tmp_path / path).read_bytes() for path in (MONTH, SEARCHED)}
        commit(archive, CLUB, [Message(number, JUNE + number, sender=8, text=f"news {number}")])
        assert {MONTH, SEARCHED} <= set(_bring(archive, tmp_path))
        assert all((tmp_path / path).read_bytes().startswith(old) for path, old in before.items())
    grown = {path: (tmp_path / path).read_bytes() for path in _files(tmp_path)}
    for path in grown:
        (tmp_path / path).unlink()
    _bring(archive, tmp_path)
    assert {path: (tmp_path / path).read_bytes() for path in _files(tmp_path)} == grown
    assert _bring(archive, tmp_path) == []


def test_a_change_renews_the_data_of_its_month_and_data_go_with_their_notes(archive: Archive, tmp_path: Path) -> None:
    _bring(archive, tmp_path)
    assert "later" in (tmp_path / SEARCHED).read_text("utf-8")
    commit(archive, CLUB, [Message(9, JUNE, sender=8, text="otherwise")])
    changed = _bring(archive, tmp_path)
    assert SEARCHED in changed and "search/Dev Club (c1234567890)/2024-05.js" not in changed
    assert [line[3] for line in _lines(tmp_path / SEARCHED)] == ["otherwise"]
    commit(archive, CLUB, [Message(9, MAY + 100_000, sender=8, text="otherwise")])
    _bring(archive, tmp_path)
    assert not (tmp_path / MONTH).exists() and not (tmp_path / SEARCHED).exists()
    assert [month for folder, month in _list(tmp_path)["files"] if folder == "Dev Club (c1234567890)"] == ["2024-05"]


def test_pages_come_and_go_with_the_profile_and_leave_the_notes_alone(archive: Archive, tmp_path: Path) -> None:
    _bring(archive, tmp_path, NOTES)
    notes = {path: (tmp_path / path).read_bytes() for path in _files(tmp_path)}
    own = tmp_path / "search" / "mine.txt"
    own.parent.mkdir()
    own.write_text("mine")
    assert all(not path.endswith(".md") for path in _bring(archive, tmp_path, BOTH))
    assert {"index.md", "index.html", "search.html", "tobs.css", SEARCHED} <= _files(tmp_path)
    _bring(archive, tmp_path, PAGES)
    assert not any(path.endswith(".md") for path in _files(tmp_path))
    assert "1 chat, 12 messages." in (tmp_path / "index.html").read_text("utf-8")
    _bring(archive, tmp_path, BOTH)
    assert "1 chat, 12 messages." in (tmp_path / "index.md").read_text("utf-8")
    _bring(archive, tmp_path, NOTES)
    assert {path: (tmp_path / path).read_bytes() for path in _files(tmp_path)} == notes | {"search/mine.txt": b"mine"}


def test_an_index_that_somebody_else_wrote_stays(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>mine</title>")
    (tmp_path / "tobs.css").write_text("mine")
    _bring(archive, tmp_path, NOTES)
    assert (tmp_path / "index.html").read_text() == "<title>mine</title>"
    assert (tmp_path / "tobs.css").read_text() == "mine"


def test_indexes_that_an_interrupted_run_has_left_out_are_made_up_for(archive: Archive, tmp_path: Path) -> None:
    _bring(archive, tmp_path, NOTES)
    render_chat(archive, tmp_path, CLUB, everything=True, layout=PAGES)
    written = [page.path for page in render_index(IndexJob(str(tmp_path), PAGES, chats=()))]
    assert "Dev Club (c1234567890)/index.html" in written
    assert not any(path.endswith(".md") for path in _files(tmp_path))


def test_no_page_may_run_a_script_but_the_search_page_its_own(archive: Archive, tmp_path: Path) -> None:
    commit(archive, CLUB, [Message(100, JUNE + 300, sender=8, text="</script><script>alert(1)</script>\u2028<!--")])
    _bring(archive, tmp_path)
    for page in tmp_path.rglob("*.html"):
        found = list(elements(page.read_text("utf-8")))
        policy = next(facts["content"] for _, facts in found if facts.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'; ")
        scripts = [facts for tag, facts in found if tag == "script"]
        assert scripts == ([{}] if page.name == "search.html" else [])
        assert ("script-src" in policy) == (page.name == "search.html")
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    data = (tmp_path / SEARCHED).read_text("utf-8")
    assert not {"<", ">", "\u2028"} & set(data)
    assert _lines(tmp_path / SEARCHED)[-1][3] == "</script><script>alert(1)</script>\n<!--"


def test_the_command_line_finds_messages_on_pages(archive: Archive, tmp_path: Path) -> None:
    _bring(archive, tmp_path)
    found = search_vault(tmp_path, Wanted("later")).found[0]
    line = (tmp_path / found.path).read_text("utf-8").splitlines()[found.line - 1]
    assert found.path == MONTH and line.startswith('<article id="m9"')


def test_pages_name_the_zone_of_their_times_and_lead_back_up(archive: Archive, tmp_path: Path) -> None:
    _bring(archive, tmp_path)
    page = (tmp_path / "Dev Club (c1234567890)/Releases (t42)/2024-06.html").read_text("utf-8")
    assert "times in Europe/Berlin" in page
    links = [facts["href"] for tag, facts in elements(page) if tag == "a"][:4]
    assert links[:2] == ["../../index.html", "../index.html"]
    assert "../../search.html" in links
