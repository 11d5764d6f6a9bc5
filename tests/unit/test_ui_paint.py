"""What painting by lines promises."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from tobs_tui.ui.glyphs import ASCII, UNICODE, Glyphs, choose
from tobs_tui.ui.paint import bar, fit, justify, sparkline, width_of
from tobs_tui.ui.widgets.painted import wrap

PLAIN = Style()


@given(st.text(max_size=40), st.integers(0, 30), st.sampled_from("<>^"))
def test_a_text_takes_exactly_the_columns_it_is_given(text: str, width: int, align: str) -> None:
    printable = "".join(char for char in text if char.isprintable() and cell_len(char) > 0)
    assert cell_len(fit(printable, width, align)) == width


@given(st.floats(0, 1), st.integers(0, 60), st.sampled_from([UNICODE, ASCII]))
def test_a_bar_takes_exactly_its_columns(share: float, width: int, glyphs: object) -> None:
    assert width_of(bar(share, width, PLAIN, PLAIN, glyphs)) == width  # type: ignore[arg-type]


def test_a_bar_is_full_only_when_all_is_done() -> None:
    def text(share: float) -> str:
        return "".join(segment.text for segment in bar(share, 10, PLAIN, PLAIN, UNICODE))

    assert text(1.0) == "█" * 10
    assert text(0.999) != "█" * 10
    assert text(0.0) == "·" * 10


@given(st.lists(st.floats(0, 1e9), max_size=50), st.integers(1, 40))
def test_a_sparkline_takes_exactly_its_columns(values: list[float], width: int) -> None:
    assert width_of(sparkline(values, width, PLAIN, UNICODE)) == width


def test_both_ends_of_a_line_are_kept_apart() -> None:
    from rich.segment import Segment

    line = justify([Segment("left")], [Segment("right")], 20)
    assert "".join(segment.text for segment in line) == "left           right"


@given(st.text(alphabet="ab 漢\n", max_size=60), st.integers(2, 20))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrap(text, width))


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_sign_is_one_column_wide(glyphs: Glyphs) -> None:
    for name in Glyphs.__struct_fields__:
        value = getattr(glyphs, name)
        if isinstance(value, str):
            assert all(cell_len(char) == 1 for char in value), name
            assert glyphs is UNICODE or value.isascii(), name


def test_poor_terminals_get_ascii() -> None:
    assert choose(False, {"TERM": "linux", "LANG": "en_GB.UTF-8"}) is ASCII
    assert choose(False, {"TERM": "xterm", "LANG": "C"}) is ASCII
    assert choose(True, {"TERM": "xterm", "LANG": "en_GB.UTF-8"}) is ASCII
    assert choose(False, {"TERM": "xterm", "LANG": "en_GB.UTF-8"}) is UNICODE


def test_the_model_needs_no_textual() -> None:
    rooms = "tobs_tui.ui.run_model, tobs_tui.ui.tuning, tobs_tui.ui.target_list"
    code = f"import sys, {rooms}; print('textual' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_the_application_does_not_import_telethon() -> None:
    code = "import sys, tobs_tui.ui.app; print(sorted({'telethon', 'sqlite3', 'segno', 'PIL'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
