"""Strings that a server or another person has chosen, on the screens and in what a headless run writes."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, finished_run, run_state, scripted_app, settled
from tests.e2e.test_screens import press, screen_text
from tobs_tui.config.paths import Paths
from tobs_tui.headless.reporters import JsonReporter, PlainReporter
from tobs_tui.service.protocol import AccountPhase, AccountState, Snapshot
from tobs_tui.telegram.refusals import Refusal, error_of

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m[bold red]x[/] [@click=app.quit]y[/] \u202egnp.exe\u2066\x00\x85z"
SIZE = (100, 40)


def hostile(value: Any) -> Any:
    """A value with every text in it made hostile; names, paths and enumerations of the program's own stay."""
    if type(value) is str:
        return EVIL if value else value
    if isinstance(value, msgspec.Struct):
        own = {"id", "worker", "key", "method", "takes", "output", "folder", "timezone", "profile"}
        fields = {name: hostile(getattr(value, name)) for name in value.__struct_fields__ if name not in own}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(hostile(item) for item in value)
    return value


def assert_harmless(shown: str) -> None:
    bad = {
        char
        for char in shown
        if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in "\n\u200c\u200d"
    }
    assert not bad, sorted(map(hex, map(ord, bad)))


@pytest.fixture
def paths(home: Path) -> Paths:
    found = Paths.resolve()
    found.ensure()
    return found


@pytest.mark.parametrize(
    "account",
    [
        AccountState(AccountPhase.PASSWORD_NEEDED, phone=EVIL, password_hint=EVIL),
        AccountState(AccountPhase.CODE_SENT, phone=EVIL, code_via=EVIL),
        AccountState(AccountPhase.UNREACHABLE, problem=EVIL),
        AccountState(AccountPhase.SIGNED_OUT, problem=EVIL),
        AccountState(AccountPhase.SIGNED_IN, name=EVIL, phone=EVIL, user_id=1),
    ],
    ids=lambda account: account.phase.value,
)
async def test_what_a_server_says_at_sign_in_is_text(paths: Paths, account: AccountState) -> None:
    app = scripted_app(ScriptedClient(Snapshot(account)), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert_harmless(screen_text(app))


@pytest.mark.parametrize("over", [False, True], ids=["running", "over"])
async def test_a_run_full_of_hostile_names_is_shown_as_text(paths: Paths, over: bool) -> None:
    run = hostile(finished_run() if over else run_state())
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, run)), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert_harmless(screen_text(app))
        await press(pilot, "a")
        shown = screen_text(app)
        assert_harmless(shown)


@pytest.mark.parametrize("reporter", [PlainReporter, JsonReporter])
def test_a_headless_run_full_of_hostile_names_writes_them_as_text(reporter: Any) -> None:
    out = io.StringIO()
    made = reporter(out, out) if reporter is JsonReporter else reporter(out)
    before, run = run_state(), hostile(run_state())
    made.started(run, False)
    made.changed(msgspec.structs.replace(before, alerts=(), failures=(), chats=()), run)
    if reporter is PlainReporter:
        made.note(str(error_of(Refusal(EVIL, 400), method="messages.getHistory")))
    said = out.getvalue()
    assert "owned" in said or "[bold red]" in said, "they were said"
    assert_harmless(said)
