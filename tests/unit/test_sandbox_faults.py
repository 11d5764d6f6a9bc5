"""Faults on demand: each rule hits what it names, as often as it says, and then is gone."""

from __future__ import annotations

from tobs_tui.sandbox.faults import Fault, Faults


def test_a_rule_passes_some_requests_hits_some_and_disappears() -> None:
    faults = Faults()
    rule = Fault("messages.getHistory", times=2, after=1, error="FLOOD_WAIT_3")
    faults.add(rule)
    hits = [faults.take("messages.getHistory", 2) for _ in range(5)]
    assert hits == [None, rule, rule, None, None]
    assert not faults


def test_a_rule_leaves_other_methods_and_data_centres_alone() -> None:
    faults = Faults()
    faults.add(Fault("upload.getFile", dc=4, disconnect=True))
    assert faults.take("upload.getFile", 2) is None
    assert faults.take("messages.getHistory", 4) is None
    assert faults.take("upload.getFile", 4) is not None


def test_a_rule_without_a_method_hits_every_method() -> None:
    faults = Faults()
    faults.add(Fault(times=2, delay_s=0.1))
    assert faults.take("help.getConfig", 2) is not None
    assert faults.take("messages.getHistory", 4) is not None
    assert faults.take("messages.getHistory", 4) is None
