"""Settings: account, privacy, looks, terminal, paths; every change takes effect at once and is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Horizontal

from tobs_tui.config.paths import MAIN_ACCOUNT, account_name
from tobs_tui.config.privacy import close_to_others
from tobs_tui.config.settings import KeyStyle, LogLevel, Settings, load_settings, save_settings
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Preset
from tobs_tui.service.protocol import AccountPhase, ClearCache, ForgetSession, SignOut
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.paint import Line, bar, fit, sparkline
from tobs_tui.ui.screens.dialogs import Ask
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.screens.passphrase import PassphraseScreen
from tobs_tui.ui.screens.settings_rows import Kept, kept, settings_rows
from tobs_tui.ui.themes import COLOR_KEYS, DEFAULT_THEME
from tobs_tui.ui.tuning import parse
from tobs_tui.ui.tuning_form import ENTRIES
from tobs_tui.ui.widgets.form import EntryLine, FormPanel, FormRow
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input

_SWITCHES = ("low_bandwidth", "mouse", "ascii")
_CHOICES: dict[str, tuple[Any, ...]] = {
    "preset": tuple(Preset)[:3],
    "log_level": tuple(LogLevel),
    "key_style": tuple(KeyStyle),
}


class PreviewPanel(Panel):
    """The theme in use, as its signs and colours."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="preview")

    def title(self) -> Line:
        """The theme's name."""
        return [Segment(self.tobs.look.title, self.tobs.palette.strong)]

    def count(self) -> int:
        """A few rows of everything."""
        return len(self._samples(30))

    def row(self, index: int, width: int) -> Line:
        """A sample."""
        return self._samples(width)[index]

    def _samples(self, width: int) -> list[Line]:
        palette, glyphs = self.tobs.palette, self.tobs.glyphs
        wide = max(8, width - 14)
        rows: list[Line] = [
            [],
            [Segment(" Text ", palette.text), Segment(" muted ", palette.muted), Segment(" faint ", palette.faint)],
            [Segment(" Accent ", palette.accent), Segment(" strong ", palette.strong)],
            [],
            [Segment(f" {glyphs.done} done", palette.ok), Segment(f"   {glyphs.on} working", palette.info)],
            [Segment(f" {glyphs.warning} waiting", palette.warn), Segment(f"   {glyphs.failed} failed", palette.bad)],
            [],
        ]
        for name, share, style in (
            ("fetch", 0.83, palette.bar),
            ("done", 1.0, palette.bar_done),
            ("waiting", 0.35, palette.bar_held),
        ):
            rows.append([Segment(f" {fit(name, 9)}", palette.muted), *bar(share, wide, style, palette.trough, glyphs)])
        wave = [abs((n * 7) % 13 - 6) for n in range(60)]
        rows += [[], [Segment(" rate     ", palette.muted), *sparkline(wave, wide, palette.spark, glyphs)], []]
        rows.append([Segment(" Own themes are TOML files with", palette.faint)])
        rows.append([Segment(f" {len(COLOR_KEYS)} colours, in the themes folder.", palette.faint)])
        return rows


class SettingsScreen(Page):
    """Settings."""

    context = "settings"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("settings"))
    _kept: Kept | None = None

    def crumbs(self) -> list[str]:
        """Where one is."""
        return ["Settings"]

    def body(self) -> ComposeResult:
        """Form and preview."""
        with Horizontal(id="settings-body"):
            yield FormPanel("Settings", self.rows)
            yield PreviewPanel()
        yield EntryLine()

    def on_mount(self) -> None:
        """Read the values."""
        panel = self.query_one(FormPanel)
        panel.reload()
        panel.focus()
        self._look()

    def model_changed(self) -> None:
        """The account may have changed."""
        self.query_one(FormPanel).reload()

    def rows(self) -> list[FormRow]:
        """The form."""
        return settings_rows(self.tobs, self._kept)

    def offers(self, action: Action) -> bool:
        """Signing out needs an account."""
        return action.id != "settings.sign_out" or self.tobs.model.signed_in

    # Changing.

    def _keep(self, **changes: object) -> None:
        """Take a setting over and save it. The file keeps its own other values: flags and variables are not saved."""
        self.tobs.settings = msgspec.structs.replace(self.tobs.settings, **changes)
        try:
            kept: Settings = msgspec.structs.replace(load_settings(self.tobs.paths), **changes)
            save_settings(kept, self.tobs.paths)
        except TobsError as error:
            self.tobs.say_error(error)
        self.query_one(FormPanel).reload()
        self.paint()

    async def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Enter changes."""
        await self.action_edit()

    async def action_edit(self) -> None:
        """Change the value under the cursor."""
        key = self.query_one(FormPanel).key
        if key == "account":
            if self.tobs.model.signed_in:
                await self.action_sign_out()
            else:
                await self.tobs.show_sign_in()
        elif key == "passphrase":
            await self._show_passphrase()
        elif key == "new_account":
            hint = "letters and digits; its profiles and runs are its own"
            self.query_one(EntryLine).open(key, "Name", "", hint)
        elif key.startswith("use:"):
            self._use_account(key.removeprefix("use:"))
        elif key in ("files", "cache", "forget"):
            await self._mind_privacy(key)
        elif key == "keymap":
            self.tobs.action_help()
        elif key == "default_output":
            self.query_one(EntryLine).open(
                key, "Folder", self.tobs.settings.default_output, "nothing takes the default"
            )
        else:
            self.action_step(1)

    def action_step(self, by: int) -> None:
        """The next or previous value."""
        key, settings = self.query_one(FormPanel).key, self.tobs.settings
        if key == "theme":
            names = sorted(self.tobs.themes.looks)
            name = names[(names.index(self.tobs.look.name) + by) % len(names)]
            self.tobs.use_theme(name)
            self._keep(theme="" if name == DEFAULT_THEME else name)
        elif key in _SWITCHES:
            on = not getattr(settings, key)
            self._keep(**{key: on})
            if key == "ascii":
                self.tobs.use_ascii(on)
            elif key == "low_bandwidth":
                self.tobs.use_low_bandwidth(on)
                self.query_one(FormPanel).reload()
        elif key in _CHOICES:
            values = _CHOICES[key]
            current = getattr(settings, key)
            place = values.index(current) if current in values else 0
            self._keep(**{key: values[(place + by) % len(values)]})
            if key == "key_style":
                self.tobs.use_keys()
                self.query_one(FormPanel).reload()

    async def _show_passphrase(self) -> None:
        """Set, change or remove it; a locked session is unlocked first."""
        account = self.tobs.model.account
        if account is not None and account.phase is AccountPhase.LOCKED:
            await self.tobs.show_sign_in()
        elif account is not None:
            await self.tobs.push_screen(PassphraseScreen(account.protected))

    def _look(self) -> None:
        """See what is kept on this machine, without holding up the screen."""
        self.run_worker(self._see_what_is_kept(), group="kept", exclusive=True)

    async def _see_what_is_kept(self) -> None:
        self._kept = await asyncio.to_thread(kept, self.tobs.paths)
        self.query_one(FormPanel).reload()

    async def _mind_privacy(self, key: str) -> None:
        """Close files to others, forget the cache, or the session: the last one after asking."""
        if key == "files":
            try:
                for sentence in await asyncio.to_thread(close_to_others, self.tobs.paths):
                    self.tobs.say(sentence)
            except TobsError as error:
                self.tobs.say_error(error)
        elif key == "forget":
            note = (
                "Telegram is not told: there, this device stays signed in until you end it in another app, under "
                "Devices. What was exported stays."
            )
            question = "Forget the session on this machine?"
            await self.tobs.push_screen(Ask(question, note, "Forget it", "Keep it"), self._forget)
            return
        elif await self.tobs.do(ClearCache()):
            self.tobs.say("The cache is empty.")
        self._look()

    async def _forget(self, yes: bool | None) -> None:
        if yes and await self.tobs.do(ForgetSession()):
            self.tobs.say("The session is forgotten.")
            self._look()

    def _use_account(self, name: str) -> None:
        """Start again with another account; a run of this one goes on."""
        if name != (self.tobs.paths.account or MAIN_ACCOUNT):
            self.tobs.start_again("--account", name)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the folder, or the account's name, if it can be one."""
        event.stop()
        line = self.query_one(EntryLine)
        if line.key == "new_account":
            try:
                name = account_name(event.value.strip())
            except TobsError as error:
                line.wrong(error.sentence)
                return
            line.close()
            self._use_account(name or MAIN_ACCOUNT)
            return
        try:
            folder = parse(ENTRIES["output"], event.value)
        except ValueError as error:
            line.wrong(str(error))
            return
        line.close()
        self._keep(default_output=folder)

    async def action_sign_out(self) -> None:
        """Sign out, after asking."""
        if not self.tobs.model.signed_in:
            return

        async def answered(yes: bool | None) -> None:
            if yes and await self.tobs.do(SignOut()):
                self.tobs.say("Signed out.")

        note = "The session is revoked at Telegram and forgotten here. What was exported stays."
        await self.tobs.push_screen(Ask("Sign out of Telegram?", note, "Sign out", "Stay signed in"), answered)

    def action_back(self) -> None:
        """Leave the field, or the screen."""
        line = self.query_one(EntryLine)
        if line.is_open:
            line.close()
        else:
            self.dismiss(None)
