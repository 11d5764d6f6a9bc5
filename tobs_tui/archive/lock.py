"""The lock that lets one run at a time into a vault; the system drops it when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from tobs_tui.archive.schema import internal_folder, kept_apart, output_error, prepare_folder
from tobs_tui.model.errors import ErrorCode, TobsError

_held: weakref.WeakSet[VaultLock] = weakref.WeakSet()


class VaultLock:
    """A vault held for one run, from `acquire` until `release` or the end of the process.

    flock(2) locks belong to the open file, which forked children share: they give it up in the child, so that a
    left-over worker cannot hold the vault of a killed service.
    """

    def __init__(self, vault: Path) -> None:
        self._vault = vault
        self._descriptor = -1

    def acquire(self) -> VaultLock:
        """Take the vault. Raises TobsError VAULT_IN_USE (naming the holder), ARCHIVE_UNUSABLE when the folder beside it
        that holds its archive is gone, OUTPUT_NOT_WRITABLE or DISK_FULL."""
        beside = kept_apart(self._vault)
        if beside is not None and not beside.is_dir():
            raise TobsError(
                ErrorCode.ARCHIVE_UNUSABLE,
                f"The archive of {self._vault} is kept apart from it, in {beside}, and is not there.",
                "Put that folder back beside the vault, or choose another output folder.",
                field="output",
            )
        prepare_folder(internal_folder(self._vault))
        try:
            descriptor = os.open(internal_folder(self._vault) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise output_error(error, self._vault) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise TobsError(
                ErrorCode.VAULT_IN_USE,
                f"Another run is writing to {self._vault}{f' (process {holder})' if holder.isdigit() else ''}.",
                "Wait until it ends, or choose another output folder.",
                field="output",
            ) from None
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(descriptor)
            raise output_error(error, self._vault) from error
        self._descriptor = descriptor
        _held.add(self)
        return self

    def release(self) -> None:
        """Give the vault back; does nothing when it is not held."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):  # a name left behind is only cosmetic
                os.ftruncate(self._descriptor, 0)
            self.abandon()

    def abandon(self) -> None:
        """Close this process's share of the lock without touching the holder's."""
        descriptor, self._descriptor = self._descriptor, -1
        _held.discard(self)
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> VaultLock:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@contextlib.contextmanager
def no_run_in(vault: Path) -> Iterator[None]:
    """Keep runs out of a vault that is only read, without writing to it. Raises TobsError VAULT_IN_USE."""
    try:
        descriptor = os.open(internal_folder(vault) / "lock", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # no run was ever there, or it cannot be told
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise TobsError(
            ErrorCode.VAULT_IN_USE,
            f"A run is writing to {vault}.",
            "Wait until it ends: what is half written cannot be verified.",
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


def _abandon_in_child() -> None:
    for lock in list(_held):
        lock.abandon()


os.register_at_fork(after_in_child=_abandon_in_child)
