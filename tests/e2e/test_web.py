"""`tobs web`: the demo's screens in a real browser, who is let in, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import psutil
import pytest

from tests.browser import Browser, chromium_or_skip

TOBS = [sys.executable, "-m", "tobs_tui"]
# The page keeps xterm.js's terminal to itself; this hands out what it writes into its own field of that name.
_SHOW_TERMINAL = """Object.defineProperty(Object.prototype, "terminal", {configurable: true, set(made) {
  window.term = made;
  Object.defineProperty(this, "terminal", {value: made, writable: true, configurable: true, enumerable: true});
}})"""
_TEXT = "[...Array(term.rows).keys()].map(row => term.buffer.active.getLine(row).translateToString(true)).join('\\n')"


class Served:
    """A running `tobs web` and the address that it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.address = process.stdout.readline().split()[-1]
        parts = urlsplit(self.address)
        self.base = f"http://127.0.0.1:{parts.port}"
        self.token = parse_qs(parts.query)["token"][0]

    def screens(self) -> list[psutil.Process]:
        """The processes of its tabs."""
        return psutil.Process(self.process.pid).children()


@contextmanager
def served(*arguments: str) -> Iterator[Served]:
    command = [*TOBS, "web", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process)
        finally:
            if process.poll() is None:
                process.kill()


def wait(true: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + 60
    while not true():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


def test_the_screens_in_a_browser(home: Path, tmp_path: Path) -> None:
    program = chromium_or_skip()
    with served() as web:
        with Browser(program, tmp_path / "browser") as browser:
            browser.prepare(_SHOW_TERMINAL)
            browser.open(web.address)
            browser.led_on()
            browser.wait_for(f"window.term && {_TEXT}.includes('Explore the demo')")
            assert web.token not in browser.ask("location.href + document.cookie")
            loaded = browser.ask("performance.getEntriesByType('resource').map(one => one.name)")
            assert loaded and all(name.startswith((web.base, "data:")) for name in loaded)
            browser.wait_for("document.activeElement.className == 'xterm-helper-textarea'")
            browser.type("d")  # the application begins anew in its process
            browser.wait_for(f"/demo  /.test({_TEXT}.split('\\n')[0]) && {_TEXT}.includes('Sign in to Telegram')")
            browser.type("?")
            browser.wait_for(f"{_TEXT}.includes('Keys: Home')")
            (screen,) = web.screens()
            assert all(
                web.token not in word
                for process in (screen, psutil.Process(web.process.pid))
                for word in process.cmdline()
            )
            assert web.token not in json.dumps(screen.environ())
            refused = [told for told in browser.told if "Refused" in told or "exception" in told.lower()]
            assert refused == []
        wait(lambda: not web.screens(), "the screen of a closed tab ends")
        taken = subprocess.run(
            [*TOBS, "web", "--port", web.base.rpartition(":")[2]], capture_output=True, text=True, check=False
        )
        assert (taken.returncode, taken.stdout) == (2, "")
        assert "--port 0 finds a free one" in taken.stderr
        web.process.send_signal(signal.SIGTERM)
        _, errors = web.process.communicate(timeout=30)
        assert (web.process.returncode, errors) == (0, "")
    logs = [path for path in home.rglob("*") if path.is_file()]
    assert logs and all(web.token.encode() not in path.read_bytes() for path in logs)


async def test_nobody_else_is_let_in_and_nothing_outlives_the_server(home: Path) -> None:
    with served("--demo", "--host", "0.0.0.0") as web:
        jar = aiohttp.CookieJar(unsafe=True)  # keeps cookies of addresses that are numbers
        async with aiohttp.ClientSession() as stranger, aiohttp.ClientSession(cookie_jar=jar) as owner:
            for path in ("/", "/ws", "/static/js/textual.js", "/?token=", "/?token=%ff", "/?token=é", "/ws?token=x"):
                headers = {"Origin": web.base}
                async with stranger.get(web.base + path, headers=headers) as answer:
                    assert answer.status == 403, path
            async with owner.get(f"{web.base}/?token={web.token}") as answer:
                cookie = answer.headers["Set-Cookie"]
                assert (answer.status, "HttpOnly" in cookie, "SameSite=Strict" in cookie) == (200, True, True)
            async with owner.get(web.base) as answer:
                assert (answer.status, "terminal" in await answer.text()) == (200, True)
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            for headers in (
                {"Host": f"evil.example:{urlsplit(web.base).port}"},
                {"Origin": "http://evil.example"},
                {"Origin": "http://127.0.0.1:1"},
                {"Origin": "null"},
            ):
                async with owner.get(web.base, headers=headers) as answer:
                    assert answer.status == 403, headers
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await owner.ws_connect(f"{web.base}/ws", headers={"Origin": web.base, **headers})
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await owner.ws_connect(f"{web.base}/ws")  # without any Origin, as no browser does
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await stranger.ws_connect(f"{web.base}/ws", headers={"Origin": web.base})
            assert web.screens() == []

            async with owner.ws_connect(f"{web.base}/ws?width=80", headers={"Origin": web.base}) as socket:
                await socket.send_str("{}")  # not what the page sends
                while (await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
                    pass
            wait(lambda: not web.screens(), "the screen of a refused tab ends")
            socket = await owner.ws_connect(f"{web.base}/ws?width=80&height=24", headers={"Origin": web.base})
            assert b"\x1b[?1049h" in (await socket.receive_bytes())
            (screen,) = web.screens()
            web.process.kill()  # it cannot tell its screens any more
            screen.wait(30)
        assert web.process.stderr is not None
        assert "no encryption (TLS)" in web.process.stderr.read()


def test_without_the_extra_it_is_said_how_to_get_it(home: Path) -> None:
    script = "import sys; sys.modules['textual_serve'] = None; from tobs_tui.cli import main; sys.exit(main(['web']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 2
    assert "tobs-tui[web]" in done.stderr
