"""Jobs on a Dask cluster, through the executor of its client (https://distributed.dask.org).

The cluster's processes need tobs in the same version. Those that see the vault read files there; to others, files up to
`SHIP_BYTES` are sent. A job whose process dies is given to another one by the cluster itself.
"""

from __future__ import annotations

import asyncio
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from tobs_tui import __version__
from tobs_tui.engine.job_lane import JobDied
from tobs_tui.engine.workers import WorkerStats
from tobs_tui.media.download import to_the_end
from tobs_tui.media.remote import SHIP_BYTES, NotSeenError, Outcome, bring_home, do, sees
from tobs_tui.media.work import Done, JobError, Work
from tobs_tui.model.display import size as in_words
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.monitor.clock import monotonic

CONNECT_S = 10.0
"""Seconds that a scheduler, and its first worker, may take to answer."""
LOOK_S = 1.0
FORSAKEN_S = 60.0
"""Seconds that a cluster may be without any worker before the run is ended, resumably."""
MOST_AT_ONCE = 64
RETRIES = 2
"""How often the cluster begins a job again that took its process down."""
_GO_ON = "See to it, then run again: it goes on from here."


def _error(sentence: str, way_on: str = _GO_ON) -> TobsError:
    return TobsError(ErrorCode.CLUSTER_UNAVAILABLE, sentence, way_on, field="media.executor")


class Cluster:
    """A connected cluster. Make one with `connect`; `places` is how many jobs it does at once."""

    def __init__(self, client: Any, address: str, seeing: list[str], workers: int, places: int) -> None:
        self.address = address
        self.seeing = seeing
        self.all_see = len(seeing) == workers
        self.places = places
        self._client = client
        self._anywhere: Executor = client.get_executor(pure=False, retries=RETRIES)
        self._where_seen: Executor = client.get_executor(
            pure=False, retries=RETRIES, workers=seeing, allow_other_workers=True
        )
        self._without_since: float | None = None

    @classmethod
    async def connect(cls, address: str, folder: Path) -> Cluster:
        """The cluster of the scheduler at ``dask://host:port``. In `folder`, within the vault, a file is put for the
        moment by which its workers tell whether they see the vault. Raises TobsError CLUSTER_UNAVAILABLE."""
        return await to_the_end(cls._connect, address, folder)

    @classmethod
    def _connect(cls, address: str, folder: Path) -> Cluster:
        try:
            from distributed import Client
        except ImportError as error:
            raise _error(
                f"Media jobs on {address} need the Dask library, which is not installed.",
                "Install it with: pip install 'tobs-tui[cluster]', or leave media.executor empty.",
            ) from error
        tcp = f"tcp://{address.removeprefix('dask://')}"
        try:
            client = Client(tcp, timeout=CONNECT_S, set_as_default=False, name="tobs")
        except (OSError, ValueError, TimeoutError) as error:
            raise _error(
                f"The Dask scheduler at {address} cannot be reached.",
                "Start it (dask scheduler), or leave media.executor empty to work on this machine.",
            ) from error
        try:
            return cls._looked_at(client, address, folder)
        except BaseException:
            client.close(timeout=CONNECT_S)
            raise

    @classmethod
    def _looked_at(cls, client: Any, address: str, folder: Path) -> Cluster:
        """See which workers there are, whether they have the same tobs, and which see the vault."""
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            raise _error(f"The Dask scheduler at {address} has no workers.", "Start some: dask worker.") from error
        token = uuid.uuid4().hex
        marker = folder / f"cluster-{token}"
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(token)
        try:
            told: dict[str, tuple[bool, str]] = client.run(sees, str(marker.absolute()), token)
        except Exception as error:
            raise _error(
                f"The workers of {address} cannot run tobs: {type(error).__name__}: {str(error)[:200]}.",
                "Install tobs-tui in the same version where they run.",
            ) from error
        finally:
            marker.unlink()
        other = sorted({version for _, version in told.values()} - {__version__})
        if other:
            raise _error(
                f"Workers of {address} have another version of tobs: {', '.join(other)}, not {__version__}.",
                "Install the same version there.",
            )
        threads = client.nthreads()
        places = max(1, min(MOST_AT_ONCE, sum(threads.values())))
        seeing = sorted(worker for worker, (seen, _) in told.items() if seen)
        return cls(client, address, seeing, len(told), places)

    def describe(self) -> str:
        """What was found, as a sentence."""
        seen = "which see the vault" if self.all_see else "to which files are sent, as not all see the vault"
        return f"The cluster at {self.address} does {self.places} jobs at once in its processes, {seen}."

    async def do(self, function: Callable[[Work, Any], Done], work: Work, arguments: Any) -> Done:
        """Do a job somewhere. Raises what it raises, JobDied for one that takes down each process that tries it, and
        TobsError when the cluster is gone."""
        small = work.size <= SHIP_BYTES
        if not small and not self.seeing:
            raise _too_large(work)
        try:
            content = await to_the_end(Path(work.path).read_bytes) if small and not self.all_see else None
            outcome = await self._send(function, work, arguments, content)
        except NotSeenError as error:  # by a worker that came later
            if not small:
                raise _too_large(work) from error
            content = await to_the_end(Path(work.path).read_bytes)
            outcome = await self._send(function, work, arguments, content)
        return await to_the_end(bring_home, outcome, Path(work.spool))

    async def _send(
        self, function: Callable[[Work, Any], Done], work: Work, arguments: Any, content: bytes | None
    ) -> Outcome:
        executor = self._anywhere if content is not None or self.all_see else self._where_seen
        job: asyncio.Future[Outcome] = asyncio.wrap_future(
            await to_the_end(_submit, executor, function, work, arguments, content)
        )
        try:
            while not (await asyncio.wait({job}, timeout=LOOK_S))[0]:
                self._mind_workers()
            return job.result()
        except (JobError, TobsError, NotSeenError):
            job.cancel()
            raise
        except (Exception, asyncio.CancelledError) as error:
            job.cancel()
            if self._lost():
                raise _error(f"The connection to the cluster at {self.address} was lost.") from error
            if type(error).__name__ == "KilledWorker":
                raise JobDied("The cluster's processes that worked on it died each time.") from error
            raise

    def _lost(self) -> bool:
        return bool(self._client.status != "running")

    def _mind_workers(self) -> None:
        """Raise TobsError when there has been no worker for too long, or no scheduler."""
        if self._lost():
            raise _error(f"The connection to the cluster at {self.address} was lost.")
        if self._client.scheduler_info()["workers"]:
            self._without_since = None
            return
        self._without_since = self._without_since or monotonic()
        if monotonic() - self._without_since > FORSAKEN_S:
            raise _error(f"The cluster at {self.address} has no workers any more.")

    async def close(self) -> None:
        """Let go of the cluster; jobs under way there are dropped."""
        await to_the_end(self._client.close, timeout=CONNECT_S)


def _submit(
    executor: Executor, function: Callable[[Work, Any], Done], work: Work, arguments: Any, content: bytes | None
) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")  # the file itself: bounded by SHIP_BYTES
        return executor.submit(do, function, work, arguments, content)


def _too_large(work: Work) -> JobError:
    size = in_words(work.size)
    return JobError(f"It has {size}, too much to be sent to the cluster's processes, which do not see the vault.")


class ClusterLane:
    """One of the jobs that a cluster does at once."""

    def __init__(self, worker: WorkerStats, cluster: Cluster) -> None:
        self.worker = worker
        self.device = ""
        self._cluster = cluster

    async def run(self, function: Callable[[Work, Any], Done], work: Work, arguments: Any) -> Done:
        """See `Cluster.do`."""
        done = await self._cluster.do(function, work, arguments)
        self.worker.count(0, work.size)
        return done

    async def close(self) -> None:
        """Nothing of its own to end."""
