"""The page that looks through a vault without a server: the only one with a script, which is the program's own."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from tobs_tui.render.html.page import page_head
from tobs_tui.render.layout import INDEX_PAGE

_BODY = """<form id="ask">
<input id="words" type="search" placeholder="words, &quot;a phrase&quot;, -without" aria-label="Words" autofocus>
<select id="chat" aria-label="Chat"><option value="">All chats</option></select>
<button>Search</button>
</form>
<p id="state" class="label" role="status">Type a word. Nothing leaves this machine.</p>
<noscript><p class="label">This page needs JavaScript to look through the vault; the others do without.</p></noscript>
<ol id="found"></ol>
<button id="more" hidden>Older ones</button>
"""


def search_page() -> str:
    """search.html. Its policy lets the script in it run, and what that one loads: the data beside it."""
    script = resources.files(__package__).joinpath("search.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    head = page_head(
        "Search", "", [("Telegram", INDEX_PAGE)], script=f"'sha256-{digest}' 'strict-dynamic'", kind="search"
    )
    return f"{head}{_BODY}<script>{script}</script>\n"
