"""Tune a profile: every value with where it comes from, checked as it is changed; a live estimate; save, start."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Horizontal

from tobs_tui.config.layers import PROFILE_KEYS, Effective, Layer
from tobs_tui.config.profiles import check_name, save_profile
from tobs_tui.model.display import clean, count, duration, plural, size
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Profile, VideoFormat
from tobs_tui.service.protocol import Estimate, EstimateExport
from tobs_tui.ui.keys import bindings
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.screens.dialogs import AskName
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.screens.pick import Pick
from tobs_tui.ui.tuning import parse, problem_between, reads, stepped, typed, value_of, with_value
from tobs_tui.ui.tuning_form import ENTRIES, SECTIONS, Entry, Way
from tobs_tui.ui.widgets.form import EntryLine, FormPanel, FormRow
from tobs_tui.ui.widgets.painted import Painted, wrap
from tobs_tui.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input

ESTIMATE_AFTER_S = 0.3
"""How long a value must rest before the estimate is asked for."""
UNKNOWN = "not known yet"
COUNTING = "Counting."
_ENCODED = ("media.transcode.video", "media.transcode.hardware")
_FIXED = (Layer.ENVIRONMENT, Layer.FLAG)


class EstimatePanel(Panel):
    """What the profile would export, from Telegram's counters and the archive."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="estimate")
        self.estimate: Estimate | None = None
        self.note = COUNTING

    def title(self) -> Line:
        """The panel's name, and whether it is up to date."""
        palette, model = self.tobs.palette, self.tobs.model
        if self.estimate is None and self.note != COUNTING:
            return [Segment("Estimate", palette.strong)]  # what is wrong stands below
        news, tone = ("  counting", palette.faint) if self.note == COUNTING else (f"  {self.note}", palette.warn)
        if self.note == COUNTING and (left := model.estimate_waits - model.clock()) > 0:
            news, tone = f"  Telegram asks to wait {duration(left)}", palette.warn
        if self.estimate is None and tone is palette.faint:
            news = ""
        return [Segment("Estimate", palette.strong), Segment(news if self.note else "", tone)]

    def facts(self) -> list[tuple[str, str]]:
        """Names and values."""
        found = self.estimate
        if found is None:
            return []
        more = " and more" if found.uncounted else ""
        new = found.missing
        if new < 0 <= min(found.messages, found.messages_known):
            new = max(0, found.messages - found.messages_known)
        return [
            ("Chats", count(found.chats)),
            ("New messages", _known(count, new)),
            ("Already there", _known(count, found.messages_known)),
            ("Time", _about(found.seconds) if found.seconds >= 0 else UNKNOWN),
            ("Requests", _known(count, found.requests)),
            ("Files", _known(count, found.files, more)),
            ("File bytes", _known(size, found.bytes, more)),
        ]

    def count(self) -> int:
        """One row a fact; two facts a row where the panel is low."""
        facts = self.facts()
        return (len(facts) + 1) // 2 if self.low else len(facts)

    @property
    def low(self) -> bool:
        """Whether there are fewer lines than facts."""
        return self.size.height < 9

    def empty(self) -> str:
        """While there is no estimate yet."""
        return self.note

    def empty_tone(self) -> str:
        """What went wrong stands out."""
        return "muted" if self.note == COUNTING else "warn"

    def row(self, index: int, width: int) -> Line:
        """One or two facts."""
        palette, facts = self.tobs.palette, self.facts()
        shown = facts[index * 2 : index * 2 + 2] if self.low else facts[index : index + 1]
        line: Line = []
        for name, value in shown:
            line += [Segment(f" {fit(name, 14)}", palette.muted), Segment(fit(value, 18), palette.text)]
        return line


def _known(words: Callable[[int], str], value: int, more: str = "") -> str:
    return words(value) + more if value >= 0 else UNKNOWN


def _left_out(found: Estimate) -> str:
    """A note when an estimate had not enough requests to count everything; a dry run has more."""
    count = sum(bool(row.problem) for row in found.rows)
    return f"{plural(count, 'chat')} not counted in full" if count else ""


def _about(seconds: int) -> str:
    return f"about {duration(seconds)}" if seconds > 1 else "a moment"


class Advice(Painted):
    """What the value under the cursor is about."""

    def lines(self, width: int, height: int) -> list[Line]:
        """One line."""
        entry = ENTRIES.get(self.screen.query_one(FormPanel).key)
        text = f"{entry.help}." if entry else ""
        if entry is not None and entry.key in _ENCODED:
            text += f" {self._encoders()}"
        return [[Segment(line, self.tobs.palette.faint)] for line in wrap(text, width)]

    def _encoders(self) -> str:
        """The encoders for the chosen format that this machine was found to have."""
        from tobs_tui.media.encoders import found_in_words

        screen = self.screen
        assert isinstance(screen, TuningScreen)
        wanted = screen.shown.media.transcode.video
        return found_in_words(self.tobs.paths.encoders_file, wanted) if wanted is not VideoFormat.OFF else ""


class TuningScreen(Page):
    """Tune a profile. `given` are the keys that its file sets; None for a new one."""

    context = "tuning"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("tuning"))

    def __init__(self, profile: Profile, given: Collection[str] | None = None) -> None:
        super().__init__()
        self.profile = profile
        self._base = profile
        defaults = Profile()
        self.given = (
            set(given)
            if given is not None
            else {key for key in PROFILE_KEYS if value_of(profile, key) != value_of(defaults, key)}
        )
        self.changed: set[str] = set()
        self._effective: Effective | None = None
        self._counted: dict[int | str, dict[int, int]] = {}
        self._estimated = False

    def crumbs(self) -> list[str]:
        """Where one is."""
        return [clean(self.profile.name, 40) or "New export", "Profile"]

    def body(self) -> ComposeResult:
        """Form and estimate; advice; the line to type into."""
        with Horizontal(id="tuning"):
            yield FormPanel("Profile", self.rows)
            yield EstimatePanel()
        yield Advice(classes="advice")
        yield EntryLine()

    def on_mount(self) -> None:
        """Work the values out."""
        self.query_one(FormPanel).focus()
        self._resolve()

    def model_changed(self) -> None:
        """The estimate is asked for once the service is there, and again when Telegram told more counts."""
        if self.query_one(EstimatePanel).note == COUNTING:
            self.query_one(EstimatePanel).repaint()
        counts = {target.chat: dict(self._counts_of(target.chat)) for target in self.profile.targets.chats}
        if self.tobs.model.link is Link.ATTACHED and (counts != self._counted or not self._estimated):
            self._counted = counts
            self._estimate_soon()

    def _counts_of(self, chat: int | str) -> dict[int, int]:
        return self.tobs.model.counts.get(chat, {}) if isinstance(chat, int) else {}

    # Values.

    def _resolve(self) -> None:
        """Take the layers of configuration into account, then estimate."""
        profile, set_aside = self.profile, dict[str, Any]()
        while True:
            try:
                self._effective = self.tobs.effective(profile, self.given)
                break
            except TobsError as error:
                # A value that does not go with another one stays in the form, where it is told what is wrong with it.
                key, default = error.field, Profile()
                if key not in ENTRIES or value_of(profile, key) == value_of(default, key):
                    self.tobs.say_error(error)
                    break
                set_aside[key] = value_of(profile, key)
                profile = with_value(profile, key, value_of(default, key))
        if self._effective is not None:
            shown = self._effective.profile
            for key, value in set_aside.items():
                shown = with_value(shown, key, value)
            self._effective = msgspec.structs.replace(self._effective, profile=shown)
        self.query_one(FormPanel).reload()
        self.query_one(Advice).repaint()
        self._estimate_soon()

    @property
    def shown(self) -> Profile:
        """The profile with every layer of configuration in it."""
        return self._effective.profile if self._effective else self.profile

    def rows(self) -> list[FormRow]:
        """The form."""
        clash = problem_between(self.shown)
        rows = [FormRow("", f"Chats   {self._chats()}")]
        for name, entries in SECTIONS:
            rows.append(FormRow("", name))
            for entry in entries:
                problem = clash[1] if clash and clash[0] == entry.key else ""
                value = clean(reads(entry, self.shown), 300)
                rows.append(
                    FormRow(entry.key, entry.label, value, self._origin(entry.key), problem, entry.key in self.changed)
                )
        return rows

    def _chats(self) -> str:
        targets = self.profile.targets
        if targets.all_chats:
            return "all chats"
        names = []
        for target in targets.chats:
            topics = f" ({plural(len(target.topics), 'topic')})" if target.topics else ""
            names.append(clean(target.title or str(target.chat), 40) + topics)
        return ", ".join(names) or "none"

    def _origin(self, key: str) -> str:
        """Where a value comes from, in words."""
        origin = self._effective.origins.get(key) if self._effective else None
        if origin is not None and origin.layer in _FIXED:
            return clean(origin.detail, 60) or origin.layer.value
        if key in self.changed:
            return "changed now"
        if origin is None:
            return ""
        return clean(origin.detail, 60) if origin.layer is Layer.TUNED and origin.detail else origin.layer.value

    def _set(self, key: str, value: Any) -> None:
        base = self.profile
        if key.startswith("performance.") and key != "performance.preset":
            # A preset's values are what is in force, not what the profile's own fields say.
            base = msgspec.structs.replace(base, performance=self.shown.performance)
        self.profile = with_value(base, key, value)
        self.given |= {key}
        self.changed |= {key}
        if self.profile.performance.preset is not base.performance.preset:
            self.given |= {"performance.preset"}
            self.changed |= {"performance.preset"}
        if key.startswith("performance.") and key not in ("performance.preset", "performance.takeout"):
            self.given |= {name for name in PROFILE_KEYS if name.startswith("performance.")}
        self._resolve()

    def _fixed(self, key: str) -> bool:
        """Whether a layer above the profile decides the value; the person is told so."""
        origin = self._effective.origins.get(key) if self._effective else None
        if origin is None or origin.layer not in _FIXED:
            return False
        self.tobs.say(
            f"{origin.detail or origin.layer.value} decides this value. Start tobs without it to change it here."
        )
        return True

    # Estimate.

    def _estimate_soon(self) -> None:
        self.run_worker(self._estimate(), group="estimate", exclusive=True)

    async def _estimate(self) -> None:
        panel = self.query_one(EstimatePanel)
        if clash := problem_between(self.shown):
            panel.estimate, panel.note = None, clash[1]
            panel.repaint()
            return
        panel.note = COUNTING
        panel.repaint()
        await asyncio.sleep(ESTIMATE_AFTER_S)
        try:
            panel.estimate = await self.tobs.ask(EstimateExport(self.shown), Estimate)
            panel.note = clean(panel.estimate.problem, 300) or _left_out(panel.estimate)
            self._estimated = True
        except TobsError as error:
            panel.estimate = None
            panel.note = clean(str(error), 300)
        panel.repaint()

    # Keys.

    def on_panel_moved(self, message: Panel.Moved) -> None:
        """Another value, other advice."""
        self.query_one(Advice).repaint()

    async def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Enter changes the value."""
        await self.action_edit()

    async def action_edit(self) -> None:
        """Change the value under the cursor, in its own way."""
        entry = ENTRIES.get(self.query_one(FormPanel).key)
        if entry is None or self._fixed(entry.key):
            return
        match entry.way:
            case Way.TOGGLE | Way.CYCLE:
                self._set(entry.key, stepped(entry, self.shown, 1))
            case Way.PICK:
                await self._pick(entry)
            case Way.TYPE:
                # What the value is about stands above, all along: the room is the field's.
                self.query_one(EntryLine).open(entry.key, entry.label, typed(entry, self.shown), "")

    async def _pick(self, entry: Entry) -> None:
        chosen = [str(item) for item in value_of(self.shown, entry.key)]

        def answered(names: list[str] | None) -> None:
            if names is not None:
                self._set(entry.key, tuple(item for item in entry.choices if str(item) in names))

        await self.tobs.push_screen(Pick(entry.label, [str(item) for item in entry.choices], chosen), answered)

    def action_step(self, by: int) -> None:
        """The next or previous value."""
        entry = ENTRIES.get(self.query_one(FormPanel).key)
        if entry is None or self._fixed(entry.key):
            return
        value = stepped(entry, self.shown, by)
        if value != value_of(self.shown, entry.key):
            self._set(entry.key, value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed, if it means something."""
        event.stop()
        line = self.query_one(EntryLine)
        entry = ENTRIES.get(line.key)
        if entry is None:
            return
        try:
            value = parse(entry, event.value)
        except ValueError as error:
            line.wrong(str(error))
            return
        line.close()
        self._set(entry.key, value)

    async def action_save(self) -> None:
        """Save under a name."""
        if self._told_of_clash():
            return

        def check(name: str) -> str:
            try:
                check_name(name)
            except TobsError as error:
                return error.sentence
            return ""

        def answered(name: str | None) -> None:
            if name:
                self._save(name)

        note = "It is then started with a number key here, or with: tobs NAME"
        await self.tobs.push_screen(AskName("Save this profile", self.profile.name, check, note), answered)

    def _save(self, name: str) -> None:
        named = msgspec.structs.replace(self.profile, name=name)
        try:
            save_profile(named, self.tobs.paths)
        except TobsError as error:
            self.tobs.say_error(error)
            return
        self.profile = named
        self.changed.clear()
        paths = self.tobs.paths
        account = ["--account", paths.account] if paths.account else []
        command = ["tobs", *(["--demo"] if self.tobs.demo else []), *account, shlex.quote(name)]
        self.tobs.say(f"Saved. Start it any time with: {' '.join(command)}")
        self._resolve()
        self.paint()

    async def action_start(self) -> None:
        """Start the export."""
        if self._told_of_clash():
            return
        if not self.profile.targets.chats and not self.profile.targets.all_chats:
            self.tobs.say("Choose at least one chat first, with c.")
            return
        await self.tobs.start(self.profile, self.given)

    def _told_of_clash(self) -> bool:
        """Whether two values do not go together; the person is told so."""
        clash = problem_between(self.shown)
        if clash is not None:
            self.tobs.notify(clash[1], severity="warning", markup=False)
        return clash is not None

    async def action_chats(self) -> None:
        """Back to the list of chats."""
        from tobs_tui.ui.screens.targets import TargetsScreen

        if any(isinstance(screen, TargetsScreen) for screen in self.tobs.screen_stack):
            self.dismiss(None)
        else:
            await self.tobs.show_targets(self.profile)

    def action_back(self) -> None:
        """Leave the field, or the screen."""
        line = self.query_one(EntryLine)
        if line.is_open:
            line.close()
        else:
            self.dismiss(None)
