"""Which chats a profile means, and which moments."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import Dialog
from tobs_tui.model.profile import ChatTarget, Filters, Profile
from tobs_tui.model.run import Failure

if TYPE_CHECKING:
    from tobs_tui.telegram.link import TelegramLink


LAST_DATE = 2**31 - 1
"""The latest moment that Telegram's requests can name, in seconds since the epoch."""


class Target(Struct, frozen=True):
    """A chat to export, found. `topics` as in `ChatTarget`; `successor` is the supergroup that an old half became.

    `last` bounds an old half to its newest messages, where the successor has not as many as the profile asks for (0 =
    as the profile says).
    """

    dialog: Dialog
    topics: tuple[int, ...] = ()
    successor: int = 0
    last: int = 0

    @property
    def chat(self) -> int:
        """The chat's marked id."""
        return self.dialog.peer.id


class DateSpan(Struct, frozen=True):
    """since <= date < until, in seconds since the epoch; 0 = open."""

    since: int = 0
    until: int = 0

    @property
    def open(self) -> bool:
        """Whether every date lies within."""
        return not self.since and not self.until


def date_span(filters: Filters, timezone: str) -> DateSpan:
    """The moments that a profile's dates mean in its time zone ('' = the machine's). `until` includes its whole day.

    Raises TobsError BAD_PROFILE for an unknown time zone.
    """
    try:
        zone: datetime.tzinfo | None = ZoneInfo(timezone) if timezone else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TobsError(
            ErrorCode.BAD_PROFILE, f"There is no time zone named {timezone}.", field="layout.timezone"
        ) from error

    def midnight(day: datetime.date, days_later: int = 0) -> int:
        """Telegram's dates are positive 32-bit numbers; what lies outside of them is as good as their ends."""
        if not 1970 < day.year < 2038:
            return 1 if day.year <= 1970 else LAST_DATE
        naive = datetime.datetime(day.year, day.month, day.day) + datetime.timedelta(days=days_later)
        return int((naive.replace(tzinfo=zone) if zone else naive.astimezone()).timestamp())

    return DateSpan(
        since=midnight(filters.since) if filters.since else 0,
        until=midnight(filters.until, 1) if filters.until else 0,
    )


async def find_targets(profile: Profile, link: TelegramLink) -> tuple[list[Target], list[Failure]]:
    """The chats of a profile in its order, each once; and those that cannot be found. Left chats are not in "all"."""
    if profile.targets.all_chats:
        dialogs = await link.dialogs(folders=False)
        return [Target(dialog) for dialog in dialogs if not dialog.peer.forbidden or dialog.peer.migrated_to], []
    finder = _Finder(link)
    targets: dict[int, Target] = {}
    failures: list[Failure] = []
    for wanted in profile.targets.chats:
        try:
            dialog = await finder.find(wanted)
        except TobsError as error:
            if error.code not in (ErrorCode.CHAT_NOT_FOUND, ErrorCode.CHAT_UNAVAILABLE, ErrorCode.TELEGRAM_REFUSED):
                raise
            chat = wanted.chat if isinstance(wanted.chat, int) else 0
            title = wanted.title or str(wanted.chat)
            failures.append(Failure(chat=chat, what="chat", reason=error.sentence, code=error.code, title=title))
            continue
        known = targets.get(dialog.peer.id)
        # The same chat twice: its topics together, and everything when one of the two says so.
        topics = wanted.topics if known is None else known.topics and wanted.topics and (*known.topics, *wanted.topics)
        targets[dialog.peer.id] = Target(dialog, tuple(dict.fromkeys(topics)))
    return list(targets.values()), failures


class _Finder:
    """Finds chats with as few requests as may be: what the session knows, then the dialog list, then Telegram."""

    def __init__(self, link: TelegramLink) -> None:
        self._link = link
        self._dialogs: dict[int, Dialog] | None = None

    async def find(self, wanted: ChatTarget) -> Dialog:
        """The chat. Raises TobsError CHAT_NOT_FOUND."""
        if isinstance(wanted.chat, str):
            return await self._link.resolve(wanted.chat)
        peer = self._link.peer(wanted.chat)
        if peer is not None and not peer.min:
            return Dialog(peer)
        if self._dialogs is None:
            self._dialogs = {dialog.peer.id: dialog for dialog in await self._link.dialogs(folders=False)}
        if wanted.chat in self._dialogs:
            return self._dialogs[wanted.chat]
        return await self._link.resolve(str(wanted.chat))
