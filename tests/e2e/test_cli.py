"""The command line as a person or a script meets it: a process, its output, its exit status. Never a traceback."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tobs_tui.cli.commands import tobs
from tobs_tui.config.profiles import RESERVED_NAMES
from tobs_tui.ui.keys import ACTIONS

TOBS = [sys.executable, "-m", "tobs_tui"]


def run(
    *arguments: str, python: tuple[str, ...] = (), cwd: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run `tobs` with no terminal anywhere."""
    command = [sys.executable, *python, *TOBS[1:], *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
        cwd=cwd,
        env=os.environ | environ,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def profile(home: Path, text: str, name: str = "night") -> None:
    folder = home / "config" / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["--version"], ["sandbox", "serve", "--help"], ["config", "--help"]]
)
def test_help_imports_nothing_heavy(home: Path, arguments: list[str]) -> None:
    done = run(*arguments, python=("-X", "importtime"))
    assert done.returncode == 0
    assert done.stdout
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"textual", "telethon", "rich", "msgspec", "psutil", "loguru", "asyncio", "uvloop"}


def test_headless_runs_never_import_textual_and_clients_never_telethon(home: Path) -> None:
    script = "import sys, tobs_tui.cli.export, tobs_tui.headless.watch, tobs_tui.headless.live; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"textual", "telethon"} & set(done.stdout.split())


def test_commands_are_names_that_no_profile_may_have() -> None:
    assert set(tobs.commands) == RESERVED_NAMES


def test_a_profile_that_is_not_there_lists_those_that_are(home: Path) -> None:
    profile(home, "", "night")
    profile(home, "", "day")
    for arguments in (["nigth"], ["--headless", "nigth"], ["nigth", "--headless"], ["config", "show", "nigth"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "There is no profile named “nigth”; did you mean night?" in done.stderr
        assert "Saved profiles: day, night." in done.stderr


def test_a_typo_in_a_profile_names_file_line_and_key(home: Path) -> None:
    profile(home, "[performance]\npreset = 'balanced'\nhistroy_workers = 3\n")
    done = run("--headless", "night")
    assert done.returncode == 2
    assert "night.toml:3: performance.histroy_workers: unknown key; did you mean history_workers?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--bogus"], "No such option"),
        (["--headless"], "Say what to export"),
        (["--headless", "--chat", " "], "--chat needs an id"),
        (["--headless", "--all-chats", "--output", ""], "--output needs a folder"),
        (["--headless", "--all-chats", "--output", "~nobody-has-this-name/v"], "no such home directory"),
        (["verify", "~nobody-has-this-name/v"], "no such home directory"),
        (["profiles", "import", "~nobody-has-this-name/p.toml"], "no such home directory"),
        (["transcribe", "--model", "~nobody-has-this-name/m"], "no such home directory"),
        (["--headless", "doctor"], "--headless is for runs"),
        (["--all-chats", "profiles"], "--all-chats is for runs"),
        (["--headless", "--chat", "name\udcff"], "is not UTF-8 text"),
        (["--plan"], "Say what to export"),
        (["--plan", "doctor", "--demo"], "--plan is for runs"),
        (["--sender", "@zoe", "profiles"], "--sender is for runs"),
        (["--headless", "--all-chats", "--last", "-1"], "-1 is not in the range x>=1"),
        (["--headless", "--all-chats", "--from-id", "first"], "is not a valid integer"),
        (["--headless", "--all-chats", "--since", "soon"], "filters.since: is not a date"),
        (["--headless", "--all-chats", "--sender", " "], "--sender is empty"),
        (["--headless", "--all-chats", "--text", "/(/"], "filters.text: /(/ is not a regular expression"),
        (["one", "two"], "One profile at a time"),
        (["--chat", "a", "--all-chats"], "leave out --chat"),
        (["--demo", "--server", "x.toml"], "leave out --server"),
        (["--headless", "--all-chats", "--server", "none.toml"], "There is no server file none.toml"),
        (["sandbox", "serve", "--port", "99999"], "99999 is not in the range"),
        (["sandbox", "dance"], "No such command"),
        (["sandbox", "manifest", "--messages", "5"], "add --world bench"),
        (["sandbox", "serve", "--faults", "none.json"], "none.json cannot be used: No such file"),
        (["profiles", "show", "x"], "There is no profile named"),
        (["profiles", "delete", "../x"], "profile"),
        (["passphrase", "set", "--keyring", "--new-passphrase-file", "x"], "leave out --new-passphrase-file"),
        (["--headless", "--all-chats", "--passphrase-file", "none"], "none cannot be read: No such file"),
    ],
)
def test_wrong_use_is_a_sentence_and_status_2(home: Path, tmp_path: Path, arguments: list[str], told: str) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_a_profile_without_chats_is_not_called_complete(home: Path) -> None:
    profile(home, "[layout]\nsplit = 'day'\n")
    for arguments in (["--headless", "night"], ["night"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "The profile night has no chats to export." in done.stderr
        assert "--all-chats" in done.stderr


def test_a_current_directory_that_is_gone_is_told(home: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [sys.executable, *TOBS[1:], "config", "show"]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command, cwd=gone, preexec_fn=gone.rmdir, capture_output=True, text=True, env=environ, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("tobs: The current directory is not there any more.\n")


@pytest.mark.parametrize("descriptors", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams_change_nothing(home: Path, descriptors: tuple[int, ...]) -> None:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    command = [sys.executable, *TOBS[1:], "--headless", "nope"]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=close, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("" if 2 in descriptors else "tobs: There is no profile named “nope”")


@pytest.mark.parametrize("arguments", [["config", "show"], ["--help"], ["--json", "nope"], ["sandbox", "manifest"]])
def test_output_that_cannot_be_written_is_told(home: Path, tmp_path: Path, arguments: list[str]) -> None:
    with (tmp_path / "out").open("w") as full:
        done = subprocess.run(
            [sys.executable, *TOBS[1:], *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "tobs: Standard output cannot be written: File too large."
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_locale_can_show_any_text(home: Path, encoding: str) -> None:
    done = run("profiles", "show", "健二", PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    assert "There is no profile named" in done.stderr
    told = subprocess.run(
        [sys.executable, *TOBS[1:], "--json", "健二"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        check=False,
    )
    assert "健二" in json.loads(told.stdout.decode("utf-8"))["message"]


def test_an_early_ctrl_c_ends_json_as_it_should(home: Path) -> None:
    done = run(python=("-c", _INTERRUPTED))
    assert done.returncode == 5
    assert json.loads(done.stdout)["outcome"] == "interrupted"


@pytest.mark.parametrize("arguments", [["--json", "--headless", "nope"], ["--json"], ["--json", "--bogus"]])
def test_json_output_ends_with_run_finished_also_when_nothing_could_begin(home: Path, arguments: list[str]) -> None:
    done = run(*arguments)
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["event"], last["outcome"], last["exit_status"]) == ("run_finished", "failed", 2)
    assert last["message"]
    assert done.returncode == 2


def test_without_a_terminal_the_way_without_one_is_told(home: Path) -> None:
    done = run()
    assert done.returncode == 2
    assert "no terminal" in done.stderr
    assert "--headless" in done.stderr


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_can_show_no_screen_is_refused(home: Path, term: str) -> None:
    import pexpect

    child = pexpect.spawn(sys.executable, TOBS[1:], env=os.environ | {"TERM": term}, encoding="utf-8", timeout=60)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2
    assert "cannot show a full screen" in child.before
    assert "--headless" in child.before


def test_config_show_tells_where_each_value_came_from(home: Path, tmp_path: Path) -> None:
    profile(home, '[layout]\nsplit = "day"\n[performance]\nhistory_workers = 7\n')
    (home / "config" / "settings.toml").write_text("low_bandwidth = true\n")
    (tmp_path / ".env").write_text("TOBS_MEDIA_MAX_SIZE_MB=9\n")
    done = run("--output", "here", "config", "show", "night", cwd=tmp_path, TOBS_THEME="nord", TOBS_TEHME="x")
    assert done.returncode == 0
    shown = {line.split(" = ")[0].strip(): line.split(" = ")[1] for line in done.stdout.splitlines() if " = " in line}
    assert shown["layout.split"] == '"day"  [profile: night.toml]'
    assert shown["performance.history_workers"] == "7  [profile: night.toml]"
    assert "[auto-tuning" in shown["performance.queue_mb"]
    assert shown["low_bandwidth"] == "true  [settings file: settings.toml]"
    assert shown["theme"] == '"nord"  [environment: TOBS_THEME]'
    assert shown["media.max_size_mb"] == f"9  [environment: TOBS_MEDIA_MAX_SIZE_MB in {tmp_path / '.env'}]"
    assert shown["output"] == f'"{tmp_path / "here"}"  [flag]'
    assert "did you mean TOBS_THEME?" in done.stderr


def test_profiles_are_listed_shown_and_deleted(home: Path) -> None:
    profile(home, 'output = "/srv/vault"\n')
    profile(home, "oops = 1\n", "bad")
    profile(home, "", "doctor")
    listed = run("profiles")
    assert listed.returncode == 2
    assert listed.stdout.splitlines()[0::2] == ["bad  bad.toml:1: oops: unknown key", "night"]
    assert listed.stdout.splitlines()[1].startswith("doctor  “doctor” is a command of tobs")
    assert 'output = "/srv/vault"' in run("profiles", "show", "night").stdout
    assert run("profiles", "delete", "night").returncode == 0
    assert run("--demo", "profiles").stdout.startswith("No profile is saved yet")
    assert not (home / "config" / "profiles" / "night.toml").exists()


def test_each_account_has_profiles_of_its_own(home: Path) -> None:
    profile(home, "")
    assert run("profiles").stdout.startswith("night")
    assert run("--account", "work", "profiles").stdout.startswith("No profile is saved yet")
    assert run("profiles", "--account", "main").stdout.startswith("night")
    refused = run("--account", "../work", "profiles")
    assert (refused.returncode, "letters a to z" in refused.stderr) == (2, True)


def test_every_variable_is_documented(home: Path) -> None:
    told = run("config", "variables").stdout
    for name in ("TOBS_HOME", "TOBS_API_ID", "TOBS_API_HASH", "TOBS_PERFORMANCE_HISTORY_WORKERS", "TOBS_OUTPUT"):
        assert name in told


def test_doctor_finds_nothing_in_the_way_of_a_fresh_home(home: Path) -> None:
    done = run("doctor")
    assert done.returncode == 0, done.stdout
    for subject in (
        "python",
        "packages",
        "terminal",
        "locale",
        "paths",
        "vault",
        "ffmpeg",
        "gpu",
        "account",
        "service",
    ):
        assert f"  {subject} " in done.stdout
    assert done.stdout.endswith("Nothing is in the way.\n")


def test_doctor_sees_what_is_in_the_way(home: Path) -> None:
    profile(home, "oops = 1\n", "bad")
    (home / "config" / "credentials.toml").write_text("api_id = 1\napi_hash = 'x'\n")
    (home / "config" / "credentials.toml").chmod(0o644)
    done = run("doctor")
    assert done.returncode == 1
    assert "bad.toml:1: oops: unknown key" in done.stdout
    assert "others may read" in done.stdout


def test_a_headless_run_of_nobody_says_how_to_sign_in(home: Path) -> None:
    done = run("--headless", "--all-chats", "--json")
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 4
    assert (last["outcome"], last["code"]) == ("signed_out", "api_credentials_invalid")
    assert "my.telegram.org" in last["message"]


def test_the_unexpected_is_one_sentence_and_a_log(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    done = run("config", "show", python=("-c", _BROKEN))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    log = home / "state" / "log" / "client.jsonl"
    assert str(log) in done.stderr
    assert "ZeroDivisionError" in log.read_text()


_INTERRUPTED = """
import sys
import tobs_tui.cli.export as export
from tobs_tui.cli import main
def interrupted(*_):
    raise KeyboardInterrupt
export.export_headless = interrupted
sys.exit(main(["--json", "night"]))
"""
_BROKEN = """
import sys
import tobs_tui.cli.show as show
from tobs_tui.cli import main
show.show_config = lambda *_: 1 / 0
sys.exit(main(["config", "show"]))
"""


def test_config_keys_prints_lines_that_can_be_put_back_and_changed(home: Path) -> None:
    settings = home / "config" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('key_style = "arrows"\n\n[keymap]\nrun.pause = "f5,p"\n')
    done = run("config", "keys")
    assert done.returncode == 0, done.stderr
    assert f"below [keymap] in {settings}" in done.stdout
    lines = {line.partition(" ")[0]: line for line in done.stdout.splitlines() if not line.startswith(("#", "["))}
    assert set(lines) == {action.id for action in ACTIONS}, "every action is there, once"
    assert '= "f5,p" ' in lines["run.pause"]
    assert "# settings: Pause or resume the job" in lines["run.pause"]
    assert '= "down" ' in lines["list.down"]
    assert "# style: " in lines["list.down"]
    assert "# shipped: " in lines["run.stop"]

    settings.write_text('key_style = "arrows"\n\n' + done.stdout.replace('run.stop = "s"', 'run.stop = "f8"'))
    again = run("config", "keys")
    assert (again.returncode, again.stderr) == (0, ""), "what it prints can be put into the file as it is"
    assert 'run.stop = "f8"' in again.stdout


def test_config_keys_names_what_is_wrong_in_the_file_and_where(home: Path) -> None:
    settings = home / "config" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('[keymap]\nrun.pouse = "f5"\nrun.stop = "ctrl+m"\n')
    done = run("config", "keys")
    assert done.returncode == 2
    assert "settings.toml:2" in done.stderr
    assert "run.pause" in done.stderr, "the action that was meant"
    assert "settings.toml:3" in done.stderr
    assert 'run.stop = "s"' in done.stdout, "the shipped key holds"
