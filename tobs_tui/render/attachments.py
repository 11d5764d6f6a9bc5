"""What a message carries besides text, each kind in Markdown: images shown, files linked, the rest said in words."""

from __future__ import annotations

from collections.abc import Iterator

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
    ToDo,
    UnknownMedia,
    Venue,
    VideoStream,
    WebPage,
    files_of,
)
from tobs_tui.model.messages import Message
from tobs_tui.model.text import FormattedText
from tobs_tui.render.escape import inline_name, line_start
from tobs_tui.render.links import destination, peer_link, web_address
from tobs_tui.render.scene import Scene
from tobs_tui.render.text import render_text
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
_SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


def before_text(message: Message, scene: Scene) -> Iterator[str]:
    """The blocks that stand above a message's text: its files."""
    if isinstance(message.media, Photo | Document | PaidMedia):
        yield from _files(message, message.media, scene)


def after_text(message: Message, scene: Scene) -> Iterator[str]:
    """The blocks that stand below a message's text: everything that is not a file."""
    media = message.media
    if media is not None and not isinstance(media, Photo | Document | PaidMedia):
        yield from _in_words(media, scene, message.date)


def action_photo(message: Message, scene: Scene) -> list[str]:
    """The picture that a service message carries, as blocks."""
    action = message.action
    if action is None or not isinstance(action.photo, Photo | Document):
        return []
    return list(_item(message, action.photo, scene, len(files_of(message.media))))


def _files(message: Message, media: Photo | Document | PaidMedia, scene: Scene) -> Iterator[str]:
    if not isinstance(media, PaidMedia):
        yield from _item(message, media, scene, 0)
        return
    hidden = f" · {number(media.previews, 'item')} not bought" if media.previews else ""
    yield f"⭐ paid media: {number(media.stars, 'star')}{hidden}"
    index = 0
    for item in media.items:
        yield from _item(message, item, scene, index)
        index += len(files_of(item))


def _item(message: Message, media: Photo | Document, scene: Scene, index: int) -> Iterator[str]:
    """One photo or document whose first file has that index among the message's files."""
    label = _photo_label(media) if isinstance(media, Photo) else _document_label(media)
    if media.file is None:
        yield f"{label} (no longer available)" if not media.ttl else f"{label} (gone)"
    else:
        yield _file(message, media.file, scene, index, label, shown=_is_shown(media))
        index += 1
    if isinstance(media, Photo) and media.video is not None:
        yield _file(message, media.video, scene, index, "🎬 live photo", shown=False)


def _is_shown(media: Photo | Document) -> bool:
    """Whether readers show the file as an image."""
    return isinstance(media, Photo) or (media.file is not None and media.file.mime in _SHOWN_TYPES)


def _file(message: Message, file: File, scene: Scene, index: int, label: str, *, shown: bool) -> str:
    link = scene.file(message, index, file)
    if not link.address:
        size = f", {size_in_words(file.size)}" if file.size > 0 else ""
        return f"{label} ({inline_name(link.problem)}{size})"
    target = destination(link.address)
    if not shown:
        return f"[{label}]({target})"
    plain = label in ("🖼 photo",)
    return f"![]({target})" if plain else f"![]({target})  \n{label}"


def _flags(media: Photo | Document) -> str:
    flags = ["spoiler"] if media.spoiler else []
    if media.ttl:
        flags.append("view once" if media.ttl == _VIEW_ONCE else f"self-destructing, {duration(media.ttl)}")
    return f" · {', '.join(flags)}" if flags else ""


def _photo_label(media: Photo) -> str:
    return f"🖼 photo{_flags(media)}"


def _document_label(media: Document) -> str:
    words = [media.type.value]
    if media.type is DocumentKind.STICKER and media.emoji:
        words.append(media.emoji)
    if media.duration > 0 and media.type is not DocumentKind.STICKER:
        words.append(duration(media.duration))
    label = " ".join([_ICONS[media.type], *map(inline_name, words)])
    name = " – ".join(part for part in (media.performer, media.title) if part)
    if not name and media.file is not None and media.type is not DocumentKind.STICKER:
        name = media.file.name
    return label + (f" · {inline_name(name)}" if name else "") + _flags(media)


def _in_words(media: Media, scene: Scene, date: int) -> Iterator[str]:
    """The blocks of media without files."""
    if isinstance(media, WebPage):
        yield from _preview(media)
    elif isinstance(media, Poll):
        yield _poll(media, scene)
    elif isinstance(media, ToDo):
        yield _checklist(media, scene, date)
    elif isinstance(media, Geo | Venue):
        yield _place(media)
    elif isinstance(media, Contact):
        yield _contact(media)
    elif isinstance(media, Giveaway):
        yield _giveaway(media, scene)
    else:
        yield _small(media, scene)


def _small(media: Media, scene: Scene) -> str:
    """Media that one line is enough for."""
    if isinstance(media, Dice):
        return line_start(f"{inline_name(media.emoji) or '🎲'} {media.value}")
    if isinstance(media, Game):
        text = ": ".join(part for part in (media.title or media.short_name, media.description) if part)
        return f"🎮 game · {inline_name(text)}"
    if isinstance(media, Invoice):
        text = ": ".join(part for part in (media.title, media.description) if part)
        paid = " · paid" if media.paid else ""
        return f"🧾 invoice · {money(media.amount, media.currency)}{paid} · {inline_name(text)}"
    if isinstance(media, Story):
        owner = scene.peer_name(media.peer) if media.peer else "unknown"
        username = scene.username(media.peer) if media.peer else ""
        label = f"story {media.story_id} of {owner}"
        return f"📖 [{label}](https://t.me/{username}/s/{media.story_id})" if username else f"📖 {label}"
    if isinstance(media, VideoStream):
        return "🔴 live stream" if media.live else "🔴 live stream, ended"
    if isinstance(media, UnknownMedia):
        return f"*Media that this version cannot read: {inline_name(media.constructor) or 'unnamed'}*"
    return f"*Media that this version cannot show: {inline_name(type(media).__name__)}*"


def _preview(page: WebPage) -> Iterator[str]:
    """A link preview as a quote; nothing when Telegram made none."""
    head = [inline_name(part) for part in (page.site_name, page.title) if part]
    address = web_address(page.url)
    if head and address:
        head[-1] = f"[{head[-1]}]({destination(address)})"
    lines = [" · ".join(head)] if head else []
    if page.author and page.author != page.title:
        lines.append(f"*{inline_name(page.author)}*")
    blocks = ["  \n".join(lines)] if lines else []
    if page.description:
        blocks.append(render_text(FormattedText(page.description)))
    text = "\n\n".join(block for block in blocks if block)
    if text:
        yield "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def _item_text(text: FormattedText) -> str:
    """A formatted text as the content of a list item."""
    return render_text(text).replace("\n", "\n  ")


def _option(option: PollOption, voters: int) -> str:
    marks = "".join(mark for mark, on in ((" ✅", option.correct), (" 👈", option.chosen)) if on)
    votes = ""
    if option.votes >= 0:
        share = f" ({100 * option.votes / voters:.0f} %)" if voters else ""
        votes = f" — {number(option.votes, 'vote')}{share}"
    return f"- {_item_text(option.text)}{votes}{marks}"


def _poll(poll: Poll, scene: Scene) -> str:
    kind = "quiz" if poll.quiz else "poll"
    facts = [f"📊 {kind}"]
    facts += [word for word, on in (("multiple answers", poll.multiple), ("public", poll.public)) if on]
    if poll.closed:
        facts.append("closed")
    elif poll.close_date:
        facts.append(f"closes {scene.when(poll.close_date)}")
    facts.append(number(poll.voters, "voter"))
    blocks = [" · ".join(facts), render_text(poll.question)]
    blocks.append("\n".join(_option(option, poll.voters) for option in poll.options))
    solution = render_text(poll.solution)
    if solution:
        blocks.append("\n".join(f"> {line}" if line else ">" for line in f"Explanation:\n\n{solution}".split("\n")))
    return "\n\n".join(block for block in blocks if block)


def _checklist(todo: ToDo, scene: Scene, date: int) -> str:
    lines = []
    for item in todo.items:
        done = ""
        if item.done_by or item.done_at:
            who = f" {scene.peer_name(item.done_by)}" if item.done_by else ""
            when = f" {scene.when(item.done_at, date)}" if item.done_at else ""
            done = f" —{who}{when}"
        lines.append(f"- [{'x' if done else ' '}] {_item_text(item.text)}{done}")
    blocks = ["☑ checklist", render_text(todo.title), "\n".join(lines)]
    return "\n\n".join(block for block in blocks if block)


def _place(media: Geo | Venue) -> str:
    where = f"{media.latitude:.6f}, {media.longitude:.6f}"
    link = f"https://www.openstreetmap.org/?mlat={media.latitude:.6f}&mlon={media.longitude:.6f}"
    if isinstance(media, Venue):
        name = ", ".join(inline_name(part) for part in (media.title, media.address) if part)
        return f"📍 {name or 'place'} · [{where}]({link})"
    kind = "live location" if media.live_period else "location"
    facts = [f"📍 {kind} [{where}]({link})"]
    if media.accuracy:
        facts.append(f"± {media.accuracy} m")
    if media.live_period:
        facts.append(f"shared for {duration(media.live_period)}")
    if media.heading:
        facts.append(f"heading {media.heading}°")
    return " · ".join(facts)


def _contact(media: Contact) -> str:
    name = inline_name(f"{media.first_name} {media.last_name}") or "contact"
    address = peer_link(media.user_id) if media.user_id else ""
    shown = f"[{name}]({address})" if address else name
    return f"👤 {shown}" + (f" · {inline_name(media.phone)}" if media.phone else "")


def _giveaway(media: Giveaway, scene: Scene) -> str:
    prize = number(media.stars, "star") if media.stars else f"Premium for {number(media.months, 'month')}"
    facts = [f"🎁 giveaway: {prize}"]
    if media.prize:
        facts.append(inline_name(media.prize))
    if media.quantity:
        facts.append(number(media.quantity, "winner"))
    if media.channels:
        facts.append(f"by {', '.join(map(scene.peer_name, media.channels))}")
    if media.until:
        facts.append(f"until {scene.when(media.until)}")
    if media.finished or media.winners_count:
        facts[0] = facts[0].replace("giveaway", "giveaway results", 1)
        facts.append(f"{number(media.winners_count, 'winner')} drawn")
        if media.winners:
            facts.append(f"winners: {', '.join(map(scene.peer_name, media.winners))}")
    return " · ".join(facts)
