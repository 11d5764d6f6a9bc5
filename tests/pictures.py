"""Pictures of a demo vault's pages for the README: ``python -m tests.pictures VAULT`` (a demo vault with HTML)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from tests.browser import Browser, chromium_or_skip

SNAPSHOTS = Path(__file__).resolve().parents[1] / "snapshots"
WIDTH, CHAT_HEIGHT, SEARCH_HEIGHT = 760, 880, 640
CHAT, ANCHOR = "Weekend Hike*/2025-04.html", "#d2025-04-28"
SEARCHED = "bike"


def main(vault: Path) -> None:
    """Take them."""
    with tempfile.TemporaryDirectory() as folder, Browser(chromium_or_skip(), Path(folder) / "own") as browser:
        page = next(vault.resolve().glob(CHAT))
        browser.open(f"file://{quote(str(page))}{ANCHOR}")
        browser.picture(SNAPSHOTS / "html-chat.png", WIDTH, CHAT_HEIGHT)
        browser.open(f"file://{quote(str(vault.resolve()))}/search.html#q={SEARCHED}")
        browser.wait_for("/found\\.$/.test(document.getElementById('state').textContent)")
        browser.picture(SNAPSHOTS / "html-search.png", WIDTH, SEARCH_HEIGHT, dark=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
