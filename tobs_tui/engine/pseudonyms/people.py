"""Who the people of a vault are: all that somebody can be told by in a text, with the stand-in to put there.

Full names are found in any case; their parts as they are written, as whole words, and in scripts without spaces as
runs of characters. A part that several people share gets a stand-in of its own, since nobody can tell who is meant.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tobs_tui.engine.pseudonyms.naming import PUBLIC_USERS, Naming
from tobs_tui.model.peers import Peer, PeerKind

# Letters and digits with the marks that combine with them, which Python's \w leaves out.
WORD = re.compile(
    r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0730-\u074a"
    r"\u07a6-\u07b0\u08d3-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u102b-\u103e"
    r"\u1712-\u1734\u17b4-\u17d3\u200c\u200d])*"
)
_RUN_TOGETHER = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
)
"""Thai, Lao, Burmese, Khmer, Kana, Han and Hangul: nothing separates a name from the words around it."""
_PART_LENGTH = 3
_PARTICLES = """
the and for you not but all new one two mrs miss mister doctor prof von van der den del dos das los las bin ibn abu abd
team support admin admins owner channel group chat bot news official info user account deleted telegram person
"""
_NO_PARTS = frozenset(_PARTICLES.split())
"""Words that stand in names and name nobody."""


class Name(NamedTuple):
    """A name as it is looked for: its words, folded, or (`exact`) as they are written; and who is meant."""

    words: tuple[str, ...]
    exact: bool
    pseudonym: int


class People:
    """The people of one vault. Unless said otherwise, ids are stand-ins."""

    def __init__(self, peers: Iterable[Peer], naming: Naming) -> None:
        self.naming = naming
        self.usernames: dict[str, int] = {}  # folded
        self.public: set[str] = set()  # @names of channels and groups
        self.phones: dict[str, int] = {}  # digits only
        self.ids: dict[str, int] = {}  # real ones
        self.bots: set[int] = set()
        self._by_name: dict[str, set[int]] = {}
        digest = hashlib.sha256()
        whole: dict[tuple[str, ...], set[int]] = {}
        parts: dict[str, set[int]] = {}
        for peer in peers:
            if peer.id in PUBLIC_USERS:
                continue
            digest.update(
                repr((peer.id, peer.kind.value, peer.title, peer.username, peer.phone)).encode("utf-8", "replace")
            )
            self._add(peer, whole, parts)
        self.mark = int.from_bytes(digest.digest()[:6]) | 1
        self.names: dict[str, list[Name]] = {}  # by the first word, folded; the longest first
        for name in self._names(whole, parts):
            self.names.setdefault(name.words[0].casefold(), []).append(name)
        for names in self.names.values():
            names.sort(key=lambda name: (-len(name.words), name))
        self.runs = _pattern(self._runs(whole, parts))

    def named(self, name: str) -> int:
        """The stand-in for somebody of whom only the name is known: that of whoever is called so, if just one is."""
        found = self._by_name.get(_folded(name), set())
        return next(iter(found)) if len(found) == 1 else self.naming.of_name(name)

    def _add(self, peer: Peer, whole: dict[tuple[str, ...], set[int]], parts: dict[str, set[int]]) -> None:
        username = peer.username.casefold()
        if peer.id <= 0:
            if username:
                self.public.add(username)
            return
        pseudonym = self.naming.of_id(peer.id)
        self.ids[str(peer.id)] = pseudonym
        if username:
            self.usernames[username] = pseudonym
        if digits := re.sub(r"\D", "", peer.phone):
            self.phones[digits] = pseudonym
        if peer.kind is PeerKind.BOT:
            self.bots.add(pseudonym)
            return
        if peer.title.strip() and not peer.deleted:
            self._by_name.setdefault(_folded(peer.title), set()).add(pseudonym)
        words = WORD.findall(peer.title)
        if len(words) > 1:
            whole.setdefault(tuple(word.casefold() for word in words), set()).add(pseudonym)
        for word in words:
            parts.setdefault(word, set()).add(pseudonym)

    def _names(self, whole: dict[tuple[str, ...], set[int]], parts: dict[str, set[int]]) -> Iterator[Name]:
        for words, meant in whole.items():
            yield Name(words, False, self._one_of(" ".join(words), meant))
        for word, meant in parts.items():
            if _names_somebody(word):
                yield Name((word,), True, self._one_of(word, meant))

    def _runs(self, whole: dict[tuple[str, ...], set[int]], parts: dict[str, set[int]]) -> dict[str, int]:
        """Names that may stand anywhere within a run of characters."""
        found: dict[str, int] = {}
        for word, meant in parts.items():
            if len(word) > 1 and _RUN_TOGETHER.fullmatch(word):
                found[word] = self._one_of(word, meant)
        for words, meant in whole.items():
            if all(map(_RUN_TOGETHER.fullmatch, words)):
                found["".join(words)] = found["".join(reversed(words))] = self._one_of(" ".join(words), meant)
        return found

    def _one_of(self, name: str, meant: set[int]) -> int:
        return next(iter(meant)) if len(meant) == 1 else self.naming.of_name(name)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _names_somebody(word: str) -> bool:
    """Whether a word of a name can be taken for it wherever it stands: not "van" or "The", and no number."""
    if len(word) < _PART_LENGTH or word.casefold() in _NO_PARTS or word.isdecimal():
        return False
    return word[0] != word[0].lower() or word[0].lower() == word[0].upper()


class Runs(NamedTuple):
    """What is looked for within runs of characters, and who is meant."""

    pattern: re.Pattern[str]
    meant: dict[str, int]


def _pattern(runs: dict[str, int]) -> Runs | None:
    if not runs:
        return None
    longest_first = sorted(runs, key=lambda run: (-len(run), run))
    return Runs(re.compile("|".join(map(re.escape, longest_first))), runs)
