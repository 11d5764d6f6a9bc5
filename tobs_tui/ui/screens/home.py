"""The first screen: what can be started, the saved profiles, and what became of the last runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal

from tobs_tui.config.profiles import ProfileInfo, list_profiles, read_profile
from tobs_tui.model.display import clean, percent
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import RunPhase
from tobs_tui.service.protocol import AccountPhase, ListRuns, Reconnect, Runs, ServeMetrics
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.widgets.home_panels import ProfilesPanel, RunsPanel, Start, StartPanel
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize, ScreenResume

MOST_STARTS = 6
"""So many things there are to start with at most; with room for all of them, nothing moves when they become more."""
_OF_PROFILES = frozenset(f"home.{name}" for name in ("edit", "refresh", "copy", "edit_file", "export", "delete"))


class HomeScreen(Page):
    """Home."""

    context = "home"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("home"))
    _asked_runs_at = -1
    _launched = False
    _metrics_wanted = False

    def body(self) -> ComposeResult:
        """Greeting; start and profiles side by side; the last runs."""
        yield Words("", tone="muted", classes="greeting")
        with Horizontal(id="home-top"):
            yield StartPanel()
            yield ProfilesPanel()
        yield RunsPanel()

    def on_mount(self) -> None:
        """Read the saved profiles; the list of runs comes with the connection."""
        self.reload_profiles()
        self.model_changed()
        self.query_one(StartPanel).focus()

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Profiles and runs may have changed while another screen was in front."""
        self.reload_profiles()
        self._asked_runs_at = -1
        super().on_screen_resume(event)

    def reload_profiles(self) -> None:
        """Read the profiles' folder."""
        panel = self.query_one(ProfilesPanel)
        panel.found = list_profiles(self.tobs.paths)
        panel.loaded = {}
        for place, info in enumerate(panel.found):
            if not info.problem:
                try:
                    panel.loaded[info.name] = read_profile(info.name, self.tobs.paths)
                except TobsError as error:
                    panel.found[place] = ProfileInfo(info.name, info.path, error.sentence)

    def model_changed(self) -> None:
        """Another account state, another run: other things to start with."""
        model = self.tobs.model
        self.query_one(".greeting", Words).say(*self._greeting())
        self.query_one(StartPanel).take(self._entries())
        self._make_room()
        asked_for = id(model.run) if model.run is not None and not model.running else 0
        if model.link is Link.ATTACHED and self._asked_runs_at != asked_for:
            self._asked_runs_at = asked_for
            self.run_worker(self._load_runs(), group="runs", exclusive=True)
        if model.link is Link.ATTACHED and not self._metrics_wanted:
            self._metrics_wanted = True
            self.run_worker(self._serve_metrics(), group="metrics")
        if model.signed_in and self.tobs.launch_profile is not None and not self._launched:
            self._launched = True
            self.run_worker(self._launch_given(self.tobs.launch_profile), group="launch")

    def on_resize(self, event: Resize) -> None:
        """Another window, another share of it."""
        self._make_room()

    def _make_room(self) -> None:
        """The upper panels are as high as what is in them, up to half of the screen; the runs take the rest."""
        rows = max(MOST_STARTS, self.query_one(ProfilesPanel).count())
        height = min(rows + 2, self.app.size.height // 2)
        top = self.query_one("#home-top")
        if top.styles.height is None or top.styles.height.value != height:
            top.styles.height = height

    async def _launch_given(self, profile: Profile) -> None:
        """Start the profile of the command line, or watch it where it runs already."""
        if self.tobs.model.running:
            self.tobs.show_run()
        else:
            await self.tobs.start(profile, refresh=self.tobs.launch_refresh)

    async def _serve_metrics(self) -> None:
        """Have figures served where a flag or a variable says so, whatever runs; a profile's own run sees to its."""
        if port := self.tobs.effective(None).profile.metrics_port:
            await self.tobs.do(ServeMetrics(port))

    async def _load_runs(self) -> None:
        try:
            reply = await self.tobs.ask(ListRuns(), Runs)
        except TobsError:
            self._asked_runs_at = -1  # the line broke: the first line of the screen says so, and it is asked again
            return
        panel = self.query_one(RunsPanel)
        panel.records, panel.known = reply.runs, True
        panel.repaint()

    def _greeting(self) -> tuple[str, str]:
        model = self.tobs.model
        account = model.account
        if model.problem and model.link is not Link.ATTACHED:
            return (clean(model.problem, 400), "warn")
        if account is None:
            return ("Export Telegram chats to a Markdown vault.", "muted")
        match account.phase:
            case AccountPhase.SIGNED_IN:
                return (f"Export Telegram chats to a Markdown vault. Signed in as {clean(account.name, 60)}.", "muted")
            case AccountPhase.CONNECTING:
                return ("Connecting to Telegram.", "muted")
            case AccountPhase.LOCKED:
                return ("Export Telegram chats to a Markdown vault. The session is locked with a passphrase.", "warn")
            case AccountPhase.UNREACHABLE:
                return (clean(account.problem, 300) or "Telegram cannot be reached.", "warn")
            case _:
                if account.problem:
                    return (clean(account.problem, 300), "warn")
                if self.tobs.demo:
                    return (
                        "This is the demo: an embedded Telegram, with nothing real in it. Sign in to begin.",
                        "muted",
                    )
                return ("Export Telegram chats to a Markdown vault. Sign in, or explore the demo.", "muted")

    def _entries(self) -> list[Start]:
        model = self.tobs.model
        entries: list[Start] = []
        run = model.run
        if run is not None and model.running:
            share = percent(run.totals.fetched).strip()
            note = f"paused, {share}" if run.phase is RunPhase.PAUSED else f"at {share}"
            entries.append(Start("a", "Watch the run", note, self.later(self.action_attach)))
        phase = model.account.phase if model.account else None
        if phase is AccountPhase.UNREACHABLE or model.link in (Link.LOST, Link.STOPPED):
            entries.append(Start("r", "Try again now", "", self.later(self.action_reconnect)))
        if phase is AccountPhase.SIGNED_IN:
            entries.append(Start("n", "New export", "choose chats", self.later(self.action_new_export)))
        elif phase is AccountPhase.LOCKED:
            entries.append(Start("i", "Unlock the session", "encrypted", self.later(self.action_account)))
        elif self._can_sign_in:
            entries.append(Start("i", "Sign in to Telegram", "phone or QR", self.later(self.action_account)))
        away = phase is AccountPhase.UNREACHABLE or model.link in (Link.LOST, Link.STOPPED)
        if (self._can_sign_in or away) and not self.tobs.demo:
            entries.append(Start("d", "Explore the demo", "no account", self.tobs.explore_demo))
        entries.append(Start("/", "Search", "your exports", self.later(self.action_search)))
        entries.append(Start("s", "Settings", "looks, keys", self.later(self.tobs.action_settings)))
        entries.append(Start("?", "Help", "every key", self.tobs.action_help))
        entries.append(Start("q", "Quit", "job goes on" if model.running else "", self.tobs.action_leave))
        return entries

    @property
    def _can_sign_in(self) -> bool:
        """Whether it is known that nobody is signed in, and there is somebody to do it with."""
        account = self.tobs.model.account
        unknown = (AccountPhase.SIGNED_IN, AccountPhase.CONNECTING, AccountPhase.UNREACHABLE)
        return self.tobs.model.link is Link.ATTACHED and account is not None and account.phase not in unknown

    def later(self, action: Callable[[], object]) -> Callable[[], None]:
        """An action as something a row can do."""

        def soon() -> None:
            self.call_next(action)

        return soon

    def offers(self, action: Action) -> bool:
        """What is done with profiles, only where there are some."""
        if action.id in _OF_PROFILES:
            return bool(self.query_one(ProfilesPanel).found)
        if action.id.startswith("home.launch"):
            return int(action.id.removeprefix("home.launch")) <= len(self.query_one(ProfilesPanel).found)
        if action.id == "home.attach":
            return self.tobs.model.running
        if action.id == "home.new":
            return self.tobs.model.signed_in
        if action.id == "home.demo":
            return not self.tobs.demo and not self.tobs.model.signed_in
        return True

    def shows(self, action: Action) -> bool:
        """What comes next from here: signing in, the run, another try; each where there is a reason for it."""
        model = self.tobs.model
        if action.id == "home.account":
            return self._can_sign_in
        if action.id == "home.retry":
            unreachable = model.account is not None and model.account.phase is AccountPhase.UNREACHABLE
            return unreachable or model.link in (Link.LOST, Link.STOPPED)
        return super().shows(action)

    def name_of(self, action: Action) -> str:
        """Leaving does not end a run, and the line says so."""
        return "Quit (job continues)" if action.id == "app.quit" and self.tobs.model.running else action.name

    async def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Enter on a row."""
        panel = message.panel
        if isinstance(panel, StartPanel):
            panel.entries[message.index].does()
        elif isinstance(panel, ProfilesPanel):
            await self.action_launch(message.index + 1)
        elif isinstance(panel, RunsPanel):
            from tobs_tui.ui.screens.run_details import RecordDetail

            await self.tobs.push_screen(RecordDetail(panel.records[message.index]))

    async def action_refresh(self) -> None:
        """Start the profile under the cursor, and look for edits, reactions and deletions in what is exported."""
        await self._start(self.query_one(ProfilesPanel).cursor + 1, Refresh())

    async def action_launch(self, number: int) -> None:
        """Start profile `number`, counted from 1."""
        await self._start(number)

    async def _start(self, number: int, refresh: Refresh | None = None) -> None:
        panel = self.query_one(ProfilesPanel)
        if number > len(panel.found):
            return
        info = panel.found[number - 1]
        file = panel.loaded.get(info.name)
        if file is None:
            self.tobs.notify(clean(info.problem, 400), severity="error", markup=False)
        elif not self.tobs.model.signed_in:
            self.tobs.say("Sign in first, then start the profile.")
            await self.tobs.show_sign_in()
        else:
            await self.tobs.start(file.profile, file.given, refresh)

    async def action_new_export(self) -> None:
        """Choose chats; signing in comes first."""
        if self.tobs.model.signed_in:
            await self.tobs.show_targets(Profile())
        else:
            await self.tobs.show_sign_in()

    def action_attach(self) -> None:
        """Watch the run in progress, or see the summary of the last one."""
        if self.tobs.model.running:
            self.tobs.show_run()
        elif self.tobs.model.run is not None:
            self.tobs.show_summary()

    async def action_edit(self) -> None:
        """Tune the profile under the cursor."""
        panel = self.query_one(ProfilesPanel)
        if panel.found and (file := panel.loaded.get(panel.found[panel.cursor].name)) is not None:
            await self.tobs.show_tuning(file.profile, file.given)

    async def action_file(self, what: str) -> None:
        """Do something with the file of the profile under the cursor: see `profile_files.DOES`."""
        from tobs_tui.ui.screens.profile_files import DOES

        panel = self.query_one(ProfilesPanel)
        if panel.found:
            await DOES[what](self, panel.found[panel.cursor].name)

    def profiles_changed(self, name: str = "") -> None:
        """Read the profiles again; the cursor goes to `name`, where it is among them."""
        self.reload_profiles()
        panel = self.query_one(ProfilesPanel)
        place = next((at for at, info in enumerate(panel.found) if info.name == name), None)
        if place is not None:
            panel.move_to(place)
        self.paint()

    async def action_account(self) -> None:
        """Sign in; or, signed in, the settings with the account."""
        if self.tobs.model.signed_in:
            await self.tobs.action_settings()
        else:
            await self.tobs.show_sign_in()

    def _vaults_at_hand(self) -> list[str]:
        """The vault of what is under the cursor, then that of the run in progress, as far as there are any."""
        run, runs, profiles = self.tobs.model.run, self.query_one(RunsPanel), self.query_one(ProfilesPanel)
        found = [run.output] if run is not None and self.tobs.model.running else []
        if runs.has_focus and runs.records:
            found.insert(0, runs.records[runs.cursor].output)
        elif profiles.has_focus and profiles.found:
            file = profiles.loaded.get(profiles.found[profiles.cursor].name)
            found[:0] = [file.profile.output] if file is not None else []
        return found

    async def action_search(self) -> None:
        """Search; the vault of the run, or of what is under the cursor, comes first."""
        await self.tobs.show_search(tuple(self._vaults_at_hand()))

    def action_verify(self) -> None:
        """Look whether all of the vault of the profile or run under the cursor is as it was written."""
        from tobs_tui.ui.screens.verify import verify_vault

        vaults = [vault for vault in self._vaults_at_hand() if vault]
        if vaults:
            verify_vault(self.tobs, vaults[0])
        else:
            self.tobs.say("Go to a profile or to one of the last runs first: its vault is verified.")

    async def action_settings(self) -> None:
        """Settings."""
        await self.tobs.action_settings()

    async def action_reconnect(self) -> None:
        """Try to reach the service, and Telegram, again."""
        if self.tobs.model.link is Link.ATTACHED:
            await self.tobs.do(Reconnect())
        else:
            self.tobs.reattach()

    def action_explore_demo(self) -> None:
        """Start again with the embedded Telegram."""
        if not self.tobs.demo:
            self.tobs.explore_demo()
