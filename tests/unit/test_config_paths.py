"""Where things lie: one place decides, real accounts, demo and other servers never meet, and others cannot look in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from msgspec.structs import fields

from tobs_tui.config.paths import MAX_SOCKET_PATH, Paths
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.server import ServerAddress

KEY = "-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n"


SHARED = ("demo", "account", "themes_dir", "models_dir")


def places(paths: Paths) -> set[Path]:
    own = {getattr(paths, field.name) for field in fields(Paths) if field.name not in SHARED}
    return own | {paths.session_file, paths.credentials_file, paths.journal_file, paths.lock_file}


def test_one_variable_puts_everything_below_one_directory(home: Path) -> None:
    paths = Paths.resolve()
    assert all(home in place.parents for place in places(paths) if place != paths.socket)


def test_without_it_the_platforms_conventions_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOBS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert tmp_path in Paths.resolve().state_dir.parents


def test_demo_real_account_and_other_servers_share_nothing(home: Path) -> None:
    server = ServerAddress(dc=2, host="127.0.0.1", port=1, public_key=KEY)
    sets = [places(each) for each in (Paths.resolve(), Paths.resolve(demo=True), Paths.resolve(server=server))]
    for index, one in enumerate(sets):
        for other in sets[index + 1 :]:
            assert not one & other


def test_accounts_of_one_server_share_settings_and_api_id_only(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main, work = Paths.resolve(), Paths.resolve(account="work")
    shared = {main.shared_dir, main.settings_file, main.credentials_file, main.dotenv_file}
    assert places(main) & places(work) == {main.shared_dir, main.credentials_file}
    assert shared == {work.shared_dir, work.settings_file, work.credentials_file, work.dotenv_file}
    monkeypatch.setenv("TOBS_ACCOUNT", "work")
    assert Paths.resolve() == work
    assert Paths.resolve(account="main") == main
    work.ensure()
    for place in (work.state_dir, work.state_dir.parent, work.config_dir.parent, work.shared_dir):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert main.accounts() == ["main", "work"]
    assert Paths.resolve(account="new").accounts() == ["main", "new", "work"]


@pytest.mark.parametrize("name", ["..", "a/b", "-x", "a b", "ä", "x" * 33, "\x1b[1m"])
def test_an_account_has_a_name_that_folders_can_have(home: Path, name: str) -> None:
    with pytest.raises(TobsError) as caught:
        Paths.resolve(account=name)
    assert caught.value.code is ErrorCode.USAGE


def test_a_server_is_known_by_its_key_not_by_its_port(home: Path) -> None:
    one = ServerAddress(dc=2, host="127.0.0.1", port=1, public_key=KEY)
    moved = ServerAddress(dc=2, host="localhost", port=2, public_key=KEY.replace("\n", "\r\n"))
    assert Paths.resolve(server=one) == Paths.resolve(server=moved)


def test_directories_are_the_owners_only(home: Path) -> None:
    paths = Paths.resolve()
    paths.config_dir.mkdir(parents=True)
    paths.config_dir.chmod(0o755)
    paths.ensure()
    for place in (paths.config_dir, paths.state_dir, paths.runtime_dir, paths.log_dir, paths.socket.parent):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_the_socket_path_fits_however_deep_the_home(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    one, other = Paths.resolve(home=deep), Paths.resolve(home=tmp_path / ("y" * 120))
    assert len(os.fsencode(one.socket)) <= MAX_SOCKET_PATH
    assert one.socket == Paths.resolve(home=deep).socket
    assert one.socket != other.socket


def test_a_home_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TobsError, match="cannot be made or used") as caught:
        Paths.resolve(home=tmp_path / "file").ensure()
    assert caught.value.code is ErrorCode.OUTPUT_NOT_WRITABLE


def test_a_user_without_a_home_directory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOBS_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 987654)
    with pytest.raises(TobsError) as caught:
        Paths.resolve()
    assert "TOBS_HOME" in caught.value.way_on
