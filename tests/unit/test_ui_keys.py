"""What the table of actions promises."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tobs_tui.ui import screens
from tobs_tui.ui.keys import ACTIONS, EVERYWHERE, FORBIDDEN_KEYS, LIST, actions_of, check_keymap, keys_of
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
    from tobs_tui.ui.widgets.panel import Panel

    homes: dict[str, type] = {**pages(), EVERYWHERE: TobsApp, LIST: Panel}
    missing = [a.id for a in ACTIONS if not hasattr(homes[a.context], f"action_{a.does.partition('(')[0]}")]
    assert missing == []


@pytest.mark.parametrize("context", sorted({action.context for action in ACTIONS} - {EVERYWHERE, LIST}))
def test_no_key_does_two_things_on_one_screen(context: str) -> None:
    keys = [key for action in actions_of(context, LIST) for key in keys_of(action, {})]
    assert len(set(keys)) == len(keys)


def test_no_action_uses_a_key_that_terminals_send_for_another() -> None:
    assert [a.id for a in ACTIONS for key in keys_of(a, {}) if key in FORBIDDEN_KEYS] == []


def test_a_good_key_map_passes() -> None:
    assert check_keymap({"run.pause": "f5,p"}) == []


def test_a_bad_key_map_is_told_whole() -> None:
    problems = check_keymap({"run.puase": "x", "run.stop": "ctrl+j", "run.zoom": "p", "run.ack": ""})
    text = "; ".join(problems)
    assert "run.puase is not an action" in text
    assert "run.stop cannot use ctrl+j" in text
    assert "share the key p" in text
    assert "run.ack has an empty key" in text
