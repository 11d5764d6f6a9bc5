"""What the list of chats, the filter and the form of a profile promise."""

from __future__ import annotations

import datetime
import random
import re

import pytest

from tobs_tui.model.peers import Dialog, Peer, PeerKind
from tobs_tui.model.profile import ChatTarget, MediaKind, Preset, Profile, Targets
from tobs_tui.ui.fuzzy import Finder, matches
from tobs_tui.ui.target_list import Archived, TargetList
from tobs_tui.ui.tuning import parse, problem_between, reads, stepped, with_value
from tobs_tui.ui.tuning_form import ENTRIES


def dialog(identity: int, title: str, kind: PeerKind = PeerKind.USER, **more: object) -> Dialog:
    return Dialog(Peer(identity, kind, title, username=str(more.pop("username", ""))), **more)  # type: ignore[arg-type]


DIALOGS = (
    dialog(1, "Ada", username="ada"),
    dialog(-1_000_000_000_002, "Rust Club", PeerKind.FORUM, folders=("Work",)),
    dialog(-3, "Family", PeerKind.GROUP),
    dialog(4, "Old friend", archived=True),
)


def chats(**filters: object) -> TargetList:
    found = TargetList(**filters)  # type: ignore[arg-type]
    found.load(DIALOGS)
    return found


def titles(found: TargetList) -> list[str]:
    return [found.dialogs[index].peer.title for index in found.visible]


def test_better_matches_come_first() -> None:
    texts = ["xrustx", "r u s t", "the rust club", "rusty", "nothing", "wg-rust"]
    assert [texts[i] for i in matches("rust", texts)] == ["the rust club", "rusty", "wg-rust", "xrustx", "r u s t"]
    assert [texts[i] for i in matches("g-r", texts)] == ["wg-rust"]


def ranked(query: str, text: str) -> int | None:
    """How well a text answers, by the rule's own words; None not at all."""
    words = text if re.search(r"[^\w ]|_", query) else re.sub(r"[^\w ]|_", " ", text)
    if query in text:
        return 0 if f" {query}" in f" {words}" else 1
    at = 0
    for letter in query:
        at = text.find(letter, at) + 1
        if not at:
            return None
    return 2


def test_what_is_typed_on_finds_the_same_as_what_is_asked_at_once() -> None:
    chance = random.Random(7)
    texts = ["".join(chance.choices("ab c-^].é", k=12)) for _ in range(400)]
    finder = Finder(texts)
    finder.prepare(7)
    for _ in range(60):
        query = ""
        for letter in chance.choices("abc -^].é", k=4):
            query += letter
            if query.strip() != query:
                continue
            ranks = [(ranked(query, text), index) for index, text in enumerate(texts)]
            expected = [index for _, index in sorted((rank, index) for rank, index in ranks if rank is not None)]
            assert finder.matches(query) == matches(query, texts) == expected


def test_no_filter_keeps_every_row_in_order() -> None:
    assert matches("  ", ["b", "a"]) == [0, 1]


def test_archived_chats_are_hidden_until_asked_or_searched_for() -> None:
    found = chats()
    assert titles(found) == ["Ada", "Rust Club", "Family"]
    found.next_archived()
    assert "Old friend" in titles(found)
    found.next_archived()
    assert titles(found) == ["Old friend"]
    assert titles(chats(query="old fr")) == ["Old friend"]


def test_types_and_folders_can_be_gone_through() -> None:
    found = chats()
    found.next_kind()
    assert titles(found) == ["Ada"]
    found.next_kind()
    assert titles(found) == ["Family"]
    found.kind = ""
    found.next_folder()
    assert titles(found) == ["Rust Club"]
    found.next_folder()
    assert found.folder == ""


def test_the_selection_survives_a_fresh_list_and_keeps_the_lists_order() -> None:
    found = chats()
    found.toggle(DIALOGS[2])
    found.choose_topics(DIALOGS[1], (7, 9))
    found.load(DIALOGS)
    assert [(t.title, t.topics) for t in found.targets().chats] == [("Rust Club", (7, 9)), ("Family", ())]


def test_names_and_links_of_a_profile_find_their_chats() -> None:
    found = TargetList()
    found.preselect(
        Profile(targets=Targets(chats=(ChatTarget("https://t.me/ada"), ChatTarget("Family"), ChatTarget("@gone"))))
    )
    found.load(DIALOGS)
    assert [target.chat for target in found.targets().chats] == [1, -3, "@gone"], "what is not found is not lost"


def test_a_chat_found_by_link_is_put_into_the_list_and_selected() -> None:
    found = chats(kind="group")
    place = found.add(dialog(99, "Stranger"))
    assert titles(found)[place] == "Stranger"
    assert 99 in found.chosen
    assert found.archived is Archived.HIDDEN


def test_a_value_of_ones_own_makes_the_preset_custom() -> None:
    changed = with_value(Profile(), "performance.history_workers", 7)
    assert (changed.performance.history_workers, changed.performance.preset) == (7, Preset.CUSTOM)
    assert with_value(Profile(), "performance.takeout", False).performance.preset is Preset.BALANCED


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("filters.since", "2024-05-01", datetime.date(2024, 5, 1)),
        ("filters.since", " ", None),
        ("filters.last", "1000", 1000),
        ("filters.from_id", "", 0),
        ("filters.senders", " @zoe,  me , 5001 ", ("@zoe", "me", "5001")),
        ("filters.text", "/invoice \\d+/", "/invoice \\d+/"),
        ("media.max_size_mb", "", 0),
        ("performance.history_workers", "32", 32),
        ("layout.timezone", "Europe/London", "Europe/London"),
    ],
)
def test_what_a_person_types_becomes_a_value(key: str, text: str, value: object) -> None:
    assert parse(ENTRIES[key], text) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("filters.since", "yesterday"),
        ("filters.until", "2024-13-01"),
        ("filters.last", "-5"),
        ("filters.from_id", "first"),
        ("filters.text", "/(unclosed/"),
        ("media.max_size_mb", "-1"),
        ("performance.history_workers", "33"),
        ("performance.connections", "many"),
        ("layout.timezone", "Mars/Olympus"),
        ("output", "relative/path"),
    ],
)
def test_what_means_nothing_is_refused_with_a_sentence(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ .*\."):
        parse(ENTRIES[key], text)


def test_values_that_contradict_each_other_are_told_at_a_field() -> None:
    profile = with_value(Profile(), "filters.since", datetime.date(2024, 5, 2))
    profile = with_value(profile, "filters.until", datetime.date(2024, 5, 1))
    assert problem_between(profile) is not None
    assert problem_between(with_value(Profile(), "media.kinds", ())) is not None
    assert problem_between(Profile()) is None


def test_every_entry_reads_and_steps() -> None:
    profile = Profile(output="/vault")
    for entry in ENTRIES.values():
        assert reads(entry, profile), entry.key
        stepped(entry, profile, 1)
    assert stepped(ENTRIES["performance.connections"], profile, -1) == 1, "no step leaves the range"
    assert reads(ENTRIES["media.kinds"], with_value(profile, "media.kinds", (MediaKind.PHOTO,))) == "photo"
