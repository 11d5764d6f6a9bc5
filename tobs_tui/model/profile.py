"""Export profiles and settings: what to export, how hard to work, where to write. Every field is wired to something."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct


class MediaKind(enum.StrEnum):
    """The kinds of files a profile can choose."""

    PHOTO = "photo"
    VIDEO = "video"
    ROUND = "round"
    ANIMATION = "animation"
    VOICE = "voice"
    AUDIO = "audio"
    STICKER = "sticker"
    FILE = "file"
    PREVIEW = "preview"  # pictures of link previews
    QUALITY = "quality"  # videos in other qualities
    THUMBNAIL = "thumbnail"  # small pictures of videos and files
    EMOJI = "emoji"  # custom emoji


EXTRA_KINDS = frozenset({MediaKind.PREVIEW, MediaKind.QUALITY, MediaKind.THUMBNAIL, MediaKind.EMOJI})
"""Files that are beside a message's own ones. Each costs a request as any other, so they are for who asks for them."""
MAIN_KINDS = tuple(kind for kind in MediaKind if kind not in EXTRA_KINDS)


class Preset(enum.StrEnum):
    """Named sets of performance values; CUSTOM takes the profile's own."""

    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"
    CUSTOM = "custom"


class Backoff(enum.StrEnum):
    """How the waits between attempts at a request or a connection grow."""

    EXPONENTIAL = "exponential"
    LINEAR = "linear"
    FIXED = "fixed"


class Split(enum.StrEnum):
    """How much of a chat one Markdown file holds."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    SINGLE = "single"


class Format(enum.StrEnum):
    """What notes are written as; the values of JSONL and HTML are their files' endings, too."""

    MARKDOWN = "markdown"
    JSONL = "jsonl"
    HTML = "html"

    @property
    def ending(self) -> str:
        """What the names of such files end in, without the dot."""
        return "md" if self is Format.MARKDOWN else self.value


class Anchors(enum.StrEnum):
    """How a message can be linked to: ``###### m12`` (everywhere), ``^m12`` (Obsidian), or not."""

    HEADING = "heading"
    BLOCK = "block"
    NONE = "none"


class SenderStyle(enum.StrEnum):
    """How the header of a message names who wrote it: by name alone, or with @username, link or id."""

    NAME = "name"
    USERNAME = "username"
    LINK = "link"
    ID = "id"


class MediaNames(enum.StrEnum):
    """What files are called: ``m12.pdf`` after their message, or ``thesis (m12).pdf`` as their sender called them."""

    ID = "id"
    ORIGINAL = "original"


class ChatTarget(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One chat to export: `chat` is a marked id, @name, link or exact title; `topics` are topic ids (empty = all)."""

    chat: int | str
    title: str = ""
    topics: tuple[int, ...] = ()


class Targets(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to export: every chat, or those listed."""

    all_chats: bool = False
    chats: tuple[ChatTarget, ...] = ()

    def only(self, chats: Mapping[int, str]) -> Targets:
        """Those of the targets that are among `chats` (titles by id), with their topics. Targets that are given by name
        may be any of them, and stay."""
        kept = [target for target in self.chats if isinstance(target.chat, str) or target.chat in chats]
        known = {target.chat for target in kept}
        added = (ChatTarget(chat, title=title) for chat, title in chats.items() if chat not in known)
        return Targets(chats=(*kept, *added))


class Filters(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which messages to take. Dates are local to the profile's time zone; `until` is the last day included.

    The first five bound what is fetched: of each chat or topic, the newest `last` (0 = all) of the messages that lie
    within the dates and have at least the id `from_id`, and with `only_mine` only the account's own. The rest choose
    among what is fetched: only what one of `senders` wrote (@name, id, name, or "me"; none = everybody), and only what
    holds `text` (in any case), or fits it where it is a /regular expression/.
    """

    since: datetime.date | None = None
    until: datetime.date | None = None
    last: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    from_id: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    only_mine: bool = False
    senders: tuple[str, ...] = ()
    text: str = ""

    @property
    def bounded(self) -> bool:
        """Whether less than the whole of a chat or topic is fetched because of its ids or dates."""
        return bool(self.since or self.until or self.last or self.from_id > 1)

    @property
    def chooses(self) -> bool:
        """Whether some of the fetched messages are left out of notes and downloads."""
        return bool(self.only_mine or self.senders or self.text)


class VideoFormat(enum.StrEnum):
    """What videos are transcoded to."""

    OFF = "off"
    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class AudioFormat(enum.StrEnum):
    """What sounds are transcoded to."""

    OFF = "off"
    OPUS = "opus"


class ImageFormat(enum.StrEnum):
    """What pictures are transcoded to."""

    OFF = "off"
    WEBP = "webp"
    JPEG = "jpeg"


class Quality(enum.StrEnum):
    """How much of a file's detail survives transcoding, and how much of its size."""

    SMALL = "small"
    BALANCED = "balanced"
    HIGH = "high"


class Transcode(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What downloaded files are made smaller by. A file that would not become smaller stays as it is."""

    video: VideoFormat = VideoFormat.OFF
    audio: AudioFormat = AudioFormat.OFF
    images: ImageFormat = ImageFormat.OFF
    quality: Quality = Quality.BALANCED
    max_height: Annotated[int, Meta(ge=0, le=16384)] = 0
    """Pixels; taller videos are scaled down to it. 0 = any height."""
    max_side: Annotated[int, Meta(ge=0, le=16384)] = 0
    """Pixels of a picture's longer side; larger ones are scaled down to it. 0 = any size."""
    hardware: bool = True
    """Encode videos on graphics cards that have been found to do it, else on the processor."""
    keep_originals: bool = True
    """Keep the downloaded file beside what was made of it; without, that takes its place for good."""


class MediaOptions(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which files to download, and what is done with them then. `max_size_mb` in MiB, 0 = any size."""

    download: bool = True
    kinds: tuple[MediaKind, ...] = MAIN_KINDS
    max_size_mb: Annotated[int, Meta(ge=0)] = 0
    metadata: bool = True
    """Look into the files for what Telegram does not tell: lengths, sizes, codecs, when a picture was taken."""
    transcode: Transcode = Transcode()
    executor: str = ""
    """Where files are worked on: ``dask://host:port`` = on the cluster of that scheduler; empty = on this machine."""

    @property
    def looks(self) -> MediaOptions:
        """These options without what makes no difference to how notes look."""
        transcode = msgspec.structs.replace(self.transcode, hardware=True, keep_originals=True)
        return msgspec.structs.replace(self, transcode=transcode, executor="")


SPOKEN_KINDS = (MediaKind.VOICE, MediaKind.ROUND, MediaKind.AUDIO, MediaKind.VIDEO)
"""The kinds of files that may hold speech."""


class Device(enum.StrEnum):
    """What a model computes on; AUTO takes a CUDA device where one works, else the processor."""

    AUTO = "auto"
    CUDA = "cuda"
    CPU = "cpu"


class Transcription(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether and how speech is written out. `model` is a name ("small"), an owner/name of Hugging Face, or a folder.

    `language` is a code ("de"; empty = heard from the beginning of each file), `compute` one of CTranslate2's types
    (empty = float16 on CUDA, int8 on the processor). `voice_filter` leaves out what holds no voice. A model that this
    machine lacks is fetched from Hugging Face only with `fetch_model`. It leaves the memory after `unload_after_s`
    seconds without work.
    """

    enabled: bool = False
    kinds: tuple[MediaKind, ...] = (MediaKind.VOICE, MediaKind.ROUND)
    model: str = "small"
    language: str = ""
    device: Device = Device.AUTO
    compute: str = ""
    voice_filter: bool = True
    fetch_model: bool = False
    unload_after_s: Annotated[int, Meta(ge=1, le=86_400)] = 120


class Layout(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the vault is laid out. `timezone` is an IANA name; empty = the machine's own, stated in the front matter.

    `day_headings` is the level of the headings that days begin with; 0 = none, and each message tells its day.
    With `transcript_times`, every stretch of a transcript begins with when it was said. With `pseudonymise`, a vault
    that is begun shows no person's name, @name, id or number; one that was begun so stays so.
    """

    split: Split = Split.MONTH
    anchors: Anchors = Anchors.HEADING
    day_headings: Annotated[int, Meta(ge=0, le=5)] = 2
    sender_style: SenderStyle = SenderStyle.NAME
    media_names: MediaNames = MediaNames.ID
    timezone: str = ""
    formats: tuple[Format, ...] = (Format.MARKDOWN,)
    transcript_times: bool = False
    pseudonymise: bool = False

    @property
    def leading(self) -> Format:
        """The format whose messages are counted: the first of those that are for people, else the first."""
        readable = (form for form in (Format.MARKDOWN, Format.HTML) if form in self.formats)
        return next(readable, self.formats[0])

    @property
    def indexes(self) -> tuple[Format, ...]:
        """The formats of the index pages: those of the notes that are for people. Markdown links to any notes."""
        pages = (Format.HTML,) if Format.HTML in self.formats else ()
        return (Format.MARKDOWN, *pages) if Format.MARKDOWN in self.formats or not pages else pages


class Performance(Struct, frozen=True, forbid_unknown_fields=True):
    """How hard to work. The values of a preset are tuned to the machine; CUSTOM takes them from the profile."""

    preset: Preset = Preset.BALANCED
    connections: Annotated[int, Meta(ge=1, le=8)] = 1
    """Main-DC connections that requests may be spread over; there are as many as the load calls for."""
    window: Annotated[int, Meta(ge=1, le=128)] = 32
    """Requests in flight at most over all connections, file parts apart; flood waits narrow it for a while."""
    backoff: Backoff = Backoff.EXPONENTIAL
    """How the waits between attempts grow when Telegram or the network fails."""
    history_workers: Annotated[int, Meta(ge=1, le=32)] = 4
    """History walkers; each keeps one request in flight."""
    decode_processes: Annotated[int, Meta(ge=1, le=64)] = 2
    """Processes that turn raw pages into records."""
    download_workers: Annotated[int, Meta(ge=1, le=16)] = 5
    """Files downloaded at once; of one data centre at most five small and two large ones, as official clients do."""
    job_processes: Annotated[int, Meta(ge=1, le=64)] = 1
    """Downloaded files worked on at once by the processor (transcoding)."""
    parts_in_flight: Annotated[int, Meta(ge=1, le=8)] = 4
    """Parts of one file asked for at once."""
    queue_mb: Annotated[int, Meta(ge=1, le=1024)] = 16
    """MiB of raw pages that may wait for decoding before fetching pauses."""
    takeout: bool = True
    """Export through a takeout session (higher limits; Telegram tells the account's owner)."""
    adapt: bool = True
    """Do less at once while the machine is hard pressed (`Thresholds` in the settings)."""


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a run needs to know. `output` is the vault's folder ('' = the default folder).

    `metrics_port` is where figures are served to Prometheus on this machine (127.0.0.1); 0 = nowhere.
    """

    name: str = ""
    output: str = ""
    targets: Targets = Targets()
    filters: Filters = Filters()
    media: MediaOptions = MediaOptions()
    transcription: Transcription = Transcription()
    layout: Layout = Layout()
    performance: Performance = Performance()
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
