"""Profiles as files: duplicated, carried to other machines and back, and edited by hand without losing anything."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tobs_tui.config.paths import Paths, expanded
from tobs_tui.config.profiles import TUNED_KEYS, check_name, missing_profile, refuse_unusable, started_with
from tobs_tui.config.settings import load_settings
from tobs_tui.config.toml_file import parse_toml, read_source, toml_text, write_private
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile

_NAME_LINE = re.compile(r"^name\s*=.*$", re.MULTILINE)
_FIRST_TABLE = re.compile(r"^\s*\[", re.MULTILINE)


def check_new_name(name: str, paths: Paths) -> None:
    """Whether a new profile may be called so.

    Raises:
        TobsError: BAD_PROFILE, field "name": it cannot be a name, or there is a profile of that name.
    """
    check_name(name)
    taken = {path.stem.casefold() for path in paths.profiles_dir.glob("*.toml")}
    if name.casefold() in taken:  # some file systems do not tell cases apart
        raise _taken(name)


def copy_profile(name: str, new: str, paths: Paths) -> Path:
    """A second profile with everything of the first, comments included. Gives its file.

    Raises:
        TobsError: BAD_PROFILE for a profile that is not there or has a mistake, and as `check_new_name`.
    """
    source, path = _saved(name, paths)
    refuse_unusable(parse_toml(source, Profile, path.name)[0], source, path.name)
    check_new_name(new, paths)
    source = source.replace(f"# {started_with(name)}\n", f"# {started_with(new)}\n", 1)
    table = _FIRST_TABLE.search(source)
    head = source[: table.start()] if table else source
    named = _NAME_LINE.sub(lambda _: f'name = "{new}"', head, count=1) + source[len(head) :]  # it needs no escapes
    try:
        parse_toml(named, Profile, path.name)
    except TobsError:  # a name written over several lines; what a saved profile is called, its file's name says
        named = source
    return _write_new(new, named, paths)


def export_text(name: str, paths: Paths) -> str:
    """A saved profile as TOML that stands by itself, on any machine: what the file leaves to its place (the name, where
    a relative folder counts from) or to the settings (the preset under single performance values) is said.

    Secrets have no place in profiles; comments, which could hold any, are left out. Raises as `copy_profile`.
    """
    source, path = _saved(name, paths)
    profile, raw = parse_toml(source, Profile, path.name)
    refuse_unusable(profile, source, path.name)
    data: dict[str, Any] = {"name": name, **{key: value for key, value in raw.items() if key != "name"}}
    if profile.output:
        data["output"] = _below_home(expanded("~") / expanded(profile.output, "output"))
    performance = raw.get("performance", {})
    if TUNED_KEYS & performance.keys() and "preset" not in performance:
        data["performance"] = {"preset": load_settings(paths).preset.value, **performance}
    return toml_text(data, comment="A profile of tobs. Bring it in with: tobs profiles import FILE")


def write_export(text: str, target: str, name: str) -> Path:
    """Put an exported profile into a new file, or into NAME.toml in a folder that is there. Gives the file.

    Raises:
        TobsError: OUTPUT_NOT_WRITABLE, field "name": no such folder, a file of that name, a full disk.
    """
    path = export_target(target, name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise TobsError(ErrorCode.OUTPUT_NOT_WRITABLE, f"{path} cannot be written: {error.strerror}.") from error
    return path


def export_target(target: str, name: str) -> Path:
    """The file that `write_export` would write. Raises as it does, where that can be told before."""
    path = expanded(target, "name").absolute()
    path = path / f"{name}.toml" if path.is_dir() else path
    problem = ""
    if not target.strip():
        problem = "A file needs a name."
    elif path.exists() or path.is_symlink():
        problem = f"{path} is there already."
    elif not path.parent.is_dir():
        problem = f"There is no folder {path.parent}."
    if problem:
        raise TobsError(ErrorCode.OUTPUT_NOT_WRITABLE, problem, "Choose another file.", field="name")
    return path


def import_profile(source: str, shown: str, paths: Paths, *, name: str = "", folder: Path | None = None) -> str:
    """Save a profile's TOML under `name`, else the name that it gives itself. Gives the name.

    `shown` is what messages call the text; a relative output counts from `folder` (default: the home directory).

    Raises:
        TobsError: BAD_PROFILE with file, line and key of a mistake, or as `check_new_name`.
    """
    profile, raw = parse_toml(source, Profile, shown)
    refuse_unusable(profile, source, shown)
    name = name or profile.name or (Path(shown).stem if folder is not None else "")
    if not name:
        raise TobsError(ErrorCode.BAD_PROFILE, f"{shown} gives no name.", "Give one: --as NAME", field="name")
    check_new_name(name, paths)
    raw = {"name": name, **{key: value for key, value in raw.items() if key != "name"}}
    if profile.output and folder is not None:
        raw["output"] = _below_home(folder.absolute() / expanded(profile.output, "output"))
    _write_new(name, toml_text(raw, comment=started_with(name)), paths)
    return name


@dataclass
class Draft:
    """A copy of a profile's file for an editor to change; the profile stays as it is until the draft is accepted."""

    name: str
    path: Path
    """What the editor is given."""
    target: Path
    """The profile's file."""
    before: bytes
    stays: bool = False
    """Whether what was typed is nowhere else."""

    @classmethod
    def begin(cls, name: str, paths: Paths) -> Draft:
        """A draft of a saved profile, which may have mistakes. `end` takes it away.

        Raises:
            TobsError: BAD_PROFILE when there is no such profile, OUTPUT_NOT_WRITABLE.
        """
        target = _path_of(name, paths)
        try:
            before = target.read_bytes()
            folder = Path(tempfile.mkdtemp(prefix="tobs-"))  # made 0700; editors leave their own files there, too
            path = folder / target.name
            path.write_bytes(before)
        except FileNotFoundError as error:
            raise missing_profile(name, paths) from error
        except OSError as error:
            raise TobsError(ErrorCode.OUTPUT_NOT_WRITABLE, f"{name} cannot be edited: {error.strerror}.") from error
        return cls(name, path, target, before)

    @property
    def changed(self) -> bool:
        """Whether the draft says anything else than the profile did."""
        return self._content() != self.before

    def accept(self) -> Path:
        """Make the draft the profile. Gives the file that has what the profile was before.

        Raises:
            TobsError: BAD_PROFILE with file, line and key; nothing is changed then.
        """
        source = read_source(self.path)
        refuse_unusable(parse_toml(source, Profile, self.path.name)[0], source, self.path.name)
        target = self.target.resolve()  # where the profile is a link, what it leads to is edited
        former = self.target.with_name(f"{self.target.name}.former")
        write_private(former, target.read_bytes() if target.exists() else self.before)
        write_private(target, source.encode())
        return former

    def set_aside(self) -> Path:
        """Keep what was typed beside the profile, which stays as it is; where that cannot be, the draft itself stays.
        Gives the file."""
        kept = self.target.with_name(f"{self.target.name}.rejected")
        try:
            write_private(kept, self._content())
        except TobsError:
            self.stays = True
            return self.path
        return kept

    def end(self) -> None:
        """Take the draft away, unless it is all that there is of what was typed."""
        if self.stays:
            return
        shutil.rmtree(self.path.parent, ignore_errors=True)

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError:  # an editor that took its file away has changed nothing
            return self.before


def line_at_fault(error: TobsError) -> int:
    """The line that a sentence about a mistake in a file names; 0 where it names none."""
    named = re.match(r"[^:]*:(\d+): ", error.sentence)
    return int(named[1]) if named else 0


def _path_of(name: str, paths: Paths) -> Path:
    try:
        check_name(name)
    except TobsError as error:  # no profile can have such a name
        raise missing_profile(name, paths) from error
    return paths.profiles_dir / f"{name}.toml"


def _saved(name: str, paths: Paths) -> tuple[str, Path]:
    path = _path_of(name, paths)
    try:
        return read_source(path), path
    except FileNotFoundError as error:
        raise missing_profile(name, paths) from error


def _write_new(name: str, text: str, paths: Paths) -> Path:
    path = paths.profiles_dir / f"{name}.toml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.open("xb").close()  # the name is taken from here on, whoever else wants it at this moment
    except FileExistsError as error:
        raise _taken(name) from error
    except OSError as error:
        raise TobsError(ErrorCode.OUTPUT_NOT_WRITABLE, f"{path} cannot be written: {error.strerror}.") from error
    try:
        write_private(path, text.encode())
    except TobsError:
        path.unlink(missing_ok=True)
        raise
    return path


def _taken(name: str) -> TobsError:
    return TobsError(
        ErrorCode.BAD_PROFILE, f"There is a profile named “{name}” already.", "Choose another name.", field="name"
    )


def _below_home(path: Path) -> str:
    """A path as it means the same place to the same person elsewhere."""
    home = expanded("~")
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)
