"""The account's secrets under a seal: what lies on the disk, who can open it, and what happens to what was in clear."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tobs_tui.config.credentials import Credentials, load_credentials, save_credentials
from tobs_tui.config.paths import Paths
from tobs_tui.config.sealing import Cost, Holder, is_sealed
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service.lockbox import Lockbox
from tobs_tui.telegram.session import Session

CHEAP = Cost(n=16, r=1, p=1)
KEY = bytes(range(7, 7 + 64)) * 4
HASH = "fedcba9876543210fedcba9876543210"
ONE, TWO = "the first passphrase", "the second passphrase"


def box_of(paths: Paths, **environ: str) -> Lockbox:
    """A lockbox as a service that has just started has it, with passphrases that are cheap to try."""
    return Lockbox(paths, environ, CHEAP)


@pytest.fixture
def paths(home: Path) -> Paths:
    """An account that is signed in, in clear."""
    found = Paths.resolve()
    found.ensure()
    signed_in(found)
    save_credentials(found, Credentials(77, HASH))
    return found


def signed_in(paths: Paths) -> None:
    """Leave a session there."""
    session = Session(paths.session_file)
    session.data.keys[2], session.data.self_id = KEY, 42
    session.save()


async def wrong(box: Lockbox, passphrase: str) -> ErrorCode:
    """The code with which a passphrase is refused."""
    with pytest.raises(TobsError) as caught:
        await box.unlock(passphrase)
    return caught.value.code


async def test_a_passphrase_takes_session_and_api_hash_off_the_disk_and_gives_them_back(paths: Paths) -> None:
    box = box_of(paths)
    await box.open()
    await box.protect(ONE, "", Holder.PERSON)
    assert is_sealed(paths.session_file.read_bytes())
    assert not paths.credentials_file.exists()

    later = box_of(paths)
    with pytest.raises(TobsError) as locked:
        await later.open()
    assert locked.value.code is ErrorCode.PASSPHRASE_NEEDED
    assert await wrong(later, TWO) is ErrorCode.PASSPHRASE_WRONG
    await later.unlock(ONE)
    assert later.session is not None
    assert (later.session.data.keys[2], later.session.data.self_id) == (KEY, 42)
    assert later.credentials() == Credentials(77, HASH)
    given = box_of(paths, TOBS_API_ID="8", TOBS_API_HASH="b" * 32)
    await given.unlock(ONE)
    assert given.credentials() == Credentials(8, "b" * 32)  # the environment still goes first
    later.session.save()
    assert is_sealed(paths.session_file.read_bytes())


async def test_who_changes_or_removes_a_passphrase_has_to_know_it(paths: Paths) -> None:
    box = box_of(paths)
    await box.open()
    await box.protect(ONE, "", Holder.PERSON)
    before = paths.session_file.read_bytes()
    for attempt in (box.protect(TWO, "a guess", Holder.PERSON), box.unprotect("")):
        with pytest.raises(TobsError) as caught:
            await attempt
        assert (caught.value.code, caught.value.field) == (ErrorCode.PASSPHRASE_WRONG, "old")
    assert paths.session_file.read_bytes() == before

    await box.protect(TWO, ONE, Holder.PERSON)
    assert await wrong(box_of(paths), ONE) is ErrorCode.PASSPHRASE_WRONG
    again = box_of(paths)
    await again.unlock(TWO)
    await again.unprotect(TWO)
    assert KEY in paths.session_file.read_bytes()
    assert HASH.encode() not in paths.session_file.read_bytes()
    assert load_credentials(paths, {}) == Credentials(77, HASH)
    assert (await box_of(paths).open()).data.self_id == 42


async def test_each_account_has_its_own_passphrase_and_the_api_hash_goes_with_the_last_one_in_clear(
    paths: Paths,
) -> None:
    other = Paths.resolve(account="work")
    other.ensure()
    signed_in(other)
    box = box_of(paths)
    await box.open()
    await box.protect(ONE, "", Holder.PERSON)
    assert load_credentials(other, {}) == Credentials(77, HASH)  # the other account still needs it

    work = box_of(other)
    await work.open()
    await work.protect(TWO, "", Holder.PERSON)
    assert not paths.credentials_file.exists()
    assert await wrong(box_of(other), ONE) is ErrorCode.PASSPHRASE_WRONG
    for place, passphrase in ((paths, ONE), (other, TWO)):
        opened = box_of(place)
        await opened.unlock(passphrase)
        assert opened.credentials() == Credentials(77, HASH)


async def test_a_forgotten_passphrase_can_be_left_behind_with_the_session(paths: Paths) -> None:
    box = box_of(paths)
    await box.open()
    await box.protect(ONE, "", Holder.PERSON)
    locked = box_of(paths)
    with pytest.raises(TobsError):
        await locked.open()
    await locked.forget()
    assert not paths.session_file.exists()
    assert (await locked.open()).data.self_id == 0


async def test_a_full_disk_changes_nothing(paths: Paths) -> None:
    box = box_of(paths)
    session = await box.open()
    session.file = Path("/proc/nowhere/session")  # a place where even root cannot write
    with pytest.raises(TobsError) as caught:
        await box.protect(ONE, "", Holder.PERSON)
    assert caught.value.code is ErrorCode.OUTPUT_NOT_WRITABLE
    assert session.seal is None
    assert KEY in paths.session_file.read_bytes()
    assert paths.credentials_file.exists()


@pytest.fixture
def keyring_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring of this test's own, chosen as a person would choose one, by variables."""
    import keyring.core

    file = tmp_path / "keyring.json"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.file_keyring.FileKeyring")
    monkeypatch.setenv("TESTS_KEYRING_FILE", str(file))
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    return file


async def test_the_systems_keyring_opens_it_with_nobody_there(paths: Paths, keyring_file: Path) -> None:
    box = box_of(paths)
    await box.open()
    await box.protect("", "", Holder.KEYRING)
    assert is_sealed(paths.session_file.read_bytes())
    assert not paths.credentials_file.exists()
    assert str(paths.state_dir) in keyring_file.read_text()

    later = box_of(paths)
    assert (await later.open()).data.keys[2] == KEY
    assert later.holder is Holder.KEYRING
    await later.protect(ONE, "", Holder.PERSON)  # a person's passphrase takes its place, and the entry goes
    assert str(paths.state_dir) not in keyring_file.read_text()
    again = box_of(paths)
    await again.unlock(ONE)
    assert again.credentials() == Credentials(77, HASH)


async def test_all_who_ask_at_once_get_the_same_session(paths: Paths, keyring_file: Path) -> None:
    box = box_of(paths)
    await box.open()
    await box.protect("", "", Holder.KEYRING)
    later = box_of(paths)
    first, second = await asyncio.gather(later.open(), later.open())
    assert first is second is later.session


async def test_a_keyring_that_does_not_know_it_is_told(paths: Paths, keyring_file: Path) -> None:
    box = box_of(paths)
    await box.open()
    await box.protect("", "", Holder.KEYRING)
    keyring_file.unlink()
    with pytest.raises(TobsError) as caught:
        await box_of(paths).open()
    assert caught.value.code is ErrorCode.KEYRING_UNAVAILABLE
    assert caught.value.way_on


async def test_a_machine_without_a_keyring_says_so_and_keeps_everything_as_it_was(
    paths: Paths, keyring_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    box = box_of(paths)
    await box.open()
    with pytest.raises(TobsError) as caught:
        await box.protect("", "", Holder.KEYRING)
    assert caught.value.code is ErrorCode.KEYRING_UNAVAILABLE
    assert not is_sealed(paths.session_file.read_bytes())
