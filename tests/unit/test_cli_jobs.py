"""Flags for jobs on files: formats by their own names, a cluster by its address, mistakes told with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tobs_tui.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of one's own."""
    monkeypatch.setenv("TOBS_HOME", str(tmp_path))


def test_formats_and_a_cluster_reach_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--transcode", "av1,OPUS", "--transcode", "webp", "--executor", "dask://[::1]:8786"]
    assert main([*flags, "config", "show"]) == 0
    shown = {line.partition("=")[0].strip(): line.partition("=")[2] for line in capsys.readouterr().out.splitlines()}
    assert shown["media.transcode.video"].split() == ['"av1"', "[flag]"]
    assert shown["media.transcode.audio"].split() == ['"opus"', "[flag]"]
    assert shown["media.transcode.images"].split() == ['"webp"', "[flag]"]
    assert shown["media.executor"].split() == ['"dask://[::1]:8786"', "[flag]"]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--transcode", "vp9"], "knows no format 'vp9'; it knows h264, hevc, av1, opus, webp, jpeg"),
        (["--transcode", "av1,h264"], "one format for video: av1, or h264?"),
        (["--executor", "spark://x:1"], "a cluster is named dask://host:port"),
        (["--executor", "dask://nobody"], "a cluster is named dask://host:port"),
    ],
)
def test_mistakes_are_told(flags: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*flags, "config", "show"]) == 2
    assert told in capsys.readouterr().err


def test_flags_for_runs_are_refused_where_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--transcode", "av1", "search", "bike"]) == 2
    assert "--transcode is for runs" in capsys.readouterr().err


def test_a_cluster_without_its_library_is_in_the_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata

    from tobs_tui.cli import doctor

    really = importlib.metadata.version

    def version(name: str) -> str:
        if name == "distributed":
            raise importlib.metadata.PackageNotFoundError(name)
        return really(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(doctor, "CHECKS", (doctor._cluster,))
    assert main(["doctor"]) == 0, "nobody asks for one"
    assert main(["--executor", "dask://host:1", "doctor"]) == 1
    assert "pip install 'tobs-tui[cluster]'" in capsys.readouterr().out
