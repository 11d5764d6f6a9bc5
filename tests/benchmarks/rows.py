"""What a benchmark tells: rows of one table, and the verdict on each."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text


class Verdict(enum.StrEnum):
    """Whether a figure is what it must be; TOLD has no goal."""

    MET = "met"
    MISSED = "missed"
    TOLD = "-"


class Row(Struct, frozen=True):
    """One figure. `how` says in a few words how it was measured; `facts` has the numbers behind it, for programs."""

    name: str
    what: str
    figure: str
    goal: str = ""
    verdict: Verdict = Verdict.TOLD
    how: str = ""
    facts: dict[str, Any] = {}


class Settings(Struct, frozen=True):
    """How much to measure: messages of the large world, and rounds of what is compared."""

    messages: int = 1_000_000
    rounds: int = 3


def judged(good: bool) -> Verdict:
    """MET or MISSED."""
    return Verdict.MET if good else Verdict.MISSED


_STYLES = {Verdict.MET: "green", Verdict.MISSED: "bold red", Verdict.TOLD: "dim"}


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table."""
    table = Table("what", "figure", "goal", "verdict", "how", show_lines=False, pad_edge=False)
    for row in rows:
        verdict = Text(row.verdict.value, _STYLES[row.verdict])
        table.add_row(Text(row.what), Text(row.figure), Text(row.goal), verdict, Text(row.how))
    console.print(table)
