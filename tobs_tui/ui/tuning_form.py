"""The form of a profile: its values in sections, with their labels, and how each is changed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from tobs_tui.model.profile import (
    SPOKEN_KINDS,
    Anchors,
    AudioFormat,
    Backoff,
    Device,
    Format,
    ImageFormat,
    MediaKind,
    MediaNames,
    Preset,
    Quality,
    SenderStyle,
    Split,
    VideoFormat,
)


class Way(enum.Enum):
    """How a value is changed."""

    CYCLE = "cycle"
    TOGGLE = "toggle"
    TYPE = "type"
    PICK = "pick"


@dataclass(frozen=True)
class Entry:
    """One value of the form: its dotted key in the profile, its label, and a sentence about it."""

    key: str
    label: str
    help: str
    way: Way
    choices: tuple[Any, ...] = ()
    empty: str = ""
    """What the value reads as when it is empty or zero."""


SECTIONS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "What",
        (
            Entry(
                "filters.since", "Since", "First day to take: YYYY-MM-DD, or nothing", Way.TYPE, empty="the beginning"
            ),
            Entry("filters.until", "Until", "Last day to take: YYYY-MM-DD, or nothing", Way.TYPE, empty="now"),
            Entry(
                "filters.last",
                "Newest only",
                "So many of the newest messages of each chat, within the dates; 0 takes all",
                Way.TYPE,
                empty="all",
            ),
            Entry(
                "filters.from_id",
                "From id",
                "The first message id to take; 0 takes any",
                Way.TYPE,
                empty="any",
            ),
            Entry(
                "filters.only_mine",
                "Only mine",
                "Only what you wrote; private chats are fetched whole for it",
                Way.TOGGLE,
            ),
            Entry(
                "filters.senders",
                "Senders",
                "Only their messages: @names, ids or names, by commas; me is you",
                Way.TYPE,
                empty="everybody",
            ),
            Entry(
                "filters.text",
                "Text",
                "Only messages that hold it, in any case; /…/ is a regular expression",
                Way.TYPE,
                empty="any",
            ),
        ),
    ),
    (
        "Media",
        (
            Entry("media.download", "Download files", "Download the files of messages, or only name them", Way.TOGGLE),
            Entry("media.kinds", "Kinds", "Which kinds of files to download", Way.PICK, tuple(MediaKind), "none"),
            Entry("media.max_size_mb", "Largest file", "In MiB; 0 takes files of any size", Way.TYPE, empty="any size"),
            Entry(
                "media.metadata",
                "Look into files",
                "Find out lengths, sizes, codecs, and when pictures were taken",
                Way.TOGGLE,
            ),
        ),
    ),
    (
        "Transcoding",
        (
            Entry(
                "media.transcode.video",
                "Videos to",
                "What downloaded videos are made smaller with",
                Way.CYCLE,
                tuple(VideoFormat),
            ),
            Entry(
                "media.transcode.audio",
                "Sounds to",
                "What downloaded sounds are made smaller with",
                Way.CYCLE,
                tuple(AudioFormat),
            ),
            Entry(
                "media.transcode.images",
                "Pictures to",
                "What downloaded pictures are made smaller with",
                Way.CYCLE,
                tuple(ImageFormat),
            ),
            Entry(
                "media.transcode.quality",
                "Quality",
                "How much detail survives, and how much of the size",
                Way.CYCLE,
                tuple(Quality),
            ),
            Entry(
                "media.transcode.max_height",
                "Video height",
                "Pixels; taller videos are scaled down. 0 takes any height",
                Way.TYPE,
                empty="any height",
            ),
            Entry(
                "media.transcode.max_side",
                "Picture side",
                "Pixels of the longer side; larger pictures are scaled down. 0 takes any size",
                Way.TYPE,
                empty="any size",
            ),
            Entry(
                "media.transcode.hardware",
                "Graphics cards",
                "Encode videos on cards that do it, else on the processor",
                Way.TOGGLE,
            ),
            Entry(
                "media.transcode.keep_originals",
                "Keep originals",
                "Without, what was made takes the downloaded file's place for good",
                Way.TOGGLE,
            ),
            Entry(
                "media.executor",
                "Work on",
                "dask://host:port works on files on that cluster; nothing: on this machine",
                Way.TYPE,
                empty="this machine",
            ),
        ),
    ),
    (
        "Transcription",
        (
            Entry("transcription.enabled", "Transcribe", "Write down what is said in recordings", Way.TOGGLE),
            Entry("transcription.kinds", "Of", "The kinds of files to listen to", Way.PICK, SPOKEN_KINDS, "none"),
            Entry(
                "transcription.model",
                "Model",
                "A name (tiny, base, small, large-v3, ...) or a folder, with the whole path",
                Way.TYPE,
            ),
            Entry(
                "transcription.language",
                "Language",
                "The code of what is spoken, such as en; nothing has it heard",
                Way.TYPE,
                empty="heard in each",
            ),
            Entry("transcription.device", "Device", "Auto takes a CUDA device that works", Way.CYCLE, tuple(Device)),
            Entry(
                "transcription.compute",
                "Compute type",
                "One of CTranslate2's, such as int8; nothing takes the best",
                Way.TYPE,
                empty="the best there is",
            ),
            Entry("transcription.voice_filter", "Voice filter", "Leave out what holds no voice", Way.TOGGLE),
            Entry(
                "transcription.fetch_model",
                "Fetch model",
                "Get a model that is not here from Hugging Face: up to some GB",
                Way.TOGGLE,
            ),
            Entry(
                "transcription.unload_after_s",
                "Unload after",
                "Seconds without work until the model leaves the memory",
                Way.TYPE,
            ),
        ),
    ),
    (
        "Vault",
        (
            Entry("output", "Folder", "Where the vault is written; ~ is your home folder", Way.TYPE),
            Entry(
                "layout.formats",
                "Formats",
                "Markdown to read, HTML for browsers, JSON lines for programs, side by side",
                Way.PICK,
                tuple(Format),
                "none",
            ),
            Entry(
                "layout.split", "One note holds", "How much of a chat one Markdown file holds", Way.CYCLE, tuple(Split)
            ),
            Entry(
                "layout.anchors",
                "Anchors",
                "How messages are linked to: heading works everywhere, block in Obsidian",
                Way.CYCLE,
                tuple(Anchors),
            ),
            Entry(
                "layout.day_headings",
                "Day headings",
                "Their level, 1 to 5; with 0 there are none, and each message tells its day",
                Way.TYPE,
                empty="none",
            ),
            Entry(
                "layout.sender_style",
                "Sender names",
                "How messages name who wrote them: name alone, or with @username, link or id",
                Way.CYCLE,
                tuple(SenderStyle),
            ),
            Entry(
                "layout.media_names",
                "File names",
                "After the message's id, or as the sender called the file",
                Way.CYCLE,
                tuple(MediaNames),
            ),
            Entry(
                "layout.transcript_times",
                "Speech times",
                "Begin each stretch of a transcript with when it was said",
                Way.TOGGLE,
            ),
            Entry(
                "layout.pseudonymise",
                "Pseudonyms",
                "A new vault shows people by other names, without ids and numbers; it then stays so",
                Way.TOGGLE,
            ),
            Entry(
                "layout.timezone",
                "Time zone",
                "An IANA name such as Europe/London; nothing takes this machine's",
                Way.TYPE,
                empty="this machine's",
            ),
        ),
    ),
    (
        "Performance",
        (
            Entry(
                "performance.preset",
                "Preset",
                "How hard to work; a value of your own makes it custom",
                Way.CYCLE,
                tuple(Preset),
            ),
            Entry("performance.connections", "Connections", "To Telegram, for history: 1 to 8", Way.TYPE),
            Entry("performance.window", "Window", "Requests in flight at most: 1 to 128", Way.TYPE),
            Entry(
                "performance.backoff",
                "Backoff",
                "How the waits between attempts grow when something fails",
                Way.CYCLE,
                tuple(Backoff),
            ),
            Entry(
                "performance.history_workers", "History workers", "Requests for history in flight: 1 to 32", Way.TYPE
            ),
            Entry("performance.decode_processes", "Decoders", "Processes that read pages: 1 to 64", Way.TYPE),
            Entry("performance.download_workers", "Downloads", "Files downloaded at once: 1 to 16", Way.TYPE),
            Entry("performance.job_processes", "Transcoders", "Files transcoded at once: 1 to 64", Way.TYPE),
            Entry("performance.parts_in_flight", "Parts a file", "Parts of a file asked for at once: 1 to 8", Way.TYPE),
            Entry("performance.queue_mb", "Queue", "MiB of pages that may wait for decoding: 1 to 1024", Way.TYPE),
            Entry(
                "performance.takeout",
                "Takeout",
                "Telegram's export mode: higher limits, and a notice to you",
                Way.TOGGLE,
            ),
            Entry("performance.adapt", "Adapt", "Do less at once while the machine is hard pressed", Way.TOGGLE),
            Entry("metrics_port", "Metrics", "A port of this machine, for Prometheus", Way.TYPE, empty="not served"),
        ),
    ),
)

ENTRIES = {entry.key: entry for _, entries in SECTIONS for entry in entries}
