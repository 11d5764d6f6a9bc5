"""What holds of a vault that shows people by pseudonyms, whoever writes to it: it stays so, and tells nobody."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.exported import desktop_export
from tests.integration.engine_help import vault_bytes
from tests.integration.jobs_help import put_file
from tests.integration.verify_help import found_in
from tests.speech_help import ASSETS, MODEL
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.lock import VaultLock
from tobs_tui.archive.schema import archive_path, internal_folder, kept_apart
from tobs_tui.cli.main import main
from tobs_tui.engine.desktop_import import import_desktop
from tobs_tui.engine.pseudonyms.key import KEY_FILE
from tobs_tui.engine.rerender import Rerendered, rerender
from tobs_tui.engine.search import Wanted, search_vault
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.profile import Anchors, Format, Layout, MediaKind, Profile, Split

HIDDEN = Layout(split=Split.SINGLE, timezone="UTC", formats=tuple(Format), pseudonymise=True)
TEXTS = [
    "Shall we ask Grace Hopper?",
    "I am with Lovelace by the river",
    "I am 43, and so is the bus",
    "x",
    "y",
    "z",
]
PRIVATE = {"name": "Grace Hopper", "type": "personal_chat", "id": 43}
NAMES = ("Ada", "Lovelace", "Grace", "Hopper", "(u43", "Петров")


def brought(vault: Path, folder: Path, layout: Layout = HIDDEN, **head: object) -> Rerendered:
    """Import a chat and render the vault."""
    shutil.rmtree(folder, ignore_errors=True)
    import_desktop(desktop_export(folder, TEXTS, **head), vault, layout)
    return asyncio.run(rerender(vault, Profile(layout=layout)))


def leaks(vault: Path) -> list[tuple[str, str]]:
    """Names that stand anywhere in a vault."""
    return [
        (path, name)
        for path, data in vault_bytes(vault).items()
        for name in NAMES
        if name in path or name in data.decode("utf-8", "replace")
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a vault, and what belongs to it: a group and a private chat, brought from Telegram Desktop."""
    folder = tmp_path_factory.mktemp("made")
    brought(folder / "vault", folder / "export", name="River walks of Ada Lovelace", id=700)
    brought(folder / "vault", folder / "export", **PRIVATE)
    return folder


@pytest.fixture
def vault(made: Path, tmp_path: Path) -> Path:
    """A copy of that vault, with what lies beside it."""
    for name in ("vault", "vault.tobs"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path / "vault"


def test_an_import_tells_nobody_and_titles_lose_only_people(vault: Path) -> None:
    assert leaks(vault) == []
    folders = {path.name for path in vault.iterdir() if path.is_dir()}
    assert any(name.startswith("River walks of Person ") and name.endswith(" (c700)") for name in folders)
    assert any(name.startswith("Person ") for name in folders)
    assert "I am 43" in next(vault.glob("River*/messages.md")).read_text(), "a small number is nobody's id"


def test_a_vault_stays_as_it_was_begun(vault: Path, tmp_path: Path) -> None:
    before = vault_bytes(vault)
    shown = Layout(split=Split.SINGLE, timezone="UTC", formats=tuple(Format))
    done = brought(vault, tmp_path / "export", shown, **PRIVATE)
    assert any("pseudonyms, and stays so" in warning for warning in done.warnings)
    assert vault_bytes(vault) == before

    brought(tmp_path / "plain", tmp_path / "export", shown, **PRIVATE)
    plain = vault_bytes(tmp_path / "plain")
    with pytest.raises(TobsError) as caught:
        brought(tmp_path / "plain", tmp_path / "export", **PRIVATE)
    assert caught.value.code is ErrorCode.USAGE
    assert "real names already" in caught.value.sentence
    with pytest.raises(TobsError):
        asyncio.run(rerender(tmp_path / "plain", Profile(layout=HIDDEN)))
    assert vault_bytes(tmp_path / "plain") == plain


def test_who_comes_later_is_taken_out_of_what_was_written_before(vault: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    head = {"name": "Words with Carla Diaz", "id": 701}
    import_desktop(desktop_export(tmp_path / "one", ["Has Carla Diaz come?"], **head), later, HIDDEN)
    asyncio.run(rerender(later, Profile(layout=HIDDEN)))
    assert any("Carla" in path for path in vault_bytes(later)), "nobody knows that this is somebody"
    carla = {"name": "Carla Diaz", "type": "personal_chat", "id": 45}
    import_desktop(desktop_export(tmp_path / "two", ["Here I am"], **carla), later, HIDDEN)
    with Archive.open(archive_path(later), read_only=True) as archive:
        assert archive.peer(45) is not None
    asyncio.run(rerender(later, Profile(layout=HIDDEN)))
    for path, data in vault_bytes(later).items():
        assert "Carla" not in path
        assert b"Carla" not in data


def test_one_key_gives_the_same_bytes_in_two_vaults_and_another_key_others(vault: Path, tmp_path: Path) -> None:
    def again(place: Path, key: Path | None) -> dict[str, bytes]:
        if key is not None:
            place.with_name(f"{place.name}.tobs").mkdir()
            (place / ".tobs").parent.mkdir()
            (place / ".tobs").write_text(f"kept in: {place.name}.tobs\n")
            shutil.copy(key, internal_folder(place) / KEY_FILE)
        brought(place, tmp_path / "export", name="River walks of Ada Lovelace", id=700)
        brought(place, tmp_path / "export", **PRIVATE)
        return vault_bytes(place)

    assert again(tmp_path / "twin", internal_folder(vault) / KEY_FILE) == vault_bytes(vault)
    assert again(tmp_path / "stranger", None).keys() != vault_bytes(vault).keys()


def test_a_vault_without_its_key_or_archive_is_left_alone(vault: Path, tmp_path: Path) -> None:
    before = vault_bytes(vault)
    inner = internal_folder(vault)
    assert inner.parent == vault.parent
    assert inner.stat().st_mode & 0o777 == 0o700
    (inner / KEY_FILE).rename(tmp_path / "key")
    with pytest.raises(TobsError) as caught:
        asyncio.run(rerender(vault, Profile(layout=HIDDEN)))
    assert caught.value.code is ErrorCode.ARCHIVE_UNUSABLE
    assert "key" in caught.value.sentence
    (inner / KEY_FILE).write_text("00" * 32)
    with pytest.raises(TobsError):
        brought(vault, tmp_path / "export", **PRIVATE)
    inner.rename(tmp_path / "elsewhere")
    with pytest.raises(TobsError) as caught:
        VaultLock(vault).acquire()
    assert "kept apart" in caught.value.sentence
    assert not inner.exists()
    assert vault_bytes(vault) == before


@pytest.mark.parametrize(
    "told", ["kept in: ../x.tobs", "kept in: /etc/x.tobs", "kept in: .tobs", "x.tobs", "kept in: x"]
)
def test_a_vault_of_somebody_elses_leads_nowhere_but_beside_itself(tmp_path: Path, told: str) -> None:
    (tmp_path / ".tobs").write_text(told)
    assert kept_apart(tmp_path) is None
    assert internal_folder(tmp_path) == tmp_path / ".tobs"


def test_verify_finds_it_sound_and_a_repair_keeps_the_pseudonyms(vault: Path) -> None:
    done, found = asyncio.run(found_in(vault))
    assert (done.sound, found) == (True, [])
    before = vault_bytes(vault)
    for note in vault.glob("*/messages.*"):
        note.unlink()
    assert asyncio.run(found_in(vault))[1] != []
    asyncio.run(rerender(vault, Profile(layout=Layout(split=Split.SINGLE, timezone="UTC", formats=tuple(Format)))))
    assert vault_bytes(vault) == before


def test_search_finds_what_was_written_and_says_it_as_the_notes_do(vault: Path) -> None:
    found = search_vault(vault, Wanted("hopper")).found
    assert len(found) == 2
    told = repr(found)
    assert not any(name in told for name in NAMES)
    assert all(one.line and (vault / one.path).is_file() for one in found)
    (private,) = (one for one in found if one.chat > 0)
    assert f"(u{private.chat})" in private.path
    by_pseudonym = search_vault(vault, Wanted("river", senders=(found[0].sender,)))
    assert {one.sender for one in by_pseudonym.found} <= {found[0].sender}


def test_notes_without_anchors_are_found_by_their_pseudonyms(tmp_path: Path) -> None:
    layout = Layout(split=Split.SINGLE, timezone="UTC", anchors=Anchors.NONE, pseudonymise=True)
    brought(tmp_path / "vault", tmp_path / "export", layout, **PRIVATE)
    (one,) = search_vault(tmp_path / "vault", Wanted("lovelace")).found
    lines = (tmp_path / "vault" / one.path).read_text().splitlines()
    assert lines[one.line - 1].startswith(f"**{one.sender}**")


def test_what_is_written_down_later_tells_nobody(
    vault: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tobs transcribe` on a vault that is there, with people whose names are heard in a recording."""
    for field, value in (("SPLIT", "single"), ("TIMEZONE", "UTC"), ("FORMATS", ",".join(Format))):
        monkeypatch.setenv(f"TOBS_LAYOUT_{field}", value)
    recording = (ASSETS / "voice_meeting.ogg").read_bytes()
    with Archive.open(archive_path(vault)) as archive:
        archive.put_peers([Peer(46, PeerKind.USER, "Alex Winter"), Peer(47, PeerKind.USER, "Zoe Lindqvist")])
        put_file(vault, archive, 1, recording, MediaKind.VOICE, "audio/ogg", "note.ogg")
    assert main(["transcribe", "--model", str(MODEL), "--output", str(vault), "--json"]) == 0
    assert '"transcribed"' in capsys.readouterr().out
    (note,) = vault.glob("Club*/messages.md")
    heard = note.read_text()
    assert "meeting moves to Thursday" in heard
    assert len(re.findall(r"Hello Person \w+, this is Person \w+", heard)) == 1
    everything = b"\n".join(vault_bytes(vault).values())
    assert b"Alex" not in everything and b"Zoe" not in everything
