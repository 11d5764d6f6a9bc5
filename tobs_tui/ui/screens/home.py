"""The first screen: what can be started, the saved profiles, and what became of the last runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from msgspec import Struct
from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Horizontal

from tobs_tui.config.profiles import ProfileFile, ProfileInfo, list_profiles, read_profile
from tobs_tui.model.display import clean, count, duration, moment, percent, plural
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import Outcome, RunPhase, RunRecord
from tobs_tui.service.protocol import AccountPhase, ListRuns, Reconnect, Runs
from tobs_tui.ui.keys import BY_ID, MAX_SHORTCUTS, Action, bindings, keys_of, shown
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.widgets.painted import Words
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import ScreenResume

_OF_PROFILES = frozenset(f"home.{name}" for name in ("edit", "refresh", "copy", "edit_file", "export", "delete"))


class Start(Struct, frozen=True):
    """One thing to start with: its key, what it says, and what it does."""

    key: str
    label: str
    note: str
    does: Callable[[], None]


class StartPanel(Panel):
    """What can be done now, given the account and the run."""

    def __init__(self) -> None:
        super().__init__(id="start")
        self.entries: list[Start] = []

    def count(self) -> int:
        """One row an entry."""
        return len(self.entries)

    def title(self) -> Line:
        """The panel's name."""
        return [Segment("Start", self.tobs.palette.strong)]

    def row(self, index: int, width: int) -> Line:
        """Key, label, note."""
        palette, entry = self.tobs.palette, self.entries[index]
        label = Segment(fit(entry.label, 19), palette.text)
        return [Segment(f" {fit(entry.key, 2)} ", palette.accent), label, Segment(f" {entry.note}", palette.faint)]


class ProfilesPanel(Panel):
    """The saved profiles; the first nine have a number key."""

    def __init__(self) -> None:
        super().__init__(id="profiles")
        self.found: list[ProfileInfo] = []
        self.loaded: dict[str, ProfileFile] = {}

    def count(self) -> int:
        """One row a profile."""
        return len(self.found)

    def title(self) -> Line:
        """The panel's name and how many there are."""
        palette = self.tobs.palette
        number = f"  {len(self.found)}" if self.found else ""
        return [Segment("Profiles", palette.strong), Segment(number, palette.muted)]

    def hints(self) -> Line:
        """What the number keys do."""
        return [Segment("1-9: start", self.tobs.palette.faint)] if self.found else []

    def empty(self) -> str:
        """Where profiles come from."""
        return "No profile is saved yet. A new export can be saved as one, and is then started with a single key."

    def row(self, index: int, width: int) -> Line:
        """Number, name, what it exports and where to; or what is wrong with its file."""
        palette, info = self.tobs.palette, self.found[index]
        number = " "
        if index < MAX_SHORTCUTS:
            number = shown(keys_of(BY_ID[f"home.launch{index + 1}"], self.tobs.keymap)[0])
        name_width = min(28, max(12, width // 3))
        line: Line = [
            Segment(f" {number} ", palette.accent),
            Segment(fit(clean(info.name, 60), name_width), palette.text),
            Segment("  "),
        ]
        file = self.loaded.get(info.name)
        if info.problem or file is None:
            return [*line, Segment(f"{self.tobs.glyphs.failed} {clean(info.problem)}", palette.bad)]
        profile = file.profile
        return [
            *line,
            Segment(fit(what_it_exports(profile), 18), palette.muted),
            Segment(clean(profile.output, 300) or "default folder", palette.faint),
        ]


def what_it_exports(profile: Profile) -> str:
    """The chats of a profile in two words."""
    if profile.targets.all_chats:
        return "all chats"
    topics = sum(len(target.topics) for target in profile.targets.chats)
    chats = plural(len(profile.targets.chats), "chat")
    return f"{chats}, {plural(topics, 'topic')}" if topics else chats


class RunsPanel(Panel):
    """The last runs and how they ended."""

    def __init__(self) -> None:
        super().__init__(id="runs")
        self.records: tuple[RunRecord, ...] = ()

    def count(self) -> int:
        """One row a run."""
        return len(self.records)

    def title(self) -> Line:
        """The panel's name."""
        return [Segment("Last runs", self.tobs.palette.strong)]

    def empty(self) -> str:
        """What will stand here."""
        return "Nothing has been exported yet."

    def row(self, index: int, width: int) -> Line:
        """Outcome, profile, counts, when, how long, where."""
        palette, record = self.tobs.palette, self.records[index]
        glyph, word, tone = outcome_sign(record.outcome, self.tobs)
        run = self.tobs.model.run
        if run is not None and self.tobs.model.running and run.run_id == record.run_id:
            glyph, word, tone = self.tobs.glyphs.on, "running", "info"
        took = duration(record.finished_at - record.started_at) if record.finished_at else ""
        failures = plural(record.failures, "item") + " missing" if record.failures else ""
        line: Line = [
            Segment(f" {glyph} {fit(word, 12)}", getattr(palette, tone)),
            Segment(fit(clean(record.profile_name, 60) or "(no name)", 22) + " ", palette.text),
            Segment(fit(_messages(record) if word != "running" else "", 19, ">"), palette.muted),
        ]
        if width >= 78:
            line.append(Segment(fit(moment(record.started_at, self.tobs.model.clock()), 13, ">"), palette.muted))
        if width >= 100:
            line += [
                Segment(fit(took, 15, ">"), palette.faint),
                Segment(f"  {failures or clean(record.message, 60)}", palette.warn if failures else palette.faint),
            ]
        return line


def _messages(record: RunRecord) -> str:
    """How many messages a run came to; one that was cut off could not say."""
    unknown = record.outcome is None and not record.messages
    return "messages unknown" if unknown else f"{count(record.messages)} messages"


def outcome_sign(outcome: Outcome | None, app: object) -> tuple[str, str, str]:
    """Glyph, word and style of an outcome; None is a run that did not get to say how it ended."""
    from tobs_tui.ui.app import TobsApp

    glyphs = cast(TobsApp, app).glyphs
    return {
        Outcome.COMPLETE: (glyphs.done, "complete", "ok"),
        Outcome.INCOMPLETE: (glyphs.warning, "incomplete", "warn"),
        Outcome.INTERRUPTED: (glyphs.half, "interrupted", "warn"),
        Outcome.WAITING: (glyphs.waiting, "waiting", "warn"),
        Outcome.SIGNED_OUT: (glyphs.failed, "signed out", "bad"),
        Outcome.FAILED: (glyphs.failed, "failed", "bad"),
        None: (glyphs.half, "cut off", "warn"),
    }[outcome]


class HomeScreen(Page):
    """Home."""

    context = "home"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("home"))
    _asked_runs_at = -1
    _launched = False

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
        panel = self.query_one(StartPanel)
        panel.entries = self._entries()
        asked_for = id(model.run) if model.run is not None and not model.running else 0
        if model.link is Link.ATTACHED and self._asked_runs_at != asked_for:
            self._asked_runs_at = asked_for
            self.run_worker(self._load_runs(), group="runs", exclusive=True)
        if model.signed_in and self.tobs.launch_profile is not None and not self._launched:
            self._launched = True
            self.run_worker(self._launch_given(self.tobs.launch_profile), group="launch")

    async def _launch_given(self, profile: Profile) -> None:
        """Start the profile of the command line, or watch it where it runs already."""
        if self.tobs.model.running:
            self.tobs.show_run()
        else:
            await self.tobs.start(profile, refresh=self.tobs.launch_refresh)

    async def _load_runs(self) -> None:
        try:
            reply = await self.tobs.ask(ListRuns(), Runs)
        except TobsError:
            self._asked_runs_at = -1  # the line broke: the first line of the screen says so, and it is asked again
            return
        panel = self.query_one(RunsPanel)
        panel.records = reply.runs
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
                return ("Export Telegram chats to a Markdown vault. Sign in to begin, or explore the demo.", "muted")

    def _entries(self) -> list[Start]:
        model = self.tobs.model
        entries: list[Start] = []
        run = model.run
        if run is not None and model.running:
            name = clean(run.profile.name, 24) or "the run"
            share = percent(run.totals.fetched).strip()
            note = f"paused at {share}" if run.phase is RunPhase.PAUSED else f"{share} of {name}"
            entries.append(Start("a", "Watch the run", note, self.later(self.action_attach)))
        phase = model.account.phase if model.account else None
        if phase is AccountPhase.UNREACHABLE or model.link in (Link.LOST, Link.STOPPED):
            entries.append(Start("r", "Try again now", "", self.later(self.action_reconnect)))
        if phase is AccountPhase.SIGNED_IN:
            entries.append(Start("n", "New export", "choose chats", self.later(self.action_new_export)))
        elif phase is AccountPhase.LOCKED:
            entries.append(Start("i", "Unlock the session", "encrypted", self.later(self.action_account)))
        else:
            entries.append(Start("i", "Sign in to Telegram", "phone or QR", self.later(self.action_account)))
            if not self.tobs.demo:
                entries.append(Start("d", "Explore the demo", "no account", self.tobs.explore_demo))
        entries.append(Start("/", "Search", "your exports", self.later(self.action_search)))
        entries.append(Start("s", "Settings", "looks, keys", self.later(self.tobs.action_settings)))
        entries.append(Start("?", "Help", "every key", self.tobs.action_help))
        entries.append(Start("q", "Quit", "job continues" if model.running else "", self.tobs.action_leave))
        return entries

    def later(self, action: Callable[[], object]) -> Callable[[], None]:
        """An action as something a row can do."""

        def soon() -> None:
            self.call_later(action)

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

    async def action_search(self) -> None:
        """Search; the vault of the run, or of what is under the cursor, comes first."""
        run, runs, profiles = self.tobs.model.run, self.query_one(RunsPanel), self.query_one(ProfilesPanel)
        first = [run.output] if run is not None and self.tobs.model.running else []
        if runs.has_focus and runs.records:
            first.insert(0, runs.records[runs.cursor].output)
        elif profiles.has_focus and profiles.found:
            file = profiles.loaded.get(profiles.found[profiles.cursor].name)
            first[:0] = [file.profile.output] if file is not None else []
        await self.tobs.show_search(tuple(first))

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
