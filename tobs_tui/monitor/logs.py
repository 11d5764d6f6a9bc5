"""The log file: one JSON object a line, rotated, readable by its owner only, without secrets, without floods."""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from loguru import logger

from tobs_tui.monitor.repeats import LeftOut, LeftOutTally, RepeatLimiter

if TYPE_CHECKING:
    from loguru import Record

ROTATE_AT = 5 * 1024 * 1024
KEPT_FILES = 5

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


def redact(text: str) -> str:
    """`text` without phone numbers, login codes, tokens, passwords, api hashes and keys."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class Acting(Protocol):
    """Who a line is about: a worker, and the marked id of the chat that it is at (0 = none)."""

    id: str
    chat: int


class _Context(NamedTuple):
    run: str = ""
    worker: Acting | None = None
    chat: int = 0
    message: int = 0


_context: ContextVar[_Context] = ContextVar("log_context", default=_Context())  # noqa: B039  # it cannot be changed


@contextmanager
def about(*, run: str = "", worker: Acting | None = None, chat: int = 0, message: int = 0) -> Iterator[None]:
    """Whatever is logged within, and in tasks that begin within, is about this run, worker, chat and message; what is
    not given stays as it was."""
    token = _context.set(_within(run, worker, chat, message))
    try:
        yield
    finally:
        _context.reset(token)


def all_about(*, worker: Acting) -> None:
    """As `about`, for all that the current task still does."""
    _context.set(_within("", worker, 0, 0))


def _within(run: str, worker: Acting | None, chat: int, message: int) -> _Context:
    outer = _context.get()
    other_chat = chat not in (0, outer.chat)
    return _Context(
        run or outer.run,
        worker if worker is not None else outer.worker,
        chat or outer.chat,
        message or (0 if other_chat else outer.message),
    )


class LogCounts(NamedTuple):
    """Lines that this process's log has taken, by level, and those that were repeats and left out."""

    written: Mapping[str, int]
    left_out: int


_written: Counter[str] = Counter()
_left_out = LeftOutTally()


def limiter() -> RepeatLimiter:
    """A limiter for lines that are to be dropped before they are made; its figures are part of `counts`."""
    return RepeatLimiter(tally=_left_out)


def counts() -> LogCounts:
    """The figures since the process began."""
    return LogCounts(dict(_written), _left_out.lines)


def tell_left_out() -> None:
    """Write how many repeats were left out and not told yet; at the end of a run, and of the process."""
    if _file_limiter is not None:
        for each in _file_limiter.rest():
            logger.bind(_told=each).info("{}", each.sentence)


_file_limiter: RepeatLimiter | None = None


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
    context = _context.get()
    worker, chat = context.worker, context.chat or (context.worker.chat if context.worker is not None else 0)
    facts = {"run": context.run, "worker": "" if worker is None else worker.id}
    fields |= {key: value for key, value in {**facts, "chat": chat, "message": context.message}.items() if value}
    extra = {key: redact(str(value)) for key, value in record["extra"].items() if not key.startswith("_")}
    if extra:
        fields["extra"] = extra
    if record["exception"] is not None:
        fields["error"] = redact(_traceback(record["exception"]))
    return json.dumps(fields, ensure_ascii=False)


def _summary(record: Record, left_out: LeftOut) -> str:
    """A line at the moment of `record` that tells of repeats of another one."""
    fields = {
        "at": record["time"].isoformat(timespec="milliseconds"),
        "level": "info",
        "pid": record["process"].id,
        "where": left_out.where,
        "text": redact(left_out.sentence),
        "repeats_left_out": left_out.times,
    }
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
    global _file_limiter
    tell_left_out()
    repeats = _file_limiter = limiter()

    def admit(record: Record) -> bool:
        extra = record["extra"]
        if "_told" in extra:
            extra["_line"] = _line(record, extra["_told"].times)
            return True
        passed, dropped = repeats.admit(f"{record['name']}:{record['line']}", record["message"])
        if passed:
            _written[record["level"].name.lower()] += 1
            ended = [_summary(record, each) for each in repeats.ended()]
            extra["_line"] = "\n".join([*ended, _line(record, dropped)])
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
    atexit.unregister(tell_left_out)
    atexit.register(tell_left_out)
    logging.basicConfig(handlers=[_FromLogging()], level=logging.WARNING, force=True)
