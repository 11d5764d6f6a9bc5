"""Text of others in HTML: always text, whatever it holds; and the addresses that a page may link to."""

from __future__ import annotations

import re
from functools import lru_cache

from tobs_tui.render.chars import clean, clean_line

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SCHEMES = frozenset({"http", "https", "ftp", "tg", "ton", "mailto", "tel", "sms", "xmpp", "magnet"})
"""What a link may begin with. Nothing that runs, and nothing that opens another file of this machine."""
_PASSED_OVER = re.compile(r"[\x00-\x20]+")  # browsers drop these from addresses, "java\nscript:" for one
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")


def escaped(text: str) -> str:
    """Cleaned text as the content of an element."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def attribute(text: str) -> str:
    """Any text as the value of an attribute, within double quotes."""
    return escaped(clean(text)).replace('"', "&quot;")


@lru_cache(maxsize=4096)
def on_a_line(words: str) -> str:
    """A name or title as text on one line, apart from the direction of the words around it."""
    shown = escaped(clean_line(words))
    return f"<bdi>{shown}</bdi>" if _RIGHT_TO_LEFT.search(shown) else shown


def reference(address: str) -> str:
    """An address as the value of an href; '' when a page must not link there.

    Addresses without a scheme are the vault's own, from one page to another file of it.
    """
    address = _PASSED_OVER.sub("", clean(address))
    scheme = _SCHEME.match(address)
    if scheme is None:
        return "" if address[:1] in ("/", "\\") else attribute(address)
    return attribute(address) if scheme.group(1).lower() in _SCHEMES else ""
