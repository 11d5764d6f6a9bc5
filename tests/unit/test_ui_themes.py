"""What theme files promise."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tobs_tui.ui.themes import COLOR_KEYS, DEFAULT_THEME, ThemeBook, check_theme, shipped_folder

SHIPPED = sorted(shipped_folder().glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_theme_is_whole(path: Path) -> None:
    assert check_theme(tomllib.loads(path.read_text())) == []


def test_dark_light_and_terminal_themes_are_shipped() -> None:
    book = ThemeBook((shipped_folder(),))
    book.load()
    assert DEFAULT_THEME in book.looks
    assert sum(look.dark and not look.theme.ansi for look in book.looks.values()) >= 2
    assert len(book.looks) >= 7
    assert sum(not look.dark for look in book.looks.values()) >= 2
    assert any(look.theme.ansi for look in book.looks.values())
    assert book.message() == ""


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_read_stands_out_from_what_is_behind_it(path: Path) -> None:
    table = tomllib.loads(path.read_text())
    if table.get("terminal_colors"):
        return  # the terminal decides
    colors = table["colors"]
    for name in ("text", "muted", "ok", "warn", "bad", "info", "accent"):
        for behind in ("background", "cursor", "surface"):
            light, dark = sorted((luminance(colors[name]), luminance(colors[behind])), reverse=True)
            wanted = 4.5 if name == "text" else 3.0
            assert (light + 0.05) / (dark + 0.05) >= wanted, f"{name} on {behind}"


def test_bad_themes_are_told_in_one_message_and_the_others_work(tmp_path: Path) -> None:
    good = (shipped_folder() / "paper.toml").read_text()
    (tmp_path / "mine.toml").write_text(good.replace('title = "Paper"', 'title = "Mine"'))
    (tmp_path / "typo.toml").write_text(good.replace("accent =", "acent ="))
    (tmp_path / "color.toml").write_text(good.replace('ok = "#2e7d46"', 'ok = "greenish"'))
    (tmp_path / "broken.toml").write_text("title = ")
    book = ThemeBook((shipped_folder(), tmp_path))
    book.load()
    assert "mine" in book.looks
    message = book.message()
    assert "typo.toml: colors.accent is missing, colors.acent is not known" in message
    assert "color.toml: colors.ok must be a colour such as #1a2b3c" in message
    assert "broken.toml" in message


def test_a_theme_of_ones_own_replaces_a_shipped_one(tmp_path: Path) -> None:
    text = (shipped_folder() / "paper.toml").read_text()
    (tmp_path / "night.toml").write_text(text)
    book = ThemeBook((shipped_folder(), tmp_path))
    book.load()
    assert not book.get("night").dark


def test_a_written_theme_is_noticed(tmp_path: Path) -> None:
    book = ThemeBook((shipped_folder(), tmp_path))
    book.load()
    assert not book.changed()
    (tmp_path / "new.toml").write_text("title = 'x'")
    assert book.changed()


def test_terminal_colours_are_only_for_terminal_themes() -> None:
    colors = dict.fromkeys(COLOR_KEYS, "ansi_green")
    assert check_theme({"title": "T", "terminal_colors": True, "colors": colors}) == []
    assert len(check_theme({"title": "T", "colors": colors})) == len(COLOR_KEYS)


def test_a_removed_and_a_dangling_file_are_noticed_and_a_folder_may_be_missing(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text((shipped_folder() / "paper.toml").read_text())
    book = ThemeBook((shipped_folder(), tmp_path, tmp_path / "none"))
    book.load()
    assert "mine" in book.looks
    mine.unlink()
    assert book.changed()
    mine.symlink_to(tmp_path / "nowhere")
    book.load()
    assert "mine" not in book.looks
    assert "mine.toml: " in book.message()
    assert not book.changed()
