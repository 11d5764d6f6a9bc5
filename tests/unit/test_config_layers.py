"""Configuration: every layer beats the one below it, and every value tells where it came from."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from tobs_tui.config.environment import OTHER_VARIABLES, parse_dotenv, read_environment, variable_names
from tobs_tui.config.layers import PROFILE_KEYS, SETTINGS_KEYS, Effective, Layer, Origin, effective
from tobs_tui.config.machine import Machine, this_machine
from tobs_tui.config.paths import Paths
from tobs_tui.config.presets import UNTUNED, tuned
from tobs_tui.config.profiles import read_profile
from tobs_tui.config.settings import KeyStyle, LogLevel, Settings, load_settings, save_settings
from tobs_tui.model.errors import TobsError
from tobs_tui.model.load import Thresholds
from tobs_tui.model.profile import (
    AudioFormat,
    Backoff,
    ChatTarget,
    Device,
    Format,
    ImageFormat,
    MediaKind,
    MediaNames,
    Performance,
    Preset,
    Profile,
    Quality,
    SenderStyle,
    Split,
    Targets,
    VideoFormat,
)
from tobs_tui.monitor.cgroups import ControlGroups

MACHINE = Machine(cpu_count=4, memory_bytes=8 << 30)
PERFORMANCE = [name for name in Performance.__struct_fields__ if name not in UNTUNED]


@pytest.fixture
def paths(home: Path) -> Paths:
    resolved = Paths.resolve()
    resolved.ensure()
    return resolved


def resolve(paths: Paths, profile: Profile | None = None, **layers: Any) -> Effective:
    return effective(
        profile,
        paths,
        layers.get("environ", {}),
        layers.get("flags", {}),
        given=layers.get("given"),
        source=layers.get("source", ""),
        machine=MACHINE,
        cwd=paths.state_dir,
    )


def value(chosen: Effective, key: str) -> Any:
    holder: Any = chosen.profile if key in PROFILE_KEYS else chosen.settings
    for step in key.split("."):
        holder = getattr(holder, step)
    return holder


def test_every_value_has_an_origin_and_none_is_default_or_tuned_twice(paths: Paths) -> None:
    chosen = resolve(paths)
    assert set(chosen.origins) == set(PROFILE_KEYS) | set(SETTINGS_KEYS)
    assert {origin.layer for origin in chosen.origins.values()} == {Layer.DEFAULT, Layer.TUNED}
    assert chosen.settings == Settings()


def test_each_layer_beats_the_one_below(paths: Paths) -> None:
    """The preset, which every layer but the lowest can name, climbed step by step."""

    def preset(**layers: Any) -> tuple[Preset, Layer]:
        chosen = resolve(paths, **layers)
        return chosen.profile.performance.preset, chosen.origins["performance.preset"].layer

    assert preset() == (Preset.BALANCED, Layer.DEFAULT)
    paths.settings_file.write_text('preset = "conservative"\n')
    assert preset() == (Preset.CONSERVATIVE, Layer.SETTINGS)
    profile = Profile(performance=Performance(preset=Preset.AGGRESSIVE))
    assert preset(profile=profile) == (Preset.AGGRESSIVE, Layer.PROFILE)
    paths.dotenv_file.write_text("TOBS_PERFORMANCE_PRESET=conservative\n")
    assert preset(profile=profile) == (Preset.CONSERVATIVE, Layer.ENVIRONMENT)
    environ = {"TOBS_PERFORMANCE_PRESET": "balanced"}
    assert preset(profile=profile, environ=environ) == (Preset.BALANCED, Layer.ENVIRONMENT)
    flags = {"performance.preset": "aggressive"}
    assert preset(profile=profile, environ=environ, flags=flags) == (Preset.AGGRESSIVE, Layer.FLAG)


@pytest.mark.parametrize("preset", [Preset.CONSERVATIVE, Preset.BALANCED, Preset.AGGRESSIVE])
@pytest.mark.parametrize("name", PERFORMANCE)
def test_every_value_of_every_preset_reaches_the_run(paths: Paths, preset: Preset, name: str) -> None:
    chosen = resolve(paths, Profile(performance=Performance(preset=preset)))
    wanted = getattr(tuned(preset, MACHINE.cpu_count, MACHINE.memory_bytes), name)
    assert getattr(chosen.profile.performance, name) == wanted
    origin = chosen.origins[f"performance.{name}"]
    assert origin == Origin(Layer.TUNED, f"preset {preset}, 4 processors, 8 GiB")


def test_presets_differ_and_grow(paths: Paths) -> None:
    for name in PERFORMANCE:
        low, middle, high = (
            getattr(tuned(preset, 8, 32 << 30), name)
            for preset in (Preset.CONSERVATIVE, Preset.BALANCED, Preset.AGGRESSIVE)
        )
        assert low <= middle <= high
        assert low < high


@pytest.mark.parametrize("cpus", [1, 2, 64])
@pytest.mark.parametrize("memory", [256 << 20, 2 << 30, 1 << 40])
@pytest.mark.parametrize("preset", list(Preset))
def test_tuned_values_are_always_ones_a_profile_may_have(preset: Preset, cpus: int, memory: int) -> None:
    import msgspec

    performance = tuned(preset, cpus, memory)
    assert msgspec.convert(msgspec.to_builtins(performance), Performance) == performance
    assert performance.decode_processes <= max(1, cpus)


def test_a_custom_profiles_values_are_its_own(paths: Paths) -> None:
    own = Performance(preset=Preset.CUSTOM, connections=3, history_workers=7, queue_mb=5)
    chosen = resolve(paths, Profile(performance=own))
    assert chosen.profile.performance == own
    assert chosen.origins["performance.history_workers"].layer is Layer.PROFILE


def test_a_file_with_some_values_says_which_are_its_own(paths: Paths) -> None:
    path = paths.profiles_dir / "night.toml"
    path.write_text("[performance]\nhistory_workers = 7\n")
    file = read_profile("night", paths, MACHINE)
    chosen = resolve(paths, file.profile, given=file.given, source="night.toml")
    assert chosen.profile.performance.history_workers == 7
    assert chosen.origins["performance.history_workers"] == Origin(Layer.PROFILE, "night.toml")
    assert chosen.origins["performance.queue_mb"].layer is Layer.TUNED


def test_a_preset_named_higher_up_replaces_single_values_below_and_keeps_those_beside(paths: Paths) -> None:
    own = Performance(preset=Preset.CUSTOM, history_workers=7)
    environ = {"TOBS_PERFORMANCE_PRESET": "conservative", "TOBS_PERFORMANCE_QUEUE_MB": "77"}
    performance = resolve(paths, Profile(performance=own), environ=environ).profile.performance
    assert (performance.history_workers, performance.queue_mb) == (2, 77)


VARIABLE_VALUES: dict[str, tuple[str, Any]] = {
    "output": ("/from/env", "/from/env"),
    "metrics_port": ("9464", 9464),
    "targets.all_chats": ("yes", True),
    "targets.chats": ("@a,-1005,Some title", (ChatTarget("@a"), ChatTarget(-1005), ChatTarget("Some title"))),
    "filters.since": ("2024-01-02", datetime.date(2024, 1, 2)),
    "filters.until": ("2024-01-03", datetime.date(2024, 1, 3)),
    "filters.last": ("500", 500),
    "filters.from_id": ("77", 77),
    "filters.only_mine": ("yes", True),
    "filters.senders": ("@zoe, 5001", ("@zoe", "5001")),
    "filters.text": ("/invoice|receipt/", "/invoice|receipt/"),
    "media.download": ("off", False),
    "media.kinds": ("photo, voice", (MediaKind.PHOTO, MediaKind.VOICE)),
    "media.max_size_mb": ("12", 12),
    "media.metadata": ("no", False),
    "media.transcode.video": ("av1", VideoFormat.AV1),
    "media.transcode.audio": ("opus", AudioFormat.OPUS),
    "media.transcode.images": ("webp", ImageFormat.WEBP),
    "media.transcode.quality": ("small", Quality.SMALL),
    "media.transcode.max_height": ("720", 720),
    "media.transcode.max_side": ("2048", 2048),
    "media.transcode.hardware": ("no", False),
    "media.transcode.keep_originals": ("no", False),
    "media.executor": ("dask://[::1]:8786", "dask://[::1]:8786"),
    "transcription.enabled": ("yes", True),
    "transcription.kinds": ("voice, audio", (MediaKind.VOICE, MediaKind.AUDIO)),
    "transcription.model": ("tiny.en", "tiny.en"),
    "transcription.language": ("de", "de"),
    "transcription.device": ("cpu", Device.CPU),
    "transcription.compute": ("int8", "int8"),
    "transcription.voice_filter": ("no", False),
    "transcription.fetch_model": ("on", True),
    "transcription.unload_after_s": ("30", 30),
    "layout.split": ("day", Split.DAY),
    "layout.anchors": ("none", "none"),
    "layout.day_headings": ("0", 0),
    "layout.sender_style": ("link", SenderStyle.LINK),
    "layout.media_names": ("original", MediaNames.ORIGINAL),
    "layout.timezone": ("UTC", "UTC"),
    "layout.transcript_times": ("1", True),
    "layout.pseudonymise": ("yes", True),
    "layout.formats": ("markdown, jsonl", (Format.MARKDOWN, Format.JSONL)),
    "performance.preset": ("aggressive", Preset.AGGRESSIVE),
    "performance.connections": ("5", 5),
    "performance.window": ("77", 77),
    "performance.backoff": ("linear", Backoff.LINEAR),
    "performance.history_workers": ("6", 6),
    "performance.decode_processes": ("7", 7),
    "performance.download_workers": ("8", 8),
    "performance.job_processes": ("9", 9),
    "performance.parts_in_flight": ("3", 3),
    "performance.queue_mb": ("100", 100),
    "performance.takeout": ("0", False),
    "performance.adapt": ("no", False),
    "theme": ("nord", "nord"),
    "low_bandwidth": ("1", True),
    "mouse": ("No", False),
    "ascii": ("TRUE", True),
    "key_style": ("arrows", KeyStyle.ARROWS),
    "unattended_wait_min": ("90", 90),
    "log_level": ("debug", LogLevel.DEBUG),
    "thresholds.cpu": ("50,60", (50.0, 60.0)),
    "thresholds.memory": ("51,61", (51.0, 61.0)),
    "thresholds.own_memory_mb": ("100,200", (100.0, 200.0)),
    "thresholds.disk": ("52,62", (52.0, 62.0)),
    "thresholds.disk_ample_gib": ("5,1", (5.0, 1.0)),
    "thresholds.descriptors": ("53,63", (53.0, 63.0)),
    "thresholds.io_stall": ("54,64", (54.0, 64.0)),
    "thresholds.loop_lag_ms": ("10,20", (10.0, 20.0)),
    "thresholds.queue": ("0,55", (0.0, 55.0)),
}


def test_every_variable_is_tried_below() -> None:
    assert set(VARIABLE_VALUES) == set(variable_names())


@pytest.mark.parametrize("key", sorted(VARIABLE_VALUES))
def test_every_variable_sets_its_value_and_a_flag_beats_it(paths: Paths, key: str) -> None:
    name = variable_names()[key]
    text, wanted = VARIABLE_VALUES[key]
    chosen = resolve(paths, environ={name: text})
    assert value(chosen, key) == wanted
    assert chosen.origins[key] == Origin(Layer.ENVIRONMENT, name)
    other = datetime.date(2023, 1, 1) if key in ("filters.since", "filters.until") else value(resolve(paths), key)
    flagged = resolve(paths, environ={name: text}, flags={key: other})
    assert value(flagged, key) == other
    assert flagged.origins[key].layer is Layer.FLAG


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("TOBS_PERFORMANCE_HISTORY_WORKERS", "99", "TOBS_PERFORMANCE_HISTORY_WORKERS: must be at most 32."),
        ("TOBS_LAYOUT_SPLIT", "week", "TOBS_LAYOUT_SPLIT: 'week' is not one of day, month, year, single."),
        ("TOBS_FILTERS_SINCE", "soon", "TOBS_FILTERS_SINCE: is not a date (write 2024-05-31)."),
        ("TOBS_FILTERS_LAST", "-1", "TOBS_FILTERS_LAST: must be at least 0."),
        (
            "TOBS_FILTERS_TEXT",
            "/(/",
            "TOBS_FILTERS_TEXT: /(/ is not a regular expression that RE2 can read: missing ): (.",
        ),
        ("TOBS_MOUSE", "maybe", "TOBS_MOUSE: must be true or false"),
        ("TOBS_LAYOUT_TIMEZONE", "Nowhere", "TOBS_LAYOUT_TIMEZONE: there is no time zone named Nowhere"),
    ],
)
def test_a_bad_variable_is_told_by_name(paths: Paths, name: str, text: str, told: str) -> None:
    with pytest.raises(TobsError) as caught:
        resolve(paths, environ={name: text})
    assert told in caught.value.sentence


def test_an_unknown_variable_is_a_warning_with_a_guess(paths: Paths) -> None:
    chosen = resolve(paths, environ={"TOBS_MOSE": "1", "OTHER": "2", **dict.fromkeys(OTHER_VARIABLES, "3")})
    assert chosen.warnings == ("TOBS_MOSE is not a variable that tobs knows; did you mean TOBS_MOUSE?",)


def test_dotenv_files_lie_below_the_environment_the_current_directorys_above_the_config_directorys(
    paths: Paths, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    paths.dotenv_file.write_text("TOBS_THEME=config\nTOBS_OUTPUT=/config\nTOBS_ASCII=yes\n")
    (here / ".env").write_text("TOBS_THEME=here\nTOBS_OUTPUT=/here\nSECRET=x\n")
    known = read_environment(paths, {"TOBS_THEME": "shell"}, here).variables
    found = {name: (variable.value, variable.source) for name, variable in known.items()}
    assert found == {
        "TOBS_THEME": ("shell", "environment"),
        "TOBS_OUTPUT": ("/here", str(here / ".env")),
        "TOBS_ASCII": ("yes", str(paths.dotenv_file)),
    }


def test_dotenv_lines_are_read_as_people_write_them() -> None:
    text = "# note\n\nexport A=1\nB = 'two # words' \nC=\"x\"\nD=plain # note\nE=\nnot a line\n"
    assert parse_dotenv(text) == ({"A": "1", "B": "two # words", "C": "x", "D": "plain", "E": ""}, [8])


def test_what_in_a_dotenv_file_cannot_work_is_told(paths: Paths) -> None:
    paths.dotenv_file.write_text("TOBS_HOME=/x\nnonsense\n")
    warnings = " ".join(read_environment(paths, {}, paths.state_dir).warnings)
    assert "TOBS_HOME has no effect in a .env file" in warnings
    assert ".env:2 was left out" in warnings


def test_settings_come_back_as_saved_and_reach_what_they_are_for(paths: Paths, tmp_path: Path) -> None:
    settings = Settings(
        theme="nord",
        low_bandwidth=True,
        mouse=False,
        ascii=True,
        default_output=str(tmp_path / "vault"),
        preset=Preset.AGGRESSIVE,
        log_level=LogLevel.DEBUG,
        thresholds=Thresholds(memory=(50.0, 60.0)),
        keymap={"run.pause": "f5"},
    )
    save_settings(settings, paths)
    assert load_settings(paths) == settings
    chosen = resolve(paths)
    assert chosen.settings == settings
    assert chosen.profile.output == str(tmp_path / "vault")
    assert chosen.profile.performance.history_workers == tuned(Preset.AGGRESSIVE, 4, 8 << 30).history_workers
    assert chosen.origins["keymap"].layer is Layer.SETTINGS
    assert chosen.origins["thresholds.memory"].layer is Layer.SETTINGS
    assert chosen.origins["thresholds.cpu"].layer is Layer.DEFAULT


def test_a_profiles_own_output_beats_the_settings_and_a_flag_beats_both(paths: Paths) -> None:
    paths.settings_file.write_text('default_output = "/settings"\n')
    assert resolve(paths, Profile(output="/profile")).profile.output == "/profile"
    assert resolve(paths, Profile(output="/profile"), flags={"output": "/flag"}).profile.output == "/flag"
    relative = resolve(paths, flags={"output": "here"}).profile.output
    assert relative == str(paths.state_dir / "here")
    paths.settings_file.unlink()
    assert resolve(paths).profile.output == str(paths.default_output)


def test_a_mistake_in_the_settings_file_is_told_with_file_line_and_key(paths: Paths) -> None:
    paths.settings_file.write_text('theme = "x"\nmosue = false\n')
    with pytest.raises(TobsError, match=r"settings\.toml:2: mosue: unknown key; did you mean mouse\?"):
        resolve(paths)


def test_chats_named_by_flags_replace_the_profiles(paths: Paths) -> None:
    profile = Profile(targets=Targets(chats=(ChatTarget(1),)))
    flags = {"targets.all_chats": False, "targets.chats": ("-100", "@x", "t.me/x")}
    chosen = resolve(paths, profile, flags=flags)
    assert [target.chat for target in chosen.profile.targets.chats] == [-100, "@x", "t.me/x"]


def test_a_containers_limits_count_as_the_machine(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    group = tmp_path / "fs" / "a" / "b"
    group.mkdir(parents=True)
    (group / "cpu.max").write_text("200000 100000\n")
    (group.parent / "cpu.max").write_text("100000 100000\n")
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text(f"{1 << 30}\n")
    (group.parent / "memory.current").write_text(f"{900 << 20}\n")
    (group.parent / "memory.stat").write_text(f"anon 5\ninactive_file {300 << 20}\n")
    groups = ControlGroups(tmp_path / "fs", own)
    assert this_machine(groups) == Machine(cpu_count=1, memory_bytes=1 << 30)
    assert groups.memory() == (600 << 20, 1 << 30)
    (group.parent / "cpu.max").write_text("max 100000\n")
    (group / "cpu.max").unlink()
    (group.parent / "memory.max").write_text("max\n")
    assert this_machine(groups) == this_machine(ControlGroups(tmp_path / "nothing here", own))


def test_limits_of_older_control_groups_count_too(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("4:memory:/box\n1:cpu,cpuacct:/\n0::/\n")
    memory, cpu = tmp_path / "fs" / "memory" / "box", tmp_path / "fs" / "cpu"
    memory.mkdir(parents=True)
    cpu.mkdir(parents=True)
    (cpu / "cpu.cfs_quota_us").write_text("-1\n")
    (cpu / "cpu.cfs_period_us").write_text("100000\n")
    (memory / "memory.limit_in_bytes").write_text(f"{1 << 29}\n")
    (memory / "memory.usage_in_bytes").write_text(f"{1 << 28}\n")
    (memory / "memory.stat").write_text("total_inactive_file 1000\n")
    groups = ControlGroups(tmp_path / "fs", own)
    assert (groups.processors(), groups.memory()) == (0.0, ((1 << 28) - 1000, 1 << 29))
    (cpu / "cpu.cfs_quota_us").write_text("50000\n")
    assert this_machine(groups) == Machine(cpu_count=1, memory_bytes=1 << 29)
