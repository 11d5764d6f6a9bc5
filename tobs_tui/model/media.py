"""What a message carries besides text, and the files that belong to it. One struct a kind, after TL layer 229.

`facts` of a struct are what else Telegram tells of it, in words.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from tobs_tui.model.text import FormattedText


class FileKind(enum.StrEnum):
    """Which of Telegram's file locations a file is asked for with."""

    PHOTO = "photo"
    DOCUMENT = "document"


class File(Struct, frozen=True, omit_defaults=True):
    """A downloadable file. `thumb` is the size type of a photo or of a document's thumbnail ('' = the document itself).

    `reference` expires; the message that carries the file yields a fresh one.
    """

    kind: FileKind
    id: int
    access_hash: int
    reference: bytes
    dc: int
    size: int
    thumb: str = ""
    mime: str = ""
    name: str = ""  # the sender's file name; hostile


FilePart = bytes | memoryview
"""Some bytes of a file, perhaps in the midst of a larger buffer."""


class DocumentKind(enum.StrEnum):
    """What a document is to a person, after its attributes."""

    FILE = "file"
    VIDEO = "video"
    ROUND = "round video"
    ANIMATION = "animation"
    AUDIO = "audio"
    VOICE = "voice"
    STICKER = "sticker"


class _Media(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """Base of the tagged union `Media`."""


class Photo(_Media, frozen=True, tag="photo"):
    """A photo; `file` is its largest size, absent when it has expired. A live photo carries a `video`."""

    file: File | None = None
    width: int = 0
    height: int = 0
    spoiler: bool = False
    ttl: int = 0  # seconds; 0x7FFFFFFF = view once
    video: File | None = None


class Quality(Struct, frozen=True, omit_defaults=True):
    """The same video in another quality; width and height in pixels."""

    file: File
    width: int = 0
    height: int = 0


class Document(_Media, frozen=True, tag="document"):
    """A video, voice note, sticker, animation, piece of music or plain file; `file` is absent when it has expired."""

    file: File | None = None
    type: DocumentKind = DocumentKind.FILE
    duration: float = 0.0  # seconds
    width: int = 0
    height: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""  # of a sticker
    waveform: bytes = b""
    spoiler: bool = False
    ttl: int = 0
    thumb: File | None = None
    qualities: tuple[Quality, ...] = ()
    facts: tuple[str, ...] = ()


class WebPage(_Media, frozen=True, tag="webpage"):
    """A link preview."""

    url: str = ""
    site_name: str = ""
    title: str = ""
    description: str = ""
    author: str = ""
    photo: File | None = None
    facts: tuple[str, ...] = ()


class PollOption(Struct, frozen=True, omit_defaults=True):
    """One answer of a poll with its votes, as far as they are known (-1 = not shown to this account), and the picture,
    sticker or video beside it."""

    text: FormattedText
    votes: int = -1
    chosen: bool = False
    correct: bool = False
    media: Photo | Document | None = None
    added_by: int = 0  # marked id of whoever added it later
    voters: tuple[int, ...] = ()  # the latest ones, of a public poll


class Poll(_Media, frozen=True, tag="poll"):
    """A poll or quiz. `media` goes with the question, `solution_media` with the explanation."""

    question: FormattedText = FormattedText("")
    options: tuple[PollOption, ...] = ()
    voters: int = 0
    closed: bool = False
    quiz: bool = False
    multiple: bool = False
    public: bool = False
    solution: FormattedText = FormattedText("")
    close_date: int = 0
    media: Photo | Document | None = None
    solution_media: Photo | Document | None = None
    facts: tuple[str, ...] = ()


class Geo(_Media, frozen=True, tag="geo"):
    """A point on the map, in degrees; `live_period` in seconds for a live location (0 = a plain point)."""

    latitude: float = 0.0
    longitude: float = 0.0
    accuracy: int = 0  # metres
    live_period: int = 0
    heading: int = 0
    facts: tuple[str, ...] = ()


class Venue(_Media, frozen=True, tag="venue"):
    """A named place."""

    latitude: float = 0.0
    longitude: float = 0.0
    title: str = ""
    address: str = ""
    facts: tuple[str, ...] = ()


class Contact(_Media, frozen=True, tag="contact"):
    """A shared contact."""

    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    user_id: int = 0
    vcard: str = ""


class Dice(_Media, frozen=True, tag="dice"):
    """An animated emoji with a random value."""

    emoji: str = ""
    value: int = 0
    facts: tuple[str, ...] = ()


class Game(_Media, frozen=True, tag="game"):
    """A bot's game."""

    title: str = ""
    description: str = ""
    short_name: str = ""


class Invoice(_Media, frozen=True, tag="invoice"):
    """A bill. `amount` is in the currency's smallest unit (stars for XTR)."""

    title: str = ""
    description: str = ""
    currency: str = ""
    amount: int = 0
    paid: bool = False
    receipt: int = 0  # id of the message that is the receipt
    facts: tuple[str, ...] = ()


class Giveaway(_Media, frozen=True, tag="giveaway"):
    """A running giveaway, or, with `winners_count`, its results."""

    channels: tuple[int, ...] = ()
    quantity: int = 0
    months: int = 0
    stars: int = 0
    until: int = 0
    prize: str = ""
    winners: tuple[int, ...] = ()
    winners_count: int = 0
    finished: bool = False
    launch: int = 0  # id of the channel's post that began it, of results
    facts: tuple[str, ...] = ()


class PaidMedia(_Media, frozen=True, tag="paid"):
    """Media sold for stars; `items` holds what was bought, `previews` counts what was not."""

    stars: int = 0
    items: tuple[Photo | Document, ...] = ()
    previews: int = 0
    facts: tuple[str, ...] = ()


class Story(_Media, frozen=True, tag="story"):
    """A shared story; what it shows is there where Telegram sent it along."""

    peer: int = 0
    story_id: int = 0
    caption: FormattedText = FormattedText("")
    media: Photo | Document | None = None
    date: int = 0
    facts: tuple[str, ...] = ()


class ToDoItem(Struct, frozen=True, omit_defaults=True):
    """One line of a checklist."""

    id: int
    text: FormattedText
    done_by: int = 0
    done_at: int = 0


class ToDo(_Media, frozen=True, tag="todo"):
    """A checklist."""

    title: FormattedText = FormattedText("")
    items: tuple[ToDoItem, ...] = ()
    facts: tuple[str, ...] = ()


class VideoStream(_Media, frozen=True, tag="videostream"):
    """A live stream."""

    live: bool = False


class UnknownMedia(_Media, frozen=True, tag="unknown"):
    """Media that this version cannot read, kept visible under its TL constructor's name."""

    constructor: str = ""


Media = (
    Photo
    | Document
    | WebPage
    | Poll
    | Geo
    | Venue
    | Contact
    | Dice
    | Game
    | Invoice
    | Giveaway
    | PaidMedia
    | Story
    | ToDo
    | VideoStream
    | UnknownMedia
)


def files_of(media: Media | None) -> tuple[File, ...]:
    """The main files of a message's media, in the order in which file names number them: m12.jpg, m12-2.jpg, ..."""
    if isinstance(media, Photo):
        return tuple(file for file in (media.file, media.video) if file is not None)
    if isinstance(media, Document):
        return (media.file,) if media.file is not None else ()
    if isinstance(media, PaidMedia):
        return tuple(file for item in media.items for file in files_of(item))
    if isinstance(media, Poll):
        return tuple(file for item in poll_media(media) for file in files_of(item))
    if isinstance(media, Story):
        return files_of(media.media)
    return ()


def poll_media(poll: Poll) -> tuple[Photo | Document, ...]:
    """What a poll shows besides text: with its question, its answers, its explanation."""
    shown = (poll.media, *(option.media for option in poll.options), poll.solution_media)
    return tuple(item for item in shown if item is not None)


class Extra(enum.StrEnum):
    """Files beside the main ones, which are downloaded only where that is asked for."""

    PREVIEW = "preview"  # the picture of a link preview
    QUALITY = "quality"  # a video in another quality
    THUMBNAIL = "thumbnail"  # the small picture of a video or file
    EMOJI = "emoji"  # a custom emoji in the text


def extras_of(media: Media | None) -> tuple[tuple[Extra, File], ...]:
    """The extra files of a message's media, in the order in which they are numbered behind all main files."""
    if isinstance(media, WebPage):
        return ((Extra.PREVIEW, media.photo),) if media.photo is not None else ()
    if isinstance(media, Document):
        thumb = ((Extra.THUMBNAIL, media.thumb),) if media.thumb is not None else ()
        return (*((Extra.QUALITY, each.file) for each in media.qualities), *thumb)
    if isinstance(media, PaidMedia):
        return tuple(pair for item in media.items for pair in extras_of(item))
    if isinstance(media, Story):
        return extras_of(media.media)
    return ()
