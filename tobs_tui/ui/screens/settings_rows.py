"""The rows of the settings, section by section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tobs_tui.config.paths import MAIN_ACCOUNT, Paths
from tobs_tui.config.privacy import open_to_others
from tobs_tui.config.settings import KeyStyle
from tobs_tui.model.display import clean, plural
from tobs_tui.service.protocol import AccountPhase
from tobs_tui.ui.keys import ACTIONS, keys_of
from tobs_tui.ui.screens.passphrase import protection
from tobs_tui.ui.widgets.form import FormRow

if TYPE_CHECKING:
    from tobs_tui.ui.app import TobsApp


class Kept(Struct, frozen=True):
    """What lies on this machine: files with secrets that others could read, and entries of the cache."""

    loose: int
    cached: int


def kept(paths: Paths) -> Kept:
    """Look at the disk. A cache that cannot be read holds nothing that anybody could use."""
    from tobs_tui.cache.file import cache_files, sizes

    cached = 0
    for path in cache_files(paths):
        try:
            cached += sum(space.entries for space in sizes(path))
        except ValueError:
            continue
    return Kept(len(open_to_others(paths)), cached)


def settings_rows(app: TobsApp, found: Kept | None) -> list[FormRow]:
    """The whole form; `found` is None until the disk was looked at."""
    return [
        *_account(app),
        *_privacy(app, found),
        *_looks(app),
        *_terminal(app),
        *_exports(app),
        *_places(app.paths),
    ]


def _account(app: TobsApp) -> list[FormRow]:
    account = app.model.account
    name = clean(account.name, 40) if account and app.model.signed_in else "not signed in"
    phone = clean(account.phone, 20) if account and app.model.signed_in else ""
    accounts, used = app.paths.accounts(), app.paths.account or MAIN_ACCOUNT
    others = [
        FormRow(
            f"use:{each}", "In use" if each == used else "Another", each, "" if each == used else "Enter goes to it"
        )
        for each in (accounts if len(accounts) > 1 else ())
    ]
    return [
        FormRow("", "Account"),
        FormRow("account", "Telegram", name, phone or "Enter signs in"),
        *others,
        FormRow("new_account", "Another account", "", "Enter asks for its name"),
    ]


def _privacy(app: TobsApp, found: Kept | None) -> list[FormRow]:
    """Who could read what, as far as it is in this program's hands."""
    account = app.model.account
    holder = account.protected if account else None
    loose, cached = (found.loose, found.cached) if found else (0, 0)
    rows = [
        FormRow("", "Privacy"),
        FormRow(
            "passphrase",
            "Session",
            protection(holder),
            "Enter changes that" if holder is not None else "Enter encrypts it",
        ),
        FormRow(
            "files",
            "Secrets, logs",
            ("" if found is None else "for you alone") if not loose else f"{plural(loose, 'file')} open to others",
            "Enter closes them" if loose else "Enter looks again",
        ),
        FormRow(
            "cache",
            "Cached names",
            ("" if found is None else "none") if not cached else plural(cached, "entry", "entries"),
            "Enter forgets them",
        ),
        FormRow("vaults", "Vaults", "in clear", "an encrypted disk helps"),
    ]
    known = account is not None and account.phase in (AccountPhase.SIGNED_IN, AccountPhase.LOCKED)
    forget = FormRow("forget", "This machine", "knows the session", "Enter forgets it here")
    return [*rows[:2], forget, *rows[2:]] if known else rows


def _looks(app: TobsApp) -> list[FormRow]:
    return [
        FormRow("", "Looks"),
        FormRow("theme", "Theme", app.look.title, f"{len(app.themes.looks)} to choose from"),
        FormRow("ascii", "ASCII only", _yes(app.settings.ascii), "where signs are missing"),
    ]


def _terminal(app: TobsApp) -> list[FormRow]:
    settings = app.settings
    own = sum(keys_of(action, app.keymap) != keys_of(action, {}) for action in ACTIONS)
    vim = settings.key_style is KeyStyle.VIM
    return [
        FormRow("", "Terminal"),
        FormRow(
            "low_bandwidth", "Low bandwidth", _yes(settings.low_bandwidth), f"{app.paints_a_second:.0f} paints a second"
        ),
        FormRow("mouse", "Mouse", _yes(settings.mouse), "from the next start on"),
        FormRow(
            "key_style", "Keys of lists", settings.key_style.value, "j k g G too" if vim else "letters go to a row"
        ),
        FormRow("keymap", "Keys", f"{own} changed" if own else "as shipped", "? lists them all"),
    ]


def _exports(app: TobsApp) -> list[FormRow]:
    settings = app.settings
    folder = settings.default_output or str(app.paths.default_output)
    return [
        FormRow("", "Exports"),
        FormRow("preset", "Preset", settings.preset.value, "unless a profile says"),
        FormRow("default_output", "Folder", folder, "unless a profile says"),
        FormRow("log_level", "Log file from", settings.log_level.value, "from the next start on"),
    ]


def _places(paths: Paths) -> list[FormRow]:
    return [
        FormRow("", "Where things are"),
        FormRow("where:settings", "Settings", str(paths.settings_file)),
        FormRow("where:profiles", "Profiles", str(paths.profiles_dir)),
        FormRow("where:themes", "Themes", str(paths.themes_dir)),
        FormRow("where:state", "State", str(paths.state_dir)),
        FormRow("where:logs", "Logs", str(paths.log_dir)),
    ]


def _yes(on: bool) -> str:
    return "yes" if on else "no"
