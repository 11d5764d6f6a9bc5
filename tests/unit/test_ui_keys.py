"""What the table of actions promises."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

from tobs_tui.config.settings import KeyStyle
from tobs_tui.ui import screens
from tobs_tui.ui.keymap import FORBIDDEN_KEYS, read_keymap, scenes
from tobs_tui.ui.keys import ACTIONS, DIALOG, EVERYWHERE, LIST, actions_of, keys_of
from tobs_tui.ui.screens.page import Page


def pages() -> dict[str, type[Page]]:
    """Every screen by its context."""
    for module in pkgutil.iter_modules(screens.__path__):
        importlib.import_module(f"{screens.__name__}.{module.name}")
    return {page.context: page for page in Page.__subclasses__()}


def test_ids_are_unique() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


def test_every_action_has_a_method_behind_it() -> None:
    from tobs_tui.ui.app import TobsApp
    from tobs_tui.ui.screens.dialogs import Detail, Dialog
    from tobs_tui.ui.screens.help import HelpScreen
    from tobs_tui.ui.screens.pick import Pick
    from tobs_tui.ui.widgets.fields import Choice
    from tobs_tui.ui.widgets.panel import Panel

    homes: dict[str, type] = {**pages(), EVERYWHERE: TobsApp, LIST: Panel, DIALOG: Dialog}
    homes |= {"help": HelpScreen, "pick": Pick, "detail": Detail, "choice": Choice}
    missing = [a.id for a in ACTIONS if not hasattr(homes[a.context], f"action_{a.does.partition('(')[0]}")]
    assert missing == []


@pytest.mark.parametrize(
    "context", sorted({action.context for action in ACTIONS} - {EVERYWHERE, LIST, DIALOG, "help", "detail", "choice"})
)
def test_no_key_does_two_things_on_one_screen(context: str) -> None:
    keys = [key for action in actions_of(context, LIST) for key in keys_of(action, {})]
    assert len(set(keys)) == len(keys)


def test_no_action_uses_a_key_that_terminals_send_for_another() -> None:
    assert [a.id for a in ACTIONS for key in keys_of(a, {}) if key in FORBIDDEN_KEYS] == []


def test_a_good_key_map_passes() -> None:
    read = read_keymap({"run.pause": "f5,p", "run": {"stop": "?"}, "app.help": "f1", "run.zoom": "Ctrl+R"})
    assert read.problems == ()
    assert read.keys == {"run.pause": "f5,p", "run.stop": "question_mark", "app.help": "f1", "run.zoom": "ctrl+r"}


def test_two_actions_may_change_places() -> None:
    read = read_keymap({"run.pause": "s", "run.stop": "p"})
    assert read.problems == ()
    assert read.keys == {"run.pause": "s", "run.stop": "p"}


def test_a_bad_key_map_is_told_whole_with_file_and_line_and_the_rest_holds(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        """[keymap]
"run.puase" = "x"
run.stop = "ctrl+j"
run.zoom = "p"
run.ack = ""
run.sort = "hyperspace"
run.level = 5
run.freeze = "q"
list.first = "s"
app.force_quit = "X"
run.detach = "shift+d"
run.follow = "f9"
"""
    )
    read = read_keymap(tomllib.loads(file.read_text())["keymap"])
    message = read.message(file)
    for line in (
        "settings.toml:2: keymap.run.puase: is not an action; did you mean run.pause?",
        "settings.toml:3: keymap.run.stop: cannot be ctrl+j: terminals send it for Enter",
        "settings.toml:4: keymap.run.zoom: p is the key of run.pause already",
        "settings.toml:5: keymap.run.ack: leaves the action without a key",
        "settings.toml:6: keymap.run.sort: hyperspace is not a key",
        "settings.toml:7: keymap.run.level: must be a text",
        "settings.toml:8: keymap.run.freeze: q is the key of app.quit already",
        "settings.toml:9: keymap.list.first: s is the key of",
        "settings.toml:10: keymap.app.force_quit: cannot be X: it works inside fields",
        "settings.toml:11: keymap.run.detach: cannot be shift+d: write the letter as it is typed, D",
    ):
        assert line in message, line
    assert read.keys == {"run.follow": "f9"}
    assert read.own == {"run.follow"}


@pytest.mark.parametrize("keys", ["ctrl+j", "ctrl+h", "ctrl+m", "Ctrl+I", "ctrl+["])
def test_keys_that_terminals_send_for_others_are_refused(keys: str) -> None:
    assert "cannot be" in read_keymap({"run.pause": keys}).problems[0].says


def test_the_arrow_style_leaves_letters_of_lists_free() -> None:
    read = read_keymap({}, KeyStyle.ARROWS)
    assert read.problems == ()
    keys = [key for action in actions_of(LIST, DIALOG) for key in keys_of(action, read.keys)]
    assert [key for key in keys if len(key) == 1] == []
    assert read_keymap({"run.pause": "j"}, KeyStyle.ARROWS).problems == ()
    assert read_keymap({"run.pause": "j"}).problems != ()


def test_every_action_is_heard_somewhere() -> None:
    assert {action.id for actions in scenes().values() for action in actions} == {action.id for action in ACTIONS}
