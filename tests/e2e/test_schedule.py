"""Profiles that run by themselves: `tobs schedule` with a systemctl that writes down what it is asked, and without."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.test_cli import profile as write_profile
from tests.e2e.test_cli import run
from tobs_tui.cli import main
from tobs_tui.config.schedule import Job, Rhythm, own_command

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$ASKED"
[ "$2" = "$REFUSED" ] && { echo "Failed to do that: Access denied" >&2; exit 1; }
[ "$2" = show ] && shift 3 && for unit; do
  printf 'Id=%s\\nActiveState=active\\nNextElapseUSecRealtime=Fri 2026-11-27 03:00:00 UTC\\n\\n' "$unit"
done
exit 0
"""


class Machine:
    """A person's folders, and programs that stand in for systemd's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.units = folder / "config" / "systemd" / "user"
        self._asked = folder / "asked"
        (folder / "bin").mkdir()
        for name, script in (("systemctl", SYSTEMCTL), ("loginctl", "#!/bin/sh\necho no\n")):
            (folder / "bin" / name).write_text(script)
            (folder / "bin" / name).chmod(0o700)
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
        monkeypatch.setenv("ASKED", str(self._asked))
        monkeypatch.setenv("REFUSED", "")

    def asked(self) -> list[str]:
        """What systemctl was asked to do since the last time, questions apart."""
        asked = self._asked.read_text().splitlines() if self._asked.exists() else []
        self._asked.unlink(missing_ok=True)
        words = [line.removeprefix("--user ") for line in asked]
        return [line for line in words if not line.startswith("show")]

    def files(self) -> list[str]:
        """The names of the unit files, without what tells this home apart."""
        return sorted(path.name.partition("-home-")[2][9:] for path in self.units.glob("tobs-*"))


@pytest.fixture
def machine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with a systemd of the person's own, and two profiles."""
    write_profile(home, "[targets]\nall_chats = true\n", "night-archive")
    write_profile(home, "[targets]\nall_chats = true\n", "zwölf uhr")
    return Machine(tmp_path, monkeypatch)


def test_a_profile_is_scheduled_listed_moved_and_taken_out_again(machine: Machine, home: Path) -> None:
    done = run("schedule", "night-archive", "--daily", "03:00")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Scheduled: night-archive, daily at 03:00.\nNext: Fri 2026-11-27 03:00:00 UTC\n")
    assert "loginctl enable-linger" in done.stdout
    assert machine.files() == [r"night\x2darchive.service", r"night\x2darchive.timer"]
    (timer,) = machine.units.glob("*.timer")
    assert machine.asked() == ["daemon-reload", f"enable --now {timer.name}"]
    assert "OnCalendar=*-*-* 03:00:00\nPersistent=true\n" in timer.read_text()
    service = timer.with_suffix(".service").read_text()
    assert "/tobs --headless night-archive\n" in service
    assert f"Environment=TOBS_HOME={home}\n" in service
    assert "SuccessExitStatus=5 6\n" in service

    assert run("schedule", "night-archive", "--weekly", "thu,Monday", "4:05").returncode == 0
    assert machine.asked() == ["daemon-reload", f"enable --now {timer.name}", f"restart {timer.name}"]
    assert run("schedule").stdout == "night-archive  Mon,Thu at 04:05  next Fri 2026-11-27 03:00:00 UTC\n"
    assert "tobs schedule night-archive --remove" in run("profiles", "delete", "night-archive").stdout
    assert run("schedule").stdout.endswith("(there is no such profile any more)\n")

    machine.asked()
    assert run("schedule", "night-archive", "--remove").stdout == "Not scheduled any more: night-archive.\n"
    assert machine.asked() == [f"disable --now {timer.name}", "daemon-reload"]
    assert machine.files() == []
    assert run("schedule").stdout.startswith("Nothing is scheduled.")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["plain", "a %h $HOME; x", 'a %h "quoted" $HOME\\x'])
def test_systemd_itself_takes_the_units_whatever_is_in_the_paths(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    program = folder / "tobs"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    command = (str(program), "--server", str(folder / "server.toml"), "--headless", "zwölf uhr")
    for number, rhythm in enumerate((Rhythm.daily("3:00"), Rhythm.weekly("sun", "23:59"), Rhythm.every("30m"))):
        job = Job("zwölf uhr", rhythm, command, (("TOBS_HOME", str(folder)),))
        (tmp_path / f"tobs-{number}.service").write_text(job.service())
        (tmp_path / f"tobs-{number}.timer").write_text(job.timer())
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *map(str, tmp_path.glob("tobs-*.*"))],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_line_for_cron_means_the_same_to_the_shell_once_cron_has_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "a %h 'quoted' $HOME"
    folder.mkdir()
    program = folder / "tobs"
    program.write_text('#!/bin/sh\nprintf "%s|" "$TOBS_HOME" "$@"\n')
    program.chmod(0o700)
    job = Job("zwölf uhr", Rhythm.every("6h"), (str(program), "--headless", "zwölf uhr"), (("TOBS_HOME", str(folder)),))
    line = job.crontab_line(folder / "log")
    assert line.startswith("0 */6 * * * env ")
    command = line.removeprefix("0 */6 * * * ").replace("\\%", "%")  # as cron does
    assert "%" not in line.replace("\\%", "")
    subprocess.run(["sh", "-c", command], check=True)
    assert (folder / "log").read_text() == f"{folder}|--headless|zwölf uhr|"


def test_without_a_systemd_of_ones_own_a_line_for_cron_is_printed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSED", "show-environment")
    done = run("schedule", "zwölf uhr", "--daily", "23:30", TOBS_OUTPUT="/srv/vault")
    assert done.returncode == 0
    assert done.stdout.startswith("30 23 * * * env ")
    assert "/tobs --headless 'zwölf uhr' >> " in done.stdout
    assert done.stdout.count("\n") == 1
    assert "crontab -e" in done.stderr
    assert "do not know what this shell sets: TOBS_OUTPUT. Put that into" in done.stderr
    assert machine.files() == []


def test_printing_changes_nothing(machine: Machine) -> None:
    done = run("--account", "work", "schedule", "night-archive", "--every", "6h", "--print")
    assert done.returncode == 2
    assert "There is no profile named" in done.stderr
    done = run("schedule", "night-archive", "--every", "6h", "--print")
    assert "OnCalendar=*-*-* 00/6:00:00\n" in done.stdout
    assert machine.asked() == []
    assert machine.files() == []


def test_the_profiles_of_other_accounts_have_timers_of_their_own(
    machine: Machine, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = home / "config" / "accounts" / "work" / "profiles"
    work.mkdir(parents=True)
    (work / "night-archive.toml").write_text("[targets]\nall_chats = true\n")
    monkeypatch.setenv("TOBS_ACCOUNT", "")
    assert main(["schedule", "night-archive", "--daily", "3:00"]) == 0
    assert main(["--account", "work", "schedule", "night-archive", "--daily", "5:00"]) == 0
    assert r"account-work-night\x2darchive.timer" in machine.files()
    services = [path.read_text() for path in machine.units.glob("*.service")]
    assert sum("--account work --headless night-archive" in text for text in services) == 1
    capsys.readouterr()
    assert main(["schedule"]) == 0
    assert capsys.readouterr().out.startswith("night-archive  daily at 05:00")


@pytest.mark.parametrize("refused", ["daemon-reload", "enable"])
def test_what_systemd_refuses_is_told_and_nothing_is_left(
    machine: Machine, refused: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REFUSED", refused)
    assert main(["schedule", "night-archive", "--daily", "03:00"]) == 1
    assert "tobs: systemd refused: Failed to do that: Access denied" in capsys.readouterr().err
    assert machine.files() == []
    monkeypatch.setenv("REFUSED", "")
    assert main(["schedule", "night-archive", "--daily", "03:00"]) == 0
    before = {path: path.read_text() for path in machine.units.iterdir()}
    monkeypatch.setenv("REFUSED", refused)
    assert main(["schedule", "night-archive", "--daily", "04:00"]) == 1
    assert {path: path.read_text() for path in machine.units.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nigth-archive", "--daily", "03:00"], "did you mean night-archive?"),
        (["night-archive", "--daily", "25:00"], "“25:00” is not a time of day from 00:00 to 23:59."),
        (["night-archive", "--daily", "3"], "is not a time of day"),
        (["night-archive", "--weekly", "moonday", "03:00"], "“moonday” is not a day of the week."),
        (["night-archive", "--weekly", "mon"], "requires 2 arguments"),
        (["night-archive", "--every", "7h"], "--every has no use for “7h”."),
        (["night-archive"], "When? --daily 03:00"),
        (["night-archive", "--daily", "03:00", "--every", "6h"], "One of them: --daily or --every?"),
        (["night-archive", "--daily", "03:00", "--remove"], "One of them: --daily or --remove?"),
        (["night-archive", "--print"], "--print needs to know when"),
        (["--daily", "03:00"], "Which profile?"),
        (["night-archive", "--remove"], "“night-archive” is not scheduled."),
        (["empty", "--daily", "03:00"], "The profile empty has no chats to export."),
        (["x.toml", "--daily", "03:00"], "Only saved profiles can be scheduled."),
        (["../x", "--daily", "03:00"], "There is no profile named"),
        (["../x\x1b[31m", "--remove"], "is not scheduled."),
    ],
)
def test_what_cannot_be_scheduled_is_told(
    machine: Machine, home: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_profile(home, "", "empty")
    assert main(["schedule", *arguments]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert "\x1b" not in said.err
    assert said.out == ""
    assert machine.files() == []
    assert machine.asked() == []


@pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="systemd-escape is not installed")
@pytest.mark.parametrize("name", ["night-archive", "zwölf uhr", ".x", "a/b", "a_b.c:d+e", "健二", "%n"])
def test_names_are_escaped_as_systemd_does_it(name: str) -> None:
    from tobs_tui.config.schedule import escaped

    done = subprocess.run(["systemd-escape", "--", name], capture_output=True, text=True, check=True)
    assert escaped(name) == done.stdout.strip()
    assert len(escaped("健" * 63)) < 200


def test_the_program_is_named_by_its_own_place_links_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "tobs").write_text("#!/bin/sh\n")
    (tmp_path / "tobs").chmod(0o700)
    (tmp_path / "link").symlink_to(tmp_path / "tobs")
    assert own_command(str(tmp_path / "link"), "/usr/bin/python3") == (str(tmp_path / "link"),)
    assert own_command("/x/tobs_tui/__main__.py", str(tmp_path / "python")) == (str(tmp_path / "tobs"),)
    assert own_command("/x/__main__.py", "/nowhere/python") == ("/nowhere/python", "-m", "tobs_tui")
