"""The demo's chats in a browser, from the file system: what is shown and found, and that nothing of theirs runs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from tests.browser import Browser, chromium_or_skip
from tests.html_links import dead_links, pages_of
from tests.integration.engine_help import account_at, address_of, profile_of
from tests.integration.html_hostile import HOSTILE, hostile_vault
from tobs_tui.model.profile import Format, Layout
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.server import SandboxServer

MUSEUM, MALLORY, ORBIT, ORBIT_CHAT = -1_001_680_000_001, 5_009_013, -1_001_650_000_001, -1_001_650_000_002
PAGES = Layout(timezone="UTC", formats=(Format.HTML,))
_RAN = "typeof window.ran"
_FOUND = "/found\\.$/.test(document.getElementById('state').textContent)"
_LENGTHS = """Promise.all([...document.querySelectorAll("audio, video.round")].map((one) => new Promise((done) => {
  one.onloadedmetadata = () => done(one.duration);
  one.onerror = () => done(one.src);
  one.preload = "metadata";
})))"""


def _address(path: Path) -> str:
    return f"file://{quote(str(path))}"


async def test_browsers_show_the_demo_chats_and_run_nothing_of_theirs(sandbox: SandboxServer, tmp_path: Path) -> None:
    program = chromium_or_skip()
    vault = tmp_path / "vault"
    async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
        state = await account.export(vault, profile_of([MUSEUM, MALLORY, ORBIT, ORBIT_CHAT], layout=PAGES))
    assert state.outcome is Outcome.COMPLETE
    assert dead_links(vault) == []
    museum = next(page for page in pages_of(vault) if "Museum" in str(page) and page.name != "index.html")
    with Browser(program, tmp_path / "browser") as browser:
        _look_at_the_museum(browser, museum)
        for page in (page for page in pages_of(vault) if "Mallory" in str(page)):
            browser.open(_address(page))
            assert (browser.ask(_RAN), browser.told) == ("undefined", [])
        _search(browser, vault)
        _look_at_hostile_messages(browser, tmp_path / "hostile")


def _look_at_the_museum(browser: Browser, page: Path) -> None:
    browser.open(_address(page))
    assert "Welcome to the museum! One of everything, nothing twice." in browser.ask("document.body.innerText")
    browser.ask("document.querySelectorAll('img').forEach(one => one.loading = 'eager')")
    browser.wait_for("[...document.images].every(one => one.complete)")
    assert browser.ask("document.images.length") > 10
    assert browser.ask("[...document.images].filter(one => !one.naturalWidth).map(one => one.src)") == []
    assert (
        browser.ask("getComputedStyle(document.querySelector('article')).borderRadius") != "0px"
    )  # the style is there
    seconds = browser.ask(_LENGTHS)
    assert seconds and all(isinstance(one, float | int) and one > 0 for one in seconds)
    assert browser.told == []


def _search(browser: Browser, vault: Path) -> None:
    browser.open(_address(vault / "search.html") + "#q=" + quote('"one of everything" -zebra'))
    browser.wait_for(_FOUND)
    assert browser.ask("document.getElementById('state').textContent") == "1 message found."
    assert browser.ask("document.querySelector('#found mark').textContent") == "One of everything"
    assert browser.ask("document.querySelectorAll('head script').length") == 0  # what was looked through is let go
    browser.ask("location.hash = 'q=MÜSEUM'")
    browser.wait_for(f"!document.getElementById('state').textContent.startsWith('1 ') && {_FOUND}")
    browser.open(browser.ask("document.querySelector('#found a').href"))
    assert browser.ask("document.querySelector('article:target').innerText.toLowerCase()").count("museum")
    assert browser.told == []


def _look_at_hostile_messages(browser: Browser, vault: Path) -> None:
    page = hostile_vault(vault)
    browser.open(_address(page))
    seen = browser.ask("[...document.querySelectorAll('article .text')].map(one => one.textContent)")
    assert [text for text in HOSTILE if text not in seen] == []
    assert (browser.ask(_RAN), browser.ask("document.scripts.length"), browser.told) == ("undefined", 0, [])
    hrefs = browser.ask("[...document.links].map(one => one.protocol)")
    assert set(hrefs) <= {"file:", "https:", "http:", "tel:", "tg:", "mailto:"} and dead_links(vault) == []
    browser.open(_address(vault / "search.html") + "#q=ran")
    browser.wait_for(_FOUND)
    assert browser.ask("document.querySelectorAll('#found li').length") == len(HOSTILE)
    assert (browser.ask(_RAN), browser.ask("document.images.length"), browser.told) == ("undefined", 0, [])
    # The policy holds even where the renderer would not: a script that stood on a page is refused.
    text = page.read_text("utf-8")
    page.write_text(f"{text}<script>window.ran = 1</script><img src=x onerror='window.ran = 2'>", "utf-8")
    browser.open(_address(page))
    assert browser.ask(_RAN) == "undefined"
    assert any("Content Security Policy" in told for told in browser.told)
