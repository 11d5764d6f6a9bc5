"""When everybody is known whom a vault will have: the names of its folders, and which notes are due."""

from __future__ import annotations

import itertools
from pathlib import Path

from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import TopicRecord
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.media_names import rename_media
from tobs_tui.engine.note_file import keep_aside, remove_empty_folders
from tobs_tui.engine.pseudonyms.masks import Masks, masks_of
from tobs_tui.media.store import digest_of
from tobs_tui.model.profile import Layout
from tobs_tui.render.layout import safe_name, title_of


def settle_people(archive: Archive, vault: Path, layout: Layout) -> tuple[Masks | None, bool]:
    """The stand-ins for everybody whom the archive knows (None: the vault has none), and whether these are others than
    notes were rendered with. Takes people out of the names of folders. Raises TobsError."""
    masks = masks_of(archive)
    if masks is None:
        return None, False
    _settle_folders(archive, vault, masks)
    if archive.people_mark() == masks.mark:
        return masks, False
    rename_media(archive, vault, layout)
    archive.put_people_mark(masks.mark)
    return masks, True


def _settle_folders(archive: Archive, vault: Path, masks: Masks) -> None:
    """Take people out of the names of folders, who may have become known only after those were given. Notes and files
    have to follow then, also where this process is killed before they have."""
    for record in archive.chats():
        folder = _without_people(record.folder, record.title, masks)
        topics = archive.topics(record.id)
        moved = [TopicRecord(known.topic, _without_people(known.folder, known.topic.title, masks)) for known in topics]
        if folder != record.folder or moved != topics:
            archive.put_people_mark(0)
            if folder != record.folder:
                _remove_pages(archive, vault, f"{record.folder}/")
            archive.move_chat(replace(record, folder=folder))
            archive.move_topics(record.id, moved)


def _remove_pages(archive: Archive, vault: Path, folder: str) -> None:
    """Take the index pages of a folder away: they are written anew where its notes will be. What a person has made of
    one is kept, as ever."""
    gone = list(itertools.takewhile(lambda page: page.path.startswith(folder), archive.pages_past(folder, 10_000)))
    try:
        for page in gone:
            file = vault / page.path
            if file.is_file():
                digest = digest_of(file)
                if digest != page.sha256.hex():
                    keep_aside(vault, page.path, digest)
                file.unlink()
                remove_empty_folders(vault, page.path)
    except OSError as error:
        raise output_error(error, vault) from error
    archive.put_pages((), [page.path for page in gone])
    archive.begin_pages()


def _without_people(folder: str, title: str, masks: Masks) -> str:
    """A folder's name, which was made of `title` unless that has changed since."""
    suffix = folder.removeprefix(title_of(folder))
    whole = title if safe_name(title, suffix) == folder else title_of(folder)
    told = masks.text(whole)
    return folder if told == whole else safe_name(told, suffix)
