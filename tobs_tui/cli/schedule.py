"""`tobs schedule`: has a systemd timer run a profile, or says what to give to cron."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click

from tobs_tui.cli.export import check_targets
from tobs_tui.cli.options import Options, Setting
from tobs_tui.config.environment import OTHER_VARIABLES, variable_names
from tobs_tui.config.paths import ACCOUNT_VARIABLE, HOME_VARIABLE, Paths
from tobs_tui.config.schedule import Job, Rhythm, Units, carried, own_command, scheduled
from tobs_tui.model.display import clean
from tobs_tui.model.errors import ErrorCode, TobsError


def schedule_profile(options: Options, name: str, rhythm: Rhythm, *, only_print: bool) -> int:
    """Have the profile run in that rhythm. Gives the exit status.

    Where no systemd looks after this person's processes, nothing is written: a crontab line goes to standard output.
    Raises `TobsError`; a systemd that refuses leaves everything as it was.
    """
    setting = Setting(replace(options, profile=name))
    job = _job(setting, name, rhythm)
    manager = _Manager.find()
    if manager is None:
        setting.paths.ensure()  # the shell that cron starts opens the log before anything runs
        click.echo(job.crontab_line(setting.paths.log_dir / "schedule.log"))
        sentence = "No systemd looks after your processes here, so nothing is scheduled yet."
        click.echo(f"tobs: {sentence} Add the line above to your crontab: crontab -e", err=True)
        _warn_of_variables(setting)
        return 0
    units = Units.of(name, setting.paths)
    if only_print:
        click.echo(f"# {units.service}\n{job.service()}\n# {units.timer}\n{job.timer()}", nl=False)
        return 0
    former = units.contents()
    try:
        units.write(job)
        manager.run("daemon-reload")
        manager.run("enable", "--now", units.timer.name)
        if former[1] is not None:
            manager.run("restart", units.timer.name)  # one that was waiting already goes by its new time
    except TobsError:
        _take_back(units, former, manager)
        raise
    click.echo(f"Scheduled: {clean(name)}, {rhythm.words}.")
    if upcoming := manager.next_times([units]).get(units.timer.name):
        click.echo(f"Next: {upcoming}")
    click.echo(f"What its runs say: journalctl --user -u '{units.service.name}'")
    if _lingers() is False:
        click.echo("While you are not logged in, it does not run. To change that: loginctl enable-linger")
    _warn_of_variables(setting)
    return 0


def unschedule(options: Options, name: str) -> int:
    """Do not run the profile by itself any more; it need not be there any longer. Gives the exit status.

    Raises `TobsError`, BAD_PROFILE when it is not scheduled.
    """
    paths = Setting(options).paths
    units = Units.of(name, paths)
    if units.contents() == (None, None):
        known = [one.profile for one in scheduled(paths)]
        there = f"Scheduled: {', '.join(known)}." if known else "No profile is."
        way_on = f"{there} A line in a crontab is taken out with: crontab -e"
        raise TobsError(ErrorCode.BAD_PROFILE, f"“{name}” is not scheduled.", way_on)
    manager = _Manager.find()
    if manager is not None and units.timer.exists():
        manager.run("disable", "--now", units.timer.name)
    units.remove()
    if manager is not None:
        manager.run("daemon-reload")
    click.echo(f"Not scheduled any more: {clean(name)}.")
    return 0


def list_scheduled(options: Options) -> int:
    """Print what is scheduled, with the next time. Gives the exit status."""
    setting = Setting(options)
    found = scheduled(setting.paths)
    if not found:
        click.echo("Nothing is scheduled. For example: tobs schedule PROFILE --daily 03:00")
        return 0
    manager = _Manager.find()
    times = manager.next_times([one.units for one in found]) if manager else {}
    width = max(len(clean(one.profile)) for one in found)
    for one in found:
        known = times.get(one.units.timer.name, "")
        state = f"next {known}" if known else "its timer does not run" if manager else "systemd is not running"
        gone = "" if _is_saved(one.profile, setting.paths) else "  (there is no such profile any more)"
        click.echo(f"{clean(one.profile):<{width}}  {clean(one.words)}  {state}{gone}")
    return 0


def _job(setting: Setting, name: str, rhythm: Rhythm) -> Job:
    """What is to be run. Raises `TobsError` for a profile that could not be."""
    if name.endswith(".toml"):
        raise TobsError(
            ErrorCode.BAD_PROFILE, "Only saved profiles can be scheduled.", "Save it: tobs profiles import FILE"
        )
    chosen = setting.effective(name)
    check_targets(setting.options, chosen.profile)
    options = setting.options
    place = ["--demo"] if options.demo else []
    if options.server is not None:
        place = ["--server", str(Path(options.server).absolute())]
    place += ["--account", setting.paths.account] if setting.paths.account else []
    command = (*own_command(sys.argv[0], sys.executable), *place, "--headless", name)
    return Job(name, rhythm, command, carried(setting.environ))


def _take_back(units: Units, former: tuple[bytes | None, bytes | None], manager: _Manager) -> None:
    """After a refusal: the files as they were, as far as that goes; the refusal is what is told."""
    try:
        if former[1] is None:
            units.remove()
        else:
            units.restore(former)
        manager.run("daemon-reload")
    except TobsError as error:
        click.echo(f"tobs: {clean(str(error), 1000)}", err=True)


def _warn_of_variables(setting: Setting) -> None:
    """Variables of this shell are not those of a timer; those that decide where things lie are carried along."""
    known = {*variable_names().values(), *OTHER_VARIABLES} - {HOME_VARIABLE, ACCOUNT_VARIABLE}
    if lost := sorted(known & setting.environ.keys()):
        sentence = f"Its runs do not know what this shell sets: {', '.join(lost)}."
        click.echo(f"tobs: {sentence} Put that into {setting.paths.dotenv_file}", err=True)


def _is_saved(name: str, paths: Paths) -> bool:
    return (paths.profiles_dir / f"{name}.toml").exists()


def _lingers() -> bool | None:
    """Whether this person's services run without a login; None where that cannot be told."""
    if shutil.which("loginctl") is None:
        return None
    command = ["loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return {"yes": True, "no": False}.get(done.stdout.strip())


class _Manager:
    """The systemd that looks after this person's processes."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ

    @classmethod
    def find(cls) -> _Manager | None:
        """The manager, or None where there is none or it does not answer."""
        if shutil.which("systemctl") is None:
            return None
        environ = dict(os.environ)
        usual = Path(f"/run/user/{os.getuid()}")  # su, sudo and cron do not set the variable
        if not environ.get("XDG_RUNTIME_DIR") and usual.is_dir():
            environ["XDG_RUNTIME_DIR"] = str(usual)
        manager = cls(environ)
        return manager if manager._ask("show-environment").returncode == 0 else None

    def run(self, *arguments: str) -> None:
        """Have it do something. Raises `TobsError` UNEXPECTED with what it said."""
        done = self._ask(*arguments)
        if done.returncode:
            said = clean(" ".join(done.stderr.split()), 400) or f"it ended with status {done.returncode}"
            command = " ".join(("systemctl --user", *arguments))
            raise TobsError(ErrorCode.UNEXPECTED, f"systemd refused: {said}", f"It was asked by: {command}")

    def next_times(self, units: list[Units]) -> dict[str, str]:
        """When timers elapse next, in systemd's words, by their names; those that do not run are left out."""
        names = [one.timer.name for one in units]
        done = self._ask("show", "--property=Id,ActiveState,NextElapseUSecRealtime", *names)
        found: dict[str, str] = {}
        for block in done.stdout.split("\n\n"):
            facts = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if facts.get("ActiveState") == "active" and (moment := clean(facts.get("NextElapseUSecRealtime", ""))):
                found[facts.get("Id", "")] = moment
        return found

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["systemctl", "--user", *arguments]
        try:
            return subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                env=self._environ,
                check=False,
            )
        except OSError as error:
            raise TobsError(ErrorCode.UNEXPECTED, f"systemctl cannot be started: {error.strerror or error}.") from error
