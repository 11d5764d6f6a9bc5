"""Sign in: api id and hash, phone, code and password, or a QR code; one step at a time, errors beside their field."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from tobs_tui.config.sealing import Holder
from tobs_tui.model.display import clean, plural
from tobs_tui.model.errors import TobsError
from tobs_tui.service.protocol import (
    AccountPhase,
    AccountState,
    AnyCommand,
    BackToPhone,
    Done,
    Reconnect,
    ResendCode,
    SendCode,
    SetCredentials,
    StartQr,
    SubmitCode,
    SubmitPassword,
    Unlock,
)
from tobs_tui.ui.keys import bindings
from tobs_tui.ui.run_model import Link
from tobs_tui.ui.screens.page import Page
from tobs_tui.ui.widgets.fields import Choice, Field
from tobs_tui.ui.widgets.painted import Words

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input

HOW_TO_GET_CREDENTIALS = (
    "Telegram gives every application an id. To get yours, once: open https://my.telegram.org in a browser, sign in "
    "with your phone number, choose “API development tools”, fill in any title and short name, and copy the two "
    "values here. They stay on this machine."
)
_VIA = {"app": "in your Telegram app", "sms": "as a text message", "call": "with a phone call", "email": "by e-mail"}
_LATER_STEPS = (AccountPhase.CODE_SENT, AccountPhase.PASSWORD_NEEDED, AccountPhase.QR_SHOWN)


class SignInScreen(Page):
    """Sign in."""

    context = "sign_in"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("sign_in"))
    ticking = True
    _shown: tuple[AccountPhase | None, str] | None = None
    _busy = False
    _leaving = False

    def crumbs(self) -> list[str]:
        """Where one is."""
        return ["Sign in"]

    def body(self) -> ComposeResult:
        """One column; each step puts its own things there."""
        yield Vertical(id="sign-in")

    def on_mount(self) -> None:
        """The step at hand."""
        self.model_changed()

    def model_changed(self) -> None:
        """Another phase is another step; the same one may tick."""
        model = self.tobs.model
        account = model.account if model.link is Link.ATTACHED else None
        phase = account.phase if account else None
        key = (phase, account.qr_url if account else "")
        if phase is AccountPhase.SIGNED_IN and account is not None:
            if self.is_current and not self._leaving:
                self._leaving = True
                self.tobs.say(f"Signed in as {account.name}.")
                self.app.call_later(self.dismiss, None)
            return
        if key != self._shown:
            self._shown = key
            self.run_worker(self._show_step(account), group="step", exclusive=True)
        elif account is not None:
            self._tick(account)

    async def _show_step(self, account: AccountState | None) -> None:
        column = self.query_one("#sign-in", Vertical)
        widgets = _step(account, self.tobs.model.problem)
        if account is not None and (hint := _demo_hint(account)):
            widgets.append(Words(hint, tone="warn", classes="demo-hint"))
        with self.app.batch_update():  # whoever sees a field can type into it: the first letter would be lost
            await column.remove_children()
            await column.mount_all(widgets)
            if account is not None:
                self._tick(account)
            inputs = column.query("Field Input") or column.query("Choice")
            if inputs:
                self.set_focus(inputs.first(Widget))
        self.paint()

    def _tick(self, account: AccountState) -> None:
        """What runs down: the wait for another code, the life of a QR code."""
        now = self.tobs.model.clock()
        for choice in self.query("#resend"):
            left = int(account.resend_at - now)
            assert isinstance(choice, Choice)
            choice.rename("Send the code again", f"possible in {left} s" if left > 0 else "by the next way")
        for words in self.query("#qr-life"):
            assert isinstance(words, Words)
            left = int(account.qr_expires - now)
            words.say(f"The code is good for {plural(left, 'second')}." if left > 0 else "A new code is on its way.")

    # What the person does.

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field: on to the next one, or send the step."""
        event.stop()
        value = event.value.strip()
        name = event.input.id
        if name == "api_id":
            self.query_one("#api_hash").focus()
        elif name == "api_hash":
            self._send_credentials()
        elif not value:
            self._field(str(name)).wrong("Please type it here.")
        elif name == "passphrase":
            self._send(Unlock(event.value), "passphrase")
        elif name == "phone":
            self._send(SendCode(value), "phone")
        elif name == "code":
            self._send(SubmitCode(value), "code")
        elif name == "password":
            self._send(SubmitPassword(event.value), "password")

    def _send_credentials(self) -> None:
        api_id = self._field("api_id").input.value.strip()
        api_hash = self._field("api_hash").input.value.strip()
        if not api_id.isascii() or not api_id.isdigit():
            self._field("api_id").wrong("The api id is a number, such as 123456.")
        elif len(api_hash) != 32 or not api_hash.isalnum():
            self._field("api_hash").wrong("The api hash is 32 letters and digits.")
        else:
            self._send(SetCredentials(int(api_id), api_hash), "api_hash")

    def _send(self, command: AnyCommand, field: str) -> None:
        """Send one step's answer, unless one is on its way; the screen goes on meanwhile."""
        if not self._busy:
            self._busy = True
            self._field(field).note.say("One moment.", "faint")
            self.run_worker(self._sent(command, field), group="send")

    async def _sent(self, command: AnyCommand, field: str) -> None:
        """What comes of a step's answer; what is wrong with it is told beside its field."""
        try:
            await self.tobs.ask(command, Done)
        except TobsError as error:
            fields = {found.input.id: found for found in self.query(Field)}
            where = fields.get(error.field) or fields.get(field)
            if where is not None:
                where.wrong(clean(str(error), 300))
            else:
                self.tobs.say_error(error)
        else:
            for found in self.query(Field):
                if found.input.id == field:
                    found.right()
        finally:
            self._busy = False

    def _field(self, name: str) -> Field:
        return self.query_one(f"#field-{name}", Field)

    async def on_choice_pressed(self, message: Choice.Pressed) -> None:
        """One of the other ways on."""
        match message.choice.id:
            case "send":
                await self.query(Field).last().input.action_submit()
            case "qr":
                self.action_qr()
            case "resend":
                self.action_resend()
            case "phone-again":
                await self.tobs.do(BackToPhone())
            case "reconnect":
                await self.tobs.do(Reconnect())
            case "leave":
                self.dismiss(None)

    def action_qr(self) -> None:
        """Show a QR code to scan."""
        self.run_worker(self.tobs.do(StartQr()), group="send", exclusive=True)

    def action_resend(self) -> None:
        """Ask for the code again."""
        if self.query("#resend"):
            self.run_worker(self._resend(), group="send", exclusive=True)

    async def _resend(self) -> None:
        if await self.tobs.do(ResendCode()):
            self.tobs.say("The code is on its way again.")

    async def action_back(self) -> None:
        """One step back: to the phone number, or out of the screen."""
        account = self.tobs.model.account
        if account is not None and account.phase in _LATER_STEPS:
            await self.tobs.do(BackToPhone())
        else:
            self.dismiss(None)


def _demo_hint(account: AccountState) -> str:
    """What to type in the demo."""
    match account.phase:
        case AccountPhase.QR_SHOWN if account.demo_phone:
            return "This is the demo. Its code is accepted by itself after a few seconds."
        case AccountPhase.SIGNED_OUT if account.demo_phone:
            return f"This is the demo. Its phone number is {account.demo_phone}."
        case AccountPhase.CODE_SENT if account.demo_code:
            return f"This is the demo. Its code is {account.demo_code}."
        case AccountPhase.PASSWORD_NEEDED if account.demo_password:
            return f"This is the demo. Its password is {account.demo_password}."
    return ""


def _step(account: AccountState | None, problem: str) -> list[Widget]:
    """The widgets of the step that `account` is at."""
    if account is None:
        return [Words(clean(problem, 400) or "Connecting to the background service.", tone="text", classes="lead")]
    match account.phase:
        case AccountPhase.LOCKED:
            return _locked(account)
        case AccountPhase.NEEDS_CREDENTIALS:
            return _credentials(account)
        case AccountPhase.SIGNED_OUT:
            return _phone(account)
        case AccountPhase.CODE_SENT:
            return _code(account)
        case AccountPhase.PASSWORD_NEEDED:
            return _password(account)
        case AccountPhase.QR_SHOWN:
            return _qr(account)
        case AccountPhase.UNREACHABLE:
            return [
                _heading("Telegram cannot be reached"),
                Words(clean(account.problem, 400), tone="text", classes="lead"),
                Choice("Try again now", id="reconnect"),
                Choice("Back to the home screen", id="leave"),
            ]
        case _:
            return [_heading("Connecting to Telegram"), Words(clean(account.problem, 400), classes="lead")]


def _heading(text: str) -> Words:
    return Words(text, tone="accent", classes="heading")


def _problem(account: AccountState) -> list[Widget]:
    return [Words(clean(account.problem, 400), tone="warn", classes="lead")] if account.problem else []


def _locked(account: AccountState) -> list[Widget]:
    """The session is encrypted: by a passphrase that is to be typed, or by one that the keyring did not give."""
    if account.protected is Holder.KEYRING:
        asked: list[Widget] = [*_problem(account), Choice("Ask the keyring again", id="reconnect")]
    else:
        forgotten = "Forgotten? tobs logout --local removes the session; then sign in anew."
        asked = [Field("passphrase", "Passphrase", password=True, hint=forgotten)]
    return [
        _heading("The session is locked"),
        Words("It is encrypted on this disk. What was exported can be searched and read without it.", classes="lead"),
        *asked,
        Choice("Back to the home screen", id="leave"),
    ]


def _credentials(account: AccountState) -> list[Widget]:
    return [
        _heading("Connect tobs to Telegram"),
        *_problem(account),
        Words(HOW_TO_GET_CREDENTIALS, tone="text", classes="lead"),
        Field("api_id", "Api id", placeholder="123456"),
        Field("api_hash", "Api hash", placeholder="32 letters and digits", password=True),
        Choice("Go on", id="send"),
        Choice("Back to the home screen", id="leave"),
    ]


def _phone(account: AccountState) -> list[Widget]:
    return [
        _heading("Sign in with your phone number"),
        *_problem(account),
        Words("Telegram sends a login code there. None of your contacts is told.", classes="lead"),
        Field(
            "phone",
            "Phone number",
            placeholder="+44 7700 900123",
            hint="International: it begins with the country code.",
            value=account.phone,
        ),
        Choice("Send me a code", id="send"),
        Choice("Sign in with a QR code instead", id="qr", note="scan it with Telegram on your phone"),
        Choice("Back to the home screen", id="leave"),
    ]


def _code(account: AccountState) -> list[Widget]:
    via = _VIA.get(account.code_via, "from Telegram")
    return [
        _heading("Enter the login code"),
        Words(f"Telegram sent a code to {clean(account.phone, 40)}; it comes {via}.", classes="lead"),
        Field("code", "Login code", placeholder="12345"),
        Choice("Sign in", id="send"),
        Choice("Send the code again", id="resend"),
        Choice("Use another phone number", id="phone-again"),
    ]


def _password(account: AccountState) -> list[Widget]:
    hint = clean(account.password_hint, 100)
    return [
        _heading("Enter your two-step verification password"),
        Words("This account also has a password. It is checked without being sent.", classes="lead"),
        Field("password", "Password", password=True, hint=f"Hint: {hint}" if hint else "This account has no hint."),
        Choice("Sign in", id="send"),
        Choice("Use another phone number", id="phone-again"),
    ]


def _qr(account: AccountState) -> list[Widget]:
    from tobs_tui.ui.widgets.qr import QrCode

    words = Vertical(
        _heading("Scan this with your phone"),
        Words(
            "1  Open Telegram on your phone\n2  Go to Settings, then Devices\n"
            "3  Link Desktop Device\n4  Point the camera here",
            tone="text",
            classes="lead",
        ),
        Words("", id="qr-life", classes="lead"),
        Choice("Use the phone number instead", id="phone-again"),
        Words(f"\n{clean(account.qr_url)}", tone="faint"),
        id="qr-words",
    )
    return [Horizontal(QrCode(account.qr_url), words, id="qr-row")]
