"""A headless run as a client of the service: signing in the demo, starting, following, stopping, and every bad end."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.scripted_service import LOGIN, ScriptedService
from tobs_tui.config.credentials import Credentials
from tobs_tui.config.paths import Paths
from tobs_tui.headless.reporters import JsonReporter
from tobs_tui.headless.watch import Assignment, run_headless
from tobs_tui.model.profile import ChatTarget, Profile, Targets
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import ChatProgress, ChatState, Outcome, RunPhase, RunState, RunUpdated, Totals
from tobs_tui.service import protocol as p

PROFILE = Profile(name="night", output="/vault", targets=Targets(all_chats=True))
SIGNED_IN = p.AccountState(p.AccountPhase.SIGNED_IN, name="Ann")
RUNNING = RunState("r1", PROFILE, "/vault", phase=RunPhase.RUNNING)


@pytest.fixture
def paths(home: Any) -> Paths:
    return Paths.resolve()


class Watcher:
    """A headless run in this process, with what it told."""

    def __init__(self, paths: Paths, assignment: Assignment) -> None:
        self.out, self.aside = io.StringIO(), io.StringIO()
        self.task = asyncio.create_task(run_headless(paths, assignment, JsonReporter(self.out, self.aside)))

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    async def told(self, event: str) -> None:
        while not any(line["event"] == event for line in self.lines):
            await asyncio.sleep(0.01)


def kinds(service: ScriptedService) -> list[str]:
    return [type(command).__name__ for command in service.received]


async def test_the_demo_is_signed_in_and_the_run_told_to_its_end(paths: Paths) -> None:
    account = p.AccountState(p.AccountPhase.SIGNED_OUT, **LOGIN)
    async with ScriptedService(paths, account) as service:
        watcher = Watcher(paths, Assignment(PROFILE, demo=True))
        await service.started.wait()
        row = ChatProgress(7, "Ann", state=ChatState.DONE, messages=5)
        service.tell(RunUpdated("r2", 6.0, RunPhase.RUNNING, Totals(messages=5), chats=(row,)))
        service.tell(RunUpdated("another", 6.0, RunPhase.RUNNING, Totals(messages=999)))
        await watcher.told("chat_finished")
        service.finish(Outcome.COMPLETE)
        assert await watcher.task == 0
    assert kinds(service) == ["Attach", "Attach", "SendCode", "SubmitCode", "SubmitPassword", "StartRun"]
    events = [line["event"] for line in watcher.lines]
    assert (events[0], events[-1]) == ("run_started", "run_finished")
    assert watcher.lines[-1]["totals"]["messages"] == 0  # the service's last word counts, not the sum of updates


async def test_a_real_account_is_never_signed_in_by_itself(paths: Paths) -> None:
    async with ScriptedService(paths, p.AccountState(p.AccountPhase.SIGNED_OUT)) as service:
        watcher = Watcher(paths, Assignment(PROFILE))
        assert await watcher.task == 4
    assert set(kinds(service)) == {"Attach"}
    assert watcher.lines[-1]["code"] == "not_signed_in"
    assert watcher.lines[-1]["outcome"] == "signed_out"


async def test_an_ended_session_says_why(paths: Paths) -> None:
    account = p.AccountState(p.AccountPhase.SIGNED_OUT, problem="The session was ended from another device.")
    async with ScriptedService(paths, account):
        watcher = Watcher(paths, Assignment(PROFILE))
        assert await watcher.task == 4
    assert "from another device" in watcher.lines[-1]["message"]


async def test_credentials_of_the_environment_are_handed_over(paths: Paths) -> None:
    async with ScriptedService(paths, p.AccountState(p.AccountPhase.NEEDS_CREDENTIALS)) as service:
        assert await Watcher(paths, Assignment(PROFILE)).task == 4
    async with ScriptedService(paths, p.AccountState(p.AccountPhase.NEEDS_CREDENTIALS)) as service:
        watcher = Watcher(paths, Assignment(PROFILE, credentials=Credentials(7, "abc")))
        await service.started.wait()
        service.finish(Outcome.COMPLETE)
        assert await watcher.task == 0
    assert p.SetCredentials(7, "abc") in service.received


async def test_an_unreachable_server_is_tried_once_more(paths: Paths) -> None:
    account = p.AccountState(p.AccountPhase.UNREACHABLE, problem="No route.")
    async with ScriptedService(paths, account) as service:
        watcher = Watcher(paths, Assignment(PROFILE))
        await service.started.wait()
        service.finish(Outcome.WAITING, "Telegram asks to wait 3 h.")
        assert await watcher.task == 6
    assert "Reconnect" in kinds(service)


async def test_chats_named_on_the_command_line_are_found_first(paths: Paths) -> None:
    named = (ChatTarget("Räder"),)
    profile = replace(PROFILE, name="", targets=Targets(chats=named))
    async with ScriptedService(paths, SIGNED_IN) as service:
        watcher = Watcher(paths, Assignment(profile, named=named))
        await service.started.wait()
        service.finish(Outcome.COMPLETE)
        assert await watcher.task == 0
    started = service.received[-1]
    assert isinstance(started, p.StartRun)
    assert started.profile.targets.chats == (ChatTarget(-1005, "Räder"),)


async def test_a_refresh_is_asked_for_and_not_taken_for_done_by_a_run_without_one(paths: Paths) -> None:
    window = Refresh(days=30)
    async with ScriptedService(paths, SIGNED_IN) as service:
        watcher = Watcher(paths, Assignment(PROFILE, refresh=window))
        await service.started.wait()
        service.finish(Outcome.COMPLETE)
        assert await watcher.task == 0
    started = service.received[-1]
    assert isinstance(started, p.StartRun)
    assert started.refresh == window
    async with ScriptedService(paths, SIGNED_IN, run=RUNNING):
        watcher = Watcher(paths, Assignment(PROFILE, refresh=window))
        assert await watcher.task != 0
    assert "in progress" in watcher.lines[-1]["message"]


async def test_an_unknown_chat_is_told_before_anything_starts(paths: Paths) -> None:
    named = (ChatTarget("@nobody"),)
    async with ScriptedService(paths, SIGNED_IN) as service:
        watcher = Watcher(paths, Assignment(replace(PROFILE, targets=Targets(chats=named)), named=named))
        assert await watcher.task == 2
    assert "StartRun" not in kinds(service)
    assert watcher.lines == [watcher.lines[-1]]
    assert "There is no chat @nobody." in watcher.lines[-1]["message"]


async def test_the_same_profiles_run_is_followed_and_left_alone_on_interrupt(paths: Paths) -> None:
    async with ScriptedService(paths, SIGNED_IN, RUNNING) as service:
        watcher = Watcher(paths, Assignment(PROFILE))
        await watcher.told("run_started")
        os.kill(os.getpid(), signal.SIGINT)
        assert await watcher.task == 5
    assert watcher.lines[0]["followed"] is True
    assert "goes on in the background" in watcher.lines[-1]["message"]
    assert kinds(service) == ["Attach"]


async def test_another_profiles_run_is_not_disturbed(paths: Paths) -> None:
    async with ScriptedService(paths, SIGNED_IN, RUNNING) as service:
        watcher = Watcher(paths, Assignment(replace(PROFILE, output="/elsewhere")))
        assert await watcher.task == 1
    assert kinds(service) == ["Attach"]
    assert watcher.lines[-1]["code"] == "run_in_progress"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_the_run_cleanly(paths: Paths, number: int) -> None:
    async with ScriptedService(paths, SIGNED_IN) as service:
        watcher = Watcher(paths, Assignment(PROFILE))
        await watcher.told("run_started")
        os.kill(os.getpid(), number)
        assert await watcher.task == 5
    assert "CancelRun" in kinds(service)
    assert watcher.lines[-1]["outcome"] == "interrupted"
    assert "Stopping" in watcher.aside.getvalue()


async def test_a_second_signal_leaves_at_once(paths: Paths) -> None:
    async with ScriptedService(paths, SIGNED_IN) as service:
        service.cancel_ends_run = False
        watcher = Watcher(paths, Assignment(PROFILE))
        await watcher.told("run_started")
        os.kill(os.getpid(), signal.SIGINT)
        await service.cancelled.wait()
        os.kill(os.getpid(), signal.SIGINT)
        assert await watcher.task == 5
    assert "being stopped in the background" in watcher.lines[-1]["message"]


async def test_a_service_that_dies_leaves_a_resumable_run(paths: Paths) -> None:
    async with ScriptedService(paths, SIGNED_IN) as service:
        watcher = Watcher(paths, Assignment(PROFILE))
        await watcher.told("run_started")
        service.cut()
        assert await watcher.task == 5
    assert "run it again" in watcher.lines[-1]["message"]


async def test_an_earlier_runs_end_is_not_taken_for_this_ones(paths: Paths) -> None:
    earlier = replace(RUNNING, outcome=Outcome.FAILED, phase=RunPhase.FINISHED)
    async with ScriptedService(paths, SIGNED_IN, earlier) as service:
        watcher = Watcher(paths, Assignment(PROFILE))
        await service.started.wait()
        service.tell(p.RunFinished(earlier))
        service.finish(Outcome.COMPLETE)
        assert await watcher.task == 0
