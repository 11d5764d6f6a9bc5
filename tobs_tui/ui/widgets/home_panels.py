"""The home screen's panels: what can be started, the saved profiles, and what became of the last runs."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from rich.cells import cell_len
from rich.segment import Segment

from tobs_tui.config.profiles import ProfileFile, ProfileInfo
from tobs_tui.model.display import clean, count, duration, moment, plural, shown_folder
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import Outcome, RunRecord
from tobs_tui.ui.glyphs import Glyphs
from tobs_tui.ui.keys import BY_ID, MAX_SHORTCUTS, keys_of, shown
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.widgets.panel import Panel


class Start(Struct, frozen=True):
    """One thing to start with: its key, what it says, and what it does."""

    key: str
    label: str
    note: str
    does: Callable[[], None]


class StartPanel(Panel):
    """What can be done now, given the account and the run."""

    one_click = True

    def __init__(self) -> None:
        super().__init__(id="start")
        self.entries: list[Start] = []

    def take(self, entries: list[Start]) -> None:
        """Other things to start with: who has moved the cursor keeps it on what it was on."""
        key = self.entries[self.cursor].key if 0 < self.cursor < len(self.entries) else ""
        self.entries = entries
        place = next((at for at, entry in enumerate(entries) if key and entry.key == key), self.cursor)
        if place != self.cursor:
            self.move_to(place)

    def count(self) -> int:
        """One row an entry."""
        return len(self.entries)

    def title(self) -> Line:
        """The panel's name."""
        return [Segment("Start", self.tobs.palette.strong)]

    def row(self, index: int, width: int) -> Line:
        """Key, label, note."""
        palette, entry = self.tobs.palette, self.entries[index]
        label = Segment(fit(entry.label, 20), palette.text)
        return [Segment(f" {fit(entry.key, 2)} ", palette.accent), label, Segment(entry.note, palette.muted)]


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
        """What the number keys do, once there is an account to do it with."""
        if not self.found or not self.tobs.model.signed_in:
            return []
        keys = [shown(keys_of(BY_ID[f"home.launch{n}"], self.tobs.keymap)[0]) for n in (1, MAX_SHORTCUTS)]
        last = keys[-1] if len(self.found) >= MAX_SHORTCUTS else str(len(self.found))
        text = f"{keys[0]}-{last}: start" if len(self.found) > 1 else f"{keys[0]}: start"
        return [Segment(text, self.tobs.palette.faint)]

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
        widest = max(cell_len(what_it_exports(other.profile)) for other in self.loaded.values())
        room = width - 5 - name_width - widest - 2
        folder = shown_folder(file.profile.output, max(8, room)) if file.profile.output else "default folder"
        return [
            *line,
            Segment(fit(what_it_exports(file.profile), widest + 2), palette.muted),
            Segment(clean(folder, 300), palette.faint),
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
        self.known = False

    def count(self) -> int:
        """One row a run."""
        return len(self.records)

    def title(self) -> Line:
        """The panel's name."""
        return [Segment("Last runs", self.tobs.palette.strong)]

    def empty(self) -> str:
        """What will stand here; before the service has told, nothing is claimed."""
        if self.known:
            return "Nothing has been exported yet. What becomes of every run will stand here."
        return "Asking for the last runs." if self.tobs.model.link in (Link.CONNECTING, Link.ATTACHED) else ""

    def row(self, index: int, width: int) -> Line:
        """Outcome, profile, counts, when, how long, where."""
        palette, record = self.tobs.palette, self.records[index]
        glyph, word, tone = outcome_sign(record.outcome, self.tobs.glyphs)
        run = self.tobs.model.run
        if run is not None and self.tobs.model.running and run.run_id == record.run_id:
            glyph, word, tone = self.tobs.glyphs.on, "running", "info"
        took = duration(record.finished_at - record.started_at) if record.finished_at else ""
        failures = plural(record.failures, "item") + " missing" if record.failures else ""
        line: Line = [
            Segment(f" {glyph} {fit(word, 12)}", getattr(palette, tone)),
            Segment(fit(clean(record.profile_name, 60) or "(no name)", 22) + " ", palette.text),
            Segment(fit(messages_of(record) if word != "running" else "", 19, ">"), palette.muted),
        ]
        if width >= 78:
            line.append(Segment(fit(moment(record.started_at, self.tobs.model.clock()), 13, ">"), palette.muted))
        if width >= 100:
            line += [
                Segment(fit(took, 15, ">"), palette.faint),
                Segment(f"  {failures or clean(record.message, 60)}", palette.warn if failures else palette.faint),
            ]
        return line


def messages_of(record: RunRecord) -> str:
    """How many messages a run came to; one that was cut off could not say."""
    unknown = record.outcome is None and not record.messages
    return "messages unknown" if unknown else f"{count(record.messages)} messages"


def outcome_sign(outcome: Outcome | None, glyphs: Glyphs) -> tuple[str, str, str]:
    """Glyph, word and style of an outcome; None is a run that did not get to say how it ended."""
    return {
        Outcome.COMPLETE: (glyphs.done, "complete", "ok"),
        Outcome.INCOMPLETE: (glyphs.warning, "incomplete", "warn"),
        Outcome.INTERRUPTED: (glyphs.half, "interrupted", "warn"),
        Outcome.WAITING: (glyphs.waiting, "waiting", "warn"),
        Outcome.SIGNED_OUT: (glyphs.failed, "signed out", "bad"),
        Outcome.FAILED: (glyphs.failed, "failed", "bad"),
        None: (glyphs.half, "cut off", "warn"),
    }[outcome]
