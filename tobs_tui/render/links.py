"""Link destinations: how they are written, and where a message is found on the web."""

from __future__ import annotations

import re

from tobs_tui.model.peers import bare_id, is_channel_id, is_pseudonym
from tobs_tui.render.chars import clean

_ENCODED = re.compile(r"[\\<>`\s|\[\]]")
_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]+;)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SIMPLE = re.compile(r"[A-Za-z0-9/.:#?=_-]+")
# Parsers refuse these and would show the whole construct as text; a reader should not run them either.
_REFUSED = re.compile(r"\s*(?:javascript|vbscript|file|data):", re.IGNORECASE)
_KNOWN = r"(?:https?|ftp|tg|ton|mailto):"
# What CommonMark takes between angle brackets for a link to itself, less what parsers treat differently.
_AUTOLINK = re.compile(_KNOWN + r"[^\s<>\\`\"{}|^\[\]]+", re.IGNORECASE)
_IN_BRACKETS = re.compile(_KNOWN + r"[^\s<>`{}|^\[\]]+", re.IGNORECASE)
_WITH_SCHEME = re.compile(_KNOWN, re.IGNORECASE)

ADDRESS_START = re.compile(r"(?:(?:https?|ftp)(?=:)|www(?=\.))([:.])", re.IGNORECASE)
"""Where parsers that link bare addresses may see one; the group is a sign without which it would be none."""


def is_address(text: str) -> bool:
    """Whether the text is an address from end to end wherever it stands alone."""
    return _AUTOLINK.fullmatch(text) is not None


def fits_brackets(text: str) -> bool:
    """Whether the text can stand between angle brackets as a link to itself."""
    return _IN_BRACKETS.fullmatch(text) is not None


def has_scheme(text: str) -> bool:
    """Whether the text begins as the addresses do that people are led to."""
    return _WITH_SCHEME.match(text) is not None


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


def web_address(url: str) -> str:
    """A sender's URL made safe to link to, with a scheme; '' when it must not or cannot be linked to."""
    url = clean(url).strip()
    if not url or _REFUSED.match(url):
        return ""
    if not _SCHEME.match(url):
        url = "http://" + url.lstrip("/")
    return _ENCODED.sub(_percent, url)


def destination(address: str) -> str:
    """An address, of the web or relative, as a Markdown link destination."""
    if _SIMPLE.fullmatch(address):
        return address
    # Not \&, which cmark takes for a backslash and an entity (https://github.com/github/cmark-gfm, cmark_clean_url).
    address = _ENTITY.sub("&amp;", _ENCODED.sub(_percent, address))
    return f"<{address}>" if "(" in address or ")" in address else address


def map_address(latitude: float, longitude: float) -> str:
    """Where a map shows a place, given in degrees."""
    return f"https://www.openstreetmap.org/?mlat={latitude:.6f}&mlon={longitude:.6f}"


def telegram_link(chat: int, message_id: int, username: str = "", topic: int = 0) -> str:
    """The t.me link of a message (https://core.telegram.org/api/links#message-links); '' where none can exist:
    private chats and basic groups have no links."""
    if not is_channel_id(chat):
        return ""
    where = username or f"c/{bare_id(chat)}"
    between = f"{topic}/" if topic else ""
    return f"https://t.me/{where}/{between}{message_id}"


def story_link(username: str, story: int) -> str:
    """The t.me link of a story; '' for peers without a @name."""
    return f"https://t.me/{username}/s/{story}" if username else ""


def peer_link(peer: int, username: str = "") -> str:
    """A link to a peer: t.me by name, tg:// by id for users, '' otherwise: nothing leads to a pseudonym."""
    if username:
        return f"https://t.me/{username}"
    return f"tg://user?id={peer}" if peer > 0 and not is_pseudonym(peer) else ""
