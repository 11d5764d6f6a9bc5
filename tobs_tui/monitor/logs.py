"""The log file: one JSON object a line, rotated, readable by its owner only, without secrets, without floods."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from tobs_tui.monitor.clock import monotonic

if TYPE_CHECKING:
    from loguru import Record

ROTATE_AT = 5 * 1024 * 1024
KEPT_FILES = 5
REPEATS_PASSED = 5
REPEATS_WINDOW_S = 60.0

_IS = r"(['\"]?\s*[=:]\s*['\"]?)"
_SECRETS = (
    (
        re.compile(rf"(?i)\b(api_?hash|password|passphrase|auth_?key|(?:login_?)?token|secret){_IS}[^\s'\",;)}}]+"),
        r"\1\2***",
    ),
    (re.compile(rf"(?i)\b((?:phone_?|login_?)?code){_IS}\d[\d -]{{3,8}}\d\b"), r"\1\2***"),
    (re.compile(r"(tg://login\?token=)[\w-]+"), r"\1***"),
    (re.compile(r"\+\d[\d ()-]{6,17}\d"), "+***"),
    (re.compile(r"\b[0-9a-fA-F]{32}(?:[0-9a-fA-F]{32})*\b"), "***"),
)

_DIGITS = re.compile(r"\d+")


def redact(text: str) -> str:
    """`text` without phone numbers, login codes, tokens, passwords, api hashes and keys."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RepeatLimiter:
    """Lets the first few of one line's repeats through in each window, then only counts them."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def admit(self, where: str, text: str) -> tuple[bool, int]:
        """(whether to write it, how many were left out since the last one written) for `text`, logged at `where`.

        Texts that differ only in their digits count as repeats.
        """
        at = self._clock()
        place = (where, _DIGITS.sub("#", text))
        began, count = self._seen.get(place, (at, 0))
        dropped = 0
        if at - began >= REPEATS_WINDOW_S:
            dropped = max(0, count - REPEATS_PASSED)
            began, count = at, 0
        self._seen[place] = (began, count + 1)
        if len(self._seen) > 2000:
            self._seen.clear()
        return count < REPEATS_PASSED, dropped


def _line(record: Record, dropped: int) -> str:
    """One log record as a JSON object on one line."""
    fields: dict[str, Any] = {
        "at": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name.lower(),
        "pid": record["process"].id,
        "where": f"{record['name']}:{record['function']}:{record['line']}",
        "text": redact(record["message"]),
    }
    if dropped:
        fields["repeats_left_out"] = dropped
    extra = {key: redact(str(value)) for key, value in record["extra"].items() if not key.startswith("_")}
    if extra:
        fields["extra"] = extra
    if record["exception"] is not None:
        fields["error"] = redact(_traceback(record["exception"]))
    return json.dumps(fields, ensure_ascii=False)


def _traceback(exception: Any) -> str:
    import traceback

    return "".join(traceback.format_exception(exception.type, exception.value, exception.traceback))


class _FromLogging(logging.Handler):
    """Hands records of the standard library's logging (Telethon's, asyncio's) to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        logger.opt(depth=6, exception=record.exc_info).log(level, "{}: {}", record.name, record.getMessage())


def _plain(record: Record) -> str:
    record["extra"]["_plain"] = redact(record["message"])
    return "{level}: {extra[_plain]}\n"


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def log_file(log_dir: Path, name: str = "tobs") -> Path:
    """Where `configure_logging` with the same arguments writes."""
    return log_dir / f"{name}.jsonl"


def configure_logging(log_dir: Path, level: str = "INFO", *, name: str = "tobs", stderr: bool = False) -> None:
    """Send this process's log to `log_dir/name.jsonl`, and nowhere else unless `stderr` is set.

    Processes that live at the same time take different names, since each rotates its own file (5 MiB, 5 kept).
    `level` is one of loguru's names. The directory is made, private, when it is missing. A directory that cannot be
    written leaves warnings and worse on stderr.
    """
    limiter = RepeatLimiter()

    def admit(record: Record) -> bool:
        passed, dropped = limiter.admit(f"{record['name']}:{record['line']}", record["message"])
        if passed:
            record["extra"]["_line"] = _line(record, dropped)
        return passed

    logger.remove()
    try:
        log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        logger.add(
            log_file(log_dir, name),
            level=level,
            format=lambda _: "{extra[_line]}\n",  # a function: loguru appends the traceback to plain formats
            filter=admit,
            rotation=ROTATE_AT,
            retention=KEPT_FILES,
            encoding="utf-8",
            opener=_private_opener,
            backtrace=False,
            diagnose=False,  # it would print the values of variables, secrets among them
            catch=True,
        )
    except OSError as error:
        stderr = True
        sys.stderr.write(f"tobs: the log cannot be written in {log_dir}: {error.strerror}\n")
    if stderr:
        logger.add(sys.stderr, level="WARNING", format=_plain, colorize=False, backtrace=False, diagnose=False)
    logging.basicConfig(handlers=[_FromLogging()], level=logging.WARNING, force=True)
