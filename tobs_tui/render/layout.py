"""Where everything lies in a vault: folders, notes, media, as relative POSIX paths that every file system takes."""

from __future__ import annotations

import datetime
import posixpath
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from tobs_tui.model.media import File, FileKind
from tobs_tui.model.peers import Peer, PeerKind, Topic, id_label
from tobs_tui.model.profile import Format, MediaNames, Split
from tobs_tui.render.chars import clean_line

NAME_BYTES = 100
"""Longest name in UTF-8 bytes: a path of several such names stays below the limits of all systems."""

MEDIA_FOLDER = "media"
EMOJI_FOLDER = "emoji"
BEFORE_MIGRATION = "before-migration"
INDEX_NOTE = "index.md"
INDEX_PAGE = "index.html"
SEARCH_FOLDER = "search"
SINGLE_NOTE = "messages"

# What some system refuses, a link would have to encode, turns the writing, or Unicode calls no character at all.
_FORBIDDEN = re.compile(
    r'[<>:"/\\|?*#^\[\]%\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\u2028\u2029\ufdd0-\ufdef'
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
)
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])(?=$|[.\s])", re.IGNORECASE)
_ENCODED = re.compile(r"[\s%<>\\`\"|^{}\[\]#?]")
_PLAIN_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,8})\Z")
_NOTE_EXTENSIONS = frozenset({"md", "markdown", "mdown", "mkd", "mdx", "canvas", "base"})
PAGE_EXTENSIONS = frozenset({"html", "htm", "xhtml", "xht", "shtml", "mht", "mhtml"})
"""What the names of pages end in."""
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/heic": "heic",
    "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm", "video/x-matroska": "mkv",
    "audio/ogg": "ogg", "audio/opus": "opus", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/x-m4a": "m4a",
    "audio/flac": "flac", "audio/x-flac": "flac", "audio/wav": "wav", "audio/x-wav": "wav", "audio/aac": "aac",
    "application/pdf": "pdf", "application/zip": "zip", "application/x-tgsticker": "tgs", "application/json": "json",
    "application/x-tgwallpattern": "tgv", "text/plain": "txt", "text/csv": "csv", "text/html": "html",
    "application/gzip": "gz", "application/x-7z-compressed": "7z", "application/epub+zip": "epub",
}  # fmt: skip


def graphemes(text: str) -> Iterator[str]:
    """The text in pieces between which it can be cut: a simplified UAX #29 (marks, joiners, flags, Hangul, emoji
    modifiers stay with what they modify)."""
    piece = ""
    for char in text:
        if piece and not _belongs(piece, char):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


def _belongs(piece: str, char: str) -> bool:
    last = piece[-1]
    if unicodedata.category(char)[0] == "M" or char in "\u200c\u200d" or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if last == "\u200d" or "\U000e0020" <= char <= "\U000e007f":
        return True
    if "\U0001f1e6" <= char <= "\U0001f1ff" and "\U0001f1e6" <= last <= "\U0001f1ff":
        return len(piece) == 1
    # Conjoining jamo: NFC has joined modern syllables already, old ones stay apart.
    return "\u1100" <= last <= "\u11ff" and "\u1160" <= char <= "\u11ff"


def cut(text: str, limit: int) -> str:
    """As much of the text as fits into `limit` UTF-8 bytes, cut between graphemes."""
    if len(text.encode()) <= limit:
        return text
    kept, size = [], 0
    for piece in graphemes(text):
        size += len(piece.encode())
        if size > limit:
            break
        kept.append(piece)
    return "".join(kept)


def safe_name(title: str, suffix: str = "") -> str:
    """The title as a file name on every system, with `suffix` (plain ASCII) whole at its end, at most NAME_BYTES long.

    '' becomes "untitled". Names that Windows reserves get an underscore in front.
    """
    name = unicodedata.normalize("NFC", _FORBIDDEN.sub("_", clean_line(title)))
    if _RESERVED.match(name):
        name = "_" + name
    name = cut(name, NAME_BYTES - len(suffix)).rstrip(" .").lstrip()
    if name.startswith("."):  # hidden on POSIX systems, and in Obsidian
        name = "_" + name[1:]
    return (name or "untitled") + suffix


def chat_folder(peer: Peer) -> str:
    """The folder of a chat: its title and id, so that equal titles in any spelling stay apart."""
    title = "Saved Messages" if peer.kind is PeerKind.SAVED or peer.is_self else peer.title
    return safe_name(title, f" ({id_label(peer.id)})")


def topic_folder(topic: Topic) -> str:
    """The folder of a forum topic, below its chat's."""
    return safe_name(topic.title, f" (t{topic.id})")


def title_of(folder: str) -> str:
    """The title that a chat's or topic's folder was frozen with."""
    return folder.rpartition(" (")[0] or folder


def period(date: int, split: Split, zone: datetime.tzinfo) -> str:
    """What a message's note is called by: 2024-05 (month), 2024-05-14 (day), 2024 (year), '' (single)."""
    if split == Split.SINGLE:
        return ""
    day = datetime.datetime.fromtimestamp(date, zone).date().isoformat()
    return day[:4] if split == Split.YEAR else day[:7] if split == Split.MONTH else day


def period_bounds(name: str, zone: datetime.tzinfo) -> tuple[int, int]:
    """First second of a period, and first second behind it; (0, a far future) for ''."""
    if not name:
        return 0, 1 << 40
    start = datetime.date.fromisoformat(name + "-01-01"[len(name) - 4 :])
    year, month = start.year, start.month
    if len(name) == 4:
        after = datetime.date(year + 1, 1, 1)
    elif len(name) == 7:
        after = datetime.date(year + month // 12, month % 12 + 1, 1)
    else:
        after = start + datetime.timedelta(days=1)
    return _midnight(start, zone), _midnight(after, zone)


def _midnight(day: datetime.date, zone: datetime.tzinfo) -> int:
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def periods_of_day(day: int, split: Split, zone: datetime.tzinfo) -> list[str]:
    """The periods that a UTC day, counted from the epoch, lies in: one or two."""
    first, last = period(day * 86_400, split, zone), period(day * 86_400 + 86_399, split, zone)
    return [first] if first == last else [first, last]


def note_name(date: int, split: Split, zone: datetime.tzinfo) -> str:
    """The file name of the note that holds a message of that date (seconds since the epoch)."""
    return period_note(period(date, split, zone))


def period_note(name: str, form: Format = Format.MARKDOWN) -> str:
    """The file name of a period's note in a format."""
    return f"{name or SINGLE_NOTE}.{form.ending}"


def index_note(form: Format) -> str:
    """The file name of index pages in a format."""
    return INDEX_PAGE if form is Format.HTML else INDEX_NOTE


def extension(file: File) -> str:
    """A harmless file name extension without dot: the type's own, else the sender's when it is plain, else bin.

    Another program's Markdown must not become a note of this vault, nor its HTML a page that runs what it likes on a
    click: such files end in .txt.
    """
    if file.kind is FileKind.PHOTO:
        return "jpg"
    found = _PLAIN_EXTENSION.search(file.name)
    plain = found.group(1).lower() if found else ""
    ending = plain or _EXTENSIONS.get(file.mime.lower().partition(";")[0].strip(), "bin")
    return f"{ending}.txt" if ending in _NOTE_EXTENSIONS | PAGE_EXTENSIONS else ending


def media_name(message_id: int, index: int, file: File, naming: MediaNames = MediaNames.ID) -> str:
    """The name of a message's file: m1204.jpg, and m1204-2.mp4 for the second (`index` counts from 0); or, where the
    sender's own is wanted and there is one, thesis (m1204).pdf, which no other message's file can have."""
    own = f"m{message_id}-{index + 1}" if index else f"m{message_id}"
    ending = extension(file)
    called = ""
    if naming is MediaNames.ORIGINAL and file.kind is not FileKind.PHOTO:
        called = clean_line(_PLAIN_EXTENSION.sub("", file.name)).strip(" .")
    return safe_name(called, f" ({own}).{ending}") if called else f"{own}.{ending}"


def media_path(
    message_id: int,
    index: int,
    file: File,
    date: int,
    split: Split,
    zone: datetime.tzinfo,
    naming: MediaNames = MediaNames.ID,
) -> str:
    """Where a message's file lies, relative to the folder of the note that shows it: media/2024-05/m1204.jpg."""
    return posixpath.join(MEDIA_FOLDER, period(date, split, zone), media_name(message_id, index, file, naming))


def variant_path(path: str, ending: str) -> str:
    """Where what a file was transcoded to lies, beside it: m1204.mp4 and "av1.mp4" make m1204.av1.mp4."""
    stem = posixpath.splitext(path)[0]
    found = f"{stem}.{ending}"
    return found if found != path else f"{stem}.small.{ending}"


def replaced_path(path: str, ending: str) -> str:
    """Where what a file was transcoded to lies in its place: m1204.mov and "av1.mp4" make m1204.mp4."""
    return f"{posixpath.splitext(path)[0]}.{ending.rpartition('.')[2]}"


def emoji_path(file: File) -> str:
    """Where a custom emoji lies, relative to the folder of the notes: one file for all messages that show it."""
    return posixpath.join(MEDIA_FOLDER, EMOJI_FOLDER, f"{file.id}.{extension(file)}")


def relative_address(path: str, folder: str) -> str:
    """The link from a note in `folder` to `path`, both relative to the vault, with blanks and the like encoded."""
    return _ENCODED.sub(lambda match: quote(match.group(), safe=""), posixpath.relpath(path, folder or "."))
