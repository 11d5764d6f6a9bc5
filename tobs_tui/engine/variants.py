"""Where the files that jobs have made belong: beside their originals, or in their place. Registered as they are put."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import JobTask
from tobs_tui.archive.schema import output_error
from tobs_tui.engine.job_plans import JobPlan
from tobs_tui.engine.media_backlog import Submit
from tobs_tui.engine.note_file import flush_folder
from tobs_tui.media.download import to_the_end
from tobs_tui.media.store import Store
from tobs_tui.model.jobs import JobKind, JobResult
from tobs_tui.render.layout import replaced_path, variant_path

BATCH = 128
"""Names, or contents, looked at at a time."""


class Variants:
    """Puts variants in their places. Every step can be done again: a killed run's next one sees to what is missing.

    Without `keep_originals`, a variant takes its original's place once all of the run's jobs have seen that one; the
    original's bytes go when the archive knows of nothing but the variant. All methods raise TobsError.
    """

    def __init__(
        self, submit: Submit, store: Store, vault: Path, plans: Sequence[JobPlan], *, keep_originals: bool
    ) -> None:
        self._ask = submit
        self._store = store
        self._vault = vault
        self._plans = plans
        self._keep = keep_originals
        self._shown = tuple((plan.kind, plan.options) for plan in plans if plan.kind is JobKind.TRANSCODE)
        self._replaced: set[str] = set()

    async def begin(self) -> None:
        """Look after the variants of earlier runs: names that no job asks for any more go, missing ones come back, and
        names that a kill left to originals whose place is taken go."""
        try:
            for original in await self._ask(Archive.originals_to_remove):
                for file in await self._ask(partial(Archive.files_in_place_of, original=original)):
                    await to_the_end(self._retire_beside, original, file.path)
            while strays := await self._ask(partial(Archive.stray_links, shown=self._shown, limit=BATCH)):
                for stray in strays:
                    await to_the_end(self._store.retire, stray.sha256, stray.path)
                    await self._ask(partial(Archive.drop_variant_link, key=stray.key))
            for kind, options in self._shown:
                look, after = partial(Archive.variants, kind=kind, options=options, contents=BATCH), None
                while after != "":
                    batch, after = await self._ask(partial(look, after=after or ""))
                    for each in batch:
                        await self._restore(each.job, each.result, each.path)
        except OSError as error:
            raise output_error(error, self._vault) from error

    async def _restore(self, job: JobTask, result: JobResult, known: str) -> None:
        """See that a variant stands where it belongs; it is made again when its bytes are gone."""
        path = variant_path(job.path, result.ending)
        if path == known and await to_the_end(self._store.named, path, result.variant_size):
            return
        if not await to_the_end(self._store.holds, result.variant, result.variant_size):
            for kind, options in self._shown:
                await self._ask(partial(Archive.forget_job, sha256=job.sha256, kind=kind, options=options))
            return
        if self._keep:
            await self._link(job, result)
        if known and known != path:
            await to_the_end(self._store.retire, result.variant, known)

    async def settle(self, job: JobTask) -> None:
        """A job is done with a content: if that has a variant by now, it is put in its place."""
        try:
            for kind, options in self._shown:
                found = partial(Archive.job_result, sha256=job.sha256, kind=kind, options=options)
                result = await self._ask(found)
                if result is None or not result.variant:
                    continue
                if self._keep:
                    await self._link_all(job, result)
                elif await self._ask(partial(self._seen_by_all, job=job)):
                    await self._replace(job, options, result)
        except OSError as error:
            raise output_error(error, self._vault) from error

    def _seen_by_all(self, archive: Archive, job: JobTask) -> bool:
        """Whether every kind of job that takes such files has a result for this content."""
        return all(
            archive.job_result(job.sha256, plan.kind, plan.options) is not None
            for plan in self._plans
            if job.task.kind in plan.takes
        )

    async def _link_all(self, job: JobTask, result: JobResult) -> None:
        """Give a variant a name beside every file of its original's content."""
        for file in await self._ask(partial(Archive.unlinked_files, sha256=job.sha256, variant=result.variant)):
            await self._link(file, result)

    async def _link(self, job: JobTask, result: JobResult) -> None:
        path = variant_path(job.path, result.ending)
        await to_the_end(self._store.publish, result.variant, path, job.task.date)
        await self._ask(partial(Archive.put_variant_link, task=job.task, variant=result.variant, path=path))

    async def _replace(self, job: JobTask, options: str, result: JobResult) -> None:
        """Let a variant take the place of its original."""
        files = await self._ask(partial(Archive.files_of_content, sha256=job.sha256))
        places = {file.task.key: replaced_path(file.path, result.ending) for file in files}
        for file in files:
            await to_the_end(self._store.publish, result.variant, places[file.task.key], file.task.date)
        await to_the_end(self._flush, result.variant, list(places.values()))
        await self._ask(partial(Archive.replace_content, job=job, options=options, result=result, places=places))
        for file in files:
            if places[file.task.key] != file.path:
                await to_the_end(self._store.retire, job.sha256, file.path)

    def _retire_beside(self, original: str, path: str) -> None:
        """Take the names away that an original still has beside `path`, which a variant stands at in its place."""
        taken = PurePosixPath(path)
        for found in sorted((self._vault / taken.parent).glob(f"{glob.escape(taken.stem)}.*")):
            if found.name != taken.name:
                self._store.retire(original, str(taken.with_name(found.name)))

    def _flush(self, variant: str, places: list[str]) -> None:
        """Have a content's names on the disk, before anything is removed because of them."""
        for folder in {self._store.path_of(variant).parent, *((self._vault / place).parent for place in places)}:
            flush_folder(folder)

    async def sweep(self, *, final: bool = False) -> None:
        """Remove the bytes of originals whose place is taken, unless they were found to be so only now: a download of
        the same content may still be about to use them. `final`: none is."""
        found = set(await self._ask(Archive.originals_to_remove))
        due, self._replaced = (found if final else found & self._replaced), found
        try:
            for sha256 in sorted(due):
                if not await self._ask(partial(Archive.files_of_content, sha256=sha256)):
                    await to_the_end(self._store.path_of(sha256).unlink, missing_ok=True)
                    await self._ask(partial(Archive.original_removed, sha256=sha256))
        except OSError as error:
            raise output_error(error, self._vault) from error
