"""One run under many terminals: suspended, closed under a dialog, two at once."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.serving import ServedSandbox
from tests.e2e.signing import sign_in_account
from tests.e2e.terminal import MOUSE, Terminal, messages_shown
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import read_profile, save_profile
from tobs_tui.config.server_file import load_server
from tobs_tui.model.profile import ChatTarget, Profile, Targets
from tobs_tui.model.run import Outcome, RunPhase, RunState
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient
from tobs_tui.service.launch import attach

TOBS = str(Path(sys.executable).with_name("tobs"))
GONE_S = 3.0
SPUN_S = 1.5
SLOW_ANSWERS = [
    {"method": "messages.getDialogs", "times": 2, "delay_s": 600},  # the first list of chats, and of archived ones
    {"method": "auth.signIn", "after": 1, "delay_s": 3},  # the second account's
]


class Account:
    """A signed-in account at a slow server, whose export of everything goes on for as long as a test takes."""

    def __init__(self, sandbox: ServedSandbox, folder: Path, name: str = "") -> None:
        self.sandbox = sandbox
        self.paths = Paths.resolve(server=load_server(sandbox.toml), account=name)
        self.paths.ensure()
        self.command = [TOBS, "--server", str(sandbox.toml), *(["--account", name] if name else [])]
        everything, little = Targets(all_chats=True), Targets(chats=(ChatTarget(5000042, "Saved Messages"),))
        save_profile(Profile(name="night", output=str(folder / "night"), targets=everything), self.paths)
        save_profile(Profile(name="short", output=str(folder / "short"), targets=little), self.paths)

    async def sign_in(self) -> None:
        """Without a screen."""
        sandbox = self.sandbox
        await sign_in_account(self.paths, sandbox.phone, sandbox.code, sandbox.password, server_file=sandbox.toml)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ServiceClient]:
        """The service, as it stands."""
        client = await attach(self.paths, server_file=self.sandbox.toml)
        try:
            yield client
        finally:
            await client.close()

    async def state(self) -> p.Snapshot:
        """Everything as the service has it."""
        async with self.client() as client:
            return client.snapshot

    async def run(self) -> RunState:
        """The run as the service has it."""
        run = (await self.state()).run
        assert run is not None
        return run

    async def start(self, name: str) -> None:
        """Start a saved profile, with no screen."""
        async with self.client() as client:
            await client.call(p.StartRun(read_profile(name, self.paths).profile))

    async def export(self, name: str) -> None:
        """Start a saved profile, and see its end."""
        async with self.client() as client:
            await client.call(p.StartRun(read_profile(name, self.paths).profile))
            async for event in client.events():
                if isinstance(event, p.RunFinished):
                    return

    async def further(self, than: int) -> RunState:
        """The run as soon as it has more messages than that; all of them went on being exported unwatched."""
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            run = await self.run()
            if run.totals.messages > than:
                return run
        raise AssertionError(f"the export stands still at {than} messages")


@pytest.fixture
def account(tmp_path: Path, serve_sandbox: Callable[..., ServedSandbox]) -> Account:
    """An account at a server of its own; not signed in yet."""
    return Account(serve_sandbox("--latency-ms", "400"), tmp_path)


@pytest.fixture
def open_terminal() -> Iterator[Callable[..., Terminal]]:
    """Runs commands on terminals that end with the test."""
    opened: list[Terminal] = []

    def start(command: list[str], **options: object) -> Terminal:
        opened.append(Terminal(command, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def screen_process(parent: int) -> psutil.Process:
    """The process of the screen: that one, or the one below a shell."""
    started = psutil.Process(parent)
    if TOBS in started.cmdline():
        return started
    return next(child for child in started.children(recursive=True) if TOBS in child.cmdline())


def gone(processes: dict[str, psutil.Process], hang_up: Callable[[], None]) -> None:
    """Close the terminals of processes; see that these go soon and without having spun."""
    before = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
    spent, left = dict.fromkeys(processes, 0.0), dict(processes)
    began = time.monotonic()
    hang_up()
    while left and time.monotonic() - began < GONE_S:
        for name, process in list(left.items()):
            try:
                spent[name] = sum(process.cpu_times()[:2]) - before[name]
                if process.status() == psutil.STATUS_ZOMBIE:
                    del left[name]
            except psutil.NoSuchProcess:
                del left[name]
        time.sleep(0.02)
    assert not left, "they outlived their terminals"
    assert all(cpu < SPUN_S for cpu in spent.values()), spent


def hang_up(terminals: dict[str, Terminal]) -> None:
    """Close terminals all at once; see that their screens go soon and without having spun."""

    def close() -> None:
        for terminal in terminals.values():
            terminal.hang_up()

    gone({name: screen_process(terminal.pid) for name, terminal in terminals.items()}, close)


@contextmanager
def tmux(name: str) -> Iterator[list[str]]:
    """The command of a tmux server of one's own, which ends with the block."""
    command = ["tmux", "-L", name, "-f", "/dev/null"]
    try:
        yield command
    finally:
        subprocess.run([*command, "kill-server"], capture_output=True, check=False)


async def test_suspended_the_shell_has_its_terminal_and_the_run_goes_on(
    account: Account, open_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    await account.sign_in()
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with tmux(f"suspend-{tmp_path.name}") as server:
        plain = open_terminal(shell)
        inner = open_terminal([*server, "new-session", shlex.join(shell)])
        for terminal in (plain, inner):
            terminal.type("PS1='here> '\r")
            terminal.wait_for("here> ")
            terminal.type("clear\r")
        plain.type(f"stty -g > {tmp_path}/before\r")
        plain.type(shlex.join([*account.command, "--no-mouse", "night"]) + "\r")
        plain.wait_for("RUNNING", "Workers", "msg/s")
        inner.type(shlex.join(account.command) + "\r")
        inner.wait_for("night", "New export")
        inner.press("a")
        inner.wait_for("RUNNING", "Workers", "msg/s")
        assert plain.alternate
        assert not re.search(rb"\x1b\[\?(1000|1002|1003|1006|1015|1016)h", bytes(plain.sent)), "--no-mouse"

        inner.press("?", "ctrl+z")  # from within a dialog, too
        for terminal in (plain, inner):
            if terminal is plain:
                terminal.press("ctrl+z")
            terminal.wait_for("Stopped", "here> ")
        assert not plain.alternate
        plain.type(f"stty -g > {tmp_path}/meanwhile; echo mode''s\r")
        plain.wait_for("modes")
        assert (tmp_path / "meanwhile").read_text() == (tmp_path / "before").read_text()
        assert 25 in plain.modes(), "the cursor is seen"
        assert not plain.modes() & (MOUSE | {1049, 1004, 2048})
        assert "Workers" not in inner.text(), "tmux shows what was there before"
        panes = subprocess.run(
            [*server, "display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}"],
            check=True,
            capture_output=True,
            text=True,
        )
        assert panes.stdout.split() == ["0", "0", "1"]
        stopped = screen_process(plain.pid)
        assert stopped.status() == psutil.STATUS_STOPPED

        further = await account.further((await account.run()).totals.messages)
        plain.type("bg\r")
        plain.type("clear; echo not over\r")
        plain.wait_for("not over")
        plain.wait_gone("Workers")
        plain.wait_until(lambda _: stopped.status() == psutil.STATUS_STOPPED, "it stands in the background")
        for terminal, shown in ((plain, "Workers"), (inner, "Keys: Dashboard")):
            terminal.type("fg\r")
            terminal.wait_for(shown)
        inner.press("esc")
        for terminal in (plain, inner):
            screen = terminal.wait_for("RUNNING", "Workers", "Resources", "q Quit")
            assert "here>" not in screen
            terminal.wait_until(lambda screen: messages_shown(screen) >= further.totals.messages, "what is new")
        assert plain.alternate
        assert 25 not in plain.modes()
        assert not plain.modes() & MOUSE

        plain.press("p")
        for terminal in (plain, inner):
            terminal.wait_for("PAUSED")
        threads = len(stopped.threads())
        stopped.suspend()  # by somebody else, and then let go
        plain.wait_for("here> ")
        plain.type("clear; fg\r")
        plain.wait_for("PAUSED", "p Resume")
        plain.press("p")
        plain.wait_for("RUNNING")
        assert len(stopped.threads()) <= threads, "one reader, one writer"
        plain.press("ctrl+z")
        plain.wait_until(lambda _: stopped.status() == psutil.STATUS_STOPPED, "it stands again")
        gone({"suspended": stopped}, plain.hang_up)
        inner.wait_for("RUNNING")
        assert (await account.run()).phase is RunPhase.RUNNING
        inner.press("s")
        inner.wait_for("Stop this export?")
        inner.press("enter")
        inner.wait_for("Summary", "Run again")
        assert (await account.run()).outcome is Outcome.INTERRUPTED


def test_started_in_place_of_a_shell_it_cannot_be_suspended(home: Path, open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal([TOBS, "--demo"])
    terminal.wait_for("Sign in to Telegram")
    terminal.press("ctrl+z")
    terminal.wait_for("There is no shell here to go back to")
    assert {1000, 1003, 1006} <= terminal.modes(), "the mouse is reported"
    terminal.press("ctrl+q")
    assert terminal.exit_status() == 0
    assert not terminal.modes() & MOUSE


async def test_wherever_the_line_is_cut_the_screen_goes_and_another_one_shows_how_things_stand(
    tmp_path: Path, serve_sandbox: Callable[..., ServedSandbox], open_terminal: Callable[..., Terminal]
) -> None:
    (tmp_path / "faults.json").write_text(json.dumps(SLOW_ANSWERS))
    account = Account(serve_sandbox("--latency-ms", "200", "--faults", str(tmp_path / "faults.json")), tmp_path)
    guest = Account(account.sandbox, tmp_path, "guest")

    def start(which: Account) -> Terminal:
        return open_terminal(which.command, columns=80, rows=24)

    code, loading, field, summary = start(guest), start(account), start(account), start(account)
    await account.sign_in()
    loading.wait_for("night", "New export", "Signed in")
    loading.type("n")
    loading.wait_for("Asking Telegram for your chats.")
    await account.export("short")
    field.wait_for("short", "New export")
    field.type("e")
    field.wait_for("Estimate")
    field.type("\rmy notes")
    field.wait_for("my notes")
    summary.wait_for("short", "New export")
    summary.type("a")
    summary.wait_for("Summary", "Complete.")
    code.wait_for("Sign in to Telegram")
    code.type(f"i{guest.sandbox.phone}\r")
    code.wait_for("Enter the login code")
    code.type("12")
    code.wait_for("Login code         12")
    hang_up({"loading": loading, "field": field, "summary": summary, "code": code})

    assert (await guest.state()).account.phase is p.AccountPhase.CODE_SENT
    assert (await account.run()).outcome is Outcome.COMPLETE
    code, chats, summary = start(guest), start(account), start(account)
    chats.wait_for("short", "New export")
    chats.type("n")
    chats.wait_for("Chats", "Python Lounge")
    summary.wait_for("short", "New export")
    summary.type("a")
    summary.wait_for("Summary", "Complete.")
    code.wait_for("Sign in to Telegram")
    code.type("i")
    code.wait_for("Enter the login code")

    await account.start("night")
    deaf = ["sh", "-c", "trap '' HUP; " + shlex.join(account.command) + "; sleep 60"]  # what it starts is not told
    dashboards = {
        "confirm": (summary, "s", "Stop this export?"),
        "palette": (chats, "\x10", "Search for commands"),
        "help": (start(account), "?", "Keys: Dashboard"),
        "filter": (start(account), "/wor", "Filter"),
        "nothing": (open_terminal(deaf), "", "Workers"),
    }
    for terminal, _, _ in dashboards.values():
        terminal.type("h")
        terminal.wait_for("Watch the run")
        terminal.type("a")
    for terminal, keys, shown in dashboards.values():
        terminal.wait_for("Workers")
        terminal.type(keys)
        terminal.wait_for(shown)
    code.type(f"{guest.sandbox.code}\r")
    code.wait_for("One moment.")
    cut = {name: terminal for name, (terminal, _, _) in dashboards.items()}
    hang_up({**cut, "code on its way": code, "starting": start(account)})

    assert (await account.run()).phase is RunPhase.RUNNING
    again, password = start(account), start(guest)
    again.wait_for("Watch the run")
    again.type("a")
    again.wait_for("RUN", "Workers")
    password.wait_for("Sign in to Telegram")
    password.type("i")
    password.wait_for("two-step verification password")  # the code was good, though nobody was there to be told
