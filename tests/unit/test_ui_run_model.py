"""What the model promises the screens."""

from __future__ import annotations

from tobs_tui.model.profile import Filters, Profile
from tobs_tui.model.run import (
    Alert,
    ChatProgress,
    ChatState,
    Level,
    LogLine,
    Outcome,
    RunPhase,
    RunState,
    RunUpdated,
    Totals,
)
from tobs_tui.service.protocol import (
    AccountChanged,
    AccountPhase,
    AccountState,
    MessagesCounted,
    RunFinished,
    RunStarted,
    ServiceStopping,
    Snapshot,
)
from tobs_tui.ui.run_model import (
    Link,
    Order,
    RunModel,
    alerts_in_order,
    leaf_rows,
    log_from,
    open_alerts,
    shares,
    sorted_rows,
    telegram_is_lost,
)

RUN = RunState("r1", Profile(), "/vault", RunPhase.RUNNING)


class Clock:
    """A clock that is set by hand."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


def attached(run: RunState | None = None) -> tuple[RunModel, Clock]:
    clock = Clock()
    model = RunModel(clock)
    model.attached(Snapshot(AccountState(AccountPhase.SIGNED_IN), run))
    return model, clock


def test_the_model_begins_with_what_the_service_said_on_attach() -> None:
    model, _ = attached(RUN)
    assert model.link is Link.ATTACHED
    assert model.signed_in
    assert model.running
    assert model.view is RUN


def test_every_event_changes_the_revision_so_that_it_is_painted() -> None:
    model, _ = attached(RUN)
    before = model.revision
    model.apply(AccountChanged(AccountState(AccountPhase.SIGNED_OUT)))
    assert model.revision > before
    assert not model.signed_in


def test_updates_of_another_run_are_not_mixed_in() -> None:
    model, _ = attached(RUN)
    model.apply(RunUpdated("r0", 0.0, RunPhase.PAUSED, Totals(messages=9)))
    assert model.run is RUN
    model.apply(RunUpdated("r1", 0.0, RunPhase.PAUSED, Totals(messages=9)))
    assert model.run is not None and model.run.totals.messages == 9


def test_a_finished_run_is_not_running() -> None:
    model, _ = attached()
    model.apply(RunStarted(RUN))
    assert model.running
    model.apply(RunFinished(RunState("r1", Profile(), "/vault", phase=RunPhase.FINISHED)))
    assert not model.running


def test_a_held_view_keeps_what_it_showed() -> None:
    model, _ = attached(RUN)
    model.freeze(True)
    model.apply(RunUpdated("r1", 0.0, RunPhase.RUNNING, Totals(messages=9)))
    assert model.view is RUN
    model.freeze(False)
    assert model.view is not None and model.view.totals.messages == 9


def test_silence_is_measured_from_the_last_event() -> None:
    model, clock = attached(RUN)
    clock.at += 7
    assert model.silent_s == 7
    model.apply(AccountChanged(AccountState(AccountPhase.SIGNED_IN)))
    assert model.silent_s == 0


def test_a_stopped_service_is_told_from_a_cut_line() -> None:
    model, _ = attached(RUN)
    model.apply(ServiceStopping())
    assert model.link is Link.STOPPED
    assert model.run is RUN, "what was last heard stays to be seen"


def test_counts_of_messages_are_kept_as_they_come() -> None:
    model, _ = attached()
    model.apply(MessagesCounted(-5, {0: 90}))
    model.apply(MessagesCounted(-5, {7: 30}))
    assert (model.counted(-5), model.counted(-5, 7), model.counted(-5, 8)) == (90, 30, -1)


ROWS = (
    ChatProgress(1, "beta", state=ChatState.DONE, messages_total=5, fetched=1.0),
    ChatProgress(2, "Alpha", state=ChatState.QUEUED, messages_total=900),
    ChatProgress(3, "gamma", state=ChatState.FAILED, messages_total=20, fetched=0.4),
)


def test_rows_are_sorted_as_asked() -> None:
    titles = {order: [row.title for row in sorted_rows(ROWS, order)] for order in Order}
    assert titles == {
        Order.PLAN: ["beta", "Alpha", "gamma"],
        Order.STATE: ["gamma", "Alpha", "beta"],
        Order.NAME: ["Alpha", "beta", "gamma"],
        Order.SIZE: ["Alpha", "gamma", "beta"],
        Order.PROGRESS: ["Alpha", "gamma", "beta"],
    }


def test_a_filter_keeps_rows_whose_title_holds_it() -> None:
    assert [row.title for row in sorted_rows(ROWS, Order.PLAN, "ALPH")] == ["Alpha"]


def test_a_forum_counts_by_its_topics_only() -> None:
    rows = (
        ChatProgress(1, "forum"),
        ChatProgress(1, "a", topic=1),
        ChatProgress(1, "b", topic=2),
        ChatProgress(2, "c"),
    )
    assert [row.title for row in leaf_rows(rows)] == ["a", "b", "c"]


def test_open_alerts_come_first_and_newest_first() -> None:
    alerts = (
        Alert("old", Level.ERROR, "", 1),
        Alert("seen", Level.ERROR, "", 9, acknowledged=True),
        Alert("new", Level.ERROR, "", 5),
        Alert("over", Level.ERROR, "", 8, resolved=True),
    )
    assert [alert.key for alert in alerts_in_order(alerts)] == ["new", "old", "seen", "over"]
    assert [alert.key for alert in open_alerts(alerts)] == ["new", "old"]


def test_the_log_shows_a_level_and_all_above_newest_first() -> None:
    lines = tuple(LogLine(at, level, level.value) for at, level in enumerate(Level))
    assert [line.text for line in log_from(lines, Level.WARNING)] == ["critical", "error", "warning"]
    assert [line.text for line in log_from(lines, Level.DEBUG, "ERR")] == ["error"]


def test_no_stage_says_more_than_the_whole() -> None:
    run = RunState(
        "r", Profile(), "", totals=Totals(messages_total=10, rendered=11, fetched=1.0, bytes=5, bytes_total=4)
    )
    assert shares(run) == (1.0, 1.0, 1.0)


def test_a_filtered_run_is_rendered_when_its_chats_are() -> None:
    rows = (
        ChatProgress(1, "a", state=ChatState.DONE),
        ChatProgress(2, "b", state=ChatState.RENDERING),
    )
    profile = Profile(filters=Filters(text="x"))
    run = RunState("r", profile, "", chats=rows, totals=Totals(messages_total=10, rendered=1))
    assert shares(run)[1] == 0.5


def test_a_run_without_files_has_no_media_progress_until_it_is_done() -> None:
    assert shares(RunState("r", Profile(), ""))[2] == 0.0
    assert shares(RunState("r", Profile(), "", phase=RunPhase.FINISHED))[2] == 1.0


def test_a_run_whose_service_died_is_told_as_interrupted() -> None:
    model, _ = attached(RUN)
    model.lost("cut")
    model.attached(Snapshot(AccountState(AccountPhase.SIGNED_IN)))
    assert model.run is not None
    assert (model.run.run_id, model.run.phase, model.run.outcome) == ("r1", RunPhase.FINISHED, Outcome.INTERRUPTED)
    assert "ended unexpectedly" in model.run.message


def test_a_run_that_goes_on_behind_a_cut_line_is_watched_again() -> None:
    model, _ = attached(RUN)
    model.lost("cut")
    model.attached(Snapshot(AccountState(AccountPhase.SIGNED_IN), RUN))
    assert model.run is RUN


def test_the_line_to_telegram_is_lost_until_its_alert_resolves() -> None:
    lost = Alert("connection", Level.ERROR, "gone", 1.0, acknowledged=True)
    assert telegram_is_lost(RunState("r", Profile(), "/vault", RunPhase.RUNNING, alerts=(lost,)))
    back = Alert("connection", Level.ERROR, "gone", 1.0, resolved=True)
    assert not telegram_is_lost(RunState("r", Profile(), "/vault", RunPhase.RUNNING, alerts=(back,)))


def test_media_are_never_shown_further_along_than_the_messages_they_come_with() -> None:
    totals = Totals(messages=50, messages_total=200, fetched=0.25, files=3, files_total=3, bytes=9, bytes_total=9)
    assert shares(RunState("r", Profile(), "", phase=RunPhase.RUNNING, totals=totals))[2] == 0.25
