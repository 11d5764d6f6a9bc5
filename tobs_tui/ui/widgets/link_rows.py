"""The connections to Telegram in the panel of resources: a line each, and everything about one."""

from __future__ import annotations

from rich.segment import Segment

from tobs_tui.model.display import NONE, clean, count, short_count
from tobs_tui.model.run import ConnectionRow, ConnectionState, LinkFigures
from tobs_tui.ui.glyphs import Glyphs
from tobs_tui.ui.paint import Line, Palette, fit


def connection_line(row: ConnectionRow, palette: Palette, glyphs: Glyphs, width: int) -> Line:
    """Name, state, latency, requests in flight now, and how many there were; or how often the line was lost."""
    up = row.state is ConnectionState.OPEN
    sign, style = (glyphs.on, palette.ok) if up else (glyphs.waiting, palette.warn)
    latency = f"{row.latency_ms:.0f} ms" if row.latency_ms >= 0 else NONE
    rest = f"{count(row.reconnects)}x lost" if row.reconnects else f"{short_count(row.requests)} in all"
    return [
        Segment(f" {fit(clean(row.id), 8)}", palette.muted),
        Segment(f"{sign} ", style),
        Segment(fit(latency, 7), palette.text),
        Segment(fit(f"{row.in_flight} now, {rest}", max(0, width - 19)), palette.muted),
    ]


def connection_details(row: ConnectionRow, link: LinkFigures) -> tuple[str, list[tuple[str, str]]]:
    """Heading and pairs for one connection, with what holds for all of them."""

    def milliseconds(value: float) -> str:
        return f"{value:.0f} ms" if value >= 0 else NONE

    pairs = [
        ("State", row.state.value),
        ("Data centre", f"dc{row.dc}"),
        ("Ping", milliseconds(row.latency_ms)),
        ("Answer", f"{milliseconds(row.answer_ms)} on average"),
        ("Requests", count(row.requests)),
        ("In flight", f"{row.in_flight} here; {link.in_flight} of {link.window} allowed over all connections"),
        ("Reconnects", count(row.reconnects)),
    ]
    pairs += [("Paced", f"{method}: {rate:.1f} a second") for method, rate in sorted(link.rates.items())]
    return f"Connection {clean(row.id)}", pairs
