"""The errors that a person can be told about: a code for the program, a sentence and a way on for the person."""

from __future__ import annotations

import enum
from collections.abc import Callable


class ErrorCode(enum.StrEnum):
    """What went wrong, for programs; stable across versions, part of the JSON output."""

    UNEXPECTED = "unexpected"
    USAGE = "usage"
    BAD_PROFILE = "bad_profile"
    NOT_SIGNED_IN = "not_signed_in"
    SESSION_ENDED = "session_ended"
    API_CREDENTIALS_INVALID = "api_credentials_invalid"
    PHONE_INVALID = "phone_invalid"
    PHONE_BANNED = "phone_banned"
    CODE_INVALID = "code_invalid"
    CODE_EXPIRED = "code_expired"
    PASSWORD_INVALID = "password_invalid"
    PASSPHRASE_NEEDED = "passphrase_needed"
    PASSPHRASE_WRONG = "passphrase_wrong"
    KEYRING_UNAVAILABLE = "keyring_unavailable"
    SIGN_UP_NEEDED = "sign_up_needed"
    CHAT_NOT_FOUND = "chat_not_found"
    CHAT_UNAVAILABLE = "chat_unavailable"
    OUTPUT_NOT_WRITABLE = "output_not_writable"
    DISK_FULL = "disk_full"
    SERVER_UNREACHABLE = "server_unreachable"
    FLOOD_WAIT = "flood_wait"
    TAKEOUT_DELAYED = "takeout_delayed"
    TELEGRAM_REFUSED = "telegram_refused"
    ARCHIVE_UNUSABLE = "archive_unusable"
    NOT_AN_EXPORT = "not_an_export"
    CLUSTER_UNAVAILABLE = "cluster_unavailable"
    MODEL_UNAVAILABLE = "model_unavailable"
    MEDIUM_UNREADABLE = "medium_unreadable"
    VAULT_IN_USE = "vault_in_use"
    RUN_IN_PROGRESS = "run_in_progress"
    NO_RUN = "no_run"
    PORT_UNAVAILABLE = "port_unavailable"
    SERVICE_UNREACHABLE = "service_unreachable"
    SERVICE_GONE = "service_gone"
    PROTOCOL = "protocol"


class TobsError(Exception):
    """A failure with a sentence for the person.

    `sentence` says what happened, `way_on` what can be done about it (may be empty), `field` names the form field or
    profile key at fault (may be empty), `wait_s` is the number of seconds to wait where waiting helps, else 0.
    """

    def __init__(self, code: ErrorCode, sentence: str, way_on: str = "", *, field: str = "", wait_s: int = 0) -> None:
        super().__init__(f"{sentence} {way_on}".strip())
        self.code = code
        self.sentence = sentence
        self.way_on = way_on
        self.field = field
        self.wait_s = wait_s

    def __reduce__(self) -> tuple[Callable[..., TobsError], tuple[object, ...]]:
        """Travels between processes as what it is, with all that it tells."""
        return _travelled, (self.code, self.sentence, self.way_on, self.field, self.wait_s)


def _travelled(code: ErrorCode, sentence: str, way_on: str, field: str, wait_s: int) -> TobsError:
    return TobsError(code, sentence, way_on, field=field, wait_s=wait_s)
