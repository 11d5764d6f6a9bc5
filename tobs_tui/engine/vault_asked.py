"""What the runs of a vault were asked for, as far as their reports in it tell."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.schema import internal_folder
from tobs_tui.engine.vault import options_of_vault
from tobs_tui.model.profile import MediaOptions, Profile


class _State(Struct):
    profile: Profile


class _Report(Struct):
    """As `report.RunReport`, of which most is passed over."""

    state: _State


def profiles_of_runs(vault: Path) -> Iterator[Profile]:
    """The profiles of a vault's runs, the newest first. Reports that cannot be read are passed over."""
    with contextlib.suppress(OSError):
        for path in sorted((internal_folder(vault) / "runs").glob("*.json"), reverse=True):
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                yield msgspec.json.decode(path.read_bytes(), type=_Report).state.profile


def profile_of_vault(vault: Path, options: str) -> Profile | None:
    """What the newest run was asked for that rendered as the vault is now, by its `options` in the archive; None when
    no report tells."""
    for profile in profiles_of_runs(vault):
        if options_of_vault(profile.layout, profile.media) == options:
            return replace(profile, output=str(vault))
    return None


def was_bounded(vault: Path) -> bool:
    """Whether some run took parts of chats only: what the ledger lacks may then be what nobody wanted."""
    return any(profile.filters.bounded or profile.filters.only_mine for profile in profiles_of_runs(vault))


def last_media(vault: Path) -> MediaOptions:
    """Which files the newest run wanted; without one, those that there are by default."""
    return next((profile.media for profile in profiles_of_runs(vault)), MediaOptions())
