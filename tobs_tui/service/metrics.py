"""The figures of the newest run in Prometheus' format, over HTTP, to this machine alone.

Labels are words of this program and of Telegram's protocol: no chat, person, file or profile is named. Whoever has an
account on this machine can read the figures, as with any server on loopback.
"""

from __future__ import annotations

import asyncio
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.service.metric_families import Reading

if TYPE_CHECKING:
    from prometheus_client.core import Metric

HOST = "127.0.0.1"
_NAMES = frozenset({HOST, "localhost"})
_PATHS = ("/", "/metrics")
AT_ONCE = 8
"""Connections that are served at once; more are cut."""
STALLED_S = 10.0
"""How long a connection may take to send its request or to read the answer."""
_ANSWER_S = 10.0

Respond = Callable[[str, list[tuple[str, str]]], Any]


class _Handler(WSGIRequestHandler):
    """Serves a connection without a word on standard error."""

    timeout = int(STALLED_S)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a scrape every few seconds is no news."""


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        self._room = threading.BoundedSemaphore(AT_ONCE)
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """As a TCP server does: the HTTP server would ask the name service for its own name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, while there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who hangs up in the middle of an answer is no news."""


class MetricsDesk:
    """Serves the figures that `reading` gives, which is called in the event loop that `serve` was called in."""

    def __init__(self, reading: Callable[[], Reading]) -> None:
        self._reading = reading
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def port(self) -> int:
        """The port; 0 while nothing is served."""
        return self._server.server_port if self._server is not None else 0

    async def serve(self, port: int) -> None:
        """Serve at this port of 127.0.0.1 from now on, and at no other one. Raises `TobsError` PORT_UNAVAILABLE."""
        if port == self.port:
            return
        self._loop = asyncio.get_running_loop()
        try:
            server = await asyncio.to_thread(_Server, port)
        except OSError as error:
            raise TobsError(
                ErrorCode.PORT_UNAVAILABLE,
                f"The metrics cannot be served at {HOST}:{port}: {error.strerror or error}.",
                "Take another port with --metrics, or as metrics_port in the profile.",
                field="metrics_port",
            ) from error
        server.set_app(self._app())
        await self.close()
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Serve nothing any more."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None and thread is not None:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            await asyncio.to_thread(thread.join)

    def _app(self) -> Callable[[Mapping[str, Any], Respond], Iterable[bytes]]:
        from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        ProcessCollector(registry=registry)
        metrics = make_wsgi_app(registry)

        def app(environ: Mapping[str, Any], respond: Respond) -> Iterable[bytes]:
            if refused := _refusal(environ):
                respond(refused, [("Content-Type", "text/plain; charset=utf-8")])
                return [f"{refused}\n".encode()]
            answer: Iterable[bytes] = metrics(dict(environ), respond)
            return answer

        return app

    def describe(self) -> Iterable[Metric]:
        """Nothing before it is asked for: figures come and go with runs."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The families of figures, for Prometheus' library; called in a thread."""
        from tobs_tui.service.metric_families import families

        loop = self._loop
        assert loop is not None

        async def take() -> Reading:
            return self._reading()

        return families(asyncio.run_coroutine_threadsafe(take(), loop).result(_ANSWER_S))


def _refusal(environ: Mapping[str, Any]) -> str:
    """The status of a request that gets no figures, '' for one that does.

    A page in a browser could have its own name lead to this machine, and read along; it then asks for that name.
    """
    host = str(environ.get("HTTP_HOST", ""))
    name, _, port = host.partition(":")
    if name.lower() not in _NAMES or not (port == "" or (port.isascii() and port.isdecimal())):
        return "403 Forbidden"
    if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
        return "405 Method Not Allowed"
    return "" if environ.get("PATH_INFO", "/") in _PATHS else "404 Not Found"
