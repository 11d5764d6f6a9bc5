"""Puts stand-ins into whole records. What a field is for decides; any text that nothing is said of is looked through.

So a field that a later version adds is treated as a text, and numbers are the only thing that has to be told: a test
holds every number of the model against the lists here.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.engine.pseudonyms.formatted import masked
from tobs_tui.engine.pseudonyms.words import Words
from tobs_tui.model.media import Contact, File, Giveaway, PollOption, Story, ToDoItem, WebPage
from tobs_tui.model.messages import Action, ActionKind, Forward, Message, Reactor, Reply
from tobs_tui.model.rich import ChatLink
from tobs_tui.model.text import Entity, FormattedText

PEERS: frozenset[tuple[type[Struct], str]] = frozenset(
    {
        (Message, "sender"),
        (Message, "discussion"),
        (Message, "via_bot"),
        (Message, "via_business_bot"),
        (Message, "guest_of"),
        (Reply, "peer"),
        (Reply, "from_peer"),
        (Forward, "peer"),
        (Forward, "saved_peer"),
        (Reactor, "peer"),
        (Action, "users"),
        (PollOption, "added_by"),
        (PollOption, "voters"),
        (Giveaway, "channels"),
        (Giveaway, "winners"),
        (Story, "peer"),
        (ToDoItem, "done_by"),
        (Contact, "user_id"),
        (ChatLink, "peer"),
    }
)
"""Fields that hold marked ids, one or several."""

_NAMES = frozenset({(Message, "post_author"), (Forward, "name"), (Forward, "author")})
"""Fields that hold the name of one person."""
_ADDRESSES = frozenset({"url"})
_KEPT = frozenset({(File, "mime"), (File, "thumb"), (Message, "unknown"), (Action, "currency")})
"""Texts of Telegram's own."""

_OWNER = "owned by "
_WALLET = "owned by the wallet "
_CARDS = ("text/vcard", "text/x-vcard", "text/directory")


S = TypeVar("S", bound=Struct)


class Records:
    """Puts one vault's stand-ins into records."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._of_id = words.people.naming.of_id
        self._handlers: dict[type, list[tuple[str, Callable[[Any], Any]]]] = {}

    def struct(self, record: S) -> S:
        """A record with stand-ins; the same where there is nobody in it."""
        special = self._special(record)
        if special is not None:
            return special  # type: ignore[return-value]  # it is of the same type
        return self._plain(record)

    def _special(self, record: Struct) -> Struct | None:
        """The records of which a field depends on another one."""
        if isinstance(record, FormattedText):
            return FormattedText(*masked(record.text, record.entities, self._words))
        if isinstance(record, Message):
            text, entities = masked(record.text, record.entities, self._words)
            return self._plain(replace(record, text=text, entities=entities), skip=("text", "entities"))
        if isinstance(record, Reply) and record.external_from:
            channel = record.from_peer < 0
            author = self._words.text(record.external_from) if channel else self._words.name(record.external_from)
            return self._plain(replace(record, external_from=author), skip=("external_from",))
        if isinstance(record, Action):
            return self._plain(self._action(record))
        if isinstance(record, Contact):
            return self._contact(record)
        if isinstance(record, WebPage) and (person := self._words.person_of(record.url)) is not None:
            return WebPage(site_name=record.site_name, title=self._words.label(person), photo=record.photo)
        if isinstance(record, File) and (record.mime.lower() in _CARDS or record.name.lower().endswith(".vcf")):
            return replace(record, name="contact.vcf")
        return None

    def _plain(self, record: S, skip: tuple[str, ...] = ()) -> S:
        changes: dict[str, Any] = {}
        for name, handle in self._handlers_of(type(record)):
            before = getattr(record, name)
            if before and name not in skip:
                after = handle(before)
                if after != before:
                    changes[name] = after
        return replace(record, **changes) if changes else record

    def _handlers_of(self, kind: type[Struct]) -> list[tuple[str, Callable[[Any], Any]]]:
        found = self._handlers.get(kind)
        if found is None:
            found = self._handlers[kind] = [
                (name, self._handler(kind, name)) for name in kind.__struct_fields__ if (kind, name) not in _KEPT
            ]
        return found

    def _handler(self, kind: type[Struct], name: str) -> Callable[[Any], Any]:
        if (kind, name) in PEERS:
            return self._ids
        if (kind, name) in _NAMES:
            return self._words.name
        return self._words.url if name in _ADDRESSES else self._value

    def _ids(self, value: int | tuple[int, ...]) -> int | tuple[int, ...]:
        return self._of_id(value) if isinstance(value, int) else tuple(map(self._of_id, value))

    def _value(self, value: Any) -> Any:
        """Whatever it is."""
        if isinstance(value, str):
            return value if isinstance(value, enum.Enum) else self._fact(value)
        if isinstance(value, tuple):
            return tuple(map(self._value, value))
        return self.struct(value) if isinstance(value, Struct) and not isinstance(value, Entity) else value

    def _fact(self, text: str) -> str:
        if text.startswith(_OWNER) and not text.startswith(_WALLET):  # a collectible's, by name
            return f"{_OWNER}{self._words.name(text.removeprefix(_OWNER))}"
        return self._words.text(text)

    def _action(self, action: Action) -> Action:
        """A service action without what people have filled in about themselves."""
        if action.kind is ActionKind.PaymentSentMe:
            return replace(action, text="")
        if action.kind is ActionKind.SecureValuesSentMe:
            return replace(action, facts=())
        if action.kind in (ActionKind.RequestedPeer, ActionKind.RequestedPeerSentMe) and action.users:
            return replace(action, text="")  # their names; the ids stand for them
        return action

    def _contact(self, contact: Contact) -> Contact:
        """Whoever a contact is, without number and card."""
        shown, owner = self._words.phone(contact.phone)
        if contact.user_id:
            owner = self._of_id(contact.user_id)
        name = f"{contact.first_name} {contact.last_name}"
        if not owner and name.strip():
            owner = self._words.people.named(name)
        return Contact(first_name=self._words.label(owner) if owner else shown, user_id=owner)
