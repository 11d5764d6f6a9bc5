"""Promises of the run board: snapshot and updates tell the same story, and its sums are those of its rows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.engine.state import RunBoard
from tobs_tui.model.profile import Profile
from tobs_tui.model.run import (
    ChatProgress,
    ChatState,
    Failure,
    Level,
    Outcome,
    Resources,
    RunPhase,
    WorkerRole,
    apply_update,
)

KEYS = [(-1001, 0), (-1002, 0), (-1003, 7), (-1003, 8), (42, 0)]

_steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "count", "state", "log", "fail", "tick", "worker", "alert", "phase", "take", "join"]),
        st.integers(0, len(KEYS) - 1),
        st.integers(0, 500),
    ),
    max_size=60,
)


def _board() -> RunBoard:
    board = RunBoard("r1", Profile(), "/vault")
    board.workers.hire("w", WorkerRole.FETCH, 2)
    return board


def _do(board: RunBoard, step: str, key: tuple[int, int], number: int) -> None:
    known = {row.key for row in board.rows()}
    if step == "put":
        board.put(ChatProgress(chat=key[0], topic=key[1], title=f"t{number}", messages_total=number - 1))
    elif step == "count" and key in known:
        board.count_messages(key, number, number / 500)
    elif step == "state" and key in known:
        board.change(key, state=list(ChatState)[number % len(ChatState)])
    elif step == "log":
        board.log(Level.INFO, f"line {number}")
    elif step == "fail":
        board.fail(Failure(chat=key[0], what="chat", reason=f"reason {number}"))
    elif step == "tick":
        board.tick(Resources(at=float(number), disk_total=100, disk_free=number % 100))
    elif step == "worker":
        board.workers.hire("w", WorkerRole.FETCH, 2)[number % 2].count(number, number)
    elif step == "alert":
        board.alerts.open(f"key-{number % 3}", Level.WARNING, f"text {number}")
    elif step == "phase":
        board.enter(list(RunPhase)[number % len(RunPhase)], f"why {number}")


@given(_steps)
@settings(max_examples=150, deadline=None)
def test_a_snapshot_and_the_updates_after_it_give_the_state(steps) -> None:
    board = _board()
    watched = board.state
    late = None
    for step, which, number in [*steps, ("take", 0, 0)]:
        if step == "take":
            update = board.take_update()
            if update is not None:
                watched = apply_update(watched, update)
                late = apply_update(late, update) if late is not None else None
            assert watched == board.state
        elif step == "join" and late is None:
            late = board.state
        else:
            _do(board, step, KEYS[which], number)
    if late is not None:
        assert late == board.state


@given(_steps)
@settings(max_examples=100, deadline=None)
def test_the_totals_are_the_sums_of_the_rows(steps) -> None:
    board = _board()
    for step, which, number in steps:
        _do(board, step, KEYS[which], number)
    rows, totals = board.rows(), board.totals()
    assert totals.messages == sum(row.messages for row in rows)
    assert totals.messages_new == sum(row.messages_new for row in rows)
    assert totals.chats_total == len(rows)
    assert totals.chats_done == sum(row.state in (ChatState.DONE, ChatState.FAILED) for row in rows)
    known = bool(rows) and all(row.messages_total >= 0 for row in rows)
    assert totals.messages_total == (sum(row.messages_total for row in rows) if known else -1)
    assert 0.0 <= totals.fetched <= 1.0


def test_nothing_is_estimated_while_a_total_is_unknown() -> None:
    board = _board()
    board.enter(RunPhase.RUNNING)
    board.put(ChatProgress(chat=1, title="a", messages_total=-1))
    board.put(ChatProgress(chat=2, title="b", messages_total=1000))
    board.count_messages((2, 0), 500, 0.5)
    assert board.totals().messages_total == -1
    assert board.totals().eta_s == -1


def test_an_update_holds_only_the_rows_that_changed() -> None:
    board = _board()
    board.put(ChatProgress(chat=1, title="a"))
    board.put(ChatProgress(chat=2, title="b"))
    board.take_update()
    board.change((2, 0), messages=5)
    update = board.take_update()
    assert update is not None
    assert [row.chat for row in update.chats] == [2]
    assert board.take_update() is None


def test_the_end_is_told_once_and_stays() -> None:
    board = _board()
    board.finish(Outcome.INTERRUPTED, "Stopped.")
    update = board.take_update()
    assert update is not None
    assert (update.phase, update.outcome, update.message) == (RunPhase.FINISHED, Outcome.INTERRUPTED, "Stopped.")
    assert board.state.outcome is Outcome.INTERRUPTED
