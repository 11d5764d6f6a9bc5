"""Every action in one table: its id, key, name and sentence; bindings, footer, help and palette read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from textual.binding import Binding

EVERYWHERE = "app"
LIST = "list"
DIALOG = "dialog"
DIALOGS = ("help", "pick", "detail", "choice")
"""Contexts that are dialogs or parts of them: the keys of `DIALOG` work there too."""
MAX_SHORTCUTS = 9
"""How many profiles have a key of their own on the home screen."""


class Action(Struct, frozen=True):
    """One thing a person can do.

    `id` is ``context.name`` and stays the same across versions; `does` is the method behind it (``action_...``);
    `footer` says whether the bottom line shows it, `end` whether it stands at the line's right end.
    """

    id: str
    key: str
    does: str
    name: str
    help: str
    footer: bool = True
    end: bool = False
    priority: bool = False

    @property
    def context(self) -> str:
        """The screen, or `EVERYWHERE`, or `LIST` for whatever list has the focus."""
        return self.id.partition(".")[0]


ACTIONS: tuple[Action, ...] = (
    Action("app.help", "question_mark", "help", "Help", "Show the keys of this screen"),
    Action("app.commands", "ctrl+p", "command_palette", "Commands", "Find any action by name", priority=True),
    Action("app.quit", "q", "leave", "Quit", "Leave; a run continues in the background", end=True),
    Action("app.force_quit", "ctrl+q", "leave", "Quit", "Leave, also from within a field", footer=False, priority=True),
    Action(
        "app.suspend",
        "ctrl+z",
        "suspend_process",
        "Suspend",
        "Give the terminal back to the shell until its fg; a run continues",
        footer=False,
        priority=True,
    ),
    Action("app.home", "h", "home", "Home", "Go to the home screen", footer=False),
    Action(
        "app.settings", "comma", "settings", "Settings", "Change theme, account and terminal settings", footer=False
    ),
    Action("app.theme", "ctrl+t", "next_theme", "Next theme", "Try the next theme", footer=False),
    Action("list.up", "up,k", "cursor_up", "Up", "Move up", footer=False),
    Action("list.down", "down,j", "cursor_down", "Down", "Move down", footer=False),
    Action("list.page_up", "pageup", "page_up", "Page up", "Move up a page", footer=False),
    Action("list.page_down", "pagedown", "page_down", "Page down", "Move down a page", footer=False),
    Action("list.first", "g,home", "first", "First", "Go to the first row", footer=False),
    Action("list.last", "G,end", "last", "Last", "Go to the last row", footer=False),
    Action("list.choose", "enter", "choose", "Open", "Open or choose the row under the cursor", footer=False),
    Action("dialog.close", "escape", "close", "Close", "Close the dialog, changing nothing", footer=False),
    Action("dialog.next", "down,j", "next", "Next", "Go to the next answer", footer=False),
    Action("dialog.previous", "up,k", "previous", "Previous", "Go to the answer before", footer=False),
    Action("dialog.page_down", "pagedown", "page_down", "Page down", "Scroll down what does not fit", footer=False),
    Action("dialog.page_up", "pageup", "page_up", "Page up", "Scroll up again", footer=False),
    Action("help.close", "question_mark,q,enter", "close", "Close", "Close the help", footer=False),
    Action("detail.close", "enter,q,space", "close", "Close", "Close the details", footer=False),
    Action("choice.press", "enter,space", "press", "Choose", "Take the answer that has the focus", footer=False),
    Action("pick.mark", "space", "mark", "Mark", "Mark the row under the cursor, or no longer", footer=False),
    Action("pick.all", "a", "all", "All or none", "Mark all rows, or none", footer=False),
    Action("home.new", "n", "new_export", "New export", "Choose chats for a new export"),
    Action("home.attach", "a", "attach", "Watch run", "Watch the run in progress"),
    Action("home.account", "i", "account", "Sign in", "Sign in, or see the account"),
    Action("home.retry", "r", "reconnect", "Try again", "Try to reach the service and Telegram again"),
    Action("home.edit", "e", "edit", "Edit", "Change the profile under the cursor"),
    Action(
        "home.refresh",
        "f",
        "refresh",
        "Refresh",
        "Run the profile under the cursor, and look for edits, reactions and deletions",
        footer=False,
    ),
    Action("home.copy", "c", "file('copy')", "Copy", "Duplicate the profile under the cursor", footer=False),
    Action(
        "home.edit_file",
        "o",
        "file('edit')",
        "Open file",
        "Change the file of the profile under the cursor in $VISUAL or $EDITOR",
        footer=False,
    ),
    Action(
        "home.export", "w", "file('export')", "Export", "Write the profile under the cursor to a file", footer=False
    ),
    *(
        Action(f"home.launch{n}", str(n), f"launch({n})", f"Start profile {n}", f"Start profile {n}", footer=False)
        for n in range(1, MAX_SHORTCUTS + 1)
    ),
    Action("home.delete", "x", "file('delete')", "Delete", "Delete the profile under the cursor", footer=False),
    Action("home.search", "slash", "search", "Search", "Search what is exported"),
    Action(
        "home.verify",
        "v",
        "verify",
        "Verify",
        "Look whether all of the vault of what is under the cursor is as it was written",
        footer=False,
    ),
    Action("home.settings", "s", "settings", "Settings", "Change theme, account and terminal settings"),
    Action("home.demo", "d", "explore_demo", "Demo", "Explore the demo, with no account", footer=False),
    Action("sign_in.back", "escape", "back", "Back", "Go back one step"),
    Action("sign_in.resend", "ctrl+r", "resend", "Send again", "Ask for the code again", footer=False),
    Action("sign_in.qr", "ctrl+o", "qr", "QR code", "Sign in with a QR code instead", footer=False),
    Action("targets.toggle", "space", "select", "Select", "Select the chat under the cursor"),
    Action("targets.refresh", "r", "refresh_list", "Try again", "Ask Telegram for the list again"),
    Action("targets.next", "n", "next", "Next", "Go on to the profile"),
    Action("targets.topics", "t", "topics", "Topics", "Choose topics of the forum under the cursor"),
    Action("targets.filter", "slash", "filter", "Filter", "Filter as you type"),
    Action("targets.paste", "l", "paste", "Link", "Add a chat by link, @name or id"),
    Action("targets.kind", "y", "kind", "Type", "Show one type of chat, then the next", footer=False),
    Action("targets.folder", "f", "folder", "Folder", "Show one folder, then the next", footer=False),
    Action("targets.archived", "v", "archived", "Archived", "Show, hide, or show only archived chats", footer=False),
    Action("targets.visible", "a", "select_visible", "All shown", "Select all chats shown", footer=False),
    Action("targets.clear", "x", "clear", "None", "Select nothing", footer=False),
    Action("targets.back", "escape", "back", "Back", "Leave the filter, or go back"),
    Action("topics.refresh", "r", "refresh_list", "Try again", "Ask Telegram for the topics again"),
    Action("topics.toggle", "space", "select", "Select", "Select the topic under the cursor"),
    Action("topics.accept", "n", "accept", "Use these", "Use the selected topics"),
    Action("topics.filter", "slash", "filter", "Filter", "Filter as you type"),
    Action("topics.all", "a", "all", "All", "Select all topics"),
    Action("topics.none", "x", "none", "None", "Select no topic"),
    Action("topics.invert", "i", "invert", "Invert", "Select what is not selected"),
    Action("topics.back", "escape", "back", "Back", "Leave the filter, or go back unchanged"),
    Action("tuning.start", "s", "start", "Start", "Start the export"),
    Action("tuning.save", "w", "save", "Save as…", "Save the profile under a name"),
    Action("tuning.edit", "e", "edit", "Edit", "Change the value under the cursor"),
    Action("tuning.next", "right", "step(1)", "Next value", "Take the next value", footer=False),
    Action("tuning.previous", "left", "step(-1)", "Previous value", "Take the previous value", footer=False),
    Action("tuning.toggle", "space", "edit", "Change", "Change the value under the cursor", footer=False),
    Action("tuning.chats", "c", "chats", "Chats", "Go back to the list of chats", footer=False),
    Action("tuning.back", "escape", "back", "Back", "Leave the field, or go back"),
    Action("run.pause", "p", "pause", "Pause", "Pause or resume the job"),
    Action("run.stop", "s", "stop", "Stop…", "Stop the job, keeping what is fetched"),
    Action("run.detach", "d", "detach", "Detach", "Leave this screen; the job continues"),
    Action("run.filter", "slash", "filter", "Filter", "Filter the list as you type"),
    Action("run.zoom", "z", "zoom", "Zoom", "Show one panel alone, or all again"),
    Action("run.freeze", "space", "freeze", "Freeze view", "Hold the view still; the job continues", footer=False),
    Action("run.ack", "a", "acknowledge", "Acknowledge", "Mark all alerts as seen", footer=False),
    Action("run.restart", "r", "restart", "Restart", "Have the worker under the cursor begin anew", footer=False),
    Action("run.sort", "t", "sort", "Sort", "Sort by order, state, name, size or progress", footer=False),
    Action("run.level", "l", "level", "Log level", "Show log lines from the next level up", footer=False),
    Action("run.follow", "f", "follow", "Follow", "Follow the log, or hold it", footer=False),
    Action("run.panel1", "1", "panel(1)", "Chats", "Go to the chats", footer=False),
    Action("run.panel2", "2", "panel(2)", "Workers", "Go to the workers", footer=False),
    Action("run.panel3", "3", "panel(3)", "Resources", "Go to the resources", footer=False),
    Action("run.panel4", "4", "panel(4)", "Alerts", "Go to the alerts", footer=False),
    Action("run.panel5", "5", "panel(5)", "Log", "Go to the log", footer=False),
    Action("run.summary", "v", "summary", "Summary", "See the summary of a finished run", footer=False),
    Action("run.back", "escape", "back", "Back", "Leave the filter or the zoom, or detach", footer=False),
    Action("summary.again", "r", "again", "Run again", "Run the same profile again"),
    Action("summary.retry", "t", "retry", "Retry failures", "Try again what could not be had"),
    Action("summary.open", "o", "open", "Open", "Open the vault's index, in $VISUAL or $EDITOR"),
    Action("summary.verify", "v", "verify", "Verify", "Look whether all of the vault is as it was written"),
    Action("summary.search", "slash", "search", "Search", "Search what is exported"),
    Action("summary.home", "h", "home", "Home", "Go to the home screen"),
    Action("summary.back", "escape", "home", "Home", "Go to the home screen", footer=False),
    Action("search.words", "slash", "words", "Words", "Type other words"),
    Action("search.filters", "f", "filters", "Filters", "Narrow it to a chat, a person, some days"),
    Action("search.open", "o", "open", "Open file", "Open the note at the message's line, in $VISUAL or $EDITOR"),
    Action("search.copy", "c", "copy", "Copy place", "Copy the note's path and the line"),
    Action("search.vault", "v", "vault", "Vault", "Search in another vault"),
    Action("search.clear", "x", "clear", "No filters", "Clear the filters", footer=False),
    Action("search.back", "escape", "back", "Back", "Leave the field, or go back"),
    Action("message.open", "o", "open", "Open file", "Open the note at the message's line, in $VISUAL or $EDITOR"),
    Action("message.copy", "c", "copy", "Copy place", "Copy the note's path and the line"),
    Action("message.next", "n", "step(1)", "Next", "Go to the next message that was found"),
    Action("message.previous", "p", "step(-1)", "Previous", "Go to the previous message that was found"),
    Action("message.back", "escape", "back", "Back", "Go back to the list"),
    Action("settings.change", "e", "edit", "Change", "Change the value under the cursor"),
    Action("settings.next", "right", "step(1)", "Next value", "Take the next value", footer=False),
    Action("settings.previous", "left", "step(-1)", "Previous value", "Take the previous value", footer=False),
    Action("settings.toggle", "space", "edit", "Change", "Change the value under the cursor", footer=False),
    Action("settings.sign_out", "o", "sign_out", "Sign out…", "Sign out of Telegram on this machine"),
    Action("settings.back", "escape", "back", "Back", "Leave the field, or go back"),
)

BY_ID = {action.id: action for action in ACTIONS}


def actions_of(*contexts: str) -> list[Action]:
    """The actions of these contexts, in the table's order."""
    return [action for action in ACTIONS if action.context in contexts]


def bindings(context: str) -> list[Binding]:
    """Textual's bindings for a context; each carries its action's id, so that a key map can change it."""
    from textual.binding import Binding

    return [
        Binding(action.key, action.does, action.name, show=False, id=action.id, priority=action.priority)
        for action in actions_of(context)
    ]


def keys_of(action: Action, keymap: Mapping[str, str]) -> list[str]:
    """The keys that do `action` under a key map, as textual names them."""
    return [key.strip() for key in keymap.get(action.id, action.key).split(",")]


_SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "escape": "esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


def shown(key: str) -> str:
    """A key as the footer and the help write it: ``?``, ``^p``, ``esc``."""
    return f"^{key[5:]}" if key.startswith("ctrl+") else _SHOWN.get(key, key)
