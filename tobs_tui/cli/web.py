"""`tobs web`: the screens in a browser, served to whoever has the token, from this machine and without any other."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from importlib import resources
from urllib.parse import urlsplit

from tobs_tui.cli.export import check_targets, warn
from tobs_tui.cli.options import Options, Setting
from tobs_tui.model.errors import ErrorCode, TobsError

try:
    from aiohttp import web
    from aiohttp.typedefs import Middleware
    from textual_serve.server import Server, to_int

    from tobs_tui.cli.web_screen import TabScreen
except ImportError as error:
    raise TobsError(
        ErrorCode.USAGE,
        f"tobs web needs the package textual-serve, which is not installed ({error.name} is missing).",
        "Install tobs with it: uv tool install 'tobs-tui[web]', or pip install 'tobs-tui[web]'.",
    ) from error

_PAGE = resources.files("tobs_tui.cli").joinpath("web.html").read_text("utf-8")
_FOCUS = """addEventListener("load", () => {
  const screen = document.getElementById("terminal");
  const connected = new MutationObserver(() => {
    if (!screen.classList.contains("-connected")) return;
    connected.disconnect();
    screen.querySelector(".xterm-helper-textarea").focus();
  });
  connected.observe(screen, {attributes: true});
});
"""
"""Keys go to the screen without a click first."""
_NO_ENTRY = "This needs the address with the token that tobs web printed when it started.\n"
_WRONG_PLACE = "This request comes from another page, or was led here under a foreign name.\n"
_ENTER = '<!DOCTYPE html><meta charset="utf-8"><title>tobs</title><meta http-equiv="refresh" content="0; url=/">'
_HEADERS = {
    # xterm.js writes style elements; scripts come from files alone, and nothing from another machine.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_CLEAN_UP_S = 8.0
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Doorkeeper:
    """Lets in who has the token, and only under a name of this machine and from its own pages.

    A browser sends this server's cookie along with whatever any page asks for: a page elsewhere could open the
    websocket (hence the Origin), or point its own name at this machine and read along (hence the Host).
    """

    def __init__(self, host: str) -> None:
        self.token = secrets.token_urlsafe(32)
        self.cookie = "tobs"
        """The cookie's name; with the port in it, since cookies know no ports."""
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}

    def fits(self, given: str) -> bool:
        """Whether that is the token; takes the same time whatever is given."""
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())

    def knows_place(self, request: web.Request) -> bool:
        """Whether a request was sent to this machine by name or number, and by no foreign page."""
        try:
            name = (urlsplit(f"//{request.headers.get('Host', '')}").hostname or "").lower()
            origin = request.headers.get("Origin")
            same = origin is None or urlsplit(origin).netloc.lower() == request.headers["Host"].lower()
        except (ValueError, KeyError):
            return False
        if request.path == "/ws" and origin is None:  # no browser leaves it out there
            return False
        return same and (name in self._names or _is_address(name))

    @property
    def middleware(self) -> Middleware:
        """As aiohttp takes it."""

        @web.middleware
        async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
            if not self.knows_place(request):
                return web.Response(status=403, text=_WRONG_PLACE)
            if self.fits(request.cookies.get(self.cookie, "")) and "token" not in request.query:
                return await handler(request)
            if request.path == "/" and self.fits(request.query.get("token", "")):
                # A page that leads on, not a redirect: after a link from elsewhere that would come without the cookie.
                entered = web.Response(text=_ENTER, content_type="text/html")
                entered.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict", path="/")
                return entered
            return web.Response(status=403, text=_NO_ENTRY)

        return guard


class ScreenServer(Server):
    """Textual's web server with a door, with its own page (Textual's loads a font from afar), and an end for each
    screen."""

    def __init__(self, arguments: tuple[str, ...], door: Doorkeeper) -> None:
        super().__init__("tobs", title="tobs")
        self._arguments = arguments
        self._door = door
        self._open: dict[web.WebSocketResponse, TabScreen] = {}

    async def make_app(self) -> web.Application:
        """The application that is served."""
        app = await self._make_app()
        app.router.add_get("/focus.js", _focus)
        app.middlewares.append(self._door.middleware)
        app.on_response_prepare.append(_add_headers)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Nothing: `serve` says what there is to say."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Close every tab's connection, which ends its screen."""
        await asyncio.gather(*(websocket.close() for websocket in list(self._open)), return_exceptions=True)

    def kill_all(self) -> None:
        """End every screen now."""
        for screen in self._open.values():
            screen.kill()

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page."""
        return web.Response(text=_PAGE, content_type="text/html")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A tab: start its screen, carry keys and sizes to it, and end it with the tab."""
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=1 << 20)
        await websocket.prepare(request)
        screen = TabScreen(
            self._arguments,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,
            download_manager=self.download_manager,
        )
        self._open[websocket] = screen
        try:
            await screen.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            await self._process_messages(websocket, screen)
        except (AssertionError, AttributeError, LookupError, TypeError, ValueError):
            await websocket.close(code=1003)  # not what the page sends
        finally:
            await asyncio.shield(screen.stop())
            self._open.pop(websocket, None)
        return websocket


async def _focus(request: web.Request) -> web.Response:
    return web.Response(text=_FOCUS, content_type="text/javascript")


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _is_address(name: str) -> bool:
    """Whether it is a number, which cannot be made to lead elsewhere."""
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback)


def serve(options: Options, host: str, port: int) -> int:
    """Serve the screens until interrupted. Gives the exit status. Raises `TobsError` USAGE when the place is taken."""
    setting = Setting(options)
    chosen = setting.effective()
    if options.profile:
        check_targets(options, chosen.profile)
    warn(chosen.warnings)

    from tobs_tui.monitor.logs import configure_logging

    setting.paths.ensure()
    configure_logging(setting.paths.log_dir, chosen.settings.log_level.upper(), name="client")
    asyncio.run(_serve(ScreenServer(_arguments(options), door := Doorkeeper(host)), door, host, port))
    return 0


def _arguments(options: Options) -> tuple[str, ...]:
    """What each screen is started with."""
    given = ["--demo"] if options.demo else []
    given += ["--server", str(options.server.resolve())] if options.server is not None else []
    given += ["--low-bandwidth"] if options.low_bandwidth else []
    given += ["--no-mouse"] if options.no_mouse else []
    return (*given, options.profile) if options.profile else tuple(given)


async def _serve(server: ScreenServer, door: Doorkeeper, host: str, port: int) -> None:
    runner = web.AppRunner(await server.make_app(), access_log=None, shutdown_timeout=_CLEAN_UP_S)
    await runner.setup()
    ended = asyncio.Event()

    def end() -> None:
        if ended.is_set():
            server.kill_all()
        ended.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise TobsError(
                ErrorCode.USAGE,
                f"The screens cannot be served at {host}:{port}: {error.strerror or error}.",
                "Take another place with --port or --host; --port 0 finds a free one.",
            ) from error
        at = runner.addresses[0][1]
        door.cookie = f"tobs-{at}"
        _tell_address(host, at, door.token)
        await ended.wait()
    finally:
        await runner.cleanup()
        server.kill_all()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _tell_address(host: str, port: int, token: str) -> None:
    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else host
    shown = f"[{name}]" if ":" in name else name
    if not _is_loopback(host):
        warn(
            (
                f"{host} can be reached over the network, and there is no encryption (TLS): whoever listens there can "
                f"read along and act as you. Safer: leave out --host, and ssh -L {port}:127.0.0.1:{port} to here.",
            )
        )
    sys.stdout.write(f"tobs in a browser: http://{shown}:{port}/?token={token}\n")
    sys.stdout.write("Keep that address to yourself. Ctrl+C ends the screens; a run goes on in the background.\n")
    sys.stdout.flush()
