"""What the follower of links promises: it sees what a Markdown parser sees, and takes no dead link for a live one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.judge import PARSER
from tobs_tui.engine.link_check import LinkChecker, Trouble
from tobs_tui.model.text import Entity, EntityKind
from tobs_tui.render.note_links import Anchor, LeadsOutError, Link, Place, github_slug, place_of, read_links
from tobs_tui.render.text import render_body


def links_of(text: str) -> list[str]:
    """The addresses that the reader finds."""
    return [found.address for found in read_links(text.split("\n")) if isinstance(found, Link)]


def parsed(text: str) -> list[str]:
    """The addresses that a Markdown parser finds."""
    children = [child for block in PARSER.parse(text) for child in block.children or []]
    return [str(child.attrs.get("href") or child.attrs.get("src")) for child in children if child.attrs]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("[a](2024-05.md#m1) and ![](media/m1.jpg)", ["2024-05.md#m1", "media/m1.jpg"]),
        (r"\[a](b) `[c](d)` [e \] f](<g (h).md>)", ["g (h).md"]),
        ("> [quoted](a)\n\n```\n[code](b)\n```\n\n- ```\n  [c](d)\n  ```", ["a"]),
        ("<https://example.org> <b>[x](y&amp;z)</b>", ["https://example.org", "y&z"]),
        ('<a href="https://example.org/?a&amp;b">z</a>', ["https://example.org/?a&b"]),
        ("[brackets (in) it](<a(b)c>) [x] (y) ``[a](b)`` `", ["a(b)c"]),
        ("---\nchat: [a](b)\n---\n[c](d)", ["d"]),
    ],
)
def test_links_are_found_where_they_are_and_not_where_they_are_not(text: str, addresses: list[str]) -> None:
    assert links_of(text) == addresses


_WORDS = st.text(st.sampled_from("[]()<>`*_\\!#^ab /.:&\n\U0001f600"), max_size=30)
_SPANS = st.lists(
    st.builds(
        Entity,
        st.sampled_from([EntityKind.TEXT_URL, EntityKind.CODE, EntityKind.BOLD, EntityKind.PRE, EntityKind.SPOILER]),
        st.integers(0, 30),
        st.integers(1, 12),
        st.just("https://example.org/a_(b)"),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(_WORDS, _SPANS)
def test_the_reader_sees_in_hostile_texts_what_a_parser_sees(text: str, spans: list[Entity]) -> None:
    rendered = render_body(text, [span for span in spans if span.kind is not EntityKind.SPOILER])
    assert [link for link in links_of(rendered) if link] == parsed(rendered)


def test_headings_and_blocks_are_anchors_under_the_names_that_readers_give_them() -> None:
    lines = ["###### m12", "## 2024-05-14", "", "^m13", "text ^m14", "# A *B* (c)", "> ###### m15", "```", "# d", "```"]
    assert list(read_links(lines)) == [
        Anchor(1, "m12"),
        Anchor(2, "2024-05-14"),
        Anchor(4, "m13", block=True),
        Anchor(5, "m14", block=True),
        Anchor(6, "a-b-c"),
    ]
    assert github_slug("Привет, мир! 1_2") == "привет-мир-1_2"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("2024-05.md#m1", Place("Club (c1)/2024-05.md", "m1")),
        ("#m1", Place("Club (c1)/2024-04.md", "m1")),
        ("../B%20c/a.md", Place("B c/a.md")),
        ("https://example.org/../..", None),
        ("tg://user?id=5", None),
        ("mailto:a@b.c", None),
    ],
)
def test_an_address_leads_to_a_place_of_the_vault_or_to_the_web(address: str, place: Place | None) -> None:
    assert place_of(address, "Club (c1)/2024-04.md") == place


@pytest.mark.parametrize(
    "address",
    ["../../x.md", "/etc/passwd", "..%2F..%2Fx", "file:///etc", "javascript:x", "data:,x", "//host/x", "%2Fx"],
)
def test_no_address_leads_to_anything_else_on_the_machine(address: str) -> None:
    with pytest.raises(LeadsOutError):
        place_of(address, "Club (c1)/2024-04.md")


def test_dead_links_are_told_with_their_line_and_reason(tmp_path: Path) -> None:
    (tmp_path / "Club").mkdir()
    (tmp_path / "Club/a.md").write_text("###### m1\n\n[to m2](b.md#m2) [to m3](b.md#m3)\n\n![](Media/m1.jpg)\n")
    (tmp_path / "Club/b.md").write_text(
        "###### m2\n\n###### m4\n\n[x](a.md) [twice](#m4) [block](a.md#^m1) [out](../../x)\n\n# M4\n"
    )
    (tmp_path / "Club/media").mkdir()
    (tmp_path / "Club/media/m1.jpg").touch()
    checker = LinkChecker(tmp_path)
    assert [(dead.note, dead.line, dead.address, dead.trouble) for dead in checker.check()] == [
        ("Club/a.md", 3, "b.md#m3", Trouble.NO_ANCHOR),
        ("Club/a.md", 5, "Media/m1.jpg", Trouble.NO_FILE),
        ("Club/b.md", 5, "#m4", Trouble.AMBIGUOUS),
        ("Club/b.md", 5, "a.md#^m1", Trouble.NO_ANCHOR),
        ("Club/b.md", 5, "../../x", Trouble.OUTSIDE),
    ]
    assert (checker.notes, checker.links) == (2, 7)
