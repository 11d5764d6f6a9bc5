"""How quick and calm the screens are, through a real pseudo-terminal: ``python -m tests.benchmarks.ui [--rows A,B]``.

posting and harlequin are installed beside the program, below build/, and started in turn with it. Prints a table with
goals, and writes ``build/bench-ui.json``; exit status 1 when a figure misses its goal. Wall times on a machine that
does other things say little: ratios and CPU figures do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import psutil
from rich.console import Console

from tests.benchmarks.exports import TOBS, place
from tests.benchmarks.meter import pss_mib
from tests.benchmarks.rows import Row, Verdict, judged, show
from tests.e2e import scripted
from tests.e2e.scripted import many_topics
from tests.e2e.signing import sign_in_account
from tests.e2e.terminal import ScreenTimeout, Terminal
from tobs_tui.config.paths import Paths
from tobs_tui.model.display import count
from tobs_tui.model.errors import TobsError
from tobs_tui.service.launch import attach
from tobs_tui.service.protocol import Shutdown
from tobs_tui.ui.fuzzy import matches
from tobs_tui.ui.target_list import TargetList

BUILD = Path(__file__).parents[2] / "build"
PEERS = ("posting", "harlequin")
TRIVIAL = """
from textual.app import App
from textual.widgets import Static
class Trivial(App):
    def compose(self):
        yield Static("first painted text")
Trivial().run()
"""
MESSAGES = 6_000_000
MENU = "your exports"
"""What the menu of the home screen says first, without a service."""
PRESSES = 100
_CURSOR = "48;2;[0-9;]*m[^\x1b]*Benchmark Hall"  # a background before the name: the row that the cursor is on
PRESSED = (
    ("the cursor moves", ("j", f"{_CURSOR} 2 "), ("k", f"{_CURSOR} 1 ")),
    ("the filter opens", ("/", "Enter keeps it"), ("esc", "")),
    ("the help opens", ("?", "Keys: Dashboard"), ("esc", "")),
)
"""What happens, and two keys in turns, each with the pattern of its answer. Escape has none, and is not counted: a
terminal's reader waits a while after it for the rest of a longer sequence."""
WATCHED_S = 10.0
MANY = 50_000
TYPED = ("rust", "night 41", "ada", "почт", "zq")


def _peer(name: str) -> Path | None:
    """The command of another program, installed where it is not yet; None when it cannot be."""
    folder = BUILD / "peers" / name
    command = folder / "bin" / name
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    try:
        if not command.exists():
            subprocess.run([uv, "venv", "--quiet", "--clear", str(folder)], check=True)
            python = str(folder / "bin" / "python")
            subprocess.run([uv, "pip", "install", "--quiet", "--python", python, name], check=True, timeout=300)
    except (OSError, subprocess.SubprocessError):
        return None
    return command if command.exists() else None


def _first_paint(command: Sequence[str], home: Path, menu: str) -> tuple[float, float]:
    """Seconds from the start of a program to text on its screen, and to `menu`."""
    began = time.monotonic()
    terminal = Terminal(command, environment={"TOBS_HOME": str(home), "HOME": str(home)}, cwd=home)
    try:
        terminal.first_text()
        first = time.monotonic() - began
        if menu:
            terminal.wait_for(menu)
        return first, time.monotonic() - began
    finally:
        terminal.close()


def _stop_service(home: Path) -> None:
    """End the service that a start left behind, so that the next one starts its own as well."""

    async def ask(paths: Paths) -> int:
        client = await attach(paths)
        await client.call(Shutdown())
        await client.close()
        return client.snapshot.pid

    paths = Paths.resolve(home=home)
    if paths.socket.exists():
        with contextlib.suppress(TobsError, OSError, psutil.NoSuchProcess):  # it has ended by itself
            psutil.Process(asyncio.run(ask(paths))).wait(20)


def start(rounds: int) -> list[Row]:
    """Start to first painted text, all programs in turn; the medians, and the median of each round's ratio."""
    commands: dict[str, list[str]] = {"tobs": [TOBS], "trivial": [sys.executable, "-c", TRIVIAL]}
    found = {name: _peer(name) for name in PEERS}
    commands |= {name: [str(command)] for name, command in found.items() if command is not None}
    taken: dict[str, list[float]] = {name: [] for name in [*commands, MENU]}
    broken = {name: "it could not be installed" for name, command in found.items() if command is None}
    with tempfile.TemporaryDirectory(prefix="tobs-ui-", ignore_cleanup_errors=True) as folder:
        for number in range(rounds + 1):  # the first fills caches of bytecode, and is not counted
            for name, command in commands.items():
                if name in broken:
                    continue
                try:
                    first, whole = _first_paint(command, Path(folder), MENU if name == "tobs" else "")
                except ScreenTimeout as error:
                    broken[name] = str(error)
                    continue
                finally:
                    _stop_service(Path(folder))
                if number:
                    taken[name].append(first)
                    if name == "tobs":
                        taken[MENU].append(whole)
    ours, menu = statistics.median(taken["tobs"]), statistics.median(taken[MENU])
    told = {name: [round(second, 3) for second in seconds] for name, seconds in taken.items()}
    rows = [Row("start", "tobs: start to first text", f"{ours * 1000:.0f} ms", how=f"median of {rounds}", facts=told)]
    ratio = statistics.median(mine / theirs for mine, theirs in zip(taken[MENU], taken["trivial"], strict=True))
    figure = f"{menu * 1000:.0f} ms, {ratio:.2f} x a trivial Textual app"
    rows.append(Row("start", "tobs: start to the home screen's menu", figure, how=f"median of {rounds}"))
    for name, bound in (("trivial", 1.15), ("posting", 0.5), ("harlequin", 0.5)):
        what = f"the same beside {'a trivial Textual app' if name == 'trivial' else name}"
        if name in broken:
            rows.append(Row("start", what, broken[name], f"<= {bound} x"))
            continue
        ratio = statistics.median(mine / theirs for mine, theirs in zip(taken["tobs"], taken[name], strict=True))
        figure = f"{ratio:.2f} x {statistics.median(taken[name]) * 1000:.0f} ms"
        rows.append(Row("start", what, figure, f"<= {bound} x", judged(ratio <= bound), "median of ratios", told))
    return rows


def help_text(rounds: int) -> list[Row]:
    """`tobs --help`, by the clock and in CPU time."""
    walls, cpus = [], []
    for _ in range(max(3, rounds)):
        began, before = time.monotonic(), os.times()
        subprocess.run([TOBS, "--help"], stdout=subprocess.DEVNULL, check=True)
        walls.append(time.monotonic() - began)
        after = os.times()
        cpus.append(after.children_user + after.children_system - before.children_user - before.children_system)
    wall, cpu = statistics.median(walls) * 1000, statistics.median(cpus) * 1000
    figure = f"{wall:.0f} ms, {cpu:.0f} ms CPU"
    return [Row("help", "tobs --help", figure, "<= 150 ms", judged(wall <= 150), f"median of {len(walls)}")]


def _watched(terminal: Terminal, seconds: float = WATCHED_S) -> tuple[float, float]:
    """Percent of a core that the screen's process takes, and KiB/s that it writes."""
    process = psutil.Process(terminal.pid)
    terminal.lines()
    began, spent, written = time.monotonic(), sum(process.cpu_times()[:2]), len(terminal.sent)
    while time.monotonic() - began < seconds:
        terminal.lines()
        time.sleep(0.05)
    passed = time.monotonic() - began
    cpu = (sum(process.cpu_times()[:2]) - spent) / passed * 100
    return cpu, (len(terminal.sent) - written) / 1024 / passed


def _calm(name: str, what: str, watched: tuple[float, float], cpu_goal: float, bytes_goal: float) -> Row:
    cpu, rate = watched
    good = cpu <= cpu_goal and rate <= bytes_goal
    goal = f"<= {cpu_goal} %, <= {bytes_goal} KiB/s"
    return Row(name, what, f"{cpu:.1f} % of a core, {rate:.1f} KiB/s", goal, judged(good), f"over {WATCHED_S:.0f} s")


def dashboard(_: int) -> list[Row]:
    """The dashboard on an export that runs as fast as it can, at both speeds of painting; keys; memory; idle."""
    rows: list[Row] = []
    with place(MESSAGES, "bench-chats") as here:
        box = here.sandbox
        asyncio.run(sign_in_account(here.paths, box.phone, box.code, box.password, server_file=box.toml))
        profile = here.folder / "flat-out.toml"
        tuned = '[performance]\npreset = "custom"\nhistory_workers = 8\n'
        profile.write_text(f'output = "{here.folder / "vault"}"\n[targets]\nall_chats = true\n{tuned}')
        command = [TOBS, "--server", str(box.toml)]
        terminal = Terminal([*command, str(profile)])
        try:
            terminal.wait_for("RUNNING", "Workers")
            rows.append(_calm("run", "dashboard, 20 chats, 8 workers, flat out", _watched(terminal), 4, 25))
            rows += [_keys(terminal, *press) for press in PRESSED]
            memory = pss_mib(terminal.pid)
            rows.append(Row("memory", "memory of the screen's process (PSS)", f"{memory:.0f} MiB", "<= 60 MB"))
            rows[-1] = msgspec.structs.replace(rows[-1], verdict=judged(memory * 1.048576 <= 60))
        finally:
            terminal.close()
        terminal = Terminal([*command, "--low-bandwidth", str(profile)])
        try:
            terminal.wait_for("RUNNING", "Workers")
            rows.append(_calm("run-low", "the same with --low-bandwidth", _watched(terminal), 4, 12))
        finally:
            terminal.close()
    return rows


def _keys(terminal: Terminal, what: str, *pressed: tuple[str, str]) -> Row:
    """Seconds from each press to the first bytes of its answer."""
    waits: list[float] = []
    shown = ""
    while len(waits) < PRESSES:
        for key, answer in pressed:
            if answer:
                shown = answer
                waits.append(terminal.seconds_to(key, answer))
                time.sleep(0.1)  # a person's pace
            else:
                terminal.press(key)
                terminal.wait_gone(shown)
    busy = "RUNNING" in terminal.text()
    middle, last = statistics.median(waits) * 1000, statistics.quantiles(waits, n=100)[98] * 1000
    figure = f"median {middle:.0f} ms, p99 {last:.0f} ms"
    how = f"{len(waits)} presses" + ("" if busy else "; the export ended meanwhile")
    good = middle <= 30 and last <= 80 and busy
    return Row("keys", f"key to painted answer, flat out: {what}", figure, "<= 30 ms, <= 80 ms", judged(good), how)


def idle(_: int) -> list[Row]:
    """The home screen with nobody there."""
    with tempfile.TemporaryDirectory(prefix="tobs-ui-", ignore_cleanup_errors=True) as folder:
        terminal = Terminal([TOBS], environment={"TOBS_HOME": folder})
        try:
            terminal.wait_for("Sign in to Telegram")
            time.sleep(2)
            return [_calm("idle", "idle screen", _watched(terminal), 0.5, 0)]
        finally:
            terminal.close()
            _stop_service(Path(folder))


def dialogs(rounds: int) -> list[Row]:
    """Lists of 50,000 chats and topics, on a service whose answer is there at once: from the key to the first row, and
    from a letter typed to the list that it leaves. The service's own time, and its line, are not in it."""
    chats, topics = TargetList(), many_topics(MANY)
    chats.load(scripted.dialogs(MANY // 12 + 1)[:MANY])
    names = [topic.title.casefold() for topic in topics]

    def chats_left(query: str) -> str:
        chats.query = query
        chats.apply()
        return f"{count(len(chats.visible))} of {count(MANY)}"

    def topics_left(query: str) -> str:
        return f"{count(len(matches(query, names)))} of {count(MANY)}"

    with tempfile.TemporaryDirectory(prefix="tobs-ui-", ignore_cleanup_errors=True) as folder:
        terminal = Terminal([sys.executable, "-m", "tests.e2e.scripted_main", folder, "{}", str(MANY)])
        try:
            terminal.wait_for("New export")
            ready = _ready(terminal, "n", "Saved Messages", "Last runs", 3 * rounds)  # what is on the home screen alone
            terminal.press("n")
            terminal.wait_for("Saved Messages")
            typed = _typed(terminal, chats_left, rounds)
            terminal.press("down")
            terminal.wait_for("t Topics")
            opened = _ready(terminal, "t", "BotFather 7", "t Topics", 3 * rounds)
            terminal.press("t")
            terminal.wait_for("BotFather 7")
            named = _typed(terminal, topics_left, rounds)
        finally:
            terminal.close()
    return [
        _waits("50,000 chats: key to first row", ready, 200),
        _waits("50,000 chats: letter to filtered list", typed, 50),
        _waits("50,000 topics: key to first row", opened, 200),
        _waits("50,000 topics: letter to filtered list", named, 50),
    ]


def _ready(terminal: Terminal, key: str, row: str, before: str, times: int) -> list[float]:
    """Seconds from a key to a row of the list that it opens; the list is left again each time."""
    waits = []
    for _ in range(times):
        waits.append(terminal.seconds_to(key, row))
        time.sleep(0.3)  # whatever is done once the first row is there
        terminal.press("esc")
        terminal.wait_for(before)
    return waits


def _typed(terminal: Terminal, left: Callable[[str], str], rounds: int) -> list[float]:
    """Seconds from each letter of some words to the number of rows that it leaves."""
    waits = []
    terminal.press("/")
    terminal.wait_for("type to filter")
    for word in TYPED * rounds:
        for end in range(1, len(word) + 1):
            if left(word[:end]) != left(word[: end - 1]):  # else nothing shows that it is done
                waits.append(terminal.seconds_to(word[end - 1], left(word[:end])))
            else:
                terminal.press(word[end - 1])
            time.sleep(0.05)
        terminal.press("ctrl+u")
        terminal.wait_for("type to filter")
    terminal.press("esc")
    return waits


def _waits(what: str, waits: list[float], goal: int) -> Row:
    least, middle, most = (round(each(waits) * 1000) for each in (min, statistics.median, max))
    figure = f"min {least} ms, median {middle} ms, max {most} ms"
    return Row("dialogs", what, figure, f"median <= {goal} ms", judged(middle <= goal), f"{len(waits)} times")


ROWS: dict[str, Callable[[int], list[Row]]] = {
    "start": start,
    "help": help_text,
    "idle": idle,
    "dashboard": dashboard,
    "dialogs": dialogs,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", default="", help=f"of {', '.join(ROWS)}")
    wanted = parser.parse_args(arguments)
    names = [name for name in wanted.rows.split(",") if name] or list(ROWS)
    if unknown := [name for name in names if name not in ROWS]:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    rows: list[Row] = []
    for name in names:
        try:
            rows += ROWS[name](wanted.rounds)
        except Exception as error:  # noqa: BLE001  # one row that fails must not cost the others
            traceback.print_exc()
            rows.append(Row(name, name, f"{type(error).__name__}: {error}"[:200], verdict=Verdict.MISSED))
    show(rows, Console(width=None if sys.stdout.isatty() else 160))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench-ui.json").write_text(json.dumps(msgspec.to_builtins(rows), indent=1) + "\n")
    return 1 if any(row.verdict is Verdict.MISSED for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
