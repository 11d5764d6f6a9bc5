"""Every kind of message has its block: who, when, what. Hostile names stay text, and nothing is dropped silently."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.judge import PARSER, shown
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
from tobs_tui.model.profile import Anchors, SenderStyle
from tobs_tui.model.text import FormattedText
from tobs_tui.render.message import render_block
from tobs_tui.render.scene import FileLink, Scene, Target

DATE = 1_715_674_500  # 2024-05-14 10:15 in Berlin
NAMES = {7: "Иван [ops]", 8: "Zoe", -1_000_000_000_042: "News"}
PHOTO = m.File(m.FileKind.PHOTO, 1, 1, b"", 2, 2_300_000)


def scene(anchors: Anchors = Anchors.HEADING, *, problem: str = "", hostile: str = "") -> Scene:
    """Surroundings in which peers have the names above, or all a hostile one."""
    return Scene(
        chat=-1_000_000_000_001,
        title=hostile or "Dev Club",
        zone=ZoneInfo("Europe/Berlin"),
        anchors=anchors,
        name=lambda peer: hostile or NAMES.get(peer, f"u{peer}"),
        username=lambda peer: "news" if hostile or peer == -1_000_000_000_042 else "",
        target=lambda chat, message: Target(hostile or "Zoe", f"2024-04.md#m{message}"),
        file=lambda message, index, file: FileLink("", problem) if problem else FileLink(f"media/m{message.id}.bin"),
        comments=lambda message: f"https://t.me/c/1/{message.id}",
    )


def render_message(message: Message, around: Scene, before: Message | None = None) -> str:
    """The block of a message below another one (None: it is the note's first)."""
    day = around.clock.day_number
    return render_block(message, around, before, new_day=before is None or day(before.date) != day(message.date))


def block(message: Message, before: Message | None = None, **options: str) -> list[str]:
    """The block's lines, without empty ones."""
    return [line for line in render_message(message, scene(**options), before).split("\n") if line]  # type: ignore[arg-type]


def document(kind: m.DocumentKind, **facts: object) -> m.Document:
    """A document of a kind."""
    file = m.File(m.FileKind.DOCUMENT, 2, 1, b"", 2, 50_000, mime="video/mp4", name="a_b.mp4")
    return m.Document(file=file, type=kind, **facts)  # type: ignore[arg-type]


def test_a_deleted_message_is_marked_and_stays() -> None:
    noticed = DATE + 3 * 86_400
    lines = block(Message(12, DATE, 7, "still here", gone=noticed))
    assert lines[2:] == ["**Иван \\[ops\\]** · 10:15 · 🗑 deleted, noticed 2024-05-17", "still here"]
    service = block(Message(12, DATE, 7, action=Action(ActionKind.PinMessage), gone=noticed))
    assert service[-1].endswith("· 10:15 · 🗑 deleted, noticed 2024-05-17")
    first = Message(12, DATE, 7, "one", album=5)
    assert "🗑 deleted, noticed 2024-05-17" in block(Message(13, DATE, 7, "two", album=5, gone=noticed), first)


@pytest.mark.parametrize(
    ("style", "named", "nameless"),
    [
        (SenderStyle.NAME, "**News**", "**Zoe**"),
        (SenderStyle.USERNAME, "**News** (@news)", "**Zoe**"),
        (SenderStyle.LINK, "[**News**](https://t.me/news)", "[**Zoe**](tg://user?id=8)"),
        (SenderStyle.ID, "**News** (c42)", "**Zoe** (u8)"),
    ],
)
def test_senders_are_named_as_the_style_says(style: SenderStyle, named: str, nameless: str) -> None:
    around = replace(scene(), sender_style=style)
    for sender, shown_name in ((-1_000_000_000_042, named), (8, nameless)):
        assert f"\n\n{shown_name} · 10:15\n\nx" in render_message(Message(5, DATE, sender, "x"), around)
    own = render_message(Message(5, DATE, 0, "x"), around).split("\n")[4]
    assert own == ("**Dev Club** (c1) · 10:15" if style is SenderStyle.ID else "**Dev Club** · 10:15")


def test_without_headings_of_days_every_message_tells_its_day() -> None:
    bare = replace(scene(), day_headings=0)
    assert render_message(Message(5, DATE, 8, "x"), bare) == "###### m5\n\n**Zoe** · 2024-05-14 10:15\n\nx"
    service = Message(6, DATE, 7, action=Action(ActionKind.PinMessage))
    assert render_message(service, bare).endswith("· 2024-05-14 10:15")
    deeper = replace(scene(), day_headings=4)
    assert render_message(Message(5, DATE, 8, "x"), deeper).startswith("#### 2024-05-14\n\n###### m5")


def test_a_message_is_an_anchor_a_header_and_a_body() -> None:
    message = Message(
        1203,
        DATE,
        sender=7,
        text="1. not a list",
        reply=Reply(1187),
        edit_date=DATE + 300,
        reactions=(Reaction(ReactionKind.EMOJI, 3, "👍"), Reaction(ReactionKind.PAID, 1)),
    )
    assert block(message) == [
        "## 2024-05-14",
        "###### m1203",
        "**Иван \\[ops\\]** · 10:15 · ↩ [Zoe](2024-04.md#m1187) · edited 10:20",
        "1\\. not a list",
        "👍 3 · ⭐ 1",
    ]


def test_a_day_is_headed_once() -> None:
    first, second = Message(1, DATE, sender=7, text="a"), Message(2, DATE + 60, sender=7, text="b")
    assert block(second, first)[0] == "###### m2"
    assert block(Message(3, DATE + 86_400, sender=7), second)[0] == "## 2024-05-15"


def test_an_album_is_one_block_in_which_each_part_can_be_linked_to() -> None:
    first = Message(1, DATE, sender=7, album=9, media=m.Photo(PHOTO), text="caption")
    second = Message(2, DATE, sender=7, album=9, media=m.Photo(PHOTO))
    assert block(second, first) == ["###### m2", "![](media/m2.bin)"]
    assert block(Message(3, DATE, sender=7, album=10), second)[1].startswith("**Иван")


def test_a_message_with_nothing_in_it_says_so() -> None:
    assert block(Message(1, DATE, sender=7))[3:] == ["*Empty message*"]


def test_anchors_can_be_block_ids_or_left_out() -> None:
    message = Message(5, DATE, sender=7, text="x")
    assert render_message(message, scene(Anchors.BLOCK)).endswith("x\n\n^m5")
    assert "m5" not in render_message(message, scene(Anchors.NONE))


def test_forwards_name_and_link_their_source() -> None:
    forward = Forward(peer=-1_000_000_000_042, message_id=9, date=DATE - 86_400, author="Ann")
    line = block(Message(1, DATE, sender=7, forward=forward))[3]
    assert line == "↪ forwarded from [News](2024-04.md#m9) (Ann) · 2024-05-13 10:15"
    hidden = block(Message(1, DATE, sender=7, forward=Forward(name="Some*one")))[3]
    assert hidden == "↪ forwarded from Some\\*one"


def test_a_reply_shows_its_quote_and_one_to_the_topic_itself_is_left_out() -> None:
    quoting = Message(2, DATE, sender=7, text="yes", reply=Reply(1, quote=FormattedText("one\ntwo")))
    assert block(quoting)[3:] == ["> one  ", "> two", "yes"]
    assert "↩" not in block(Message(43, DATE, sender=7, topic=42, reply=Reply(42)))[2]


def test_channel_posts_bear_the_channels_name_and_their_author() -> None:
    post = Message(1, DATE, text="hi", post_author="Ann", views=10, forwards=2, comments=3, discussion=-5, pinned=True)
    assert block(post)[2:] == [
        "**Dev Club** (Ann) · 10:15 · 📌 pinned",
        "hi",
        "👁 10 · 🔁 2 · 💬 [3 comments](https://t.me/c/1/1)",
    ]


def test_buttons_fact_checks_and_restrictions_are_shown() -> None:
    message = Message(
        1,
        DATE,
        sender=7,
        buttons=(Button(0, "Go [now]", "https://e.x"), Button(0, "b"), Button(1, "c", "javascript:x")),
        factcheck=FactCheck(FormattedText("wrong"), "DE"),
        restriction="copyright",
        unknown=("MessageMediaNew",),
    )
    text = "\n".join(block(message))
    assert "⏺ [Go \\[now\\]](https://e.x) · ⏺ b  \n⏺ c" in text
    assert "> **Fact check** (DE)\n>\n> wrong" in text
    assert "*Restricted: copyright*" in text
    assert "cannot read: MessageMediaNew" in text


MEDIA = [
    (m.Photo(PHOTO), "![](media/m1.bin)"),
    (m.Photo(None, ttl=0x7FFFFFFF), "🖼 photo · view once (gone)"),
    (m.Photo(PHOTO, spoiler=True, video=PHOTO), "🖼 photo · spoiler"),
    (document(m.DocumentKind.VOICE, duration=12.4), "[🎤 voice 0:12 · a_b.mp4](media/m1.bin)"),
    (document(m.DocumentKind.ROUND, duration=61), "[⏺ round video 1:01"),
    (document(m.DocumentKind.VIDEO, duration=3661), "[🎬 video 1:01:01"),
    (document(m.DocumentKind.AUDIO, duration=5, title="Song", performer="Band"), "[🎵 audio 0:05 · Band – Song]"),
    (document(m.DocumentKind.ANIMATION), "[🎞 animation"),
    (document(m.DocumentKind.STICKER, emoji="😀"), "[🏷 sticker 😀]"),
    (document(m.DocumentKind.FILE), "[📄 file · a_b.mp4]"),
    (m.Document(None), "📄 file (no longer available)"),
    (m.WebPage("https://e.x", "Site", "T*tle", "text\nmore"), "> Site · [T\\*tle](https://e.x)"),
    (
        m.Poll(FormattedText("Q?"), (m.PollOption(FormattedText("- a"), 3, True, True),), 4, closed=True, quiz=True),
        "- \\- a — 3 votes (75 %) ✅ 👈",
    ),
    (m.Geo(52.5, 13.4, accuracy=10, live_period=900), "📍 live location [52.500000, 13.400000]"),
    (m.Venue(52.5, 13.4, "Café", "Street 1"), "📍 Café, Street 1"),
    (m.Contact("+1555", "Ann", "Lee", 5), "👤 [Ann Lee](tg://user?id=5) · +1555"),
    (m.Dice("🎯", 6), "🎯 6"),
    (m.Game("Chess", "Play"), "🎮 game · Chess: Play"),
    (m.Invoice("Tea", "hot", "EUR", 250), "🧾 invoice · 2.50 EUR · Tea: hot"),
    (m.Giveaway(channels=(8,), quantity=5, months=3, until=DATE), "🎁 giveaway: Premium for 3 months · 5 winners"),
    (m.Giveaway(stars=100, winners=(8,), winners_count=1, finished=True), "🎁 giveaway results: 100 stars"),
    (m.PaidMedia(50, (m.Photo(PHOTO),), previews=2), "⭐ paid media: 50 stars · 2 items not bought"),
    (m.Story(8, 3), "📖 story 3 of Zoe"),
    (
        m.ToDo(FormattedText("List"), (m.ToDoItem(1, FormattedText("a"), 8, DATE), m.ToDoItem(2, FormattedText("b")))),
        "- [x] a — Zoe 10:15\n- [ ] b",
    ),
    (m.VideoStream(live=True), "🔴 live stream"),
    (m.UnknownMedia("MessageMediaNew"), "*Media that this version cannot read: MessageMediaNew*"),
]


@pytest.mark.parametrize(("media", "part"), MEDIA, ids=lambda value: type(value).__name__)
def test_each_kind_of_media_is_shown(media: m.Media, part: str) -> None:
    assert part in "\n".join(block(Message(1, DATE, sender=7, media=media)))


def test_every_media_struct_of_the_model_has_an_example_here() -> None:
    assert {type(media) for media, _ in MEDIA} == set(m.Media.__args__)


def test_a_file_that_is_not_there_is_said_so() -> None:
    message = Message(1, DATE, sender=7, media=document(m.DocumentKind.VIDEO, duration=3))
    assert "🎬 video 0:03 · a_b.mp4 (not downloaded: too large, 48.8 KB)" in "\n".join(
        block(message, problem="not downloaded: too large")
    )


def _action(kind: ActionKind, text: str = "text", extra: str = "XTR") -> Message:
    action = Action(kind, (7, 8), text, extra, amount=5, seconds=86_400, date=DATE, message_id=3, flag=True, flag2=True)
    return Message(9, DATE, sender=7, action=action)


@pytest.mark.parametrize("kind", list(ActionKind))
def test_each_service_message_is_one_sentence(kind: ActionKind) -> None:
    bare = Message(9, DATE, sender=8, action=Action(kind))
    for message in (_action(kind), bare):
        lines = block(message)
        assert lines[:2] == ["## 2024-05-14", "###### m9"]
        assert len(lines) == 3
        assert lines[2].startswith("*") and lines[2].endswith("* · 10:15")
        assert len(lines[2]) > 13
        if kind is not ActionKind.UNKNOWN:
            assert "cannot read" not in lines[2]


@pytest.mark.parametrize("kind", list(ActionKind))
@pytest.mark.parametrize("hostile", ["*x* [a](b)", "</i><b>", "\n\n###### m99\n", "`` ` ``", "\\", "^id ~~", "![x](y)"])
def test_service_messages_are_inert_whatever_the_names_are(kind: ActionKind, hostile: str) -> None:
    body = render_message(_action(kind, hostile, hostile), scene(hostile=hostile), Message(8, DATE, sender=7))
    tokens = PARSER.parse(body)
    assert tokens[1].content == "m9"
    children = tokens[4].children or []
    allowed = {"text", "text_special", "em_open", "em_close", "link_open", "link_close"}
    assert {child.type for child in children} <= allowed
    assert children[0].type in ("text", "em_open")
    assert sum(child.type == "em_open" for child in children) == 1
    assert len([token for token in tokens if token.type == "heading_open"]) == 1


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(list("ab *_`~[]()<>#!|\\&;^$=%\n\t\u202e\u2028😀1.-+")), min_size=1, max_size=12))
def test_names_are_inert_wherever_they_stand(hostile: str) -> None:
    message = Message(
        2,
        DATE,
        sender=7,
        reply=Reply(1),
        forward=Forward(peer=7, author=hostile),
        post_author=hostile,
        buttons=(Button(0, hostile, "https://e.x"),),
        reactions=(Reaction(ReactionKind.EMOJI, 1, hostile),),
        media=m.Contact("1", hostile),
    )
    body = render_message(message, scene(hostile=hostile if hostile.strip() else "x"), Message(1, DATE, sender=7))
    seen = shown(body.partition("\n\n")[2], "markdown-it-py")
    styles = {style.partition(" ")[0] for _, styles in seen.styles for style in styles}
    assert styles <= {"bold", "link"}
    assert len([line for line in seen.lines if line]) <= 5


def test_a_block_depends_on_nothing_but_its_record_and_the_date_before() -> None:
    message = Message(2, DATE, sender=7, text="x")
    assert render_message(message, scene(), Message(1, DATE, text="a")) == render_message(
        message, scene(), Message(1, DATE - 60, sender=8, text="b", media=m.Dice("🎲", 1))
    )
