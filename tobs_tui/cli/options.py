"""What the command line was told, and the paths, server and variables that follow from it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tobs_tui.model.errors import ErrorCode, TobsError

if TYPE_CHECKING:
    from tobs_tui.config.layers import Effective
    from tobs_tui.config.paths import Paths
    from tobs_tui.config.profiles import ProfileFile


@dataclass(frozen=True)
class Options:
    """The options before any command. A dataclass: `--help` need not import the struct library."""

    profile: str = ""
    headless: bool = False
    json_lines: bool = False
    output: str | None = None
    chats: tuple[str, ...] = ()
    all_chats: bool = False
    plan: bool = False
    refresh: bool = False
    refresh_window: str | None = None
    filters: tuple[tuple[str, Any], ...] = ()
    """Dotted keys of `config.layers` with what was given for them."""
    low_bandwidth: bool | None = None
    no_mouse: bool = False
    demo: bool = False
    server: Path | None = None

    def at(self, *, demo: bool, server: Path | None) -> Options:
        """With a command's own place options on top."""
        return replace(self, demo=self.demo or demo, server=server or self.server)

    def chooses(self, key: str) -> bool:
        """Whether a flag gives the value of a dotted key."""
        return any(given == key for given, _ in self.filters)

    def look_flags(self) -> dict[str, Any]:
        """The flags for any profile, as dotted keys of `config.layers`."""
        return {
            **dict(self.filters),
            "output": self.output,
            "low_bandwidth": self.low_bandwidth,
            "mouse": False if self.no_mouse else None,
        }

    def flags(self) -> dict[str, Any]:
        """All flags, those that choose chats included."""
        flags = self.look_flags()
        if self.chats or self.all_chats:
            flags |= {"targets.all_chats": self.all_chats, "targets.chats": self.chats}
        return flags


class Setting:
    """Where the options lead: paths, server, and the environment as it was found.

    Variables of .env files are put into this process's environment, so that the background service, which has another
    current directory, is given them too.
    """

    def __init__(self, options: Options) -> None:
        from tobs_tui.config.environment import read_environment
        from tobs_tui.config.passphrase import PASSPHRASE_VARIABLE
        from tobs_tui.config.paths import HOME_VARIABLE, Paths, expanded
        from tobs_tui.config.server_file import load_server

        try:
            Path.cwd()
        except FileNotFoundError as error:
            raise TobsError(
                ErrorCode.USAGE, "The current directory is not there any more.", "Change to another one: cd"
            ) from error
        self.options = options
        self.server = load_server(options.server) if options.server is not None else None
        self.environ = dict(os.environ)
        self.paths: Paths = Paths.resolve(demo=options.demo, server=self.server)
        if home := self.environ.get(HOME_VARIABLE):
            os.environ[HOME_VARIABLE] = str(expanded(home).absolute())
        for variable in read_environment(self.paths, self.environ).variables.values():
            if variable.name != PASSPHRASE_VARIABLE:  # it goes over the service's socket, when it is asked for
                os.environ.setdefault(variable.name, variable.value)

    def passphrase(self) -> str | None:
        """The passphrase that was given in a file or in the environment; None without. Raises `TobsError` USAGE."""
        from tobs_tui.config.passphrase import given_passphrase

        return given_passphrase(self.paths, self.environ)

    def profile_file(self, name: str = "") -> ProfileFile | None:
        """The profile of that name, or of the one among the options; None without any. Raises `TobsError`."""
        from tobs_tui.config.profiles import read_profile

        name = name or self.options.profile
        return read_profile(name, self.paths) if name else None

    def effective(self, name: str = "") -> Effective:
        """Everything in force for that profile (see `profile_file`), all flags included. Raises `TobsError`."""
        from tobs_tui.config.layers import effective

        file = self.profile_file(name)
        return effective(
            file.profile if file else None,
            self.paths,
            self.environ,
            self.options.flags(),
            given=file.given if file else None,
            source=file.path.name if file else "",
        )
