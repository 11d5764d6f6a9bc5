"""The entry of `tobs`: runs the command line, and turns whatever goes wrong into a sentence and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from tobs_tui.cli.commands import tobs
from tobs_tui.model.errors import TobsError

_INTERRUPTED = 5
_USAGE = 2
_UNEXPECTED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (default: this process's). Gives the exit status; never raises, never shows a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    json_wanted = "--json" in given
    try:
        result = tobs.main(args=given, prog_name="tobs", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        return _refuse_usage(error, json_wanted)
    except TobsError as error:
        return _refuse(error, json_wanted)
    except BrokenPipeError:
        # Whoever read the output has gone; without this the interpreter complains once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNEXPECTED
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("\nInterrupted.\n")
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last line of defence: a person gets a sentence, the log the trace
        return _unexpected(error, json_wanted)


def _refuse_usage(error: click.ClickException, json_wanted: bool) -> int:
    context = getattr(error, "ctx", None)
    hint = f" See: {context.command_path} --help" if context is not None else ""
    sentence = error.format_message()
    sys.stderr.write(f"tobs: {sentence}{hint}\n")
    if json_wanted:
        from tobs_tui.model.errors import ErrorCode

        _last_line(TobsError(ErrorCode.USAGE, sentence))
    return _USAGE


def _refuse(error: TobsError, json_wanted: bool) -> int:
    from tobs_tui.headless.lines import status_of
    from tobs_tui.model.display import clean

    sys.stderr.write(f"tobs: {clean(error.sentence, 2000)}\n")
    if error.way_on:
        sys.stderr.write(f"{clean(error.way_on, 2000)}\n")
    if json_wanted:
        _last_line(error)
    return status_of(error)


def _unexpected(error: Exception, json_wanted: bool) -> int:
    from tobs_tui.model.errors import ErrorCode

    sentence = f"That failed unexpectedly ({type(error).__name__})."
    way_on = _write_down(error)
    sys.stderr.write(f"tobs: {sentence} {way_on}\n")
    if json_wanted:
        _last_line(TobsError(ErrorCode.UNEXPECTED, sentence, way_on))
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
    except OSError as trouble:
        return f"No log could be written: {trouble.strerror}."
    return f"The log says more: {log_file(log_dir, 'client')}"


def _last_line(error: TobsError) -> None:
    """JSON output ends with `run_finished`, also where nothing could begin."""
    from tobs_tui.headless import lines
    from tobs_tui.monitor.clock import now

    sys.stdout.write(lines.encode(lines.refused(error, now())) + "\n")
    sys.stdout.flush()
