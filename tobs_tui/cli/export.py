"""From options to an export: on the screen, without one, and the worker process that does the work."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, NoReturn, TextIO

from tobs_tui.cli import interrupts
from tobs_tui.cli.first_paint import FirstPaint
from tobs_tui.cli.options import Options, Setting
from tobs_tui.cli.streams import Audience
from tobs_tui.model.errors import ErrorCode, TobsError

if TYPE_CHECKING:
    from tobs_tui.config.layers import Effective
    from tobs_tui.config.settings import Settings
    from tobs_tui.headless.reporters import Reporter
    from tobs_tui.model.profile import Profile, Targets
    from tobs_tui.model.refresh import Refresh
    from tobs_tui.service.client import ServiceClient

_POOR_TERMINALS = ("", "dumb", "unknown")
BROWSER_DRIVER = "tobs_tui.ui.web_driver:BrowserDriver"
"""Textual's variable TEXTUAL_DRIVER has this value where the screen is shown in a browser (`tobs web`)."""


def warn(sentences: tuple[str, ...]) -> None:
    """Tell the person what was not understood."""
    from tobs_tui.model.display import clean

    for sentence in sentences:
        sys.stderr.write(f"tobs: {clean(sentence, 1000)}\n")


def _in_browser() -> bool:
    return os.environ.get("TEXTUAL_DRIVER") == BROWSER_DRIVER


def check_terminal() -> None:
    """Whether the full-screen application can be shown here. Raises `TobsError` USAGE with the way to go without."""
    if _in_browser():
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        problem = "There is no terminal here to show the screen on."
    elif os.environ.get("TERM", "") in _POOR_TERMINALS:
        problem = f"This terminal (TERM={os.environ.get('TERM') or 'unset'}) cannot show a full screen."
    else:
        return
    raise TobsError(
        ErrorCode.USAGE, problem, "Without a screen: tobs --headless PROFILE, or tobs --headless --all-chats."
    )


def check_targets(options: Options, profile: Profile) -> None:
    """Whether there is anything to export. Raises `TobsError` with the ways to say what."""
    if profile.targets.all_chats or profile.targets.chats:
        return
    if not options.profile:
        raise TobsError(ErrorCode.USAGE, "Say what to export: a profile's name, --chat X or --all-chats.")
    raise TobsError(
        ErrorCode.BAD_PROFILE,
        f"The profile {profile.name} has no chats to export.",
        "Choose some in tobs and save it again, or add --chat X or --all-chats.",
    )


def export_on_screen(options: Options) -> int:
    """Open the application; with a profile or chats, straight on their run. Gives the exit status."""
    gc.disable()  # until the first screen is painted, see `ready`
    setting = Setting(options)
    chosen = setting.effective()
    if options.profile:
        check_targets(options, chosen.profile)
    check_terminal()
    warn(chosen.warnings)
    with contextlib.nullcontext() if _in_browser() else FirstPaint():
        status = _open(options, setting, chosen)
    return status if isinstance(status, int) else _start_again(options, status)


def _open(options: Options, setting: Setting, chosen: Effective) -> int | tuple[str, ...]:
    """Start the service, load the application and run it; what it gives, see `run_app`."""
    passphrase = setting.passphrase()
    wanted = chosen.profile if options.profile or options.chats or options.all_chats else None

    from tobs_tui.service.launch import attach, start_service, unlock

    # Before textual is imported, so that both load at the same time.
    started = [start_service(setting.paths, demo=options.demo, server_file=options.server)]

    # Textual waits for the next of so many frames a second before it paints anything: 60 would add 16 ms to each key.
    # What moves by itself moves at the application's own pace.
    os.environ.setdefault("TEXTUAL_FPS", "240")

    from tobs_tui.config.layers import effective
    from tobs_tui.service.protocol import AccountPhase
    from tobs_tui.ui.app import run_app

    async def connect() -> ServiceClient:
        process = started.pop() if started else None
        client = await attach(setting.paths, demo=options.demo, server_file=options.server, started=process)
        if passphrase is not None and client.snapshot.account.phase is AccountPhase.LOCKED:
            with contextlib.suppress(TobsError):  # the screen asks for the right one
                await unlock(client, passphrase)
        return client

    def ready() -> None:
        from tobs_tui.monitor.logs import configure_logging

        configure_logging(setting.paths.log_dir, chosen.settings.log_level.upper(), name="client")
        gc.freeze()
        gc.enable()

    def resolve(profile: Profile | None, given: Collection[str] | None = None) -> Effective:
        return effective(profile, setting.paths, setting.environ, options.look_flags(), given=given)

    return run_app(
        connect=connect,
        ready=ready,
        paths=setting.paths,
        settings=chosen.settings,
        effective=resolve,
        profile=wanted,
        refresh=_window(options),
        demo=options.demo,
        low_bandwidth=chosen.settings.low_bandwidth,
        mouse=chosen.settings.mouse,
    )


def _start_again(options: Options, elsewhere: tuple[str, ...]) -> NoReturn:
    """Become the program with the options that lead `elsewhere`, and with the looks and the place of these ones."""
    command = [sys.executable, "-m", "tobs_tui", *elsewhere]
    command += ["--low-bandwidth"] if options.low_bandwidth else []
    command += ["--no-mouse"] if options.no_mouse else []
    if "--demo" not in elsewhere:
        command += ["--demo"] if options.demo else []
        command += ["--server", str(options.server.resolve())] if options.server is not None else []
    os.execv(sys.executable, command)


def _window(options: Options) -> Refresh | None:
    """What the run looks at again, if it does. Raises `TobsError` USAGE."""
    from tobs_tui.model.refresh import Refresh, parse_refresh

    if options.refresh_window is not None:
        return parse_refresh(options.refresh_window)
    return Refresh() if options.refresh else None


def export_headless(
    options: Options, targets: Targets | None = None, *, instead_of_profile: Profile | None = None
) -> int:
    """Run a profile, or the chats named, and report; `targets` replace those of the profile. Gives the exit status."""
    interrupts.hold()  # what comes while all this is loaded is answered as soon as the run is watched
    setting = Setting(options)
    chosen = setting.effective()
    warn(chosen.warnings)
    profile = instead_of_profile or chosen.profile
    if targets is not None:
        from msgspec.structs import replace

        profile = replace(profile, targets=targets)
    check_targets(options, profile)

    from tobs_tui.config.credentials import load_credentials
    from tobs_tui.headless.watch import Assignment, run_headless
    from tobs_tui.monitor.logs import configure_logging

    setting.paths.ensure()
    configure_logging(setting.paths.log_dir, chosen.settings.log_level.upper(), name="client")
    assignment = Assignment(
        profile=profile,
        named=profile.targets.chats if options.chats else (),
        demo=options.demo,
        server_file=options.server,
        credentials=None if options.demo else load_credentials(setting.paths),
        max_wait_s=chosen.settings.unattended_wait_min * 60 or None,
        refresh=_window(options),
        passphrase=setting.passphrase(),
    )
    reporter = _reporter(options, chosen.settings, sys.stdout)
    # Signals stay held when it has ended: all is said then, and the status must not depend on one more Ctrl+C.
    return asyncio.run(run_headless(setting.paths, assignment, reporter, interrupts.came))


def _reporter(options: Options, settings: Settings, out: TextIO) -> Reporter:
    from tobs_tui.headless.reporters import JsonReporter, PlainReporter

    if options.json_lines:
        return JsonReporter(Audience(out), sys.stderr)
    if not out.isatty() or os.environ.get("TERM", "") in _POOR_TERMINALS:
        return PlainReporter(Audience(out))
    from rich.console import Console

    from tobs_tui.headless.live import LiveReporter

    return LiveReporter(Console(file=out), low_bandwidth=settings.low_bandwidth)


def serve_account(options: Options, idle_exit_s: float | None = None) -> int:
    """Be the background worker process, by default until idle for a minute. Gives the exit status."""
    setting = Setting(options)

    from tobs_tui.service.process import IDLE_EXIT_S, serve

    idle = IDLE_EXIT_S if idle_exit_s is None else idle_exit_s
    return serve(setting.paths, setting.server, demo=options.demo, idle_exit_s=idle)
