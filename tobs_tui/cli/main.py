"""The entry of `tobs`: runs the command line, and turns whatever goes wrong into a sentence and an exit status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tobs_tui.cli import interrupts
from tobs_tui.cli.commands import tobs
from tobs_tui.cli.streams import mute
from tobs_tui.model.errors import ErrorCode, TobsError

if TYPE_CHECKING:
    from tobs_tui.headless.lines import RunFinished

_INTERRUPTED = 5
_USAGE = 2
_UNEXPECTED = 1
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (default: this process's). Gives the exit status; never raises, never shows a traceback."""
    interrupts.hold()
    try:
        if arguments is None:
            interrupts.come_again()
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # one more, while the person was told of the first
        return _INTERRUPTED
    finally:
        interrupts.ignore() if arguments is None else interrupts.release()


def _main(given: list[str]) -> int:
    json_wanted = "--json" in given
    _prepare_streams(json_wanted)
    try:
        return _run(given, json_wanted)
    except BrokenPipeError:  # whoever read the output has gone, and has what they wanted
        mute(sys.stdout)
        return 0
    except OSError as error:  # the sentence about what went wrong could not be written
        mute(sys.stdout)
        _tell(f"Standard output cannot be written: {error.strerror}.")
        return _UNEXPECTED


def _run(given: list[str], json_wanted: bool) -> int:
    try:
        interrupts.release()
        interrupts.answer()
        for argument in given:
            if any("\ud800" <= letter <= "\udfff" for letter in argument):  # bytes that Python could not read as text
                raise TobsError(ErrorCode.USAGE, f"{argument!a} is not UTF-8 text.", "Use names that are.")
        result = tobs.main(args=given, prog_name="tobs", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        return _refuse_usage(error, json_wanted)
    except TobsError as error:
        return _refuse(error, json_wanted)
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(json_wanted)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or (error.filename is None and error.errno in _FULL):
            raise
        return _unexpected(error, json_wanted)
    except Exception as error:  # noqa: BLE001  # the last line of defence: a person gets a sentence, the log the trace
        return _unexpected(error, json_wanted)


def _prepare_streams(json_wanted: bool) -> None:
    """See that there are all three streams, also when started with closed ones, and that any text can be written.

    JSON is UTF-8 whatever the locale; elsewhere a locale without a letter gets a question mark for it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # the three standard streams
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  # as long as the process
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):  # pytest's stand-ins have none
            reconfigure(encoding="utf-8" if json_wanted and stream is sys.stdout else None, errors="replace")


def _tell(sentence: str, way_on: str = "") -> None:
    """A message for the person; with standard error out of order too there is no way left to tell it."""
    from contextlib import suppress

    from tobs_tui.model.display import clean

    with suppress(OSError):
        sys.stderr.write(f"tobs: {clean(sentence, 2000)}\n" + (f"{clean(way_on, 2000)}\n" if way_on else ""))
        sys.stderr.flush()


def _refuse_usage(error: click.ClickException, json_wanted: bool) -> int:
    context = getattr(error, "ctx", None)
    hint = f" See: {context.command_path} --help" if context is not None else ""
    sentence = error.format_message()
    _tell(f"{sentence}{hint}")
    if json_wanted:
        _last_line_of(TobsError(ErrorCode.USAGE, sentence))
    return _USAGE


def _refuse(error: TobsError, json_wanted: bool) -> int:
    from tobs_tui.headless.lines import status_of

    _tell(error.sentence, error.way_on)
    if json_wanted:
        _last_line_of(error)
    return status_of(error)


def _interrupted(json_wanted: bool) -> int:
    interrupts.hold()  # one more must not keep the last line from being whole
    _tell("Interrupted.")
    if json_wanted:
        from tobs_tui.headless.lines import not_begun
        from tobs_tui.monitor.clock import now

        _last_line(not_begun(now()))
    return _INTERRUPTED


def _unexpected(error: Exception, json_wanted: bool) -> int:
    sentence = f"That failed unexpectedly ({type(error).__name__})."
    way_on = _write_down(error)
    _tell(f"{sentence} {way_on}")
    if json_wanted:
        _last_line_of(TobsError(ErrorCode.UNEXPECTED, sentence, way_on))
    return _UNEXPECTED


def _write_down(error: Exception) -> str:
    """Log the traceback. Gives a sentence that says where it is."""
    from loguru import logger

    from tobs_tui.config.paths import Paths
    from tobs_tui.monitor.logs import configure_logging, log_file

    try:
        log_dir = Paths.resolve().log_dir
        configure_logging(log_dir, name="client")
        logger.opt(exception=error).error("unexpected error: {}", error)
    except (OSError, TobsError) as trouble:
        return f"No log could be written: {trouble}."
    return f"The log says more: {log_file(log_dir, 'client')}"


def _last_line_of(error: TobsError) -> None:
    from tobs_tui.headless.lines import refused
    from tobs_tui.monitor.clock import now

    _last_line(refused(error, now()))


def _last_line(line: RunFinished) -> None:
    """JSON output ends with `run_finished`, also where nothing could begin."""
    from tobs_tui.headless.lines import encode

    sys.stdout.write(encode(line) + "\n")
    sys.stdout.flush()
