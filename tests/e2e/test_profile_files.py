"""Saved profiles duplicated, edited, carried elsewhere and back: by commands, and by keys on the home screen."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, profile, scripted_app, settled, until
from tests.e2e.terminal import Terminal
from tests.e2e.test_cli import profile as write_profile
from tests.e2e.test_cli import run
from tests.e2e.test_screens import SIZE, press, screen_text
from tobs_tui.cli import main
from tobs_tui.config.editor import editor_command
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import list_profiles, read_profile, save_profile
from tobs_tui.service.protocol import Snapshot
from tobs_tui.ui.screens.dialogs import AskName
from tobs_tui.ui.screens.home import HomeScreen
from tobs_tui.ui.widgets.home_panels import ProfilesPanel
from tobs_tui.ui.widgets.painted import Words

TOBS = str(Path(sys.executable).with_name("tobs"))
NIGHT = """# Start it with: tobs night
name = "night"
output = "vault"  # below the home directory

[targets]
all_chats = true

[media]
kinds = []

[performance]
history_workers = 7
"""


def editor(folder: Path, script: str) -> str:
    """A program that edits the file in its last argument as a shell script says ($FILE)."""
    path = folder / "editor"
    path.write_text(f'#!/bin/sh\nfor FILE; do :; done\necho "$@" >> {folder}/told\n{script}\n')
    path.chmod(0o700)
    return str(path)


def test_a_copy_has_everything_of_the_first_and_its_own_name(home: Path) -> None:
    write_profile(home, NIGHT)
    done = run("profiles", "copy", "night", "night two")
    assert (done.returncode, done.stdout) == (0, 'Copied night. Start the copy with: tobs "night two"\n')
    text = (home / "config" / "profiles" / "night two.toml").read_text()
    assert text == NIGHT.replace("tobs night", 'tobs "night two"').replace('name = "night"', 'name = "night two"')


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["copy", "nigth", "x"], "did you mean night?"),
        (["copy", "night", "night"], "There is a profile named “night” already."),
        (["copy", "night", "NIGHT"], "There is a profile named “NIGHT” already."),
        (["copy", "night", "../up"], "A profile's name is letters, digits"),
        (["copy", "night", "a\x1b[31mb"], "A profile's name is letters, digits"),
        (["copy", "night", "schedule"], "is a command of tobs"),
        (["copy", "bad", "x"], "bad.toml:1: oops: unknown key"),
        (["edit", "nigth"], "did you mean night?"),
        (["export", "../../etc/passwd"], "There is no profile named"),
        (["export", "night", "--to", "there.toml"], "there.toml is there already."),
        (["export", "night", "--to", "no/folder.toml"], "There is no folder"),
        (["import", "none.toml"], "none.toml cannot be read: No such file"),
        (["import", "there.toml"], "there.toml:1: oops: unknown key"),
        (["import", "good.toml"], "There is a profile named “night” already."),
        (["import", "good.toml", "--as", "a/b"], "A profile's name is letters, digits"),
    ],
)
def test_what_cannot_be_done_with_a_profile_is_told(
    home: Path,
    tmp_path: Path,
    arguments: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_profile(home, NIGHT)
    write_profile(home, "oops = 1\n", "bad")
    (tmp_path / "there.toml").write_text("oops = 1\n")
    (tmp_path / "good.toml").write_text(NIGHT)
    assert main(["profiles", *arguments]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert "\x1b" not in said.err
    assert said.out == ""
    assert sorted(path.name for path in (home / "config" / "profiles").iterdir()) == ["bad.toml", "night.toml"]
    assert (tmp_path / "there.toml").read_text() == "oops = 1\n"


def test_an_exported_profile_means_the_same_where_it_is_imported(home: Path, tmp_path: Path) -> None:
    write_profile(home, NIGHT)
    (home / "config" / "settings.toml").write_text('preset = "conservative"\n')
    (home / "config" / "credentials.toml").write_text('api_id = 1\napi_hash = "secret"\n')
    done = run("profiles", "export", "night", "--to", str(tmp_path), HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"Exported to {tmp_path / 'night.toml'}\n")
    text = (tmp_path / "night.toml").read_text()
    assert run("profiles", "export", "night", HOME=str(tmp_path)).stdout == text
    assert "secret" not in text
    assert tomllib.loads(text) == {
        "name": "night",
        "output": "~/vault",
        "targets": {"all_chats": True},
        "media": {"kinds": []},
        "performance": {"preset": "conservative", "history_workers": 7},
    }
    other = tmp_path / "other"
    assert run("profiles", "import", "night.toml", cwd=tmp_path, TOBS_HOME=str(other)).returncode == 0
    assert run("profiles", "import", "night.toml", "--as", "b", cwd=tmp_path, TOBS_HOME=str(other)).returncode == 0
    first, second = (read_profile(name, Paths.resolve(home=other)).profile for name in ("night", "b"))
    assert first.performance == second.performance
    assert (first.media.kinds, second.name) == ((), "b")


def test_a_relative_folder_of_an_imported_file_counts_from_that_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('output = "vault"\n')
    assert run("profiles", "import", "mine.toml", cwd=tmp_path, HOME="/nowhere").returncode == 0
    assert read_profile("mine", Paths.resolve(home=home)).profile.output == str(tmp_path / "vault")


def test_an_edited_profile_takes_its_place_and_the_former_one_is_kept(home: Path, tmp_path: Path) -> None:
    write_profile(home, NIGHT)
    done = run("profiles", "edit", "night", VISUAL=editor(tmp_path, 'sed -i s/7/5/ "$FILE"'))
    former = home / "config" / "profiles" / "night.toml.former"
    assert (done.returncode, done.stdout) == (0, f"Saved: night. What it was before is kept in {former}\n")
    assert (home / "config" / "profiles" / "night.toml").read_text() == NIGHT.replace("7", "5")
    assert former.read_text() == NIGHT
    assert run("profiles", "edit", "night", VISUAL=editor(tmp_path, "true")).stdout == "Nothing was changed.\n"
    assert run("profiles").stdout == "night\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('sed -i s/history/histroy/ "$FILE"', "night.toml:12: performance.histroy_workers: unknown key; did you mean"),
        ('echo x >> "$FILE"; exit 3', "ended with status 3; the profile is as it was."),
    ],
)
def test_a_mistake_leaves_the_profile_as_it_was_and_what_was_typed_is_kept(
    home: Path, tmp_path: Path, script: str, told: str
) -> None:
    write_profile(home, NIGHT)
    done = run("profiles", "edit", "night", VISUAL=editor(tmp_path, script))
    rejected = home / "config" / "profiles" / "night.toml.rejected"
    assert done.returncode == 2
    assert told in done.stderr
    assert f"what was typed is kept in {rejected}" in done.stderr.replace("What", "what")
    assert (home / "config" / "profiles" / "night.toml").read_text() == NIGHT
    assert rejected.read_text() != NIGHT


def test_a_profile_with_a_mistake_is_mended_by_editing_it_and_a_link_stays_one(home: Path, tmp_path: Path) -> None:
    write_profile(home, "")
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("oops = 1\n")
    link = home / "config" / "profiles" / "night.toml"
    link.unlink()
    link.symlink_to(kept)
    assert run("profiles", "edit", "night", VISUAL=editor(tmp_path, ': > "$FILE"')).returncode == 0
    assert link.is_symlink()
    assert kept.read_text() == ""


def test_on_a_terminal_a_mistake_is_told_and_the_editor_opens_again_at_its_line(home: Path, tmp_path: Path) -> None:
    write_profile(home, NIGHT)
    script = f"""
if [ -e {tmp_path}/once ]; then sed -i s/histroy/history/ "$FILE"
else touch {tmp_path}/once; sed -i 's/history_workers = 7/histroy_workers = 8/' "$FILE"; fi
"""
    environment = {"VISUAL": editor(tmp_path, script)}
    terminal = Terminal([TOBS, "profiles", "edit", "night"], columns=120, rows=24, environment=environment)
    try:
        terminal.wait_for("night.toml:12: performance.histroy_workers: unknown key", "Edit again? [Y/n]")
        terminal.press("enter")
        terminal.wait_for("Saved: night.")
        assert terminal.exit_status() == 0
    finally:
        terminal.close()
    first, second = (tmp_path / "told").read_text().splitlines()
    assert not first.startswith("+")
    assert second.startswith("+12 ")
    assert "history_workers = 8" in (home / "config" / "profiles" / "night.toml").read_text()


def test_an_editor_that_would_return_at_once_is_told_to_wait() -> None:
    which = lambda name: f"/usr/bin/{name}"  # noqa: E731
    asked = lambda words: editor_command(Path("/n.toml"), 3, {"EDITOR": words}, which, change=True)  # noqa: E731
    assert asked("code") == ["code", "--wait", "-g", "/n.toml:3"]
    assert asked("subl -w") == ["subl", "-w", "/n.toml:3"]
    assert asked("") == ["sensible-editor", "+3", "/n.toml"], "a pager cannot change a file"


async def test_a_profile_is_duplicated_by_a_key_and_wrong_names_are_told_beside_the_field(paths: Paths) -> None:
    save_profile(profile(), paths)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "c")
        for name, told in (
            ("", "needs a name"),
            ("a/b", "letters, digits"),
            ("night-archive", "There is a profile named “night-archive” already."),
            ("cache", "is a command of tobs"),
        ):
            app.screen.query_one(Input).value = name
            await press(pilot, "enter")
            assert isinstance(app.screen, AskName)
            assert told in app.screen.query_one("#field-name .note", Words).text
        app.screen.query_one(Input).value = "x\x1b[31m"
        await press(pilot, "enter")
        assert isinstance(app.screen, AskName)
        app.screen.query_one(Input).value = "zweite"
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        panel = app.screen.query_one(ProfilesPanel)
        assert [info.name for info in panel.found] == ["night-archive", "zweite"]
        assert panel.cursor == 1, "the cursor is on the copy"
        assert read_profile("zweite", paths).profile.targets == profile().targets


async def test_a_profile_is_exported_by_a_key_to_a_file_that_is_not_there_yet(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "night-archive.toml").write_text("mine")
    save_profile(profile(), paths)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "w enter")
        assert "is there already" in app.screen.query_one("#field-name .note", Words).text
        app.screen.query_one(Input).value = "~/other.toml"
        await press(pilot, "enter")
        await until(pilot, (tmp_path / "other.toml").exists)
        assert [str(each.message) for each in app._notifications] == [f"Exported to {tmp_path / 'other.toml'}"]
    assert (tmp_path / "night-archive.toml").read_text() == "mine"
    assert read_profile(str(tmp_path / "other.toml"), paths).profile.targets == profile().targets


async def test_a_deleted_profile_leaves_the_home_screen(paths: Paths) -> None:
    save_profile(profile(), paths)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "x enter")
        assert [info.name for info in list_profiles(paths)] == ["night-archive"], "keeping it is the default"
        await press(pilot, "x up enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        assert list_profiles(paths) == []
        assert "No profile is saved yet" in screen_text(app)
        await press(pilot, "c o w x")
        assert isinstance(app.screen, HomeScreen), "without a profile, there is nothing to do these with"


def test_on_the_screen_a_profile_is_edited_and_a_mistake_can_be_mended_or_left(home: Path, tmp_path: Path) -> None:
    write_profile(home, NIGHT)
    script = f"""
if [ -e {tmp_path}/twice ]; then sed -i s/histroy/history/ "$FILE"
else touch {tmp_path}/twice; sed -i 's/history_workers = 7/histroy_workers = 8/' "$FILE"; fi
"""
    environment = {"VISUAL": editor(tmp_path, script)}
    saved = home / "config" / "profiles" / "night.toml"
    terminal = Terminal([TOBS], columns=120, rows=30, environment=environment)
    try:
        terminal.wait_for("Last runs", "night", "Search")
        terminal.press("o")
        terminal.wait_for("The file has a mistake", "night.toml:12: performance.histroy_workers", "Edit again")
        terminal.press("esc")
        terminal.wait_for("The profile is as it was.")
        assert saved.read_text() == NIGHT
        (tmp_path / "twice").unlink()
        terminal.press("o")
        terminal.wait_for("The file has a mistake")
        terminal.press("enter")
        terminal.wait_for("What it was before is kept in")
        assert "history_workers = 8" in saved.read_text()
        terminal.press("q")
        assert terminal.exit_status() == 0
    finally:
        terminal.close()
