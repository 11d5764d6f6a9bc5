"""Headless runs, as cron and scripts start them: exit statuses, JSON lines, and vaults that are what was there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.compare_vault import differences
from tests.e2e.serving import sign_in
from tests.e2e.terminal import Terminal
from tests.json_lines import judged
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service import protocol as p
from tobs_tui.service.launch import attach

TOBS = [str(Path(sys.executable).with_name("tobs"))]
FEW = {-1001600000001, -1001650000002, -1001680000001, 5001000}
"""A forum, a supergroup, a chat of all sorts of messages and a person: a quarter of the demo."""
HOSTILE = (5009013, -1001690000001)
"""A person whose name holds terminal escapes, markup and a turn of direction; a title that no path may take as is."""
SOME_CHATS = [word for chat in sorted(FEW) for word in ("--chat", str(chat))]


def tobs(*arguments: str, timeout: float = 150) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*TOBS, *arguments], check=False, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The demo world's ground truth."""
    result = tobs("sandbox", "manifest")
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def snapshot_of(vault: Path) -> dict[str, bytes]:
    """Every note of a vault with its bytes."""
    return {
        str(path.relative_to(vault)): path.read_bytes() for path in vault.rglob("*.md") if ".tobs" not in path.parts
    }


def test_a_whole_account_is_exported_complete_and_a_rerun_adds_nothing(
    home: Path, tmp_path: Path, manifest: dict[str, Any]
) -> None:
    vault = tmp_path / "vault"
    command = ["--demo", "--headless", "--all-chats", "--output", str(vault), "--json"]
    first = tobs(*command)
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr
    lines = judged(first.stdout)
    assert lines[-1]["event"] == "run_finished"
    assert lines[-1]["outcome"] == "complete"
    assert {"run_started", "progress", "phase_changed", "chat_finished"} < {line["event"] for line in lines}
    assert differences(vault, manifest) == []

    before = snapshot_of(vault)
    second = tobs(*command)
    assert second.returncode == 0, second.stderr
    assert differences(vault, manifest) == []
    notes = {name: text for name, text in before.items() if not name.endswith("index.md")}
    after = {name: text for name, text in snapshot_of(vault).items() if not name.endswith("index.md")}
    assert after == notes


def test_a_refresh_says_what_it_looked_at_and_changes_nothing_where_nothing_changed(home: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    command = ["--demo", "--headless", "--chat", "-1001500000001", "--output", str(vault), "--json"]
    assert tobs(*command).returncode == 0
    before = snapshot_of(vault)
    result = tobs(*command, "--refresh-window", "50")
    assert result.returncode == 0, result.stderr
    last = judged(result.stdout)[-1]
    assert last["totals"]["reread"] >= 50
    assert "again: 0 edited, 0 deleted, 0 with other reactions" in last["message"]
    assert snapshot_of(vault) == before
    assert tobs(*command, "--refresh-window", "a week").returncode == 2
    assert tobs("--refresh").returncode == 2


@pytest.mark.parametrize("moment", ["phase_changed", "chat_finished"])
def test_a_worker_killed_in_the_middle_ends_in_the_same_bytes(
    home: Path, tmp_path: Path, manifest: dict[str, Any], moment: str
) -> None:
    vault = tmp_path / "vault"
    command = [*TOBS, "--demo", "--headless", *SOME_CHATS, "--output", str(vault), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = judged(process.stdout.readline())
        assert lines[0]["event"] == "run_started"
        while lines[-1]["event"] != moment:
            lines += judged(process.stdout.readline())
        _kill_service(home)
        lines += judged(process.communicate(timeout=120)[0])
        assert process.returncode == 5
        assert (lines[-1]["event"], lines[-1]["outcome"]) == ("run_finished", "interrupted")
    again = tobs(*command[1:])
    assert again.returncode == 0, again.stdout[-2000:] + again.stderr
    assert differences(vault, manifest, chats=FEW) == []


def _kill_service(home: Path) -> None:
    """SIGKILL the worker and all its processes, as a power cut would."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "service" in line and "--demo" in line and process.environ().get("TOBS_HOME") == str(home):
            family = [process, *process.children(recursive=True)]
            for member in family:
                os.kill(member.pid, signal.SIGKILL)
            psutil.wait_procs(family, 10)
            return
    raise AssertionError("the service was not found, or ended before its time")


def test_ctrl_c_leaves_a_resumable_run(home: Path, tmp_path: Path, manifest: dict[str, Any]) -> None:
    vault = tmp_path / "vault"
    command = [*TOBS, "--demo", "--headless", *SOME_CHATS, "--output", str(vault), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 5, output + errors
    assert judged(output)[-1]["outcome"] == "interrupted"
    again = tobs(*command[1:])
    assert again.returncode == 0, again.stderr
    assert differences(vault, manifest, chats=FEW) == []


def test_chats_are_named_by_id_username_link_or_title(home: Path, tmp_path: Path, manifest: dict[str, Any]) -> None:
    chat = next(chat for chat in manifest["chats"] if chat["type"] == "private" and len(chat["message_ids"]) > 10)
    vault = tmp_path / "by-id"
    result = tobs("--demo", "--headless", "--chat", str(chat["id"]), "--output", str(vault), "--json")
    assert result.returncode == 0, result.stdout[-1000:] + result.stderr
    assert differences(vault, manifest, chats={chat["id"]}) == []

    titles = [other["title"] for other in manifest["chats"]]
    supergroup = next(c for c in manifest["chats"] if c["type"] == "supergroup" and titles.count(c["title"]) == 1)
    vault = tmp_path / "by-title"
    result = tobs("--demo", "--headless", "--chat", supergroup["title"], "--output", str(vault), "--json")
    assert result.returncode == 0, result.stdout[-1000:] + result.stderr
    ids = {supergroup["id"]} | {c["id"] for c in manifest["chats"] if c["type"] == "group"}
    assert [line for line in differences(vault, manifest, chats=ids) if str(supergroup["id"]) in line] == []


def test_mistakes_get_a_sentence_a_way_on_and_their_status(home: Path, tmp_path: Path) -> None:
    unknown = tobs("--demo", "--headless", "--chat", "@nobody_has_this_name", "--output", str(tmp_path / "v"), "--json")
    last = judged(unknown.stdout)[-1]
    assert last["event"] == "run_finished"
    assert unknown.returncode != 0
    assert "nobody_has_this_name" in unknown.stdout + unknown.stderr

    no_profile = tobs("--demo", "--headless", "no-such-profile")
    assert no_profile.returncode == 2
    assert "no-such-profile" in no_profile.stderr

    nowhere = tobs("--demo", "--headless", "--all-chats", "--output", "/proc/nowhere", "--json")
    assert nowhere.returncode not in (0, 5)
    assert judged(nowhere.stdout)[-1]["outcome"] == "failed"

    no_terminal = tobs("--demo")
    assert no_terminal.returncode == 2
    assert "--headless" in no_terminal.stderr

    for result in (unknown, no_profile, nowhere, no_terminal):
        assert "Traceback" not in result.stdout + result.stderr


def test_nobody_signed_in_is_told_with_status_4(home: Path, tmp_path: Path, serve_sandbox: Any) -> None:
    server = serve_sandbox()
    result = tobs("--server", str(server.toml), "--headless", "--all-chats", "--output", str(tmp_path / "v"), "--json")
    assert result.returncode == 4, result.stdout + result.stderr
    assert judged(result.stdout)[-1]["outcome"] == "signed_out"


def test_an_unreachable_server_is_told(home: Path, tmp_path: Path, serve_sandbox: Any) -> None:
    server = serve_sandbox()
    server.stop()
    result = tobs("--server", str(server.toml), "--headless", "--all-chats", "--output", str(tmp_path / "v"))
    assert result.returncode not in (0, 2)
    assert "cannot be reached" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_a_corrected_server_file_counts_at_once(home: Path, tmp_path: Path, serve_sandbox: Any) -> None:
    server = serve_sandbox()
    right = server.toml.read_text()
    command = ["--server", str(server.toml), "--headless", "--all-chats", "--output", str(tmp_path / "v")]
    server.toml.write_text(right.replace(f"port = {server.port}", "port = 1"))
    assert "cannot be reached" in tobs(*command).stdout
    server.toml.write_text(right)
    assert tobs(*command).returncode == 4  # reached, and nobody is signed in


def test_a_taken_port_is_told(home: Path, serve_sandbox: Any) -> None:
    server = serve_sandbox()
    result = tobs("sandbox", "serve", "--port", str(server.port))
    assert result.returncode == 2
    assert str(server.port) in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_a_long_wait_ends_an_unattended_run_with_status_6_and_the_next_one_completes(
    home: Path, tmp_path: Path, serve_sandbox: Any, manifest: dict[str, Any]
) -> None:
    vault = tmp_path / "v"
    server = serve_sandbox("--takeout-delay", "3600")
    asyncio.run(sign_in(Paths.resolve(server=load_server(server.toml)), server))
    command = ["--server", str(server.toml), "--headless", *SOME_CHATS, "--output", str(vault), "--json"]
    waiting = tobs(*command)
    assert waiting.returncode == 6, waiting.stdout[-1000:] + waiting.stderr
    told = judged(waiting.stdout)
    last = told[-1]
    assert (last["event"], last["outcome"]) == ("run_finished", "waiting")
    assert "3600 s" in last["message"]
    assert "--no-takeout" in last["message"]
    (delayed,) = [line for line in told if line["event"] == "takeout_delayed"]
    assert 3500 < delayed["until"] - delayed["at"] <= 3600
    assert delayed["ways"] == ["approve", "--no-takeout"]

    # Without a takeout there is nothing to wait for: the second of the two ways on.
    result = tobs(*command[:-1], "--no-takeout")
    assert result.returncode == 0, result.stdout[-1000:] + result.stderr
    assert differences(vault, manifest, chats=FEW) == []


def test_a_used_up_code_of_an_interrupted_sign_in_does_not_keep_the_demo_signed_out(home: Path, tmp_path: Path) -> None:
    asyncio.run(_use_up_the_code(Paths.resolve(demo=True)))
    result = tobs("--demo", "--headless", "--chat", "5001000", "--output", str(tmp_path / "vault"), "--json")
    assert result.returncode == 0, result.stdout[-1000:] + result.stderr


async def _use_up_the_code(paths: Paths) -> None:
    """Leave the demo where a code was sent that is good for nothing any more."""
    client = await attach(paths, demo=True)
    events = client.events()
    account = client.snapshot.account
    while account.phase is not p.AccountPhase.SIGNED_OUT:
        event = await anext(events)
        account = event.account if isinstance(event, p.AccountChanged) else account
    await client.call(p.SendCode(account.demo_phone))
    used_up = False
    while not used_up:
        try:
            await client.call(p.SubmitCode("00000"))
        except TobsError as error:
            used_up = error.code is ErrorCode.CODE_EXPIRED
    await client.close()


def test_ctrl_c_on_a_terminal_leaves_a_clean_screen_and_says_how_it_ended(demo_paths: Paths, tmp_path: Path) -> None:
    command = [*TOBS, "--demo", "--headless", "--all-chats", "--output", str(tmp_path / "vault")]
    terminal = Terminal(command, columns=80, rows=24, environment={"NO_COLOR": "1"})
    try:
        terminal.wait_for("RUNNING", "[bold]A | very")
        terminal.press("ctrl+c")
        assert terminal.exit_status(60) == 5
        text = terminal.text()
    finally:
        terminal.close()
    assert "Stopping: what is fetched is kept." in text
    assert "Interrupted; run it again to go on from here." in text
    assert "━" not in text
    assert "RUNNING" not in text
    assert "^C" not in text
    assert "Traceback" not in text
    assert b"\x1b[38" not in terminal.sent
    assert b"\x1b[32m" not in terminal.sent
    assert terminal.sent.rfind(b"\x1b[?25h") > terminal.sent.rfind(b"\x1b[?25l")


def test_hostile_names_reach_a_real_terminal_as_text(demo_paths: Paths, tmp_path: Path) -> None:
    chats = [word for chat in HOSTILE for word in ("--chat", str(chat))]
    command = [*TOBS, "--demo", "--headless", *chats, "--output", str(tmp_path / "vault")]
    terminal = Terminal(command, columns=150, rows=36)
    try:
        assert terminal.exit_status(90) == 0
        shown = terminal.text()
    finally:
        terminal.close()
    sent = bytes(terminal.sent).decode()
    assert "Mallory" in sent and "[bold red]</b>" in sent and "[bold]A | very" in sent, "they were shown: " + shown
    own = re.sub(r"\x1b\[\??[0-9;]*[A-Za-z]", "", sent)
    assert not [char for char in own if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in "\r\n"]
    assert "\x1b[31mMallory" not in sent


def test_a_poor_terminal_gets_plain_lines_and_sigterm_stops_the_run(demo_paths: Paths, tmp_path: Path) -> None:
    command = [*TOBS, "--demo", "--headless", "--all-chats", "--output", str(tmp_path / "vault")]
    terminal = Terminal(command, columns=80, rows=24, environment={"TERM": "dumb"})
    try:
        terminal.wait_for("Exporting.")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.exit_status(60) == 5
        assert "Interrupted; run it again to go on from here." in terminal.text()
    finally:
        terminal.close()
    assert b"\x1b" not in terminal.sent
