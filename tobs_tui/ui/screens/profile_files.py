"""What the home screen does with the file of a saved profile: duplicate, edit by hand, export, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tobs_tui.config.profile_files import (
    Draft,
    check_new_name,
    copy_profile,
    export_target,
    export_text,
    line_at_fault,
    write_export,
)
from tobs_tui.config.profiles import delete_profile
from tobs_tui.model.display import clean
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.ui.screens.dialogs import Ask, AskName

if TYPE_CHECKING:
    from tobs_tui.ui.screens.home import HomeScreen


def _problem(check: Callable[[], object]) -> str:
    """What `check` raises, as a sentence for the field; '' when nothing is wrong."""
    try:
        check()
    except TobsError as error:
        return clean(error.sentence, 400)
    return ""


async def duplicate(home: HomeScreen, name: str) -> None:
    """Save the profile once more under a name that is asked for. What is wrong with it is told beside the field."""
    app = home.tobs

    def answered(new: str | None) -> None:
        if new:
            try:
                copy_profile(name, new, app.paths)
                app.say(f"Copied {name} as {new}")
            except TobsError as error:
                app.say_error(error)
            home.profiles_changed(new)

    question = f"Copy the profile “{clean(name, 60)}” under which name?"
    check = lambda new: _problem(lambda: check_new_name(new, app.paths))  # noqa: E731
    await app.push_screen(AskName(question, "", check), answered)


async def export(home: HomeScreen, name: str) -> None:
    """Write the profile as a file that stands by itself, where the person says."""
    app = home.tobs
    try:
        text = export_text(name, app.paths)
    except TobsError as error:
        app.say_error(error)
        return

    def answered(target: str | None) -> None:
        if target:
            try:
                app.say(f"Exported to {write_export(text, target, name)}")
            except TobsError as error:
                app.say_error(error)

    question = f"Export the profile “{clean(name, 60)}” to which file?"
    check = lambda target: _problem(lambda: export_target(target, name))  # noqa: E731
    note = "It holds no secrets, and comes in elsewhere with: tobs profiles import FILE"
    await app.push_screen(AskName(question, f"~/{name}.toml", check, note, label="File"), answered)


async def edit_file(home: HomeScreen, name: str) -> None:
    """Open the profile's file in the person's editor. A file with a mistake does not take its place."""
    try:
        draft = Draft.begin(name, home.tobs.paths)
    except TobsError as error:
        home.tobs.say_error(error)
        return
    await _edit(home, draft, 0)


async def _edit(home: HomeScreen, draft: Draft, line: int) -> None:
    from tobs_tui.ui.editor import open_in_editor

    app = home.tobs
    if not open_in_editor(app, draft.path, line, change=True):
        if draft.changed:
            _leave(home, draft)
    elif not draft.changed:
        app.say("Nothing was changed.")
    else:
        try:
            app.say(f"Saved. What it was before is kept in {draft.accept()}")
        except TobsError as error:
            if error.code is ErrorCode.BAD_PROFILE:
                await _ask_to_mend(home, draft, error)
                return
            app.say_error(error)
            _leave(home, draft)
    draft.end()
    home.profiles_changed(draft.name)


def _leave(home: HomeScreen, draft: Draft) -> None:
    home.tobs.say(f"The profile is as it was. What was typed is kept in {draft.set_aside()}")


async def _ask_to_mend(home: HomeScreen, draft: Draft, mistake: TobsError) -> None:
    line = line_at_fault(mistake)

    def answered(again: bool | None) -> None:
        if again:
            home.call_later(_edit, home, draft, line)
        else:
            _leave(home, draft)
            draft.end()

    note = clean(mistake.sentence, 600)
    ask = Ask("The file has a mistake", note, "Edit again", "Leave the profile as it was", careful=False)
    await home.tobs.push_screen(ask, answered)


async def delete(home: HomeScreen, name: str) -> None:
    """Delete the profile, after asking."""
    app = home.tobs

    def answered(yes: bool | None) -> None:
        if yes:
            try:
                delete_profile(name, app.paths)
            except TobsError as error:
                app.say_error(error)
            home.profiles_changed()

    question = f"Delete the profile “{clean(name, 60)}”?"
    await app.push_screen(Ask(question, "What it exported stays.", "Delete it", "Keep it"), answered)


DOES: dict[str, Callable[[HomeScreen, str], Awaitable[None]]] = {
    "copy": duplicate,
    "edit": edit_file,
    "export": export,
    "delete": delete,
}
"""What can be done with the profile of a name."""
