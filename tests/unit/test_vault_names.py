"""Whatever people call chats, topics and files: every name works on Windows, macOS and Linux, and no two ever meet."""

from __future__ import annotations

import posixpath
import re
import unicodedata

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tobs_tui.model.media import File, FileKind
from tobs_tui.model.peers import Peer, PeerKind, Topic
from tobs_tui.model.profile import MediaNames
from tobs_tui.render import layout
from tobs_tui.render.chars import clean_line
from tobs_tui.render.frontmatter import note_front_matter

# What file systems leave out when they compare names: HFS+ by TN1150, and what Unicode calls ignorable by default.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_RESERVED = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    f"{name}{digit}" for name in ("COM", "LPT") for digit in "0123456789¹²³"
}
_NASTY = [
    *("CON", "con.", "Nul.txt", "aux .md", "COM¹", "lpt9.tar.gz", "CONIN$", "PRN:x", "CON\u200d", "NUL\u202e"),
    *("../../etc/passwd", "..", ".", "/", "\\", "C:\\x", "\\\\host\\share", "~", "-rf", "", " ", "...", " . ", ".git"),
    *("a\u202egpj.exe", "\u2066x\u2069", "x" * 400, "\U0001f468\u200d\U0001f469" * 60, "e\u0301" * 200, "\ud800x"),
    *("\u200b", "\u2060", "\U000e0041", "\ufe0f", "\u00ad", "\U0001fffe", "\ufdd0", "a\x00b", "a\nb", "a\x85b"),
    *(
        "---",
        "...\n",
        "'",
        '"',
        "{a: b}",
        "[x]",
        "&a *b !c",
        "null",
        "yes",
        "1e3",
        "2024-05-14",
        "# c",
        "a: b",
        "\u2028",
    ),
]
titles = st.one_of(
    st.text(st.characters(), max_size=150), st.sampled_from(_NASTY), st.from_regex(r"\A[Cc][Oo][nN].{0,3}\Z")
)
idents = st.integers(1, 10**12)


def assert_valid_everywhere(name: str) -> None:
    """One part of a path."""
    assert 0 < len(name.encode("utf-8")) <= layout.NAME_BYTES  # Linux allows 255, cloud drives less
    assert len(name.encode("utf-16-le")) // 2 <= 255  # Windows, APFS
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]', name)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]", name)
    assert not any(ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF for char in name)
    assert name[-1] not in " ." and name[0] not in " ."
    assert name.partition(".")[0].partition(" ")[0].upper() not in _RESERVED
    assert unicodedata.normalize("NFC", name) == name
    assert posixpath.normpath(name) == name and not posixpath.isabs(name)


def keys_of(name: str) -> set[str]:
    """What different file systems take a name for, ignoring case, normalisation, or what is not seen."""
    seen = _IGNORABLE.sub("", name)
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKD") for text in (name, seen)]
    return {folded for form in forms for folded in (form.casefold(), form.lower(), form.upper())}


@settings(max_examples=400, deadline=None)
@given(titles, idents)
def test_every_folder_is_valid_on_every_system(title: str, ident: int) -> None:
    for kind, marked in ((PeerKind.USER, ident), (PeerKind.GROUP, -ident), (PeerKind.FORUM, -(10**12) - ident)):
        assert_valid_everywhere(layout.chat_folder(Peer(marked, kind, title)))
    assert_valid_everywhere(layout.topic_folder(Topic(ident % 2**31, title)))


@settings(max_examples=300, deadline=None)
@given(titles, st.integers(1, 2**31), st.integers(0, 9), st.sampled_from(list(MediaNames)))
def test_every_file_is_valid_on_every_system(name: str, message: int, index: int, naming: MediaNames) -> None:
    file = File(FileKind.DOCUMENT, 1, 1, b"", 2, 10, name=name)
    assert_valid_everywhere(layout.media_name(message, index, file, naming))


def _called(message: int, index: int, name: str) -> str:
    """The name of a file that its sender called so."""
    return layout.media_name(message, index, File(FileKind.DOCUMENT, 1, 1, b"", 2, 1, name=name), MediaNames.ORIGINAL)


@settings(max_examples=300, deadline=None)
@given(titles, titles, idents, idents)
@example("Releases", "RELEASES", 4, 5)
@example("caf\u00e9", "cafe\u0301", 4, 5)
@example("x\u200b", "x", 4, 5)
@example("x (c5)", "x", 4, 5)
@example("a" * 400, "a" * 400, 4, 40)
def test_no_two_chats_topics_or_files_ever_meet(one: str, other: str, first: int, second: int) -> None:
    if first == second:
        second += 1
    for title in (one, other, one.swapcase(), unicodedata.normalize("NFD", one)):
        chats = [
            Peer(first, PeerKind.USER, one),
            Peer(second, PeerKind.USER, title),
            Peer(-first, PeerKind.GROUP, title),
            Peer(-(10**12) - first, PeerKind.FORUM, title),
        ]
        for names in (
            [layout.chat_folder(chat) for chat in chats],
            [layout.topic_folder(Topic(first, one)), layout.topic_folder(Topic(second, title)), "media", "2024-05.md"],
            [
                layout.media_name(
                    message, index, File(FileKind.DOCUMENT, 1, 1, b"", 2, 1, name=name), MediaNames.ORIGINAL
                )
                for message, index, name in ((first, 0, one), (second, 0, title), (first, 1, title))
            ],
        ):
            taken: set[str] = set()
            for name in names:
                assert taken.isdisjoint(keys_of(name))
                taken |= keys_of(name)


@pytest.mark.parametrize("title", _NASTY)
def test_no_path_leaves_the_vault(title: str) -> None:
    folder = layout.chat_folder(Peer(5, PeerKind.USER, title))
    path = f"{folder}/{layout.topic_folder(Topic(6, title))}/media/2024-05/{_called(7, 0, title)}"
    assert posixpath.normpath(path) == path
    assert path.count("/") == 4


@settings(max_examples=400, deadline=None)
@given(titles, titles)
def test_front_matter_gives_every_title_back(chat: str, topic: str) -> None:
    text = note_front_matter(
        chat=chat, chat_id=-1001, kind=PeerKind.FORUM, topic=topic, topic_id=4, period="2024-05", zone="Europe/Berlin"
    )
    facts = yaml.safe_load(text.encode("utf-8").decode("utf-8").removeprefix("---\n").removesuffix("---\n"))
    assert (facts["chat"], facts["topic"]) == (clean_line(chat), clean_line(topic))
    assert text.count("\n---") == 1
