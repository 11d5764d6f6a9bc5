"""The index pages: one for the vault, one for each chat. They hold the counts, and are written anew at each run."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Iterable, Sequence

from msgspec import Struct

from tobs_tui.model.peers import PeerKind
from tobs_tui.model.text import FormattedText
from tobs_tui.render.escape import inline_name
from tobs_tui.render.frontmatter import FORMAT, yaml_block
from tobs_tui.render.layout import INDEX_NOTE, relative_address, title_of
from tobs_tui.render.links import destination
from tobs_tui.render.text import render_text


class NoteEntry(Struct, frozen=True):
    """A note of messages: path relative to the vault, and how many messages it holds."""

    path: str
    count: int


class TopicEntry(Struct, frozen=True):
    """A topic with its notes in order. `id` 0 and folder '' stand for messages outside topics."""

    id: int
    title: str
    folder: str  # relative to the vault
    notes: tuple[NoteEntry, ...]

    @property
    def count(self) -> int:
        """Messages in all of the topic's notes."""
        return sum(note.count for note in self.notes)


class ChatEntry(Struct, frozen=True, omit_defaults=True):
    """All that the index pages say of a chat. `root` is its folder relative to the vault; dates in seconds."""

    id: int
    title: str
    root: str
    kind: PeerKind
    topics: tuple[TopicEntry, ...]
    username: str = ""
    about: str = ""
    first_date: int = 0
    last_date: int = 0
    members: int = 0
    senders: tuple[tuple[str, int], ...] = ()  # names with their messages, most first
    old_half: str = ""  # root of the basic group that this chat grew out of
    shown: str = ""  # which of its messages a filter has chosen; '' = all of them
    partial: bool = False  # whether less than all of it was fetched
    part_of: int = 0  # the supergroup that this chat became, when that is in the vault too

    @property
    def count(self) -> int:
        """Messages in all of the chat's notes."""
        return sum(topic.count for topic in self.topics)


SENDERS_SHOWN = 200


def _link(label: str, path: str, folder: str) -> str:
    return f"[{label}]({destination(relative_address(path, folder))})"


def _day(date: int, zone: datetime.tzinfo) -> str:
    return datetime.datetime.fromtimestamp(date, zone).date().isoformat() if date else "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def render_root_index(chats: Sequence[ChatEntry], zone: datetime.tzinfo) -> str:
    """The vault's index.md: every chat with its counts, dates and link, by title."""
    rows = [
        (
            _link(inline_name(chat.title) or "untitled", f"{chat.root}/{INDEX_NOTE}", ""),
            chat.kind.value + (", before its migration" if chat.part_of else ""),
            f"{chat.count}{', a part' if chat.shown or chat.partial else ''}",
            _day(chat.first_date, zone),
            _day(chat.last_date, zone),
        )
        for chat in sorted(chats, key=lambda chat: (chat.title.casefold(), chat.id))
    ]
    head = yaml_block((("type", "index"), ("source", "telegram"), ("tags", ("telegram",)), ("format", FORMAT)))
    total = sum(chat.count for chat in chats)
    summary = f"{len(rows)} chats, {total} messages." if len(rows) != 1 else f"1 chat, {total} messages."
    table = _table(("Chat", "Kind", "Messages", "First", "Last"), rows)
    return f"{head}\n# Telegram\n\n{summary}\n\n{table}\n" if rows else f"{head}\n# Telegram\n\nNo chats yet.\n"


def render_chat_index(chat: ChatEntry, zone: datetime.tzinfo) -> str:
    """A chat's index.md: what it is, its topics and notes with counts, and who wrote in it."""
    head = yaml_block(
        (
            ("chat", title_of(posixpath.basename(chat.root))),
            ("chat_id", chat.id),
            ("type", chat.kind.value),
            ("source", "telegram"),
            ("tags", ("telegram",)),
            ("format", FORMAT),
        )
    )
    facts = [chat.kind.value, f"{chat.count} messages"]
    if chat.first_date:
        facts.append(f"{_day(chat.first_date, zone)} to {_day(chat.last_date, zone)}")
    if chat.members:
        facts.append(f"{chat.members} members")
    if chat.username:
        facts.append(f"[@{inline_name(chat.username)}](https://t.me/{destination(chat.username)})")
    blocks = [f"# {inline_name(chat.title) or 'untitled'}", " · ".join(facts), render_text(FormattedText(chat.about))]
    if chat.partial:
        blocks.append("Not all of this chat was exported.")
    if chat.shown:
        blocks.append(f"Filtered: {inline_name(chat.shown)}.")
    if chat.old_half:
        blocks.append(f"Earlier messages: {_link('before the migration', f'{chat.old_half}/{INDEX_NOTE}', chat.root)}")
    blocks += _contents(chat)
    if chat.senders:
        rows = [(inline_name(name), str(count)) for name, count in chat.senders[:SENDERS_SHOWN]]
        blocks += ["## Who wrote", _table(("Name", "Messages"), rows)]
        if len(chat.senders) > SENDERS_SHOWN:
            blocks.append(f"and {len(chat.senders) - SENDERS_SHOWN} more")
    return head + "\n" + "\n\n".join(block for block in blocks if block) + "\n"


def _contents(chat: ChatEntry) -> list[str]:
    blocks: list[str] = []
    if any(topic.id for topic in chat.topics):
        rows = [
            (inline_name(topic.title) or "untitled", str(topic.id or "–"), str(topic.count)) for topic in chat.topics
        ]
        blocks += ["## Topics", _table(("Topic", "Id", "Messages"), rows)]
    for topic in chat.topics:
        if not topic.notes:
            continue
        title = inline_name(topic.title) if topic.id else "Messages"
        notes = [
            (_link(posixpath.splitext(posixpath.basename(note.path))[0], note.path, chat.root), str(note.count))
            for note in topic.notes
        ]
        blocks += [f"## {title or 'untitled'}", _table(("Note", "Messages"), notes)]
    return blocks
