"""A headless run, from attaching to its last word: sign in the demo, start or follow the run, report, heed signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeGuard, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.config.credentials import Credentials
from tobs_tui.config.paths import Paths
from tobs_tui.headless import lines
from tobs_tui.headless.reporters import Reporter
from tobs_tui.headless.signing import service_gone, sign_in
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import ChatTarget, Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import RunState, RunUpdated, apply_update
from tobs_tui.monitor.clock import now
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient
from tobs_tui.service.launch import attach

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Assignment(Struct, frozen=True):
    """What a headless run is to do. `profile` is fully resolved; `named` are targets given on the command line, which
    must exist; `credentials` are used when the service has none, `passphrase` when the session is locked."""

    profile: Profile
    named: tuple[ChatTarget, ...] = ()
    demo: bool = False
    server_file: Path | None = None
    credentials: Credentials | None = None
    max_wait_s: float | None = None  # a longer wait that Telegram asks for ends the run as WAITING
    refresh: Refresh | None = None
    passphrase: str | None = None

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Assignment({self.profile.name!r})"


async def run_headless(
    paths: Paths, assignment: Assignment, reporter: Reporter, came: Callable[[], int] = lambda: 0
) -> int:
    """Carry out the assignment and report on it. `came` gives how many signals came while nobody could heed them. Gives
    the process's exit status; raises nothing that is a person's business: every `TobsError` ends in the reporter's last
    word."""
    watch = _Watch(reporter, paths.sign_in_lock_file)
    async with _signals(watch.on_signal):
        for _ in range(came()):
            watch.on_signal()
        try:
            client = await watch.attached(paths, assignment)
            if client is None:
                return watch.end(lines.not_begun(now()))
            try:
                return watch.end(await watch.until_done(client, assignment))
            finally:
                await client.close()
        except TobsError as error:
            return watch.end(lines.refused(error, now(), watch.run))


@asynccontextmanager
async def _signals(handler: Callable[[], None]) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number, former in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, former)


class _Watch:
    """One run, watched. Two signals can reach it: the first asks the run to stop, the second leaves at once."""

    def __init__(self, reporter: Reporter, turn_file: Path) -> None:
        self._reporter = reporter
        self._turn_file = turn_file
        self._interrupted = asyncio.Event()
        self._hurried = asyncio.Event()
        self.run: RunState | None = None
        self._followed = False
        self._earlier = ""  # a run that was over before; the service may mention it again
        self._asked = False  # the service was asked to start the run

    def on_signal(self) -> None:
        """Count signals."""
        (self._hurried if self._interrupted.is_set() else self._interrupted).set()

    def end(self, last: lines.RunFinished) -> int:
        """Report the end. Gives the exit status."""
        self._reporter.finished(last)
        return last.exit_status

    async def attached(self, paths: Paths, assignment: Assignment) -> ServiceClient | None:
        """A connection to the service; None when interrupted before there was one. Raises `TobsError`."""
        if self._interrupted.is_set():
            return None
        attaching = asyncio.create_task(
            attach(
                paths,
                demo=assignment.demo,
                server_file=assignment.server_file,
                passphrase=assignment.passphrase,
            )
        )
        if await self._unless(attaching, self._interrupted):
            return await attaching
        return None

    async def until_done(self, client: ServiceClient, assignment: Assignment) -> lines.RunFinished:
        """Sign in where that is possible, start or follow the run, and watch it to its end. Raises `TobsError`."""
        working = asyncio.create_task(self._work(client, client.events(), assignment))
        try:
            if await self._unless(working, self._interrupted, keep=True):
                return await working
            if self.run is None and not self._asked:
                return lines.not_begun(now())
            if self._followed and self.run is not None:
                return lines.left(self.run, "The run goes on in the background; watch it with tobs.", now())
            self._reporter.note("Stopping: what is fetched is kept. Press Ctrl+C again to leave at once.")
            await self._cancel(client)
            if await self._unless(working, self._hurried, keep=True):
                return await working
            if self.run is None:
                return lines.not_begun(now())
            return lines.left(self.run, "The run is being stopped in the background; run it again to go on.", now())
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _unless(self, work: asyncio.Task[T], event: asyncio.Event, *, keep: bool = False) -> bool:
        """Wait for `work` or `event`, whichever comes first; whether it was the work. Without `keep`, work that lost
        is cancelled."""
        waiting = asyncio.create_task(event.wait())
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not work.done() and not keep:
            work.cancel()
        await asyncio.gather(waiting, *(() if work.done() or keep else (work,)), return_exceptions=True)
        return work.done() and not work.cancelled()

    async def _cancel(self, client: ServiceClient) -> None:
        try:
            await client.call(p.CancelRun())
        except TobsError as error:
            if error.code is not ErrorCode.NO_RUN:  # it ended by itself in this moment
                raise

    async def _work(
        self, client: ServiceClient, events: AsyncIterator[p.AnyEvent], assignment: Assignment
    ) -> lines.RunFinished:
        snapshot = client.snapshot
        if not _under_way(snapshot.run):
            snapshot = await sign_in(client, events, assignment.credentials, self._turn_file, self._reporter.note)
        profile = await resolved(client, assignment.profile, assignment.named)
        while not _under_way(snapshot.run):
            self._earlier = snapshot.run.run_id if snapshot.run is not None else ""
            self._asked = True
            try:
                await client.call(p.StartRun(profile, assignment.max_wait_s, assignment.refresh))
            except TobsError as error:
                if error.code is not ErrorCode.RUN_IN_PROGRESS:
                    raise
                self._asked = False  # another client was quicker
                snapshot = await client.ask(p.Attach(), p.Snapshot)
            else:
                return await self._follow(events)
        self._join(snapshot.run, profile, assignment.refresh, known=snapshot is client.snapshot)
        if profile.metrics_port:
            await client.call(p.ServeMetrics(profile.metrics_port))
        return await self._follow(events)

    def _join(self, run: RunState, profile: Profile, refresh: Refresh | None, *, known: bool) -> None:
        """Make ready to follow a run that somebody else started; one not `known` when attaching will tell of itself.
        Raises `TobsError` RUN_IN_PROGRESS when it is not the one wanted."""
        if not _same_run(run.profile, profile) or refresh not in (None, run.refresh):
            name = run.profile.name
            raise TobsError(
                ErrorCode.RUN_IN_PROGRESS,
                f"Another run is in progress{f': {name}' if name else ''}, into {run.output}.",
                "Wait for it, or stop it in tobs; one account exports one profile at a time.",
            )
        self._followed = True
        if known:
            self.run = run
            self._reporter.started(replace(run, chats=(), alerts=(), failures=()), True)
            self._reporter.changed(replace(run, chats=(), alerts=(), failures=()), run)

    # --- watching -------------------------------------------------------------------------------------------------

    async def _follow(self, events: AsyncIterator[p.AnyEvent]) -> lines.RunFinished:
        """Report events until the run ends. Raises `TobsError` when the service goes away before."""
        stopping = False
        async for event in events:
            match event:
                case p.RunStarted(run=run):
                    self._advance(run)
                case p.RunFinished(run=run) if run.run_id != self._earlier:
                    self._advance(run)
                    return lines.ended(run, now())
                case RunUpdated() if self.run is not None and event.run_id == self.run.run_id:
                    self._advance(apply_update(self.run, event))
                case p.ServiceStopping():
                    stopping = True
                case _:
                    continue
        if self.run is None:
            raise service_gone()
        why = "was stopped" if stopping else "ended unexpectedly"
        return lines.left(self.run, f"The background service {why}; run it again to go on from here.", now())

    def _advance(self, run: RunState) -> None:
        before, self.run = self.run, run
        if before is None or before.run_id != run.run_id:
            before = replace(run, chats=(), alerts=(), failures=(), phase=run.phase)
            self._reporter.started(run, self._followed)
        self._reporter.changed(before, run)


async def resolved(client: ServiceClient, profile: Profile, named: Sequence[ChatTarget]) -> Profile:
    """The profile with the chats named on the command line found at Telegram. Raises `TobsError` CHAT_NOT_FOUND."""
    if not named:
        return profile
    found: list[ChatTarget] = []
    for target in named:
        reply = await client.ask(p.ResolveTarget(str(target.chat)), p.Dialogs)
        found += [replace(target, chat=dialog.peer.id, title=dialog.peer.title) for dialog in reply.dialogs[:1]]
    return replace(profile, targets=replace(profile.targets, chats=tuple(found)))


def _under_way(run: RunState | None) -> TypeGuard[RunState]:
    return run is not None and run.outcome is None


def _same_run(one: Profile, other: Profile) -> bool:
    """Whether two resolved profiles mean the same run: name, output, targets and filters, whatever titles and speeds
    say."""

    def essence(profile: Profile) -> tuple[object, ...]:
        chats = tuple(replace(target, title="") for target in profile.targets.chats)
        return (profile.name, profile.output, profile.targets.all_chats, chats, profile.filters)

    return essence(one) == essence(other)
