"""The control channel's messages: commands are imperatives, events are past-tense facts.

On the socket each message is a frame: a 4-byte big-endian length, then msgpack of one `ClientFrame` (client to service)
or `ServerFrame` (service to client). Every command gets exactly one reply with its `seq`; events come with `seq` 0.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from tobs_tui.config.sealing import Holder
from tobs_tui.model.errors import ErrorCode
from tobs_tui.model.estimate import ChatEstimate, Pace
from tobs_tui.model.peers import Dialog, Topic
from tobs_tui.model.profile import MediaKind, Profile
from tobs_tui.model.refresh import Refresh
from tobs_tui.model.run import RunRecord, RunState, RunUpdated

PROTOCOL_VERSION = 1
MAX_FRAME = 64 * 1024 * 1024
"""Bytes; 50,000 dialogs take about 8 MiB."""


class AccountPhase(enum.StrEnum):
    """Where the account stands on its way to being signed in."""

    CONNECTING = "connecting"
    LOCKED = "locked"  # the session is encrypted, and takes its passphrase
    UNREACHABLE = "unreachable"
    NEEDS_CREDENTIALS = "needs_credentials"  # api id and hash are missing
    SIGNED_OUT = "signed_out"
    CODE_SENT = "code_sent"
    PASSWORD_NEEDED = "password_needed"
    QR_SHOWN = "qr_shown"
    SIGNED_IN = "signed_in"


class AccountState(Struct, frozen=True, omit_defaults=True):
    """The account as clients see it. Never holds a code, a password or an api hash of a real account.

    `code_via` tells how the code went out (app, sms, call, ...); `resend_at` (epoch seconds) when another may be asked
    for; `qr_url` is the tg://login link, good until `qr_expires`. `protected` says who knows the passphrase of the
    encrypted session, None = it lies in clear. The `demo_*` fields are set with --demo only.
    """

    phase: AccountPhase
    name: str = ""
    phone: str = ""
    user_id: int = 0
    code_via: str = ""
    resend_at: float = 0.0
    password_hint: str = ""
    qr_url: str = ""
    qr_expires: float = 0.0
    demo_phone: str = ""
    demo_code: str = ""
    demo_password: str = ""
    problem: str = ""  # a sentence, while UNREACHABLE or after the session was ended
    dc: int = 0
    protected: Holder | None = None


class Command(Struct, frozen=True, tag=True):
    """Base of what clients may ask for."""


class SecretCommand(Command, frozen=True):
    """Base of commands that hold a secret: not even a trace shows it."""

    def __repr__(self) -> str:
        """The name alone."""
        return f"{type(self).__name__}(...)"


class Attach(Command, frozen=True):
    """Ask for a `Snapshot` and, from then on, events."""

    version: int = PROTOCOL_VERSION


class SetCredentials(SecretCommand, frozen=True):
    """Give the api id and hash from my.telegram.org."""

    api_id: int
    api_hash: str


class SendCode(SecretCommand, frozen=True):
    """Ask Telegram to send a login code to a phone number."""

    phone: str


class ResendCode(Command, frozen=True):
    """Ask for the code again, by the next way."""


class SubmitCode(SecretCommand, frozen=True):
    """Sign in with the code."""

    code: str


class SubmitPassword(SecretCommand, frozen=True):
    """Sign in with the two-step verification password."""

    password: str


class StartQr(Command, frozen=True):
    """Begin (or refresh) sign-in by QR code; `AccountChanged` brings the link."""


class BackToPhone(Command, frozen=True):
    """Leave the code, password or QR step and start over with a phone number."""


class SignOut(Command, frozen=True):
    """Revoke the session at Telegram and forget it here."""


class Unlock(SecretCommand, frozen=True):
    """Open the encrypted session."""

    passphrase: str


class SetPassphrase(SecretCommand, frozen=True):
    """Encrypt the session, the api id and hash from now on with `new`; with `in_keyring`, with a random passphrase that
    the system's keyring keeps. `old` is the one so far, where a person knows it."""

    new: str = ""
    old: str = ""
    in_keyring: bool = False


class RemovePassphrase(SecretCommand, frozen=True):
    """Keep the session, the api id and hash in clear again."""

    old: str = ""


class ForgetSession(Command, frozen=True):
    """Remove the session here without telling Telegram, where it still counts as a device; works locked, too."""


class Reconnect(Command, frozen=True):
    """Try to reach Telegram again now."""


class ListDialogs(Command, frozen=True):
    """Give every dialog, archived ones included; `output` fills `exported_to`. `refresh` asks Telegram anew.

    Message counts follow as `MessagesCounted` events. `known` asks nobody: it gives the list as it was last seen, also
    by an earlier service; empty when it never was.
    """

    output: str = ""
    refresh: bool = False
    known: bool = False


class ResolveTarget(Command, frozen=True):
    """Find one chat by marked id, @name, t.me link, invite link or exact title. Reply: `Dialogs` with one item."""

    text: str


class ListTopics(Command, frozen=True):
    """Give every topic of a forum. Their message counts follow as `MessagesCounted`, as fast as Telegram tells them.

    `known` as in `ListDialogs`.
    """

    chat: int
    known: bool = False


class EstimateExport(Command, frozen=True):
    """Count what a profile would export, from Telegram's counters and the ledger.

    `thorough` may cost thousands of requests instead of dozens. `EstimateHeldUp` tells of waits meanwhile.
    """

    profile: Profile
    thorough: bool = False


class StartRun(Command, frozen=True):
    """Start the run of a profile. Fails with RUN_IN_PROGRESS while another one runs.

    With a `metrics_port` in the profile, its figures are served there first, as by `ServeMetrics`.
    `max_wait_s` is the longest wait that Telegram may ask for; a longer one ends the run as WAITING, resumably. None =
    wait as long as it takes. `refresh` says how far back messages that are archived already are looked at again (None =
    not at all).
    """

    profile: Profile
    max_wait_s: float | None = None
    refresh: Refresh | None = None


class ServeMetrics(Command, frozen=True):
    """Serve the figures of runs to Prometheus, at this port of 127.0.0.1, for the rest of the service's life."""

    port: int


class PauseRun(Command, frozen=True):
    """Stop fetching after the requests in flight; the run stays."""


class ResumeRun(Command, frozen=True):
    """Go on after a pause."""


class CancelRun(Command, frozen=True):
    """End the run, keeping what is fetched and rendering it; resumable."""


class RestartWorker(Command, frozen=True):
    """Have a worker of the run give up its request, download or process, and begin that anew."""

    worker: str


class RetryTakeout(Command, frozen=True):
    """Ask Telegram again for a delayed takeout: the person has approved it on another device."""


class SkipTakeout(Command, frozen=True):
    """Go on without the takeout that Telegram delays."""


class ClearCache(Command, frozen=True):
    """Forget what was cached of this account."""


class AcknowledgeAlert(Command, frozen=True):
    """Mark an alert as seen ('' = all of them)."""

    key: str = ""


class ListRuns(Command, frozen=True):
    """Give the newest runs of the journal."""

    limit: int = 20


class Shutdown(Command, frozen=True):
    """End the service; a run in progress is interrupted resumably."""


AnyCommand = (
    Attach
    | SetCredentials
    | SendCode
    | ResendCode
    | SubmitCode
    | SubmitPassword
    | StartQr
    | BackToPhone
    | SignOut
    | Unlock
    | SetPassphrase
    | RemovePassphrase
    | ForgetSession
    | Reconnect
    | ListDialogs
    | ResolveTarget
    | ListTopics
    | EstimateExport
    | StartRun
    | ServeMetrics
    | PauseRun
    | RestartWorker
    | ResumeRun
    | CancelRun
    | RetryTakeout
    | SkipTakeout
    | ClearCache
    | AcknowledgeAlert
    | ListRuns
    | Shutdown
)


class Done(Struct, frozen=True, tag=True):
    """The command was carried out."""


class Refused(Struct, frozen=True, tag=True):
    """The command failed; the fields of a `TobsError`."""

    code: ErrorCode
    sentence: str
    way_on: str = ""
    field: str = ""
    wait_s: int = 0


class Snapshot(Struct, frozen=True, tag=True):
    """Everything, on attach. `run` is the run in progress or the last one of this service's life; `server` is host:port
    of a Telegram-compatible server, as the service was told when it started."""

    account: AccountState
    run: RunState | None = None
    version: int = PROTOCOL_VERSION
    pid: int = 0
    server: str = ""


class Dialogs(Struct, frozen=True, tag=True):
    """Reply to `ListDialogs` and `ResolveTarget`, in Telegram's order (pinned first)."""

    dialogs: tuple[Dialog, ...]


class Topics(Struct, frozen=True, tag=True):
    """Reply to `ListTopics`: pinned first, then by last activity."""

    topics: tuple[Topic, ...]


class Estimate(Struct, frozen=True, tag=True):
    """Reply to `EstimateExport`. Counts, bytes and seconds still to do; -1 where it cannot be known beforehand.

    `rows` has it by chat and topic. Files and bytes are those of known kinds; the numbers of the `uncounted` kinds are
    not known everywhere. `asked` requests were sent for the estimate; `problem` says what held it up.
    """

    chats: int
    messages: int
    messages_known: int  # already in the archive
    requests: int
    seconds: int
    files: int = -1
    bytes: int = -1
    missing: int = -1
    rows: tuple[ChatEstimate, ...] = ()
    uncounted: tuple[MediaKind, ...] = ()
    pace: Pace = Pace()
    asked: int = 0
    problem: str = ""


class Runs(Struct, frozen=True, tag=True):
    """Reply to `ListRuns`, newest first."""

    runs: tuple[RunRecord, ...]


AnyReply = Done | Refused | Snapshot | Dialogs | Topics | Estimate | Runs


class AccountChanged(Struct, frozen=True, tag=True):
    """The account's state is now this."""

    account: AccountState


class RunStarted(Struct, frozen=True, tag=True):
    """A run began; its first state."""

    run: RunState


class RunFinished(Struct, frozen=True, tag=True):
    """A run ended; its last state, whole."""

    run: RunState


class MessagesCounted(Struct, frozen=True, tag=True):
    """Telegram's counts of messages: of a chat's topics by topic id, or, under the key 0, of the whole chat."""

    chat: int
    counts: dict[int, int]


class EstimateHeldUp(Struct, frozen=True, tag=True):
    """Telegram makes an estimate wait until then (epoch seconds); 0 = no longer."""

    until: float


class ServiceStopping(Struct, frozen=True, tag=True):
    """The service is going away."""


AnyEvent = AccountChanged | RunStarted | RunUpdated | RunFinished | MessagesCounted | EstimateHeldUp | ServiceStopping


class ClientFrame(Struct, frozen=True):
    """A command with the number that its reply will carry (from 1)."""

    seq: int
    command: AnyCommand


class ServerFrame(Struct, frozen=True):
    """A reply (`seq` of its command) or an event (`seq` 0)."""

    seq: int
    body: AnyReply | AnyEvent
