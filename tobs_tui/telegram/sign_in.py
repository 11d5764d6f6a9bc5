"""Signing in by code, password or QR code, and signing out."""

from __future__ import annotations

import asyncio
import base64
import enum
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct
from telethon import password as srp
from telethon.tl import TLRequest, types
from telethon.tl.functions import account, auth, users

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Peer
from tobs_tui.telegram.convert_peers import convert_user
from tobs_tui.telegram.core import Core
from tobs_tui.telegram.limiter import Patience
from tobs_tui.telegram.refusals import Refusal, error_of
from tobs_tui.telegram.tally import method_name


class SignInStep(enum.StrEnum):
    """What comes after a successful step."""

    SIGNED_IN = "signed_in"
    PASSWORD_NEEDED = "password_needed"


class SignInOutcome(Struct, frozen=True):
    """Where signing in stands; `hint` is the password's hint, in the account owner's own words."""

    step: SignInStep
    hint: str = ""


class CodeSent(Struct, frozen=True):
    """How a login code went out (app, sms, call, ...), and seconds until another may be asked for (0 = at once)."""

    via: str
    resend_in: int = 0


class QrToken(Struct, frozen=True):
    """A tg://login link to show as a QR code, good until `expires` (seconds since the epoch)."""

    url: str
    expires: float


_VIA = {
    "App": "app",
    "Sms": "sms",
    "Call": "call",
    "FlashCall": "flash call",
    "MissedCall": "missed call",
    "EmailCode": "e-mail",
    "FragmentSms": "fragment",
    "FirebaseSms": "sms",
    "SmsWord": "sms word",
    "SmsPhrase": "sms phrase",
}


class SignIn:
    """The way in and out. Every method raises TobsError with the form field at fault, and never waits out a flood."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._phone = ""
        self._code_hash = ""
        self._token: Any = None

    async def is_authorized(self) -> bool:
        """Whether this session belongs to a signed-in account, asked anew from Telegram."""
        try:
            await self.me()
        except TobsError as error:
            if error.code in (ErrorCode.NOT_SIGNED_IN, ErrorCode.SESSION_ENDED):
                return False
            raise
        return True

    async def me(self) -> Peer:
        """The account itself. Raises TobsError NOT_SIGNED_IN."""
        found = await self._core.ask(users.GetUsersRequest([types.InputUserSelf()]), patience=Patience.PERSON)
        return self._admit(found[0])

    def _admit(self, user: Any) -> Peer:
        peer = convert_user(user)
        data = self._core.session.data
        if data.self_id != peer.id:
            data.self_id = peer.id
            data.peers.clear()  # access hashes belong to an account
        self._core.open_cache()
        self._core.session.remember([peer])
        self._core.session.save()
        return peer

    async def _ask(self, make: Callable[[], Awaitable[Any]]) -> Any:
        """What `make` gives, after moving to the data centre that Telegram names. Refusals become TobsErrors."""
        for _ in range(3):
            try:
                return await make()
            except Refusal as refusal:
                if refusal.name not in ("PHONE_MIGRATE", "NETWORK_MIGRATE", "USER_MIGRATE"):
                    raise error_of(refusal) from refusal
                await self._core.network.move_to(refusal.number)
        raise TobsError(
            ErrorCode.TELEGRAM_REFUSED, "Telegram keeps sending this client from one data centre to another."
        )

    async def _send(self, query: TLRequest) -> Any:
        return await self._core.call(query, patience=Patience.NONE, signed_in=False)

    async def send_code(self, phone: str) -> CodeSent:
        """Ask Telegram to send a login code to a phone number."""
        digits = re.sub(r"\D", "", phone)
        if len(digits) < 5:
            raise TobsError(
                ErrorCode.PHONE_INVALID,
                "This is not a phone number.",
                "Write it with the country code, as in +44 7700 900123.",
                field="phone",
            )
        core = self._core

        async def send() -> Any:
            try:
                return await self._send(
                    auth.SendCodeRequest(f"+{digits}", core.api_id, core.api_hash, types.CodeSettings())
                )
            except Refusal as refusal:
                if refusal.name != "AUTH_RESTART":
                    raise
            return await self._send(
                auth.SendCodeRequest(f"+{digits}", core.api_id, core.api_hash, types.CodeSettings())
            )

        sent = await self._ask(send)
        self._phone = f"+{digits}"
        return self._sent(sent)

    async def resend_code(self) -> CodeSent:
        """Ask for the code again, by the next way."""
        if not self._code_hash:
            raise TobsError(ErrorCode.CODE_EXPIRED, "No code was sent yet.", "Ask for one first.", field="phone")
        sent = await self._ask(lambda: self._send(auth.ResendCodeRequest(self._phone, self._code_hash)))
        return self._sent(sent)

    def _sent(self, sent: Any) -> CodeSent:
        if isinstance(sent, types.auth.SentCodePaymentRequired):
            raise TobsError(
                ErrorCode.TELEGRAM_REFUSED,
                "Telegram wants this number to be paid for before it sends a code.",
                "Sign in with a QR code, or from an official app first.",
                field="phone",
            )
        if isinstance(sent, types.auth.SentCodeSuccess):
            raise TobsError(ErrorCode.TELEGRAM_REFUSED, "Telegram signed in without a code.", "Start again.")
        self._code_hash = sent.phone_code_hash
        kind = type(sent.type).__name__.removeprefix("SentCodeType")
        return CodeSent(_VIA.get(kind, kind), sent.timeout or 0)

    async def submit_code(self, code: str) -> SignInOutcome:
        """Sign in with the code that was sent."""
        digits = re.sub(r"\s", "", code)
        if not self._code_hash:
            raise TobsError(ErrorCode.CODE_EXPIRED, "No code was sent yet.", "Ask for one first.", field="code")
        try:
            answer = await self._send(auth.SignInRequest(self._phone, self._code_hash, digits))
        except Refusal as refusal:
            if refusal.name == "SESSION_PASSWORD_NEEDED":
                return await self._password_needed()
            raise error_of(refusal) from refusal
        return await self._signed_in(answer)

    async def submit_password(self, password: str) -> SignInOutcome:
        """Sign in with the two-step verification password, after the code or the QR code."""
        if not password:
            raise TobsError(ErrorCode.PASSWORD_INVALID, "The password is missing.", "Type it.", field="password")
        try:
            challenge = await self._send(account.GetPasswordRequest())
            # The key derivation takes a tenth of a second of pure computing, which must not stop the event loop.
            proof = await asyncio.to_thread(srp.compute_check, challenge, password)
            answer = await self._send(auth.CheckPasswordRequest(proof))
        except Refusal as refusal:
            raise error_of(refusal) from refusal
        return await self._signed_in(answer)

    async def _password_needed(self) -> SignInOutcome:
        try:
            challenge = await self._send(account.GetPasswordRequest())
        except Refusal as refusal:
            raise error_of(refusal, method=method_name(account.GetPasswordRequest)) from refusal
        return SignInOutcome(SignInStep.PASSWORD_NEEDED, challenge.hint or "")

    async def _signed_in(self, answer: Any) -> SignInOutcome:
        if isinstance(answer, types.auth.AuthorizationSignUpRequired):
            raise TobsError(
                ErrorCode.SIGN_UP_NEEDED,
                "This number has no Telegram account.",
                "Create the account in an official app first.",
                field="phone",
            )
        self._admit(answer.user)
        self._code_hash = ""
        self._token = None
        # This connection asked for updates, to hear of the QR code; those that follow do not.
        await self._core.network.close()
        return SignInOutcome(SignInStep.SIGNED_IN)

    async def start_qr(self) -> QrToken:
        """A login link to show as a QR code."""
        core = self._core
        core.login_token_used.clear()
        answer = await self._ask(lambda: self._send(self._export_token()))
        if isinstance(answer, types.auth.LoginToken):
            self._token = answer
            code = base64.urlsafe_b64encode(answer.token).decode().rstrip("=")
            return QrToken(f"tg://login?token={code}", answer.expires.timestamp())
        # It was accepted already; `wait_qr` finds that out at once.
        self._token = None
        core.login_token_used.set()
        return QrToken("", time.time())

    def _export_token(self) -> TLRequest:
        return auth.ExportLoginTokenRequest(self._core.api_id, self._core.api_hash, except_ids=[])

    async def wait_qr(self) -> SignInOutcome:
        """Wait until the QR code was scanned and accepted. TobsError CODE_EXPIRED when it was not in time."""
        core = self._core
        left = self._token.expires.timestamp() - time.time() if self._token is not None else 1.0
        try:
            async with asyncio.timeout(max(0.0, left)):
                await core.login_token_used.wait()
        except TimeoutError:
            raise TobsError(ErrorCode.CODE_EXPIRED, "The QR code is too old.", "Scan the new one.") from None
        core.login_token_used.clear()
        try:
            answer = await self._send(self._export_token())
            for _ in range(3):
                if not isinstance(answer, types.auth.LoginTokenMigrateTo):
                    break
                await core.network.move_to(answer.dc_id)
                answer = await self._send(auth.ImportLoginTokenRequest(answer.token))
        except Refusal as refusal:
            if refusal.name == "SESSION_PASSWORD_NEEDED":
                return await self._password_needed()
            raise error_of(refusal) from refusal
        if not isinstance(answer, types.auth.LoginTokenSuccess):
            raise TobsError(ErrorCode.CODE_EXPIRED, "The QR code was not accepted.", "Scan the new one.")
        return await self._signed_in(answer.authorization)

    async def sign_out(self) -> None:
        """End the session at Telegram and forget it here. Raises TobsError when Telegram cannot be told."""
        try:
            await self._send(auth.LogOutRequest())
        except Refusal as refusal:
            raise error_of(refusal) from refusal
        except TobsError as error:
            if error.code not in (ErrorCode.SESSION_ENDED, ErrorCode.NOT_SIGNED_IN):
                raise
        self._core.cache.clear()
        self._core.session.forget_account()
        self._core.open_cache()
        self._core.session.save()
        await self._core.network.close()
