"""A service played from a script: real protocol structs, no process, no socket; for screens and their pictures."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import msgspec
from textual.pilot import Pilot

from tobs_tui.config.layers import PROFILE_KEYS, Effective, Layer, Origin
from tobs_tui.config.paths import Paths
from tobs_tui.config.settings import Settings
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Dialog, Peer, PeerKind, Topic
from tobs_tui.model.profile import ChatTarget, Layout, Performance, Profile, Targets
from tobs_tui.model.run import (
    Alert,
    ChatProgress,
    ChatState,
    ConnectionRow,
    ConnectionState,
    Failure,
    GpuReading,
    Level,
    LinkFigures,
    LogLine,
    Outcome,
    Resources,
    RunPhase,
    RunRecord,
    RunState,
    TakeoutDelay,
    Totals,
    WorkerRole,
    WorkerRow,
    WorkerState,
)
from tobs_tui.service.protocol import (
    AccountPhase,
    AccountState,
    AnyCommand,
    AnyEvent,
    AnyReply,
    Dialogs,
    Done,
    Estimate,
    EstimateExport,
    ListDialogs,
    ListRuns,
    ListTopics,
    ResolveTarget,
    Runs,
    Snapshot,
    Topics,
)
from tobs_tui.ui.app import TobsApp
from tobs_tui.ui.run_model import Link

NOW = 1_716_212_537.0
"""2024-05-20 13:42:17 UTC: when every picture is taken."""
SIGNED_IN = AccountState(AccountPhase.SIGNED_IN, name="Ada Lovelace", phone="+447700900123", user_id=42, dc=2)
RUST_CLUB = -1_001_234_567_890


class ScriptedClient:
    """Answers commands from tables, remembers them in `asked`, and sends the events put with `send`."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.asked: list[AnyCommand] = []
        self.refusals: dict[type, TobsError] = {}
        self.silent: set[type] = set()
        """Commands that no answer comes to."""
        self.answers: dict[type, Callable[[AnyCommand], AnyReply]] = {
            ListDialogs: lambda _: Dialogs(dialogs()),
            ListTopics: lambda _: Topics(topics()),
            ListRuns: lambda _: Runs(records()),
            EstimateExport: lambda _: Estimate(
                chats=1, messages=126_302, messages_known=38_004, requests=1_264, seconds=190, files=2_411
            ),
            ResolveTarget: self._resolve,
        }
        self._events: asyncio.Queue[AnyEvent | None] = asyncio.Queue()

    def _resolve(self, command: AnyCommand) -> AnyReply:
        assert isinstance(command, ResolveTarget)
        found = [d for d in dialogs() if d.peer.username and d.peer.username == command.text.removeprefix("@")]
        if not found:
            raise TobsError(ErrorCode.CHAT_NOT_FOUND, f"There is no chat “{command.text}”.", field="chat")
        return Dialogs(tuple(found))

    async def call(self, command: AnyCommand) -> AnyReply:
        """The answer from the tables; `Done` for what is in none."""
        self.asked.append(command)
        if type(command) in self.silent:
            await asyncio.Event().wait()
        if type(command) in self.refusals:
            raise self.refusals[type(command)]
        answer = self.answers.get(type(command))
        return answer(command) if answer else Done()

    def send(self, event: AnyEvent) -> None:
        """Let the service say something."""
        self._events.put_nowait(event)

    def cut(self) -> None:
        """Cut the line."""
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[AnyEvent]:
        """What was sent, until the line is cut."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        """Nothing to close."""


def effective(profile: Profile | None, given: Collection[str] | None = None) -> Effective:
    """Values with origins, for a machine of 16 processors."""
    profile = profile or Profile()
    origins = {key: Origin(Layer.DEFAULT) for key in PROFILE_KEYS}
    tuned = Origin(Layer.TUNED, "preset balanced, 16 processors, 64 GiB")
    origins.update({f"performance.{name}": tuned for name in Performance.__struct_fields__ if name != "preset"})
    if profile.output:
        origins["output"] = Origin(Layer.PROFILE, profile.name)
    else:
        profile = msgspec.structs.replace(profile, output="/home/ada/vault")
    origins["performance.connections"] = Origin(Layer.ENVIRONMENT, "TOBS_PERFORMANCE_CONNECTIONS")
    return Effective(profile=profile, settings=Settings(), origins=origins)


def scripted_app(
    client: ScriptedClient, paths: Paths, *, settings: Settings | None = None, demo: bool = False, **more: Any
) -> TobsApp:
    """The application on a scripted service, with a clock that stands still."""

    async def connect() -> ScriptedClient:
        return client

    return TobsApp(
        connect=more.pop("connect", connect),
        paths=paths,
        settings=settings or Settings(),
        effective=more.pop("effective", effective),
        demo=demo,
        clock=lambda: NOW,
        **more,
    )


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    """Wait until something is so; fail loudly when it never is."""
    for _ in range(400):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("what was waited for did not happen")


async def settled(pilot: Pilot[int], *silent: str) -> None:
    """Wait until every short worker has ended, but for those of the groups `silent`, and everything is painted."""
    app = pilot.app
    assert isinstance(app, TobsApp)
    await pilot.pause()
    waiting = {"feed", *silent}
    await until(pilot, lambda: app.model.link is not Link.CONNECTING or "link" in silent)
    await until(pilot, lambda: all(w.group in waiting or w.is_finished for w in app.workers))
    await pilot.pause()
    if app.page is not None:
        app.page.model_changed()
        await until(pilot, lambda: all(w.group in waiting or w.is_finished for w in app.workers))
        app.page.paint()
    await pilot.pause()


_DIALOGS = (
    ("Saved Messages", PeerKind.SAVED, "", 0, 4_102, 9_000),
    ("Rust Club", PeerKind.FORUM, "rustclub", 12, 2_031_448, 60),
    ("Family ❤️", PeerKind.GROUP, "", 3, 18_220, 300),
    ("Grace Hopper", PeerKind.USER, "grace", 1, 6_412, 1_800),
    ("Почтовый клуб", PeerKind.SUPERGROUP, "pochta", 0, 88_953, 5_400),
    ("日本語ニュース", PeerKind.CHANNEL, "nihongo_news", 240, 47_310, 7_200),
    ("Night Sky Weekly", PeerKind.CHANNEL, "nightsky", 0, 1_204, 86_400),
    ("BotFather", PeerKind.BOT, "BotFather", 0, 312, 172_800),
    ("مجموعة الكتاب", PeerKind.SUPERGROUP, "", 0, 12_067, 259_200),
    ("WG-compiler", PeerKind.FORUM, "wg_compiler", 0, 73_552, 345_600),
    ("Old flatmates", PeerKind.GROUP, "", 0, 2_206, 31_536_000),
    ("Deleted Account", PeerKind.USER, "", 0, 57, 63_072_000),
)


def dialogs(copies: int = 1) -> tuple[Dialog, ...]:
    """Dialogs of every kind, in several scripts; `copies` makes a long list of them."""
    found = []
    for copy, (place, row) in itertools.product(range(copies), enumerate(_DIALOGS)):
        title, kind, username, unread, messages, age = row
        number = copy * len(_DIALOGS) + place
        identity = RUST_CLUB if (copy, title) == (0, "Rust Club") else -1_001_000_000_000 - number
        found.append(
            Dialog(
                Peer(identity, kind, f"{title} {copy}" if copy else title, username=username),
                top_message=messages,
                last_date=int(NOW) - age,
                unread=unread,
                pinned=place < 2 and not copy,
                archived=title == "Old flatmates",
                folders=("Work",) if kind is PeerKind.FORUM else ("News",) if kind is PeerKind.CHANNEL else (),
                message_count=messages,
                exported_to=messages // 2 if title == "Grace Hopper" else messages if title == "WG-compiler" else 0,
            )
        )
    return tuple(found)


def topics() -> tuple[Topic, ...]:
    """A forum's topics."""
    names = [
        ("General", 540_118, False, True),
        ("Announcements", 4_102, True, True),
        ("Async internals", 61_420, False, False),
        ("Beginners", 212_880, False, False),
        ("Embedded", 38_004, False, False),
        ("Macros", 19_771, False, False),
        ("Releases", 2_206, True, False),
        ("Unsafe code guidelines", 88_953, False, False),
        ("Wasm", 47_310, False, False),
        ("Zero-copy parsing", 12_067, False, False),
        ("Zero-copy parsing", 311, False, False),
    ]
    return tuple(
        Topic(
            1 if place == 0 else place * 100,
            title,
            message_count=messages,
            closed=closed,
            pinned=pinned,
            icon_color=7322096,
        )
        for place, (title, messages, closed, pinned) in enumerate(names)
    )


def crowd(client: ScriptedClient, number: int) -> None:
    """Have the service know so many chats, and as many topics in each forum."""
    chats, names = Dialogs(dialogs(number // len(_DIALOGS) + 1)[:number]), Topics(many_topics(number))
    client.answers[ListDialogs] = lambda _: chats
    client.answers[ListTopics] = lambda _: names


def many_topics(number: int) -> tuple[Topic, ...]:
    """So many topics, with names in several scripts."""
    return tuple(
        Topic(place + 2, f"{_DIALOGS[place % len(_DIALOGS)][0]} {place}", message_count=place)
        for place in range(number)
    )


def records() -> tuple[RunRecord, ...]:
    """The journal."""
    day = 86_400
    return (
        RunRecord("r4", "night-archive", "/home/ada/vault", NOW - 9_000, NOW - 8_100, Outcome.COMPLETE, 12_402, 311),
        RunRecord("r3", "family", "/home/ada/family", NOW - day, NOW - day + 62, Outcome.INCOMPLETE, 1_204, 88, 2),
        RunRecord(
            "r2",
            "night-archive",
            "/home/ada/vault",
            NOW - 2 * day,
            NOW - 2 * day + 4_000,
            Outcome.INTERRUPTED,
            512_000,
            4,
        ),
        RunRecord("r1", "", "/home/ada/try", NOW - 40 * day, 0.0, None, 100),
    )


def profile() -> Profile:
    """The profile of the pictured run."""
    target = ChatTarget(RUST_CLUB, "Rust Club")
    return Profile(
        "night-archive", "/home/ada/vault", Targets(chats=(target,)), layout=Layout(timezone="Europe/London")
    )


_CHATS = (
    ("Announcements", 4_102, 1.0, ChatState.DONE, "", 0),
    ("Async internals", 61_420, 0.83, ChatState.FETCHING, "w03", 120),
    ("Beginners", 212_880, 0.41, ChatState.FETCHING, "w01", 540),
    ("Embedded", 38_004, 1.0, ChatState.RENDERING, "r01", 60),
    ("Macros", 19_771, 0.12, ChatState.WAITING, "", -1),
    ("Off-topic", 540_118, 0.67, ChatState.FETCHING, "w05", 360),
    ("Releases", 2_206, 1.0, ChatState.MEDIA, "m01", 180),
    ("Unsafe code guidelines", 88_953, 0.05, ChatState.FETCHING, "w02", 720),
    ("Wasm", 47_310, 0.0, ChatState.QUEUED, "", -1),
    ("Zero-copy parsing", 12_067, 0.0, ChatState.QUEUED, "", -1),
    ("WG-compiler", 73_552, 0.0, ChatState.QUEUED, "", -1),
    ("WG-docs", -1, 0.0, ChatState.FAILED, "", -1),
    *((f"Season {n}", 9_000 + 713 * n, 0.0, ChatState.QUEUED, "", -1) for n in range(1, 15)),
)
_WORKERS = (
    ("w01", WorkerRole.FETCH, WorkerState.BUSY, "Beginners", 1_120, 11.2e6, 38, -1.0, -1, 0, ""),
    ("w02", WorkerRole.FETCH, WorkerState.BUSY, "Unsafe code guidelines", 984, 9.8e6, 61, -1.0, -1, 0, ""),
    ("w03", WorkerRole.FETCH, WorkerState.BUSY, "Async internals", 1_204, 12.9e6, 12, -1.0, -1, 0, ""),
    ("w04", WorkerRole.FETCH, WorkerState.WAITING, "Macros", 0, 0, 90, -1.0, -1, 2, "FLOOD_WAIT_23"),
    ("w05", WorkerRole.FETCH, WorkerState.BUSY, "Off-topic", 1_310, 13.4e6, 44, -1.0, -1, 0, ""),
    ("d01", WorkerRole.DECODE, WorkerState.BUSY, "", 4_618, 47e6, 3, 71.0, 214_000_000, 0, ""),
    ("r01", WorkerRole.RENDER, WorkerState.BUSY, "Embedded", 2_902, 31e6, 7, 98.0, 240_000_000, 0, ""),
    ("m01", WorkerRole.MEDIA, WorkerState.IDLE, "", 0, 0, 0, -1.0, -1, 1, "timeout dc4"),
)


def run_state() -> RunState:
    """A run in full flight, as UX has it."""
    chats = tuple(
        ChatProgress(
            RUST_CLUB,
            title,
            topic=place + 1,
            state=state,
            messages=int(max(0, total) * share),
            messages_total=total,
            messages_new=int(max(0, total) * share),
            rendered=int(max(0, total) * share) if state in (ChatState.DONE, ChatState.MEDIA) else 0,
            fetched=share,
            worker=worker,
            eta_s=left,
            wait_until=NOW + 23 if state is ChatState.WAITING else 0.0,
            error="Telegram refused this topic: CHANNEL_PRIVATE." if state is ChatState.FAILED else "",
        )
        for place, (title, total, share, state, worker, left) in enumerate(_CHATS)
    )
    workers = tuple(
        WorkerRow(i, role, state, target, 0, rate, data, queue, int(rate * 900), cpu, rss, retries, NOW + 23, error)
        for i, role, state, target, rate, data, queue, cpu, rss, retries, error in _WORKERS
    )
    return RunState(
        run_id="r5",
        profile=profile(),
        output="/home/ada/vault",
        phase=RunPhase.RUNNING,
        started_at=NOW - 2_537,
        totals=Totals(
            messages=1_284_310,
            messages_new=1_284_310,
            messages_total=2_031_448,
            rendered=1_180_000,
            files=511,
            files_total=2_411,
            bytes=1_900_000_000,
            bytes_total=8_400_000_000,
            chats_done=1,
            chats_total=26,
            fetched=0.63,
            elapsed_s=2_537,
            messages_rate=7_640,
            bytes_rate=88e6,
            eta_s=840,
            requests=12_900,
            flood_waits=1,
            flood_seconds=23,
            retries=3,
            errors=1,
        ),
        chats=chats,
        workers=workers,
        resources=Resources(
            at=NOW,
            cpu_percent=61,
            cpu_count=16,
            memory_used=28_100_000_000,
            memory_total=64_000_000_000,
            own_memory=1_240_000_000,
            own_cpu_percent=410,
            disk_free=18_000_000_000,
            disk_total=200_000_000_000,
            net_in=88e6,
            gpus=(GpuReading("GPU", 92.0, 61_000_000_000, 78_000_000_000, 71),),
        ),
        alerts=(
            Alert("disk", Level.WARNING, "The disk is 91 % full: 18 GB left.", NOW - 60),
            Alert("flood", Level.WARNING, "Macros: Telegram asked for a pause of 23 s.", NOW - 120),
            Alert("docs", Level.ERROR, "WG-docs: CHANNEL_PRIVATE", NOW - 1_200, acknowledged=True),
            Alert("session", Level.INFO, "Resumed where the last run ended.", NOW - 2_200, resolved=True),
        ),
        log=tuple(
            LogLine(NOW - age, level, text)
            for age, level, text in (
                (40, Level.DEBUG, "ping 38 ms"),
                (9, Level.INFO, "m01 stored voice_4411.ogg, 38 s"),
                (6, Level.WARNING, "w04 FLOOD_WAIT_23: range handed to w02"),
                (5, Level.INFO, "w03 Async internals: 100 messages from 4 812 330"),
                (4, Level.INFO, "w05 Off-topic: 100 messages from 9 120 774"),
            )
        ),
        failures=(
            Failure(
                RUST_CLUB,
                "chat",
                "Telegram refused this topic: CHANNEL_PRIVATE.",
                ErrorCode.CHAT_UNAVAILABLE,
                title="WG-docs",
            ),
        ),
        rate_history=tuple(5_000 + 900 * ((n * 7) % 5) for n in range(60)),
        dc=2,
        latency_ms=38,
        link=LinkFigures(
            connections=(
                ConnectionRow("main01", 2, ConnectionState.OPEN, 12_900, 5, 38.0, 151.0),
                ConnectionRow("files02", 4, ConnectionState.CONNECTING, 511, 1, 44.0, 60.0, 1),
            ),
            window=32,
            in_flight=5,
            rates={"messages.getHistory": 19.6},
        ),
        takeout=True,
    )


def delayed_run() -> RunState:
    """A run that waits for Telegram to let it begin."""
    return RunState(
        run_id="r6",
        profile=profile(),
        output="/home/ada/vault",
        started_at=NOW - 12,
        totals=Totals(elapsed_s=12),
        takeout_delay=TakeoutDelay(until=NOW + 79_200, next_try=NOW + 18),
        alerts=(Alert("takeout", Level.WARNING, "Telegram lets this device export in 22 hours.", NOW - 12),),
        dc=2,
        latency_ms=38,
    )


def finished_run() -> RunState:
    """The same run at its end."""
    run = run_state()
    chats = tuple(
        row
        if row.state is ChatState.FAILED
        else msgspec.structs.replace(
            row,
            state=ChatState.DONE,
            fetched=1.0,
            messages=row.messages_total,
            messages_new=row.messages_total * 3 // 5,
            rendered=row.messages_total,
            media=95 if row.title == "Async internals" else 96,
            media_total=96,
        )
        for row in run.chats
    )
    failures = (
        *run.failures,
        Failure(RUST_CLUB, "file", "Telegram no longer has this file.", message_id=4_812_330, title="Async internals"),
    )
    totals = msgspec.structs.replace(
        run.totals,
        messages=sum(row.messages for row in chats),
        messages_new=sum(row.messages_new for row in chats),
        messages_total=sum(row.messages for row in chats),
        rendered=sum(row.rendered for row in chats),
        files=sum(row.media for row in chats),
        files_total=sum(row.media_total for row in chats),
        bytes=8_390_000_000,
        chats_done=25,
        fetched=1.0,
        elapsed_s=4_211,
        eta_s=0,
        notes=1_911,
        errors=2,
        bytes_saved=412_000_000,
        files_reused=61,
    )
    return msgspec.structs.replace(
        run,
        phase=RunPhase.FINISHED,
        outcome=Outcome.INCOMPLETE,
        finished_at=NOW - 10,
        totals=totals,
        chats=chats,
        failures=failures,
        message="",
    )
