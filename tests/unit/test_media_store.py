"""The store: equal bytes once, readable names that appear whole, the messages' dates, nothing outside the vault."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from tobs_tui.media.cloning import clone_or_copy
from tobs_tui.media.store import Store

BYTES = b"some bytes of a picture"
SHA = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "vault/.tobs").mkdir(parents=True)
    return tmp_path / "vault"


@pytest.fixture
def store(vault: Path) -> Store:
    return Store(vault, vault / ".tobs" / "store")


def stored(store: Store, vault: Path, data: bytes = BYTES, date: float = 1000.0) -> str:
    source = vault / "incoming"
    source.write_bytes(data)
    sha = hashlib.sha256(data).hexdigest()
    store.adopt(source, sha, date)
    assert not source.exists()
    return sha


def test_equal_bytes_are_stored_once_under_all_their_names(store: Store, vault: Path) -> None:
    stored(store, vault)
    inode = store.path_of(SHA).stat().st_ino
    stored(store, vault)
    assert store.path_of(SHA).stat().st_ino == inode
    for name in ("A/media/2024-05/m1.jpg", "B/media/2024-06/m2.jpg"):
        store.publish(SHA, name, 1000.0)
        assert (vault / name).read_bytes() == BYTES
        assert (vault / name).stat().st_ino == inode
    assert sum(1 for path in (vault / ".tobs").rglob("*") if path.is_file()) == 1


def test_the_time_is_the_earliest_messages_in_any_order(store: Store, vault: Path) -> None:
    stored(store, vault, date=3000.0)
    for date in (3000.0, 1000.0, 2000.0):
        store.publish(SHA, f"m{date:.0f}.jpg", date)
    assert (vault / "m3000.jpg").stat().st_mtime == 1000.0
    stored(store, vault, date=5000.0)
    assert store.path_of(SHA).stat().st_mtime == 1000.0


def test_publishing_again_changes_nothing_and_another_file_of_that_name_is_replaced(store: Store, vault: Path) -> None:
    stored(store, vault)
    store.publish(SHA, "m1.jpg", 1000.0)
    store.publish(SHA, "m1.jpg", 1000.0)
    (vault / "m2.jpg").write_bytes(b"something else")
    store.publish(SHA, "m2.jpg", 1000.0)
    assert (vault / "m2.jpg").read_bytes() == BYTES
    assert sorted(path.name for path in vault.iterdir()) == [".tobs", "m1.jpg", "m2.jpg"]


@pytest.mark.parametrize("reason", [errno.EPERM, errno.EXDEV, errno.EMLINK])
def test_where_there_are_no_hard_links_files_are_copied(
    store: Store, vault: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def no_link(source: object, target: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "link", no_link)
    stored(store, vault)
    stored(store, vault)
    store.publish(SHA, "media/m1.jpg", 1000.0)
    store.publish(SHA, "media/m1.jpg", 1000.0)
    assert (vault / "media" / "m1.jpg").read_bytes() == BYTES
    assert (vault / "media" / "m1.jpg").stat().st_mtime == 1000.0
    assert [path.name for path in (vault / "media").iterdir()] == ["m1.jpg"]
    assert store.holds(SHA, len(BYTES))


def test_changed_content_is_noticed_and_repaired(store: Store, vault: Path) -> None:
    stored(store, vault)
    store.path_of(SHA).write_bytes(BYTES[::-1])
    assert not store.holds(SHA, len(BYTES))
    stored(store, vault)
    assert store.holds(SHA, len(BYTES))


@pytest.mark.parametrize("name", ["../out.jpg", "/etc/out.jpg", "a/../../out.jpg", "", "a\0b"])
def test_no_name_leads_out_of_the_vault(store: Store, vault: Path, name: str) -> None:
    stored(store, vault)
    with pytest.raises(ValueError, match="inside the vault"):
        store.publish(SHA, name, 1000.0)


def test_what_a_kill_left_is_swept(store: Store, vault: Path) -> None:
    stored(store, vault)
    (vault / ".tobs" / "store" / "half.new").write_bytes(b"x")
    store.sweep()
    assert not (vault / ".tobs" / "store" / "half.new").exists()
    assert store.holds(SHA, len(BYTES))


def test_a_name_is_retired_only_while_it_is_that_content(store: Store, vault: Path) -> None:
    stored(store, vault)
    store.publish(SHA, "m1.jpg", 1000.0)
    (vault / "m2.jpg").write_bytes(b"a person's own")
    store.retire(SHA, "m1.jpg")
    store.retire(SHA, "m2.jpg")
    store.retire(SHA, "m3.jpg")
    assert not (vault / "m1.jpg").exists()
    assert (vault / "m2.jpg").exists()


def test_a_copy_is_the_same_bytes_and_a_file_of_its_own_whether_it_shares_blocks_or_not(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(BYTES * 1000)
    other.write_bytes(b"what was there before, and longer" * 10_000)
    clone_or_copy(one, other)
    assert other.read_bytes() == BYTES * 1000
    with other.open("r+b") as file:
        file.write(b"changed")
    assert one.read_bytes() == BYTES * 1000
    with pytest.raises(FileNotFoundError):
        clone_or_copy(tmp_path / "none", other)


def test_where_a_vault_has_vanished_none_is_begun(store: Store, vault: Path, tmp_path: Path) -> None:
    sha = stored(store, vault)
    vault.rename(tmp_path / "elsewhere")
    spare = tmp_path / "spare"
    spare.write_bytes(BYTES)
    for act in (lambda: store.adopt(spare, sha, 1.0), lambda: store.publish(sha, "A/m1.jpg", 1.0)):
        with pytest.raises(FileNotFoundError, match="vault"):
            act()
    assert not vault.exists()
