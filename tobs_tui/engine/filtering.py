"""Which of the archived messages a profile shows and downloads files of: by sender and by text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.messages import Message
from tobs_tui.model.profile import Filters
from tobs_tui.model.text_match import is_expression, text_matcher

if TYPE_CHECKING:
    from tobs_tui.engine.asking import Ask
    from tobs_tui.telegram.link import TelegramLink

ONESELF = "me"
"""What the account's owner may be called in a list of senders."""


class RecordFilter(Struct, frozen=True, omit_defaults=True):
    """A profile's record filters with every name resolved. `senders` are marked ids (none = everybody); `own` is the
    account's id where only its own messages are meant, else 0; `names` are the senders as the profile has them."""

    senders: tuple[int, ...] = ()
    own: int = 0
    text: str = ""
    names: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether every message passes."""
        return not (self.senders or self.own or self.text)

    @property
    def words(self) -> str:
        """What is shown, for a reader of the vault; '' when that is everything."""
        terms = ["only one's own messages"] if self.own else []
        if self.senders:
            terms.append(f"only messages by {', '.join(self.names)}")
        if self.text:
            terms.append(f"only texts that {'fit' if is_expression(self.text) else 'hold'} {self.text}")
        return "; ".join(terms)

    def matcher(self, chat: int) -> Callable[[Message], bool]:
        """Tells whether a message of `chat` passes. Posts without a sender are the chat's own.

        Albums are not kept together: each of their messages passes or not by itself.
        """
        said = text_matcher(self.text)
        senders, own = frozenset(self.senders), self.own

        def passes(message: Message) -> bool:
            sender = message.sender or chat
            if own and sender != own and not message.outgoing:
                return False
            if senders and sender not in senders:
                return False
            return not self.text or said(message.text) or (bool(message.rich_text) and said(message.rich_text))

        return passes

    def blob_matcher(self) -> Callable[[int, bytes], bool]:
        """As `matcher`, of (chat, a message as the archive stores it), of which only what is asked about is read."""
        matchers: dict[int, Callable[[Message], bool]] = {}
        decode = msgspec.msgpack.Decoder(_Gist).decode

        def passes(chat: int, blob: bytes) -> bool:
            if chat not in matchers:
                matchers[chat] = self.matcher(chat)
            return matchers[chat](decode(blob))  # type: ignore[arg-type]  # what is asked about is there

        return passes


class _Gist(Struct):
    """What filters ask about a message."""

    sender: int = 0
    outgoing: bool = False
    text: str = ""
    rich_text: str = ""


async def record_filter(filters: Filters, link: TelegramLink, ask: Ask) -> RecordFilter:
    """The record filters of a profile. Raises TobsError BAD_PROFILE for an expression that is none, or a sender that
    nobody knows."""
    if not filters.chooses:
        return RecordFilter()
    try:
        text_matcher(filters.text)
    except ValueError as error:
        raise TobsError(ErrorCode.BAD_PROFILE, f"{error}.", field="filters.text") from error
    own = (await ask(link.me)).id if filters.only_mine else 0
    senders: list[int] = []
    for name in filters.senders:
        if name.strip().casefold() == ONESELF:
            senders.append((await ask(link.me)).id)
            continue
        try:
            senders.append((await ask(lambda name=name: link.resolve_sender(name))).id)  # type: ignore[misc]
        except TobsError as error:
            if error.code is not ErrorCode.CHAT_NOT_FOUND:
                raise
            way_on = "Write the sender's id, @name, or the name exactly as Telegram shows it."
            raise TobsError(ErrorCode.BAD_PROFILE, error.sentence, way_on, field="filters.senders") from error
    return RecordFilter(tuple(senders), own, filters.text, filters.senders)
