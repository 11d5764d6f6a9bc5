"""What `tobs search` promises: the message is found, and the file and line that it names show it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine_help import account_at, address_of, profile_of
from tests.integration.test_desktop_import import CHAT, export
from tests.integration.test_engine_export import FORUM
from tests.unit.test_archive_search import Transcripts
from tests.unit.test_desktop_reading import message
from tobs_tui.archive.search import Interrupted
from tobs_tui.cli.main import main
from tobs_tui.engine.desktop_import import import_desktop
from tobs_tui.engine.rerender import rerender
from tobs_tui.engine.search import VaultSearch, Wanted, search_vault
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Anchors, Format, Layout, Profile, Split
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.server import SandboxServer


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with one chat of four messages, not rendered."""
    people = {"from": "Bob", "from_id": "user43"}
    texts = ["Shall we meet at the Café?", "The \x1b[31mred café\x07 is closed", "x" * 500 + " tea", "nothing"]
    fields = [message(number, text=text, date_unixtime=str(number * 86_400)) for number, text in enumerate(texts, 1)]
    fields[1] |= people
    import_desktop(export(tmp_path / "export", fields), tmp_path / "vault", Layout())
    return tmp_path / "vault"


def test_what_was_found_is_marked_in_an_excerpt(vault: Path) -> None:
    found = search_vault(vault, Wanted("CAFE"))
    assert (found.total, [one.id for one in found.found]) == (2, [2, 1])
    for one in found.found:
        assert [one.excerpt[start:end].casefold() for start, end in one.marks] == ["café"]
    far = search_vault(vault, Wanted("tea")).found[0]
    assert far.excerpt.startswith("…")
    assert [far.excerpt[start:end] for start, end in far.marks] == ["tea"]


def test_chats_and_people_are_named_as_a_person_would(vault: Path) -> None:
    assert search_vault(vault, Wanted("café", senders=("bo",))).total == 1
    assert search_vault(vault, Wanted("café", senders=("42",))).total == 1
    for name in ("hik", str(CHAT), "1234567890"):
        assert search_vault(vault, Wanted("café", chats=(name,))).total == 2
    for wanted in (Wanted("café", chats=("nowhere",)), Wanted("café", senders=("nobody",))):
        with pytest.raises(TobsError) as refused:
            search_vault(vault, wanted)
        assert refused.value.code is ErrorCode.CHAT_NOT_FOUND


def test_a_query_without_words_and_a_folder_without_a_vault_are_refused(vault: Path, tmp_path: Path) -> None:
    with pytest.raises(TobsError) as refused:
        search_vault(vault, Wanted("?! -x"))
    assert refused.value.code is ErrorCode.USAGE
    with pytest.raises(TobsError) as refused:
        search_vault(tmp_path / "elsewhere", Wanted("tea"))
    assert refused.value.code is ErrorCode.ARCHIVE_UNUSABLE


def test_the_command_prints_nothing_that_a_terminal_would_obey(
    vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    assert main(["search", "café", "--output", str(vault)]) == 0
    printed = capsys.readouterr().out
    assert "is closed" in printed
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert main(["search", "absent", "--output", str(vault)]) == 1


def test_a_machine_gets_one_line_a_message_and_the_sum(
    vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    assert main(["search", "café", "--limit", "1", "--json", "--output", str(vault)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["found", "searched"]
    assert (lines[0]["id"], lines[1]["total"], lines[1]["shown"]) == (2, 2, 1)


def test_days_bound_what_is_looked_at(vault: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    command = ["search", "café", "--output", str(vault)]
    assert main([*command, "--until", "2024-01-01"]) == 0
    assert main([*command, "--since", "2024-01-01"]) == 1
    assert main([*command, "--since", "yesterday"]) == 2


def pre(text: str) -> dict[str, Any]:
    """A message that is nothing but code, in which anything may stand at a line's beginning."""
    return {"text": text, "text_entities": [{"type": "pre", "text": text, "language": ""}]}


FORGERIES = ("###### m4\n^m4\n", '{"type":"message","id":4,', '<article id="m4">', "```\n###### m4\n```")
LAYOUTS = [
    Layout(),
    Layout(anchors=Anchors.BLOCK, split=Split.DAY, timezone="Pacific/Auckland"),
    Layout(anchors=Anchors.NONE, timezone="Asia/Kolkata"),
    Layout(formats=(Format.JSONL,)),
    Layout(formats=(Format.JSONL, Format.MARKDOWN), split=Split.SINGLE),
    Layout(formats=(Format.HTML,)),
    Layout(formats=(Format.JSONL, Format.HTML)),
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["heading", "block", "none", "jsonl", "both", "html", "pages"])
async def test_the_line_is_right_in_every_kind_of_note(tmp_path: Path, layout: Layout) -> None:
    fields = [message(number, **pre(f"{forged}\nfinch {number}")) for number, forged in enumerate(FORGERIES, 1)]
    fields += [message(number, text=f"finch {number}", date_unixtime=str(number * 86_400)) for number in range(5, 9)]
    import_desktop(export(tmp_path / "export", fields), tmp_path / "vault", layout)
    await rerender(tmp_path / "vault", Profile(layout=layout))
    found = search_vault(tmp_path / "vault", Wanted("finch")).found
    assert {one.id for one in found} == set(range(1, 9))
    for one in found:
        assert Path(one.path).suffix == f".{layout.leading.ending}"
        lines = (tmp_path / "vault" / one.path).read_text(encoding="utf-8").splitlines()
        line, rest = lines[one.line - 1], "\n".join(lines[one.line - 1 :])
        if layout.leading is Format.JSONL:
            assert json.loads(line)["id"] == one.id
        elif layout.leading is Format.HTML:
            assert f'id="m{one.id}"' in line
        elif layout.anchors is Anchors.HEADING:
            assert line == f"###### m{one.id}"
        else:
            assert line.startswith("**Ada** · ")
        others = [f"finch {other}" for other in range(1, 9) if other != one.id]
        first = min((at for word in (*others, f"finch {one.id}") if (at := rest.find(word)) >= 0), default=-1)
        assert rest[first:].startswith(f"finch {one.id}"), "no other message stands in between"


async def test_a_message_that_no_note_shows_has_no_place_and_one_that_moved_keeps_its_own(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    import_desktop(export(tmp_path / "export", [message(1, text="finch")]), vault, Layout())
    assert search_vault(vault, Wanted("finch")).found[0].path == ""
    await rerender(vault, Profile())
    (one,) = search_vault(vault, Wanted("finch")).found
    assert one.line > 0
    (vault / one.path).unlink()
    (one,) = search_vault(vault, Wanted("finch")).found
    assert (one.path, one.line) == ("", 0)


async def test_searching_works_while_an_export_runs(sandbox: SandboxServer, tmp_path: Path) -> None:
    vault, search = tmp_path / "vault", VaultSearch(tmp_path / "vault")
    wanted = Wanted("map*")
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        watched = account.run(vault, profile_of([FORUM]))
        running = asyncio.create_task(watched.run.run())
        await watched.until(lambda state: state.totals.messages > 0)
        taken = during = 0
        while not running.done():
            taken += await asyncio.to_thread(search.update)
            during = await asyncio.to_thread(search.count, wanted)
            await asyncio.to_thread(search.find, wanted, with_places=True)
        await running
    assert watched.run.state.outcome is Outcome.COMPLETE
    taken += search.update()
    assert taken >= search.total() == search.indexed() == watched.run.state.totals.messages
    assert search.count(wanted) >= during > 0
    assert all(one.line for one in search.find(wanted, with_places=True).found)


def test_what_a_recording_says_is_found_and_shown(vault: Path) -> None:
    spoken = Transcripts(CHAT)
    spoken.put(4, "see you at the harbour tomorrow")
    search = VaultSearch(vault, more=lambda archive: spoken)
    search.update()
    (one,) = search.find(Wanted("harbour nothing")).found
    assert [one.excerpt[start:end] for start, end in one.marks] == ["nothing", "harbour"]
    passage = search.passage(CHAT, 4, Wanted("harbour"))
    assert passage.messages[passage.at].text == "nothing\nsee you at the harbour tomorrow"


def test_a_search_that_was_given_up_ends(vault: Path) -> None:
    search = VaultSearch(vault)
    search.update()
    assert search.find(Wanted("café")).found
    search.interrupt()
    for question in (search.find, search.count):
        with pytest.raises(Interrupted):
            question(Wanted("café"))


def test_a_message_comes_with_its_neighbours(vault: Path) -> None:
    passage = VaultSearch(vault).passage(CHAT, 2, Wanted("red"))
    assert [one.id for one in passage.messages] == [1, 2, 3, 4]
    here = passage.messages[passage.at]
    assert (here.id, here.sender, passage.chat_title) == (2, "Bob", "Hiking")
    assert [here.text[start:end] for start, end in here.marks] == ["red"]
    assert here.text.isprintable()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["bike", "-red"], 1, "Nothing found"),
        (["tea", "--limt", "1"], 2, "No such option"),
        (["tea", "--since", "2024-05-02", "--until", "2024-05-01"], 2, "is before"),
        (["café", "--from", "ada", "--from", "bob"], 0, "red café"),
        (["café", "--chat", "--5"], 2, "no chat named --5"),
    ],
)
def test_the_command_line_is_read_as_people_mean_it(
    vault: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.setenv("TOBS_HOME", str(tmp_path / "home"))
    assert main(["search", "--output", str(vault), *arguments]) == status
    told = capsys.readouterr()
    assert said in told.out + told.err
