"""The session file: complete, private, whole or not there; and what is remembered of peers."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tobs_tui.config.sealing import Cost, Seal
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.telegram.session import Session

ADA = Peer(7, PeerKind.USER, "Ada", access_hash=99)


def test_a_saved_session_comes_back_as_it_was(tmp_path: Path) -> None:
    session = Session.load(tmp_path / "deep" / "session")
    session.data.keys[2] = bytes(range(256))
    session.data.addresses[4] = ("127.0.0.1", 443)
    session.data.imported.add(4)
    session.data.takeout_id = -(2**62)
    session.remember([ADA])
    session.save()
    assert Session.load(tmp_path / "deep" / "session").data == session.data


def test_only_the_owner_can_read_the_file_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    session = Session(tmp_path / "session")
    session.data.keys[2] = b"key"
    session.save()
    session.save()
    assert [path.name for path in tmp_path.iterdir()] == ["session"]
    assert stat.S_IMODE((tmp_path / "session").stat().st_mode) == 0o600


def test_a_sealed_session_comes_back_with_its_seal_alone(tmp_path: Path) -> None:
    file, key = tmp_path / "session", bytes(range(256))
    session = Session(file, seal=Seal.new("correct horse", cost=Cost(n=16, r=1)))
    session.data.keys[2] = key
    session.data.api_id, session.data.api_hash = 7, "a" * 32
    session.save()
    assert key[:32] not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(TobsError) as caught:
        Session.load(file)
    assert caught.value.code is ErrorCode.PASSPHRASE_NEEDED
    assert Session.load(file, session.seal).data == session.data
    assert "aaaa" not in repr(session.data)


def test_a_session_that_holds_nothing_leaves_no_file(tmp_path: Path) -> None:
    session = Session(tmp_path / "session")
    session.data.keys[2] = b"key"
    session.save()
    session.forget_account()
    session.save()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_an_error_with_a_way_on(tmp_path: Path) -> None:
    (tmp_path / "session").write_bytes(b"\xc1garbage")
    with pytest.raises(TobsError) as caught:
        Session.load(tmp_path / "session")
    assert caught.value.code is ErrorCode.SESSION_ENDED
    assert caught.value.way_on


def test_a_peer_seen_in_part_does_not_replace_a_whole_one() -> None:
    session = Session()
    assert session.remember([ADA])
    assert not session.remember([Peer(7, PeerKind.USER, "A.", access_hash=1, min=True), ADA])
    assert session.remember([Peer(7, PeerKind.USER, "Ada L.")])
    assert session.data.peers[7] == Peer(7, PeerKind.USER, "Ada L.", access_hash=99)


def test_forgetting_the_account_leaves_nothing_of_it(tmp_path: Path) -> None:
    session = Session(tmp_path / "session")
    session.data.keys[2] = b"key"
    session.data.self_id = 5
    session.data.takeout_id = 6
    session.remember([ADA])
    session.forget_account()
    assert (session.data.keys, session.data.self_id, session.data.takeout_id, session.data.peers) == ({}, 0, 0, {})
