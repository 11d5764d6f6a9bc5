"""`tobs doctor`: looks at everything the program depends on, and says what is missing and what to do about it."""

from __future__ import annotations

import enum
import importlib.metadata
import locale
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from tobs_tui.cli.export import check_terminal
from tobs_tui.cli.options import Options, Setting
from tobs_tui.config.machine import this_machine
from tobs_tui.config.privacy import open_to_others
from tobs_tui.config.sealing import Holder, holder_of, is_sealed
from tobs_tui.media.speech import survey
from tobs_tui.model.display import clean, size
from tobs_tui.model.errors import TobsError

_LOW_DISK = 2 * 1024**3
_ASK_LIMIT_S = 20.0
_SMALLEST = (80, 24)


class Verdict(enum.Enum):
    """How a check came out; only TROUBLE makes the exit status 1."""

    FINE = "ok"
    NOTICE = "note"
    TROUBLE = "TROUBLE"


_COLOURS = {Verdict.FINE: "green", Verdict.NOTICE: "yellow", Verdict.TROUBLE: "red"}


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    verdict: Verdict
    subject: str
    text: str


Check = Callable[[Setting], Iterator[Finding]]


def examine(options: Options) -> int:
    """Run all checks and print them as they come. Gives the exit status: 0, or 1 when something is in the way."""
    setting = Setting(options)
    troubles = 0
    for check in CHECKS:
        for finding in check(setting):
            troubles += finding.verdict is Verdict.TROUBLE
            label = click.style(f"{finding.verdict.value:>7}", fg=_COLOURS[finding.verdict])
            click.echo(f"{label}  {finding.subject:<12} {clean(finding.text, 1000)}")
    click.echo("Nothing is in the way." if not troubles else f"In the way: {troubles}.")
    return 1 if troubles else 0


def _python(_: Setting) -> Iterator[Finding]:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    yield Finding(
        Verdict.FINE if good else Verdict.TROUBLE,
        "python",
        f"{version} on {platform.system()} {platform.machine()}" + ("" if good else "; 3.11 or newer is needed"),
    )


def _packages(_: Setting) -> Iterator[Finding]:
    missing: list[str] = []
    found: list[str] = []
    for wanted in importlib.metadata.requires("tobs-tui") or []:
        if "extra ==" in wanted or ("sys_platform" in wanted and sys.platform == "win32"):
            continue
        name = wanted.split(";")[0].split(">")[0].split("<")[0].split("=")[0].split("!")[0].strip()
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Finding(Verdict.TROUBLE, "packages", f"missing: {', '.join(missing)}; install tobs-tui again")
    else:
        yield Finding(Verdict.FINE, "packages", ", ".join(found))


def _terminal(_: Setting) -> Iterator[Finding]:
    try:
        check_terminal()
    except TobsError as error:
        yield Finding(Verdict.NOTICE, "terminal", str(error))
        return
    columns, rows = shutil.get_terminal_size()
    small = columns < _SMALLEST[0] or rows < _SMALLEST[1]
    colour = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else _colours()
    yield Finding(
        Verdict.NOTICE if small else Verdict.FINE,
        "terminal",
        f"TERM={os.environ.get('TERM')}, {columns}x{rows}, {colour}"
        + (f"; the screens want {_SMALLEST[0]}x{_SMALLEST[1]}" if small else ""),
    )


def _colours() -> str:
    if os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "true colour"
    return "256 colours" if "256" in os.environ.get("TERM", "") else "16 colours"


def _locale_and_time(_: Setting) -> Iterator[Finding]:
    encoding = locale.getpreferredencoding(False)
    unicode = encoding.lower().replace("-", "") == "utf8"
    yield Finding(
        Verdict.FINE if unicode else Verdict.NOTICE,
        "locale",
        f"{encoding}" + ("" if unicode else "; without UTF-8 use `ascii = true` in the settings, or set LANG=C.UTF-8"),
    )
    offset = time.strftime("%z")
    yield Finding(Verdict.FINE, "time zone", f"{time.tzname[time.localtime().tm_isdst > 0]} (UTC{offset})")


def _paths(setting: Setting) -> Iterator[Finding]:
    paths = setting.paths
    try:
        paths.ensure()
    except TobsError as error:
        yield Finding(Verdict.TROUBLE, "paths", str(error))
        return
    loose = [str(place) for place in open_to_others(paths)]
    if loose:
        yield Finding(Verdict.TROUBLE, "paths", f"others may read {', '.join(loose)}: the next start sees to it")
    else:
        yield Finding(Verdict.FINE, "paths", f"config {paths.config_dir}, state {paths.state_dir}")


def _configuration(setting: Setting) -> Iterator[Finding]:
    from tobs_tui.config.profiles import list_profiles

    try:
        chosen = setting.effective()
    except TobsError as error:
        yield Finding(Verdict.TROUBLE, "settings", str(error))
        return
    for warning in chosen.warnings:
        yield Finding(Verdict.NOTICE, "settings", warning)
    found = list_profiles(setting.paths)
    for info in found:
        if info.problem:
            yield Finding(Verdict.TROUBLE, "profiles", info.problem)
    yield Finding(Verdict.FINE, "profiles", f"{sum(not info.problem for info in found)} saved")
    yield from _disk(Path(chosen.profile.output))


def _disk(output: Path) -> Iterator[Finding]:
    place = next(place for place in (output, *output.parents) if place.exists())
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK):
        yield Finding(Verdict.TROUBLE, "vault", f"{place} cannot be written to")
    elif free < _LOW_DISK:
        yield Finding(Verdict.NOTICE, "vault", f"{output}: only {size(free)} free")
    else:
        yield Finding(Verdict.FINE, "vault", f"{output}: {size(free)} free")


def _machine(_: Setting) -> Iterator[Finding]:
    machine = this_machine()
    yield Finding(Verdict.FINE, "machine", f"{machine.cpu_count} processors, {size(machine.memory_bytes)} memory")


def _ffmpeg(setting: Setting) -> Iterator[Finding]:
    """The ffmpeg for media jobs, and the video encoders that really encoded a second of video."""
    from tobs_tui.media.encoders import FORMATS, find_encoders
    from tobs_tui.media.ffmpeg import programs, version_of

    found = [program for program in programs() if version_of(program)]
    if not found:
        yield Finding(Verdict.NOTICE, "ffmpeg", "none found that runs; transcoding needs one")
        return
    yield Finding(Verdict.FINE, "ffmpeg", f"{found[0]}: {version_of(found[0]).partition(' Copyright')[0]}")
    trials = find_encoders(FORMATS, setting.paths.encoders_file, again=True)
    for wanted in FORMATS:
        working = [trial for trial in trials if trial.works and trial.encoder.format is wanted]
        told = ", ".join(
            f"{trial.encoder.name} on {trial.encoder.device or 'the processor'} ({trial.speed:.0f} pictures/s)"
            for trial in working
        )
        verdict = Verdict.FINE if working else Verdict.NOTICE
        yield Finding(verdict, wanted.value, told or "no encoder that works here")
    for trial in trials:
        if trial.encoder.device and not trial.works:
            name = f"{trial.encoder.name} on {trial.encoder.device}"
            yield Finding(Verdict.NOTICE, trial.encoder.format.value, f"{name} does not work: {trial.problem}")


def _cluster(setting: Setting) -> Iterator[Finding]:
    """The Dask library, where a cluster is named."""
    try:
        executor = setting.effective().profile.media.executor
    except TobsError:  # told of above
        return
    if not executor:
        return
    try:
        yield Finding(
            Verdict.FINE, "cluster", f"{executor}, by distributed {importlib.metadata.version('distributed')}"
        )
    except importlib.metadata.PackageNotFoundError:
        yield Finding(Verdict.TROUBLE, "cluster", f"{executor} needs: pip install 'tobs-tui[cluster]'")


def _asked(command: list[str]) -> str | None:
    """What a program prints; None when it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=_ASK_LIMIT_S,
            check=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _gpu(_: Setting) -> Iterator[Finding]:
    from tobs_tui.monitor.sampler import ResourceSampler

    gpus = ResourceSampler(Path.cwd()).sample().gpus
    if not gpus:
        yield Finding(Verdict.FINE, "gpu", "no NVIDIA GPU; transcription runs on the processor")
        return
    for gpu in gpus:
        yield Finding(Verdict.FINE, "gpu", f"{gpu.name}, {size(gpu.memory_total)}, {gpu.temperature} °C")


def _speech(setting: Setting) -> Iterator[Finding]:
    """What transcription finds, as far as the settings can be read."""
    try:
        options = setting.effective().profile.transcription
    except TobsError:  # told among the settings
        return
    wish = msgspec.json.encode(options).decode()
    told = _asked([sys.executable, "-m", survey.__name__, wish, str(setting.paths.models_dir)])
    if told is None:
        yield Finding(Verdict.NOTICE, "speech", "faster-whisper does not run here; transcription needs it")
        return
    found = msgspec.json.decode(told, type=survey.Survey)
    devices = "; ".join(f"{device}: {', '.join(computes)}" for device, computes in found.abilities.computes.items())
    wanting = Verdict.TROUBLE if options.enabled else Verdict.NOTICE
    yield Finding(
        wanting if found.place_problem else Verdict.FINE,
        "speech",
        f"{found.place_problem or f'transcription would take {found.place}'} (there is {devices})",
    )
    filtered = "silence is told from speech" if found.voice_filter else "no voice filter: reinstall onnxruntime"
    yield Finding(Verdict.FINE if found.voice_filter else wanting, "voice filter", filtered)
    yield Finding(
        wanting if found.model_problem else Verdict.FINE,
        "speech model",
        found.model_problem or f"{options.model}: {found.model}",
    )


def _account(setting: Setting) -> Iterator[Finding]:
    from tobs_tui.config.credentials import load_credentials

    paths = setting.paths
    if paths.demo:
        yield Finding(Verdict.FINE, "account", "the demo signs in by itself")
        return
    try:
        known = load_credentials(paths) is not None
        raw = paths.session_file.read_bytes() if paths.session_file.exists() else b""
        holder = holder_of(raw) if is_sealed(raw) else None
    except (TobsError, OSError) as error:
        yield Finding(Verdict.TROUBLE, "account", str(error))
        return
    if holder is not None:
        whose = "the system's keyring" if holder is Holder.KEYRING else "a passphrase"
        yield Finding(Verdict.FINE, "account", f"a session and an api hash are kept, encrypted with {whose}")
        return
    yield Finding(
        Verdict.FINE if raw else Verdict.NOTICE,
        "account",
        ("api id and hash are set" if known else "no api id and hash yet")
        + (", a session is kept in clear" if raw else ", no session yet: run tobs to sign in"),
    )


def _service(setting: Setting) -> Iterator[Finding]:
    from tobs_tui.service.launch import is_running

    running = is_running(setting.paths)
    yield Finding(
        Verdict.FINE,
        "service",
        f"running, {setting.paths.socket}" if running else "not running; it starts by itself when needed",
    )
    yield Finding(Verdict.FINE, "logs", str(setting.paths.log_dir))


def _cache(setting: Setting) -> Iterator[Finding]:
    from tobs_tui.cache.file import cache_files
    from tobs_tui.cli.cache import cache_sizes

    for path in cache_files(setting.paths):
        found = cache_sizes(path)
        if found is None:
            yield Finding(Verdict.NOTICE, "cache", f"{path} is damaged; the next start sets it aside")
            continue
        entries, taken = sum(each.entries for each in found), path.stat().st_size
        yield Finding(Verdict.FINE, "cache", f"{path}: {entries} entries, {size(taken)}")


CHECKS: tuple[Check, ...] = (
    _python,
    _packages,
    _machine,
    _terminal,
    _locale_and_time,
    _paths,
    _configuration,
    _ffmpeg,
    _cluster,
    _gpu,
    _speech,
    _account,
    _cache,
    _service,
)
