"""Where a vault's notes lie, and the world that a worker process renders them in: the archive and a chat's scene.

A process keeps its world between the pieces of work that it is given: opening the archive costs more than rendering a
hundred messages. The archive is opened for reading only, with a small cache, since there are as many as processes.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import posixpath
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import msgspec
from cachetools import LRUCache
from msgspec import Struct

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.engine.note_forms import Form, forms_of, head_of, path_of, split_of
from tobs_tui.engine.pseudonyms.masks import Masks, masks_of
from tobs_tui.engine.vault_scene import ChatScene
from tobs_tui.model.profile import Layout, MediaOptions
from tobs_tui.render import layout as names
from tobs_tui.render.frontmatter import FORMAT
from tobs_tui.render.html.page import PAGES

CACHE_KIB = 2_048
"""What SQLite may hold of the archive in each process; notes are read from beginning to end, once."""


EVERYTHING = RecordFilter()
"""Shows every message."""

WORLDS = 3
"""Chats whose names and addresses a process keeps at hand."""


class View(Struct, frozen=True):
    """A chat of a vault, and how its notes are to look.

    `linked` are chats whose messages are all in the archive by now, so that links may point at their notes; comments
    of a channel's posts are found in its discussion group only when that is among them. `media` is what the run's
    profile chooses, for saying why a file is not there, and `keeps` which messages are shown. `filters` are those of
    all chats of which not everything is shown: links don't lead to what is left out. `people` tells which people are
    shown by stand-ins, if any are (`Masks.mark`).
    """

    vault: str
    chat: int
    layout: Layout = Layout()
    media: MediaOptions = MediaOptions()
    linked: frozenset[int] = frozenset()
    keeps: RecordFilter = EVERYTHING
    filters: tuple[tuple[int, RecordFilter], ...] = ()
    people: int = 0

    @property
    def options(self) -> str:
        """A name for all that makes notes of the same messages differ, but for links into other chats."""
        options = options_of(self.layout, self.media, self.keeps, self.filters)
        return f"{options}-{self.people:x}" if self.people else options


def options_of(
    layout: Layout,
    media: MediaOptions,
    keeps: RecordFilter = EVERYTHING,
    filters: tuple[tuple[int, RecordFilter], ...] = (),
) -> str:
    """A name for this way of rendering notes; another zone of the machine's makes another one, other formats do not."""
    facts = (
        (FORMAT, PAGES),
        msgspec.structs.replace(layout, formats=(), pseudonymise=False),
        resolve_zone(layout.timezone)[0],
        media.looks,
        keeps,
        filters,
    )
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]


def options_of_vault(layout: Layout, media: MediaOptions) -> str:
    """A name for all that a vault as a whole is rendered with: that of its notes, and their formats behind a blank."""
    return f"{options_of(layout, media)} {','.join(sorted(set(layout.formats)))}"


def resolve_zone(name: str) -> tuple[str, datetime.tzinfo]:
    """The IANA name and rules of a time zone; '' is the machine's own (UTC when it names none that is known)."""
    try:
        name = name or _machine_zone()
        return name, ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # unknown names raise a KeyError, impossible ones the others
        return "UTC", datetime.UTC


def _machine_zone() -> str:
    """What TZ or the link /etc/localtime calls the machine's time zone."""
    named = os.environ.get("TZ", "").lstrip(":")
    if named:
        return named
    return os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or "UTC"


def chat_root(record: ChatRecord, successor: ChatRecord | None) -> str:
    """The folder of a chat relative to the vault. The old half of a migrated group lies within its `successor`'s."""
    return f"{successor.folder}/{names.BEFORE_MIGRATION}" if successor is not None else record.folder


def root_of(archive: Archive, record: ChatRecord) -> str:
    """The folder of an exported chat relative to the vault."""
    return chat_root(record, archive.chat(record.migrated_to) if record.migrated_to else None)


def topic_root(root: str, topic: int, folders: dict[int, str]) -> str:
    """The folder of a topic's notes relative to the vault; `folders` has the known topics' names by id."""
    return f"{root}/{folders.get(topic, f'Topic (t{topic})')}" if topic else root


class World:
    """A chat as its notes show it: the archive, the folders, the scene, and who is shown by a stand-in. Get it from
    `world_of`."""

    def __init__(self, archive: Archive, view: View, record: ChatRecord, masks: Masks | None = None) -> None:
        self.archive, self.view, self.record, self.masks = archive, view, record, masks
        self.vault = Path(view.vault)
        self.options = view.options
        self.forms = forms_of(view.layout)
        self.leading = Form(view.layout.leading.value)
        self.zone_name, self.zone = resolve_zone(view.layout.timezone)
        self.scene = ChatScene(
            archive, record, view.layout, view.media, self.zone, view.linked, view.filters, root_of, topic_root, masks
        )
        self._root = root_of(archive, record)
        self._topics = {known.topic.id: known.folder for known in archive.topics(record.id)}

    def folder(self, topic: int) -> str:
        """The folder of a topic's notes relative to the vault."""
        if topic and topic not in self._topics:
            self._topics = {known.topic.id: known.folder for known in self.archive.topics(self.record.id)}
        return topic_root(self._root, topic, self._topics)

    def files_of_day(self, day: int) -> list[tuple[str, Form]]:
        """The files that show a UTC day, counted from the epoch: their periods and forms."""
        return [
            (period, form)
            for form in self.forms
            for period in names.periods_of_day(day, split_of(form, self.view.layout.split), self.zone)
        ]

    def path(self, topic: int, period: str, form: Form) -> str:
        """The path of a file relative to the vault."""
        return path_of(form, self.folder(topic), period)

    def head(self, topic: int, period: str, form: Form) -> str:
        """What a file begins with: its front matter, or what says the same."""
        folder = self.folder(topic)
        topic_folder = posixpath.basename(folder) if topic in self._topics else ""
        return head_of(
            form,
            folder,
            self._root,
            chat=names.title_of(posixpath.basename(self.record.folder)),
            chat_id=self.masks.of_id(self.record.id) if self.masks is not None else self.record.id,
            kind=self.record.kind,
            topic=names.title_of(topic_folder) or f"Topic {topic}",
            topic_id=topic,
            period=period,
            zone=self.zone_name,
            shown=self.masks.shown(self.view.keeps) if self.masks is not None else self.view.keeps.words,
        )


class _Kept:
    """What this process keeps between two pieces of work."""

    archive: Archive | None = None
    file: tuple[Path, int] | None = None
    worlds: ClassVar[LRUCache[View, World]] = LRUCache(WORLDS)
    masks: tuple[int, Masks | None] | None = None  # for which people


def archive_of(vault: Path) -> Archive:
    """The archive of a vault, for reading. Another one that was open is closed. Raises TobsError."""
    path = archive_path(vault)
    file = (path, path.stat().st_ino if path.exists() else 0)  # the same path may be another archive by now
    if _Kept.archive is None or _Kept.file != file:
        leave()
        _Kept.archive, _Kept.file = Archive.open(path, read_only=True, cache_kib=CACHE_KIB), file
    return _Kept.archive


def leave() -> None:
    """Close what this process keeps open."""
    archive, _Kept.archive = _Kept.archive, None
    _Kept.worlds.clear()
    _Kept.masks = None
    if archive is not None:
        archive.close()


def world_of(view: View) -> World | None:
    """The world of a chat, None for one that is not in the archive. Raises TobsError."""
    archive = archive_of(Path(view.vault))
    record = archive.chat(view.chat)
    if record is None:
        return None
    world = _Kept.worlds.get(view)
    if world is None or world.record != record:
        world = _Kept.worlds[view] = World(archive, view, record, _masks(archive, view))
    return world


def _masks(archive: Archive, view: View) -> Masks | None:
    """The stand-ins for a view. Only the vault itself decides whether there are any."""
    if _Kept.masks is None or not view.people or _Kept.masks[0] != view.people:
        _Kept.masks = (view.people, masks_of(archive))
    return _Kept.masks[1]
