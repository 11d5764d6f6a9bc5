"""Searching a vault: brings the index up to date, finds messages, and says in which file and line each one stands."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.reading import FAR_FUTURE
from tobs_tui.archive.schema import archive_path
from tobs_tui.archive.search import Hit, Interrupted, MoreTexts, Query, SearchIndex
from tobs_tui.archive.search_fold import Term, folded, places
from tobs_tui.archive.search_words import parse_words
from tobs_tui.engine.pseudonyms.masks import Masks, masks_of
from tobs_tui.engine.search_shown import EXCERPT, Shown, Teller, excerpt_of
from tobs_tui.engine.targets import DateSpan, date_span
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import bare_id
from tobs_tui.model.profile import Filters

NEIGHBOURS = 4
"""Messages shown before and after one that is looked at."""


class Wanted(Struct, frozen=True):
    """What to look for. `chats` and `senders` are ids, @usernames or (parts of) names, none = any; dates in seconds.

    `unfinished`: somebody is still typing (see `parse_words`).
    """

    typed: str
    chats: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    since: int = 0
    until: int = 0
    unfinished: bool = False


class Found(Struct, frozen=True):
    """A message that was found: where it is from, what it says, and where it stands in the vault.

    `marks` are the (start, end) of found words in `excerpt`. `path` is relative to the vault ('' when no note shows the
    message, or it was not asked for) and `line` counts from 1 (0 when it cannot be told).
    """

    chat: int
    id: int
    date: int
    chat_title: str
    sender: str
    excerpt: str
    marks: tuple[tuple[int, int], ...]
    path: str = ""
    line: int = 0


class Findings(Struct, frozen=True):
    """The newest of `total` messages that match."""

    total: int
    found: tuple[Found, ...]


class Page(Struct, frozen=True):
    """Some of the messages that match, newest first; `last` is where the next page begins (None: this was the end)."""

    found: tuple[Found, ...]
    last: Hit | None


class Passage(Struct, frozen=True):
    """A message among its neighbours: `messages` in their order, `at` the place of the one looked at among them."""

    chat_title: str
    topic_title: str
    messages: tuple[Shown, ...]
    at: int
    path: str
    line: int


def search_vault(
    vault: Path,
    wanted: Wanted,
    *,
    limit: int = 50,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Look for messages, newest first. Blocks; the first search of a big vault takes a while, of which `on_progress`
    hears (messages indexed so far).

    Raises TobsError USAGE when nothing in the query can be looked for, CHAT_NOT_FOUND for a chat or sender that the
    vault does not hold, ARCHIVE_UNUSABLE, OUTPUT_NOT_WRITABLE or DISK_FULL.
    """
    search = VaultSearch(vault)
    search.check(wanted)
    search.update(on_progress)
    page = search.find(wanted, limit=limit, with_places=True)
    total = search.count(wanted) if page.last is not None else len(page.found)
    return Findings(total, tuple(replace(one, chat=search.shown_id(one.chat)) for one in page.found))


class VaultSearch:
    """One vault's search. Every call opens what it needs, so that nothing is held meanwhile; all of them block.

    `more` are texts beside the messages' own: what is said in their recordings. Calls raise TobsError as `search_vault`
    does, and `Interrupted` where another thread has called `interrupt`.
    """

    def __init__(self, vault: Path, more: Callable[[Archive], MoreTexts] = lambda archive: archive) -> None:
        self.vault = vault
        self._more = more
        self._asked: SearchIndex | None = None
        self._interrupted = False
        self._masks: tuple[int, Masks | None] | None = None  # for which people

    def interrupt(self) -> None:
        """Give this search up, for good."""
        self._interrupted = True
        if (asked := self._asked) is not None:
            asked.interrupt()

    def total(self) -> int:
        """How many messages the archive holds."""
        with self._archive() as archive:
            return sum(archive.count(record.id) for record in archive.chats())

    def indexed(self) -> int:
        """How many of them are in the index."""
        with self._index() as index:
            return index.indexed()

    def update(self, on_progress: Callable[[int], None] = lambda _: None) -> int:
        """Bring the index up to date; gives how many messages that took."""

        def tell(done: int) -> None:
            if self._interrupted:
                raise Interrupted
            on_progress(done)

        self._masks = None
        with self._archive() as archive, self._index() as index:
            return index.update(archive, tell, self._more(archive))

    def check(self, wanted: Wanted) -> None:
        """See that a query can be answered, before an index is made for it."""
        with self._archive() as archive:
            _query(archive, wanted, self._masks_of(archive))

    def find(self, wanted: Wanted, *, limit: int = 50, after: Hit | None = None, with_places: bool = False) -> Page:
        """Messages that match, newest first, behind `after`; `with_places` reads the notes that show them."""
        with self._archive() as archive:
            masks = self._masks_of(archive)
            query = _query(archive, wanted, masks)
            with self._index() as index:
                hits = index.find(query, limit, after)
            teller = Teller(self.vault, archive, self._more(archive), masks)
            found = [self._found(teller, hit, query.words.terms) for hit in hits]
            if with_places:
                spots = teller.places(hits)
                found = [replace(one, path=spot.path, line=spot.line) for one, spot in zip(found, spots, strict=True)]
        return Page(tuple(found), hits[-1] if len(hits) == limit else None)

    def count(self, wanted: Wanted) -> int:
        """How many messages match."""
        with self._archive() as archive:
            query = _query(archive, wanted, self._masks_of(archive))
        with self._index() as index:
            return index.count(query)

    def passage(self, chat: int, ident: int, wanted: Wanted | None = None, around: int = NEIGHBOURS) -> Passage:
        """A message with its neighbours in the same topic, and its place; what `wanted` looks for is marked.

        Raises TobsError ARCHIVE_UNUSABLE when the archive no longer holds the message.
        """
        with self._archive() as archive:
            terms = parse_words(wanted.typed, unfinished=wanted.unfinished).terms if wanted is not None else ()
            message = archive.message(chat, ident)
            if message is None:
                raise TobsError(ErrorCode.ARCHIVE_UNUSABLE, "The archive no longer holds this message.")
            topic = message.topic
            above = list(islice(archive.messages_backward(chat, topic, 0, FAR_FUTURE, upto=ident - 1), around))
            below = list(islice(_following(archive, chat, topic, ident), around))
            teller = Teller(self.vault, archive, self._more(archive), self._masks_of(archive))
            (spot,) = teller.places([Hit(chat, ident, message.date, message.sender, topic)])
            shown = tuple(teller.shown(chat, one, terms) for one in (*reversed(above), message, *below))
            titles = (teller.chat_title(chat), teller.topic_title(chat, topic))
            return Passage(*titles, shown, len(above), spot.path, spot.line)

    def shown_id(self, chat: int) -> int:
        """The id that the vault tells for a chat."""
        masks = self._masks[1] if self._masks is not None else None
        return masks.of_id(chat) if masks is not None else chat

    def _masks_of(self, archive: Archive) -> Masks | None:
        """The vault's stand-ins for people, found anew when the index is updated or notes have others: there may be
        many."""
        mark = archive.people_mark()
        if self._masks is None or self._masks[0] != mark:
            self._masks = (mark, masks_of(archive))
        return self._masks[1]

    def _found(self, teller: Teller, hit: Hit, terms: Sequence[Term]) -> Found:
        text = " ".join(teller.words(hit.chat, hit.id).split())
        excerpt, marks = excerpt_of(text, places(text, terms), EXCERPT)
        title = teller.chat_title(hit.chat)
        return Found(hit.chat, hit.id, hit.date, title, teller.name(hit.sender), excerpt, marks)

    @contextmanager
    def _archive(self) -> Iterator[Archive]:
        with Archive.open(archive_path(self.vault), read_only=True) as archive:
            yield archive

    @contextmanager
    def _index(self) -> Iterator[SearchIndex]:
        """The index, for something that `interrupt` ends."""
        with SearchIndex.open(self.vault) as index:
            self._asked = index
            try:
                if self._interrupted:
                    raise Interrupted
                yield index
            finally:
                self._asked = None


def _following(archive: Archive, chat: int, topic: int, ident: int) -> Iterator[Message]:
    for chunk in archive.message_chunks(chat, topic, after=ident):
        yield from chunk


def days_between(since: str, until: str) -> DateSpan:
    """The moments between two days as a person types them, both included; '' = open, on this machine's clock.

    Raises TobsError USAGE that names the field, "since" or "until".
    """
    days = Filters(since=_day(since, "since"), until=_day(until, "until"))
    if days.since and days.until and days.since > days.until:
        raise TobsError(ErrorCode.USAGE, f"{until} is before {since}.", "Give the earlier day first.", field="until")
    return date_span(days, "")


def _day(text: str, field: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise TobsError(ErrorCode.USAGE, f"{text} is no day.", "Write it as 2024-05-31.", field=field) from error


def _query(archive: Archive, wanted: Wanted, masks: Masks | None) -> Query:
    words = parse_words(wanted.typed, unfinished=wanted.unfinished)
    if not words.expression:
        raise TobsError(
            ErrorCode.USAGE,
            "There is no word to look for.",
            "Give a word, a part of one with * at its end, or a phrase.",
            field="words",
        )
    chats, senders = chats_named(archive, wanted.chats, masks), _senders(archive, wanted.senders, masks)
    return Query(words, chats, senders, wanted.since, wanted.until)


def chats_named(archive: Archive, wanted: Sequence[str], masks: Masks | None = None) -> tuple[int, ...]:
    """The chats of a vault that a person means: by a part of the title, @username or id, or by what `masks` make of
    these. Raises TobsError CHAT_NOT_FOUND."""
    records = archive.chats()
    chosen: list[int] = []
    for name in wanted:
        found = [record.id for record in records if _names(name, record.id, record.title, record.username, masks)]
        if not found:
            raise TobsError(
                ErrorCode.CHAT_NOT_FOUND,
                f"The vault holds no chat named {name}.",
                "Give a part of its title, its @username or its id.",
                field="chat",
            )
        chosen += found
    return tuple(dict.fromkeys(chosen))


def _senders(archive: Archive, wanted: Sequence[str], masks: Masks | None) -> tuple[int, ...]:
    chosen: dict[str, list[int]] = {name: [] for name in wanted}
    for peer in archive.every_peer() if wanted else ():
        for name in wanted:
            if _names(name, peer.id, peer.title, peer.username, masks):
                chosen[name].append(peer.id)
    for name, found in chosen.items():
        if not found:
            raise TobsError(
                ErrorCode.CHAT_NOT_FOUND,
                f"Nobody in the vault is named {name}.",
                "Give a part of the name, the @username or the id.",
                field="sender",
            )
    return tuple(dict.fromkeys(ident for found in chosen.values() for ident in found))


def _names(typed: str, ident: int, title: str, username: str, masks: Masks | None) -> bool:
    """Whether what was typed means this peer, under its own name or as the vault has it."""
    if masks is not None and masks.of_id(ident) != ident:
        shown = masks.of_id(ident)
        if typed == str(shown) or (typed and folded(typed) in folded(masks.name(ident, ""))):
            return True
    if typed.startswith("@"):
        return username.casefold() == typed[1:].casefold()
    if typed.removeprefix("-").isdecimal() and int(typed) in (ident, bare_id(ident)):
        return True
    return bool(typed) and folded(typed) in folded(title)
