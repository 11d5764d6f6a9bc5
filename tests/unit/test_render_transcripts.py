"""Promises of transcripts in notes: a quote under the recording that shows what was said, and nothing else."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.render import scene_of
from tests.conformance.cases import CATEGORIES
from tests.conformance.judge import PARSERS, shown
from tobs_tui.archive.search_words import searchable
from tobs_tui.model.media import Document, DocumentKind, File, FileKind
from tobs_tui.model.messages import Message
from tobs_tui.model.text import FormattedText
from tobs_tui.model.transcript import Said, Transcript
from tobs_tui.render.html import message as html_message
from tobs_tui.render.html.ink import HTML
from tobs_tui.render.html.search_data import SearchRenderer
from tobs_tui.render.jsonl import JsonlRenderer
from tobs_tui.render.message import render_block
from tobs_tui.render.scene import FileLink, Scene
from tobs_tui.render.text import quoted, render_text
from tobs_tui.render.transcripts import transcript_text

HEARD = Transcript(
    (Said(0.0, 4.4, "Hello, this is Zoe."), Said(4.4, 7.0, "# Bring maps."), Said(65.2, 70.0, "Bye!")),
    "en",
    0.9,
    "tiny",
)
SILENT = FileLink("media/m7.ogg", transcript=Transcript())
DATE = int(datetime.datetime(2024, 5, 14, 9, 15, tzinfo=datetime.UTC).timestamp())
VOICE = Document(File(FileKind.DOCUMENT, 1, 1, b"r", 2, 100, mime="audio/ogg"), DocumentKind.VOICE, duration=8)
MESSAGE = Message(id=7, date=DATE, sender=1, media=VOICE, text="my *caption*")


def scene(transcript: Transcript | None, *, times: bool = False) -> Scene:
    plain = scene_of(1, {1: "Zoe"})
    return Scene(
        *(getattr(plain, name) for name in ("chat", "title", "zone", "anchors", "name", "username", "target")),
        file=lambda message, index, file: FileLink("media/m7.ogg", transcript=transcript),
        comments=plain.comments,
        transcript_times=times,
    )


def block(transcript: Transcript, *, times: bool) -> str:
    text = render_text(FormattedText(transcript_text(transcript, times=times)))
    return quoted(text) if text else ""


def test_a_transcript_is_a_quote_between_the_recording_and_the_caption() -> None:
    _, _, after = render_block(MESSAGE, scene(HEARD), None, new_day=False).partition(
        "[🎤 voice 0:08](media/m7.ogg)\n\n"
    )
    assert after == "> Hello, this is Zoe. # Bring maps.\n>\n> Bye!\n\nmy \\*caption\\*"


def test_with_times_every_stretch_tells_when_it_was_said() -> None:
    assert block(HEARD, times=True).split("\n") == [
        "> 0:00 Hello, this is Zoe.  ",
        "> 0:04 # Bring maps.  ",
        "> 1:05 Bye!",
    ]


def test_a_recording_without_a_voice_says_so_and_one_that_nobody_heard_says_nothing() -> None:
    assert "[🎤 voice 0:08 · no speech](media/m7.ogg)\n\n" in render_block(
        MESSAGE, scene(Transcript()), None, new_day=False
    )
    assert "speech" not in render_block(MESSAGE, scene(None), None, new_day=False)


def test_a_page_shows_it_as_a_quote_and_its_search_knows_the_words() -> None:
    hostile = Transcript((Said(0.0, 1.0, "<script>alert(1)</script>"), Said(1.0, 2.0, "Bye & so on.")))
    page = replace(scene(hostile), ink=HTML)
    article = html_message.render_block(MESSAGE, page, None, new_day=False)
    assert '<blockquote class="transcript">' in article
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Bye &amp; so on." in article
    assert "<script" not in article
    assert "· no speech</a>" in html_message.render_block(
        MESSAGE, replace(page, file=lambda *_: SILENT), None, new_day=False
    )
    data = SearchRenderer(scene(HEARD), searchable).chunk([MESSAGE])
    assert "my *caption*" in data
    assert "Hello, this is Zoe. # Bring maps. Bye!" in data


def test_lines_for_programs_have_the_whole_transcript() -> None:
    line = json.loads(JsonlRenderer(scene(HEARD)).chunk([MESSAGE]))
    assert line["files"] == [
        {
            "path": "media/m7.ogg",
            "transcript": {
                "said": [[0.0, 4.4, "Hello, this is Zoe."], [4.4, 7.0, "# Bring maps."], [65.2, 70.0, "Bye!"]],
                "language": "en",
                "probability": 0.9,
                "model": "tiny",
            },
        }
    ]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("times", [False, True])
@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(CATEGORIES)))
def test_whatever_a_model_hears_makes_no_structure(parser: str, times: bool, rng: object, category: str) -> None:
    texts = [" ".join(CATEGORIES[category](rng)[0].split()) for _ in range(3)]  # type: ignore[arg-type]
    said = tuple(Said(5.0 * at, 5.0 * at + 1, text) for at, text in enumerate(texts) if text)
    seen = shown(block(Transcript(said), times=times), parser)
    assert seen.codes == []
    assert seen.quotes == (1 if said else 0)
    assert all(style - {"quote"} == frozenset() or any("link" in one for one in style) for _, style in seen.styles)
