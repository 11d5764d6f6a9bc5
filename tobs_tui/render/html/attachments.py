"""What a message carries besides text, each kind in HTML: pictures, players, links to files, lists, and words."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from tobs_tui.model.media import (
    Contact,
    Document,
    DocumentKind,
    Media,
    PaidMedia,
    Photo,
    Poll,
    Story,
    ToDo,
    WebPage,
    files_of,
)
from tobs_tui.model.messages import Message
from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.render.captions import (
    CHECKLIST,
    EXPLANATION,
    Item,
    absent,
    done,
    extra_address,
    in_a_line,
    is_done,
    items_of,
    other_qualities,
    paid_label,
    poll_items,
    poll_label,
    preview_head,
    said_in,
    thumb_address,
    votes,
)
from tobs_tui.render.html.escape import attribute, reference
from tobs_tui.render.html.text import formatted_box, html_body
from tobs_tui.render.layout import PAGE_EXTENSIONS
from tobs_tui.render.scene import Scene

_VIDEOS = frozenset({DocumentKind.VIDEO, DocumentKind.ROUND, DocumentKind.ANIMATION})
_SOUNDS = frozenset({DocumentKind.AUDIO, DocumentKind.VOICE})
_PLAYERS = {DocumentKind.ROUND: ' class="round"', DocumentKind.STICKER: ' class="sticker"'}
_RUNNING = frozenset({"svg", "svgz", "xml", "xsl", "xslt"}) | PAGE_EXTENSIONS
"""Files that browsers would open as pages, with whatever runs in them; they are offered for saving instead."""


def before_text(message: Message, scene: Scene) -> Iterator[str]:
    """What stands above a message's text: its files."""
    media = message.media
    if isinstance(media, PaidMedia):
        yield label(paid_label(media, scene.ink))
    if isinstance(media, Photo | Document | PaidMedia | Story):
        for item in items_of(message, media, scene):
            yield _item(message, item, scene)
            if said := said_in(item, scene):
                yield f'<blockquote class="transcript">{formatted_box(said)}</blockquote>'
        if others := other_qualities(message, media, scene):
            yield label(others)


def after_text(message: Message, scene: Scene) -> Iterator[str]:
    """What stands below a message's text: everything that is not a file."""
    media = message.media
    if media is not None and not isinstance(media, Photo | Document | PaidMedia):
        yield _in_words(media, message, scene)


def action_photo(message: Message, scene: Scene) -> Iterator[str]:
    """The picture that a service message carries."""
    action = message.action
    if action is not None and isinstance(action.photo, Photo | Document):
        for item in items_of(message, action.photo, scene, len(files_of(message.media))):
            yield _item(message, item, scene)


def label(sentence: str) -> str:
    """A line of the program's own, set already."""
    return f'<p class="label">{sentence}</p>'


def _item(message: Message, item: Item, scene: Scene) -> str:
    """A file, shown and linked. What it was transcoded to comes first, the original stays at hand."""
    if item.file is None:
        return label(item.label)
    link = item.link
    if not link.address:
        return label(f"{item.label} {absent(item.file, link.problem, scene.ink)}")
    address, original = reference(link.variant or link.address), reference(link.address)
    shown = _shown(item, address, original, reference(thumb_address(message, item, scene)))
    if item.media.spoiler and shown:
        shown = f'<div class="veil" tabindex="0">{shown}</div>'
    if item.image and item.plain:
        return shown
    save = " download" if posixpath.splitext(link.address)[1][1:].lower() in _RUNNING else ""
    anchor = f'<a href="{address}"{save}>{item.label}</a>'
    more = f' · <a href="{original}">original</a>' if link.variant else ""
    return shown + label(anchor + more)


def _shown(item: Item, address: str, original: str, thumb: str) -> str:
    """The picture or player of a file at `address`, which `thumb` stands for until it plays; '' for one that browsers
    have none for, and that nothing stands for. A picture leads to its `original`."""
    media = item.media
    kind = media.type if isinstance(media, Document) else None
    size = f' width="{media.width}" height="{media.height}"' if media.width > 0 and media.height > 0 else ""
    if item.image:
        style = ' class="sticker"' if kind is DocumentKind.STICKER else ""
        return (
            f'<a href="{original}"><img{style} src="{address}" alt="{attribute(_alt(item))}"{size} loading="lazy"></a>'
        )
    mime = item.file.mime if item.file is not None else ""
    if kind is None or kind in _VIDEOS or (kind is DocumentKind.STICKER and mime.startswith("video/")):
        style = _PLAYERS.get(kind, "") if kind is not None else ""
        poster = f' poster="{thumb}"' if thumb else ""
        return f'<video{style} src="{address}"{poster}{size} controls preload="none"></video>'
    if kind in _SOUNDS:
        return f'<audio src="{address}" controls preload="none"></audio>'
    return f'<a href="{address}"><img src="{thumb}" alt="" loading="lazy"></a>' if thumb else ""


def _alt(item: Item) -> str:
    """What a picture is, for those who do not see it."""
    if isinstance(item.media, Photo):
        return "photo"
    return f"{item.media.type.value} {item.media.emoji}".strip()


def _in_words(media: Media, message: Message, scene: Scene) -> str:
    if isinstance(media, WebPage):
        return _preview(media, message, scene)
    if isinstance(media, Poll):
        return _poll(media, message, scene)
    if isinstance(media, ToDo):
        return _checklist(media, scene, message.date)
    if isinstance(media, Story):
        return label(in_a_line(media, scene)) + formatted_box(media.caption)
    if isinstance(media, Contact) and media.vcard.strip():
        card = FormattedText(media.vcard, (Entity(EntityKind.PRE, 0, 2 * len(media.vcard), "vcard"),))
        return label(in_a_line(media, scene)) + formatted_box(card)
    return label(in_a_line(media, scene))


def _preview(page: WebPage, message: Message, scene: Scene) -> str:
    """A link preview; '' when Telegram made none."""
    lines = [label(line) for line in preview_head(page, scene.ink)]
    if picture := reference(extra_address(message, page.photo, scene)):
        lines.insert(0, f'<a href="{picture}"><img src="{picture}" alt="" loading="lazy"></a>')
    lines.append(formatted_box(FormattedText(page.description)))
    inner = "".join(lines)
    return f'<blockquote class="preview">{inner}</blockquote>' if inner else ""


def _poll(poll: Poll, message: Message, scene: Scene) -> str:
    shown = poll_items(poll, message, scene)
    pictures = "".join(_item(message, item, scene) for item in shown.question)
    options = []
    for option, items in zip(poll.options, shown.options, strict=True):
        bar = ""
        if option.votes >= 0 and poll.voters:
            bar = f'<progress max="{poll.voters}" value="{option.votes}"></progress>'
        text = html_body(option.text.text, option.text.entities)
        beside = "".join(_item(message, item, scene) for item in items)
        options.append(f'<li><span dir="auto">{text}</span>{votes(option, poll.voters, scene)}{bar}{beside}</li>')
    solution = formatted_box(poll.solution) + "".join(_item(message, item, scene) for item in shown.solution)
    if solution:
        solution = f'<blockquote class="note">{label(EXPLANATION)}{solution}</blockquote>'
    question = formatted_box(poll.question) + pictures
    return f'<div class="poll">{label(poll_label(poll, scene))}{question}<ul>{"".join(options)}</ul>{solution}</div>'


def _checklist(todo: ToDo, scene: Scene, date: int) -> str:
    items = []
    for item in todo.items:
        text = html_body(item.text.text, item.text.entities)
        sign = "☑" if is_done(item) else "☐"
        items.append(f'<li>{sign} <span dir="auto">{text}</span>{done(item, scene, date)}</li>')
    return f'<div class="todo">{label(CHECKLIST)}{formatted_box(todo.title)}<ul>{"".join(items)}</ul></div>'
