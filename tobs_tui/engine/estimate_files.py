"""Counts and weighs the files of a chat before they are there: by Telegram's counters, the archive's files, samples."""

from __future__ import annotations

import asyncio

from msgspec import Struct
from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import FileFilter, FileScope, KindTotals, message_files
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.engine.lookups import BudgetSpent, Lookups
from tobs_tui.model.estimate import Basis, ChatEstimate, KindEstimate
from tobs_tui.model.intervals import Interval
from tobs_tui.model.profile import MediaKind, MediaOptions
from tobs_tui.telegram.counting import COUNTED_KINDS, Sample

ENOUGH = 10
"""Archived files of a kind whose mean size speaks for the others of a chat."""
NOT_ASKED = "Not counted: it would take more requests than an estimate may cost."


class Extent(Struct, frozen=True):
    """The ids that a row is about, how many messages they hold (-1 = unknown), and the chat's or topic's newest id and
    number of messages."""

    ids: Interval
    messages: int
    top: int
    total: int

    @property
    def whole(self) -> bool:
        """Whether it is all of the chat or topic."""
        return self.ids.lo <= 1 and self.ids.hi >= self.top


class FileEstimator:
    """Estimates the files that a profile wants of one chat or topic after another."""

    def __init__(self, media: MediaOptions, lookups: Lookups, archive: Archive | None, records: RecordFilter) -> None:
        self._media, self._lookups, self._archive, self._records = media, lookups, archive, records

    async def with_files(self, row: ChatEstimate, found: Extent) -> tuple[ChatEstimate, Extent | None]:
        """The row with its files by kind. Raises `TobsError`."""
        kinds = self._media.kinds
        known = await asyncio.to_thread(self._archived_files, row, found)
        if row.missing == 0:
            exact = (_all_known(kind, known.get(kind, KindTotals())) for kind in kinds)
            return replace(row, kinds=tuple(exact)), None
        if not self._records.open:  # which files are wanted shows only when the messages are there
            return replace(row, kinds=tuple(KindEstimate(kind) for kind in kinds)), None
        counts: dict[MediaKind, int] = {}
        if found.whole:
            counts = await self._lookups.file_counts(row.chat, kinds, row.topic)
        estimates = []
        for kind in kinds:
            try:
                estimates.append(
                    await self._kind(row, found, kind, counts.get(kind, -1), known.get(kind, KindTotals()))
                )
            except BudgetSpent:
                estimates.append(KindEstimate(kind, files=counts.get(kind, -1)))
                row = replace(row, problem=NOT_ASKED)
        return replace(row, kinds=tuple(estimates)), None

    def _archived_files(self, row: ChatEstimate, found: Extent) -> dict[MediaKind, KindTotals]:
        if self._archive is None or not found.ids.size:
            return {}
        media = self._media
        wanted = FileFilter(
            scopes=(FileScope(row.chat, (row.topic,) if row.topic else ()),),
            kinds=media.kinds,
            max_size=media.max_size_mb << 20,
            keeps=None if self._records.open else self._records.blob_matcher(),
        )
        return self._archive.kind_totals(wanted, found.ids)

    async def _kind(
        self, row: ChatEstimate, found: Extent, kind: MediaKind, total: int, known: KindTotals
    ) -> KindEstimate:
        """The files of one kind. What is archived is known; the rest is counted, and weighed by what is known of it."""
        if kind not in COUNTED_KINDS:
            return KindEstimate(kind)
        sample: Sample | None = None
        if total < 0:
            sample = await self._lookups.sample(row.chat, kind, before_id=self._before(found), scope=row.topic)
            total = await self._of_kind(row, found, kind, sample)
        if total < 0:
            return KindEstimate(kind)
        rest = max(0, total - known.files)
        if not rest:
            return KindEstimate(kind, known.chosen, known.pending, known.pending_bytes, Basis.EXACT)
        if known.files >= ENOUGH:
            share, mean, basis = known.chosen / known.files, known.chosen_bytes / max(1, known.chosen), Basis.ARCHIVE
        else:
            if sample is None:
                sample = await self._lookups.sample(row.chat, kind, before_id=self._before(found), scope=row.topic)
            sizes = self._sizes(sample, kind, found)
            if not sizes:
                return KindEstimate(kind, total)
            fit = [size for size in sizes if self._fits(size)]
            share, mean = len(fit) / len(sizes), sum(fit) / max(1, len(fit))
            basis = Basis.EXACT if len(sizes) >= total and not known.files else Basis.SAMPLE
        more = round(rest * share)
        return KindEstimate(
            kind, known.chosen + more, known.pending + more, known.pending_bytes + round(rest * share * mean), basis
        )

    def _before(self, found: Extent) -> int:
        return 0 if found.ids.hi >= found.top else found.ids.hi + 1

    async def _of_kind(self, row: ChatEstimate, found: Extent, kind: MediaKind, newest: Sample) -> int:
        """How many files of a kind lie within a range that begins or ends within the chat."""
        if found.ids.lo <= 1:
            older = newest.place.total
        else:
            below = await self._lookups.sample(row.chat, kind, before_id=found.ids.lo, scope=row.topic)
            older = below.place.newer
        newer = newest.place.newer
        return max(0, older - newer) if min(older, newer) >= 0 else -1

    def _sizes(self, sample: Sample, kind: MediaKind, found: Extent) -> list[int]:
        inside = (message for message in sample.messages if found.ids.lo <= message.id <= found.ids.hi)
        return [file.size for message in inside for each, file in message_files(message) if each is kind]

    def _fits(self, size: int) -> bool:
        limit = self._media.max_size_mb << 20
        return not limit or size <= limit


def _all_known(kind: MediaKind, known: KindTotals) -> KindEstimate:
    return KindEstimate(kind, known.chosen, known.pending, known.pending_bytes, Basis.EXACT)
