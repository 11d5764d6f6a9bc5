"""Every kind of message has its block on a page, in the words that its note has, and nothing in it makes markup."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.judge import PARSER
from tests.html_help import elements, nodes
from tests.unit.test_render_message import DATE, MEDIA, PHOTO, document, render_message, scene
from tobs_tui.model import media as m
from tobs_tui.model.messages import (
    Action,
    ActionKind,
    Button,
    FactCheck,
    Forward,
    Message,
    Reaction,
    ReactionKind,
    Reply,
)
from tobs_tui.model.text import FormattedText
from tobs_tui.render.html.ink import HTML
from tobs_tui.render.html.note import HtmlRenderer
from tobs_tui.render.scene import FileLink, Scene

OURS = {
    "article": {"id", "class"}, "header": set(), "footer": set(), "b": {"class"}, "a": {"class", "href", "download"},
    "p": {"class"}, "div": {"class", "dir", "tabindex"}, "span": {"class", "dir", "tabindex"}, "i": set(), "bdi": set(),
    "blockquote": {"class", "tabindex"}, "ul": set(), "li": set(), "progress": {"max", "value"}, "h2": {"id"},
    "img": {"class", "src", "alt", "width", "height", "loading"}, "audio": {"src", "controls", "preload"},
    "video": {"class", "src", "width", "height", "controls", "preload"}, "pre": {"data-language"}, "code": set(),
    "html": set(), "head": set(), "body": set(),
}  # fmt: skip
HOSTILE = [
    '"><script>alert(1)</script>',
    "</article><img src=x onerror=alert(1)>",
    "\n<!--",
    "' onclick='x",
    "&lt;b&gt;",
]


def page(*messages: Message, **options: Any) -> str:
    """Messages as a page shows them."""
    return HtmlRenderer(html_scene(**options)).chunk(messages)


def html_scene(**options: Any) -> Scene:
    """The surroundings of the Markdown tests, for pages."""
    return dataclasses.replace(scene(**options), ink=HTML)


def words(html: str) -> str:
    """The visible text, blanks made one."""
    return " ".join("".join(node.text(deep=False) or "" for node in nodes(html) if node.tag == "-text").split())


def is_ours(html: str) -> bool:
    """Whether a page has nothing but what the renderer makes, with the attributes that it gives."""
    assert [(tag, facts) for tag, facts in elements(html) if not set(facts) <= OURS.get(tag, {"?"})] == []
    assert all(tag in OURS for tag, _ in elements(html))
    return True


@pytest.mark.parametrize(("media", "part"), MEDIA, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("there", [True, False])
def test_each_kind_of_media_is_shown(media: m.Media, part: str, there: bool) -> None:
    html = page(Message(1, DATE, sender=7, media=media), problem="" if there else "not chosen")
    assert is_ours(html)
    assert len(words(html)) > len("2024-05-14 Иван [ops] 10:15") or "<img" in html


@pytest.mark.parametrize("kind", list(ActionKind))
def test_a_service_message_is_the_sentence_that_its_note_has(kind: ActionKind) -> None:
    action = Action(kind, (7, 8), "t*xt", "XTR", amount=5, seconds=86_400, date=DATE, message_id=3, flag=True)
    message = Message(9, DATE, sender=7, action=action)
    tokens = PARSER.parse(render_message(message, scene()))
    note = "".join(child.content for token in tokens for child in token.children or [])
    assert words(page(message)).replace(" ", "") == note.replace("m9", "", 1).replace(" ", "")


@pytest.mark.parametrize("kind", list(ActionKind))
@pytest.mark.parametrize("hostile", HOSTILE)
def test_service_messages_make_no_markup_whatever_the_names_are(kind: ActionKind, hostile: str) -> None:
    action = Action(kind, (7, 8), hostile, hostile, amount=5, seconds=9, date=DATE, message_id=3)
    html = page(Message(9, DATE, sender=7, action=action), hostile=hostile)
    assert is_ours(html)
    assert [tag for tag, _ in elements(html) if tag in ("article", "img")] == ["article"]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(HOSTILE) | st.text(st.sampled_from(list("ab<>&\"'/= \n\x00\u202e😀א")), min_size=1, max_size=14))
def test_no_field_of_a_message_makes_markup(hostile: str) -> None:
    text = FormattedText(hostile)
    file = m.File(m.FileKind.DOCUMENT, 2, 1, b"", 2, 50, mime=hostile, name=hostile)
    for media in (
        m.Document(file, m.DocumentKind.STICKER, emoji=hostile, title=hostile, performer=hostile),
        m.WebPage(hostile, hostile, hostile, hostile, hostile),
        m.Poll(text, (m.PollOption(text, 1),), 3, solution=text),
        m.ToDo(text, (m.ToDoItem(1, text, 8),)),
        m.Venue(1, 2, hostile, hostile),
        m.Contact(hostile, hostile, hostile, 5),
        m.Game(hostile, hostile),
        m.Invoice(hostile, hostile, hostile, 5),
        m.Giveaway(channels=(8,), prize=hostile),
        m.UnknownMedia(hostile),
    ):
        message = Message(
            2,
            DATE,
            sender=7,
            text=hostile,
            reply=Reply(1, quote=text, external_from=hostile, poll_option=hostile),
            forward=Forward(peer=7, author=hostile),
            media=media,
            reactions=(Reaction(ReactionKind.EMOJI, 1, hostile),),
            comments=2,
            post_author=hostile,
            from_rank=hostile,
            via_bot=8,
            factcheck=FactCheck(text, hostile),
            suggested_post=hostile,
            buttons=(Button(0, hostile, hostile), Button(0, hostile, f"https://e.x/{hostile}")),
            restriction=hostile,
            rich_text=hostile,
            unknown=(hostile,),
        )
        assert is_ours(page(message, hostile=hostile))


def test_pictures_and_players_load_when_they_are_wanted() -> None:
    html = page(
        Message(1, DATE, media=m.Photo(PHOTO, 800, 600)),
        Message(2, DATE, media=document(m.DocumentKind.VIDEO)),
        Message(3, DATE, media=document(m.DocumentKind.VOICE)),
    )
    found = {tag: facts for tag, facts in elements(html) if tag in ("img", "video", "audio")}
    assert (found["img"]["loading"], found["img"]["width"], found["img"]["src"]) == ("lazy", "800", "media/m1.bin")
    assert found["video"]["preload"] == found["audio"]["preload"] == "none"


def test_what_is_behind_a_spoiler_can_be_uncovered_without_a_mouse() -> None:
    html = page(Message(1, DATE, media=m.Photo(PHOTO, spoiler=True)))
    assert [facts["tabindex"] for tag, facts in elements(html) if facts.get("class") == "veil"] == ["0"]


def test_files_that_browsers_would_run_are_offered_for_saving() -> None:
    drawing = dataclasses.replace(html_scene(), file=lambda message, index, file: FileLink("media/m1.svg"))
    html = HtmlRenderer(drawing).chunk([Message(1, DATE, media=document(m.DocumentKind.FILE))])
    assert [facts for tag, facts in elements(html) if "download" in facts] == [
        {"href": "media/m1.svg", "download": None}
    ]


def test_an_album_is_one_block_and_tiles_that_can_be_linked_to() -> None:
    photos = [Message(number, DATE, sender=7, album=9, media=m.Photo(PHOTO)) for number in (1, 2, 3)]
    blocks = [(facts["id"], facts.get("class")) for tag, facts in elements(page(*photos)) if tag == "article"]
    assert blocks == [("m1", None), ("m2", "part"), ("m3", "part")]
    assert page(*photos).count("<header>") == 1


def test_messages_of_one_sender_stand_together_for_a_while() -> None:
    texts = [Message(1, DATE, 7, "a"), Message(2, DATE + 60, 7, "b"), Message(3, DATE + 1_000, 7, "c", outgoing=True)]
    texts.append(Message(4, DATE + 1_001, 8, "d"))
    blocks = [facts.get("class") for tag, facts in elements(page(*texts)) if tag == "article"]
    assert blocks == [None, "same", "own", None]


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_page_is_the_same_in_however_many_pieces_it_grows(cut: int) -> None:
    messages = [
        Message(1, DATE, 7, "a"),
        Message(2, DATE + 60, 7, "b"),
        Message(3, DATE + 60, 7, album=5, media=m.Photo(PHOTO)),
        Message(4, DATE + 60, 7, album=5, media=m.Photo(PHOTO)),
        Message(5, DATE + 90_000, 7, "c", reply=Reply(1)),
    ]
    grown = page(*messages[:cut]) + HtmlRenderer(html_scene()).chunk(messages[cut:], messages[cut - 1])
    assert grown == page(*messages)
    assert all(line.startswith(("<article id=", "<h2 id=")) for line in grown.split("\n") if line)
