"""What is told of a limit that would silently be none."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("flag", "nothing"), [("--last", "0"), ("--text", ""), ("--sender", " ")])
def test_a_limit_that_limits_nothing_is_refused_instead_of_exporting_everything(
    tmp_path: Path, flag: str, nothing: str
) -> None:
    args = ["--demo", "--headless", "--all-chats", flag, nothing, "--output", str(tmp_path / "vault")]
    env = {"TOBS_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "tobs_tui", *args], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    assert flag in done.stderr
    assert not (tmp_path / "vault").exists()
