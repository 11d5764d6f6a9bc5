"""The pacer finds the rate that a server allows, stays just under it, and is hardly ever refused. In virtual time."""

from __future__ import annotations

import heapq
import math
import random
from itertools import count

import pytest
from msgspec import Struct

from tobs_tui.telegram.pacer import Pacer

LATENCY_S = 0.15
WORKERS = 8


class Result(Struct):
    """What became of some requests: served a second, and the share that was refused."""

    rate: float
    refused: float


class Server:
    """Allows `rate` requests a second, `burst` at once, and says in whole seconds how long to wait otherwise."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._tokens, self._at = burst, 0.0

    def ask(self, now: float) -> int:
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(1, math.ceil((1 - self._tokens) / self.rate))


def served(server: Server, requests: int, *, seed: int = 1) -> Result:
    """What workers with one request in flight each get of a server, when a pacer holds them up."""
    luck, pacer, number = random.Random(seed), Pacer(), count()
    events: list[tuple[float, int, float]] = [(0.001 * worker, next(number), -1.0) for worker in range(WORKERS)]
    now = paused = 0.0
    done = refused = 0
    held = False  # once there is a rate, eight workers always wait for it
    while done < requests:
        now, _, sent = heapq.heappop(events)
        if sent < 0:  # a worker wants to ask
            if (at := max(pacer.opens_at(now), paused)) > now:
                held = True
                heapq.heappush(events, (at + luck.uniform(0.0, 0.002), next(number), -1.0))  # sleeps end a little late
                continue
            pacer.take(now, held=held)
            heapq.heappush(events, (now + LATENCY_S, next(number), now))
        elif wait := server.ask(sent + LATENCY_S / 2):
            refused += 1
            pacer.refused(sent, now, wait)
            paused = max(paused, now + wait)
            heapq.heappush(events, (now, next(number), -1.0))
        else:
            done += 1
            pacer.served(sent)
            heapq.heappush(events, (now, next(number), -1.0))
    return Result(done / now, refused / (done + refused))


@pytest.mark.parametrize("burst", [20, 40])
def test_nearly_all_of_the_allowed_rate_is_used_and_hardly_a_request_refused(burst: int) -> None:
    result = served(Server(20, burst), 3000)
    assert result.rate >= 0.95 * 20
    assert result.refused <= 0.01


@pytest.mark.parametrize(("rate", "burst"), [(5, 5), (50, 50), (20, 5), (1, 10)])
def test_other_limits_are_found_as_well(rate: float, burst: float) -> None:
    result = served(Server(rate, burst), 2000)
    assert result.rate >= 0.85 * rate
    assert result.refused <= 0.02


def test_a_limit_beyond_reach_never_slows_anything() -> None:
    result = served(Server(1000, 1000), 2000)
    assert result.refused == 0
    assert result.rate >= 0.99 * WORKERS / LATENCY_S


def test_a_server_that_never_refuses_is_never_paced() -> None:
    pacer = Pacer()
    for moment in range(100):
        assert pacer.opens_at(moment) <= moment
        pacer.take(moment, held=False)
        pacer.served(moment)
    assert pacer.rate == 0


def test_a_rate_that_is_known_is_tried_higher_and_higher_while_it_holds() -> None:
    server = Server(20, 20)
    pacer = Pacer()
    now = 0.0

    def run(seconds: float) -> None:
        nonlocal now
        until = now + seconds
        while now < until:
            now = max(now + 0.001, pacer.opens_at(now))
            pacer.take(now, held=True)
            wait = server.ask(now)
            if not wait:
                pacer.served(now)
            elif pacer.refused(now, now + 0.01, wait):
                now += wait

    run(100)
    assert 19 <= pacer.rate <= 21
    server.rate = server.burst = 60
    run(900)
    assert pacer.rate > 40
