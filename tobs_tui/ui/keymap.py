"""A person's own keys: read from the settings, checked whole, laid over the shipped ones. No textual at import."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from tobs_tui.config.settings import KeyStyle
from tobs_tui.config.toml_file import did_you_mean, line_of
from tobs_tui.model.display import clean
from tobs_tui.ui.keys import ACTIONS, BY_ID, DIALOG, DIALOGS, EVERYWHERE, LIST, Action, keys_of

FORBIDDEN_KEYS = {
    "ctrl+j": "terminals send it for Enter",
    "ctrl+m": "terminals send it for Enter",
    "ctrl+h": "terminals send it for Backspace",
    "ctrl+i": "terminals send it for Tab",
    "ctrl+left_square_bracket": "terminals send it for Escape",
}
STYLES: dict[KeyStyle, dict[str, str]] = {
    KeyStyle.VIM: {},
    KeyStyle.ARROWS: {
        "list.up": "up",
        "list.down": "down",
        "list.first": "home",
        "list.last": "end",
        "dialog.previous": "up",
        "dialog.next": "down",
    },
}
"""What a style changes of the shipped keys."""
_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")


class Problem(Struct, frozen=True):
    """Something wrong with one entry: the id as written, and what is wrong with the way on."""

    id: str
    says: str


class Keymap(Struct, frozen=True):
    """What holds: `keys` by action id where they differ from the shipped ones, `own` those from the person's file."""

    keys: dict[str, str]
    own: frozenset[str]
    problems: tuple[Problem, ...]

    def origin(self, action: Action) -> str:
        """Where an action's keys come from: ``settings``, ``style`` or ``shipped``."""
        return "settings" if action.id in self.own else "style" if action.id in self.keys else "shipped"

    def message(self, path: Path) -> str:
        """One text naming every bad entry with file, line and the way on; empty when all are good."""
        if not self.problems:
            return ""
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            source = ""
        parts = []
        for problem in self.problems:
            line = f":{line_of(source, ['keymap', *problem.id.split('.')])}" if source else ""
            parts.append(f"{path.name}{line}: keymap.{clean(problem.id, 60)}: {problem.says}")
        return (
            "Some keys in the settings are not used; the shipped ones hold there, and the other entries are in force. "
            + "; ".join(parts)
            + ". `tobs config keys` lists every action."
        )


def read_keymap(entries: Mapping[str, Any], style: KeyStyle = KeyStyle.VIM) -> Keymap:
    """The settings' table `keymap` checked: bad entries are told and left out, the others hold. Never raises."""
    problems: list[Problem] = []
    own: dict[str, str] = {}
    for name, value in _flat(entries):
        keys, wrong = _entry(name, value)
        if wrong:
            problems += [Problem(name, says) for says in wrong]
        else:
            own[name] = ",".join(keys)
    while clash := _clash(own, STYLES[style]):
        loser, problem = clash
        problems.append(problem)
        del own[loser]
    return Keymap({**STYLES[style], **own}, frozenset(own), tuple(problems))


def _flat(entries: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Both ways to write an id: ``"run.pause" = "p"`` and, as a TOML table, ``run.pause = "p"``."""
    for name, value in entries.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _entry(name: str, value: object) -> tuple[list[str], list[str]]:
    """An entry's keys as textual names them, and what is wrong with it."""
    if name not in BY_ID:
        return [], [f"is not an action{did_you_mean(name, list(BY_ID))}"]
    if not isinstance(value, str):
        return [], ['must be a text such as "p,f5"']
    written = [part.strip() for part in value.split(",")]
    if not any(written):
        return [], ["leaves the action without a key; name one (a comma is written comma), or leave the entry out"]
    keys, wrong = [], []
    for part in written:
        key, says = _key(part)
        if not says and BY_ID[name].priority and (len(key) == 1 or key in _printable()):
            says = f"cannot be {part}: it works inside fields too, where letters type; take one with ctrl, or f1-f12"
        if says:
            wrong.append(says)
        else:
            keys.append(key)
    return keys, wrong


def _key(written: str) -> tuple[str, str]:
    """A key as textual names it, and what is wrong with it."""
    if not written:
        return "", "has an empty key; a comma is written comma"
    shown = clean(written, 40)
    *modifiers, base = written.split("+") if len(written) > 1 and not written.endswith("+") else [written]
    modifiers = [modifier.strip().lower() for modifier in modifiers]
    base = base.strip()
    if len(base) > 1 or modifiers:
        base = base.lower()
    base = _named(base)
    key = "+".join((*modifiers, base))
    if key in FORBIDDEN_KEYS:
        return "", f"cannot be {shown}: {FORBIDDEN_KEYS[key]}; take another key"
    if modifiers == ["shift"] and len(base) == 1:
        return "", f"cannot be {shown}: write the letter as it is typed, {base.upper()}"
    if any(modifier not in _MODIFIERS for modifier in modifiers) or not _is_known(base):
        close = did_you_mean(base, [*_names(), *_printable()])
        return "", f"{shown} is not a key{close or '; keys are written as in p, G, ?, f5, space, pageup, ctrl+r'}"
    return key, ""


def _named(base: str) -> str:
    """A sign's name: ``?`` is ``question_mark``."""
    if len(base) != 1 or base.isalnum():
        return base
    return next((name for name, sign in _printable().items() if sign == base), base)


def _is_known(base: str) -> bool:
    return (len(base) == 1 and base.isalnum()) or base in _names() or base in _printable()


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Names of the keys that type nothing; textual has the list."""
    from textual.keys import Keys

    return frozenset(str(key.value) for key in Keys if "+" not in key.value and not key.value.startswith("<"))


@lru_cache(maxsize=1)
def _printable() -> dict[str, str]:
    """Signs by their names, as textual makes these."""
    from textual.keys import KEY_NAME_REPLACEMENTS

    names = {}
    for code in range(0x20, 0x7F):
        if not chr(code).isalnum():
            name = unicodedata.name(chr(code)).lower().replace("-", "_").replace(" ", "_")
            names[KEY_NAME_REPLACEMENTS.get(name, name)] = chr(code)
    return names


def scenes() -> dict[str, list[Action]]:
    """By screen or dialog, the actions whose keys are heard there together."""
    contexts = {action.context for action in ACTIONS} - {EVERYWHERE, LIST, DIALOG}
    shared = {name: (DIALOG, LIST) if name in DIALOGS else (LIST, EVERYWHERE) for name in contexts}
    heard = {name: (name, *more) for name, more in shared.items()} | {DIALOG: (DIALOG,)}
    return {name: [action for action in ACTIONS if action.context in heard[name]] for name in sorted(heard)}


def _clash(own: Mapping[str, str], style: Mapping[str, str]) -> tuple[str, Problem] | None:
    """The first key that does two things in one place because of an own entry, and the entry that gives way."""
    order = list(own)
    keymap = {**style, **own}
    for actions in scenes().values():
        holders: dict[str, Action] = {}
        for action in actions:
            for key in keys_of(action, keymap):
                other = holders.setdefault(key, action)
                mine = [one.id for one in (other, action) if one.id in own]
                as_shipped = key in keys_of(other, {}) and key in keys_of(action, {})
                if other is action or not mine or as_shipped:
                    continue
                loser = max(mine, key=order.index)
                rival = action.id if loser == other.id else other.id
                says = f"{key} is the key of {rival} already, in the same place; give one of the two another key"
                return loser, Problem(loser, says)
    return None
