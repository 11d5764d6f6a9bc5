"""Every file that a message record refers to, thumbnails and previews included."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.media import Document, File, Media, PaidMedia, Photo, Story, WebPage
from tobs_tui.model.messages import Message


def every_file(message: Message) -> Iterator[File]:
    """The files of the message's media and of its service action."""
    yield from _files(message.media)
    if message.action is not None:
        yield from _files(message.action.photo)


def _files(media: Media | None) -> Iterator[File]:
    found: tuple[File | None, ...] = ()
    if isinstance(media, Photo):
        found = (media.file, media.video)
    elif isinstance(media, Document):
        found = (media.file, media.thumb)
    elif isinstance(media, WebPage):
        found = (media.photo,)
    elif isinstance(media, Story):
        yield from _files(media.media)
    elif isinstance(media, PaidMedia):
        for item in media.items:
            yield from _files(item)
    yield from (file for file in found if file is not None)
