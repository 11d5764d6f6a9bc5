"""What became of a run: what was exported, what was not and why, where it lies, how fast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from rich.segment import Segment
from textual.binding import BindingType
from textual.containers import Vertical

from tobs_tui.model.display import NONE, clean, count, duration, plural, rate, size
from tobs_tui.model.peers import is_channel_id
from tobs_tui.model.run import ChatProgress, ChatState, Failure, Outcome, RunState, Totals
from tobs_tui.ui import run_model
from tobs_tui.ui.editor import copy_place, open_in_editor
from tobs_tui.ui.keys import Action, bindings
from tobs_tui.ui.paint import Line, fit
from tobs_tui.ui.screens.dialogs import Detail
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.widgets.home_panels import outcome_sign
from tobs_tui.ui.widgets.painted import Painted, Words
from tobs_tui.ui.widgets.panel import Panel
from tobs_tui.ui.widgets.run_panels import row_name

if TYPE_CHECKING:
    from textual.app import ComposeResult

WITH_NEW = 60
"""From this many columns on, the counts show how many messages are new."""
TWO_COLUMNS = 100
"""From this many columns on, the figures stand in two columns; else only the first ones are shown."""
FEW_FACTS = 5
WIDEST_TITLE = 72
"""Columns that titles take at most: further ones would only part them from their figures."""
SENTENCES = {
    Outcome.COMPLETE: "Everything was exported. No message is missing.",
    Outcome.INCOMPLETE: "The export is finished, but some items could not be had. They are listed below.",
    Outcome.INTERRUPTED: "The export was interrupted. What was fetched is kept; run it again to go on from there.",
    Outcome.WAITING: "Telegram asked to wait longer than a run may. Run it again later; it goes on from there.",
    Outcome.SIGNED_OUT: "The session was ended at Telegram. Sign in and run it again; it goes on from there.",
    Outcome.FAILED: "What was fetched is kept.",
}


class Facts(Painted):
    """The vault's place on a line of its own; below it the run in figures, all of them where there is room."""

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Textual asks how high this is."""
        return 1 + (FEW_FACTS + 1 if width >= TWO_COLUMNS else FEW_FACTS)

    def lines(self, width: int, height: int) -> list[Line]:
        """Names and values."""
        run = self.tobs.model.run
        if run is None:
            return []
        palette, facts = self.tobs.palette, run_facts(run)
        columns, rows = (2, FEW_FACTS + 1) if width >= TWO_COLUMNS else (1, FEW_FACTS)
        place = fit(clean(run.output, 400), width - 20)
        found: list[Line] = [[Segment(f"  {fit('Vault', 18)}", palette.muted), Segment(place, palette.text)]]
        for y in range(rows):
            line: Line = []
            for name, value in facts[y::rows][:columns]:
                line += [
                    Segment(f"  {fit(name, 18)}", palette.muted),
                    Segment(fit(value, width // columns - 20), palette.text),
                ]
            found.append(line)
        return found


def run_facts(run: RunState) -> list[tuple[str, str]]:
    """What a summary says, as names with values."""
    totals = run.totals
    speed = totals.messages_new / totals.elapsed_s if totals.elapsed_s > 0 else 0.0
    reused = f", {plural(totals.files_reused, 'other')} already there" if totals.files_reused else ""
    saved = f", {size(totals.bytes_saved)} saved" if totals.bytes_saved else ""
    return [
        ("Messages", f"{count(totals.messages)}, {count(totals.messages_new)} of them new"),
        ("Files", f"{count(totals.files)} of {count(totals.files_total)}{reused}"),
        *([("Jobs on files", jobs_words(totals))] if totals.jobs_total else []),
        ("Left out", f"{plural(totals.skipped, 'file')}, by the profile" if totals.skipped else "nothing"),
        ("Time", duration(totals.elapsed_s)),
        ("Speed", f"{count(round(speed))} messages a second" if totals.messages_new else NONE),
        ("Notes written", count(totals.notes)),
        ("File bytes", size(totals.bytes) + saved),
        ("Average", rate(totals.bytes / totals.elapsed_s) if totals.elapsed_s > 0 else NONE),
        ("Requests", f"{count(totals.requests)}, {count(totals.retries)} of them again"),
        ("Waited", f"{plural(totals.flood_waits, 'flood wait')}, {duration(totals.flood_seconds)}"),
        ("Not fully read", plural(totals.unknown, "message") if totals.unknown else "nothing"),
        *([("At most", _peak_words(totals))] if totals.peak_memory else []),
        *([("Looked at again", refresh_words(totals))] if run.refresh is not None else []),
    ]


def jobs_words(totals: Totals) -> str:
    """What was done with the files after their download."""
    failed = f", {count(totals.jobs_failed)} failed" if totals.jobs_failed else ""
    return f"{count(totals.jobs)} of {count(totals.jobs_total)}{failed}"


def _peak_words(totals: Totals) -> str:
    """What the run has taken of the machine."""
    slowed = f", held back {duration(totals.slowed_s)}" if totals.slowed_s else ""
    return f"{size(totals.peak_memory)}, {totals.peak_cpu_percent:.0f} % of a core{slowed}"


def refresh_words(totals: Totals) -> str:
    """What a refresh has found so far."""
    found = f"{count(totals.edited)} edited, {count(totals.deleted)} deleted, {count(totals.reactions)} reacted to"
    return f"{count(totals.reread)}: {found}"


class CountsPanel(Panel):
    """What each chat and topic came to."""

    def __init__(self) -> None:
        super().__init__(id="counts")

    @property
    def rows(self) -> tuple[ChatProgress, ...]:
        """The chats."""
        run = self.tobs.model.run
        return run.chats if run else ()

    def count(self) -> int:
        """One row a chat or topic."""
        return len(self.rows)

    def title(self) -> Line:
        """How many."""
        leaves = run_model.leaf_rows(self.rows)
        done = sum(row.state is ChatState.DONE for row in leaves)
        palette = self.tobs.palette
        return [Segment("Exported", palette.strong), Segment(f"  {done} of {len(leaves)}", palette.muted)]

    def header(self, width: int) -> Line | None:
        """Column names."""
        new = f"{'NEW':>12}" if width >= WITH_NEW else ""
        text = f"    {fit('TITLE', self._title_width(width))}{'MESSAGES':>12}{new}{'FILES':>12}"
        return [Segment(text, self.tobs.palette.faint)]

    def row(self, index: int, width: int) -> Line:
        """Sign, title, counts."""
        palette, glyphs, row = self.tobs.palette, self.tobs.glyphs, self.rows[index]
        signs = {ChatState.DONE: (glyphs.done, palette.ok), ChatState.FAILED: (glyphs.failed, palette.bad)}
        sign, style = signs.get(row.state, (glyphs.half, palette.warn))
        name = row_name(row, self.tobs.model.run)
        files = f"{count(row.media)}/{count(row.media_total)}" if row.media_total > row.media else count(row.media)
        return [
            Segment(f"  {sign} ", style),
            Segment(fit(name, self._title_width(width)), palette.text),
            Segment(fit(count(row.messages), 12, ">"), palette.text),
            Segment(fit(count(row.messages_new), 12, ">") if width >= WITH_NEW else "", palette.muted),
            Segment(fit(files, 12, ">"), palette.muted),
        ]

    def _title_width(self, width: int) -> int:
        return max(8, min(WIDEST_TITLE, width - (42 if width >= WITH_NEW else 30)))


class FailuresPanel(Panel):
    """What could not be had, and why."""

    def __init__(self) -> None:
        super().__init__(id="failures")

    @property
    def rows(self) -> tuple[Failure, ...]:
        """The failures."""
        run = self.tobs.model.run
        return run.failures if run else ()

    def count(self) -> int:
        """One row a failure."""
        return len(self.rows)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As high as its rows; there is a limit in the style sheet."""
        return len(self.rows) + 2

    def title(self) -> Line:
        """How many."""
        palette = self.tobs.palette
        number = len(self.rows)
        return [Segment("Not exported", palette.strong), Segment(f"  {number}", palette.bad if number else palette.ok)]

    def empty(self) -> str:
        """All is well."""
        return "Nothing is missing."

    def row(self, index: int, width: int) -> Line:
        """What, where, why."""
        palette, row = self.tobs.palette, self.rows[index]
        where = f" {clean(row.title, 60)}" + (f" #{row.message_id}" if row.message_id else "")
        line: Line = [
            Segment(f" {self.tobs.glyphs.failed} {clean(row.what, 40)}", palette.bad),
            Segment(where, palette.text),
        ]
        return [*line, Segment(f"  {clean(row.reason, 200)}", palette.muted)]


class SummaryScreen(Page):
    """What became of the run."""

    context = "summary"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("summary"))

    def crumbs(self) -> list[str]:
        """Where one is."""
        run = self.tobs.model.run
        return [clean(run.profile.name, 40) or "export", "Summary"] if run else ["Summary"]

    def body(self) -> ComposeResult:
        """Verdict, figures, counts and failures."""
        yield Words("", tone="strong", id="verdict")
        yield Facts(id="facts")
        with Vertical(id="deck"):
            yield CountsPanel()
            yield FailuresPanel()

    def on_mount(self) -> None:
        """Say how it ended."""
        self.model_changed()
        self.query_one(CountsPanel).focus()

    def model_changed(self) -> None:
        """Say how it ended."""
        run = self.tobs.model.run
        if run is None:
            return
        glyph, word, tone = outcome_sign(run.outcome, self.tobs.glyphs)
        sentence = SENTENCES.get(run.outcome, "") if run.outcome else ""
        more = f" {clean(run.message, 300)}" if run.message and run.outcome is not Outcome.COMPLETE else ""
        self.query_one("#verdict", Words).say(f"{glyph} {word.capitalize()}. {sentence}{more}", tone)
        self.set_class(not run.failures, "-clean")

    def offers(self, action: Action) -> bool:
        """Running again needs an account; trying failures again, some that belong to chats."""
        if action.id == "summary.retry":
            return self.tobs.model.signed_in and bool(self._failed_chats())
        return action.id != "summary.again" or self.tobs.model.signed_in

    def name_of(self, action: Action) -> str:
        """A shorter name where the line is short: the way home has to have room."""
        return "Retry" if action.id == "summary.retry" and self.app.size.width < TWO_COLUMNS else action.name

    def _failed_chats(self) -> dict[int, str]:
        run = self.tobs.model.run
        return {failure.chat: failure.title for failure in run.failures if failure.chat} if run else {}

    def on_panel_chosen(self, message: Panel.Chosen) -> None:
        """Everything about the row."""
        panel = message.panel
        if isinstance(panel, FailuresPanel):
            row = panel.rows[message.index]
            where = f"{clean(row.title)} ({row.chat})" + (f", message {row.message_id}" if row.message_id else "")
            pairs = [("Where", where), ("Why", clean(row.reason, 1000)), ("Code", row.code.value)]
            self.tobs.push_screen(Detail(f"Not exported: {clean(row.what, 40)}", pairs))
        elif isinstance(panel, CountsPanel):
            from tobs_tui.ui.screens.run_details import chat_details

            self.tobs.push_screen(Detail(*chat_details(panel.rows[message.index])))

    async def action_again(self) -> None:
        """Run the same profile again."""
        run = self.tobs.model.run
        if run is not None:
            await self.tobs.start(run.profile)

    async def action_retry(self) -> None:
        """Run the same profile again for the chats that something is missing from."""
        run, chats = self.tobs.model.run, self._failed_chats()
        if run is None:
            return
        targets = run.profile.targets.only(chats)
        if any(chat < 0 and not is_channel_id(chat) for chat in chats):
            targets = run.profile.targets  # it may be what a supergroup grew out of, which is no chat of its own
        await self.tobs.start(replace(run.profile, targets=targets))

    def action_open(self) -> None:
        """The vault's index, in the editor; where there are only pages or JSON lines, their place is copied."""
        run = self.tobs.model.run
        if run is None:
            return
        vault = Path(run.output)
        index = vault / "index.md"
        if index.is_file():
            open_in_editor(self.tobs, index, 0)
        else:
            page = vault / "index.html"
            copy_place(self.tobs, page if page.is_file() else vault, 0)

    def action_verify(self) -> None:
        """Look whether all of the run's vault is as it was written."""
        from tobs_tui.ui.screens.verify import verify_vault

        run = self.tobs.model.run
        if run is not None:
            verify_vault(self.tobs, run.output)

    async def action_search(self) -> None:
        """Search the run's vault."""
        run = self.tobs.model.run
        await self.tobs.show_search((run.output,) if run is not None else ())

    def action_home(self) -> None:
        """Home."""
        self.tobs.back_to_home()
