"""A service on a real socket whose answers a test writes down: for what a headless client does with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.peers import Dialog, Peer, PeerKind
from tobs_tui.model.run import Outcome, RunPhase, RunState
from tobs_tui.service import protocol as p
from tobs_tui.service.framing import frame, read_frame

LOGIN = {"demo_phone": "+99966", "demo_code": "22222", "demo_password": "pw"}


class ScriptedService:
    """Signs in whoever follows the steps, starts what it is told to start, and ends runs when the test says so."""

    def __init__(self, paths: Paths, account: p.AccountState, run: RunState | None = None) -> None:
        self.paths = paths
        self.account = account
        self.run = run
        self.received: list[p.AnyCommand] = []
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.cancel_ends_run = True
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> ScriptedService:
        self.paths.ensure()
        self._server = await asyncio.start_unix_server(self._attend, str(self.paths.socket))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        assert self._server is not None
        self._server.close()

    def cut(self) -> None:
        """End the connection without a word."""
        if self._writer is not None:
            self._writer.close()

    def tell(self, event: p.AnyEvent) -> None:
        """Send an event."""
        assert self._writer is not None
        self._writer.write(frame(p.ServerFrame(0, event)))

    def finish(self, outcome: Outcome, message: str = "") -> None:
        """End the run."""
        assert self.run is not None
        self.run = msgspec.structs.replace(self.run, outcome=outcome, phase=RunPhase.FINISHED, message=message)
        self.tell(p.RunFinished(self.run))

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        decoder = msgspec.msgpack.Decoder(p.ClientFrame)
        while (received := await read_frame(reader, decoder, p.MAX_FRAME)) is not None:
            self.received.append(received.command)
            writer.write(frame(p.ServerFrame(received.seq, self._answer(received.command))))
            self._after(received.command)

    def _answer(self, command: p.AnyCommand) -> p.AnyReply:
        match command:
            case p.Attach():
                return p.Snapshot(self.account, self.run, pid=1)
            case p.ResolveTarget(text="-1005" | "Räder"):
                return p.Dialogs((Dialog(Peer(-1005, PeerKind.SUPERGROUP, "Räder")),))
            case p.ResolveTarget(text=text):
                return p.Refused(ErrorCode.CHAT_NOT_FOUND, f"There is no chat {text}.")
            case _:
                return p.Done()

    def _after(self, command: p.AnyCommand) -> None:
        steps: dict[type, Callable[[], None]] = {
            p.SendCode: lambda: self._become(p.AccountPhase.CODE_SENT),
            p.SubmitCode: lambda: self._become(p.AccountPhase.PASSWORD_NEEDED),
            p.SubmitPassword: lambda: self._become(p.AccountPhase.SIGNED_IN),
            p.SetCredentials: lambda: self._become(p.AccountPhase.SIGNED_IN),
            p.Reconnect: lambda: self._become(p.AccountPhase.SIGNED_IN),
            p.CancelRun: self._cancel,
        }
        if isinstance(command, p.StartRun):
            self.run = RunState("r2", command.profile, command.profile.output, started_at=5.0)
            self.tell(p.RunStarted(self.run))
            self.started.set()
        elif type(command) in steps:
            steps[type(command)]()

    def _become(self, phase: p.AccountPhase) -> None:
        self.account = msgspec.structs.replace(self.account, phase=phase)
        self.tell(p.AccountChanged(self.account))

    def _cancel(self) -> None:
        if self.cancel_ends_run:
            self.finish(Outcome.INTERRUPTED)
        self.cancelled.set()
