"""What a button does when it is pressed: from TL button types, of messages' keyboards and of rich messages alike."""

from __future__ import annotations

from typing import Any, NamedTuple


class Deed(NamedTuple):
    """What a button does: the address that it opens ("" = none), and in words what that does not tell."""

    url: str = ""
    words: str = ""


def deed_of(kind: Any) -> Deed:
    """What a button of this TL `InlineButtonType` or `ButtonType` does. Kinds that say nothing by their name give an
    empty deed; unknown ones their name."""
    name = type(kind).__name__.removeprefix("Inline").removeprefix("ButtonType")
    if name in ("Url", "UrlAuth"):
        return Deed(kind.url)
    if name in ("WebView", "SimpleWebView"):
        return Deed(kind.url, "web app")
    if name == "UserProfile":
        return Deed(f"tg://user?id={kind.user_id}")
    if name == "Copy":
        return Deed("", f"copies “{kind.copy_text}”")
    if name == "SwitchInline":
        where = "here" if kind.same_peer else "in a chat"
        return Deed("", f"asks the bot {where}: “{kind.query}”" if kind.query else f"asks the bot {where}")
    return Deed("", _WORDS.get(name, f"{type(kind).__name__}"))


_WORDS = {
    "Callback": "",
    "Default": "",
    "Buy": "pays",
    "Disabled": "cannot be pressed",
    "Game": "starts the game",
    "RequestGeoLocation": "shares the location",
    "RequestPeer": "shares a chat",
    "RequestPhone": "shares the phone number",
    "RequestPoll": "makes a poll",
}
"""By constructor name without ``InlineButtonType`` and ``ButtonType``."""
