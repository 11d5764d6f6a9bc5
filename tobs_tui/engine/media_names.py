"""The readable names of downloaded files: where a layout wants them, and bringing those there that have another."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope, FileTask
from tobs_tui.archive.schema import internal_folder, output_error
from tobs_tui.engine.vault import resolve_zone, root_of, topic_root
from tobs_tui.media.store import Store
from tobs_tui.model.profile import Layout, MediaKind, MediaNames
from tobs_tui.render.layout import emoji_path, media_path, replaced_path

PathOf = Callable[[Archive, FileTask], str]
"""A file's readable path, relative to the vault; called on the archive's thread."""

_BATCH = 500


def path_of_file(layout: Layout) -> PathOf:
    """Where a file belongs in the vault: beside the note that shows it. Folders never change once a chat is stored."""
    _, zone = resolve_zone(layout.timezone)
    folders: dict[tuple[int, int], str] = {}
    hidden: list[bool] = []  # whether people are shown by stand-ins, once that was asked

    def path_of(archive: Archive, task: FileTask) -> str:
        folder = folders.get((task.chat, task.topic))
        if folder is None:
            record = archive.chat(task.chat)
            if record is None:
                raise LookupError(f"chat {task.chat} has files and no record")
            topics = {known.topic.id: known.folder for known in archive.topics(task.chat)} if task.topic else {}
            folder = folders[task.chat, task.topic] = topic_root(root_of(archive, record), task.topic, topics)
        if task.kind is MediaKind.EMOJI:
            return f"{folder}/{emoji_path(task.file)}"
        if not hidden:
            hidden.append(archive.pseudonym_mark() != 0)
        naming = MediaNames.ID if hidden[0] else layout.media_names  # senders name files after themselves and others
        name = media_path(task.message_id, task.index, task.file, task.date, layout.split, zone, naming)
        ending = archive.replaced_ending(task)
        return f"{folder}/{replaced_path(name, ending) if ending else name}"

    return path_of


def rename_media(archive: Archive, vault: Path, layout: Layout) -> int:
    """Give every downloaded file of a vault the name that a layout wants; gives how many had another.

    A file whose content is gone keeps its name, for a run to download again. May be killed and repeated: the new name
    comes first, then the old one goes, then the archive is told. Raises TobsError when the vault cannot be written.
    """
    store = Store(vault, internal_folder(vault) / "store")
    path_of = path_of_file(layout)
    wanted = FileFilter(tuple(FileScope(record.id) for record in archive.chats()))
    moved, after = 0, None
    while batch := archive.done_files(wanted, _BATCH, after):
        after = batch[-1][0].key
        for task, state in batch:
            name = path_of(archive, task)
            if name == state.path or not store.has(state.sha256, state.size):
                continue
            try:
                store.publish(state.sha256, name, task.date)
                store.retire(state.sha256, state.path)
            except OSError as error:
                raise output_error(error, vault) from error
            archive.file_done(task, state.sha256, state.size, name)
            _rename_variant(archive, store, vault, task, state.path, name)
            moved += 1
    return moved


def _rename_variant(archive: Archive, store: Store, vault: Path, task: FileTask, before: str, name: str) -> None:
    """Have what stands beside a file follow it from its path `before` to `name`."""
    link = archive.variant_link(task.key)
    if link is None:
        return
    path = posixpath.splitext(name)[0] + link.path.removeprefix(posixpath.splitext(before)[0])
    try:
        store.publish(link.sha256, path, task.date)
        if path != link.path:
            store.retire(link.sha256, link.path)
    except FileNotFoundError:  # a run makes it again
        return
    except OSError as error:
        raise output_error(error, vault) from error
    archive.put_variant_link(task, link.sha256, path)
