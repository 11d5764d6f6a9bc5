"""The connections of an account: to its own data centre for requests, and to any data centre for files."""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections.abc import AsyncIterator, Callable
from typing import Any

from telethon.crypto import rsa
from telethon.tl import TLRequest
from telethon.tl.alltlobjects import LAYER
from telethon.tl.functions import InitConnectionRequest, InvokeWithLayerRequest
from telethon.tl.functions.auth import ExportAuthorizationRequest, ImportAuthorizationRequest
from telethon.tl.functions.help import GetCdnConfigRequest, GetConfigRequest

from tobs_tui import __version__
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Backoff
from tobs_tui.model.run import ConnectionRow
from tobs_tui.model.server import ServerAddress
from tobs_tui.telegram.backoff import backoff_s
from tobs_tui.telegram.events import ConnectionLost, ConnectionRestored, LinkEvent
from tobs_tui.telegram.line import Envelope, Line, without_updates
from tobs_tui.telegram.pool import Pool
from tobs_tui.telegram.refusals import HomeRefusal, Refusal
from tobs_tui.telegram.session import HOME_ADDRESS, HOME_DC, Session
from tobs_tui.telegram.tally import LinkStats

FILE_LINES = 4
"""Connections for files to each foreign data centre; official clients use 2 to 4."""
PARTS_A_LINE = 4
"""Parts on their way over each of two connections from which on another one is made."""


class Network:
    """Lines to data centres, made as needed. `on_update` gets pushed updates; none are asked for once signed in."""

    def __init__(
        self,
        session: Session,
        *,
        api_id: int,
        server: ServerAddress | None,
        connections: int,
        stats: LinkStats,
        on_event: Callable[[LinkEvent], None],
        on_update: Callable[[Any], None],
    ) -> None:
        self._session = session
        self._api_id = api_id
        self._server = server
        self._stats = stats
        self._on_event = on_event
        self._on_update = on_update
        self.backoff = Backoff.EXPONENTIAL
        self._main = Pool(lambda: self._line(self.dc, files=False), connections)
        self._files: dict[int, list[Line]] = {}
        self._import_locks: dict[int, asyncio.Lock] = {}
        self._media_addresses: dict[int, tuple[str, int]] = {}
        self._cdn_addresses: dict[int, tuple[str, int]] = {}
        self._cdn_keys: dict[int, list[str]] = {}
        self._key_making = asyncio.Lock()
        self._made = 0
        self._lost = False
        self._restoring: asyncio.Task[None] | None = None
        if server is not None:
            # Telethon keeps trusted keys for the whole process; adding one twice changes nothing.
            rsa.add_key(server.public_key, old=False)
            if not session.data.keys:
                session.data.dc = server.dc

    @property
    def dc(self) -> int:
        """The account's data centre."""
        return self._session.data.dc

    @property
    def latency_ms(self) -> float:
        """Time from a ping to its answer on the first connection, -1 while unknown."""
        return self._main.lines[0].latency_ms if self._main.lines else -1.0

    def figures(self) -> tuple[ConnectionRow, ...]:
        """Every connection as it stands now: those for requests first, then those for files."""
        files = [line for lines in self._files.values() for line in lines]
        return tuple(line.figures() for line in (*self._main.lines, *files))

    def set_connections(self, count: int) -> None:
        """Spread requests over `count` connections at most from now on."""
        self._main.set_limit(count)

    async def open(self) -> None:
        """Reach the account's data centre. Raises OSError or TimeoutError."""
        await self.main_line().open()

    def bar(self) -> None:
        """Let nothing more go over the connections that there are; `close` cuts them."""
        for line in (*self._main.lines, *(line for lines in self._files.values() for line in lines)):
            line.bar()

    def require_account(self) -> None:
        """Raise TobsError NOT_SIGNED_IN unless somebody is signed in (still)."""
        if not self._session.data.self_id:
            raise TobsError(ErrorCode.NOT_SIGNED_IN, "No account is signed in.", "Sign in first.")

    async def close(self) -> None:
        """Cut every connection. A later request makes new ones."""
        self.bar()
        self._lost = False
        if self._restoring is not None:
            self._restoring.cancel()
            self._restoring = None
        lines = [*self._main.take_all(), *(line for lines in self._files.values() for line in lines)]
        self._files.clear()
        await asyncio.gather(*(line.close() for line in lines))

    async def move_to(self, dc: int) -> None:
        """Make `dc` the account's data centre, as Telegram tells a client that signs in at the wrong one."""
        await self.close()
        self._session.data.dc = dc
        self._session.save()

    def main_line(self) -> Line:
        """The least busy line to the account's data centre."""
        return self._main.pick()

    async def file_line(self, dc: int) -> Line:
        """The least busy line for files to `dc`, signed in there. Raises as a request does, or `require_account`."""
        self.require_account()
        if dc == self.dc and dc not in self._media_addresses:
            return self.main_line()
        idle = self._least_busy(dc, lambda: self._line(dc, files=True))
        if dc != self.dc:
            await self._import_authorisation(dc, idle)
        return idle

    def cdn_line(self, dc: int) -> Line:
        """The least busy line to a data centre of the content network, where nobody is signed in. Requests go over it
        `introduced`. Raises OSError where Telegram has not told its address."""
        return self._least_busy(dc, lambda: self._cdn_line(dc))

    def _least_busy(self, dc: int, make: Callable[[], Line]) -> Line:
        """The least busy line for files to `dc`: a second one as soon as one is busy, more when all have much to do."""
        lines = self._files.setdefault(dc, [])
        idle = min(lines, key=lambda line: line.load, default=None)
        wanted = idle is None or (idle.load > 0 and len(lines) == 1) or idle.load >= PARTS_A_LINE
        if idle is None or (wanted and len(lines) < FILE_LINES):
            idle = make()
            lines.append(idle)
        return idle

    def forget_authorisation(self, dc: int) -> None:
        """A foreign data centre does not know the account any more: the next file line imports it again."""
        self._session.data.imported.discard(dc)

    async def forget_key(self, dc: int) -> None:
        """A foreign data centre does not know the key any more: the next file line makes another one."""
        self._session.data.keys.pop(dc, None)
        self.forget_authorisation(dc)
        await asyncio.gather(*(line.drop() for line in self._files.get(dc, ())))

    async def _import_authorisation(self, dc: int, line: Line) -> None:
        """Sign in at `dc` once per key: Telegram limits how often an authorisation can be exported."""
        async with self._import_locks.setdefault(dc, asyncio.Lock()):
            if dc in self._session.data.imported:
                return
            self.require_account()
            query: TLRequest = ExportAuthorizationRequest(dc)
            try:
                exported = await self.main_line().send(Envelope(query, without_updates(query)))
            except Refusal as refusal:
                raise HomeRefusal(refusal.name, refusal.code, refusal.number) from refusal
            query = ImportAuthorizationRequest(id=exported.id, bytes=exported.bytes)
            await line.send(Envelope(query, without_updates(query)))
            self._session.data.imported.add(dc)
            self._session.save()

    def _line(self, dc: int, *, files: bool) -> Line:
        self._made += 1
        return Line(
            dc,
            name=f"{'files' if files else 'main'}{self._made:02}",
            where=self._media_address if files else self._address,
            key=self._key,
            on_key=self._keep_key,
            hello=self._hello,
            on_hello=self._keep_addresses,
            on_change=self._changed,
            on_update=self._on_update,
            stats=self._stats,
            within=lambda: self._key_making,
            files=files,
        )

    def _cdn_line(self, dc: int) -> Line:
        """A line whose data centre answers nothing but file parts: its requests bring the introduction along."""
        self._made += 1
        return Line(
            dc,
            name=f"cdn{self._made:02}",
            where=self._cdn_address,
            key=self._key,
            on_key=self._keep_key,
            hello=None,
            on_hello=self._keep_addresses,
            on_change=self._changed,
            on_update=self._on_update,
            stats=self._stats,
            within=lambda: self._trusting(dc),
            files=True,
        )

    @contextlib.asynccontextmanager
    async def _trusting(self, dc: int) -> AsyncIterator[None]:
        """While it lasts, the keys of that part of the content network are the only ones that are trusted.

        Others run its machines: their keys must not be good for making a key with Telegram itself. Telethon's table of
        trusted keys is the process's, so no other key is made meanwhile.
        """
        if dc not in self._cdn_keys:
            self.require_account()
            query: TLRequest = GetCdnConfigRequest()
            config = await self.main_line().send(Envelope(query, without_updates(query)))
            for each in config.public_keys:
                self._cdn_keys.setdefault(each.dc_id, []).append(each.public_key)
        async with self._key_making:
            own = dict(rsa._server_keys)
            rsa._server_keys.clear()
            try:
                for key in self._cdn_keys.get(dc, ()):
                    rsa.add_key(key, old=False)
                yield
            finally:
                rsa._server_keys.clear()
                rsa._server_keys.update(own)

    def _cdn_address(self, dc: int) -> tuple[str, int]:
        if dc not in self._cdn_addresses:
            raise ConnectionError(f"the address of the content network's data centre {dc} is not known")
        return self._cdn_addresses[dc]

    def _key(self, dc: int) -> bytes | None:
        return self._session.data.keys.get(dc)

    def _keep_key(self, dc: int, key: bytes) -> None:
        self._session.data.keys[dc] = key
        self._session.data.imported.discard(dc)
        self._session.save()

    def _address(self, dc: int) -> tuple[str, int]:
        if self._server is not None and dc == self._server.dc:
            return self._server.host, self._server.port
        known = self._session.data.addresses.get(dc)
        if known is not None:
            return known
        if dc == HOME_DC and self._server is None:
            return HOME_ADDRESS
        raise ConnectionError(f"the address of data centre {dc} is not known")

    def _media_address(self, dc: int) -> tuple[str, int]:
        return self._media_addresses.get(dc) or self._address(dc)

    def _hello(self) -> Envelope:
        """The first request of a connection: the layer, what the client is, and a question with a useful answer."""
        question: TLRequest = GetConfigRequest()
        request = self._initial(question)
        if self._session.data.self_id:
            request = without_updates(request)
        return Envelope(question, InvokeWithLayerRequest(LAYER, request))

    def introduced(self, query: TLRequest) -> TLRequest:
        """The request with the layer and what the client is around it."""
        return InvokeWithLayerRequest(LAYER, self._initial(query))

    def _initial(self, query: TLRequest) -> TLRequest:
        system = platform.uname()
        return InitConnectionRequest(
            api_id=self._api_id,
            device_model=system.machine or "computer",
            system_version=f"{system.system} {system.release}".strip() or "unknown",
            app_version=__version__,
            system_lang_code="en",
            lang_pack="",
            lang_code="en",
            query=query,
        )

    def _keep_addresses(self, config: Any) -> None:
        media: dict[int, tuple[str, int]] = {}
        for option in config.dc_options:
            if option.ipv6 or option.tcpo_only:
                continue
            address = (option.ip_address, option.port)
            if option.cdn:
                self._cdn_addresses.setdefault(option.id, address)
            elif option.media_only:
                media.setdefault(option.id, address)
            else:
                self._session.data.addresses[option.id] = address
        self._media_addresses.update(media)

    def _changed(self, line: Line, connected: bool, reason: str) -> None:
        if line not in self._main.lines:
            return
        if not connected:
            self._main.trouble()
        if not connected and any(other.connected for other in self._main.lines):
            return  # the others go on, and this one is made anew when it is needed
        if connected:
            if self._lost:
                self._lost = False
                self._on_event(ConnectionRestored())
        elif not self._lost:
            self._lost = True
            self._on_event(ConnectionLost(f"The connection to Telegram is gone: {reason}."))
            self._restoring = asyncio.create_task(self._restore())

    async def _restore(self) -> None:
        """Connect again in the background, so that the connection comes back while nobody asks for anything too."""
        attempt = 0
        while self._lost:
            try:
                await self.main_line().open()
            except (OSError, TimeoutError):
                attempt += 1
                await asyncio.sleep(backoff_s(self.backoff, attempt))
            except Refusal:
                return  # the next request hears it too, and deals with it
