"""How a run ends by an error: the outcome, and a sentence with the way on."""

from __future__ import annotations

import asyncio

from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.run import Outcome

_OUTCOMES = {
    ErrorCode.SESSION_ENDED: Outcome.SIGNED_OUT,
    ErrorCode.NOT_SIGNED_IN: Outcome.SIGNED_OUT,
    ErrorCode.SERVER_UNREACHABLE: Outcome.INTERRUPTED,
    ErrorCode.FLOOD_WAIT: Outcome.WAITING,
    ErrorCode.TAKEOUT_DELAYED: Outcome.WAITING,
}


def ending_by(error: BaseException) -> tuple[Outcome, str]:
    """The outcome of a run that `error` ends, and why as a sentence; the error may be one that nobody expects."""
    if isinstance(error, TobsError):
        return _OUTCOMES.get(error.code, Outcome.FAILED), f"{error.sentence} {error.way_on}".strip()
    if isinstance(error, asyncio.CancelledError):
        return Outcome.INTERRUPTED, "The service was stopped; the next run goes on from here."
    return Outcome.FAILED, f"The run ended unexpectedly: {type(error).__name__}: {error}"
