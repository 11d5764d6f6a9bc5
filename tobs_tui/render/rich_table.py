"""Tables of rich messages as Markdown tables, whose cells are one line each and cover one column and row."""

from __future__ import annotations

from tobs_tui.model.rich import Align, Cell, Table
from tobs_tui.model.text import EntityKind
from tobs_tui.render.rich_lines import CELL_BREAK, lines

MAX_SPAN = 100
"""Columns that a cell can cover: what comes behind more of them is nothing to look at."""
_RULES = {Align.LEFT: "---", Align.CENTER: ":-:", Align.RIGHT: "--:"}


def table(block: Table) -> str:
    """A table under its title. The first row is the heading if any of its cells is one; else the heading is empty."""
    title = lines(block.title, EntityKind.BOLD)
    grid = _grid(block)
    width = max(map(len, grid), default=0)
    if not width:
        return title
    headed = any(cell is not None and cell.header for cell in grid[0])
    rules = [_RULES[_align(grid, column)] for column in range(width)]
    rows = [grid[0] if headed else [], *(grid[1:] if headed else grid)]
    shown = [_row([_shown(cell, heading=index == 0) for cell in row], width) for index, row in enumerate(rows)]
    shown.insert(1, _row(rules, width))
    return "\n\n".join(part for part in (title, "\n".join(shown)) if part)


def _grid(block: Table) -> list[list[Cell | None]]:
    """The rows with each cell where it begins, and None wherever it reaches besides."""
    grid: list[list[Cell | None]] = []
    below: dict[int, int] = {}  # rows that a cell further up still covers, by column
    for cells in block.rows:
        row: list[Cell | None] = []
        reach: dict[int, int] = {}
        for cell in cells:
            while len(row) in below:
                row.append(None)
            span = min(cell.columns, MAX_SPAN)
            if cell.rows > 1:
                reach.update((column, cell.rows - 1) for column in range(len(row), len(row) + span))
            row += [cell, *[None] * (span - 1)]
        below = {column: left - 1 for column, left in below.items() if left > 1} | reach
        grid.append(row)
    return grid


def _align(grid: list[list[Cell | None]], column: int) -> Align:
    """A column's alignment: that of its last cell, as headings may stand otherwise than what is below them."""
    for row in reversed(grid):
        cell = row[column] if column < len(row) else None
        if cell is not None:
            return cell.align
    return Align.LEFT


def _shown(cell: Cell | None, *, heading: bool) -> str:
    if cell is None:
        return ""
    styles = (EntityKind.BOLD,) if cell.header and not heading else ()
    return lines(cell.text, *styles, between=CELL_BREAK)


def _row(cells: list[str], width: int) -> str:
    return f"| {' | '.join([*cells, *[''] * (width - len(cells))])} |"
