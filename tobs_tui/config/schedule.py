"""When a profile runs by itself: the rhythm, and the systemd units or the crontab line that say so."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tobs_tui.config.paths import HOME_VARIABLE, Paths, expanded
from tobs_tui.config.toml_file import write_private
from tobs_tui.model.errors import ErrorCode, TobsError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_EVERY = re.compile(r"(\d{1,3})\s*(m|min|h)")
_MINUTES = (5, 6, 10, 12, 15, 20, 30)
_HOURS = (1, 2, 3, 4, 6, 8, 12)
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.")
_NO_PROGRAM = re.compile(r"""["'\\\x00-\x1f\x7f]""")
"""What systemd takes in arguments, but not in a program's path, however it is quoted."""
_LONGEST_ESCAPED = 160
"""Bytes; a unit's name may have 255 with everything (systemd.unit(5))."""
_CARRIED = (HOME_VARIABLE, "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_DOCUMENTS_DIR")
"""The variables that decide where everything lies: a timer's runs have to find the same places as this shell."""


@dataclass(frozen=True)
class Rhythm:
    """A point in time that comes again: for people, for systemd (systemd.time(7)), for cron (crontab(5))."""

    words: str
    calendar: str
    cron: str

    @classmethod
    def daily(cls, clock: str) -> Rhythm:
        """Every day at a time of day, such as 03:00. Raises `TobsError` USAGE."""
        hour, minute = _time_of(clock, "--daily 03:00")
        return cls(f"daily at {hour:02}:{minute:02}", f"*-*-* {hour:02}:{minute:02}:00", f"{minute} {hour} * * *")

    @classmethod
    def weekly(cls, days: str, clock: str) -> Rhythm:
        """On days of the week (mon, or mon,thu; whole English names as well) at a time of day. Raises as `daily`."""
        hour, minute = _time_of(clock, "--weekly mon 03:00")
        wanted = [day.strip().lower() for day in days.split(",")]
        names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        if wrong := [day for day in wanted if len(day) < 3 or not any(name.startswith(day) for name in names)]:
            raise TobsError(
                ErrorCode.USAGE, f"“{wrong[0]}” is not a day of the week.", f"These are: {', '.join(_DAYS)}."
            )
        numbers = sorted({_DAYS.index(day[:3]) for day in wanted})
        shown = ",".join(_DAYS[number].capitalize() for number in numbers)
        return cls(
            f"{shown} at {hour:02}:{minute:02}",
            f"{shown} *-*-* {hour:02}:{minute:02}:00",
            f"{minute} {hour} * * {','.join(str((number + 1) % 7) for number in numbers)}",
        )

    @classmethod
    def every(cls, span: str) -> Rhythm:
        """Again and again, counted from midnight: 6h, 30m; what a day or an hour can be cut into. Raises as `daily`."""
        match = _EVERY.fullmatch(span.strip().lower())
        number = int(match[1]) if match else 0
        if match and match[2] == "h" and number in _HOURS:
            return cls(f"every {number} h", f"*-*-* 00/{number}:00:00", f"0 */{number} * * *")
        if match and match[2] != "h" and number in _MINUTES:
            return cls(f"every {number} min", f"*-*-* *:00/{number}:00", f"*/{number} * * * *")
        minutes, hours = (", ".join(map(str, known)) for known in (_MINUTES, _HOURS))
        way_on = f"It takes {minutes} minutes (30m) or {hours} hours (6h); --daily 03:00 is once a day."
        raise TobsError(ErrorCode.USAGE, f"--every has no use for “{span}”.", way_on)


def _time_of(clock: str, example: str) -> tuple[int, int]:
    if match := _CLOCK.fullmatch(clock.strip()):
        return int(match[1]), int(match[2])
    raise TobsError(ErrorCode.USAGE, f"“{clock}” is not a time of day from 00:00 to 23:59.", f"For example: {example}")


@dataclass(frozen=True)
class Job:
    """What is run, and when: `command` with its absolute program first, `variables` for its environment."""

    profile: str
    rhythm: Rhythm
    command: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()

    def crontab_line(self, log: Path) -> str:
        """The line for crontab(5); what the runs say goes to the end of `log`.

        Raises:
            TobsError: USAGE for a path that no line can hold.
        """
        words = [f"{name}={value}" for name, value in self.variables]
        line = shlex.join(["env", *words, *self.command] if words else self.command)
        line = f"{line} >> {shlex.quote(str(log))} 2>&1"
        if "\n" in line or "\r" in line:
            raise TobsError(ErrorCode.USAGE, "A path with a line break in it cannot stand in a crontab.")
        return f"{self.rhythm.cron} {line}".replace("%", "\\%")  # cron takes a bare one for the end of the line

    def service(self) -> str:
        """The text of the .service file (systemd.service(5)).

        Only the command itself is ended with the unit: the background process that it may have started belongs to
        whoever uses it by then, and ends by itself.
        """
        program, *arguments = self.command
        if _NO_PROGRAM.search(program):
            program, arguments = "/usr/bin/env", [program, *arguments]
        words = [_quoted(program), *(_quoted(argument.replace("$", "$$")) for argument in arguments)]
        environment = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in self.variables)
        return (
            f"[Unit]\nDescription=tobs {self.profile}\n\n"
            f"[Service]\nType=oneshot\nExecStart={' '.join(words)}\n{environment}"
            "SuccessExitStatus=5 6\nKillMode=process\n"
        )

    def timer(self) -> str:
        """The text of the .timer file (systemd.timer(5)); runs that were missed are made up for."""
        return (
            f"[Unit]\nDescription=tobs {self.profile}, {self.rhythm.words}\n\n"
            f"[Timer]\nOnCalendar={self.rhythm.calendar}\nPersistent=true\n\n"
            "[Install]\nWantedBy=timers.target\n\n"
            f"[X-Tobs]\nProfile={self.profile}\nWhen={self.rhythm.words}\n"
        )


def _quoted(word: str) -> str:
    """A word of a unit file, in quotes where it needs them; escapes and specifiers mean nothing (systemd.syntax(7))."""
    word = word.replace("%", "%%")
    if re.fullmatch(r"[\w/.:=@%+,-]+", word, re.ASCII):
        return word
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        word = word.replace(plain, escaped)
    return f'"{word}"'


@dataclass(frozen=True)
class Units:
    """The two unit files of a scheduled profile."""

    service: Path
    timer: Path

    @classmethod
    def of(cls, profile: str, paths: Paths) -> Units:
        """The files of a profile; there need not be any. Accounts that are kept apart have units of their own."""
        stem = f"{_prefix(paths)}{escaped(profile)}"
        folder = units_folder()
        return cls(folder / f"{stem}.service", folder / f"{stem}.timer")

    def write(self, job: Job) -> None:
        """Write both files. Raises `TobsError` OUTPUT_NOT_WRITABLE."""
        for path, text in ((self.service, job.service()), (self.timer, job.timer())):
            write_private(path, text.encode("utf-8", "surrogateescape"))

    def contents(self) -> tuple[bytes | None, bytes | None]:
        """What the files hold now, for `restore`; None for one that is not there."""
        return (_content(self.service), _content(self.timer))

    def restore(self, contents: tuple[bytes | None, bytes | None]) -> None:
        """Bring the files back to what they held. Raises `TobsError` OUTPUT_NOT_WRITABLE."""
        for path, content in zip((self.service, self.timer), contents, strict=True):
            if content is None:
                path.unlink(missing_ok=True)
            else:
                write_private(path, content)

    def remove(self) -> None:
        """Take the files away, the link by which the timer is enabled, and the time of its last run.

        Raises:
            TobsError: OUTPUT_NOT_WRITABLE.
        """
        link = self.timer.parent / "timers.target.wants" / self.timer.name
        stamp = _base("XDG_DATA_HOME", "~/.local/share") / "systemd" / "timers" / f"stamp-{self.timer.name}"
        for path in (self.service, self.timer, link, stamp):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise TobsError(
                    ErrorCode.OUTPUT_NOT_WRITABLE, f"{path} cannot be removed: {error.strerror}."
                ) from error


@dataclass(frozen=True)
class Scheduled:
    """A profile that has a timer; `words` say when it runs."""

    profile: str
    words: str
    units: Units


def scheduled(paths: Paths) -> list[Scheduled]:
    """The profiles of this account that have a timer, by name."""
    found: list[Scheduled] = []
    for path in units_folder().glob("tobs-*.timer"):
        text = (_content(path) or b"").decode("utf-8", "replace")
        section = dict(line.split("=", 1) for line in text.partition("[X-Tobs]")[2].splitlines() if "=" in line)
        profile = section.get("Profile", "")
        units = Units.of(profile, paths)
        if profile and units.timer == path:
            found.append(Scheduled(profile, section.get("When", ""), units))
    return sorted(found, key=lambda one: one.profile)


def units_folder() -> Path:
    """Where a person's own units lie (systemd.unit(5))."""
    return _base("XDG_CONFIG_HOME", "~/.config") / "systemd" / "user"


def carried(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that runs need in order to find the places that this process finds, paths made absolute."""
    given = [(name, environ[name]) for name in _CARRIED if environ.get(name)]
    return tuple((name, str(expanded(value).absolute())) for name, value in given)


def own_command(program: str, python: str) -> tuple[str, ...]:
    """This very `tobs` as an absolute command, from how it was called (sys.argv[0]) and its interpreter.

    Links stay as they are: installers point them at the next version. Started as a module, it is the script beside the
    interpreter, else that interpreter with the module.
    """
    called = Path(program).absolute()
    if called.suffix != ".py" and called.is_file() and os.access(called, os.X_OK):
        return (str(called),)
    beside = Path(python).absolute().with_name("tobs")
    return (str(beside),) if os.access(beside, os.X_OK) else (str(Path(python).absolute()), "-m", "tobs_tui")


def _prefix(paths: Paths) -> str:
    """What the units' names begin with. No escaped profile has a hyphen, so that none can look like another's."""
    parts = ["tobs"]
    if home := os.environ.get(HOME_VARIABLE, ""):
        parts += ["home", hashlib.sha256(os.fsencode(expanded(home).absolute())).hexdigest()[:8]]
    place = paths.shared_dir.name
    parts += [place] if paths.demo or place.startswith("server-") else []
    parts += ["account", escaped(paths.account)] if paths.account else []
    return "-".join([*parts, ""])


def escaped(name: str) -> str:
    """A name as `systemd-escape` has it; long ones are cut, and told apart by a checksum."""
    raw = name.encode("utf-8", "surrogateescape")
    found = "".join(
        "-" if letter == 0x2F else chr(letter) if letter in _PLAIN and (place or letter != 0x2E) else f"\\x{letter:02x}"
        for place, letter in enumerate(raw)
    )
    if len(found) > _LONGEST_ESCAPED:
        found = f"{re.sub(r'[^0-9A-Za-z_]', '_', name)[:40]}_{hashlib.sha256(raw).hexdigest()[:16]}"
    return found


def _base(variable: str, usual: str) -> Path:
    value = os.environ.get(variable, "")
    return Path(value) if value.startswith("/") else expanded(usual)  # the XDG base directories are absolute or ignored


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
