"""The summary of a run says what a refresh has found, and nothing of one where there was none."""

from __future__ import annotations

from msgspec.structs import replace

from tobs_tui.model.profile import Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import RunState, Totals
from tobs_tui.ui.screens.summary import run_facts

RUN = RunState("r1", Profile(), "/vault", totals=Totals(reread=120, edited=3, deleted=2, reactions=40))


def test_what_a_refresh_found_is_among_the_facts_of_its_run_only() -> None:
    facts = dict(run_facts(replace(RUN, refresh=Refresh())))
    assert facts["Looked at again"] == "120: 3 edited, 2 deleted, 40 reacted to"
    assert "Looked at again" not in dict(run_facts(RUN))
