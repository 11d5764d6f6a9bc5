"""The account desk: connects to Telegram and walks a person through signing in, one `AccountState` after another."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec
from loguru import logger

from tobs_tui.config.credentials import Credentials, check_credentials
from tobs_tui.config.paths import Paths
from tobs_tui.config.sealing import Holder
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.server import ServerAddress
from tobs_tui.monitor.clock import now
from tobs_tui.service.lockbox import Lockbox
from tobs_tui.service.protocol import AccountPhase, AccountState
from tobs_tui.telegram.link import (
    ConnectionLost,
    ConnectionRestored,
    LinkEvent,
    SessionEnded,
    SignInOutcome,
    SignInStep,
    TelegramLink,
)
from tobs_tui.telegram.session import Session

FIRST_RETRY_S = 2.0
LONGEST_RETRY_S = 30.0
_LOCKED = (ErrorCode.PASSPHRASE_NEEDED, ErrorCode.PASSPHRASE_WRONG, ErrorCode.KEYRING_UNAVAILABLE)


class DemoLogin(msgspec.Struct, frozen=True):
    """What the sandbox accepts, shown on the sign-in screen of a demo."""

    phone: str = ""
    code: str = ""
    password: str = ""


class AccountDesk:
    """Owns the `TelegramLink` and the account's state; `publish` hears of every change."""

    def __init__(
        self,
        paths: Paths,
        server: ServerAddress | None,
        publish: Callable[[AccountState], None],
        on_link_event: Callable[[LinkEvent], None],
        demo: DemoLogin | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._paths = paths
        self._server = server
        self._publish = publish
        self._forward = on_link_event
        self._demo = demo or DemoLogin()
        self._is_demo = demo is not None
        self._box = Lockbox(paths, os.environ if environ is None else environ)
        self._link: TelegramLink | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._qr_task: asyncio.Task[None] | None = None
        self._connect_lock = asyncio.Lock()
        self._retry_now = asyncio.Event()
        self.state = self._fresh(AccountPhase.CONNECTING)

    def _fresh(self, phase: AccountPhase, **fields: Any) -> AccountState:
        demo = self._demo
        return AccountState(
            phase,
            demo_phone=demo.phone,
            demo_code=demo.code,
            demo_password=demo.password,
            protected=self._box.holder,
            **fields,
        )

    def _set(self, state: AccountState) -> None:
        self.state = state
        self._publish(state)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- the connection -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin connecting in the background, again and again until it works or credentials are missing."""
        self._spawn(self._connect_until_reached())

    async def close(self) -> None:
        """End background work and the connection; the session stays signed in."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link is not None:
            await self._link.disconnect()
        session = self._box.session
        if session is not None and not session.data.self_id:  # keys that nobody has signed in with are worth nothing
            session.forget_account()
            session.save()

    def signed_in_link(self) -> TelegramLink:
        """The link to work through. Raises `TobsError` NOT_SIGNED_IN or SERVER_UNREACHABLE."""
        self._refuse_locked()
        if self._link is None or self.state.phase is not AccountPhase.SIGNED_IN:
            if self.state.phase is AccountPhase.UNREACHABLE:
                raise TobsError(ErrorCode.SERVER_UNREACHABLE, self.state.problem, "Trying again goes on by itself.")
            raise TobsError(ErrorCode.NOT_SIGNED_IN, "No account is signed in.", "Run tobs and sign in first.")
        return self._link

    def clear_cache(self) -> None:
        """Forget what was cached of the account."""
        if self._link is not None:
            self._link.cache.clear()

    def _refuse_locked(self) -> None:
        if self.state.phase is AccountPhase.LOCKED:
            raise TobsError(
                ErrorCode.PASSPHRASE_NEEDED,
                self.state.problem or "The session is locked with a passphrase.",
                "Run tobs and type it, or see tobs --help for --passphrase-file.",
            )

    def _link_or_refuse(self) -> TelegramLink:
        self._refuse_locked()
        if self._link is None:
            if self.state.phase is AccountPhase.NEEDS_CREDENTIALS:
                raise TobsError(
                    ErrorCode.API_CREDENTIALS_INVALID,
                    "An api id and hash are needed first.",
                    "Get them from my.telegram.org.",
                    field="api_id",
                )
            raise TobsError(ErrorCode.SERVER_UNREACHABLE, self.state.problem or "Telegram is not reached yet.")
        return self._link

    def reconnect(self) -> None:
        """Try again now instead of at the next scheduled moment; also whether the keyring has been unlocked."""
        self._retry_now.set()
        if self.state.phase is AccountPhase.LOCKED:
            self.start()

    async def _connect_until_reached(self) -> None:
        delay = FIRST_RETRY_S
        async with self._connect_lock:
            while self._link is None:
                try:
                    session = await self._box.open()
                    credentials = Credentials(api_id=1, api_hash="demo") if self._is_demo else self._box.credentials()
                    if credentials is None:
                        self._set(self._fresh(AccountPhase.NEEDS_CREDENTIALS))
                        return
                    await self._connect_once(session, credentials)
                except TobsError as error:
                    if error.code in _LOCKED:
                        problem = "" if error.code is ErrorCode.PASSPHRASE_NEEDED else str(error)
                        self._set(self._fresh(AccountPhase.LOCKED, problem=problem))
                        return
                    if error.code is not ErrorCode.SERVER_UNREACHABLE:
                        self._set(self._fresh(_phase_after(error), problem=str(error)))
                        logger.error("connecting failed for good: {}", error)
                        return
                    self._set(self._fresh(AccountPhase.UNREACHABLE, problem=error.sentence))
                    self._retry_now.clear()
                    with contextlib.suppress(TimeoutError):  # nobody asked for it sooner
                        await asyncio.wait_for(self._retry_now.wait(), delay)
                    delay = min(delay * 2, LONGEST_RETRY_S)
                    self._set(self._fresh(AccountPhase.CONNECTING))

    async def _connect_once(self, session: Session, credentials: Credentials) -> None:
        link = TelegramLink(
            session=session,
            api_id=credentials.api_id,
            api_hash=credentials.api_hash,
            server=self._server,
            on_event=self._on_link_event,
            cache_dir=self._paths.cache_dir,
        )
        try:
            await link.connect()
            authorized = await link.is_authorized()
        except BaseException:
            await link.disconnect()
            raise
        if self._box.session is not session:  # it was forgotten meanwhile
            await link.disconnect()
            return
        self._link = link
        if authorized:
            await self._signed_in()
        else:
            self._set(self._fresh(AccountPhase.SIGNED_OUT, dc=link.dc))

    def _on_link_event(self, event: LinkEvent) -> None:
        if isinstance(event, SessionEnded):
            self._set(self._fresh(AccountPhase.SIGNED_OUT, problem=f"{event.sentence} {event.way_on}"))
        elif isinstance(event, ConnectionLost | ConnectionRestored) and self.state.phase is AccountPhase.SIGNED_IN:
            problem = event.reason if isinstance(event, ConnectionLost) else ""
            self._set(msgspec.structs.replace(self.state, problem=problem))
        self._forward(event)

    async def _signed_in(self) -> None:
        link = self._link_or_refuse()
        me = link.account()
        self._set(self._fresh(AccountPhase.SIGNED_IN, name=me.title, phone=me.phone, user_id=me.id, dc=link.dc))

    # --- the passphrase -------------------------------------------------------------------------------------------

    async def unlock(self, passphrase: str) -> None:
        """Open the encrypted session and connect. Raises `TobsError` PASSPHRASE_WRONG with field ``passphrase``."""
        if self.state.phase is AccountPhase.LOCKED:
            await self._box.unlock(passphrase)
            if self.state.phase is AccountPhase.LOCKED:  # else another client was quicker
                self._set(self._fresh(AccountPhase.CONNECTING))
                self.start()

    async def protect(self, new: str, old: str, *, in_keyring: bool) -> None:
        """Encrypt the session from now on. Raises `TobsError` as `Lockbox.protect`."""
        await self._box.open()
        await self._box.protect(new, old, Holder.KEYRING if in_keyring else Holder.PERSON)
        self._set(msgspec.structs.replace(self.state, protected=self._box.holder))

    async def unprotect(self, old: str) -> None:
        """Keep the session in clear from now on. Raises `TobsError` as `Lockbox.unprotect`."""
        await self._box.open()
        await self._box.unprotect(old)
        self._set(msgspec.structs.replace(self.state, protected=None))

    async def forget_session(self) -> None:
        """Remove the session from this machine without telling Telegram."""
        self._leave_qr()
        link, self._link = self._link, None
        await self._box.forget()
        if link is not None:
            link.cache.clear()
            await link.disconnect()
        self._set(self._fresh(AccountPhase.CONNECTING))
        self.start()

    # --- signing in -----------------------------------------------------------------------------------------------

    async def set_credentials(self, api_id: int, api_hash: str) -> None:
        """Keep api id and hash, and connect with them. Raises `TobsError` API_CREDENTIALS_INVALID when malformed."""
        self._refuse_locked()
        self._box.keep_credentials(check_credentials(str(api_id), api_hash))
        if self._link is not None:
            await self._link.disconnect()
            self._link = None
        self._set(self._fresh(AccountPhase.CONNECTING))
        self.start()

    async def send_code(self, phone: str) -> None:
        """Ask for a login code. Raises `TobsError` with field ``phone``."""
        self._leave_qr()
        sent = await self._link_or_refuse().send_code(phone)
        self._set(self._fresh(AccountPhase.CODE_SENT, phone=phone, code_via=sent.via, resend_at=now() + sent.resend_in))

    async def resend_code(self) -> None:
        """Ask for the code by the next way. Raises `TobsError`."""
        sent = await self._link_or_refuse().resend_code()
        self._set(msgspec.structs.replace(self.state, code_via=sent.via, resend_at=now() + sent.resend_in))

    async def submit_code(self, code: str) -> None:
        """Sign in with the code; SIGNED_IN or PASSWORD_NEEDED follows. Raises `TobsError` with field ``code``."""
        await self._after(await self._link_or_refuse().submit_code(code))

    async def submit_password(self, password: str) -> None:
        """Sign in with the 2FA password. Raises `TobsError` with field ``password``."""
        await self._after(await self._link_or_refuse().submit_password(password))

    async def start_qr(self) -> None:
        """Show a login link for another device to scan; it is renewed until used or left."""
        self._leave_qr()
        token = await self._link_or_refuse().start_qr()
        self._set(self._fresh(AccountPhase.QR_SHOWN, qr_url=token.url, qr_expires=token.expires))
        self._qr_task = self._spawn(self._wait_for_scan())

    async def _wait_for_scan(self) -> None:
        link = self._link_or_refuse()
        while True:
            try:
                step = await link.wait_qr()
            except TobsError as error:
                if error.code is not ErrorCode.CODE_EXPIRED:
                    self._set(self._fresh(AccountPhase.SIGNED_OUT, problem=str(error)))
                    return
                try:
                    token = await link.start_qr()
                except TobsError as renewal:
                    self._set(self._fresh(AccountPhase.SIGNED_OUT, problem=str(renewal)))
                    return
                self._set(self._fresh(AccountPhase.QR_SHOWN, qr_url=token.url, qr_expires=token.expires))
                continue
            self._qr_task = None
            await self._after(step)
            return

    def _leave_qr(self) -> None:
        if self._qr_task is not None:
            self._qr_task.cancel()
            self._qr_task = None

    async def _after(self, outcome: SignInOutcome) -> None:
        if outcome.step is SignInStep.PASSWORD_NEEDED:
            self._set(self._fresh(AccountPhase.PASSWORD_NEEDED, phone=self.state.phone, password_hint=outcome.hint))
        else:
            await self._signed_in()

    def back_to_phone(self) -> None:
        """Leave the step at hand; a no-op when signed in."""
        self._leave_qr()
        if self.state.phase in (AccountPhase.CODE_SENT, AccountPhase.PASSWORD_NEEDED, AccountPhase.QR_SHOWN):
            self._set(self._fresh(AccountPhase.SIGNED_OUT))

    async def sign_out(self) -> None:
        """Revoke the session at Telegram and forget it here. Raises `TobsError` when Telegram can't be told."""
        await self.signed_in_link().sign_out()
        await self._link_or_refuse().disconnect()
        self._link = None
        self._set(self._fresh(AccountPhase.CONNECTING))
        self.start()


def _phase_after(error: TobsError) -> AccountPhase:
    """Where the desk stands when connecting failed for a reason that trying again does not mend."""
    unusable = error.code in (ErrorCode.API_CREDENTIALS_INVALID, ErrorCode.BAD_PROFILE)
    return AccountPhase.NEEDS_CREDENTIALS if unusable else AccountPhase.SIGNED_OUT
