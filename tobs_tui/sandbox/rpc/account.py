"""``account.*``: the password, the list of sign-ins, takeouts, and the few settings that clients ask for."""

from __future__ import annotations

import os
import time
from typing import Any

from telethon.tl import types
from telethon.tl.functions import account as methods

from tobs_tui.sandbox.accounts import AuthKeyState
from tobs_tui.sandbox.keys import DH_GENERATOR, DH_PRIME
from tobs_tui.sandbox.rpc.registry import HOME_DC, Call, RpcError, handles


@handles(methods.GetPasswordRequest, open_to_strangers=True)
def get_password(call: Call, request: Any) -> Any:
    """account.getPassword: the challenge for auth.checkPassword, to those who may need it."""
    if call.state.user_id is None and not call.state.password_pending:
        raise RpcError(401, "AUTH_KEY_UNREGISTERED")
    new_salt, new_secure = os.urandom(8), os.urandom(8)
    answer = types.account.Password(
        new_algo=_algorithm(new_salt, os.urandom(16)),
        new_secure_algo=types.SecurePasswordKdfAlgoPBKDF2HMACSHA512iter100000(salt=new_secure),
        secure_random=os.urandom(256),
    )
    password = call.world.password
    if password:
        verifier = call.server.logins.verifier(password)
        challenge = call.server.logins.challenge(call.state.key_id, password)
        answer.has_password = True
        answer.current_algo = _algorithm(verifier.salt1, verifier.salt2)
        answer.srp_B, answer.srp_id = challenge.public, challenge.id
    return answer


def _algorithm(salt1: bytes, salt2: bytes) -> Any:
    return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        salt1=salt1, salt2=salt2, g=DH_GENERATOR, p=DH_PRIME.to_bytes(256, "big")
    )


def authorization(state: AuthKeyState, current: bool) -> Any:
    """One row of the list of sign-ins."""
    client = state.client
    return types.Authorization(
        hash=0 if current else state.session_hash,
        device_model=client.device_model if client else "",
        platform=client.system_version if client else "",
        system_version=client.system_version if client else "",
        api_id=client.api_id if client else 0,
        app_name="",
        app_version=client.app_version if client else "",
        date_created=state.created,
        date_active=state.active,
        ip="127.0.0.1",
        country="",
        region="",
        current=current,
        password_pending=state.password_pending,
    )


@handles(methods.GetAuthorizationsRequest)
def get_authorizations(call: Call, request: Any) -> Any:
    """account.getAuthorizations: the keys that someone signed in with, at the home data centre."""
    call.state.active = int(time.time())
    rows = [
        authorization(state, current=state.key_id == call.state.key_id)
        for state in call.server.accounts.known_keys()
        if state.dc == HOME_DC and state.user_id is not None and state.bound_to is None
    ]
    return types.account.Authorizations(authorization_ttl_days=365, authorizations=rows)


@handles(methods.ResetAuthorizationRequest)
def reset_authorization(call: Call, request: Any) -> Any:
    """account.resetAuthorization: ends another sign-in."""
    for state in call.server.accounts.known_keys():
        if state.session_hash == request.hash and state.user_id is not None:
            call.server.accounts.sign_out(state)
            return True
    raise RpcError(400, "HASH_INVALID")


@handles(methods.InitTakeoutSessionRequest)
def init_takeout_session(call: Call, request: Any) -> Any:
    """account.initTakeoutSession: a newer one ends an older one; new clients may have to wait first."""
    delay = call.server.takeout_delay_s
    if delay > 0:
        logins = call.server.logins
        now = time.monotonic()
        if logins.takeout_asked is None:
            logins.takeout_asked = now
        left = delay - int(now - logins.takeout_asked)
        if left > 0:
            raise RpcError(420, f"TAKEOUT_INIT_DELAY_{left}")
    if request.files and request.file_max_size is not None and request.file_max_size < 0:
        raise RpcError(400, "TAKEOUT_FILE_MAX_SIZE_INVALID")
    return types.account.Takeout(id=call.server.accounts.start_takeout(call.state, bool(request.files)).id)


@handles(methods.FinishTakeoutSessionRequest)
def finish_takeout_session(call: Call, request: Any) -> Any:
    """account.finishTakeoutSession, inside the takeout that it ends."""
    if call.takeout_id is None:
        raise RpcError(403, "TAKEOUT_REQUIRED")
    call.server.accounts.end_takeout()
    return True


@handles(methods.UpdateStatusRequest)
def update_status(call: Call, request: Any) -> Any:
    """account.updateStatus: nobody watches."""
    return True


@handles(methods.GetContentSettingsRequest)
def get_content_settings(call: Call, request: Any) -> Any:
    """account.getContentSettings."""
    return types.account.ContentSettings()


@handles(methods.GetGlobalPrivacySettingsRequest)
def get_global_privacy_settings(call: Call, request: Any) -> Any:
    """account.getGlobalPrivacySettings."""
    return types.GlobalPrivacySettings()


@handles(methods.GetAccountTTLRequest)
def get_account_ttl(call: Call, request: Any) -> Any:
    """account.getAccountTTL."""
    return types.AccountDaysTTL(days=365)


@handles(methods.GetNotifySettingsRequest)
def get_notify_settings(call: Call, request: Any) -> Any:
    """account.getNotifySettings: the defaults."""
    return types.PeerNotifySettings()
