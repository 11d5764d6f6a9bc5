"""Credentials and server files: kept private, read from where a person put them, told clearly when wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from tobs_tui.config.credentials import Credentials, check_credentials, load_credentials, save_credentials
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.model.errors import TobsError

PEM = """-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEA0gifayqE7V0owrq7JEHnN9f/kNyZo4KsYhVdkh7BD9rnmHOuf2QR
HbYUb0aI1qDhgbN5HZdCcM4kVKW1eBh59daCkM04dRPwx+1ohzb0+gFtbDdruFNP
BNdtRnK5UCeq6XqzBZBZsA9I2jFWsdXGCqeAHNV38Zih7s4oc/B27bLpTO6XDKPS
7yTRdP14/nQNEIogupUJ8/J0V9B3VnuxjO3A/xZu6mK/fSMk4fPGZfBsNQP/oE2t
dNekpELuC2WsLDWyudj5XlgWLpr1BDa4TXKhUnVeuQ2QY1S+opsEWRE2kknhVeYW
Y9z+g8aIr5jfMAWSeKCFc5jJIJRFNUFKGQIDAQAB
-----END RSA PUBLIC KEY-----
"""
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
        ('host = "x"\nport = 1\npublic_key = "server.toml"', "no RSA public key in PEM form"),
        (f'host = "x"\nport = 1\npublic_key = """{PEM[:120]}"""', "no RSA public key in PEM form"),
        ('host = ""\nport = 1\npublic_key = ""', "server.toml:1: host: must not be empty"),
        ('hots = "x"', "server.toml:1: hots: unknown key; did you mean host?"),
    ],
)
def test_a_mistake_in_a_server_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text)
    with pytest.raises(TobsError) as caught:
        load_server(file)
    assert told in caught.value.sentence


def test_a_key_in_openssl_form_is_the_same_key(tmp_path: Path) -> None:
    key = load_pem_public_key(PEM.encode())
    (tmp_path / "key.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    file = tmp_path / "server.toml"
    file.write_text('host = "127.0.0.1"\nport = 4430\npublic_key = "key.pem"\n')
    assert load_server(file).public_key == PEM


def test_a_missing_server_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TobsError, match="There is no server file"):
        load_server(tmp_path / "none.toml")
