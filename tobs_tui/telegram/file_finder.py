"""Every file that a message record refers to, thumbnails and previews included."""

from __future__ import annotations

from collections.abc import Iterator

from tobs_tui.model.media import Extra, File
from tobs_tui.model.messages import Message, extra_files, main_files


def every_file(message: Message) -> Iterator[File]:
    """The files that can be asked for with what the message tells of them: all but custom emoji."""
    yield from main_files(message)
    yield from (file for extra, file in extra_files(message) if extra is not Extra.EMOJI)
