"""Sample TL objects of any class, filled in from the signatures that Telethon generates, for tests of conversion."""

from __future__ import annotations

import datetime
import inspect
import re
import typing
from typing import Any

from telethon.tl import types

DATE = datetime.datetime(2024, 5, 17, 12, 0, tzinfo=datetime.UTC)


def photo() -> types.Photo:
    sizes = [
        types.PhotoStrippedSize("i", b"\1"),
        types.PhotoSize("m", 90, 60, 1000),
        types.PhotoSize("y", 900, 600, 9000),
    ]
    return types.Photo(11, 12, b"ref", DATE, sizes, 2)


def document(*attributes: Any, mime: str = "application/pdf") -> types.Document:
    named = [types.DocumentAttributeFilename("report.pdf"), *attributes]
    return types.Document(21, 22, b"ref", DATE, mime, 5000, 4, named, thumbs=[types.PhotoSize("m", 90, 60, 700)])


BY_BASE: dict[str, Any] = {
    "TypePeer": lambda: types.PeerUser(77),
    "TypePhoto": photo,
    "TypeDocument": document,
    "TypeInputChannel": lambda: types.InputChannel(5, 6),
    "TypeInputGroupCall": lambda: types.InputGroupCall(1, 2),
    "TypeTextWithEntities": lambda: types.TextWithEntities("words", []),
    "TypeStarGift": lambda: types.StarGift(1, document(), 50, 40, title="Cake"),
    "TypeStarsAmount": lambda: types.StarsAmount(20, 0),
    "TypeChatTheme": lambda: types.ChatTheme("🌲"),
    "TypeWallPaper": lambda: types.WallPaperNoFile(3, settings=types.WallPaperSettings(emoticon="🌊")),
    "TypeBirthday": lambda: types.Birthday(17, 5, 1990),
    "TypePaymentCharge": lambda: types.PaymentCharge("a", "b"),
    "TypePollAnswer": lambda: types.PollAnswer(types.TextWithEntities("yes", []), b"1"),
    "TypePhoneCallDiscardReason": types.PhoneCallDiscardReasonMissed,
    "TypeBotApp": lambda: types.BotApp(1, 2, "app", "App", "does things", photo(), 0),
    "TypePaymentRequestedInfo": lambda: types.PaymentRequestedInfo(name="Ada", email="ada@example.org"),
    "TypeSecureValueType": types.SecureValueTypeDriverLicense,
    "TypeSecureValue": lambda: types.SecureValue(types.SecureValueTypePassport(), b""),
    "TypeSecureCredentialsEncrypted": lambda: types.SecureCredentialsEncrypted(b"", b"", b""),
    "TypeRequestedPeer": lambda: types.RequestedPeerUser(77, first_name="Ada", last_name="Lo"),
    "TypeTodoItem": lambda: types.TodoItem(1, types.TextWithEntities("milk", [])),
    "TypeTodoList": lambda: types.TodoList(types.TextWithEntities("shop", []), [BY_BASE["TypeTodoItem"]()]),
    "TypeTodoCompletion": lambda: types.TodoCompletion(1, types.PeerUser(77), DATE),
    "TypeGeoPoint": lambda: types.GeoPoint(13.4, 52.5, 1, accuracy_radius=7),
    "TypeGame": lambda: types.Game(1, 2, "snake", "Snake", "eats", photo()),
    "TypePoll": lambda: types.Poll(1, types.TextWithEntities("really?", []), [BY_BASE["TypePollAnswer"]()], 0),
    "TypePollResults": lambda: types.PollResults(
        results=[types.PollAnswerVoters(b"1", voters=3, recent_voters=[])], total_voters=3
    ),
    "TypeWebPage": lambda: types.WebPage(1, "https://example.org", "example.org", 0, title="Example"),
    "TypeMessageExtendedMedia": lambda: types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo())),
    "TypeMessageMedia": lambda: types.MessageMediaDice(3, "🎲"),
    "TypeStoryItem": lambda: types.StoryItemDeleted(4),
    "TypeWebDocument": lambda: types.WebDocumentNoProxy("https://example.org/a.png", 3, "image/png", []),
    "TypeEmojiGameOutcome": lambda: None,
}


def sample(kind: type[Any]) -> Any:
    """An object of a TL class with every parameter given."""
    if "__init__" not in vars(kind):
        return kind()
    values = {}
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name != "self":
            values[name] = _value(name, str(parameter.annotation), parameter.annotation)
    return kind(**values)


def _value(name: str, text: str, annotation: Any) -> Any:
    base = re.search(r"Type\w+", text)
    if base is not None:
        one = BY_BASE[base[0]]()
        return [one] if re.search(r"List\[[^\]]*Type", text) else one
    inner = [each for each in typing.get_args(annotation) if each is not type(None)] or [annotation]
    if "List[int]" in text:
        return [77, 78]
    if "List[str]" in text:
        return ["DE"]
    by_type: dict[Any, Any] = {
        int: 7,
        str: "text",
        bool: True,
        bytes: b"bytes",
        float: 1.5,
        datetime.datetime: DATE,
        "int": 7,
        "str": "text",
        "bool": True,
        "bytes": b"bytes",
        "float": 1.5,
    }
    if inner[0] in by_type:
        return by_type[inner[0]]
    raise LookupError(f"{name}: {text}")


def page(messages: list[Any], users: list[Any] | None = None, chats: list[Any] | None = None, count: int = 0) -> bytes:
    """The bytes of an answer that holds these messages."""
    return bytes(types.messages.MessagesSlice(count or len(messages), messages, [], chats or [], users or []))


def message(number: int, text: str = "hello", **fields: Any) -> types.Message:
    return types.Message(number, types.PeerUser(77), DATE, text, **fields)
