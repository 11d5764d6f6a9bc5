"""What a message carries besides text, each kind in Markdown: images shown, files linked, the rest said in words."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.media import Contact, Dice, Document, Media, PaidMedia, Photo, Poll, Story, ToDo, WebPage, files_of
from tobs_tui.model.messages import Message
from tobs_tui.model.text import FormattedText
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
    told,
    votes,
)
from tobs_tui.render.chars import clean
from tobs_tui.render.escape import item_start, line_start
from tobs_tui.render.links import destination
from tobs_tui.render.scene import Scene
from tobs_tui.render.text import fenced, quoted, render_text


def before_text(message: Message, scene: Scene) -> Iterator[str]:
    """The blocks that stand above a message's text: its files."""
    if isinstance(message.media, Photo | Document | PaidMedia | Story):
        yield from _files(message, message.media, scene)


def after_text(message: Message, scene: Scene) -> Iterator[str]:
    """The blocks that stand below a message's text: everything that is not a file."""
    media = message.media
    if media is not None and not isinstance(media, Photo | Document | PaidMedia):
        yield from _in_words(media, message, scene)


def action_photo(message: Message, scene: Scene) -> list[str]:
    """The picture that a service message carries, as blocks."""
    action = message.action
    if action is None or not isinstance(action.photo, Photo | Document):
        return []
    return [
        _item(message, item, scene) for item in items_of(message, action.photo, scene, len(files_of(message.media)))
    ]


def _files(message: Message, media: Photo | Document | PaidMedia | Story, scene: Scene) -> Iterator[str]:
    if isinstance(media, PaidMedia):
        yield paid_label(media, scene.ink)
    for item in items_of(message, media, scene):
        yield _item(message, item, scene)
        if said := said_in(item, scene):
            yield quoted(render_text(said))
    if others := other_qualities(message, media, scene):
        yield others


def _item(message: Message, item: Item, scene: Scene) -> str:
    """A file as a picture or a link. What it was transcoded to comes first, the original stays at hand."""
    if item.file is None:
        return item.label
    link = item.link
    if not link.address:
        return f"{item.label} {absent(item.file, link.problem, scene.ink)}"
    target = destination(link.variant or link.address)
    original = destination(link.address) if link.variant else ""
    if not item.image:
        thumb = thumb_address(message, item, scene)
        picture = f"[![]({destination(thumb)})]({target})  \n" if thumb else ""
        return f"{picture}[{item.label}]({target})" + (f" · [original]({original})" if original else "")
    picture = f"[![]({target})]({original})" if original else f"![]({target})"
    return picture if item.plain else f"{picture}  \n{item.label}"


def _in_words(media: Media, message: Message, scene: Scene) -> Iterator[str]:
    """The blocks of media that are more words than files."""
    if isinstance(media, WebPage):
        if picture := extra_address(message, media.photo, scene):
            yield f"![]({destination(picture)})"
        yield from _preview(media, scene)
    elif isinstance(media, Poll):
        yield _poll(media, message, scene)
    elif isinstance(media, ToDo):
        yield _checklist(media, scene, message.date)
    elif isinstance(media, Dice):
        yield line_start(in_a_line(media, scene))
    else:
        yield in_a_line(media, scene)
        if isinstance(media, Story):
            yield render_text(media.caption)
        elif isinstance(media, Contact) and media.vcard.strip():
            yield fenced(clean(media.vcard).strip("\n"), "vcard")


def _preview(page: WebPage, scene: Scene) -> Iterator[str]:
    """A link preview as a quote; nothing when Telegram made none."""
    lines = preview_head(page, scene.ink)
    blocks = ["  \n".join(lines)] if lines else []
    if page.description:
        blocks.append(render_text(FormattedText(page.description)))
    text = "\n\n".join(block for block in blocks if block)
    if text:
        yield quoted(text)


def _item_text(text: FormattedText) -> str:
    """A formatted text as the content of a list item."""
    return item_start(render_text(text)).replace("\n", "\n  ")


def _poll(poll: Poll, message: Message, scene: Scene) -> str:
    shown = poll_items(poll, message, scene)
    options = []
    for option, items in zip(poll.options, shown.options, strict=True):
        lines = (line for item in items for line in _item(message, item, scene).split("\n"))
        pictures = "".join(f"  \n  {line.rstrip()}" for line in lines)
        options.append(f"- {_item_text(option.text)}{votes(option, poll.voters, scene)}{pictures}")
    pictures = "  \n".join(_item(message, item, scene) for item in shown.question)
    blocks = [poll_label(poll, scene), render_text(poll.question), pictures, "\n".join(options)]
    explained = [render_text(poll.solution), *(_item(message, item, scene) for item in shown.solution)]
    if solution := "\n\n".join(part for part in explained if part):
        blocks.append(quoted(f"{EXPLANATION}\n\n{solution}"))
    return "\n\n".join(block for block in blocks if block)


def _checklist(todo: ToDo, scene: Scene, date: int) -> str:
    lines = [
        f"- [{'x' if is_done(item) else ' '}] {_item_text(item.text)}{done(item, scene, date)}" for item in todo.items
    ]
    blocks = [CHECKLIST + told(todo.facts, scene.ink), render_text(todo.title), "\n".join(lines)]
    return "\n\n".join(block for block in blocks if block)
