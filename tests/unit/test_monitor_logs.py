"""The log: JSON lines for its owner only, without secrets, without floods."""

from __future__ import annotations

import itertools
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from loguru import logger

from tobs_tui.engine.state import RunBoard
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import Level, Outcome
from tobs_tui.monitor import logs
from tobs_tui.monitor.logs import KEPT_FILES, about, configure_logging, counts, log_file, redact, tell_left_out
from tobs_tui.monitor.repeats import PLACES_KEPT, REPEATS_PASSED, LeftOut, RepeatLimiter


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


def test_lines_say_which_run_worker_chat_and_message_they_are_about(log_dir: Path) -> None:
    worker = SimpleNamespace(id="w01", chat=-1001)
    with about(run="r1", worker=worker):
        logger.warning("of the worker's chat")
        with about(chat=-1002, message=7):
            logger.warning("of another one")
        with about(message=8):
            logger.warning("of a message")
    logger.warning("of nothing")
    own, other, message, nothing = lines(log_dir)
    assert (own["run"], own["worker"], own["chat"]) == ("r1", "w01", -1001)
    assert (other["run"], other["worker"], other["chat"], other["message"]) == ("r1", "w01", -1002, 7)
    assert (message["chat"], message["message"]) == (-1001, 8)
    assert not {"run", "worker", "chat", "message"} & (nothing.keys() | (own.keys() & {"message"}))


def test_a_million_identical_warnings_cost_a_counter(tmp_path: Path, log_dir: Path) -> None:
    board = RunBoard("r1", Profile(), "/vault")
    before = counts()
    for _ in range(1_000_000):
        board.log(Level.WARNING, "messages.getHistory: the same trouble")
    board.finish(Outcome.COMPLETE, "Done.")
    update = board.take_update()
    assert update is not None
    assert len(update.log) == REPEATS_PASSED + 1
    assert "999995 more like this were left out: messages.getHistory: the same trouble" in update.log[-1].text
    assert counts().left_out - before.left_out == 1_000_000 - REPEATS_PASSED
    assert counts().written["warning"] - before.written.get("warning", 0) == REPEATS_PASSED
    assert log_file(log_dir).stat().st_size < 3_000
    assert "999995 more" in lines(log_dir)[-1]["text"]


def test_what_floods_the_log_from_elsewhere_is_bounded_and_told_at_the_end(log_dir: Path) -> None:
    for number in range(5_000):
        logging.getLogger("some.library").warning("trouble number %d", number)
    tell_left_out()
    found = lines(log_dir)
    assert len(found) == REPEATS_PASSED + 1
    assert found[-1]["repeats_left_out"] == 5_000 - REPEATS_PASSED
    assert "trouble number 4999" in found[-1]["text"]
    assert log_file(log_dir).stat().st_size < 3_000
    tell_left_out()
    assert len(lines(log_dir)) == len(found), "what was told is told once"


def test_warnings_that_all_differ_take_no_more_room_than_the_files_that_are_kept(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "ROTATE_AT", 20_000)
    configure_logging(log_dir, "DEBUG")
    letters = [chr(ord("a") + number) for number in range(26)]
    for text in itertools.islice(itertools.product(letters, repeat=3), 3_000):
        logger.warning("trouble {}", "".join(text))
    files = list(log_dir.iterdir())
    assert len(files) == KEPT_FILES + 1
    assert sum(path.stat().st_size for path in files) <= (KEPT_FILES + 1) * 20_500
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)


def test_repeats_that_stop_are_told_by_whatever_comes_next() -> None:
    at = 0.0
    limiter = RepeatLimiter(lambda: at)
    for number in range(9):
        limiter.admit("here", f"try {number}")
    assert limiter.ended() == []
    at = 61.0
    assert limiter.ended() == [LeftOut("here", "try 8", 9 - REPEATS_PASSED)]
    assert limiter.rest() == []


def test_more_places_than_are_remembered_lose_no_count() -> None:
    limiter = RepeatLimiter(lambda: 0.0)
    for _ in range(REPEATS_PASSED + 3):
        limiter.admit("here", "again")
    for number in range(PLACES_KEPT + 5):
        limiter.admit(f"place {number}", "once")
    assert [each.times for each in limiter.ended()] == [3]


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
