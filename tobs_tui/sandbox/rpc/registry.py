"""The table of request handlers, and what a handler is told about the call it answers.

A handler takes ``(call, request)`` and returns the answer: a TL object, a ``bool``, a list of TL objects (sent as a TL
vector), ``bytes`` that already are the serialised answer, or a `PreparedAnswer` that goes out untouched. It raises
`RpcError` to answer with an ``rpc_error``. It may be a coroutine function.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tobs_tui.sandbox.accounts import AuthKeyState
    from tobs_tui.sandbox.server import SandboxServer
    from tobs_tui.sandbox.worlds.world import World

Answer = Any
Handler = Callable[["Call", Any], Answer | Awaitable[Answer]]

HOME_DC = 2
"""The data centre that holds the account."""
MEDIA_DC = 4
"""The data centre that holds a part of the media; it knows the account only after auth.importAuthorization."""
CDN_DC = 203
"""The content network's data centre: a key of its own, and no account at all."""
CDN_METHODS = frozenset({"upload.getCdnFile"})
"""All that the content network's data centre answers; no other data centre does."""


class RpcError(Exception):
    """An error that Telegram would answer with: an HTTP-like code and an upper-case name such as ``FLOOD_WAIT_23``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


@dataclass(slots=True, frozen=True)
class PreparedAnswer:
    """Answer bytes that are sent exactly as they are, so that the hot path neither serialises nor compresses.

    `raw` is the serialised answer, or a complete ``gzip_packed`` object around it when `gzipped` is true (the server
    counts those). Use it for pages that were encoded ahead and for file parts, which compression cannot shrink.
    """

    raw: bytes
    gzipped: bool = False


@dataclass(slots=True)
class Call:
    """One request on its way through the server.

    `dc` is the data centre that was addressed; `state` belongs to the connection's auth key (signed-in user, layer, the
    running takeout); `takeout_id` and `split_range` are set when the request came wrapped in ``invokeWithTakeout`` and
    ``invokeWithMessagesRange`` (both bounds inclusive).
    """

    server: SandboxServer
    world: World
    state: AuthKeyState
    dc: int
    takeout_id: int | None = None
    split_range: tuple[int, int] | None = None

    def user_id(self) -> int:
        """The signed-in user's id. Raises `RpcError` 401 AUTH_KEY_UNREGISTERED when nobody is signed in."""
        if self.state.user_id is None:
            pending = self.state.password_pending
            raise RpcError(401, "SESSION_PASSWORD_NEEDED" if pending else "AUTH_KEY_UNREGISTERED")
        return self.state.user_id


@dataclass(slots=True, frozen=True)
class Route:
    """How a method is served: handler, name as in ``messages.getHistory``, and whether strangers may call it."""

    handler: Handler
    name: str
    open_to_strangers: bool


_routes: dict[int, Route] = {}


def method_name(request: type[Any]) -> str:
    """The TL name of one of Telethon's request classes, such as ``messages.getHistory`` or ``invokeWithLayer``."""
    namespace = request.__module__.rpartition("tl.functions")[2].lstrip(".")
    bare = request.__name__.removesuffix("Request")
    bare = bare[0].lower() + bare[1:]
    return f"{namespace}.{bare}" if namespace else bare


def handles(*requests: type[Any], open_to_strangers: bool = False) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of one or more of Telethon's request classes.

    A method that is not `open_to_strangers` answers 401 AUTH_KEY_UNREGISTERED to keys that nobody signed in with,
    before its handler is asked. Raises ValueError when a method would get two handlers.
    """

    def register(handler: Handler) -> Handler:
        for request in requests:
            if request.CONSTRUCTOR_ID in _routes:
                raise ValueError(f"{request.__name__} has two handlers")
            _routes[request.CONSTRUCTOR_ID] = Route(handler, method_name(request), open_to_strangers)
        return handler

    return register


def route_of(constructor_id: int) -> Route | None:
    """How the method with this constructor id is served, or None when the sandbox does not serve it."""
    return _routes.get(constructor_id)
