"""What every page begins with: what it may load, its title and style, and the way up.

A page is a head and then blocks: HTML lets the end tags of body and html be left out, so that a page can grow by having
blocks appended (https://html.spec.whatwg.org/multipage/syntax.html#optional-tags).
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from tobs_tui.model.peers import PeerKind
from tobs_tui.render.html.escape import attribute, on_a_line
from tobs_tui.render.html.ink import HTML
from tobs_tui.render.layout import INDEX_PAGE, relative_address

PAGES = 1
"""Version of the pages' form; another one has them written anew."""
STYLE_SHEET = "tobs.css"
SEARCH_PAGE = "search.html"
_POLICY = (
    "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'self' file:; base-uri 'none'; "
    "form-action 'none'"
)
"""No script, no frame, nothing from the network. From the file system, 'self' means different things to browsers."""
PART = " · "


def style_sheet() -> str:
    """The style sheet of all pages of a vault."""
    return resources.files(__package__).joinpath(STYLE_SHEET).read_text(encoding="utf-8")


def page_head(
    title: str, folder: str, crumbs: Iterable[tuple[str, str]] = (), *, script: str = "", kind: str = "page"
) -> str:
    """The head of a page in `folder` of the vault; `title` is plain text, `crumbs` are the (name, path) of what lies
    above it, `script` says in the words of a Content-Security-Policy which scripts may run, `kind` is for the style."""
    policy = f"{_POLICY}; script-src {script}" if script else _POLICY
    above = [HTML.link(on_a_line(name), relative_address(path, folder)) for name, path in crumbs]
    here = f"<b>{on_a_line(title.rpartition(PART)[2])}</b>"
    search = HTML.link("Search", relative_address(SEARCH_PAGE, folder)) if kind != "search" else ""
    return (
        '<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="generator" content="tobs">\n'
        f"<title>{attribute(title)}</title>\n"
        f'<link rel="stylesheet" href="{relative_address(STYLE_SHEET, folder)}">\n</head>\n'
        f'<body class="{kind}">\n<nav>{" › ".join([*above, here])} {search}</nav>\n'
    )


def note_head(
    *,
    chat: str,
    chat_id: int,
    kind: PeerKind,
    topic: str = "",
    topic_id: int = 0,
    period: str = "",
    zone: str = "UTC",
    shown: str = "",
    folder: str = "",
    root: str = "",
) -> str:
    """The head of a note of messages: only facts that never change, as in a note's front matter. `folder` is where the
    note lies and `root` where its chat does, relative to the vault."""
    parts = [chat, *([topic] if topic_id else []), period or "messages"]
    crumbs = [("Telegram", INDEX_PAGE), *((name, f"{root}/{INDEX_PAGE}") for name in parts[:-1])]
    facts = [kind.value, f"times in {on_a_line(zone)}", *([f"filtered: {on_a_line(shown)}"] if shown else [])]
    return page_head(PART.join(parts), folder, crumbs) + f'<p class="label facts">{PART.join(facts)}</p>\n'
