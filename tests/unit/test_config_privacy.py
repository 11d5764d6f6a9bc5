"""What only its owner may read: put right at each start, refused where that cannot be; and passphrases from files."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tobs_tui.config.environment import read_environment
from tobs_tui.config.passphrase import given_passphrase, read_passphrase
from tobs_tui.config.paths import Paths
from tobs_tui.config.privacy import close_to_others, open_to_others
from tobs_tui.model.errors import ErrorCode, TobsError

NOBODY = 65534


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def as_nobody(work: Callable[[], None]) -> str:
    """What `work` is refused with when another user does it, in a process of its own; empty when it is not."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = ""
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            work()
        except TobsError as error:
            said = error.sentence
        except BaseException as error:  # noqa: BLE001  # all of it has to reach the parent
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as stream:
        return stream.read().decode()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_loose_files_and_folders_are_closed_at_the_start_and_told(home: Path) -> None:
    paths = Paths.resolve()
    paths.ensure()
    loose = [paths.session_file, paths.credentials_file, paths.dotenv_file, paths.log_dir / "tobs.jsonl"]
    for file in loose:
        file.write_text("secret")
        file.chmod(0o644)
    for folder in (paths.state_dir, paths.log_dir, paths.shared_dir):
        folder.chmod(0o755)
    paths.ensure()
    assert sorted(open_to_others(paths)) == sorted(loose)
    told = close_to_others(paths)
    assert open_to_others(paths) == []
    assert [mode(file) for file in loose] == [0o600] * 4
    assert [mode(folder) for folder in (paths.state_dir, paths.log_dir, paths.shared_dir)] == [0o700] * 3
    assert sorted(told) == sorted(f"Others could read {file}; now only you can." for file in loose)
    assert close_to_others(paths) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as somebody else")
def test_places_and_files_of_somebody_else_are_refused(open_folder: Path) -> None:
    paths = Paths.resolve(home=open_folder / "home")
    paths.ensure()
    for folder in open_folder.rglob("*"):
        os.chown(folder, NOBODY, NOBODY)
    assert as_nobody(paths.ensure) == ""
    paths.session_file.write_text("planted")
    paths.session_file.chmod(0o644)
    assert "session belongs to somebody else" in as_nobody(lambda: close_to_others(paths) and None)
    os.chown(paths.state_dir, 0, 0)
    paths.state_dir.chmod(0o777)
    assert "state belongs to somebody else, who could read what is kept there." in as_nobody(paths.ensure)


def test_a_passphrase_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse battery \r\nnot this\n")
    file.chmod(0o640)
    with pytest.raises(TobsError) as caught:
        read_passphrase(file)
    assert (caught.value.code, caught.value.way_on) == (
        ErrorCode.USAGE,
        f"Keep it to yourself first: chmod 600 {file}",
    )
    file.chmod(0o400)
    assert read_passphrase(file) == "correct horse battery "


@pytest.mark.parametrize(("content", "told"), [(b"\n", "is empty"), (b"\xff\xfe", "is not UTF-8"), (None, "No such")])
def test_a_passphrase_file_that_is_none_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(TobsError, match=told):
        read_passphrase(file)


def test_a_pipe_will_do(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"through a pipe\n")
    os.close(writing)
    assert read_passphrase(Path(f"/dev/fd/{reading}")) == "through a pipe"
    os.close(reading)


def test_the_file_goes_before_the_variable_and_env_files_count(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = Paths.resolve()
    paths.ensure()
    file = tmp_path / "passphrase"
    file.write_text("from the file\n")
    file.chmod(0o600)
    assert given_passphrase(paths, {}) is None
    assert given_passphrase(paths, {"TOBS_PASSPHRASE": "from the variable"}) == "from the variable"
    both = {"TOBS_PASSPHRASE": "from the variable", "TOBS_PASSPHRASE_FILE": str(file)}
    assert given_passphrase(paths, both) == "from the file"
    (tmp_path / ".env").write_text("TOBS_PASSPHRASE='in an env file'\n")
    (tmp_path / ".env").chmod(0o644)
    assert given_passphrase(paths, {}) == "in an env file"
    (warning,) = read_environment(paths, {}).warnings
    assert warning.endswith(f".env, which holds TOBS_PASSPHRASE: chmod 600 {tmp_path / '.env'}")
    (tmp_path / ".env").chmod(0o600)
    assert read_environment(paths, {}).warnings == ()
