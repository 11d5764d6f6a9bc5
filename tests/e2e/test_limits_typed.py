"""What is told of a limit that would silently be none."""

import subprocess
import sys
from pathlib import Path


def test_asking_for_the_newest_zero_messages_is_refused_instead_of_exporting_everything(tmp_path: Path) -> None:
    args = ["--demo", "--headless", "--all-chats", "--last", "0", "--output", str(tmp_path / "vault")]
    env = {"TOBS_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "tobs_tui", *args], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "--last" in done.stderr
    assert not (tmp_path / "vault").exists()
