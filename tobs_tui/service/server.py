"""The service itself: accepts clients on a Unix socket and carries out their commands."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec
from loguru import logger

from tobs_tui.config.paths import Paths
from tobs_tui.engine.plan import exported_to
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Dialog
from tobs_tui.model.server import ServerAddress
from tobs_tui.monitor.clock import monotonic
from tobs_tui.service import protocol as p
from tobs_tui.service.account import AccountDesk, DemoLogin
from tobs_tui.service.clients import AttachedClient, ClientSet
from tobs_tui.service.counting import CountingDesk
from tobs_tui.service.estimates import EstimateDesk
from tobs_tui.service.framing import peer_is_same_user, read_frame
from tobs_tui.service.metric_families import Reading
from tobs_tui.service.metrics import MetricsDesk
from tobs_tui.service.runs import RunDesk
from tobs_tui.telegram.link import LinkEvent

IDLE_EXIT_S = 60.0
"""The service ends by itself after this long with no client and no run."""
MAX_COMMAND = 4 * 1024 * 1024
MOST_AT_ONCE = 64
"""Commands of one client that are being carried out; further ones wait their turn."""

_QUESTIONS = (p.ListDialogs, p.ListTopics, p.ResolveTarget, p.EstimateExport, p.ListRuns)
"""Commands that change nothing: when whoever asked is gone, nobody needs the answer."""

Handler = Callable[[Any], Awaitable[p.AnyReply]]


class Service:
    """One account's worker: an account desk, a run desk, and the clients that watch and steer them."""

    def __init__(
        self,
        paths: Paths,
        server: ServerAddress | None = None,
        demo: DemoLogin | None = None,
        idle_exit_s: float = IDLE_EXIT_S,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """`environ` has the variables that count for the account; this process's when not given."""
        self._paths = paths
        self._server = "" if server is None or demo is not None else f"{server.host}:{server.port}"
        self._idle_exit_s = idle_exit_s
        self._clients = ClientSet()
        self._idle_since = monotonic()
        self._stop = asyncio.Event()
        self._ending = False
        self._begun: set[asyncio.Task[None]] = set()
        self._dialogs: tuple[Dialog, ...] | None = None
        self._counting = CountingDesk(self._clients.publish)
        self._estimates = EstimateDesk(self._clients.publish)
        self._runs = RunDesk(paths, self._clients.publish)
        self._metrics = MetricsDesk(lambda: Reading(self._runs.report(), len(self._clients)))
        self._account = AccountDesk(paths, server, self._account_changed, self._on_link_event, demo, environ)
        self._handlers = self._command_table()

    # --- life -----------------------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Accept clients until told to stop or idle for long enough; then stop a run resumably and say goodbye."""
        path = self._paths.socket
        path.unlink(missing_ok=True)  # the account's lock is held, so a socket that lies there is a dead service's
        old_mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._attend, str(path))
        finally:
            os.umask(old_mask)
        self._account.start()
        try:
            await self._until_stopped()
        finally:
            self._ending = True
            self._clients.publish(p.ServiceStopping())
            self._counting.stop()
            await self._runs.stop()
            await _ended(self._begun)
            server.close()
            self._clients.close()
            await self._metrics.close()
            await self._account.close()
            path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Ask `serve` to end."""
        self._stop.set()

    async def _until_stopped(self) -> None:
        while not self._stop.is_set():
            if len(self._clients) or self._runs.active:
                self._idle_since = monotonic()
            if monotonic() - self._idle_since >= self._idle_exit_s:
                logger.info("idle for {:.0f} s: ending", self._idle_exit_s)
                return
            try:
                await asyncio.wait_for(self._stop.wait(), min(1.0, self._idle_exit_s))
            except TimeoutError:
                continue

    def _on_link_event(self, event: LinkEvent) -> None:
        self._estimates.on_link_event(event)
        self._runs.on_link_event(event)

    def _account_changed(self, state: p.AccountState) -> None:
        if state.phase is not p.AccountPhase.SIGNED_IN:
            self._dialogs = None
        self._clients.publish(p.AccountChanged(state))

    # --- clients --------------------------------------------------------------------------------------------------

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._ending or not peer_is_same_user(writer):  # who comes too late tries again, and starts the next service
            writer.close()
            return
        client = AttachedClient(writer, self._whole_state)
        self._clients.add(client)
        sending = asyncio.create_task(client.send_forever())
        answering: set[asyncio.Task[None]] = set()
        decoder = msgspec.msgpack.Decoder(p.ClientFrame)
        try:
            while (received := await read_frame(reader, decoder, MAX_COMMAND)) is not None:
                await client.room()
                if len(answering) >= MOST_AT_ONCE:
                    await asyncio.wait(answering, return_when=asyncio.FIRST_COMPLETED)
                task = asyncio.create_task(self._answer(client, received))
                answering.add(task)
                task.add_done_callback(answering.discard)
                if not isinstance(received.command, _QUESTIONS):
                    self._begun.add(task)
                    task.add_done_callback(self._begun.discard)
        except TobsError as error:
            logger.warning("a client was dropped: {}", error)
        finally:
            self._clients.discard(client)
            sending.cancel()
            # What was begun is done to its end, though nobody is there to be told: Telegram takes a login code only
            # once, and it counts whether or not the line held until its answer came.
            await _ended({sending, *(answering - self._begun)})
            writer.close()

    def _whole_state(self) -> list[p.AnyEvent]:
        events: list[p.AnyEvent] = [p.AccountChanged(self._account.state)]
        state = self._runs.state()
        if state is not None:
            events.append(p.RunStarted(state) if state.outcome is None else p.RunFinished(state))
        return events

    async def _answer(self, client: AttachedClient, received: p.ClientFrame) -> None:
        command = received.command
        try:
            if isinstance(command, p.Attach):
                client.wants_events = True
                reply: p.AnyReply = p.Snapshot(
                    self._account.state, self._runs.state(), pid=os.getpid(), server=self._server
                )
            else:
                reply = await self._handlers[type(command)](command)
        except TobsError as error:
            reply = p.Refused(error.code, error.sentence, error.way_on, error.field, error.wait_s)
        except Exception as error:  # noqa: BLE001  # a client must get an answer, and the log the trace, whatever broke
            logger.opt(exception=error).error("{} failed unexpectedly", type(command).__name__)
            reply = p.Refused(
                ErrorCode.UNEXPECTED, f"That failed unexpectedly ({type(error).__name__}).", "The log says more."
            )
        client.reply(received.seq, reply)

    # --- commands -------------------------------------------------------------------------------------------------

    def _command_table(self) -> dict[type[p.Command], Handler]:
        desk = self._account
        return {
            p.SetCredentials: lambda c: _done(desk.set_credentials(c.api_id, c.api_hash)),
            p.SendCode: lambda c: _done(desk.send_code(c.phone)),
            p.ResendCode: lambda c: _done(desk.resend_code()),
            p.SubmitCode: lambda c: _done(desk.submit_code(c.code)),
            p.SubmitPassword: lambda c: _done(desk.submit_password(c.password)),
            p.StartQr: lambda c: _done(desk.start_qr()),
            p.BackToPhone: lambda c: _at_once(desk.back_to_phone),
            p.SignOut: lambda c: _done(self._sign_out()),
            p.Unlock: lambda c: _done(desk.unlock(c.passphrase)),
            p.SetPassphrase: lambda c: _done(desk.protect(c.new, c.old, in_keyring=c.in_keyring)),
            p.RemovePassphrase: lambda c: _done(desk.unprotect(c.old)),
            p.ForgetSession: lambda c: _done(self._forget_session()),
            p.Reconnect: lambda c: _at_once(desk.reconnect),
            p.ListDialogs: self._list_dialogs,
            p.ResolveTarget: self._resolve,
            p.ListTopics: self._list_topics,
            p.EstimateExport: self._estimate,
            p.StartRun: self._start_run,
            p.ServeMetrics: lambda c: _done(self._metrics.serve(c.port)),
            p.PauseRun: lambda c: _at_once(lambda: self._runs.current().pause()),
            p.ResumeRun: lambda c: _at_once(lambda: self._runs.current().resume()),
            p.CancelRun: lambda c: _at_once(lambda: self._runs.current().cancel()),
            p.RestartWorker: lambda c: _at_once(lambda: self._runs.current().restart_worker(c.worker)),
            p.RetryTakeout: lambda c: _at_once(self._retry_takeout),
            p.SkipTakeout: lambda c: _at_once(self._skip_takeout),
            p.ClearCache: lambda c: _at_once(desk.clear_cache),
            p.AcknowledgeAlert: lambda c: _at_once(lambda: self._runs.current().acknowledge(c.key)),
            p.ListRuns: self._list_runs,
            p.Shutdown: lambda c: _at_once(self.stop),
        }

    def _retry_takeout(self) -> None:
        self._runs.current().takeout.try_now()

    def _skip_takeout(self) -> None:
        self._runs.current().takeout.go_without()

    async def _sign_out(self) -> None:
        if self._runs.active:
            raise TobsError(ErrorCode.RUN_IN_PROGRESS, "A run is in progress.", "Stop it before signing out.")
        await self._account.sign_out()

    async def _forget_session(self) -> None:
        if self._runs.active:
            raise TobsError(ErrorCode.RUN_IN_PROGRESS, "A run is in progress.", "Stop it first.")
        await self._account.forget_session()

    async def _list_dialogs(self, command: p.ListDialogs) -> p.AnyReply:
        link = self._account.signed_in_link()
        dialogs = self._dialogs
        if command.known:
            dialogs = dialogs or tuple(link.known_dialogs())
        elif dialogs is None or command.refresh:
            dialogs = self._dialogs = tuple(await link.dialogs())
        if not command.known:
            uncounted = {(dialog.peer.id, 0): dialog.top_message for dialog in dialogs if dialog.message_count < 0}
            self._counting.begin(link, uncounted)
        done = await asyncio.to_thread(exported_to, Path(command.output)) if command.output else {}
        return p.Dialogs(
            tuple(
                msgspec.structs.replace(
                    dialog,
                    exported_to=done.get(dialog.peer.id, 0),
                    message_count=self._counting.known(dialog.peer.id).get(0, dialog.message_count),
                )
                for dialog in dialogs
            )
        )

    async def _resolve(self, command: p.ResolveTarget) -> p.AnyReply:
        return p.Dialogs((await self._account.signed_in_link().resolve(command.text),))

    async def _list_topics(self, command: p.ListTopics) -> p.AnyReply:
        link = self._account.signed_in_link()
        if command.known:
            return p.Topics(tuple(link.known_topics(command.chat)))
        topics = await link.topics(command.chat)
        self._counting.begin(link, {(command.chat, topic.id): topic.top_message for topic in topics})
        known = self._counting.known(command.chat)
        return p.Topics(
            tuple(msgspec.structs.replace(topic, message_count=known.get(topic.id, -1)) for topic in topics)
        )

    async def _estimate(self, command: p.EstimateExport) -> p.AnyReply:
        link = self._account.signed_in_link()
        return await self._estimates.estimate(command, link, self._runs.output_of(command.profile))

    async def _start_run(self, command: p.StartRun) -> p.AnyReply:
        link = self._account.signed_in_link()
        self._counting.stop()
        if command.profile.metrics_port:
            await self._metrics.serve(command.profile.metrics_port)
        self._runs.start(command.profile, link, command.max_wait_s, command.refresh)
        return p.Done()

    async def _list_runs(self, command: p.ListRuns) -> p.AnyReply:
        return p.Runs(self._runs.recent(command.limit))


async def _ended(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _done(work: Awaitable[None]) -> p.AnyReply:
    await work
    return p.Done()


async def _at_once(act: Callable[[], None]) -> p.AnyReply:
    act()
    return p.Done()
