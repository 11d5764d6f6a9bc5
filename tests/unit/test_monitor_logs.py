"""The log: JSON lines for its owner only, without secrets, without floods."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from tobs_tui.monitor.logs import configure_logging, log_file, redact
from tobs_tui.monitor.repeats import REPEATS_PASSED, RepeatLimiter


@pytest.fixture
def log_dir(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "log"
    configure_logging(directory, "DEBUG")
    yield directory
    logger.remove()
    logging.basicConfig(force=True)


def lines(log_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_file(log_dir).read_text().splitlines()]


def test_lines_are_json_and_private(log_dir: Path) -> None:
    logger.bind(chat=-1005).info("hello\nworld {x}", x="{y}")
    (line,) = lines(log_dir)
    assert line["text"] == "hello\nworld {y}"
    assert line["level"] == "info"
    assert line["extra"]["chat"] == "-1005"
    assert stat.S_IMODE(log_file(log_dir).stat().st_mode) == 0o600
    assert stat.S_IMODE(log_dir.stat().st_mode) == 0o700


def test_a_traceback_is_part_of_its_line(log_dir: Path) -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError as error:
        logger.opt(exception=error).error("it broke")
    (line,) = lines(log_dir)
    assert "ValueError: password=***" in line["error"]


def test_other_libraries_warnings_arrive_too(log_dir: Path) -> None:
    logging.getLogger("telethon.network").warning("lost %s", "it")
    assert lines(log_dir)[0]["text"] == "telethon.network: lost it"


def test_a_level_leaves_out_what_is_below(tmp_path: Path, log_dir: Path) -> None:
    configure_logging(tmp_path / "other", "WARNING")
    logger.info("no")
    logger.warning("yes")
    assert [line["text"] for line in lines(tmp_path / "other")] == ["yes"]


def test_repeats_are_counted_instead_of_written(log_dir: Path) -> None:
    for number in range(100):
        logger.warning("retry {}", number)
    assert len(lines(log_dir)) == REPEATS_PASSED


def test_a_new_minute_tells_how_many_were_left_out() -> None:
    at = 0.0
    limiter = RepeatLimiter(lambda: at)
    assert [limiter.admit("here", f"try {n}")[0] for n in range(8)].count(True) == REPEATS_PASSED
    assert limiter.admit("there", "try 1")[0]
    at = 61.0
    assert limiter.admit("here", "try 9") == (True, 3)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("sign in with +49 151 23456789", "23456789"),
        ("code: 12345", "12345"),
        ("phone_code='54321'", "54321"),
        ("api_hash=0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("hash 0123456789abcdef0123456789abcdef.", "0123456789abcdef"),
        ('{"password": "hunter2"}', "hunter2"),
        ("tg://login?token=AbC-_123", "AbC"),
    ],
)
def test_secrets_do_not_reach_the_log(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "***" in redact(text)


def test_ordinary_text_stays() -> None:
    text = "chat -1001234567890: 100 messages @ 4812330 in 0.25 s, exit code 3"
    assert redact(text) == text


def test_a_log_that_cannot_be_written_is_told_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    configure_logging(tmp_path / "file" / "log")
    logger.warning("still heard")
    logger.remove()
    told = capsys.readouterr().err
    assert "the log cannot be written" in told
    assert "WARNING: still heard" in told
