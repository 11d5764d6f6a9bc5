"""What the screens promise, driven by keys, on a scripted service."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from tests.e2e.scripted import (
    NOW,
    RUST_CLUB,
    SIGNED_IN,
    ScriptedClient,
    delayed_run,
    dialogs,
    finished_run,
    profile,
    run_state,
    scripted_app,
    settled,
    until,
)
from tobs_tui.cache.file import CacheFile, Change
from tobs_tui.config.layers import effective
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import read_profile, save_profile
from tobs_tui.config.sealing import Holder
from tobs_tui.config.settings import KeyStyle, Settings, load_settings
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Dialog, Peer, PeerKind
from tobs_tui.model.profile import Filters, MediaKind
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import RunPhase, RunUpdated
from tobs_tui.service.protocol import (
    AccountChanged,
    AccountPhase,
    AccountState,
    AcknowledgeAlert,
    CancelRun,
    ClearCache,
    Dialogs,
    Estimate,
    EstimateExport,
    EstimateHeldUp,
    ForgetSession,
    ListDialogs,
    ListTopics,
    PauseRun,
    RemovePassphrase,
    RestartWorker,
    RetryTakeout,
    RunFinished,
    RunStarted,
    SendCode,
    ServiceStopping,
    SetPassphrase,
    SkipTakeout,
    Snapshot,
    StartRun,
    SubmitCode,
    SubmitPassword,
    Unlock,
)
from tobs_tui.ui.app import TobsApp
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.screens.dialogs import Detail, Sheet
from tobs_tui.ui.screens.home import HomeScreen
from tobs_tui.ui.screens.pick import Pick, PickPanel
from tobs_tui.ui.screens.run import RunScreen
from tobs_tui.ui.screens.sign_in import SignInScreen
from tobs_tui.ui.screens.summary import SummaryScreen
from tobs_tui.ui.screens.takeout_delay import TakeoutDelayScreen
from tobs_tui.ui.screens.targets import DialogsPanel, TargetsScreen
from tobs_tui.ui.screens.tuning import COUNTING, EstimatePanel, TuningScreen
from tobs_tui.ui.widgets.fields import Choice
from tobs_tui.ui.widgets.form import EntryLine, FormPanel
from tobs_tui.ui.widgets.painted import Painted, Words

SIZE = (120, 36)


def screen_text(app: TobsApp) -> str:
    """Everything that can be read on the foremost screen's painted widgets."""
    lines: list[str] = []
    for widget in app.screen.query(Painted):
        if widget.display and widget.size.height:
            lines += ["".join(s.text for s in widget.render_line(y)) for y in range(widget.size.height)]
    return "\n".join(lines)


async def press(pilot: Pilot[int], keys: str) -> None:
    """Press keys, letting the screens settle after each."""
    for key in keys.split():
        await pilot.press(key)
        await settled(pilot)


async def write(pilot: Pilot[int], text: str) -> None:
    """Type a text and Enter."""
    for letter in text:
        await pilot.press({" ": "space", "+": "plus", "-": "minus", "@": "at", "/": "slash"}.get(letter, letter))
    await pilot.press("enter")
    await settled(pilot)


async def test_a_locked_session_asks_for_its_passphrase_at_once_and_tells_a_wrong_one_beside_the_field(
    paths: Paths,
) -> None:
    client = ScriptedClient(Snapshot(AccountState(AccountPhase.LOCKED, protected=Holder.PERSON)))
    client.refusals[Unlock] = TobsError(ErrorCode.PASSPHRASE_WRONG, "This is not the passphrase.", "Try again.")
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert isinstance(app.screen, SignInScreen)
        await write(pilot, "wrong")
        assert client.asked[-1] == Unlock("wrong")
        assert "This is not the passphrase." in screen_text(app)
        del client.refusals[Unlock]
        await write(pilot, "right")
        assert client.asked[-1] == Unlock("right")
        client.send(AccountChanged(SIGNED_IN))
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))


async def test_the_settings_set_change_and_remove_the_passphrase(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:

        async def fill(**fields: str) -> None:
            for name, text in fields.items():
                app.screen.query_one(f"#{name}", Input).value = text
                app.screen.query_one(f"#{name}", Input).focus()
                await press(pilot, "enter")

        await settled(pilot)
        await press(pilot, "s j j enter")
        await fill(passphrase="new horse battery", again="new horse batterz")
        assert "That is not the same as above." in screen_text(app)
        await fill(again="new horse battery")
        assert client.asked[-1] == SetPassphrase("new horse battery")
        client.send(AccountChanged(msgspec.structs.replace(SIGNED_IN, protected=Holder.PERSON)))
        await until(pilot, lambda: "encrypted, passphrase" in screen_text(app))
        await press(pilot, "enter")
        client.refusals[RemovePassphrase] = TobsError(ErrorCode.PASSPHRASE_WRONG, "Not it.", field="old")
        await fill(old="guess")
        app.screen.query_one("#remove", Choice).action_press()
        await settled(pilot)
        assert client.asked[-1] == RemovePassphrase("guess")
        assert "Not it." in screen_text(app)


async def test_signing_in_goes_from_phone_to_code_to_password(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(AccountState(AccountPhase.SIGNED_OUT, demo_phone="+9996621234")))
    app = scripted_app(client, paths, demo=True)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "i")
        assert "+9996621234" in screen_text(app), "the demo says its phone number"
        await write(pilot, "+9996621234")
        assert SendCode("+9996621234") in client.asked
        client.send(AccountChanged(AccountState(AccountPhase.CODE_SENT, resend_at=NOW + 40)))
        await until(pilot, lambda: app.screen.query("#code"))
        await settled(pilot)
        assert "possible in 40 s" in screen_text(app)
        await write(pilot, "22222")
        assert SubmitCode("22222") in client.asked
        client.send(AccountChanged(AccountState(AccountPhase.PASSWORD_NEEDED, password_hint="first pet")))
        await until(pilot, lambda: app.screen.query("#password"))
        await settled(pilot)
        assert "first pet" in screen_text(app)
        await write(pilot, "correct horse")
        assert SubmitPassword("correct horse") in client.asked
        assert "correct horse" not in app.export_screenshot(), "a password is never shown"
        client.send(AccountChanged(SIGNED_IN))
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))


async def test_a_wrong_code_is_told_beside_its_field(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(AccountState(AccountPhase.CODE_SENT)))
    client.refusals[SubmitCode] = TobsError(ErrorCode.CODE_INVALID, "The code is wrong.", "Look again.", field="code")
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "i")
        await write(pilot, "11111")
        note = app.screen.query_one("#field-code .note", Words)
        assert "The code is wrong. Look again." in note.text
        assert app.focused is not None and app.focused.id == "code"


async def test_choosing_topics_saving_and_starting(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n down t down down space down space n")
        assert isinstance(app.screen, TargetsScreen)
        await press(pilot, "n")
        assert isinstance(app.screen, TuningScreen)
        await press(pilot, "w")
        await write(pilot, "rust two")
        saved = read_profile("rust two", paths).profile
        assert [(t.chat, t.topics) for t in saved.targets.chats] == [(RUST_CLUB, (200, 400))]
        await press(pilot, "s")
        started = [command for command in client.asked if isinstance(command, StartRun)]
        assert [target.topics for target in started[0].profile.targets.chats] == [(200, 400)]
        client.send(RunStarted(run_state()))
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await settled(pilot)
        assert "Async internals" in screen_text(app)


async def test_a_wrong_value_is_told_at_its_field_and_changes_nothing(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n space n enter")
        line = app.screen.query_one(EntryLine)
        assert line.is_open
        await write(pilot, "yesterday")
        assert "YYYY-MM-DD" in line.query_one("#entry-hint", Words).text
        assert line.is_open
        screen = app.screen
        assert isinstance(screen, TuningScreen)
        assert screen.profile.filters.since is None


async def test_what_is_wrong_with_a_value_is_told_in_full_on_a_small_screen(paths: Paths) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "n space n enter")
        await write(pilot, "2024-13-01")
        assert "2024-05-01" in screen_text(app)
        await press(pilot, "escape j j enter")
        await write(pilot, "many")
        told = " ".join(screen_text(app).split())
        assert "0 takes all" in told.rpartition("Not possible")[2]


async def test_two_values_that_do_not_go_together_both_stay_and_are_told_at_the_field(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    app.effective = lambda profile, given=None: effective(profile, paths, {}, {}, given=given)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n space n enter")
        await write(pilot, "2025-01-01")
        await press(pilot, "j enter")
        await write(pilot, "2024-01-01")
        await press(pilot, "j enter")
        await write(pilot, "70")
        shown = {row.key: row for row in app.screen.query_one(FormPanel).rows}
        assert shown["filters.until"].value == "2024-01-01"
        assert "before since" in shown["filters.until"].problem
        assert shown["filters.last"].value == "70"
        await press(pilot, "s")
        await press(pilot, "w")
        assert isinstance(app.screen, TuningScreen), "a profile that cannot run is not saved"
        assert not [command for command in client.asked if isinstance(command, StartRun)]
        await press(pilot, "k enter")
        app.screen.query_one(EntryLine).query_one(Input).value = ""
        await write(pilot, "2025-02-01")
        await press(pilot, "s")
        (started,) = [command for command in client.asked if isinstance(command, StartRun)]
        assert str(started.profile.filters.until) == "2025-02-01"


async def test_the_filters_are_edited_and_the_estimate_follows(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    client.answers[EstimateExport] = lambda _: Estimate(
        1, 500, 100, 7, 3, files=12, bytes=3_000_000, missing=400, uncounted=(MediaKind.STICKER,)
    )
    app = scripted_app(client, paths)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "n space n j j enter")
        await write(pilot, "500")
        await press(pilot, "j j enter j enter")
        await write(pilot, "@zoe, me")
        await press(pilot, "j enter")
        await write(pilot, "/(/")
        assert "RE2" in app.screen.query_one("#entry-hint", Words).text
        app.screen.query_one(EntryLine).query_one(Input).value = ""
        await write(pilot, "Invoice")
        screen = app.screen
        assert isinstance(screen, TuningScreen)
        assert screen.profile.filters == Filters(last=500, only_mine=True, senders=("@zoe", "me"), text="Invoice")
        await until(pilot, lambda: "12 and more" in screen_text(app))
        assert "3.0 MB and more" in screen_text(app)
        asked = [command.profile.filters for command in client.asked if isinstance(command, EstimateExport)]
        assert asked[-1] == screen.profile.filters


async def test_a_wait_that_holds_an_estimate_up_is_shown(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n space n")
        panel = app.screen.query_one(EstimatePanel)
        panel.note = COUNTING
        client.send(EstimateHeldUp(app.model.clock() + 25))
        await until(pilot, lambda: "Telegram asks to wait 2" in "".join(part.text for part in panel.title()))


async def test_a_link_that_leads_nowhere_is_told_beside_the_field(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n l")
        await write(pilot, "@nobody")
        assert "There is no chat" in app.screen.query_one("#entry-note", Words).text
        await press(pilot, "escape l")
        await write(pilot, "@grace")
        screen = app.screen
        assert isinstance(screen, TargetsScreen)
        assert [target.title for target in screen.targets.targets().chats] == ["Grace Hopper"]


async def test_thousands_of_chats_are_listed_and_filtered_as_one_types(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    client.answers[ListDialogs] = lambda _: Dialogs(dialogs(copies=500))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n")
        panel = app.screen.query_one(DialogsPanel)
        assert panel.count() > 5_000
        await press(pilot, "G")
        assert panel.cursor == panel.count() - 1
        await press(pilot, "slash s k y space 4 9 9")
        assert "Night Sky Weekly 499" in screen_text(app)


async def test_hostile_titles_cannot_draw_on_the_screen(paths: Paths) -> None:
    title = "\x1b[2J\x1b]0;owned\x07[bold red]x[/] \u202egnp.exe\nsecond"
    client = ScriptedClient(Snapshot(SIGNED_IN))
    client.answers[ListDialogs] = lambda _: Dialogs((Dialog(Peer(7, PeerKind.USER, title)),))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n")
        shown = screen_text(app)
        assert not any(char in shown for char in "\x1b\x07\u202e")
        assert "[bold red]x[/]" in shown, "markup is text, not style"


async def test_stopping_asks_first_and_escape_changes_nothing(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a s escape")
        assert CancelRun() not in client.asked
        await press(pilot, "s enter")
        assert CancelRun() in client.asked


async def test_pause_acknowledge_and_detach_are_sent_as_commands(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a p a d")
        assert [c for c in client.asked if isinstance(c, (PauseRun, AcknowledgeAlert))] == [
            PauseRun(),
            AcknowledgeAlert(""),
        ]
        assert isinstance(app.screen, HomeScreen)
        assert "Quit (job continues)" in screen_text(app)


async def test_the_worker_under_the_cursor_is_restarted(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a r")
        assert "Go to the worker first" in str([each.message for each in app._notifications])
        await press(pilot, "2 down r")
        assert [c.worker for c in client.asked if isinstance(c, RestartWorker)] == [run_state().workers[1].id]


async def test_a_held_view_stands_still_while_the_job_goes_on(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a space")
        totals = msgspec.structs.replace(run_state().totals, messages=1_999_999)
        client.send(RunUpdated("r5", NOW, RunPhase.RUNNING, totals))
        await until(pilot, lambda: app.model.run and app.model.run.totals.messages == 1_999_999)
        await settled(pilot)
        assert "1 284 310" in screen_text(app)
        await press(pilot, "space")
        assert "1 999 999" in screen_text(app)


async def test_nothing_is_painted_when_nothing_changed(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        page = app.page
        assert page is not None
        painted: list[Painted] = []
        monkeypatch.setattr(Painted, "refresh", lambda widget, *regions, **_: painted.append(widget))
        page.paint()
        assert painted == []


async def test_the_summary_follows_when_the_run_ends(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        client.send(RunFinished(finished_run()))
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await settled(pilot)
        shown = screen_text(app)
        assert "Incomplete" in shown
        assert "1 301 248" in shown
        assert "/home/ada/vault" in shown
        assert "CHANNEL_PRIVATE" in shown

        await press(pilot, "t")
        await until(pilot, lambda: any(isinstance(command, StartRun) for command in client.asked))
        (again,) = [command.profile.targets for command in client.asked if isinstance(command, StartRun)]
        failed = {failure.chat for failure in finished_run().failures}
        assert not again.all_chats
        assert {target.chat for target in again.chats if not isinstance(target.chat, str)} == failed


async def test_a_cut_line_is_said_and_attached_again(paths: Paths) -> None:
    clients = [ScriptedClient(Snapshot(SIGNED_IN, run_state())) for _ in range(2)]
    waiting = list(clients)

    async def connect() -> ScriptedClient:
        return waiting.pop(0)

    app = scripted_app(clients[0], paths, connect=connect)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        clients[0].cut()
        await until(pilot, lambda: app.model.link is Link.LOST)
        await until(pilot, lambda: app.model.link is Link.ATTACHED)
        assert isinstance(app.screen, RunScreen)
        assert waiting == []


async def test_a_service_that_stopped_is_not_started_again_behind_ones_back(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        client.send(ServiceStopping())
        client.cut()
        await until(pilot, lambda: app.model.link is Link.STOPPED)
        await settled(pilot)
        assert "the service has stopped" in screen_text(app)
        await press(pilot, "r")
        await until(pilot, lambda: app.model.link is Link.ATTACHED)


async def test_a_profile_given_at_launch_is_started_at_once(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths, profile=profile())
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert any(isinstance(command, StartRun) for command in client.asked)


async def test_a_number_key_starts_a_saved_profile(paths: Paths) -> None:
    save_profile(profile(), paths)
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "1")
        assert [c.profile.name for c in client.asked if isinstance(c, StartRun)] == ["night-archive"]


async def test_a_profile_is_refreshed_by_a_key_or_from_the_command_line(paths: Paths) -> None:
    save_profile(profile(), paths)
    for window, keys in ((None, "f"), (Refresh(days=30), "")):
        client = ScriptedClient(Snapshot(SIGNED_IN))
        app = scripted_app(client, paths, profile=profile() if window else None, refresh=window)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            if keys:
                await press(pilot, keys)
            await until(pilot, lambda app=app: isinstance(app.screen, RunScreen))  # type: ignore[misc]
            assert [c.refresh for c in client.asked if isinstance(c, StartRun)] == [window or Refresh()]


async def test_a_small_terminal_gets_a_sentence_and_a_large_one_the_screen_back(paths: Paths) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=(59, 15)) as pilot:
        await settled(pilot)
        assert "larger" in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "New export" in screen_text(app)


async def test_settings_take_effect_and_are_kept(paths: Paths) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "s")
        form = app.screen.query_one(FormPanel)
        form.move_to(next(i for i, row in enumerate(form.rows) if row.key == "theme"))
        await press(pilot, "right")
        assert app.look.name != "night"
        assert load_settings(paths).theme == app.look.name
        form.move_to(next(i for i, row in enumerate(form.rows) if row.key == "low_bandwidth"))
        await press(pilot, "enter")
        assert app.paints_a_second == 2
        assert load_settings(paths).low_bandwidth


async def test_the_settings_tell_what_is_kept_here_and_close_and_forget_it(paths: Paths) -> None:
    paths.session_file.write_text("a session")
    paths.session_file.chmod(0o644)
    cache = CacheFile(paths.cache_dir / "42" / "cache.db")
    cache.write([Change("peers", "7", b"Ann", NOW)], {"peers": 9})
    cache.close()
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)

    async def choose(pilot: Pilot[int], key: str) -> None:
        form = app.screen.query_one(FormPanel)
        form.move_to(next(i for i, row in enumerate(form.rows) if row.key == key))
        await press(pilot, "enter")

    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "s")
        assert "1 file open to others" in screen_text(app) and "1 entry" in screen_text(app)
        await choose(pilot, "files")
        assert paths.session_file.stat().st_mode & 0o077 == 0
        assert "for you alone" in screen_text(app)
        await choose(pilot, "cache")
        assert client.asked[-1] == ClearCache()
        await choose(pilot, "forget")
        await press(pilot, "escape")
        assert ForgetSession() not in client.asked
        await choose(pilot, "forget")
        await press(pilot, "k enter")
        assert client.asked[-1] == ForgetSession()


async def test_another_account_is_named_and_gone_to(paths: Paths) -> None:
    for typed, seen in (("no such/name", "letters a to z"), ("work", "")):
        app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await press(pilot, "s")
            form = app.screen.query_one(FormPanel)
            form.move_to(next(i for i, row in enumerate(form.rows) if row.key == "new_account"))
            await press(pilot, "enter")
            app.screen.query_one("#entry", Input).value = typed
            await press(pilot, "enter")
            assert seen in screen_text(app)
        assert app.elsewhere == (() if seen else ("--account", "work"))
    Paths.resolve(home=paths.shared_dir.parent, account="work").ensure()
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "s")
        form = app.screen.query_one(FormPanel)
        form.move_to(next(i for i, row in enumerate(form.rows) if row.key == "use:work"))
        await press(pilot, "enter")
    assert app.elsewhere == ("--account", "work")


async def test_changing_one_setting_does_not_save_what_a_flag_said(paths: Paths) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths, settings=Settings(mouse=False))
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "s")
        form = app.screen.query_one(FormPanel)
        form.move_to(next(i for i, row in enumerate(form.rows) if row.key == "theme"))
        await press(pilot, "right")
        assert load_settings(paths).mouse


async def test_a_key_map_from_the_settings_moves_an_action(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths, settings=Settings(keymap={"run.pause": "f5"}))
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        assert "f5 Pause" in screen_text(app)
        await press(pilot, "f5")
        assert PauseRun() in client.asked


async def test_every_action_is_in_the_command_palette(paths: Paths) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, run_state())), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {"Pause", "Stop…", "Detach", "Zoom", "Help", "Theme: Paper"} <= set(commands)


async def test_leaving_leaves_the_job_alone(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, run_state()))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        await pilot.press("q")
    assert app.return_value == 0
    assert CancelRun() not in client.asked


async def test_a_sign_in_that_ends_elsewhere_closes_the_screen(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(AccountState(AccountPhase.SIGNED_OUT)))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "i")
        assert isinstance(app.screen, SignInScreen)
        client.send(AccountChanged(SIGNED_IN))
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))


async def test_keys_that_arrive_together_act_in_the_order_typed(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    app = scripted_app(client, paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "n")
        for key in ("slash", *"grxx", "backspace", "backspace", *"ace", "enter", "space"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        assert isinstance(app.screen, TargetsScreen)
        targets = app.screen.targets
        await until(pilot, lambda: targets.chosen)
        assert targets.query == "grace"
        assert [target.title for target in targets.chosen.values()] == ["Grace Hopper"]


async def test_a_run_that_ends_before_it_is_seen_still_comes_to_its_summary(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, finished_run()))
    app = scripted_app(client, paths)
    save_profile(profile(), paths)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await press(pilot, "1")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert any(isinstance(command, StartRun) for command in client.asked)
        again = msgspec.structs.replace(finished_run(), run_id="another")
        client.send(RunFinished(again))
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))


@pytest.mark.parametrize(("keys", "command"), [("up", SkipTakeout()), ("up up", RetryTakeout()), ("", None)])
async def test_a_delayed_takeout_offers_both_ways_on_and_waiting(
    tmp_path: Path, keys: str, command: RetryTakeout | SkipTakeout | None
) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN, delayed_run()))
    app = scripted_app(client, Paths.resolve(home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        assert isinstance(app.screen, TakeoutDelayScreen)
        for key in [*keys.split(), "enter"]:
            await pilot.press(key)
        await settled(pilot)
        asked = [each for each in client.asked if isinstance(each, SkipTakeout | RetryTakeout)]
        assert asked == ([command] if command else [])
        assert isinstance(app.screen, TakeoutDelayScreen if command == RetryTakeout() else RunScreen)


async def test_the_home_screen_tells_that_the_run_is_paused(tmp_path: Path) -> None:
    run = msgspec.structs.replace(run_state(), phase=RunPhase.PAUSED)
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, run)), Paths.resolve(home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "paused, " in screen_text(app)


async def test_who_waits_sees_why_and_gets_the_ways_on_again_from_the_alert(tmp_path: Path) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, delayed_run())), Paths.resolve(home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "a enter")
        assert isinstance(app.screen, RunScreen)
        assert "asked again in 18 s" in screen_text(app)
        await press(pilot, "4 enter")
        assert isinstance(app.screen, TakeoutDelayScreen)


async def test_the_takeout_dialog_goes_away_when_the_delay_is_over(tmp_path: Path) -> None:
    run = delayed_run()
    client = ScriptedClient(Snapshot(SIGNED_IN, run))
    app = scripted_app(client, Paths.resolve(home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        assert isinstance(app.screen, TakeoutDelayScreen)
        client.send(RunUpdated(run_id=run.run_id, at=NOW, phase=RunPhase.RUNNING, totals=run.totals, takeout=True))
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


async def test_a_connection_tells_its_figures(tmp_path: Path) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN, run_state())), Paths.resolve(home=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in ("a", "3", "end", "up", "enter"):
            await pilot.press(key)
            await settled(pilot)
        assert isinstance(app.screen, Detail)
        (sheet,) = app.screen.query(Sheet)
        pairs = dict(sheet.pairs)
        assert (pairs["Requests"], pairs["Answer"], pairs["State"]) == ("12 900", "151 ms on average", "open")
        assert pairs["Paced"] == "messages.getHistory: 19.6 a second"


@pytest.mark.parametrize(("style", "rows"), [(KeyStyle.ARROWS, ["video", "voice", "video"]), (KeyStyle.VIM, ["photo"])])
async def test_a_letter_goes_to_the_next_row_that_begins_with_it_where_lists_leave_letters_free(
    paths: Paths, style: KeyStyle, rows: list[str]
) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths, settings=Settings(key_style=style))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await app.push_screen(Pick("Kinds", ["photo", "video", "round", "voice", "audio"], []))
        panel = app.screen.query_one(PickPanel)
        for row in rows:
            await press(pilot, "v")
            assert panel.items[panel.cursor] == row
        await press(pilot, "a")
        assert panel.chosen == set(panel.items), "a key that does something does that, and goes nowhere"
        assert panel.items[panel.cursor] == rows[-1]


async def test_a_run_of_the_past_tells_what_became_of_it(paths: Paths) -> None:
    app = scripted_app(ScriptedClient(Snapshot(SIGNED_IN)), paths)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "shift+tab down enter")
        (sheet,) = app.screen.query(Sheet)
        pairs = dict(sheet.pairs)
        assert (pairs["Outcome"], pairs["Profile"], pairs["Missing"]) == ("incomplete", "family", "2 items")
        assert (pairs["Messages"], pairs["Took"]) == ("1 204", "1 min 2 s")


async def test_where_telegram_does_not_answer_topics_can_be_asked_for_again(paths: Paths) -> None:
    client = ScriptedClient(Snapshot(SIGNED_IN))
    client.refusals[ListTopics] = TobsError(ErrorCode.SERVER_UNREACHABLE, "Telegram cannot be reached.")
    app = scripted_app(client, paths)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "n down t")
        assert "Telegram cannot be reached. Press r to try again." in screen_text(app)
        assert "Use these" not in screen_text(app)
        client.refusals.clear()
        await press(pilot, "r")
        assert "Async internals" in screen_text(app)
