"""Promises of the record filters: who and what passes, in time that grows with the text and with nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.model.media import File, FileKind, Photo
from tobs_tui.model.messages import Message, encode_message
from tobs_tui.model.profile import MediaKind
from tobs_tui.model.text_match import text_matcher

CHANNEL, ZOE, ME = -1_000_000_000_007, 5, 7


def _says(text: str, **fields: object) -> Message:
    return Message(id=1, date=1, text=text, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("straße", "Die STRASSE", True),
        ("", "anything", True),
        ("a.c", "abc", False),
        ("/a.c/", "xabcx", True),
        ("/A.C/", "abc", False),
        ("/(?i)A.C/", "abc", True),
        ("/^\\d+$/", "123", True),
        ("//", "a // b", True),
        ("/", "a/b", True),
    ],
)
def test_a_text_filter_is_a_text_in_any_case_or_an_expression(pattern: str, text: str, fits: bool) -> None:
    assert text_matcher(pattern)(text) is fits


@pytest.mark.parametrize("pattern", ["/(/", "/(?=a)/", "/(a)\\1/", "/(a{1000}){1000}/"])
def test_what_is_no_expression_is_refused_with_a_sentence(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"is not a regular expression that RE2 can read: .+"):
        text_matcher(pattern)


def test_no_expression_runs_away() -> None:
    """`re` takes longer than the universe is old for this one."""
    matches = text_matcher("/^(a+)+$/")
    began = time.process_time()
    assert not matches("a" * 4096 + "b")
    assert time.process_time() - began < 1


def test_senders_and_text_must_both_fit() -> None:
    passes = RecordFilter(senders=(ZOE, CHANNEL), text="invoice").matcher(CHANNEL)
    assert passes(_says("The Invoice", sender=ZOE))
    assert passes(_says("The invoice")), "a post without a sender is the channel's own"
    assert not passes(_says("The invoice", sender=ME))
    assert not passes(_says("The bill", sender=ZOE))
    assert passes(_says("", rich_text="an invoice", sender=ZOE))


def test_ones_own_are_those_sent_and_those_signed() -> None:
    passes = RecordFilter(own=ME).matcher(CHANNEL)
    assert passes(_says("a", sender=ME))
    assert passes(_says("a", outgoing=True))
    assert not passes(_says("a", sender=ZOE))


def test_the_archives_form_of_a_message_is_judged_alike() -> None:
    wanted = RecordFilter(senders=(ZOE,), text="x")
    judge, passes = wanted.blob_matcher(), wanted.matcher(CHANNEL)
    for message in (_says("x", sender=ZOE), _says("y", sender=ZOE), _says("x", sender=ME), _says("x")):
        assert judge(CHANNEL, encode_message(message)) is passes(message)


def test_only_files_of_messages_that_pass_are_pending_and_the_others_are_counted_as_left_out(tmp_path: Path) -> None:
    def photo(ident: int, text: str, sender: int) -> Message:
        file = File(kind=FileKind.PHOTO, id=ident, access_hash=1, reference=b"", dc=2, size=100)
        return Message(id=ident, date=1, sender=sender, text=text, media=Photo(file=file))

    rows, files = message_rows([photo(1, "cat", ZOE), photo(2, "dog", ZOE), photo(3, "cat", ME)])
    with Archive.open(archive_path(tmp_path)) as archive:
        archive.commit([PageCommit(chat=CHANNEL, lo=1, hi=3, rows=rows, files=files)])
        wanted = FileFilter(
            (FileScope(CHANNEL),), tuple(MediaKind), keeps=RecordFilter(senders=(ZOE,), text="cat").blob_matcher()
        )
        assert [task.message_id for task in archive.pending_files(wanted, 10)] == [1]
        [totals] = archive.file_totals(wanted)
        assert (totals.total, totals.excluded) == (1, 2)
        bounded = FileFilter((FileScope(CHANNEL, firsts=(3,)),), tuple(MediaKind))
        assert [task.message_id for task in archive.pending_files(bounded, 10)] == [3]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (RecordFilter(), ""),
        (RecordFilter(own=ME), "only one's own messages"),
        (RecordFilter(senders=(ZOE,), names=("@zoe",), text="x"), "only messages by @zoe; only texts that hold x"),
        (RecordFilter(text="/x/"), "only texts that fit /x/"),
    ],
)
def test_a_filter_says_what_it_shows(wanted: RecordFilter, words: str) -> None:
    assert wanted.words == words
    assert wanted.open is (not words)
