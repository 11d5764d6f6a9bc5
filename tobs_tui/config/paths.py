"""Where everything of the program lies: the one place that decides paths."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from msgspec import Struct
from platformdirs import PlatformDirs

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.server import ServerAddress

HOME_VARIABLE = "TOBS_HOME"
ACCOUNT_VARIABLE = "TOBS_ACCOUNT"
MAIN_ACCOUNT = "main"
"""What the account without a name of its own is called."""
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
MAX_SOCKET_PATH = 99
"""Bytes. Linux takes 107, macOS 103 (sun_path in unix(7))."""


class Paths(Struct, frozen=True):
    """The program's directories and files. `demo` and other servers have a set of their own, below a subfolder; themes
    and speech models are for all of them. So has each further `account` ("" = the main one), but for the settings and
    the api id and hash, which lie in `shared_dir`.

    The socket lies in the state directory, not in $XDG_RUNTIME_DIR: that one goes away when the last session of its
    user ends, and is missing under cron, where a run must find the same worker.
    """

    config_dir: Path
    state_dir: Path
    cache_dir: Path
    runtime_dir: Path
    default_output: Path
    socket: Path
    themes_dir: Path
    models_dir: Path
    shared_dir: Path
    demo: bool = False
    account: str = ""

    @classmethod
    def resolve(
        cls,
        *,
        demo: bool = False,
        home: Path | None = None,
        server: ServerAddress | None = None,
        account: str | None = None,
    ) -> Paths:
        """The paths for real accounts, for the demo, or for the accounts of another server (told by its public key).

        `home` or, without it, $TOBS_HOME puts everything below one directory; otherwise the platform's conventions
        decide. `account` or, without it, $TOBS_ACCOUNT tells several accounts of one server apart. Reads the
        environment, touches no file. Raises `TobsError` USAGE where there is no home directory, or for a name that no
        account can have.
        """
        chosen = home or (Path(value) if (value := os.environ.get(HOME_VARIABLE, "")) else None)
        apart = "demo" if demo else f"server-{_server_label(server)}" if server else ""
        if chosen is not None:
            root = expanded(str(chosen)).absolute()
            names = ("config", "state", "cache", "vault", "models")
            config, state, cache, output, models = (root / name for name in names)
        else:
            config, state, cache, output, models = _usual_places()
        name = account_name(os.environ.get(ACCOUNT_VARIABLE, "") if account is None else account)
        below = Path("accounts", name) if name else Path()
        state_dir = state / apart / below
        runtime = state_dir / "run"
        label = "-".join(part for part in (output.name, apart, name) if part)
        return cls(
            config_dir=config / apart / below,
            state_dir=state_dir,
            cache_dir=cache / apart / below,
            runtime_dir=runtime,
            default_output=output.with_name(label),
            socket=_short_enough(runtime / "tobs.sock"),
            themes_dir=config / "themes",
            models_dir=models,
            shared_dir=config / apart,
            demo=demo,
            account=name,
        )

    def accounts(self) -> list[str]:
        """The names of all accounts that were ever used beside this one, this one included, the main one first."""
        accounts = (self.state_dir.parent if self.account else self.state_dir / "accounts").glob("*/")
        found = {path.name for path in accounts if _ACCOUNT.fullmatch(path.name)} | ({self.account} - {""})
        return [MAIN_ACCOUNT, *sorted(found)]

    def other_sessions(self) -> list[Path]:
        """Where the sessions of all other accounts lie that were ever used beside this one."""
        root = self.state_dir.parent.parent if self.account else self.state_dir
        folders = [root, *(root / "accounts" / name for name in self.accounts() if name != MAIN_ACCOUNT)]
        return [folder / self.session_file.name for folder in folders if folder != self.state_dir]

    @property
    def log_dir(self) -> Path:
        """JSON-lines logs of the worker and of its clients."""
        return self.state_dir / "log"

    @property
    def profiles_dir(self) -> Path:
        """One TOML file a profile."""
        return self.config_dir / "profiles"

    @property
    def settings_file(self) -> Path:
        """The person's settings (TOML)."""
        return self.shared_dir / "settings.toml"

    @property
    def credentials_file(self) -> Path:
        """Api id and hash (TOML, 0600)."""
        return self.shared_dir / "credentials.toml"

    @property
    def dotenv_file(self) -> Path:
        """TOBS_* variables beside the settings; one in the current directory goes first."""
        return self.shared_dir / ".env"

    @property
    def session_file(self) -> Path:
        """The signed-in session (0600)."""
        return self.state_dir / "session"

    @property
    def lock_file(self) -> Path:
        """Held by the worker process while it lives."""
        return self.runtime_dir / "tobs.lock"

    @property
    def sign_in_lock_file(self) -> Path:
        """Held by a client without a screen while it signs in, so that another one does not do so as well."""
        return self.runtime_dir / "sign-in.lock"

    @property
    def journal_file(self) -> Path:
        """What became of the newest runs."""
        return self.state_dir / "runs.json"

    @property
    def encoders_file(self) -> Path:
        """Which video encoders were found to work on this machine."""
        return self.cache_dir / "encoders.json"

    @property
    def sandbox_state_file(self) -> Path:
        """What the embedded Telegram remembers between starts."""
        return self.state_dir / "sandbox.state"

    def ensure(self) -> None:
        """Make the private directories, 0700.

        Raises:
            TobsError: OUTPUT_NOT_WRITABLE when one cannot be made, or the socket's belongs to somebody else.
        """
        for directory in (
            self.shared_dir,
            *((self.config_dir.parent, self.state_dir.parent, self.cache_dir.parent) if self.account else ()),
            self.config_dir,
            self.state_dir,
            self.cache_dir,
            self.runtime_dir,
            self.log_dir,
            self.profiles_dir,
        ):
            _make_private(directory)
        if self.socket.parent != self.runtime_dir:
            _make_private(self.socket.parent, in_shared=True)


def _usual_places() -> tuple[Path, Path, Path, Path, Path]:
    """Config, state and cache directory, the vault and the speech models, as the platform would have them."""
    dirs = PlatformDirs("tobs", appauthor=False)
    try:
        config, state, cache = dirs.user_config_dir, dirs.user_state_dir, dirs.user_cache_dir
        output, models = Path(dirs.user_documents_dir) / "tobs", Path(dirs.user_data_dir) / "models"
        return Path(config), Path(state), Path(cache), output, models
    except RuntimeError as error:  # HOME is not set, and the user is in no password file, as in some containers
        raise TobsError(
            ErrorCode.USAGE,
            "There is no home directory to keep things in: HOME is not set.",
            f"Set HOME, or {HOME_VARIABLE} to a directory that you may write to.",
        ) from error


def account_name(text: str) -> str:
    """An account's name from what was typed; "" for the main one. Raises `TobsError` USAGE for what can be none: it is
    part of the names of folders."""
    if text in ("", MAIN_ACCOUNT):
        return ""
    if not _ACCOUNT.fullmatch(text):
        raise TobsError(
            ErrorCode.USAGE,
            "An account's name has letters a to z, digits, - and _ only, 32 at most.",
            f"{MAIN_ACCOUNT} is the account without a name of its own.",
            field="account",
        )
    return text


def expanded(text: str, field: str = "") -> Path:
    """A path as a person writes it, ~ and ~name replaced. Raises `TobsError` USAGE for a home that there is not."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise TobsError(ErrorCode.USAGE, f"{text}: there is no such home directory.", field=field) from error


def _server_label(server: ServerAddress) -> str:
    """A name for a server that stays the same when its address changes."""
    key = "".join(server.public_key.split())
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _short_enough(socket: Path) -> Path:
    """`socket`, or a short stand-in below the system's temporary directory where its path is too long for a socket."""
    if len(os.fsencode(socket)) <= MAX_SOCKET_PATH:
        return socket
    shared = Path("/tmp") if os.name == "posix" else Path(tempfile.gettempdir())  # $TMPDIR may differ between logins
    owner = os.getuid() if hasattr(os, "getuid") else 0
    return shared / f"tobs-{owner}" / f"{hashlib.sha256(os.fsencode(socket)).hexdigest()[:24]}.sock"


def _make_private(directory: Path, *, in_shared: bool = False) -> None:
    """Make `directory` and what is missing above it; only the owner may enter it.

    `in_shared`: somebody else could have made it before, or put a link in its place.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts = directory.lstat() if in_shared else directory.stat()
        own = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
        if in_shared and not (own and stat.S_ISDIR(facts.st_mode)):
            raise TobsError(
                ErrorCode.OUTPUT_NOT_WRITABLE,
                f"{directory} belongs to somebody else.",
                f"Remove it, or set {HOME_VARIABLE} to a directory with a shorter path.",
            )
        if not own and os.getuid():  # root may work in anybody's, as in containers
            raise TobsError(
                ErrorCode.OUTPUT_NOT_WRITABLE,
                f"{directory} belongs to somebody else, who could read what is kept there.",
                f"Set {HOME_VARIABLE} to a directory of your own.",
            )
        if own and facts.st_mode & 0o077:
            directory.chmod(0o700)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise TobsError(
            ErrorCode.OUTPUT_NOT_WRITABLE,
            f"{directory} cannot be made or used: {error.strerror}.",
            f"Set {HOME_VARIABLE} to a directory that you may write to.",
        ) from error
