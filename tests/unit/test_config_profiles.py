"""Profiles: they come back as they were saved, and a mistake in a file is told with file, line and key."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from tobs_tui.config.machine import Machine
from tobs_tui.config.paths import Paths
from tobs_tui.config.presets import tuned
from tobs_tui.config.profiles import (
    RESERVED_NAMES,
    delete_profile,
    list_profiles,
    read_profile,
    save_profile,
)
from tobs_tui.config.settings import Settings, save_settings
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import (
    Anchors,
    Backoff,
    ChatTarget,
    Filters,
    Layout,
    MediaKind,
    MediaOptions,
    Performance,
    Preset,
    Profile,
    Split,
    Targets,
)

MACHINE = Machine(cpu_count=4, memory_bytes=8 << 30)
FULL = Profile(
    name="night archive",
    output="/srv/vault",
    targets=Targets(chats=(ChatTarget(-1001234, 'Räder & "Rost"', (1, 7)), ChatTarget("@name"))),
    filters=Filters(
        since=datetime.date(2024, 2, 29),
        until=datetime.date(2024, 12, 31),
        last=1000,
        from_id=7,
        only_mine=True,
        senders=("me", "@zoe", "Ivan"),
        text='/"quoted" \\d+/',
    ),
    media=MediaOptions(download=False, kinds=(MediaKind.PHOTO, MediaKind.VOICE), max_size_mb=50),
    layout=Layout(split=Split.DAY, anchors=Anchors.BLOCK, timezone="Europe/Berlin"),
    performance=Performance(
        preset=Preset.CUSTOM,
        connections=2,
        window=21,
        backoff=Backoff.FIXED,
        history_workers=9,
        decode_processes=3,
        download_workers=5,
        parts_in_flight=6,
        queue_mb=33,
        takeout=False,
    ),
)


@pytest.fixture
def paths(home: Path) -> Paths:
    resolved = Paths.resolve()
    resolved.ensure()
    return resolved


def write(paths: Paths, text: str, name: str = "night") -> Path:
    path = paths.profiles_dir / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_profile_comes_back_as_it_was_saved(paths: Paths) -> None:
    path = save_profile(FULL, paths)
    assert read_profile("night archive", paths).profile == FULL
    assert read_profile(str(path), paths).profile == FULL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_saving_again_replaces_and_leaves_nothing_beside(paths: Paths) -> None:
    save_profile(FULL, paths)
    save_profile(replace(FULL, output="/elsewhere"), paths)
    assert read_profile("night archive", paths).profile.output == "/elsewhere"
    assert [path.name for path in paths.profiles_dir.iterdir()] == ["night archive.toml"]


def test_a_presets_values_are_not_frozen_into_the_file(paths: Paths) -> None:
    save_profile(Profile(name="fast", performance=tuned(Preset.AGGRESSIVE, 64, 1 << 40)), paths)
    text = (paths.profiles_dir / "fast.toml").read_text()
    assert 'preset = "aggressive"' in text
    assert "history_workers" not in text


def test_single_values_beside_a_preset_are_that_preset_with_these_values(paths: Paths) -> None:
    write(paths, '[performance]\npreset = "aggressive"\nhistory_workers = 3\n')
    base = tuned(Preset.AGGRESSIVE, MACHINE.cpu_count, MACHINE.memory_bytes)
    loaded = read_profile("night", paths, MACHINE).profile.performance
    assert loaded == replace(base, preset=Preset.CUSTOM, history_workers=3)


def test_single_values_without_a_preset_stand_on_the_settings_preset(paths: Paths) -> None:
    save_settings(Settings(preset=Preset.CONSERVATIVE), paths)
    write(paths, "[performance]\nqueue_mb = 99\n")
    base = tuned(Preset.CONSERVATIVE, MACHINE.cpu_count, MACHINE.memory_bytes)
    loaded = read_profile("night", paths, MACHINE).profile.performance
    assert loaded == replace(base, preset=Preset.CUSTOM, queue_mb=99)


def test_a_relative_output_counts_from_the_home_or_from_a_files_own_directory(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(paths, 'output = "vault"\n')
    assert read_profile("night", paths).profile.output == str(tmp_path / "vault")
    elsewhere = tmp_path / "work" / "mine.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text('output = "vault"\n')
    assert read_profile(str(elsewhere), paths).profile.output == str(tmp_path / "work" / "vault")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[performance]\n\n\nhistroy_workers = 3",
            "night.toml:4: performance.histroy_workers: unknown key; did you mean history_workers?",
        ),
        ("[performance]\nhistory_workers = 99", "night.toml:2: performance.history_workers: must be at most 32"),
        ('performance.queue_mb = "many"', "night.toml:1: performance.queue_mb: must be a whole number, not a text"),
        ('[layout]\nsplit = "week"', "night.toml:2: layout.split: 'week' is not one of day, month, year, single"),
        ('[media]\nkinds = ["photo",\n "photos"]', "night.toml:2: media.kinds: 'photos' is not one of photo, video"),
        (
            "[[targets.chats]]\nchat = 1\n[[targets.chats]]\nchta = 2",
            "targets.chats.chta: unknown key; did you mean chat?",
        ),
        ("[filters]\nsince = 2024-05-01\nuntil = 2024-01-01", "night.toml:3: filters.until: 2024-01-01 is before"),
        ('[layout]\ntimezone = "Mars/Olympus"', "night.toml:2: layout.timezone: there is no time zone named Mars"),
        ("name = \n", "night.toml:1: name: not valid TOML"),
        ("[filters]\nlast = -1", "night.toml:2: filters.last: must be at least 0"),
        ('[filters]\nsenders = "@zoe"', "night.toml:2: filters.senders: must be a list, not a text"),
        ('[filters]\nsenders = [" "]', "night.toml:2: filters.senders: a sender needs"),
        ("[filters]\nonly_mine = 1", "night.toml:2: filters.only_mine: must be true or false"),
        ('[filters]\nlast = 5\ntext = "/(/"', "night.toml:3: filters.text: /(/ is not a regular expression"),
        ("[filters]\nsince = 2024-13-45", "night.toml:2: since: not valid TOML"),
        (
            "[filters]\nsince = 2024-05-01T10:00:00Z",
            "night.toml:2: filters.since: must be a date, not a date with a time",
        ),
        ("[targets]\nchats = [7]", "night.toml:2: targets.chats: must be a table, not a whole number (begin each"),
        ("[[targets.chats]]\nchat = ' '", "night.toml:1: targets.chats: a chat needs an id, an @name"),
        ("wrong = 1", "night.toml:1: wrong: unknown key"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(paths: Paths, text: str, told: str) -> None:
    write(paths, text)
    with pytest.raises(TobsError) as caught:
        read_profile("night", paths)
    assert told in caught.value.sentence
    assert caught.value.code is ErrorCode.BAD_PROFILE


def test_bytes_that_are_no_text_are_told(paths: Paths) -> None:
    (paths.profiles_dir / "night.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TobsError, match=r"night\.toml: the file is not UTF-8 text"):
        read_profile("night", paths)


def test_a_missing_profile_names_those_that_there_are(paths: Paths) -> None:
    save_profile(replace(FULL, name="night"), paths)
    save_profile(replace(FULL, name="day"), paths)
    with pytest.raises(TobsError) as caught:
        read_profile("nigth", paths)
    assert "did you mean night?" in caught.value.sentence
    assert caught.value.way_on == "Saved profiles: day, night."


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "", " ", ".hidden", "x" * 80, "a\x1b[31m", *sorted(RESERVED_NAMES)]
)
def test_names_that_would_be_paths_commands_or_escapes_are_refused(paths: Paths, name: str) -> None:
    with pytest.raises(TobsError) as caught:
        save_profile(replace(FULL, name=name), paths)
    assert caught.value.field == "name"
    assert not list(paths.profiles_dir.iterdir())


def test_a_bad_file_is_listed_with_its_problem_beside_the_good_ones(paths: Paths) -> None:
    save_profile(replace(FULL, name="good"), paths)
    write(paths, "oops = 1", "bad")
    write(paths, 'output = "~nobody-has-this-name/v"', "homeless")
    found = {info.name: info.problem for info in list_profiles(paths)}
    assert found == {
        "bad": "bad.toml:1: oops: unknown key",
        "good": "",
        "homeless": "homeless.toml:1: output: ~nobody-has-this-name/v: there is no such home directory.",
    }


def test_a_deleted_profile_is_gone(paths: Paths) -> None:
    save_profile(FULL, paths)
    delete_profile(FULL.name, paths)
    assert list_profiles(paths) == []
    with pytest.raises(TobsError, match="no profile named"):
        delete_profile(FULL.name, paths)
