"""Credentials and server files: kept private, read from where a person put them, told clearly when wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tobs_tui.config.credentials import Credentials, check_credentials, load_credentials, save_credentials
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.model.errors import TobsError

PEM = "-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEA\n-----END RSA PUBLIC KEY-----\n"
HASH = "0123456789abcdef0123456789abcdef"


def test_credentials_come_back_from_a_file_only_the_owner_reads(home: Path) -> None:
    paths = Paths.resolve()
    assert load_credentials(paths, {}) is None
    save_credentials(paths, Credentials(api_id=7, api_hash=HASH))
    assert load_credentials(paths, {}) == Credentials(api_id=7, api_hash=HASH)
    assert stat.S_IMODE(paths.credentials_file.stat().st_mode) == 0o600


def test_the_environments_credentials_go_first_and_need_each_other(home: Path) -> None:
    paths = Paths.resolve()
    save_credentials(paths, Credentials(api_id=7, api_hash=HASH))
    both = {"TOBS_API_ID": " 8 ", "TOBS_API_HASH": HASH}
    assert load_credentials(paths, both) == Credentials(api_id=8, api_hash=HASH)
    with pytest.raises(TobsError, match="TOBS_API_HASH is not set"):
        load_credentials(paths, {"TOBS_API_ID": "8"})


@pytest.mark.parametrize(
    ("api_id", "api_hash", "field"), [("x", HASH, "api_id"), ("0", HASH, "api_id"), ("1", "a b", "api_hash")]
)
def test_bad_credentials_name_their_field(api_id: str, api_hash: str, field: str) -> None:
    with pytest.raises(TobsError) as caught:
        check_credentials(api_id, api_hash)
    assert caught.value.field == field


def test_a_server_file_names_its_key_beside_it_or_holds_it(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    file = tmp_path / "server.toml"
    file.write_text('dc = 4\nhost = "127.0.0.1"\nport = 4430\npublic_key = "key.pem"\n')
    server = load_server(file)
    assert (server.dc, server.host, server.port, server.public_key) == (4, "127.0.0.1", 4430, PEM)
    file.write_text(f'host = "127.0.0.1"\nport = 4430\npublic_key = """\n{PEM}"""\n')
    assert load_server(file).public_key == PEM
    assert load_server(file).dc == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('host = "x"\nport = 0\npublic_key = ""', "server.toml:2: port: must be at least 1"),
        ('host = "x"\nport = 1', "server.toml:1: the key public_key is missing"),
        ('host = "x"\nport = 1\npublic_key = "no.pem"', "no.pem cannot be read: No such file"),
        ('host = "x"\nport = 1\npublic_key = "server.toml"', "not a public key in PEM form"),
        ('hots = "x"', "server.toml:1: hots: unknown key; did you mean host?"),
    ],
)
def test_a_mistake_in_a_server_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text)
    with pytest.raises(TobsError) as caught:
        load_server(file)
    assert told in caught.value.sentence


def test_a_missing_server_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TobsError, match="There is no server file"):
        load_server(tmp_path / "none.toml")
