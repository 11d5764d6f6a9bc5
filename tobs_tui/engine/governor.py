"""Moves a run's concurrency with the machine's load: fewer requests, jobs and bytes at once while it is hard pressed.

The load falls in steps and comes back in slower ones, so that it neither flutters nor jumps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType

from tobs_tui.engine.budget import ByteBudget
from tobs_tui.model.load import LoadState, Thresholds
from tobs_tui.model.run import Resources, WorkerRole
from tobs_tui.monitor.clock import monotonic
from tobs_tui.monitor.thresholds import Finding, LoadWatch, load_of

SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
"""What is left of a configured number at each step; at least one of everything."""
DEEPEST = {LoadState.HIGH: 2, LoadState.OVERLOADED: len(SHARES) - 1}
"""The step that a state leads to in the end."""
DOWN_S, UP_S = 5.0, 10.0
"""Seconds between two steps, down and up."""
SMALLEST_QUEUE = 1 << 20


class Gate:
    """Lets so many through at a time as the load allows, first come, first served. Use it with ``async with``."""

    def __init__(self, places: int) -> None:
        self._places = ByteBudget(places)

    @property
    def places(self) -> int:
        """How many may be through at a time."""
        return self._places.limit

    @property
    def busy(self) -> bool:
        """Whether the next one will have to wait."""
        return self._places.out >= self._places.limit

    def resize(self, places: int) -> None:
        """Let so many through from now on. Those who are through stay."""
        self._places.resize(places)

    async def __aenter__(self) -> None:
        await self._places.take(1)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.give_back(1)


class Governor:
    """Fed with a sample a second, it says how much of what is configured may be done at once.

    Without `adapt` everything configured is allowed, whatever the load. `on_change(state, share)` hears of each step.
    """

    def __init__(
        self,
        thresholds: Thresholds,
        *,
        adapt: bool = True,
        on_change: Callable[[LoadState, float], None] = lambda state, share: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.state = LoadState.NORMAL
        self.findings: tuple[Finding, ...] = ()
        self._watch = LoadWatch(thresholds)
        self._adapt = adapt
        self._on_change = on_change
        self._clock = clock
        self._step = 0
        self._moved_at = clock()
        self._queue: ByteBudget | None = None
        self._followers: list[tuple[Callable[[int], None], Callable[[], int]]] = []

    @property
    def share(self) -> float:
        """What is left of the configured numbers, 0.0 (one of everything) to 1.0."""
        return SHARES[self._step]

    @property
    def disk_full(self) -> bool:
        """Whether so little of the disk is left that nothing more should be written."""
        return any(finding.key == "disk" and finding.passed > 1 for finding in self.findings)

    @property
    def queue_percent(self) -> float:
        """How much of the room for pages is taken."""
        return 100.0 * self._queue.out / self._queue.limit if self._queue is not None else 0.0

    def allowed(self, role: WorkerRole, configured: int) -> int:
        """How many of a role's `configured` pieces of work may be under way; at least one.

        Commits are never held back: they are what empties the memory.
        """
        if role is WorkerRole.COMMIT:
            return configured
        return max(1, math.ceil(configured * self.share))

    def gate(self, role: WorkerRole, configured: int) -> Gate:
        """A gate for a role's pieces of work; it moves with the load."""
        gate = Gate(configured)
        self.follow(gate.resize, role, configured)
        return gate

    def follow(self, apply: Callable[[int], None], role: WorkerRole, configured: int) -> None:
        """Have `apply` called with what is allowed of a role, now and whenever that changes."""
        self._followers.append((apply, lambda: self.allowed(role, configured)))
        apply(self.allowed(role, configured))

    def govern(self, queue: ByteBudget) -> None:
        """Move the room for pages that wait, too."""
        self._queue, limit = queue, queue.limit
        smallest = min(limit, SMALLEST_QUEUE)
        self._followers.append((queue.resize, lambda: max(smallest, int(limit * self.share))))
        queue.resize(max(smallest, int(limit * self.share)))

    def feed(self, sample: Resources) -> None:
        """Take a new sample into account: once a second, on the event loop."""
        self.findings = self._watch.judge(sample)
        before, state = self.state, load_of(self.findings)
        self.state = state
        step = self._next_step(changed=state is not before) if self._adapt else 0
        if step != self._step:
            self._step, self._moved_at = step, self._clock()
            self._apply()
            self._on_change(state, self.share)
        elif state is not before:
            self._on_change(state, self.share)

    def _next_step(self, *, changed: bool) -> int:
        waited = self._clock() - self._moved_at
        deepest = DEEPEST.get(self.state, 0)
        if self._step < deepest:
            return self._step + 1 if changed or waited >= DOWN_S else self._step
        if self._step > deepest:
            return self._step - 1 if waited >= UP_S else self._step
        self._moved_at = self._clock()  # the way back is counted from the moment that the load eases
        return self._step

    def _apply(self) -> None:
        for apply, amount in self._followers:
            apply(amount())
