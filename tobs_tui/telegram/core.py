"""What every part of a link works through: one way to send a request, with its waits, retries and the session's end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from telethon.tl import TLRequest, types
from telethon.tl.functions import InvokeWithMessagesRangeRequest, InvokeWithTakeoutRequest

from tobs_tui.cache.spaces import AccountCache
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.intervals import Interval
from tobs_tui.model.peers import CHANNEL_MARK, Peer, PeerKind, bare_id, is_channel_id
from tobs_tui.model.server import ServerAddress
from tobs_tui.telegram.events import ConnectionRestored, LinkEvent, SessionEnded
from tobs_tui.telegram.limiter import Limiter, Patience
from tobs_tui.telegram.line import Envelope, without_updates
from tobs_tui.telegram.network import Network
from tobs_tui.telegram.refusals import Refusal, error_of, session_end
from tobs_tui.telegram.session import Session
from tobs_tui.telegram.tally import LinkStats, method_name

CACHE_FILE = "cache.db"
_UNKNOWN_PEER = frozenset({"PEER_ID_INVALID", "CHANNEL_INVALID", "USER_ID_INVALID"})


class Core:
    """Session, network and limiter of one account."""

    def __init__(
        self,
        session: Session,
        *,
        api_id: int,
        api_hash: str,
        server: ServerAddress | None,
        connections: int,
        on_event: Callable[[LinkEvent], None],
        cache_dir: Path | None = None,
    ) -> None:
        """What is cached is kept in a folder of the account's own below `cache_dir` (None: in memory only)."""
        self.session = session
        self.cache = AccountCache()
        self._cache_dir = cache_dir
        self.api_id = api_id
        self.api_hash = api_hash
        self.stats = LinkStats()
        self.on_event = on_event
        self.limiter = Limiter(on_event, self.stats)
        self.login_token_used = asyncio.Event()
        self.network = Network(
            session,
            api_id=api_id,
            server=server,
            connections=connections,
            stats=self.stats,
            on_event=self._hear,
            on_update=self._on_update,
        )

    async def call(
        self,
        query: TLRequest,
        *,
        patience: Patience = Patience.PERSON,
        raw: bool = False,
        chat: int = 0,
        takeout: int = 0,
        part: Interval | None = None,
        signed_in: bool = True,
    ) -> Any:
        """Telegram's answer to `query`: TL objects, or with `raw` the undecoded bytes.

        `takeout` is the id of the takeout session to ask within (0 = outside), `part` the range of the split history.
        Raises `Refusal` for errors that a caller may know better about, and TobsError for a session that is over, a
        server that cannot be reached, and waits beyond the patience.
        """
        wrapped = query
        if part is not None:
            wrapped = InvokeWithMessagesRangeRequest(types.MessageRange(part.lo, part.hi), wrapped)
        if takeout:
            wrapped = InvokeWithTakeoutRequest(takeout, wrapped)
        if signed_in:
            wrapped = without_updates(wrapped)
        envelope = Envelope(query, wrapped, raw=raw)
        method = method_name(type(query))
        account = self.session.data.self_id

        def attempt() -> Awaitable[Any]:
            if account:  # for whom it is asked; by now the session may have ended
                self.network.require_account()
            return self.network.main_line().send(envelope)

        for _ in range(2):
            try:
                return await self.limiter.run(method, attempt, patience=patience, chat=chat)
            except Refusal as refusal:
                if not refusal.ends_session:
                    self._doubt(query, refusal)
                    raise
                fresh = refusal.spoils_key and not self.session.data.self_id
                error = await self.end_session(refusal, account)
                if not fresh:
                    raise error from refusal
        raise error

    async def ask(self, query: TLRequest, **options: Any) -> Any:
        """As `call`, with every refusal turned into a TobsError."""
        try:
            return await self.call(query, **options)
        except Refusal as refusal:
            raise error_of(refusal, method=method_name(type(query))) from refusal

    async def end_session(self, refusal: Refusal, account: int = 0) -> TobsError:
        """Forget the account if anybody was signed in; gives the error to raise. `account` was when it was asked."""
        if not self.session.data.self_id:
            if account:  # another request that was under way has heard of it before
                return session_end(refusal.name)
            if refusal.spoils_key:
                self.session.forget_account()
                await self.network.close()
            elif refusal.name.startswith("USER_DEACTIVATED"):
                return TobsError(ErrorCode.PHONE_BANNED, session_end(refusal.name).sentence, field="phone")
            return TobsError(ErrorCode.NOT_SIGNED_IN, "No account is signed in.", "Sign in first.")
        error = session_end(refusal.name)
        self.network.bar()  # nothing more is asked, whoever was about to
        self.session.forget_account()
        self.session.save()
        self.on_event(SessionEnded(error.sentence, error.way_on))  # before others find out that nobody is signed in
        await self.network.close()
        return error

    def open_cache(self) -> None:
        """Use the cache of whoever is signed in; nobody's when nobody is."""
        if not self.session.data.self_id:
            self.cache.close()
        elif self._cache_dir is not None:
            self.cache.open(self._cache_dir / str(self.session.data.self_id) / CACHE_FILE)

    def _doubt(self, query: TLRequest, refusal: Refusal) -> None:
        """Forget the peers of a request that Telegram does not know: their access hashes are not good any more."""
        if refusal.name not in _UNKNOWN_PEER:
            return
        for field in (getattr(query, "peer", None), getattr(query, "channel", None), getattr(query, "id", None)):
            for peer in field if isinstance(field, list) else [field]:
                key = getattr(peer, "user_id", 0) or CHANNEL_MARK - getattr(peer, "channel_id", CHANNEL_MARK)
                if key:
                    self.session.data.peers.pop(key, None)
                    self.cache.peers.forget(key)

    def account(self) -> Peer:
        """The signed-in account as last seen. TobsError NOT_SIGNED_IN."""
        peer = self.peer(self.session.data.self_id)
        if peer is None:
            raise TobsError(ErrorCode.NOT_SIGNED_IN, "No account is signed in.", "Sign in first.")
        return peer

    def input_peer(self, chat: int) -> Any:
        """The TL `InputPeer` of a marked id.

        TobsError CHAT_NOT_FOUND when its access hash was never seen, NOT_SIGNED_IN when nobody is signed in (any more).
        """
        if not self.session.data.self_id:
            raise TobsError(ErrorCode.NOT_SIGNED_IN, "No account is signed in.", "Sign in first.")
        if chat < 0 and not is_channel_id(chat):
            return types.InputPeerChat(-chat)
        if chat and chat == self.session.data.self_id:
            return types.InputPeerSelf()
        peer = self.peer(chat)
        if peer is None or (not peer.access_hash and peer.kind is not PeerKind.SAVED):
            raise TobsError(
                ErrorCode.CHAT_NOT_FOUND,
                f"The chat {chat} is not among the chats of this account.",
                "Refresh the list of chats, or name it by its @name.",
            )
        kind = types.InputPeerChannel if is_channel_id(chat) else types.InputPeerUser
        return kind(bare_id(chat), peer.access_hash)

    def input_channel(self, chat: int) -> Any:
        """The TL `InputChannel` of a marked channel id. TobsError as `input_peer`."""
        peer = self.input_peer(chat)
        return types.InputChannel(peer.channel_id, peer.access_hash)

    def peer(self, chat: int) -> Peer | None:
        """The peer of a marked id as last seen: among the chats, else among those that messages have shown."""
        return self.session.data.peers.get(chat) or self.cache.peers.get(chat)

    def _hear(self, event: LinkEvent) -> None:
        """Pass on what the network tells."""
        if isinstance(event, ConnectionRestored):
            self.limiter.wake()
        self.on_event(event)

    def _on_update(self, update: Any) -> None:
        """The only update that is waited for: a login token was accepted on another device."""
        if isinstance(getattr(update, "update", None), types.UpdateLoginToken):
            self.login_token_used.set()
