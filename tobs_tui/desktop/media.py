"""Media of an export: the records that Telegram's own would become, and where their files lie in the export."""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec import Struct

from tobs_tui.desktop.fields import (
    fraction_field,
    list_field,
    number_field,
    object_field,
    text_field,
)
from tobs_tui.desktop.texts import formatted
from tobs_tui.model.media import (
    Contact,
    Document,
    DocumentKind,
    File,
    FileKind,
    Game,
    Geo,
    Invoice,
    Media,
    Photo,
    Poll,
    PollOption,
    Venue,
)
from tobs_tui.model.text import FormattedText

_DOCUMENTS = {
    "sticker": DocumentKind.STICKER,
    "video_message": DocumentKind.ROUND,
    "voice_message": DocumentKind.VOICE,
    "animation": DocumentKind.ANIMATION,
    "video_file": DocumentKind.VIDEO,
    "audio_file": DocumentKind.AUDIO,
}
_LEFT_OUT = {
    "(File not included": "it was not chosen when Telegram Desktop exported the chat",
    "(File exceeds maximum size": "it was larger than what Telegram Desktop was told to export",
    "(File unavailable": "Telegram Desktop could not get it",
    "(Photo ": "Telegram Desktop left it out",
}


class DesktopFile(Struct, frozen=True):
    """A message's file: where it lies below the export's folder, or ('') why it is not there."""

    path: str
    missing: str = ""


class DesktopMedia(Struct, frozen=True):
    """A message's media with its one file, if it has any."""

    media: Media | None = None
    file: DesktopFile | None = None


def media_of(fields: dict[str, Any], origin: str) -> DesktopMedia:
    """The media of a message. `origin` names the message in the whole export: its file's identity is made from it."""
    if text_field(fields, "photo"):
        return _photo(fields, origin)
    if text_field(fields, "file"):
        return _document(fields, origin)
    return DesktopMedia(_plain_media(fields))


def _place(told: str) -> DesktopFile:
    for beginning, reason in _LEFT_OUT.items():
        if beginning in told:
            return DesktopFile("", reason)
    return DesktopFile(told)


def _file(kind: FileKind, origin: str, size: int, name: str = "", mime: str = "") -> File:
    """A file record that no request can be made for: Telegram's numbers are not in an export.

    The id is negative, which Telegram's own never are in an export's range of numbers, and as unique as a digest.
    """
    digest = hashlib.sha256(f"{kind.value}:{origin}".encode()).digest()
    ident = -1 - (int.from_bytes(digest[:8], "big") >> 2)
    thumb = "y" if kind is FileKind.PHOTO else ""
    return File(kind=kind, id=ident, access_hash=0, reference=b"", dc=0, size=size, thumb=thumb, mime=mime, name=name)


def _photo(fields: dict[str, Any], origin: str) -> DesktopMedia:
    file = _file(FileKind.PHOTO, origin, number_field(fields, "photo_file_size"))
    photo = Photo(
        file=file,
        width=number_field(fields, "width"),
        height=number_field(fields, "height"),
        spoiler=fields.get("media_spoiler") is True,
        ttl=number_field(fields, "self_destruct_period_seconds"),
    )
    return DesktopMedia(photo, _place(text_field(fields, "photo")))


def _document(fields: dict[str, Any], origin: str) -> DesktopMedia:
    place = _place(text_field(fields, "file"))
    name = text_field(fields, "file_name") or place.path.rpartition("/")[2]
    mime = text_field(fields, "mime_type")
    file = _file(FileKind.DOCUMENT, origin, number_field(fields, "file_size"), name, mime)
    document = Document(
        file=file,
        type=_DOCUMENTS.get(text_field(fields, "media_type"), DocumentKind.FILE),
        duration=fraction_field(fields, "duration_seconds"),
        width=number_field(fields, "width"),
        height=number_field(fields, "height"),
        title=text_field(fields, "title"),
        performer=text_field(fields, "performer"),
        emoji=text_field(fields, "sticker_emoji"),
        spoiler=fields.get("media_spoiler") is True,
        ttl=number_field(fields, "self_destruct_period_seconds"),
    )
    return DesktopMedia(document, place)


def _plain_media(fields: dict[str, Any]) -> Media | None:
    """Media without a file."""
    point = object_field(fields, "location_information")
    if contact := object_field(fields, "contact_information"):
        return Contact(
            phone=text_field(contact, "phone_number"),
            first_name=text_field(contact, "first_name"),
            last_name=text_field(contact, "last_name"),
        )
    latitude, longitude = fraction_field(point, "latitude"), fraction_field(point, "longitude")
    if "place_name" in fields:
        return Venue(latitude, longitude, text_field(fields, "place_name"), text_field(fields, "address"))
    if "location_information" in fields:
        return Geo(latitude, longitude, live_period=number_field(fields, "live_location_period_seconds"))
    if "game_title" in fields:
        return Game(title=text_field(fields, "game_title"), description=text_field(fields, "game_description"))
    if invoice := object_field(fields, "invoice_information"):
        return Invoice(
            title=text_field(invoice, "title"),
            description=text_field(invoice, "description"),
            currency=text_field(invoice, "currency"),
            amount=number_field(invoice, "amount"),
            paid=number_field(invoice, "receipt_message_id") != 0,
        )
    poll = object_field(fields, "poll")
    return _poll(poll) if poll else None


def _poll(fields: dict[str, Any]) -> Poll:
    return Poll(
        question=formatted(fields, "question"),
        options=tuple(
            PollOption(
                text=formatted(answer) if isinstance(answer, dict) else FormattedText(""),
                votes=number_field(answer, "voters") if isinstance(answer, dict) else -1,
                chosen=isinstance(answer, dict) and answer.get("chosen") is True,
            )
            for answer in list_field(fields, "answers")
        ),
        voters=number_field(fields, "total_voters"),
        closed=fields.get("closed") is True,
    )
