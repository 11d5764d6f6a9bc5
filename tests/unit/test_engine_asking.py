"""Promises of asking on a run's behalf: patient with the network and with waits, held while the run is paused."""

from __future__ import annotations

import asyncio

import pytest

from tobs_tui.engine.asking import Asking
from tobs_tui.model.errors import ErrorCode, TobsError


async def test_it_goes_on_by_itself_and_tells_while_telegram_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tobs_tui.engine.asking.RECONNECT_S", 0)
    waits: list[float] = []
    told: list[str] = []
    troubles = [
        TobsError(ErrorCode.SERVER_UNREACHABLE, "Telegram cannot be reached."),
        TobsError(ErrorCode.FLOOD_WAIT, "Telegram asks to wait.", wait_s=1),
    ]

    async def request() -> str:
        if troubles:
            raise troubles.pop(0)
        return "answer"

    assert await Asking(waits.append, told.append)(request) == "answer"
    assert waits == [1]
    assert told == ["Telegram cannot be reached.", ""]


async def test_nothing_is_asked_while_paused_and_what_waiting_does_not_change_is_raised() -> None:
    asked = 0

    async def request() -> None:
        nonlocal asked
        asked += 1
        raise TobsError(ErrorCode.CHAT_NOT_FOUND, "There is no such chat.")

    ask = Asking(lambda _: None, lambda _: None)
    ask.pause()
    asking = asyncio.create_task(ask(request))
    await asyncio.sleep(0)
    assert asked == 0
    ask.resume()
    with pytest.raises(TobsError):
        await asking
    assert asked == 1
