"""The rate at which Telegram allows one method, learned from what it serves and what it refuses."""

from __future__ import annotations

import math
from collections import deque

JUST_UNDER = 0.98
"""How much of a rate that is known is used."""
AGREE = 1.1
"""Two estimates within this factor of each other confirm one another."""
LONG_S = 30.0
"""A rate that held for so long is not thrown over by one refusal."""
PROBE_EVERY_S = 60.0
PROBE = 0.02
"""By how much a rate that is known is raised, and how often: Telegram may allow more than it did. Each raise that holds
doubles the next one."""
MEMORY = 256
CATCH_UP = 0.5
"""How much of a slot that came too late (a busy machine) may be made up for, as a share of the time between slots."""
SHORTEST_S = 0.25
"""Requests served in less time than this say nothing about a rate."""


class Pacer:
    """Free until the first refusal; then requests are spaced so that they come just under the rate that is allowed.

    A refusal says that the allowance is used up at that moment. So the requests served between two refusals, by the
    time between them, never exceed the allowed rate; and the rate in force at a refusal is never below it. The pacer
    searches between these two bounds. Once two estimates agree, it stays just under them and tries more only rarely.
    All moments are seconds of one clock.
    """

    def __init__(self) -> None:
        self.rate = 0.0  # requests a second; 0 = as many as one likes
        self._ceiling = math.inf
        self._estimate = 0.0
        self._known = False
        self._probe = PROBE
        self._burst = 0.0  # requests that are allowed at once after a rest, as far as is known
        self._wait_s = 1
        self._served: deque[float] = deque(maxlen=MEMORY)  # when requests were sent that were served
        self._count = 0  # of them, since the last refusal
        self._refused_at = -math.inf  # when the refused request of the last episode was sent
        self._heard_at = -math.inf  # when its refusal came in
        self._changed_at = -math.inf
        self._held = 0  # requests that had to wait for their slot since the rate was changed
        self._next = -math.inf

    def opens_at(self, now: float) -> float:
        """The moment from which the next request may go; not in the future when it may go now."""
        if not self.rate:
            return now
        self._maybe_raise(now)
        return self._next

    def take(self, now: float, *, held: bool) -> None:
        """A request goes now; `held` says whether it had to wait for this moment."""
        if self.rate:
            self._next = max(self._next, now - CATCH_UP / self.rate) + 1.0 / self.rate
            self._held += held

    def served(self, sent_at: float) -> None:
        """A request sent at this moment was answered."""
        self._served.append(sent_at)
        if sent_at > self._refused_at:
            self._count += 1

    def refused(self, sent_at: float, now: float, wait_s: int) -> bool:
        """A request sent at this moment was refused for `wait_s` seconds. False: an earlier refusal said so already."""
        if sent_at <= self._heard_at:
            self._next = max(self._next, now + wait_s)
            return False
        if self.rate:
            self._learn(sent_at)
        else:
            self.rate = self._estimate = self._first_estimate(sent_at, wait_s)
            self._burst = float(len(self._served))
        self._wait_s = wait_s
        self._count = 0
        self._refused_at, self._heard_at = sent_at, now
        self._changed_at = self._next = now + wait_s
        self._held = 0
        return True

    def _first_estimate(self, sent_at: float, wait_s: int) -> float:
        """What was served until the allowance was used up, by the time that it takes Telegram to allow more."""
        best = 1.0 / wait_s
        for count, moment in enumerate(reversed(self._served), 1):
            best = max(best, count / (sent_at - moment + wait_s))
        return best

    def _learn(self, sent_at: float) -> None:
        """Narrow the rate down after another refusal."""
        elapsed = sent_at - self._refused_at
        if self._known and elapsed > LONG_S:
            self.rate *= JUST_UNDER / (1.0 + self._probe / 2)  # back to what held before
            self._probe = PROBE
            return
        if self._known:
            self._burst = 1.0 + 1.5 * self._burst  # it was thought too small, and the rate therefore too high
        estimate = min(self.rate, self._lower_bound(sent_at, elapsed))
        agree = max(estimate, self._estimate) <= AGREE * min(estimate, self._estimate)
        if agree:
            self.rate = min(JUST_UNDER * max(estimate, self._estimate), self.rate)
        else:
            self._ceiling = self.rate
            self.rate = math.sqrt(estimate * self.rate)
        self._known, self._probe, self._estimate = agree, PROBE, estimate

    def _lower_bound(self, sent_at: float, elapsed: float) -> float:
        """What Telegram has allowed at least since the refusal before, without what it allows at once after a rest."""
        best = max(self._count, 1) / max(elapsed, SHORTEST_S)
        for count, moment in enumerate(reversed(self._served), 1):
            if moment <= self._refused_at:
                break
            if sent_at - moment >= SHORTEST_S:
                best = max(best, (count - self._burst) / (sent_at - moment))
        return best

    def _maybe_raise(self, now: float) -> None:
        """Try a higher rate when this one held for long enough, and requests have been waiting for their slots."""
        # A long wait makes a refusal dear, so that it is risked less often.
        patience = PROBE_EVERY_S if self._known else max(1.0, 4.0 / self.rate, 10.0 * (self._wait_s - 1))
        if now - self._changed_at < patience:
            return
        if self._held >= min(4.0, patience * self.rate / 2):
            if self._known:
                self.rate *= 1.0 + self._probe
                self._probe *= 2.0
            elif self._ceiling < math.inf:
                self.rate = math.sqrt(self.rate * self._ceiling)
            else:
                self.rate *= 2.0 if self._wait_s == 1 else 1.1
        self._changed_at, self._held = now, 0
