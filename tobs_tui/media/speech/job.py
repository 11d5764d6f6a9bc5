"""Transcription as a job: a recording's content in, its transcript out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tobs_tui.media.speech.transcribe import Wish, transcribe
from tobs_tui.media.work import Done, JobError, Work
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Transcription


def options_name(options: Transcription) -> str:
    """A name for all that may make another transcript of the same recording."""
    parts = [options.model, options.language or "any language", "" if options.voice_filter else "no voice filter"]
    return ", ".join(part for part in parts if part)


def transcription(work: Work, wish: Wish) -> Done:
    """The `Transcript` of a recording.

    Raises JobError for one that cannot be heard, and TobsError for what all others would meet, too: no model, or one
    that cannot do what is wished.
    """
    try:
        outcome = transcribe(wish, Path(work.path))
    except TobsError as error:
        if error.code is ErrorCode.MEDIUM_UNREADABLE:
            raise JobError(error.sentence) from error
        raise
    record = msgspec.msgpack.encode(outcome.transcript)
    return Done(record, seconds=outcome.transcript.duration, trouble=outcome.note)
