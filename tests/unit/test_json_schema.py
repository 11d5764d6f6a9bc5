"""The JSON Schema of the JSON lines: what it knows, what it refuses, and that a version keeps what it has promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.json import encode
from msgspec.structs import replace

from tests.json_lines import judge, judged
from tobs_tui.engine.failures import Missing
from tobs_tui.headless import answers, lines
from tobs_tui.headless.schema import json_schema
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.estimate import Basis, ChatEstimate, KindEstimate, Pace
from tobs_tui.model.profile import MediaKind, Profile
from tobs_tui.model.run import (
    CacheReading,
    ConnectionRow,
    ConnectionState,
    Failure,
    GpuReading,
    LinkFigures,
    Outcome,
    ProcessReading,
    Resources,
    RunPhase,
    RunState,
)

ROOT = Path(__file__).resolve().parents[2]
PROMISED = Path(__file__).with_name(f"json_lines_{lines.SCHEMA}.json")
"""The schema as it was when its version came out, with what has been added since."""
RUN = RunState(
    "r1",
    Profile(name="night"),
    "/vault",
    phase=RunPhase.RUNNING,
    failures=(Failure(7, "chat", "private", ErrorCode.CHAT_UNAVAILABLE, title="Ann"),),
    link=LinkFigures((ConnectionRow("main1", 2, ConnectionState.OPEN),), rates={"messages.getHistory": 1.5}),
    resources=Resources(
        gpus=(GpuReading("NVIDIA"),), processes=(ProcessReading(7, "main"),), caches=(CacheReading("peers"),)
    ),
)


def test_the_command_prints_it() -> None:
    tobs = str(Path(sys.executable).with_name("tobs"))
    printed = subprocess.run([tobs, "--json-schema"], capture_output=True, text=True, check=True)
    assert json.loads(printed.stdout) == json.loads(encode(json_schema()))


def test_it_knows_whatever_is_written_down_to_the_last_figure() -> None:
    ends = [
        lines.ended(replace(RUN, outcome=Outcome.INCOMPLETE), 5.0),
        lines.refused(TobsError(ErrorCode.FLOOD_WAIT, "Wait.", wait_s=9), 5.0),
        lines.refused(TobsError(ErrorCode.SERVICE_GONE, "Gone."), 5.0, RUN),
        lines.not_begun(5.0),
        lines.left(RUN, "Left.", 5.0),
    ]
    told = judged("\n".join(lines.encode(line) for line in (lines.progress(RUN, 5.0), *ends)))
    assert told[0]["connections"][0]["latency_ms"] == -1
    assert told[0]["machine"]["caches"][0] == {"name": "peers", "entries": 0, "hits": 0, "misses": 0, "evictions": 0}
    assert [line["schema"] for line in told[1:]] == [lines.SCHEMA] * len(ends)


def test_it_knows_the_answers_of_commands_that_only_ask() -> None:
    kinds = (KindEstimate(MediaKind.PHOTO, 3, 2, 900, Basis.SAMPLE),)
    row = ChatEstimate(7, 0, "Ann", 12, 4, 8, kinds, 1, 2)
    plan = answers.Plan(
        "night",
        "/vault",
        (answers.planned(row),),
        answers.PlannedSum(1, 12, 4, 8, 2, 900, 1, 2),
        (MediaKind.VIDEO,),
        answers.reckoned(Pace(40.0)),
        3,
        "",
    )
    missing = msgspec.convert(Missing(7, 7, "Ann", "file", "gone", 5), answers.ItemMissing, from_attributes=True)
    told = judged("\n".join(lines.encode(line) for line in (plan, missing)))
    assert (told[0]["chats"][0]["files"], told[0]["chats"][0]["bytes"]) == (2, 900)
    assert told[1] == {
        "event": "item_missing",
        "chat": 7,
        "title": "Ann",
        "what": "file",
        "reason": "gone",
        "message_id": 5,
        "kind": "",
        "size": 0,
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("news",), 1),
        (("totals", "news"), 1),
        (("machine", "processes", 0, "news"), 1),
        (("connections", 0, "state"), "asleep"),
        (("event",), "news"),
    ],
)
def test_what_it_does_not_know_is_found(path: tuple[str | int, ...], value: object) -> None:
    line = json.loads(lines.encode(lines.progress(RUN, 5.0)))
    place: Any = line
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not judge().is_valid(line)
    with pytest.raises(AssertionError, match=r"news|asleep"):
        judged(json.dumps(line))


def test_a_missing_key_is_found() -> None:
    line = json.loads(lines.encode(lines.progress(RUN, 5.0)))
    del line["totals"]["eta_s"]
    assert not judge().is_valid(line)


def test_a_version_keeps_what_it_promised() -> None:
    """Where this fails because something was added, write the schema into the file (`tobs --json-schema`); where
    something went or changed its type, readers break: that is a new version."""
    assert json.loads(PROMISED.read_text()) == json.loads(encode(json_schema()))


def test_the_readme_has_every_event_with_its_keys() -> None:
    schema = json_schema()
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `")]
    for event, kind in schema["discriminator"]["mapping"].items():
        row = next(row for row in rows if f"`{event}`" in row.split("|")[1])
        for key in schema["$defs"][kind.rpartition("/")[2]]["properties"]:
            assert key in ("event", "at") or f"`{key}`" in row, f"{event}: {key}"
