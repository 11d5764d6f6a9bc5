"""Exhibits of the museum: rich messages, with every kind of page block and of rich text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.world import World

DAY = 86_400
Maker = Callable[[], Any]


class Exhibit(NamedTuple):
    """A rich message as pages of history have it, and all of it where that is only a part."""

    sent: Maker
    whole: Maker | None = None


text = types.TextPlain
cell = types.PageTableCell
paragraph = types.PageBlockParagraph


def _joined(*parts: Any) -> Any:
    return types.TextConcat([text(part) if isinstance(part, str) else part for part in parts])


def _caption(words: str = "", credit: str = "") -> Any:
    return types.PageCaption(*(text(each) if each else types.TextEmpty() for each in (words, credit)))


def rich_messages(world: World, when: int) -> Iterator[Exhibit]:
    """Each exhibit of the room."""
    yield Exhibit(lambda: _message(_report()))
    yield Exhibit(lambda: _message(_formulas()))
    yield Exhibit(lambda: _message(_lists()))
    yield Exhibit(lambda: _message(_marks(world.custom_emoji[0])))
    yield Exhibit(_article(world, when))
    yield Exhibit(lambda: _message(_elsewhere(when)))
    yield Exhibit(lambda: _message(_report()[:3], part=True), lambda: _message(_long_answer()))


def _message(blocks: list[Any], *, part: bool = False) -> Any:
    return types.RichMessage(blocks=blocks, photos=[], documents=[], part=part or None)


def _report() -> list[Any]:
    """What a bot answers: headings, a table, code, a quote, something to unfold."""
    return [
        types.PageBlockHeading1(text("A *rich* heading")),
        paragraph(
            _joined(
                "Plain, ",
                types.TextBold(text("bold")),
                ", ",
                types.TextItalic(text("italic")),
                ", ",
                types.TextFixed(text("fixed")),
                ", ",
                types.TextUrl(text("a link"), "https://example.org", 0),
                ".",
            )
        ),
        types.PageBlockTable(
            text("Heights"),
            [
                types.PageTableRow([cell(text=text("Peak"), header=True), cell(text=text("m"), header=True)]),
                types.PageTableRow([cell(text=text("Rysy | north")), cell(text=text("2,501"), align_right=True)]),
                types.PageTableRow([cell(text=text("Rysy | south")), cell(text=text("2,503"), align_right=True)]),
                types.PageTableRow([cell(text=text("measured twice"), colspan=2)]),
            ],
            bordered=True,
        ),
        types.PageBlockHeading4(text("###### m1 is no anchor here")),
        types.PageBlockPreformatted(text("print('hi')  # ``` inside"), "python"),
        types.PageBlockBlockquote(text("So it goes."), text("Kurt Vonnegut")),
        types.PageBlockBlockquoteBlocks([paragraph(text("Two blocks,")), paragraph(text("one quote"))], text("")),
        types.PageBlockDetails([paragraph(text("Inside")), types.PageBlockDivider()], text("Unfold me"), open=True),
        types.PageBlockThinking(text("Let me count the peaks.")),
        types.PageBlockDivider(),
        types.PageBlockFooter(text("Answered in 0.3 s")),
    ]


def _formulas() -> list[Any]:
    return [
        types.PageBlockHeading2(text("Formulas")),
        paragraph(
            _joined("Euler has ", types.TextMath("e^{i\\pi} + 1 = 0"), ", you have $5 and ", types.TextMath("a*b*c"))
        ),
        types.PageBlockMath("\\int_0^1 x^2\\,dx = \\frac{1}{3}"),
        types.PageBlockMath("\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}"),
        types.PageBlockMath("# not a heading\n```"),
    ]


def _lists() -> list[Any]:
    inner = types.PageBlockList(
        [types.PageListItemText(text("inner one")), types.PageListItemText(text("- inner two"))]
    )
    return [
        types.PageBlockHeading3(text("Lists")),
        types.PageBlockList(
            [
                types.PageListItemText(text("one")),
                types.PageListItemText(text("[x] no task"), checkbox=None),
                types.PageListItemBlocks([paragraph(text("with blocks")), inner]),
            ]
        ),
        types.PageBlockList(
            [
                types.PageListItemText(text("done"), checkbox=True, checked=True),
                types.PageListItemText(text("to be done"), checkbox=True),
            ]
        ),
        types.PageBlockOrderedList(
            [
                types.PageListOrderedItemText(text("first")),
                types.PageListOrderedItemBlocks([paragraph(text("second")), inner]),
            ],
            start=1,
        ),
        types.PageBlockOrderedList(
            [types.PageListOrderedItemText(text("lettered")), types.PageListOrderedItemText(text("in order"))], type="a"
        ),
    ]


def _marks(custom_emoji: int) -> list[Any]:
    """Every kind of rich text, a paragraph each."""
    word = text("word")
    every: tuple[Any, ...] = (
        types.TextAnchor(word, "place"),
        types.TextAutoEmail(text("alex@example.org")),
        types.TextAutoPhone(text("+1 555 010 0042")),
        types.TextAutoUrl(text("https://example.org/auto_url")),
        types.TextBankCard(text("4242 4242 4242 4242")),
        types.TextBotCommand(text("/help")),
        types.TextButton(word, types.InlineButtonTypeCallback(b"x")),
        types.TextCashtag(text("$TOBS")),
        types.TextCustomEmoji(custom_emoji, "🌟"),
        types.TextDate(text("10 June"), 1_718_000_000, long_date=True),
        types.TextDiff(text("colour"), text("color")),
        types.TextEmail(text("write"), "alex@example.org"),
        types.TextHashtag(text("#tag")),
        types.TextImage(7, 16, 16),
        types.TextMarked(word),
        types.TextMention(text("@zoe_lind")),
        types.TextMentionName(text("Tomás"), cast.TOMAS),
        types.TextPhone(text("call"), "+15550100042"),
        types.TextSpoiler(word),
        types.TextStrike(word),
        _joined("H", types.TextSubscript(text("2")), "O, x", types.TextSuperscript(text("2"))),
        types.TextUnderline(types.TextBold(types.TextItalic(word))),
        types.TextUrl(text("to the place"), "#place", 0),
    )
    return [paragraph(_joined(f"{number}: ", each, ".")) for number, each in enumerate(every, 1)]


def _article(world: World, when: int) -> Maker:
    """An article with media of every kind."""
    files = world.files
    photos = [media.photo_file(files, when, number, f"rich {number}") for number in (3, 4)]
    video, song, paper = media.video(files, when).file, media.music(files, when).file, media.pdf(files, when).file
    assert video is not None and song is not None and paper is not None

    def made() -> Any:
        pictures, documents = [photo.tl() for photo in photos], [each.tl() for each in (video, song, paper)]
        first, second = pictures
        both = [types.PageBlockPhoto(each.id, _caption()) for each in pictures]
        blocks = [
            types.PageBlockKicker(text("Field notes")),
            types.PageBlockTitle(text("How contours [are] drawn")),
            types.PageBlockSubtitle(text("From points to lines")),
            types.PageBlockAuthorDate(text("R. Abara"), when),
            types.PageBlockCover(types.PageBlockPhoto(first.id, _caption("The coast", "Ada"))),
            types.PageBlockHeader(text("Points")),
            types.PageBlockAnchor("points"),
            types.PageBlockPhoto(second.id, _caption("A spoiler"), spoiler=True),
            types.PageBlockSubheader(text("Moving and sounding")),
            types.PageBlockVideo(documents[0].id, _caption("A film")),
            types.PageBlockAudio(documents[1].id, _caption("A song")),
            types.PageBlockDocument(documents[2].id, _caption("A paper")),
            types.PageBlockCollage(both, _caption("A collage")),
            types.PageBlockSlideshow(both, _caption("A slideshow")),
            types.PageBlockPullquote(text("Patience makes lines."), text("R. Abara")),
            types.PageBlockHeading5(text("Small")),
            types.PageBlockHeading6(text("Smaller")),
        ]
        return types.RichMessage(blocks=blocks, photos=pictures, documents=documents)

    return made


def _elsewhere(when: int) -> list[Any]:
    """What leads elsewhere: maps, embedded pages, buttons, chats, articles."""
    return [
        types.PageBlockMap(types.GeoPoint(-9.1393, 38.7223, 77), 12, 640, 480, _caption("Lisbon")),
        types.PageBlockEmbed(_caption("A film elsewhere"), url="https://example.org/film"),
        types.PageBlockEmbed(_caption(), html="<script>alert(1)</script>"),
        types.PageBlockEmbedPost(
            "https://example.org/post", 9, 0, "Some *body*", when - DAY, [paragraph(text("Said elsewhere"))], _caption()
        ),
        types.PageBlockButtonRow(
            [
                types.PageButton(text("Open"), types.InlineButtonTypeUrl("https://example.org/open")),
                types.PageButton(text("Copy"), types.InlineButtonTypeCopy("copied | text")),
            ]
        ),
        types.PageBlockChannel(
            types.Channel(1_650_000_001, "Orbit", types.ChatPhotoEmpty(), when, broadcast=True, username="orbit_demo")
        ),
        types.PageBlockRelatedArticles(
            text("Read on"),
            [
                types.PageRelatedArticle(
                    "https://example.org/more", 4, "More maps", "And fewer words", author="R. Abara"
                )
            ],
        ),
        types.PageBlockUnsupported(),
    ]


def _long_answer() -> list[Any]:
    return [
        *_report(),
        types.PageBlockHeading2(text("And the rest")),
        *_formulas()[1:],
        paragraph(text("The very end.")),
    ]
