"""The embedded Telegram: two data centres and a content network on loopback, one account, one world."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from telethon.tl import types

from tobs_tui.sandbox.accounts import Accounts
from tobs_tui.sandbox.cdn import Cdn
from tobs_tui.sandbox.dispatch import Dispatcher
from tobs_tui.sandbox.faults import Faults
from tobs_tui.sandbox.logins import Logins
from tobs_tui.sandbox.rpc import serve_all_methods
from tobs_tui.sandbox.rpc.registry import CDN_DC, HOME_DC, MEDIA_DC
from tobs_tui.sandbox.wire.connection import Connection, Session

if TYPE_CHECKING:
    from tobs_tui.sandbox.keys import ServerKey
    from tobs_tui.sandbox.worlds.world import World

_MAX_SESSIONS = 4096


class SandboxServer:
    """A Telegram for one world. Use it as an asynchronous context manager, or call `start` and `stop`.

    `calls` counts requests by method name; `faults` makes requests fail; `containers_in`, `containers_out` and
    `gzipped_answers` count what the wire did, `bytes_served` the bytes of files. `takeout_delay_s` makes the first
    takeout wait, as Telegram does for clients that are new to the account. `clock_ahead_s` is by how many seconds the
    server's clock goes ahead of this machine's: for a client, that is a clock that was set wrong.
    """

    def __init__(
        self,
        world: World,
        *,
        latency_ms: float = 0,
        port: int = 0,
        host: str = "127.0.0.1",
        state_file: Path | None = None,
        takeout_delay_s: int = 0,
        accept_qr_after_s: float | None = None,
    ) -> None:
        """`port` is the home data centre's, 0 for any free one; the others always take a free one.

        With `accept_qr_after_s` each QR code is accepted after so many seconds, as if another device had scanned it.
        Raises `accounts.StateError` when `state_file` is not usable.
        """
        serve_all_methods()
        self.world = world
        self.latency_s = latency_ms / 1000
        self.clock_ahead_s = 0.0
        self.takeout_delay_s = takeout_delay_s
        self.accept_qr_after_s = accept_qr_after_s
        self.accounts = Accounts(state_file)
        self.logins = Logins()
        self.faults = Faults()
        self.cdn = Cdn()
        self.dispatcher = Dispatcher(self)
        self.connections: set[Connection] = set()
        self.containers_in = 0
        self.containers_out = 0
        self.bytes_served = 0
        self._host = host
        self._wanted_ports = {HOME_DC: port, MEDIA_DC: 0, CDN_DC: 0}
        self._ports: dict[int, int] = {}
        self._listeners: list[asyncio.Server] = []
        self._return: asyncio.Task[None] | None = None
        self._sessions: dict[tuple[int, int], Session] = {}

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        for dc, port in self._wanted_ports.items():
            try:
                await self._listen(dc, port)
            except OSError:
                await self.stop()
                raise

    async def _listen(self, dc: int, port: int) -> None:
        listener = await asyncio.get_running_loop().create_server(partial(Connection, self, dc), self._host, port)
        self._listeners.append(listener)
        self._ports[dc] = listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut all connections and stop listening."""
        self.dispatcher.cancel()
        if self._return is not None:
            self._return.cancel()
        await self._close_down()

    async def _close_down(self) -> None:
        for listener in self._listeners:
            listener.close()
        self.drop_connections()
        for listener in self._listeners:
            await listener.wait_closed()
        self._listeners.clear()

    def go_away(self, seconds: float) -> None:
        """Be gone for so long: cut all connections and accept none, then listen where it listened before."""
        if self._return is None or self._return.done():
            for listener in self._listeners:
                listener.close()  # at once: a client that was cut comes again in the same turn of the loop
            self._return = asyncio.get_running_loop().create_task(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        await self._close_down()
        await asyncio.sleep(seconds)
        for dc, port in self._ports.copy().items():
            await self._listen(dc, port)

    async def __aenter__(self) -> SandboxServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # What clients need to know

    def address(self, dc: int = HOME_DC) -> tuple[str, int]:
        """Host and port of a data centre. Raises KeyError for one that does not exist, or before `start`."""
        return self._host, self._ports[dc]

    @property
    def data_centres(self) -> list[int]:
        """The data centres that are listening."""
        return list(self._ports)

    @property
    def public_key_pem(self) -> str:
        """The server's public RSA key, PKCS#1 in PEM, as clients take it."""
        return self.accounts.server_key.public_pem

    def key_of(self, dc: int) -> ServerKey:
        """The key pair that a data centre's key exchange is done with."""
        return self.accounts.cdn_key if dc == CDN_DC else self.accounts.server_key

    def time(self) -> float:
        """The server's time, in seconds since 1970."""
        return time.time() + self.clock_ahead_s

    # What happened

    @property
    def calls(self) -> Counter[str]:
        """How often each method was called, by TL name."""
        return self.dispatcher.calls

    @property
    def gzipped_answers(self) -> int:
        """How many answers went out compressed."""
        return self.dispatcher.gzipped_answers

    # What other devices and Telegram itself would do

    def accept_login_token(self, token: bytes | None = None) -> int:
        """Accept a QR code (None: every one on show) as the account's other device would. Gives how many were."""
        accepted = 0
        for each in self.logins.tokens.values():
            if token not in (None, each.token) or each.accepted_by is not None or each.expires < time.time():
                continue
            each.accepted_by = self.world.me_id
            self.push_update(each.key_id, types.UpdateLoginToken())
            accepted += 1
        return accepted

    def push_update(self, key_id: int, update: object) -> None:
        """Send an update to every connection of a key that wants updates."""
        pushed = types.UpdateShort(update=update, date=int(time.time()))
        for connection in list(self.connections):
            if connection.wants_updates and connection.state is not None and connection.state.key_id == key_id:
                connection.send_update(pushed)

    def expire_codes(self) -> None:
        """Make all login codes that were sent too old to use."""
        self.logins.expire_codes()

    def approve_takeout(self) -> None:
        """Approve data export on another device, which ends the waiting for a takeout."""
        self.takeout_delay_s = 0

    def drop_connections(self, dc: int | None = None) -> None:
        """Cut all connections (of one data centre), as a failing network does."""
        for connection in list(self.connections):
            if dc in (None, connection.dc):
                connection.abort()

    def end_sessions(self) -> None:
        """Sign every client out, as the account's owner can from another device."""
        for state in self.accounts.known_keys():
            self.accounts.sign_out(state)

    def rotate_salts(self) -> None:
        """Put new salts in force: clients are told at their next message."""
        for state in self.accounts.known_keys():
            state.salt = int.from_bytes(os.urandom(8), "little", signed=True)
        self.accounts.save()

    # For the wire

    def session(self, key_id: int, session_id: int) -> tuple[Session, bool]:
        """The session of that id under that key, and whether it is a new one."""
        session = self._sessions.get((key_id, session_id))
        if session is not None:
            return session, False
        if len(self._sessions) >= _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = self._sessions[key_id, session_id] = Session(session_id)
        return session, True

    def forget_session(self, key_id: int, session_id: int) -> bool:
        """Forget a session. Gives whether there was one."""
        return self._sessions.pop((key_id, session_id), None) is not None
