"""Painting by lines: the palette of styles, fitting text to columns, bars and sparklines. No widget, no state."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from tobs_tui.ui.glyphs import Glyphs

Line = list[Segment]
"""One line of the screen."""


class Palette(Struct, frozen=True):
    """The styles of a theme. Names say what they are for, never what colour they are."""

    text: Style
    muted: Style
    faint: Style
    strong: Style
    accent: Style
    ok: Style
    warn: Style
    bad: Style
    info: Style
    bar: Style
    bar_done: Style
    bar_held: Style
    trough: Style
    frame: Style
    frame_focus: Style
    cursor: Style
    chip: Style
    tab: Style
    spark: Style


def palette_of(colors: dict[str, str]) -> Palette:
    """The palette of a theme's colours (see `themes.COLOR_KEYS`); ``ansi_*`` names stay the terminal's own."""

    def color(key: str) -> str:
        return colors[key].removeprefix("ansi_")

    def style(key: str, bold: bool = False) -> Style:
        return Style(color=color(key), bold=bold or None)

    trough = color("trough")

    def bar(key: str) -> Style:
        return Style(color=color(key), bgcolor=None if trough == "default" else trough)

    return Palette(
        text=style("text"),
        muted=style("muted"),
        faint=style("faint"),
        strong=style("text", bold=True),
        accent=style("accent", bold=True),
        ok=style("ok"),
        warn=style("warn"),
        bad=style("bad"),
        info=style("info"),
        bar=bar("bar"),
        bar_done=bar("ok"),
        bar_held=bar("warn"),
        trough=style("faint") if trough == "default" else bar("faint"),
        frame=style("frame"),
        frame_focus=style("accent"),
        cursor=Style(reverse=True) if color("cursor") == "default" else Style(bgcolor=color("cursor")),
        chip=Style(color=color("chip_text"), bgcolor=color("accent"), bold=True),
        tab=style("text", bold=True),
        spark=style("bar"),
    )


def with_few_colors(palette: Palette) -> Palette:
    """The palette where there are 16 colours: what differed by a shade has to differ by more than that.

    The nearest of the 16 to a cursor's background is often that of the text or of everything else.
    """
    bars = {name: Style(color=getattr(palette, name).color) for name in ("bar", "bar_done", "bar_held")}
    return replace(
        palette,
        cursor=Style(reverse=True),
        tab=palette.tab + Style(underline=True),
        faint=palette.muted,
        frame=palette.muted,
        trough=palette.muted,
        **bars,
    )


def plain_palette() -> Palette:
    """The palette where there are to be no colours: bold, dim and reversed text only."""
    plain, bold, dim = Style(), Style(bold=True), Style(dim=True)
    same = dict.fromkeys(("text", "muted", "ok", "info", "bar", "bar_done", "bar_held", "trough", "spark"), plain)
    loud = dict.fromkeys(("strong", "accent", "warn", "bad", "frame_focus"), bold)
    turned = {"cursor": Style(reverse=True), "chip": Style(reverse=True, bold=True)}
    turned["tab"] = Style(bold=True, underline=True)
    return Palette(faint=dim, frame=dim, **same, **loud, **turned)


PALETTE_KEYS = Palette.__struct_fields__


def fit(text: str, width: int, align: str = "<", more: str = "…") -> str:
    """`text` in exactly `width` columns: padded, or cut with `more`. `align` is '<', '>' or '^'."""
    if width <= 0:
        return ""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - len(more)) + more if width > len(more) else set_cell_size(text, width)
    gap = width - length
    if align == ">":
        return " " * gap + text
    if align == "^":
        return " " * (gap // 2) + text + " " * (gap - gap // 2)
    return text + " " * gap


def width_of(line: Sequence[Segment]) -> int:
    """How many columns a line takes."""
    return sum(segment.cell_length for segment in line)


def crop(line: Line, width: int) -> Line:
    """`line` cut or padded to exactly `width` columns."""
    return Segment.adjust_line_length(line, width)


def cut(line: Line, width: int) -> Line:
    """`line` in exactly `width` columns, with a sign at the end where something had to be left out."""
    kept = crop(line, width)
    text, whole = ("".join(segment.text for segment in part).rstrip() for part in (kept, line))
    if cell_len(whole) <= width or not text:
        return kept
    kept = crop(line, width - 1)
    return [*kept, Segment("…", kept[-1].style if kept else None)]


def justify(left: Line, right: Line, width: int, gap: Style | None = None) -> Line:
    """`left` and `right` at the two ends of `width` columns; the right end gives way first."""
    room = width - width_of(left)
    taken = width_of(right)
    if taken > room:
        return crop([*left, *right], width)
    return [*left, Segment(" " * (room - taken), gap), *right]


def bar(share: float, width: int, filled: Style, trough: Style, glyphs: Glyphs) -> Line:
    """A progress bar of `width` columns; one style run where the trough is a background, two where it is dots."""
    if width <= 0:
        return []
    steps = len(glyphs.eighths)
    ticks = int(max(0.0, min(1.0, share)) * width * steps)
    whole, part = divmod(ticks, steps)
    text = glyphs.full * whole
    if part and whole < width:
        text += glyphs.eighths[part]
    rest = width - len(text)
    if filled.bgcolor is not None and not glyphs.ascii:
        return [Segment(text + " " * rest, filled)]
    line = [Segment(text, filled)] if text else []
    if rest:
        line.append(Segment(glyphs.dot * rest, trough))
    return line


def sparkline(values: Sequence[float], width: int, style: Style, glyphs: Glyphs) -> Line:
    """The last `width` values as a row of columns, scaled to their own maximum; blank where there are none yet."""
    shown = list(values)[-width:]
    peak = max(shown, default=0.0)
    ramp = glyphs.sparks
    if peak <= 0:
        return [Segment(fit(ramp[0] * len(shown), width, ">"), style)]
    marks = "".join(ramp[min(len(ramp) - 1, int(max(0.0, value) / peak * len(ramp)))] for value in shown)
    return [Segment(fit(marks, width, ">"), style)]


def colorless(style: Style) -> Style:
    """`style` without its colours. What a click does stays: rich drops that as well."""
    return style.without_color + Style(meta=style.meta) if style.meta else style.without_color


def highlight(line: Line, style: Style) -> Line:
    """`line` with `style` laid under it, as for the row with the cursor; what has a background of its own keeps it.

    A row that is reversed gives up its colours: they would become backgrounds, a patch for every word.
    """
    if style.reverse:
        return [Segment(text, colorless(own) + style if own else style) for text, own, _ in line]
    return [
        Segment(text, own if own is not None and own.bgcolor is not None else (own + style if own else style))
        for text, own, _ in line
    ]
