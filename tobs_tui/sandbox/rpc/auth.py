"""``auth.*``: signing in by code, password or QR, signing out, and carrying an authorisation to another data centre."""

from __future__ import annotations

import asyncio
import re
import struct
import time
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import types
from telethon.tl.functions import auth as methods

from tobs_tui.sandbox.logins import LoginToken
from tobs_tui.sandbox.rpc.account import authorization
from tobs_tui.sandbox.rpc.registry import HOME_DC, Call, RpcError, handles
from tobs_tui.sandbox.wire.cipher import CipherError, decrypt_message_v1

_CODE_TIMEOUT_S = 60


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)


def _own_number(call: Call, phone: str) -> str:
    """The account's number in digits. Raises `RpcError` for another number, and away from its data centre."""
    digits = _digits(phone)
    if digits != _digits(call.world.phone):
        raise RpcError(400, "PHONE_NUMBER_INVALID")
    if call.dc != HOME_DC:
        raise RpcError(303, f"PHONE_MIGRATE_{HOME_DC}")
    return digits


def _sent(call: Call, code_hash: str) -> Any:
    kind = types.auth.SentCodeTypeApp(length=len(call.world.code))
    return types.auth.SentCode(
        type=kind, phone_code_hash=code_hash, next_type=types.auth.CodeTypeSms(), timeout=_CODE_TIMEOUT_S
    )


def _admitted(call: Call) -> Any:
    call.server.accounts.sign_in(call.state, call.world.me_id)
    return types.auth.Authorization(user=call.world.me().tl())


def _admitted_if_no_password(call: Call) -> Any:
    """The end of a first step: in, or the password is asked for."""
    if not call.world.password:
        return _admitted(call)
    call.state.password_pending = True
    call.server.accounts.save()
    raise RpcError(401, "SESSION_PASSWORD_NEEDED")


@handles(methods.SendCodeRequest, open_to_strangers=True)
def send_code(call: Call, request: Any) -> Any:
    """auth.sendCode: the code goes nowhere, everyone knows it."""
    return _sent(call, call.server.logins.send_code(_own_number(call, request.phone_number)))


@handles(methods.ResendCodeRequest, open_to_strangers=True)
def resend_code(call: Call, request: Any) -> Any:
    """auth.resendCode: the older code is void."""
    phone = _own_number(call, request.phone_number)
    if request.phone_code_hash not in call.server.logins.codes:
        raise RpcError(400, "PHONE_CODE_EXPIRED")
    return _sent(call, call.server.logins.send_code(phone))


@handles(methods.CancelCodeRequest, open_to_strangers=True)
def cancel_code(call: Call, request: Any) -> Any:
    """auth.cancelCode."""
    return call.server.logins.codes.pop(request.phone_code_hash, None) is not None


@handles(methods.SignInRequest, open_to_strangers=True)
def sign_in(call: Call, request: Any) -> Any:
    """auth.signIn: five wrong codes make the right one expire."""
    phone = _own_number(call, request.phone_number)
    if not request.phone_code:
        raise RpcError(400, "PHONE_CODE_EMPTY")
    codes = call.server.logins.codes
    sent = codes.get(request.phone_code_hash)
    if sent is None or sent.phone != phone:
        raise RpcError(400, "PHONE_CODE_EXPIRED")
    if request.phone_code.strip() != call.world.code:
        sent.guesses -= 1
        if sent.guesses <= 0:
            del codes[request.phone_code_hash]
        raise RpcError(400, "PHONE_CODE_INVALID")
    del codes[request.phone_code_hash]
    return _admitted_if_no_password(call)


@handles(methods.CheckPasswordRequest, open_to_strangers=True)
def check_password(call: Call, request: Any) -> Any:
    """auth.checkPassword: the proof must answer the latest account.getPassword of the same key."""
    if not call.state.password_pending:
        raise RpcError(401, "AUTH_KEY_UNREGISTERED")
    proof = request.password
    if not isinstance(proof, types.InputCheckPasswordSRP):
        raise RpcError(400, "PASSWORD_HASH_INVALID")
    logins = call.server.logins
    challenge = logins.challenges.pop(call.state.key_id, None)
    if challenge is None or challenge.id != proof.srp_id:
        raise RpcError(400, "SRP_ID_INVALID")
    if not logins.verifier(call.world.password).accepts(challenge, proof.A, proof.M1):
        raise RpcError(400, "PASSWORD_HASH_INVALID")
    return _admitted(call)


@handles(methods.LogOutRequest, open_to_strangers=True)
def log_out(call: Call, request: Any) -> Any:
    """auth.logOut."""
    call.server.accounts.sign_out(call.state)
    return types.auth.LoggedOut()


@handles(methods.ResetAuthorizationsRequest)
def reset_authorizations(call: Call, request: Any) -> Any:
    """auth.resetAuthorizations: signs out everyone else."""
    for state in call.server.accounts.known_keys():
        if state.key_id != call.state.key_id and state.home_key != call.state.key_id:
            call.server.accounts.sign_out(state)
    return True


@handles(methods.ExportLoginTokenRequest, open_to_strangers=True)
def export_login_token(call: Call, request: Any) -> Any:
    """auth.exportLoginToken: a QR code to show, or, once another device accepted it, the way in."""
    if call.world.me_id in request.except_ids and call.state.user_id is not None:
        return types.auth.LoginTokenSuccess(types.auth.Authorization(call.world.me().tl()))
    token = call.server.logins.token_for(call.state.key_id, call.dc)
    if token.accepted_by is not None:
        if call.dc != HOME_DC:
            return types.auth.LoginTokenMigrateTo(HOME_DC, token.token)
        del call.server.logins.tokens[token.token]
        return types.auth.LoginTokenSuccess(_admitted_if_no_password(call))
    wait = call.server.accept_qr_after_s
    if wait is not None:
        asyncio.get_running_loop().call_later(wait, call.server.accept_login_token, token.token)
    return types.auth.LoginToken(expires=int(token.expires), token=token.token)


@handles(methods.ImportLoginTokenRequest, open_to_strangers=True)
def import_login_token(call: Call, request: Any) -> Any:
    """auth.importLoginToken: a QR sign-in that began at another data centre ends here."""
    token = _token(call, request.token)
    if token.accepted_by is None or call.dc != HOME_DC:
        raise RpcError(400, "AUTH_TOKEN_INVALID")
    del call.server.logins.tokens[token.token]
    return types.auth.LoginTokenSuccess(_admitted_if_no_password(call))


@handles(methods.AcceptLoginTokenRequest)
def accept_login_token(call: Call, request: Any) -> Any:
    """auth.acceptLoginToken: a signed-in device lets the one that shows the QR code in."""
    token = _token(call, request.token)
    if token.accepted_by is not None:
        raise RpcError(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
    call.server.accept_login_token(token.token)
    state = call.server.accounts.key(token.key_id, token.dc)
    if state is None:
        raise RpcError(400, "AUTH_TOKEN_INVALID")
    return authorization(state, current=False)


def _token(call: Call, name: bytes) -> LoginToken:
    token = call.server.logins.tokens.get(name)
    if token is None:
        raise RpcError(400, "AUTH_TOKEN_INVALID")
    if token.expires < time.time():
        raise RpcError(400, "AUTH_TOKEN_EXPIRED")
    return token


@handles(methods.ExportAuthorizationRequest)
def export_authorization(call: Call, request: Any) -> Any:
    """auth.exportAuthorization."""
    if request.dc_id == call.dc or request.dc_id not in call.server.data_centres:
        raise RpcError(400, "DC_ID_INVALID")
    exported = call.server.logins.export(call.user_id(), call.state.key_id, request.dc_id)
    return types.auth.ExportedAuthorization(id=call.user_id(), bytes=exported)


@handles(methods.ImportAuthorizationRequest, open_to_strangers=True)
def import_authorization(call: Call, request: Any) -> Any:
    """auth.importAuthorization: the bytes work once, at the data centre they were made for."""
    user_id, home_key, dc = call.server.logins.exports.pop(request.bytes, (0, 0, 0))
    if dc != call.dc or user_id != request.id:
        raise RpcError(400, "AUTH_BYTES_INVALID")
    call.state.home_key = home_key
    call.server.accounts.sign_in(call.state, user_id)
    return types.auth.Authorization(user=call.world.user(user_id).tl())


@handles(methods.BindTempAuthKeyRequest, open_to_strangers=True)
def bind_temp_auth_key(call: Call, request: Any) -> Any:
    """auth.bindTempAuthKey: a temporary key acts for the permanent one that encrypted the binding message."""
    permanent = call.server.accounts.key(request.perm_auth_key_id, call.dc)
    if permanent is None:
        raise RpcError(400, "AUTH_KEY_PERM_EMPTY")
    try:
        plain = decrypt_message_v1(permanent.key, request.encrypted_message)
        length = struct.unpack_from("<i", plain, 28)[0]
        inner = BinaryReader(plain[32 : 32 + length]).tgread_object()
    except (CipherError, BufferError, struct.error) as error:
        raise RpcError(400, "ENCRYPTED_MESSAGE_INVALID") from error
    bound = (inner.temp_auth_key_id, inner.perm_auth_key_id, inner.nonce)
    if bound != (call.state.key_id, permanent.key_id, request.nonce):
        raise RpcError(400, "ENCRYPTED_MESSAGE_INVALID")
    call.state.bound_to = permanent.key_id
    call.state.user_id = permanent.user_id
    call.server.accounts.save()
    return True
