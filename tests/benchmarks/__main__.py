"""Everything that is measured, in one table: ``python -m tests.benchmarks [--messages N] [--rounds N] [--rows A,B]``.

Runs against the sandbox, which serves from a process of its own. Writes ``build/bench.json`` as well. Exit status 1
when a figure misses its goal, or an export is not what it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from tests.benchmarks import apart, media, media_kills, throughput, verify
from tests.benchmarks.rows import Row, Settings, Verdict, show

RESULT = Path(__file__).parents[2] / "build" / "bench.json"

ROWS: dict[str, Callable[[Settings], list[Row]]] = {
    "throughput": throughput.throughput,
    "peers": throughput.peers,
    "memory": throughput.memory,
    "rerun": throughput.rerun,
    **{name: apart.near_limits(name) for name in apart.LATENCY},
    "media": media.large_files,
    "media-small": media.small_files,
    "media-kills": media_kills.kills,
    "verify": verify.verifying,
    "stages": apart.stages,
    "decode": apart.decoding,
    "render": apart.rendering,
    "speech": apart.speech,
}


def measured(names: Sequence[str], settings: Settings, console: Console) -> list[Row]:
    """The rows of these names; one that cannot be measured is a row that says why."""
    rows: list[Row] = []
    for name in names:
        console.print(f"{time.strftime('%H:%M:%S')} {name}", style="dim")
        known = len(rows)
        try:
            rows += ROWS[name](settings)
        except Exception as error:  # noqa: BLE001  # one row that fails must not cost the others
            traceback.print_exc()
            rows.append(Row(name, name, f"{type(error).__name__}: {error}"[:200], verdict=Verdict.MISSED))
        for row in rows[known:]:  # the table comes last, and may be long in coming
            console.print(f"  {row.what}: {row.figure} {row.verdict.value}", style="dim", highlight=False)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=Settings().messages)
    parser.add_argument("--rounds", type=int, default=Settings().rounds)
    parser.add_argument("--rows", default="", help=f"of {', '.join(ROWS)}")
    wanted = parser.parse_args(arguments)
    names = [name for name in wanted.rows.split(",") if name] or list(ROWS)
    if unknown := [name for name in names if name not in ROWS]:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    console = Console(width=None if sys.stdout.isatty() else 200)
    load = os.getloadavg()
    rows = measured(names, Settings(wanted.messages, wanted.rounds), console)
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load before {load[0]:.1f}"
    )
    show(rows, console)
    console.print(f"{machine}. {RESULT.relative_to(RESULT.parents[1])} has the numbers.", style="dim")
    RESULT.parent.mkdir(exist_ok=True)
    told = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": machine, "rows": msgspec.to_builtins(rows)}
    RESULT.write_text(json.dumps(told, indent=1) + "\n")
    return 1 if any(row.verdict is Verdict.MISSED for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
