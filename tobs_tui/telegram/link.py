"""The link to Telegram: what the rest of the program may ask of it, in one place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tobs_tui.cache.spaces import AccountCache
from tobs_tui.model.intervals import Interval
from tobs_tui.model.media import File, FilePart
from tobs_tui.model.peers import ChatFacts, Dialog, Peer, Topic
from tobs_tui.model.profile import Backoff, MediaKind
from tobs_tui.model.run import LinkFigures
from tobs_tui.model.server import ServerAddress
from tobs_tui.telegram.cdn import FileHash
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.counting import Counting, Place, Sample
from tobs_tui.telegram.dialogs import Dialogs
from tobs_tui.telegram.events import (
    ConnectionLost,
    ConnectionRestored,
    LinkEvent,
    Retrying,
    SessionEnded,
    WaitEnded,
    WaitStarted,
)
from tobs_tui.telegram.files import Files
from tobs_tui.telegram.history import History
from tobs_tui.telegram.limiter import unreachable
from tobs_tui.telegram.refusals import FileReferenceExpired, FileUnavailable, Refusal, error_of
from tobs_tui.telegram.resolve import Resolver
from tobs_tui.telegram.session import Session
from tobs_tui.telegram.sign_in import CodeSent, QrToken, SignIn, SignInOutcome, SignInStep
from tobs_tui.telegram.takeout import Takeout
from tobs_tui.telegram.tally import LinkStats
from tobs_tui.telegram.updates import ChannelChanges, Updates

__all__ = [
    "ChatFacts",
    "CodeSent",
    "ConnectionLost",
    "ConnectionRestored",
    "FileHash",
    "FileReferenceExpired",
    "FileUnavailable",
    "LinkEvent",
    "LinkStats",
    "Place",
    "QrToken",
    "Retrying",
    "Sample",
    "SessionEnded",
    "SignInOutcome",
    "SignInStep",
    "TelegramLink",
    "WaitEnded",
    "WaitStarted",
]

SAVE_EVERY_S = 30.0


class TelegramLink:
    """One account's link. All failures are TobsErrors, except where a method names others.

    Requests of a run (pages, counts, files, takeout) wait as long as Telegram asks and for ever for the network;
    what a person waits for gives up after seconds. `on_event` is called in the event loop and must not block.
    """

    def __init__(
        self,
        *,
        session: Session,
        api_id: int,
        api_hash: str,
        server: ServerAddress | None = None,
        connections: int = 1,
        on_event: Callable[[LinkEvent], None] = lambda _: None,
        cache_dir: Path | None = None,
    ) -> None:
        """`server` is a Telegram-compatible server, None for Telegram itself."""
        self._core = Core(
            session,
            api_id=api_id,
            api_hash=api_hash,
            server=server,
            connections=connections,
            on_event=on_event,
            cache_dir=cache_dir,
        )
        self._core.open_cache()
        self._sign_in = SignIn(self._core)
        self._takeout = Takeout(self._core)
        self._history = History(self._core, self._takeout)
        self._dialogs = Dialogs(self._core, self._history)
        self._counting = Counting(self._core, self._takeout)
        self._resolver = Resolver(self._core, self._dialogs)
        self._updates = Updates(self._core)
        self._files = Files(self._core, self._takeout, self._history)
        self._saved_at = time.monotonic()

    # The connection

    async def connect(self) -> None:
        """Reach Telegram. TobsError SERVER_UNREACHABLE, or API_CREDENTIALS_INVALID."""
        for last in (False, True):
            try:
                await self._core.network.open()
            except Refusal as refusal:
                if not refusal.ends_session:
                    raise error_of(refusal) from refusal
                error = await self._core.end_session(refusal)
                if last:
                    raise error from refusal
            except (OSError, TimeoutError) as failure:
                raise unreachable(failure) from failure
            else:
                break
        self._core.session.save()

    async def disconnect(self) -> None:
        """Cut every connection and save the session. The session stays signed in."""
        self._core.session.save()
        await asyncio.to_thread(self._core.cache.close)
        await self._core.network.close()

    @property
    def cache(self) -> AccountCache:
        """What the account has learned before."""
        return self._core.cache

    def set_connections(self, count: int) -> None:
        """Spread requests over `count` connections to the account's data centre."""
        self._core.network.set_connections(count)

    def set_limits(self, *, window: int, backoff: Backoff) -> None:
        """Have at most `window` requests in flight, file parts apart; and say how waits between attempts grow."""
        self._core.limiter.backoff = self._core.network.backoff = backoff
        self._core.limiter.windows[0].limit(window)

    @property
    def dc(self) -> int:
        """The account's data centre."""
        return self._core.network.dc

    @property
    def latency_ms(self) -> float:
        """Milliseconds from a ping to its answer, -1 while unknown."""
        return self._core.network.latency_ms

    def figures(self) -> LinkFigures:
        """The connections as they stand now, the window over them, and the rates that Telegram was found to allow."""
        core = self._core
        window = core.limiter.windows[0]
        return LinkFigures(
            connections=core.network.figures(),
            window=window.size,
            in_flight=window.in_flight,
            rates={method: round(rate, 2) for method, rate in core.limiter.rates().items()},
        )

    @property
    def stats(self) -> LinkStats:
        """Counters since the link was made."""
        return self._core.stats

    # Signing in

    async def is_authorized(self) -> bool:
        """Whether this session belongs to a signed-in account."""
        return await self._sign_in.is_authorized()

    def account(self) -> Peer:
        """The account as last seen, without asking. TobsError NOT_SIGNED_IN when nobody is signed in."""
        return self._core.account()

    async def me(self) -> Peer:
        """The account itself."""
        return await self._sign_in.me()

    async def send_code(self, phone: str) -> CodeSent:
        """Ask Telegram to send a login code to a phone number."""
        return await self._sign_in.send_code(phone)

    async def resend_code(self) -> CodeSent:
        """Ask for the code again, by the next way."""
        return await self._sign_in.resend_code()

    async def submit_code(self, code: str) -> SignInOutcome:
        """Sign in with the code."""
        return await self._sign_in.submit_code(code)

    async def submit_password(self, password: str) -> SignInOutcome:
        """Sign in with the two-step verification password."""
        return await self._sign_in.submit_password(password)

    async def start_qr(self) -> QrToken:
        """A login link to show as a QR code."""
        return await self._sign_in.start_qr()

    async def wait_qr(self) -> SignInOutcome:
        """Wait until the QR code was accepted on another device. TobsError CODE_EXPIRED when it was not in time."""
        return await self._sign_in.wait_qr()

    async def sign_out(self) -> None:
        """End the session at Telegram and forget it here."""
        self._takeout.detach()
        await self._sign_in.sign_out()

    # Chats

    async def dialogs(self, *, folders: bool = True) -> list[Dialog]:
        """Every dialog: pinned first, then the newest, then the archived ones; with the names of their `folders`."""
        return await self._dialogs.all(folders=folders)

    def known_dialogs(self) -> list[Dialog]:
        """The dialogs as they were listed last, by this link or an earlier one; empty when they never were."""
        return self._dialogs.known()

    def known_topics(self, chat: int) -> list[Topic]:
        """A forum's topics as they were listed last; empty when they never were."""
        return self._dialogs.known_topics(chat)

    async def message_count(self, chat: int, topic: int = 0) -> int:
        """How many messages Telegram counts in a chat, or in one topic of a forum."""
        return await self._dialogs.message_count(chat, topic)

    async def chat_facts(self, chat: int, newest: int = 0) -> ChatFacts:
        """What Telegram tells of one chat, or told lately when its newest message was the one with the id `newest`."""
        return await self._dialogs.facts(chat, newest)

    async def topics(self, chat: int) -> list[Topic]:
        """Every topic of a forum: pinned first, then by last activity."""
        return await self._dialogs.topics(chat)

    async def resolve(self, text: str) -> Dialog:
        """One chat by id, @name, t.me link, invite link or exact title. TobsError CHAT_NOT_FOUND."""
        return await self._resolver.find(text)

    async def resolve_sender(self, text: str) -> Peer:
        """Who a filter by sender means: an id, @name, link, or the exact name of somebody seen before. TobsError
        CHAT_NOT_FOUND."""
        return await self._resolver.sender(text)

    def remember_peers(self, peers: Iterable[Peer]) -> None:
        """Keep peers that were seen in pages. The session has the chats, the cache those who write in them."""
        known, cache = self._core.session.data.peers, self._core.cache.peers
        chats: list[Peer] = []
        for peer in peers:
            if peer.id in known:
                chats.append(peer)
                continue
            before = cache.peek(peer.id)
            if before != peer and not (peer.min and before is not None and not before.min):
                cache.put(peer.id, peer)
        if self._core.session.remember(chats) and time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self._saved_at = time.monotonic()
            self._core.session.save()

    def peer(self, chat: int) -> Peer | None:
        """The peer of a marked id as last seen."""
        return self._core.peer(chat)

    async def old_half(self, chat: int) -> int:
        """The marked id of the basic group that a supergroup grew out of; 0 = none. Patience as in `place`."""
        return await self._dialogs.origin(chat)

    # Takeout

    async def begin_takeout(self, *, files: bool) -> None:
        """Export through a takeout session: the stored one, or a new one. TobsError TAKEOUT_DELAYED with `wait_s`."""
        await self._takeout.begin(files=files)

    async def end_takeout(self, success: bool) -> None:
        """Tell Telegram that the export is over, and how."""
        await self._takeout.end(success=success)

    @property
    def takeout_active(self) -> bool:
        """Whether requests go through a takeout session."""
        return self._takeout.active

    async def splits(self) -> list[Interval]:
        """The takeout's ranges of message ids, ascending; one that holds all of them outside a takeout."""
        return list(self._takeout.ranges)

    # Messages

    async def history_page(
        self, chat: int, *, offset_id: int, add_offset: int = -100, limit: int = 100, topic: int = 0, split: int = -1
    ) -> bytes:
        """One undecoded page, newest message first: by default the 100 oldest messages with id >= offset_id.

        An empty page means that there is nothing more. `split` is an index into `splits()`; -1 finds the right one.
        """
        return await self._history.page(
            chat, offset_id=offset_id, add_offset=add_offset, limit=limit, topic=topic, split=split
        )

    async def messages_by_id(self, chat: int, ids: Sequence[int]) -> bytes:
        """The undecoded messages with these ids, at most 100 at once."""
        return await self._history.by_id(chat, ids)

    async def rich_message(self, chat: int, message_id: int) -> bytes:
        """The undecoded answer that holds a rich message in full, of which pages have only a part."""
        return await self._history.rich_message(chat, message_id)

    async def place(
        self, chat: int, *, before_id: int = 0, before_date: int = 0, back: int = 0, scope: int = 0
    ) -> Place:
        """The newest message below an id or before a date (0 = of all), or the one `back` messages before it.

        `scope` as in `peers.own_scope`. Not waited for longer than a person would.
        """
        return await self._counting.place(chat, before_id=before_id, before_date=before_date, back=back, scope=scope)

    async def file_counts(self, chat: int, kinds: Sequence[MediaKind], topic: int = 0) -> dict[MediaKind, int]:
        """How many messages carry each kind of file, as far as Telegram counts them. Patience as in `place`."""
        return await self._counting.file_counts(chat, kinds, topic)

    async def sample(
        self, chat: int, kind: MediaKind, *, before_id: int = 0, scope: int = 0, limit: int = 100
    ) -> Sample:
        """The newest messages with a kind of file, below an id (0 = of all). Patience as in `place`."""
        return await self._counting.sample(chat, kind, before_id=before_id, scope=scope, limit=limit)

    async def id_at_date(self, chat: int, date: int, topic: int = 0) -> int:
        """The newest message's id strictly before `date` (seconds since the epoch); 0 if there is none."""
        return await self._history.id_at_date(chat, date, topic)

    async def channel_changes(self, chat: int, pts: int) -> ChannelChanges:
        """What happened in a channel or supergroup since its number was `pts`, or the first part of it."""
        return await self._updates.channel_changes(chat, pts)

    # Files

    async def file_part(self, file: File, offset: int, limit: int) -> FilePart:
        """`limit` bytes of a file from `offset`. Raises `FileReferenceExpired` and `FileUnavailable` too."""
        return await self._files.part(file, offset, limit)

    async def file_hashes(self, file: File, offset: int) -> list[FileHash]:
        """The hashes that Telegram has of the parts from `offset` on. Raises as `file_part`."""
        return await self._files.hashes(file, offset)

    async def refresh_file(self, chat: int, message_id: int, file: File) -> File:
        """The same file with a fresh reference, from the message that carries it. Raises `FileUnavailable` too."""
        return await self._files.refresh(chat, message_id, file)
