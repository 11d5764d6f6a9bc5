"""What jobs found out and made shows in notes: gaps filled, variants first, hostile tags as text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from tests.unit.test_render_message import DATE, PHOTO, document, render_message, scene
from tobs_tui.model import media as m
from tobs_tui.model.jobs import MediaFacts
from tobs_tui.model.messages import Message
from tobs_tui.render.jsonl import JsonlRenderer
from tobs_tui.render.layout import replaced_path, variant_path
from tobs_tui.render.scene import FileLink, Scene

VIDEO = m.DocumentKind.VIDEO


def scene_with(facts: MediaFacts | None = None, variant: str = "") -> Scene:
    """Surroundings whose files have these facts and this variant."""
    return replace(scene(), file=lambda message, index, file: FileLink("media/m5.bin", facts=facts, variant=variant))


def last_line(media: m.Photo | m.Document, facts: MediaFacts | None = None, variant: str = "") -> str:
    """What a note shows of a file."""
    return render_message(Message(5, DATE, 7, media=media), scene_with(facts, variant)).rstrip("\n").split("\n")[-1]


def test_a_length_that_telegram_does_not_tell_is_filled_in() -> None:
    assert last_line(document(VIDEO), MediaFacts(duration=61.4)).startswith("[🎬 video 1:01 · ")
    assert last_line(document(VIDEO, duration=12.0), MediaFacts(duration=61.4)).startswith("[🎬 video 0:12 · ")
    assert last_line(document(VIDEO)).startswith("[🎬 video · ")


def test_a_picture_sent_as_a_file_says_when_and_with_what_it_was_taken() -> None:
    facts = MediaFacts(taken="2024-05-14 09:15:30", camera="Canon EOS 5D")
    assert "taken 2024-05-14 09:15, Canon EOS 5D" in last_line(document(m.DocumentKind.FILE), facts)
    assert "taken" not in last_line(document(VIDEO), facts), "Telegram drops that of other files: it is an encoder's"


@pytest.mark.parametrize("camera", ["](x) **[x](javascript:1)", "`a` <b>", "\x1b[31m", "![[note]] %% #tag"])
def test_a_hostile_camera_is_text(camera: str) -> None:
    line = last_line(document(m.DocumentKind.FILE), MediaFacts(camera=camera))
    html = MarkdownIt("commonmark").render(line)
    assert html.startswith('<p><a href="media/m5.bin">📄 file · a_b.mp4 · ')
    assert html.rstrip().endswith("</a></p>")
    assert html.count("<") == 4, "nothing of it makes structure"
    assert "\x1b" not in line


def test_a_variant_comes_first_and_its_original_stays_at_hand() -> None:
    assert last_line(m.Photo(PHOTO), variant="media/m5.webp") == "[![](media/m5.webp)](media/m5.bin)"
    line = last_line(document(VIDEO), variant="media/m5.av1.mp4")
    assert line == "[🎬 video · a_b.mp4](media/m5.av1.mp4) · [original](media/m5.bin)"


def test_json_lines_have_the_facts_and_the_variant() -> None:
    facts = MediaFacts(duration=1.5, camera="X", waveform=b"\x00\x1f")
    renderer = JsonlRenderer(scene_with(facts, "media/m5.av1.mp4"))
    line = json.loads(renderer.chunk([Message(5, DATE, 7, media=document(VIDEO))]))
    assert line["files"] == [
        {
            "path": "media/m5.bin",
            "variant": "media/m5.av1.mp4",
            "facts": {"duration": 1.5, "camera": "X", "waveform": "AB8="},
        }
    ]


@pytest.mark.parametrize(
    ("path", "ending", "beside", "instead"),
    [
        ("Club/media/m1.mp4", "av1.mp4", "Club/media/m1.av1.mp4", "Club/media/m1.mp4"),
        ("Club/media/m1.mov", "h264.mp4", "Club/media/m1.h264.mp4", "Club/media/m1.mp4"),
        ("Club/media/m1.jpg", "jpg", "Club/media/m1.small.jpg", "Club/media/m1.jpg"),
        ("Club.d/media/m1", "opus", "Club.d/media/m1.opus", "Club.d/media/m1.opus"),
    ],
)
def test_a_variants_name_is_its_originals_with_its_own_ending(
    path: str, ending: str, beside: str, instead: str
) -> None:
    assert variant_path(path, ending) == beside
    assert replaced_path(path, ending) == instead


def test_pages_play_the_variant_and_lead_to_the_original() -> None:
    from tobs_tui.render.html.ink import HtmlInk
    from tobs_tui.render.html.message import render_block

    def page(media: m.Photo | m.Document, variant: str) -> str:
        surroundings = replace(scene_with(MediaFacts(duration=61.4), variant), ink=HtmlInk())
        return render_block(Message(5, DATE, 7, media=media), surroundings, None, new_day=True)

    video = page(document(VIDEO), "media/m5.av1.mp4")
    assert '<video src="media/m5.av1.mp4"' in video
    assert '<a href="media/m5.av1.mp4">🎬 video 1:01 · a_b.mp4</a> · <a href="media/m5.bin">original</a>' in video
    assert '<a href="media/m5.bin"><img src="media/m5.webp"' in page(m.Photo(PHOTO), "media/m5.webp")
