"""Which stand-in somebody has: an id and a name made with the vault's secret key, so that nobody without it can tell.

HMAC-SHA256 (RFC 2104) gives the same for the same person whenever and wherever it is asked, and needs no table.
"""

from __future__ import annotations

import hashlib
import hmac

from tobs_tui.model.peers import PSEUDONYM_MARK, is_pseudonym

_SIGNS = "23456789bcdfghjkmnpqrstvwxyz"
"""Of names: no vowels, so that they spell nothing; no signs that look alike."""
_NAME_SIGNS = 8  # 28^8 names: two of 20,000 people share one in about one of 2,000 vaults; their ids differ even then

PUBLIC_USERS = frozenset({777000, 42777, 1087968824, 136817688, 1271266957})
"""Telegram's own accounts, which are nobody: service messages, and those that stand for groups, channels, replies."""


class Naming:
    """Makes stand-ins with one vault's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[int, int] = {}  # by real id
        self._real: dict[int, int] = {}

    def of_id(self, peer: int) -> int:
        """The stand-in for the marked id of a user; all other ids stay, and stand-ins themselves do."""
        if peer <= 0 or peer in PUBLIC_USERS or is_pseudonym(peer):
            return peer
        found = self._known.get(peer)
        if found is None:
            found = self._known[peer] = self._number(f"id:{peer}")
            self._real[found] = peer
        return found

    def real(self, peer: int) -> int:
        """Whose stand-in an id is, if this object has made it of an id; 0 for other stand-ins. Other ids stay."""
        return self._real.get(peer, 0) if is_pseudonym(peer) else peer

    def of_name(self, name: str) -> int:
        """The stand-in for somebody of whom only a name is known."""
        return self._number(f"name:{' '.join(name.casefold().split())}")

    def code(self, what: str, value: str) -> str:
        """A short stand-in for something else that tells who somebody is, such as a phone number."""
        return _in_signs(self._number(f"{what}:{value}"))

    def _number(self, value: str) -> int:
        digest = hmac.digest(self._key, value.encode("utf-8", "replace"), hashlib.sha256)
        return PSEUDONYM_MARK | (int.from_bytes(digest[:8]) & (PSEUDONYM_MARK - 1))


def label(pseudonym: int, *, bot: bool = False) -> str:
    """What a stand-in is called: "Person k7m2q9xw"."""
    return f"{'Bot' if bot else 'Person'} {_in_signs(pseudonym)}"


def _in_signs(number: int) -> str:
    signs = []
    number &= PSEUDONYM_MARK - 1
    for _ in range(_NAME_SIGNS):
        number, rest = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[rest])
    return "".join(signs)
