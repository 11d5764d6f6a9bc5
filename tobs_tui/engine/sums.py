"""What a run counts: over all of it, and summed up from its rows."""

from __future__ import annotations

from collections.abc import Iterable

from tobs_tui.model.run import CacheReading, ChatProgress, ChatState, Resources

ALMOST = 0.9999
"""The most that sums of fractions may claim: they are rounded, and "all of it" is said only when it is true."""


class Counters:
    """What is counted over the whole run and belongs to no row."""

    def __init__(self) -> None:
        self.files_reused = 0
        self.bytes_saved = 0
        self.skipped = 0
        self.unknown = 0
        self.requests = 0
        self.flood_waits = 0
        self.flood_seconds = 0.0
        self.retries = 0
        self.errors = 0
        self.notes = 0
        self.reread = 0
        self.edited = 0
        self.deleted = 0
        self.reactions = 0
        self.peak_memory = 0
        self.peak_cpu_percent = 0.0
        self.peak_descriptors = 0
        self.peak_loop_lag_ms = 0.0
        self.peak_write = 0.0
        self.slowed_s = 0.0
        self.cache_hits = 0
        self.cache_misses = 0
        self.cache_evictions = 0
        self.jobs = 0
        self.jobs_total = 0
        self.jobs_failed = 0

    def sampled(self, sample: Resources) -> None:
        """Take a sample of the machine into the peaks, and the caches' figures as they are now."""
        self.peak_memory = max(self.peak_memory, sample.own_memory)
        self.peak_cpu_percent = max(self.peak_cpu_percent, sample.own_cpu_percent)
        self.peak_descriptors = max(self.peak_descriptors, sample.descriptors)
        self.peak_loop_lag_ms = max(self.peak_loop_lag_ms, sample.loop_lag_ms)
        self.peak_write = max(self.peak_write, sample.own_write)
        self.looked_up(sample.caches)

    def looked_up(self, caches: Iterable[CacheReading]) -> None:
        """Take the caches' figures as they are now."""
        caches = tuple(caches)
        self.cache_hits = sum(cache.hits for cache in caches)
        self.cache_misses = sum(cache.misses for cache in caches)
        self.cache_evictions = sum(cache.evictions for cache in caches)


class RowSums:
    """Sums over the chat rows, kept up to date row by row: a run may have thousands."""

    def __init__(self) -> None:
        self.rows = self.done = self.unknown_totals = 0
        self.messages = self.new = self.total = self.remaining = self.rendered = 0
        self.files = self.files_total = self.bytes = self.bytes_total = 0
        self.weight = self.whole = 0
        self.fetched = 0.0

    def count(self, row: ChatProgress, sign: int) -> None:
        """Add (sign 1) or take away (-1) a row."""
        self.rows += sign
        self.done += sign * (row.state in (ChatState.DONE, ChatState.FAILED))
        self.messages += sign * row.messages
        self.new += sign * row.messages_new
        self.rendered += sign * row.rendered
        self.files += sign * row.media
        self.files_total += sign * row.media_total
        self.bytes += sign * row.media_bytes
        self.bytes_total += sign * row.media_bytes_total
        if row.messages_total < 0:
            self.unknown_totals += sign
        else:
            self.total += sign * row.messages_total
            finished = row.fetched >= 1.0 or row.state in (ChatState.DONE, ChatState.FAILED)
            self.remaining += sign * (0 if finished else max(0, row.messages_total - row.messages))
        weight = max(1, row.messages_total)
        self.weight += sign * weight
        self.fetched += sign * weight * row.fetched
        self.whole += sign * (row.fetched >= 1.0)

    @property
    def share(self) -> float:
        """How much of all rows is fetched, weighed by their messages; 1.0 when, and only when, every row is whole."""
        if self.rows and self.whole == self.rows:
            return 1.0
        return max(0.0, min(ALMOST, self.fetched / self.weight)) if self.weight else 0.0
