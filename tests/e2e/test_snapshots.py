"""A picture of every screen in each of its states, compared with the accepted one in snapshots/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.e2e.album import HUGE, SMALL, WIDE, Album, sized
from tests.e2e.scripted import (
    NOW,
    SIGNED_IN,
    ScriptedClient,
    delayed_run,
    dialogs,
    finished_run,
    profile,
    records,
    run_state,
    scripted_app,
    settled,
    until,
)
from tests.e2e.states import failed_run, lost_run, paused_run, planned_run, whole_run
from tobs_tui.archive.schema import archive_path
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.config.sealing import Holder
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.service.protocol import (
    AccountPhase,
    AccountState,
    Dialogs,
    EstimateExport,
    ListDialogs,
    ListRuns,
    ListTopics,
    Runs,
    Snapshot,
)
from tobs_tui.ui.app import TobsApp
from tobs_tui.ui.screens.search import SearchScreen
from tobs_tui.ui.search_worker import Indexing
from tobs_tui.ui.widgets.fields import Line1

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*Can not relate snapshot")
"""syrupy would have file names after its own pattern; these are named for people."""

PHONE = "+447700900123"
HERE = Snapshot(SIGNED_IN)
RUNNING = Snapshot(SIGNED_IN, run_state())
SIGNED_OUT = Snapshot(AccountState(AccountPhase.SIGNED_OUT))
CODE = Snapshot(AccountState(AccountPhase.CODE_SENT, phone=PHONE, code_via="app", resend_at=NOW + 40))
DEMO_CODE = Snapshot(replace(CODE.account, demo_code="12345"))
PASSWORD = Snapshot(AccountState(AccountPhase.PASSWORD_NEEDED, phone=PHONE, password_hint="first pet"))
QR = Snapshot(
    AccountState(
        AccountPhase.QR_SHOWN,
        qr_url="tg://login?token=AQJx7k2mZ3Vn1c9Rk0Yw8mPqLZ7d5sTnVbHcXeGaUo4",
        qr_expires=NOW + 25,
    )
)
LOCKED = Snapshot(AccountState(AccountPhase.LOCKED, protected=Holder.PERSON))
SEALED = Snapshot(replace(SIGNED_IN, protected=Holder.PERSON))
CREDENTIALS = Snapshot(AccountState(AccountPhase.NEEDS_CREDENTIALS))
CONNECTING = Snapshot(AccountState(AccountPhase.CONNECTING))
UNREACHABLE = Snapshot(
    AccountState(AccountPhase.UNREACHABLE, problem="Telegram cannot be reached: the network is unreachable.")
)
GONE = TobsError(ErrorCode.SERVER_UNREACHABLE, "Telegram cannot be reached.")
BOTH = (WIDE, SMALL)
TO_TUNING = "n down space n"


@dataclass(frozen=True)
class Shot:
    """What is pictured: a state of the service, the keys that lead there, and the terminals' sizes.

    `silent` are commands that no answer comes to, with the groups of the workers that wait for one.
    """

    state: Snapshot
    keys: str = ""
    sizes: tuple[tuple[int, int], ...] = BOTH
    profiles: tuple[str, ...] = ("night-archive",)
    silent: dict[type, str] = field(default_factory=dict)
    refused: dict[type, TobsError] = field(default_factory=dict)
    prepare: Callable[[ScriptedClient, Paths], None] = lambda client, paths: None


def first_time(client: ScriptedClient, paths: Paths) -> None:
    """Nothing was ever exported."""
    client.answers[ListRuns] = lambda _: Runs(())


def long_lists(client: ScriptedClient, paths: Paths) -> None:
    """More profiles, runs and chats than there are lines; one file has a mistake."""
    client.answers[ListRuns] = lambda _: Runs(records() * 12)
    client.answers[ListDialogs] = lambda _: Dialogs(dialogs(40))
    (paths.profiles_dir / "broken.toml").write_text("[filters]\nsince = 2024-13-01\n", encoding="utf-8")


def no_chats(client: ScriptedClient, paths: Paths) -> None:
    """An account without a chat."""
    client.answers[ListDialogs] = lambda _: Dialogs(())


NAMES = tuple(
    f"weekly-{word}" for word in ["books", "family", "forums", "music", "news", "photos", "rust", "work", "sky", "zoo"]
)
SHOTS: dict[str, Shot] = {
    # Home.
    "home": Shot(HERE, sizes=(WIDE, SMALL, HUGE)),
    "home-copy": Shot(HERE, "c enter", (SMALL,)),
    "home-run": Shot(HERE, "shift+tab enter", (SMALL,)),
    "home-running": Shot(RUNNING),
    "home-full": Shot(HERE, profiles=NAMES, prepare=long_lists),
    "home-loading": Shot(CONNECTING, sizes=(SMALL,), silent={ListRuns: "runs"}),
    "home-error": Shot(UNREACHABLE),
    "home-locked": Shot(LOCKED, "escape", (SMALL,)),
    "welcome": Shot(SIGNED_OUT, profiles=(), prepare=first_time),
    # Sign in.
    "sign-in-credentials": Shot(CREDENTIALS, "i"),
    "sign-in-phone": Shot(SIGNED_OUT, "i", (WIDE, SMALL, HUGE)),
    "sign-in-error": Shot(SIGNED_OUT, "i enter", (SMALL,)),
    "sign-in-code": Shot(CODE, "i"),
    "sign-in-demo": Shot(DEMO_CODE, "i", (SMALL,)),
    "sign-in-password": Shot(PASSWORD, "i"),
    "sign-in-qr": Shot(QR, "i"),
    "sign-in-locked": Shot(LOCKED),
    "sign-in-loading": Shot(CONNECTING, "i", (SMALL,)),
    "sign-in-unreachable": Shot(UNREACHABLE, "i", (SMALL,)),
    # Targets and topics.
    "targets": Shot(HERE, "n down space", (WIDE, SMALL, HUGE)),
    "targets-full": Shot(HERE, "n G", (SMALL,), prepare=long_lists),
    "targets-filter": Shot(HERE, "n slash r u", (SMALL,)),
    "targets-link": Shot(HERE, "n l x enter", (SMALL,)),
    "targets-empty": Shot(HERE, "n", (SMALL,), prepare=no_chats),
    "targets-loading": Shot(HERE, "n", (SMALL,), silent={ListDialogs: "dialogs"}),
    "targets-error": Shot(HERE, "n", (SMALL,), refused={ListDialogs: GONE}),
    "topics": Shot(HERE, "n down t down down space down space", (WIDE, SMALL, HUGE)),
    "topics-loading": Shot(HERE, "n down t", (SMALL,), silent={ListTopics: "topics"}),
    "topics-error": Shot(HERE, "n down t", (SMALL,), refused={ListTopics: GONE}),
    # Tuning.
    "tuning": Shot(HERE, TO_TUNING, (WIDE, SMALL, HUGE)),
    "tuning-kinds": Shot(HERE, TO_TUNING + " down down down down down down down down enter", (SMALL,)),
    "tuning-wrong": Shot(HERE, TO_TUNING + " enter x enter", (SMALL,)),
    "tuning-loading": Shot(HERE, TO_TUNING, (SMALL,), silent={EstimateExport: "estimate"}),
    "tuning-error": Shot(HERE, TO_TUNING, (SMALL,), refused={EstimateExport: GONE}),
    # Run.
    "run": Shot(RUNNING, "a", (WIDE, SMALL, HUGE)),
    "run-workers": Shot(RUNNING, "a 2", (SMALL,)),
    "run-resources": Shot(RUNNING, "a 3", (SMALL,)),
    "run-alerts": Shot(RUNNING, "a 4", (SMALL,)),
    "run-log": Shot(RUNNING, "a 5", (SMALL,)),
    "run-detail": Shot(RUNNING, "a enter", (SMALL,)),
    "run-filter": Shot(RUNNING, "a slash p"),
    "run-zoom": Shot(RUNNING, "a 2 z", (WIDE,)),
    "run-stop": Shot(RUNNING, "a s", (WIDE,)),
    "run-paused": Shot(Snapshot(SIGNED_IN, paused_run()), "a", (SMALL,)),
    "run-loading": Shot(Snapshot(SIGNED_IN, planned_run()), "a"),
    "run-error": Shot(Snapshot(SIGNED_IN, lost_run()), "a"),
    "takeout-delay": Shot(Snapshot(SIGNED_IN, delayed_run()), "a"),
    # Summary.
    "summary": Shot(Snapshot(SIGNED_IN, finished_run()), "a", (WIDE, SMALL, HUGE)),
    "summary-complete": Shot(Snapshot(SIGNED_IN, whole_run()), "a"),
    "summary-error": Shot(Snapshot(SIGNED_IN, failed_run()), "a", (SMALL,)),
    # Settings, help, commands.
    "settings": Shot(HERE, "s", (WIDE, SMALL, HUGE)),
    "passphrase": Shot(SEALED, "s j j enter", (SMALL,)),
    "settings-error": Shot(HERE, "s G up up up up up up enter x enter", (SMALL,)),
    "help": Shot(RUNNING, "a question_mark"),
    "commands": Shot(RUNNING, "a ctrl+p p a u", (SMALL,)),
    "no-room": Shot(HERE, sizes=((50, 12),)),
}


async def walk(pilot: Pilot[int], shot: Shot) -> None:
    """Press a shot's keys, letting the screens settle after each."""
    await settled(pilot, *shot.silent.values())
    for key in shot.keys.split():
        await pilot.press(key)
        await settled(pilot, *shot.silent.values())


@pytest.mark.parametrize("name", SHOTS)
async def test_screen(name: str, album: Album, tmp_path: Path) -> None:
    """Every screen looks as accepted, on terminals of every size."""
    shot = SHOTS[name]
    paths = Paths.resolve(home=tmp_path)
    paths.ensure()
    for each in shot.profiles:
        save_profile(replace(profile(), name=each), paths)
    client = ScriptedClient(shot.state)
    client.silent, client.refusals = set(shot.silent), dict(shot.refused)
    shot.prepare(client, paths)
    if name.startswith(("settings", "passphrase")):
        paths = Paths.resolve(home=Path("/home/ada/tobs"))  # only named on the screen
    app = scripted_app(client, paths)
    async with app.run_test(size=shot.sizes[0]) as pilot:
        await walk(pilot, shot)
        for size in shot.sizes:
            await resized(pilot, size, *shot.silent.values())
            album.take(pilot, sized(name, size))


async def resized(pilot: Pilot[int], size: tuple[int, int], *silent: str) -> None:
    """Make the terminal another size, and wait until everything is laid out."""
    if tuple(pilot.app.size) != size:
        await pilot.resize_terminal(*size)
        await settled(pilot, *silent)


async def test_the_dashboard_looks_as_accepted_in_every_theme(album: Album, tmp_path: Path) -> None:
    app = scripted_app(ScriptedClient(RUNNING), Paths.resolve(home=tmp_path))
    async with app.run_test(size=WIDE) as pilot:
        await walk(pilot, Shot(RUNNING, "a"))
        for name in app.themes.looks:
            app.use_theme(name)
            await settled(pilot)
            album.take(pilot, f"theme-{name}")
        app.use_theme("")
        app.use_ascii(True)
        await resized(pilot, SMALL)
        await settled(pilot)
        album.take(pilot, "ascii-run-80x24")


async def test_a_service_that_has_stopped_is_told_on_the_home_screen(album: Album, tmp_path: Path) -> None:
    async def connect() -> ScriptedClient:
        raise TobsError(ErrorCode.SERVICE_UNREACHABLE, "The background service does not answer.")

    app = scripted_app(ScriptedClient(HERE), Paths.resolve(home=tmp_path), connect=connect)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.model.problem)
        await settled(pilot, "link")
        album.take(pilot, "home-no-service-80x24")


SEARCHES: dict[str, tuple[str, str, str, tuple[tuple[int, int], ...]]] = {
    "search-empty": ("", "", "", (SMALL,)),
    "search": ("river", "", "", (WIDE, SMALL, HUGE)),
    "search-nothing": ("ocean", "", "", (WIDE,)),
    "search-refused": ("river", "yesterday", "", (SMALL,)),
    "message": ("high river", "", "enter enter", BOTH),
}


async def test_search(album: Album, tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search screen looks as accepted in each of its states."""
    monkeypatch.setenv("HOME", str(exported.parent))
    paths = Paths.resolve(home=tmp_path)
    paths.ensure()
    save_profile(Profile(name="river", output=str(exported)), paths)
    app = scripted_app(ScriptedClient(HERE), paths)
    async with app.run_test(size=WIDE) as pilot:
        screen = await open_search(pilot, app)
        for name, (words, since, keys, sizes) in SEARCHES.items():
            await resized(pilot, sizes[0])
            await asked(pilot, screen, words, since)
            for key in keys.split():
                await pilot.press(key)
                await settled(pilot)
            for size in sizes:
                await resized(pilot, size)
                album.take(pilot, sized(name, size))


async def open_search(pilot: Pilot[int], app: TobsApp) -> SearchScreen:
    """The search screen, once it knows the vaults."""
    await settled(pilot)
    await pilot.press("slash")
    await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.search.looked_for_vaults)
    screen = app.screen
    assert isinstance(screen, SearchScreen)
    return screen


async def asked(pilot: Pilot[int], screen: SearchScreen, words: str, since: str) -> None:
    """Type words and a day, and wait for the answer and for the message under the cursor."""
    search = screen.search
    screen.query_one("#words", Line1).value = words
    screen.query_one("#since", Line1).value = since
    await until(pilot, lambda: (search.form.words, search.form.since) == (words, since))
    await until(pilot, lambda: not search.asking and search.reading < 0)
    await settled(pilot)


async def test_search_without_a_vault_and_with_a_broken_one(
    album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is nothing to search in, or it cannot be read, or is being read, the screen says so."""
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = Paths.resolve(home=tmp_path)
    paths.ensure()
    broken = archive_path(tmp_path / "vault")
    app = scripted_app(ScriptedClient(HERE), paths)
    async with app.run_test(size=SMALL) as pilot:
        await open_search(pilot, app)
        await settled(pilot)
        album.take(pilot, "search-no-vault-80x24")
        await pilot.press("escape")
        broken.parent.mkdir(parents=True)
        broken.write_bytes(b"this was an archive once " * 400)
        save_profile(Profile(name="river", output=str(tmp_path / "vault")), paths)
        screen = await open_search(pilot, app)
        await until(pilot, lambda: screen.search.problem is not None)
        await settled(pilot)
        album.take(pilot, "search-error-80x24")
        screen.search.problem = None
        screen.post_message(Indexing(screen.search.vault, 4_200, 128_000))
        await settled(pilot)
        album.take(pilot, "search-loading-80x24")
