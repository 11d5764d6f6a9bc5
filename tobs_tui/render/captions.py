"""What is said of a message's media in a line, in any format: labels of files, places, contacts, votes, prizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tobs_tui.model.jobs import MediaFacts
from tobs_tui.model.media import (
    Contact,
    Dice,
    Document,
    DocumentKind,
    File,
    Game,
    Geo,
    Giveaway,
    Invoice,
    Media,
    PaidMedia,
    Photo,
    Poll,
    PollOption,
    Story,
    ToDoItem,
    UnknownMedia,
    Venue,
    VideoStream,
    WebPage,
    files_of,
)
from tobs_tui.model.messages import Message, number_of
from tobs_tui.model.text import FormattedText
from tobs_tui.render.ink import Ink
from tobs_tui.render.links import map_address, peer_link, story_link, web_address
from tobs_tui.render.scene import FileLink, Scene
from tobs_tui.render.transcripts import transcript_text
from tobs_tui.render.words import duration, money, number, size_in_words

_ICONS = {
    DocumentKind.FILE: "📄",
    DocumentKind.VIDEO: "🎬",
    DocumentKind.ROUND: "⏺",
    DocumentKind.ANIMATION: "🎞",
    DocumentKind.AUDIO: "🎵",
    DocumentKind.VOICE: "🎤",
    DocumentKind.STICKER: "🏷",
}
_VIEW_ONCE = 0x7FFFFFFF
_PHOTO = "🖼 photo"
_IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
NO_SPEECH = "no speech"
CHECKLIST = "☑ checklist"
EXPLANATION = "Explanation:"


class Item(NamedTuple):
    """A file of a message with its label, and what the scene knows of it; None for one that has expired, as the label
    says then. `image` tells whether readers show it as a picture."""

    label: str
    file: File | None
    link: FileLink
    media: Photo | Document
    image: bool

    @property
    def plain(self) -> bool:
        """Whether the label says nothing that a picture does not."""
        return self.label == _PHOTO


def items_of(
    message: Message, media: Photo | Document | PaidMedia | Story, scene: Scene, index: int = 0
) -> Iterator[Item]:
    """The files of a message's media in the order of `files_of`, counted from `index`."""
    if isinstance(media, Story):
        if media.media is not None:
            yield from items_of(message, media.media, scene, index)
        return
    if isinstance(media, PaidMedia):
        for bought in media.items:
            yield from items_of(message, bought, scene, index)
            index += len(files_of(bought))
        return
    link = scene.file(message, index, media.file) if media.file is not None else FileLink("")
    label = media_label(media, scene.ink, link.facts)
    if link.transcript is not None and not link.transcript.said:
        label += f" · {NO_SPEECH}"
    if media.file is None:
        yield Item(f"{label} ({'gone' if media.ttl else 'no longer available'})", None, link, media, False)
    else:
        image = isinstance(media, Photo) or media.file.mime in _IMAGE_TYPES
        yield Item(label, media.file, link, media, image)
        index += 1
    if isinstance(media, Photo) and media.video is not None:
        yield Item("🎬 live photo", media.video, scene.file(message, index, media.video), media, False)


def said_in(item: Item, scene: Scene) -> FormattedText | None:
    """What is said in a file, where somebody has listened and anybody speaks."""
    transcript = item.link.transcript
    if transcript is None or not transcript.said:
        return None
    return FormattedText(transcript_text(transcript, times=scene.transcript_times))


class PollItems(NamedTuple):
    """The files that a poll shows: with its question, with each of its answers, with its explanation."""

    question: tuple[Item, ...]
    options: tuple[tuple[Item, ...], ...]
    solution: tuple[Item, ...]


def poll_items(poll: Poll, message: Message, scene: Scene) -> PollItems:
    """The files of a poll's parts, as they are numbered."""
    index = 0
    found: list[tuple[Item, ...]] = []
    for media in (poll.media, *(option.media for option in poll.options), poll.solution_media):
        found.append(() if media is None else tuple(items_of(message, media, scene, index)))
        index += len(files_of(media))
    return PollItems(found[0], tuple(found[1:-1]), found[-1])


def extra_address(message: Message, file: File | None, scene: Scene) -> str:
    """Where an extra file is; '' for one that is not there, which nobody misses who did not ask for it."""
    number = number_of(message, file) if file is not None else -1
    return scene.file(message, number, file).address if file is not None and number >= 0 else ""


def thumb_address(message: Message, item: Item, scene: Scene) -> str:
    """Where the small picture is that stands for a file, as far as readers do not show the file itself."""
    if isinstance(item.media, Photo) or item.image:
        return ""
    return extra_address(message, item.media.thumb, scene)


def other_qualities(message: Message, media: Media | None, scene: Scene) -> str:
    """A line that links a video's other qualities; '' when none of them is there."""
    found = []
    for each in media.qualities if isinstance(media, Document) else ():
        if address := extra_address(message, each.file, scene):
            name = f"{min(each.width, each.height)}p" if each.width and each.height else "another quality"
            found.append(scene.ink.link(name, address))
    return f"🎬 also in {', '.join(found)}" if found else ""


def _flags(media: Photo | Document) -> str:
    flags = ["spoiler"] if media.spoiler else []
    if media.ttl:
        flags.append("view once" if media.ttl == _VIEW_ONCE else f"self-destructing, {duration(media.ttl)}")
    return f" · {', '.join(flags)}" if flags else ""


def media_label(media: Photo | Document, ink: Ink, facts: MediaFacts | None = None) -> str:
    """What a photo or document is, in words; `facts` are what a look into it has found out."""
    return _photo_label(media) if isinstance(media, Photo) else _document_label(media, facts, ink)


def told(facts: tuple[str, ...], ink: Ink) -> str:
    """Further facts, behind what is said already."""
    return "".join(f" · {ink.text(fact)}" for fact in facts)


def _photo_label(media: Photo) -> str:
    return f"{_PHOTO}{_flags(media)}"


def _document_label(media: Document, facts: MediaFacts | None, ink: Ink) -> str:
    words = [media.type.value]
    if media.type is DocumentKind.STICKER and media.emoji:
        words.append(media.emoji)
    length = media.duration if media.duration > 0 or facts is None else facts.duration
    if length > 0 and media.type is not DocumentKind.STICKER:
        words.append(duration(length))
    label = " ".join([_ICONS[media.type], *map(ink.text, words)])
    name = " – ".join(part for part in (media.performer, media.title) if part)
    if not name and media.file is not None and media.type is not DocumentKind.STICKER:
        name = media.file.name
    named = f" · {ink.text(name)}" if name else ""
    return label + named + _camera(media, facts, ink) + _flags(media) + told(media.facts, ink)


def _camera(media: Document, facts: MediaFacts | None, ink: Ink) -> str:
    """When and with what a picture or video was taken that came as a plain file: Telegram drops that from others."""
    if facts is None or media.type is not DocumentKind.FILE or not (facts.taken or facts.camera):
        return ""
    parts = (f"taken {facts.taken[:16]}" if facts.taken else "", facts.camera)
    return told((", ".join(part for part in parts if part),), ink)


def in_a_line(media: Media, scene: Scene) -> str:
    """Media without files that one line is enough for."""
    ink = scene.ink
    if isinstance(media, Geo | Venue):
        return _place(media, ink) + told(media.facts, ink)
    if isinstance(media, Contact):
        return _contact(media, ink)
    if isinstance(media, Giveaway):
        return _giveaway(media, scene)
    if isinstance(media, Dice):
        return f"{ink.text(media.emoji) or '🎲'} {media.value}{told(media.facts, ink)}"
    if isinstance(media, Game):
        text = ": ".join(part for part in (media.title or media.short_name, media.description) if part)
        return f"🎮 game · {ink.text(text)}"
    if isinstance(media, Invoice):
        text = ": ".join(part for part in (media.title, media.description) if part)
        receipt = scene.target(scene.chat, media.receipt).address if media.receipt else ""
        paid = f" · {ink.link('paid', receipt)}" if media.paid else ""
        price = money(media.amount, media.currency)
        return f"🧾 invoice · {price}{paid} · {ink.text(text)}{told(media.facts, ink)}"
    if isinstance(media, Story):
        return _story(media, scene)
    if isinstance(media, VideoStream):
        return "🔴 live stream" if media.live else "🔴 live stream, ended"
    if isinstance(media, UnknownMedia):
        return ink.aside(f"Media that this version cannot read: {ink.text(media.constructor) or 'unnamed'}")
    return ink.aside(f"Media that this version cannot show: {ink.text(type(media).__name__)}")


def _story(media: Story, scene: Scene) -> str:
    label = f"story {media.story_id} of {scene.peer_name(media.peer) if media.peer else 'unknown'}"
    address = story_link(scene.username(media.peer) if media.peer else "", media.story_id)
    when = f" · {scene.when(media.date)}" if media.date else ""
    return f"📖 {scene.ink.link(label, address)}{when}{told(media.facts, scene.ink)}"


def _place(media: Geo | Venue, ink: Ink) -> str:
    where = f"{media.latitude:.6f}, {media.longitude:.6f}"
    link = ink.link(where, map_address(media.latitude, media.longitude))
    if isinstance(media, Venue):
        name = ", ".join(ink.text(part) for part in (media.title, media.address) if part)
        return f"📍 {name or 'place'} · {link}"
    kind = "live location" if media.live_period else "location"
    facts = [f"📍 {kind} {link}"]
    if media.accuracy:
        facts.append(f"± {media.accuracy} m")
    if media.live_period:
        facts.append(f"shared for {duration(media.live_period)}")
    if media.heading:
        facts.append(f"heading {media.heading}°")
    return " · ".join(facts)


def _contact(media: Contact, ink: Ink) -> str:
    name = ink.text(f"{media.first_name} {media.last_name}") or "contact"
    shown = ink.link(name, peer_link(media.user_id) if media.user_id else "")
    return f"👤 {shown}" + (f" · {ink.text(media.phone)}" if media.phone else "")


def _giveaway(media: Giveaway, scene: Scene) -> str:
    ink = scene.ink
    prize = number(media.stars, "star") if media.stars else f"Premium for {number(media.months, 'month')}"
    facts = [f"🎁 giveaway: {prize}"]
    if media.prize:
        facts.append(ink.text(media.prize))
    if media.quantity:
        facts.append(number(media.quantity, "winner"))
    if media.channels:
        facts.append(f"by {', '.join(map(scene.linked_name, media.channels))}")
    if media.until:
        facts.append(f"until {scene.when(media.until)}")
    if media.finished or media.winners_count:
        facts[0] = facts[0].replace("giveaway", "giveaway results", 1)
        facts.append(f"{number(media.winners_count, 'winner')} drawn")
        if media.winners:
            facts.append(f"winners: {', '.join(map(scene.linked_name, media.winners))}")
        if media.launch and media.channels:
            facts.append(ink.link("the giveaway", scene.target(media.channels[0], media.launch).address))
    return " · ".join(facts) + told(media.facts, ink)


def absent(file: File, problem: str, ink: Ink) -> str:
    """Why a file is not there, with its size, in parentheses."""
    return f"({ink.text(problem)}{f', {size_in_words(file.size)}' if file.size > 0 else ''})"


def paid_label(media: PaidMedia, ink: Ink) -> str:
    """What is said above paid media: its price, and how much of it was not bought."""
    hidden = f" · {number(media.previews, 'item')} not bought" if media.previews else ""
    what = f" ({', '.join(map(ink.text, media.facts))})" if media.facts else ""
    return f"⭐ paid media: {number(media.stars, 'star')}{hidden}{what}"


def preview_head(page: WebPage, ink: Ink) -> list[str]:
    """The first lines of a link preview: site and title, and its author."""
    head = [ink.text(part) for part in (page.site_name, page.title) if part]
    if head:
        head[-1] = ink.link(head[-1], web_address(page.url))
    lines = [" · ".join(head)] if head else []
    if page.author and page.author != page.title:
        lines.append(ink.aside(ink.text(page.author)))
    if page.facts:
        lines.append(" · ".join(map(ink.text, page.facts)))
    return lines


def poll_label(poll: Poll, scene: Scene) -> str:
    """What is said above a poll: what kind it is, whether it is closed, how many voted."""
    kind = "quiz" if poll.quiz else "poll"
    facts = [f"📊 {kind}"]
    facts += [word for word, on in (("multiple answers", poll.multiple), ("public", poll.public)) if on]
    if poll.closed:
        facts.append("closed")
    elif poll.close_date:
        facts.append(f"closes {scene.when(poll.close_date)}")
    facts += [number(poll.voters, "voter"), *map(scene.ink.text, poll.facts)]
    return " · ".join(facts)


def votes(option: PollOption, voters: int, scene: Scene) -> str:
    """What is said behind an answer of a poll: its votes, the latest voters, whether it is right, whether it is one's
    own, who added it."""
    marks = "".join(mark for mark, on in ((" ✅", option.correct), (" 👈", option.chosen)) if on)
    marks += f" · added by {scene.linked_name(option.added_by)}" if option.added_by else ""
    if option.votes < 0:
        return marks
    share = f" ({100 * option.votes / voters:.0f} %)" if voters else ""
    names = f" ({', '.join(map(scene.linked_name, option.voters))})" if option.voters else ""
    return f" — {number(option.votes, 'vote')}{share}{names}{marks}"


def is_done(item: ToDoItem) -> bool:
    """Whether a line of a checklist is done."""
    return bool(item.done_by or item.done_at)


def done(item: ToDoItem, scene: Scene, date: int) -> str:
    """What is said behind a line of a checklist: who has done it, and when; `date` is the message's."""
    if not is_done(item):
        return ""
    who = f" {scene.linked_name(item.done_by)}" if item.done_by else ""
    when = f" {scene.when(item.done_at, date)}" if item.done_at else ""
    return f" —{who}{when}"
