"""Finds in a text what tells who somebody is, and puts stand-ins there: names, @names, numbers, addresses, links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from tobs_tui.engine.pseudonyms.naming import label
from tobs_tui.engine.pseudonyms.people import WORD, Name, People

_EMAIL = re.compile(r"[^\W_][\w.+-]{0,63}@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(
    r"(?:https?://)?(?:(?:www\.)?(?:t\.me|telegram\.(?:me|dog))/|[A-Za-z0-9_]{4,32}\.t\.me)[^\s<>\"'()\[\]]*"
    r"|tg:/{0,2}[^\s<>\"'()\[\]]+",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?:@|(?<![\w@]))([A-Za-z][A-Za-z0-9_]{3,31})(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])\+?\d(?:[ ().\u00a0/-]{0,2}\d){4,19}(?!\w)")
_DIGITS = re.compile(r"\d+")
_SURE_OF_PHONE = 8
"""Digits behind a + that no other number than a telephone's has."""
_SURE_OF_ID = 5
"""Digits of an id that is no mere number."""
_GAP = re.compile(r"(?:[^\w\n]|_){0,3}")
_QUERY = re.compile(r"(?:^|[?&])(domain|phone|user_id|id)=([^&#]+)")

_ACTIONS = """
c s m joinchat addstickers addemoji addlist addtheme bg boost contact giftcode invoice iv login proxy setlanguage share
socks confirmphone nft call stickers
"""
_RESERVED = frozenset(_ACTIONS.split())
"""First parts of t.me addresses that are no @names (https://core.telegram.org/api/links)."""
_PERSONAL = frozenset({"m", "contact", "confirmphone", "login", "giftcode", "call"})
"""Those of them that one person has made or is for."""


class Swap(NamedTuple):
    """text[start:end] makes room for `put`; `pseudonym` is who is meant, 0 for nobody one can name."""

    start: int
    end: int
    put: str
    pseudonym: int = 0


class Words:
    """Puts stand-ins into texts without form."""

    def __init__(self, people: People) -> None:
        self.people = people
        self._naming = people.naming

    # --- whole values -------------------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """A text with stand-ins."""
        return put(text, self.swaps(text)) if text else text

    def name(self, name: str) -> str:
        """The stand-in for somebody's name, as it is shown; '' stays."""
        return self.label(self.people.named(name)) if name.strip() else name

    def url(self, url: str) -> str:
        """An address without people: '' for one that leads to somebody."""
        if self.person_of(url) is not None or url.strip().lower().startswith(("mailto:", "tel:", "sms:")):
            return ""
        plain = unquote(url, errors="strict") if "%" in url and _decodes(url) else url
        swaps = self.swaps(plain)
        if not swaps:
            return url
        told = put(plain, [swap._replace(put=swap.put.replace(" ", "-")) for swap in swaps])
        return quote(told, safe=":/?#[]@!$&'()*+,;=%-._~") if plain is not url else told

    def label(self, pseudonym: int) -> str:
        """What a stand-in is called."""
        return label(pseudonym, bot=pseudonym in self.people.bots)

    # --- who is meant -------------------------------------------------------------------------------------------------

    def handle(self, username: str) -> int:
        """Who an @name, without the @, belongs to; 0 for channels and groups. Nobody knows about others: they may be
        somebody's, and get a stand-in."""
        folded = username.casefold()
        if folded in self.people.public:
            return 0
        return self.people.usernames.get(folded) or self._naming.of_name(f"@{folded}")

    def phone(self, number: str) -> tuple[str, int]:
        """What stands for a phone number, and whose it is (0 = unknown)."""
        digits = re.sub(r"\D", "", number)
        owner = self.people.phones.get(digits, 0)
        return (self.label(owner) if owner else f"phone {self._naming.code('phone', digits)}"), owner

    def person_of(self, url: str) -> int | None:
        """The stand-in of whoever an address of Telegram's leads to; None for any that leads to nobody."""
        if _LINK.fullmatch(url.strip()) is None:
            return None
        address = re.sub(r"^(?:https?://)?(?:www\.)?", "", url.strip(), flags=re.IGNORECASE)
        if address[:3].lower() == "tg:":
            return self._of_query(address[3:].lstrip("/"))
        host, _, rest = address.partition("/")
        first, _, more = rest.partition("/")
        first, _, query = first.partition("?")
        first = first.partition("#")[0]
        if host.lower().endswith(".t.me"):
            first, more = host[: -len(".t.me")], rest
        if first.startswith("+"):
            return self.phone(first)[1] or self._naming.of_name(first) if first[1:].isdecimal() else None
        if first.lower() in _RESERVED:
            return self._naming.of_name(url) if first.lower() in _PERSONAL else self._of_query(query)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{3,31}", first):
            return None
        known = first.casefold() in self.people.usernames
        if re.match(r"\d+", more) and not known:  # a message: of a channel or group
            return None
        return self.handle(first) or None

    def _of_query(self, address: str) -> int | None:
        """Who the address of an app's action is about."""
        action, _, query = address.partition("?")
        for key, value in _QUERY.findall(query):
            if key == "domain":
                return None if re.search(r"(?:^|&)post=\d", query) else self.handle(value) or None
            if key == "phone":
                return self.phone(value)[1] or self._naming.of_name(value)
            if value.isdecimal() and (key == "user_id" or action.lower() == "user"):
                return self._naming.of_id(int(value))
        return self._naming.of_name(address) if action.lower() in _PERSONAL else None

    # --- parts of texts -----------------------------------------------------------------------------------------------

    def swaps(self, text: str) -> list[Swap]:
        """What is to be swapped in a text, in order and disjoint."""
        found: list[Swap] = []
        for swap in sorted(self._found(text), key=lambda swap: (swap.start, -swap.end)):
            last = found[-1] if found else None
            if last is not None and swap.start < last.end:
                if swap.end > last.end:  # they cross: nothing of either may stay
                    found[-1] = last._replace(end=swap.end)
                continue
            if last is not None and _is_one(last, swap, text):
                found[-1] = last._replace(end=swap.end)
                continue
            found.append(swap)
        return found

    def _found(self, text: str) -> Iterator[Swap]:
        if "@" in text:
            for match in _EMAIL.finditer(text):
                yield Swap(*match.span(), f"mail {self._naming.code('mail', match.group().casefold())}")
        if ":" in text or "." in text:
            for match in _LINK.finditer(text):
                person = self.person_of(match.group())
                if person is not None:
                    yield Swap(*match.span(), self.label(person), person)
        yield from self._handles(text)
        if _DIGITS.search(text):
            yield from self._numbers(text)
        yield from self._names(text)

    def _handles(self, text: str) -> Iterator[Swap]:
        usernames = self.people.usernames
        for match in _HANDLE.finditer(text):
            username = match[1]
            person = usernames.get(username.casefold(), 0)
            # Others stay: where Telegram has not seen a mention, "@media" is code. Without an @, "alice" may be a word.
            if person and (match.group()[0] == "@" or not username.isalpha()):
                between = " " if text[: match.start()][-1:].isalnum() else ""  # as in "/help@some_bot"
                yield Swap(*match.span(), between + self.label(person), person)

    def _numbers(self, text: str) -> Iterator[Swap]:
        for match in _NUMBER.finditer(text):
            digits = re.sub(r"\D", "", match.group())
            sure = match.group()[0] == "+" and len(digits) >= _SURE_OF_PHONE
            if sure or digits in self.people.phones:
                shown, owner = self.phone(digits)
                yield Swap(*match.span(), shown, owner)
        for match in _DIGITS.finditer(text):
            owner = self.people.ids.get(match.group(), 0)
            if owner and len(match.group()) >= _SURE_OF_ID:
                yield Swap(*match.span(), str(owner), owner)

    def _names(self, text: str) -> Iterator[Swap]:
        names = self.people.names
        words = [(match.group(), match.start(), match.end()) for match in WORD.finditer(text)] if names else []
        at = 0
        while at < len(words):
            candidates = names.get(words[at][0].casefold())
            name = next((one for one in candidates if _stands(one, words, at, text)), None) if candidates else None
            if name is not None:
                end = at + len(name.words)
                yield Swap(words[at][1], words[end - 1][2], self.label(name.pseudonym), name.pseudonym)
                at = end
            else:
                at += 1
        runs = self.people.runs
        if runs is not None and not text.isascii():
            for match in runs.pattern.finditer(text):
                person = runs.meant[match.group()]
                yield Swap(*match.span(), self.label(person), person)


def _stands(name: Name, words: Sequence[tuple[str, int, int]], at: int, text: str) -> bool:
    """Whether a name stands in a text from its word number `at` on."""
    if at + len(name.words) > len(words):
        return False
    before = -1
    for wanted, (word, start, end) in zip(name.words, words[at : at + len(name.words)], strict=True):
        if (word if name.exact else word.casefold()) != wanted:
            return False
        if before >= 0 and not _GAP.fullmatch(text, before, start):
            return False
        before = end
    return True


def _is_one(last: Swap, swap: Swap, text: str) -> bool:
    """Whether two parts next to each other name one person: first and last name."""
    same = swap.pseudonym and swap.pseudonym == last.pseudonym and swap.put == last.put
    return bool(same) and _GAP.fullmatch(text, last.end, swap.start) is not None


def _decodes(url: str) -> bool:
    try:
        unquote(url, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def put(text: str, swaps: Sequence[Swap]) -> str:
    """The text with everything swapped."""
    if not swaps:
        return text
    parts: list[str] = []
    at = 0
    for swap in swaps:
        parts += (text[at : swap.start], swap.put)
        at = swap.end
    return "".join([*parts, text[at:]])
