"""The passphrase of the encrypted session: set one, another one, or none, in a dialog over the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from tobs_tui.config.sealing import SHORTEST, Holder
from tobs_tui.model.display import clean
from tobs_tui.model.errors import TobsError
from tobs_tui.service.protocol import AnyCommand, Done, RemovePassphrase, SetPassphrase
from tobs_tui.ui.screens.dialogs import Dialog
from tobs_tui.ui.widgets.fields import Choice, Field
from tobs_tui.ui.widgets.painted import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input

_NOTE = (
    "It encrypts the session and the api hash on this disk, and is asked for when the background service starts. "
    "There is no way to find it out again: whoever forgets it signs in anew."
)
_SHOWN = {None: "in clear", Holder.PERSON: "encrypted, passphrase", Holder.KEYRING: "encrypted, keyring"}


def protection(holder: Holder | None) -> str:
    """How the session is kept, in two words."""
    return _SHOWN[holder]


class PassphraseScreen(Dialog[None]):
    """Stays until a change went through; what is wrong is told beside its field. Escape changes nothing."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__()
        self._holder = holder
        self._busy = False

    def compose(self) -> ComposeResult:
        """What it is for, the fields, the other ways."""
        with Vertical():
            yield Words("The session's passphrase", tone="strong", classes="heading")
            yield Words(_NOTE, tone="muted", classes="lead")
            if self._holder is Holder.PERSON:
                yield Field("old", "So far", password=True)
            yield Field("passphrase", "New", password=True, hint=f"{SHORTEST} characters or more; several words")
            yield Field("again", "Once more", password=True)
            with Vertical(classes="choices"):
                if self._holder is not Holder.KEYRING:
                    yield Choice("Let the system's keyring keep a random one", id="keyring")
                if self._holder is not None:
                    yield Choice("Keep the session in clear again", id="remove")

    def on_mount(self) -> None:
        """Type at once."""
        self.query(Field).first(Field).input.focus()

    def _typed(self, name: str) -> str:
        fields = [field for field in self.query(Field) if field.input.id == name]
        return fields[0].input.value if fields else ""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field; in the last one, the new passphrase is set."""
        event.stop()
        if event.input.id != "again":
            self.focus_next()
        elif self._typed("passphrase") != event.value:
            self.query_one("#field-again", Field).wrong("That is not the same as above.")
        else:
            self._send(SetPassphrase(event.value, self._typed("old")), "passphrase", "The session is encrypted.")

    def on_choice_pressed(self, message: Choice.Pressed) -> None:
        """One of the other ways."""
        if message.choice.id == "keyring":
            told = "The session is encrypted; the keyring keeps the passphrase."
            self._send(SetPassphrase(old=self._typed("old"), in_keyring=True), "old", told)
        else:
            self._send(RemovePassphrase(self._typed("old")), "old", "The session lies in clear.")

    def _send(self, command: AnyCommand, field: str, told: str) -> None:
        if not self._busy:
            self._busy = True
            self.run_worker(self._sent(command, field, told), group="send")

    async def _sent(self, command: AnyCommand, field: str, told: str) -> None:
        try:
            await self.tobs.ask(command, Done)
        except TobsError as error:
            fields = {found.input.id: found for found in self.query(Field)}
            where = fields.get(error.field or field)
            if where is not None:
                where.wrong(clean(str(error), 300))
            else:
                self.tobs.say_error(error)
        else:
            self.tobs.say(told)
            self.app.call_later(self.dismiss, None)
        finally:
            self._busy = False
