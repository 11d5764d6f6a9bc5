"""Faults on demand: each rule hits what it names, as often as it says, and then is gone."""

from __future__ import annotations

import pytest
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.functions.messages import GetHistoryRequest

from tobs_tui.sandbox.faults import Fault, Faults
from tobs_tui.sandbox.wire import tl


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


def test_a_limit_lets_a_burst_pass_then_so_many_a_second_and_names_the_wait() -> None:
    now = 100.0
    faults = Faults(lambda: now)
    faults.add(Fault("messages.getHistory", per_second=2, burst=3))
    assert [faults.take("messages.getHistory", 2) for _ in range(3)] == [None, None, None]
    refused = faults.take("messages.getHistory", 2)
    assert refused is not None
    assert (refused.error, refused.code) == ("FLOOD_WAIT_1", 420)
    assert faults.refused == 1
    now += 0.5
    assert faults.take("messages.getHistory", 2) is None
    assert faults.take("messages.getHistory", 2) is not None
    now += 10
    assert [faults.take("messages.getHistory", 2) is None for _ in range(4)] == [True, True, True, False]
    assert faults.take("upload.getFile", 2) is None


def test_what_a_limit_allows_meets_the_rules_behind_it() -> None:
    faults = Faults()
    faults.add(Fault(per_second=0.01, burst=1))
    behind = Fault(times=0, disconnect=True)
    faults.add(behind)
    assert faults.take("help.getConfig", 2) is behind
    limited = faults.take("help.getConfig", 2)
    assert limited is not None
    assert limited.error == "FLOOD_WAIT_100"


def test_chance_comes_from_the_seed_and_a_rule_may_stay_for_ever() -> None:
    def pattern(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(Fault(times=0, chance=0.3, seed=seed, delay_s=0.1))
        return [faults.take("help.getConfig", 2) is not None for _ in range(200)]

    assert pattern(1) == pattern(1) != pattern(2)
    assert 30 < sum(pattern(1)) < 90


def test_a_short_page_keeps_the_messages_nearest_to_where_the_request_begins() -> None:
    up = GetHistoryRequest(types.InputPeerSelf(), 501, None, -100, 100, 0, 0, 0)
    down = GetHistoryRequest(types.InputPeerSelf(), 501, None, 0, 100, 0, 0, 0)
    one = GetHistoryRequest(types.InputPeerSelf(), 501, None, -1, 1, 0, 0, 0)
    for request in (up, down, one):
        Fault(short=30).shorten(request)
    assert (up.add_offset, up.limit) == (-30, 30)
    assert (down.add_offset, down.limit) == (0, 30)
    assert (one.add_offset, one.limit) == (-1, 1)


def test_only_the_named_message_becomes_unreadable_compressed_or_not() -> None:
    def page() -> bytes:
        messages = [types.Message(id=number, peer_id=types.PeerUser(1), date=None, message="hi") for number in (1, 2)]
        return bytes(types.messages.Messages(messages=messages, topics=[], chats=[], users=[]))

    spoiled = Fault(unreadable=(2,)).spoil(page())
    assert spoiled == Fault(unreadable=(2,)).spoil(tl.gzip_packed(page()))
    with pytest.raises(TypeNotFoundError) as unknown:
        BinaryReader(spoiled).tgread_object()
    assert unknown.value.invalid_constructor_id == 0xDEADBEEF
    changed = [place for place in range(len(spoiled)) if spoiled[place] != page()[place]]
    assert 0 < len(changed) <= 4
    assert Fault(unreadable=(3,)).spoil(page()) == page()
