"""Telegram's errors by their own names, and the sentences that a person gets for them."""

from __future__ import annotations

import re

from telethon import errors
from telethon.errors import rpcerrorlist

from tobs_tui.model.errors import ErrorCode, TobsError


class Refusal(Exception):
    """Telegram answered with an error. `name` is its own name without a trailing number, `number` that number or 0."""

    def __init__(self, name: str, code: int, number: int = 0) -> None:
        super().__init__(f"{name} {number}" if number else name)
        self.name = name
        self.code = code
        self.number = number

    @property
    def is_wait(self) -> bool:
        """Whether the same request may be repeated after `number` seconds."""
        return self.name in _WAITS

    @property
    def is_transient(self) -> bool:
        """Whether the same request may well succeed in a moment: trouble inside Telegram (-503, -500, 5xx)."""
        return abs(self.code) >= 500 or self.name in _TRANSIENT

    @property
    def ends_session(self) -> bool:
        """Whether nobody is signed in with this key any more."""
        return self.name in _SESSION_OVER

    @property
    def spoils_key(self) -> bool:
        """Whether the key itself is of no use any more, so that a new one must be made before anything else."""
        return self.name in ("AUTH_KEY_DUPLICATED", "AUTH_KEY_INVALID", "AUTH_KEY_NOT_FOUND")


class HomeRefusal(Refusal):
    """A refusal of the account's own data centre, met on the way to another one."""


class FileReferenceExpired(Exception):
    """The file's reference is too old: refetch the message that carries it, then go on at the same part."""


class FileUnavailable(Exception):
    """The file cannot be had. `reason` is a sentence; `final` says that asking again will not change it."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class FileRefused(FileUnavailable):
    """Telegram will not do what was asked with this file."""


LONGEST = 10**9
"""The largest number that an error is taken to carry: seconds are added to clocks."""
_WAITS = frozenset({"FLOOD_WAIT", "FLOOD_PREMIUM_WAIT", "SLOWMODE_WAIT", "FLOOD_TEST_PHONE_WAIT"})
_TRANSIENT = frozenset(
    {"RPC_CALL_FAIL", "RPC_MCGET_FAIL", "INTERDC_CALL_ERROR", "INTERDC_CALL_RICH_ERROR", "TIMEOUT", "MSG_WAIT_FAILED"}
)
_SESSION_OVER = frozenset(
    {
        "AUTH_KEY_DUPLICATED",
        "AUTH_KEY_INVALID",
        "AUTH_KEY_NOT_FOUND",
        "AUTH_KEY_UNREGISTERED",
        "SESSION_EXPIRED",
        "SESSION_REVOKED",
        "USER_DEACTIVATED",
        "USER_DEACTIVATED_BAN",
    }
)
_SIGN_IN = "Sign in again; what was begun goes on from there."
_ONE_PLACE = (
    "Sign in again; what was begun goes on from there. Use the session on this machine alone: a copy of its file that "
    "is used elsewhere ends it once more."
)
_SESSION_ENDS = {
    "AUTH_KEY_DUPLICATED": (
        "Telegram ended this session because its key was used from two places at once.",
        _ONE_PLACE,
    ),
    "AUTH_KEY_NOT_FOUND": (  # requests that were under way at the end of a duplicated key meet this, too
        "Telegram does not know this session any more: it was ended, or its key was used from two places at once.",
        _ONE_PLACE,
    ),
    "USER_DEACTIVATED": (
        "This Telegram account was deleted.",
        "What is exported stays in the vault. To export another account, sign in to it.",
    ),
    "USER_DEACTIVATED_BAN": (
        "Telegram has banned this account.",
        "What is exported stays in the vault. Telegram's own app says more, or write to recover@telegram.org.",
    ),
    "SESSION_REVOKED": ("This session was ended from another device.", _SIGN_IN),
}
_SESSION_DEFAULT = ("Telegram has signed this session out.", _SIGN_IN)

_NAMES: dict[type[BaseException], str] = {kind: name for name, kind in rpcerrorlist.rpc_errors_dict.items()}
_NUMBERED: dict[type[BaseException], str] = {
    kind: re.sub(r"_?\(\\d\+\).*$", "", pattern) for pattern, kind in rpcerrorlist.rpc_errors_re
}


def refusal_of(error: errors.RPCError) -> Refusal:
    """Telethon's exception under Telegram's own name for it."""
    kind = type(error)
    code = abs(error.code or 0)
    if kind in _NUMBERED:
        # Telethon keeps the number under a different attribute in each class, but always pickles it.
        number = error.__reduce__()[1][1]
        return Refusal(_NUMBERED[kind], code, min(int(number or 0), LONGEST))
    name = _NAMES.get(kind) or str(error.message or kind.__name__)
    found = re.fullmatch(r"(.+)_(\d{1,9})", name)
    if found:
        return Refusal(found[1], code, int(found[2]))
    return Refusal(name.upper().replace(" ", "_"), code)


def session_end(name: str) -> TobsError:
    """The error that tells why a session is over, and the way on."""
    return TobsError(ErrorCode.SESSION_ENDED, *_SESSION_ENDS.get(name, _SESSION_DEFAULT))


_KNOWN: dict[str, tuple[ErrorCode, str, str]] = {
    "PHONE_NUMBER_INVALID": (ErrorCode.PHONE_INVALID, "Telegram does not know this phone number.", "phone"),
    "PHONE_NUMBER_UNOCCUPIED": (ErrorCode.SIGN_UP_NEEDED, "This number has no Telegram account.", "phone"),
    "PHONE_NUMBER_BANNED": (ErrorCode.PHONE_BANNED, "Telegram has banned this phone number.", "phone"),
    "PHONE_NUMBER_FLOOD": (ErrorCode.FLOOD_WAIT, "Too many codes were asked for with this number.", "phone"),
    "PHONE_PASSWORD_FLOOD": (ErrorCode.FLOOD_WAIT, "Too many sign-in attempts with this number.", "phone"),
    "PHONE_CODE_INVALID": (ErrorCode.CODE_INVALID, "That code is not right.", "code"),
    "PHONE_CODE_EMPTY": (ErrorCode.CODE_INVALID, "The code is missing.", "code"),
    "PHONE_CODE_EXPIRED": (ErrorCode.CODE_EXPIRED, "That code is too old.", "code"),
    "PHONE_CODE_HASH_EMPTY": (ErrorCode.CODE_EXPIRED, "That code is too old.", "code"),
    "SEND_CODE_UNAVAILABLE": (ErrorCode.TELEGRAM_REFUSED, "Telegram has no other way to send the code.", "code"),
    "PASSWORD_HASH_INVALID": (ErrorCode.PASSWORD_INVALID, "That password is not right.", "password"),
    "API_ID_INVALID": (
        ErrorCode.API_CREDENTIALS_INVALID,
        "Telegram does not accept this API id and hash.",
        "api_id",
    ),
    "API_ID_PUBLISHED_FLOOD": (
        ErrorCode.API_CREDENTIALS_INVALID,
        "This API id is public and therefore blocked.",
        "api_id",
    ),
    "USERNAME_NOT_OCCUPIED": (ErrorCode.CHAT_NOT_FOUND, "Nobody has this name on Telegram.", ""),
    "USERNAME_INVALID": (ErrorCode.CHAT_NOT_FOUND, "This is not a Telegram name.", ""),
    "INVITE_HASH_EXPIRED": (ErrorCode.CHAT_NOT_FOUND, "This invite link is no longer valid.", ""),
    "INVITE_HASH_INVALID": (ErrorCode.CHAT_NOT_FOUND, "This invite link is not valid.", ""),
    "INVITE_HASH_EMPTY": (ErrorCode.CHAT_NOT_FOUND, "This invite link is not valid.", ""),
    "CHANNEL_PRIVATE": (ErrorCode.CHAT_UNAVAILABLE, "This chat is private and you are not in it any more.", ""),
    "CHANNEL_INVALID": (ErrorCode.CHAT_UNAVAILABLE, "Telegram does not know this chat.", ""),
    "CHAT_ID_INVALID": (ErrorCode.CHAT_UNAVAILABLE, "Telegram does not know this chat.", ""),
    "PEER_ID_INVALID": (ErrorCode.CHAT_UNAVAILABLE, "Telegram does not know this chat.", ""),
    "CHAT_FORBIDDEN": (ErrorCode.CHAT_UNAVAILABLE, "You may not read this chat.", ""),
    "CHAT_ADMIN_REQUIRED": (ErrorCode.CHAT_UNAVAILABLE, "Only admins may read this chat.", ""),
    "TOPIC_ID_INVALID": (ErrorCode.CHAT_NOT_FOUND, "This topic is not there any more.", ""),
    "TOPIC_DELETED": (ErrorCode.CHAT_NOT_FOUND, "This topic is not there any more.", ""),
    "ANSWER_UNREADABLE": (
        ErrorCode.TELEGRAM_REFUSED,
        "Telegram's answer holds something that this version of tobs does not know.",
        "",
    ),
    "USER_BANNED_IN_CHANNEL": (ErrorCode.CHAT_UNAVAILABLE, "You were banned from this chat.", ""),
}
_WAYS_ON = {
    ErrorCode.CODE_INVALID: "Check the newest message from Telegram and type the code again.",
    ErrorCode.CODE_EXPIRED: "Ask for a new one.",
    ErrorCode.PASSWORD_INVALID: "Try again.",
    ErrorCode.SIGN_UP_NEEDED: "Create the account in an official app first.",
    ErrorCode.API_CREDENTIALS_INVALID: "Get your own at my.telegram.org.",
    ErrorCode.PHONE_INVALID: "Write it with the country code, as in +44 7700 900123.",
}


def error_of(refusal: Refusal, *, method: str = "") -> TobsError:
    """The error to tell a person for a refusal that no further attempt will change."""
    if refusal.is_wait:
        return TobsError(
            ErrorCode.FLOOD_WAIT,
            f"Telegram asks to wait {spell_seconds(refusal.number)} before trying again.",
            wait_s=refusal.number,
        )
    if refusal.name == "TAKEOUT_INIT_DELAY":
        return TobsError(
            ErrorCode.TAKEOUT_DELAYED,
            f"Telegram lets this device export in {spell_seconds(refusal.number)}.",
            "Approve the export in the message from Telegram on another device, and it may begin at once; "
            "or go on without a takeout (--no-takeout, or off in the profile): slower, but it starts at once.",
            wait_s=refusal.number,
        )
    if refusal.ends_session:
        return session_end(refusal.name)
    if refusal.name in _KNOWN:
        code, sentence, field = _KNOWN[refusal.name]
        return TobsError(code, sentence, _WAYS_ON.get(code, ""), field=field)
    asked = f" to {method}" if method else ""
    return TobsError(ErrorCode.TELEGRAM_REFUSED, f"Telegram answered {refusal.name}{asked}.")


def spell_seconds(seconds: int) -> str:
    """A duration for a sentence: "40 seconds", "12 minutes", "5 hours"."""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}s"
    return f"{seconds} second" if seconds == 1 else f"{seconds} seconds"
