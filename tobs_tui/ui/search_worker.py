"""Searching in threads: each question can be given up, and tells its screen what it finds by messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from tobs_tui.model.errors import TobsError
from tobs_tui.ui.search_model import PAGE, Form

if TYPE_CHECKING:
    from tobs_tui.archive.search import Hit
    from tobs_tui.engine.search import Page, Passage, VaultSearch, Wanted

Post = Callable[[Message], object]
TELL_EVERY_S = 0.25
"""How often the screen hears of an index that grows."""


@dataclass
class Answered(Message):
    """A page was found."""

    asking: Asking
    page: Page


@dataclass
class Counted(Message):
    """It is known how many messages match."""

    asking: Asking
    total: int


@dataclass
class Refused(Message):
    """The question cannot be answered."""

    asking: Asking | Looking
    error: TobsError


@dataclass
class Looked(Message):
    """A message was read, with its neighbours and its place."""

    looking: Looking
    passage: Passage


@dataclass
class Indexing(Message):
    """The index is brought up to date: so many messages of so many are in it."""

    vault: str
    done: int
    total: int


@dataclass
class Indexed(Message):
    """The index is up to date: `new` messages were added; or it cannot be, because of `error`."""

    vault: str
    new: int
    error: TobsError | None = None


def wanted_of(form: Form, *, unfinished: bool) -> Wanted:
    """A form as a query. Raises `TobsError` that names the field at fault."""
    from tobs_tui.engine.search import Wanted, days_between

    days = days_between(form.since, form.until)
    chats, senders = (tuple(filter(None, [name.strip()])) for name in (form.chat, form.sender))
    return Wanted(form.words, chats, senders, days.since, days.until, unfinished)


class _Question:
    """The base: a vault, a form, and a way to give up."""

    def __init__(self, post: Post, vault: str, form: Form) -> None:
        self.vault, self.form = vault, form
        self._post = post
        self._search: VaultSearch | None = None
        self.given_up = False

    def give_up(self) -> None:
        """From any thread: nobody waits for the answer any more."""
        self.given_up = True
        if (search := self._search) is not None:
            search.interrupt()

    def tell(self, message: Message) -> None:
        """Post, unless nobody waits."""
        if not self.given_up:
            self._post(message)

    def open(self) -> VaultSearch:
        """The search. Imports what it needs: the screens start without."""
        from tobs_tui.engine.search import VaultSearch

        self._search = VaultSearch(Path(self.vault))
        if self.given_up:
            self._search.interrupt()
        return self._search


class Asking(_Question):
    """Asks for a page of messages behind `after`, of `limit`; for the first page, also how many there are."""

    def __init__(self, post: Post, vault: str, form: Form, *, after: Hit | None = None, limit: int = PAGE) -> None:
        super().__init__(post, vault, form)
        self.after, self._limit = after, limit

    def run(self) -> None:
        """Ask, in a thread of its own."""
        from tobs_tui.archive.search import Interrupted

        try:
            wanted = wanted_of(self.form, unfinished=True)
            search = self.open()
            page = search.find(wanted, limit=self._limit, after=self.after)
            self.tell(Answered(self, page))
            if self.after is None and page.last is not None:
                self.tell(Counted(self, search.count(wanted)))
        except Interrupted:
            return  # somebody types on: the next question is on its way
        except TobsError as error:
            self.tell(Refused(self, error))


class Looking(_Question):
    """Asks for one message, its neighbours (`around` on each side) and its place."""

    def __init__(self, post: Post, vault: str, form: Form, message: tuple[int, int], around: int) -> None:
        super().__init__(post, vault, form)
        self.message, self._around = message, around

    def run(self) -> None:
        """Ask, in a thread of its own."""
        try:
            wanted = wanted_of(self.form, unfinished=True)
            self.tell(Looked(self, self.open().passage(*self.message, wanted, self._around)))
        except TobsError as error:
            self.tell(Refused(self, error))


class Keeping:
    """Brings the index of a vault up to date whenever `run` is called and its archive has changed."""

    def __init__(self, post: Post, vault: str) -> None:
        self.vault = vault
        self._post = post
        self._seen: object = None
        self._search: VaultSearch | None = None
        self._given_up = False

    def give_up(self) -> None:
        """From any thread: stop now; what is indexed by then stays."""
        self._given_up = True
        if (search := self._search) is not None:
            search.interrupt()

    def run(self) -> None:
        """Bring it up to date, in a thread of its own."""
        from tobs_tui.archive.search import Interrupted
        from tobs_tui.engine.search import VaultSearch

        seen = self._state()
        if self._given_up or (self._seen is not None and self._seen == seen):
            return
        self._seen, self._search = seen, VaultSearch(Path(self.vault))
        try:
            self._post(Indexed(self.vault, self._update(self._search)))
        except Interrupted:
            return  # nobody waits for it any more
        except TobsError as error:
            self._post(Indexed(self.vault, 0, error))

    def _update(self, search: VaultSearch) -> int:
        total, before = search.total(), search.indexed()
        self._post(Indexing(self.vault, before, total))
        told = time.monotonic()

        def tell(done: int) -> None:
            nonlocal told
            if time.monotonic() - told >= TELL_EVERY_S:
                told = time.monotonic()
                self._post(Indexing(self.vault, min(total, before + done), total))

        return search.update(tell)

    def _state(self) -> object:
        """What changes whenever the archive does."""
        from tobs_tui.archive.schema import archive_path

        found: list[tuple[int, int]] = []
        path = archive_path(Path(self.vault))
        for part in (path, path.with_name(f"{path.name}-wal")):
            try:
                stat = part.stat()
            except OSError:  # an archive that nobody writes to has no WAL
                continue
            found.append((stat.st_mtime_ns, stat.st_size))
        return tuple(found)
