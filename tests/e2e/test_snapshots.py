"""A picture of every screen, compared with the accepted one in snapshots/."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from tests.e2e.scripted import (
    NOW,
    SIGNED_IN,
    ScriptedClient,
    delayed_run,
    finished_run,
    profile,
    run_state,
    scripted_app,
    settled,
    until,
)
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.config.sealing import Holder
from tobs_tui.config.settings import Settings
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.service.protocol import AccountPhase, AccountState, Dialogs, ListDialogs, Snapshot
from tobs_tui.ui.app import TobsApp
from tobs_tui.ui.screens.search import SearchScreen
from tobs_tui.ui.themes import shipped_folder
from tobs_tui.ui.widgets.fields import Line1

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*Can not relate snapshot")
"""syrupy would have file names after its own pattern; these are named for people."""

Compare = Callable[..., bool]
WIDE, SMALL = (120, 36), (80, 24)
PHONE = "+447700900123"

SIGNED_OUT = Snapshot(AccountState(AccountPhase.SIGNED_OUT))
CODE = AccountState(AccountPhase.CODE_SENT, phone=PHONE, code_via="app", resend_at=NOW + 40, demo_code="12345")
PASSWORD = AccountState(AccountPhase.PASSWORD_NEEDED, phone=PHONE, password_hint="first pet")
QR = AccountState(
    AccountPhase.QR_SHOWN, qr_url="tg://login?token=AQJx7k2mZ3Vn1c9Rk0Yw8mPqLZ7d5sTnVbHcXeGaUo4", qr_expires=NOW + 25
)
CREDENTIALS = AccountState(AccountPhase.NEEDS_CREDENTIALS)
LOCKED = AccountState(AccountPhase.LOCKED, protected=Holder.PERSON)
SEALED = msgspec.structs.replace(SIGNED_IN, protected=Holder.PERSON)

SHOTS: dict[str, tuple[Snapshot, str, tuple[int, int]]] = {
    "home-120x36": (Snapshot(SIGNED_IN), "", WIDE),
    "home-80x24": (Snapshot(SIGNED_IN), "", SMALL),
    "home-copy-80x24": (Snapshot(SIGNED_IN), "c enter", SMALL),
    "home-running-120x36": (Snapshot(SIGNED_IN, run_state()), "", WIDE),
    "welcome-120x36": (SIGNED_OUT, "", WIDE),
    "sign-in-locked-120x36": (Snapshot(LOCKED), "", WIDE),
    "home-locked-80x24": (Snapshot(LOCKED), "escape", SMALL),
    "passphrase-80x24": (Snapshot(SEALED), "s j enter", SMALL),
    "sign-in-credentials-120x36": (Snapshot(CREDENTIALS), "i", WIDE),
    "sign-in-phone-120x36": (SIGNED_OUT, "i", WIDE),
    "sign-in-code-120x36": (Snapshot(CODE), "i", WIDE),
    "sign-in-password-120x36": (Snapshot(PASSWORD), "i", WIDE),
    "sign-in-qr-80x24": (Snapshot(QR), "i", SMALL),
    "targets-120x36": (Snapshot(SIGNED_IN), "n down space", WIDE),
    "targets-80x24": (Snapshot(SIGNED_IN), "n down space", SMALL),
    "topics-120x36": (Snapshot(SIGNED_IN), "n down t down down space down space", WIDE),
    "tuning-120x36": (Snapshot(SIGNED_IN), "n down space n", WIDE),
    "tuning-80x24": (Snapshot(SIGNED_IN), "n down space n", SMALL),
    "run-120x36": (Snapshot(SIGNED_IN, run_state()), "a", WIDE),
    "run-80x24": (Snapshot(SIGNED_IN, run_state()), "a", SMALL),
    "run-workers-80x24": (Snapshot(SIGNED_IN, run_state()), "a 2", SMALL),
    "run-stop-120x36": (Snapshot(SIGNED_IN, run_state()), "a s", WIDE),
    "takeout-delay-120x36": (Snapshot(SIGNED_IN, delayed_run()), "a", WIDE),
    "takeout-delay-80x24": (Snapshot(SIGNED_IN, delayed_run()), "a", SMALL),
    "summary-120x36": (Snapshot(SIGNED_IN, finished_run()), "a", WIDE),
    "summary-80x24": (Snapshot(SIGNED_IN, finished_run()), "a", SMALL),
    "settings-120x36": (Snapshot(SIGNED_IN), "s", WIDE),
    "help-120x36": (Snapshot(SIGNED_IN, run_state()), "a question_mark", WIDE),
    "welcome-80x24": (SIGNED_OUT, "", SMALL),
    "sign-in-phone-80x24": (SIGNED_OUT, "i", SMALL),
    "topics-80x24": (Snapshot(SIGNED_IN), "n down t down down space down space", SMALL),
    "settings-80x24": (Snapshot(SIGNED_IN), "s", SMALL),
    "help-80x24": (Snapshot(SIGNED_IN, run_state()), "a question_mark", SMALL),
    "no-room-50x12": (Snapshot(SIGNED_IN), "", (50, 12)),
}


def picture(compare: Compare, app: TobsApp, keys: str, size: tuple[int, int]) -> bool:
    """Whether the screen that `keys` lead to looks as accepted."""

    async def go(pilot: Pilot[int]) -> None:
        await settled(pilot)
        for key in keys.split():
            await pilot.press(key)
            await settled(pilot)

    before: Callable[[Pilot[int]], Awaitable[None]] = go
    return compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("name", SHOTS)
def test_screen(name: str, snap_compare: Compare, tmp_path: Path) -> None:
    """Every screen looks as accepted."""
    snapshot, keys, size = SHOTS[name]
    paths = Paths.resolve(home=tmp_path)
    paths.ensure()
    save_profile(profile(), paths)
    if name.startswith(("settings", "passphrase")):
        paths = Paths.resolve(home=Path("/home/ada/tobs"))  # only named on the screen
    app = scripted_app(ScriptedClient(snapshot), paths)
    assert picture(snap_compare, app, keys, size)


@pytest.mark.parametrize("name", sorted(f"theme-{path.stem}" for path in shipped_folder().glob("*.toml")))
def test_theme(name: str, snap_compare: Compare, tmp_path: Path) -> None:
    """The dashboard looks as accepted in every theme that is shipped."""
    app = scripted_app(
        ScriptedClient(Snapshot(SIGNED_IN, run_state())),
        Paths.resolve(home=tmp_path),
        settings=Settings(theme=name.removeprefix("theme-")),
    )
    assert picture(snap_compare, app, "a", WIDE)


@pytest.mark.parametrize("name", ["targets-empty-80x24", "targets-error-80x24"])
def test_targets_without_chats(name: str, snap_compare: Compare, tmp_path: Path) -> None:
    """The list of chats says why there is nothing in it."""
    client = ScriptedClient(Snapshot(SIGNED_IN))
    if "error" in name:
        client.refusals[ListDialogs] = TobsError(ErrorCode.SERVER_UNREACHABLE, "Telegram cannot be reached.")
    else:
        client.answers[ListDialogs] = lambda _: Dialogs(())
    assert picture(snap_compare, scripted_app(client, Paths.resolve(home=tmp_path)), "n", SMALL)


@pytest.mark.parametrize("name", ["ascii-run-80x24"])
def test_ascii(name: str, snap_compare: Compare, tmp_path: Path) -> None:
    """A poor terminal gets the dashboard in ASCII."""
    app = scripted_app(
        ScriptedClient(Snapshot(SIGNED_IN, run_state())), Paths.resolve(home=tmp_path), settings=Settings(ascii=True)
    )
    assert picture(snap_compare, app, "a", SMALL)


SEARCHES: dict[str, tuple[str, str, str, tuple[int, int]]] = {
    "search-empty-80x24": ("", "", "", SMALL),
    "search-120x36": ("river", "", "", WIDE),
    "search-80x24": ("river", "", "", SMALL),
    "search-nothing-120x36": ("ocean", "", "", WIDE),
    "search-refused-80x24": ("river", "yesterday", "", SMALL),
    "message-120x36": ("high river", "", "enter enter", WIDE),
    "message-80x24": ("high river", "", "enter enter", SMALL),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_search(
    name: str, snap_compare: Compare, tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search screen looks as accepted in each of its states."""
    words, since, keys, size = SEARCHES[name]
    monkeypatch.setenv("HOME", str(exported.parent))
    paths = Paths.resolve(home=tmp_path)
    paths.ensure()
    save_profile(Profile(name="river", output=str(exported)), paths)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)

    async def go(pilot: Pilot[int]) -> None:
        await settled(pilot)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.search.looked_for_vaults)
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        screen.query_one("#words", Line1).value = words
        screen.query_one("#since", Line1).value = since
        await until(pilot, lambda: screen.search.form.since == since and screen.search.form.words == words)
        await until(pilot, lambda: not screen.search.asking and screen.search.reading < 0)
        await settled(pilot)
        for key in keys.split():
            await pilot.press(key)
            await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=go)
