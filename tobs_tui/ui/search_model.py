"""What the search screen knows: the vaults, what is asked, and what was found so far. No widget, no thread."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tobs_tui.config.profiles import list_profiles, read_profile
from tobs_tui.model.display import count
from tobs_tui.model.errors import TobsError

if TYPE_CHECKING:
    from tobs_tui.archive.search import Hit
    from tobs_tui.config.paths import Paths
    from tobs_tui.engine.search import Found, Page
    from tobs_tui.model.run import RunRecord
    from tobs_tui.ui.app import Resolve

PAGE = 100
"""Messages that are asked for at once."""
MOST = 5_000
"""Messages that are kept for scrolling; who wants older ones narrows the search."""
FIELDS = {"chat": "Chat", "sender": "From", "since": "Since", "until": "Until"}
"""The filters by the names of their fields, in their order on the screen."""


@dataclass(frozen=True)
class Form:
    """What is typed: the words, and a filter in each of the other fields ('' = any)."""

    words: str = ""
    chat: str = ""
    sender: str = ""
    since: str = ""
    until: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether a filter is set."""
        return bool(self.chat or self.sender or self.since or self.until)


@dataclass
class SearchModel:
    """The state of a search. `total` is -1 while it is not known; `reading` and `of` are how much of the archive is in
    the index while that is brought up to date (-1: it is)."""

    vaults: tuple[str, ...] = ()
    vault: str = ""
    form: Form = field(default_factory=Form)
    found: list[Found] = field(default_factory=list)
    last: Hit | None = None
    total: int = 0
    asking: bool = False
    looked_for_vaults: bool = False
    problem: TobsError | None = None
    reading: int = -1
    of: int = 0

    def clear(self) -> None:
        """Nothing is asked."""
        self.found, self.last, self.total, self.asking, self.problem = [], None, 0, False, None

    def begin(self, page: Page) -> None:
        """The first page of an answer."""
        self.found, self.last, self.asking, self.problem = list(page.found), page.last, False, None
        self.total = len(page.found) if page.last is None else -1

    def add(self, page: Page) -> None:
        """A further page; what came into the vault meanwhile may have moved messages, so none is taken twice."""
        known = {(one.chat, one.id) for one in self.found}
        self.found += [one for one in page.found if (one.chat, one.id) not in known]
        self.last = page.last

    @property
    def more(self) -> bool:
        """Whether there is a further page to ask for."""
        return self.last is not None and len(self.found) < MOST

    def place_of(self, message: tuple[int, int] | None) -> int:
        """The row of a message given as (chat, id); 0 when it is not among those found."""
        rows = (row for row, one in enumerate(self.found) if (one.chat, one.id) == message)
        return next(rows, 0)

    def summary(self) -> str:
        """How many there are: "41 192", or "the newest 5 000 of 41 192" where not all can be scrolled to."""
        if self.total < 0:
            return f"{count(len(self.found))} or more"
        if len(self.found) >= MOST and self.total > len(self.found):
            return f"the newest {count(len(self.found))} of {count(self.total)}"
        return count(self.total)

    def emptiness(self) -> str:
        """Why the list is empty."""
        if not self.vault:
            return _NO_VAULT if self.looked_for_vaults else "Looking for vaults."
        if self.problem is not None and not self.problem.field:
            return _from_home(str(self.problem))
        if not self.form.words.strip():
            return _NO_WORDS
        if self.problem is not None:
            return str(self.problem) if self.problem.field == "words" else "A filter above has to be put right first."
        if self.asking:
            return "Looking."
        reading = " The archive is still being read." if self.reading >= 0 else ""
        more = " Fewer words find more, and so does wor* for whatever begins with it."
        if self.form.narrowed:
            more = " Only a part of the vault is looked at: x clears the filters."
        return f"Nothing found.{reading}{more}"

    def progress(self) -> str:
        """How far the index is, while it is brought up to date."""
        if self.reading < 0 or self.of <= 0:
            return ""
        return f"Reading the archive: {count(self.reading)} of {count(self.of)} messages. Those can be found already."


_NO_VAULT = "Nothing is exported yet. What an export brings can be searched here, also while it runs. Esc goes back."
_NO_WORDS = (
    "Type what you look for: words, a “phrase in quotes”, begin* for a beginning, -word for what must not be there."
    " Case and accents make no difference."
)


def _from_home(text: str) -> str:
    """`text` with the folders in it as people write them: ~ for their home."""
    with contextlib.suppress(RuntimeError):  # there is no home
        home = f"{Path.home()}/"
        return text.replace(home, "~/") if len(home) > 2 else text
    return text


def known_vaults(first: Sequence[str], paths: Paths, effective: Resolve, runs: Iterable[RunRecord]) -> tuple[str, ...]:
    """The folders with an archive: `first`, then those of profiles, of the last runs, and the default one. Does I/O."""
    from tobs_tui.archive.schema import archive_path

    folders = [*first, *_outputs(paths, effective), *(run.output for run in runs)]
    found: dict[Path, str] = {}
    for folder in folders:
        place = Path(folder).absolute()
        if folder and place not in found and archive_path(place).is_file():
            found[place] = str(place)
    return tuple(found.values())


def _outputs(paths: Paths, effective: Resolve) -> list[str]:
    """The output folders of the profiles, and the default one. A profile with a mistake has none."""
    outputs: list[str] = []
    for info in list_profiles(paths):
        try:
            file = read_profile(info.name, paths)
            outputs.append(effective(file.profile, file.given).profile.output)
        except TobsError:
            continue
    try:
        outputs.append(effective(None).profile.output)
    except TobsError:
        return outputs
    return outputs
