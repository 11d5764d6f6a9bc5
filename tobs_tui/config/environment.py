"""TOBS_* variables: which there are, where they come from (.env files, the environment), and those nobody knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tobs_tui.config.credentials import HASH_VARIABLE, ID_VARIABLE
from tobs_tui.config.passphrase import FILE_VARIABLE, PASSPHRASE_VARIABLE, SECRET_VARIABLES
from tobs_tui.config.paths import ACCOUNT_VARIABLE, HOME_VARIABLE, Paths
from tobs_tui.config.settings import Settings
from tobs_tui.config.toml_file import did_you_mean, leaves
from tobs_tui.model.profile import Profile

PREFIX = "TOBS_"
NOT_BY_ENVIRONMENT = frozenset({"name", "keymap", "default_output", "preset"})
"""Keys without a variable: TOBS_OUTPUT and TOBS_PERFORMANCE_PRESET say the last two for the run itself."""
OTHER_VARIABLES = {
    HOME_VARIABLE: "one directory for everything: config, state, cache, vault (not in a .env file)",
    ACCOUNT_VARIABLE: "the name of the account, where there are several (not in a .env file)",
    ID_VARIABLE: "api id from my.telegram.org",
    HASH_VARIABLE: "api hash from my.telegram.org",
    PASSPHRASE_VARIABLE: "the passphrase of the encrypted session",
    FILE_VARIABLE: "a file that only you can read, with the passphrase in its first line",
}
_LINE = re.compile(r"(?:export\s+)?(?P<key>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)")


class Variable(Struct, frozen=True):
    """A value from the environment; `source` is "environment" or the .env file's path."""

    name: str
    value: str
    source: str


class Environment(Struct, frozen=True):
    """All TOBS_* variables in force, and sentences about what in them nobody understands."""

    variables: dict[str, Variable]
    warnings: tuple[str, ...] = ()


def variable_names() -> dict[str, str]:
    """The variable of each dotted key that has one: performance.history_workers -> TOBS_PERFORMANCE_HISTORY_WORKERS."""
    keys = [key for struct in (Profile, Settings) for key, _, _ in leaves(struct)]
    return {key: PREFIX + key.replace(".", "_").upper() for key in keys if key not in NOT_BY_ENVIRONMENT}


def parse_dotenv(text: str) -> tuple[dict[str, str], list[int]]:
    """(variables, numbers of the lines that are none) of a .env file: KEY=value, quotes optional, # for comments."""
    values: dict[str, str] = {}
    bad: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            bad.append(number)
            continue
        value = match["value"].strip()
        if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
            value = value[1:end]
        else:
            value = re.split(r"\s#", value, maxsplit=1)[0].strip()
        values[match["key"]] = value
    return values, bad


def read_environment(paths: Paths, environ: Mapping[str, str], cwd: Path | None = None) -> Environment:
    """The variables of `environ`, over those of `cwd/.env`, over those of the config directory's .env.

    Unknown TOBS_* variables, lines of .env files that are none, and unreadable .env files end in `warnings`.
    """
    variables: dict[str, Variable] = {}
    warnings: list[str] = []
    for file in dict.fromkeys((paths.dotenv_file, (cwd or Path.cwd()) / ".env")):
        try:
            values, bad = parse_dotenv(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            warnings.append(f"{file} was left out: {reason}.")
            continue
        warnings += [f"{file}:{number} was left out: it is not KEY=value." for number in bad]
        for name in (HOME_VARIABLE, ACCOUNT_VARIABLE):
            if values.pop(name, None) is not None:
                warnings.append(f"{file}: {name} has no effect in a .env file; set it in the environment.")
        if secrets := [name for name in SECRET_VARIABLES if name in values]:
            warnings += _open_to_others(file, secrets)
        variables |= {key: Variable(key, value, str(file)) for key, value in values.items() if key.startswith(PREFIX)}
    variables |= {key: Variable(key, value, "environment") for key, value in environ.items() if key.startswith(PREFIX)}
    known = [*variable_names().values(), *OTHER_VARIABLES]
    for name, variable in variables.items():
        if name not in known:
            where = "" if variable.source == "environment" else f" (in {variable.source})"
            hint = did_you_mean(name, known) or "."
            warnings.append(f"{name}{where} is not a variable that tobs knows{hint}")
    return Environment(variables=variables, warnings=tuple(warnings))


def _open_to_others(file: Path, secrets: list[str]) -> list[str]:
    """What to say about an .env file with secrets that others may read."""
    if file.stat().st_mode & 0o077:
        return [f"Others than you may read {file}, which holds {' and '.join(secrets)}: chmod 600 {file}"]
    return []
