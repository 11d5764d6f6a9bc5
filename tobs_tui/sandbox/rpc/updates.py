"""``updates.*``: a world that stands still has a state and no differences."""

from __future__ import annotations

import time
from typing import Any

from telethon.tl import types
from telethon.tl.functions import updates as methods

from tobs_tui.sandbox.rpc.registry import Call, handles

_NEXT_CHANNEL_POLL_S = 300


@handles(methods.GetStateRequest)
def get_state(call: Call, request: Any) -> Any:
    """updates.getState."""
    return types.updates.State(pts=1, qts=0, date=int(time.time()), seq=1, unread_count=0)


@handles(methods.GetDifferenceRequest)
def get_difference(call: Call, request: Any) -> Any:
    """updates.getDifference: nothing has happened."""
    return types.updates.DifferenceEmpty(date=int(time.time()), seq=1)


@handles(methods.GetChannelDifferenceRequest)
def get_channel_difference(call: Call, request: Any) -> Any:
    """updates.getChannelDifference: nothing has happened there either."""
    return types.updates.ChannelDifferenceEmpty(pts=request.pts, final=True, timeout=_NEXT_CHANNEL_POLL_S)
