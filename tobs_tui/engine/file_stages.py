"""Everything that a run does with files: downloads, and the jobs on what has come, as one stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tobs_tui.engine.chat_jobs import ChatJob
from tobs_tui.engine.commit import Writer
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.engine.governor import Governor
from tobs_tui.engine.job_stage import JobStage
from tobs_tui.engine.media_stage import MediaStage
from tobs_tui.engine.state import RunBoard
from tobs_tui.model.errors import TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.telegram.link import TelegramLink


class FileStages:
    """Downloads the files of a run's chats, and works on each as it comes. `on_fatal` hears of an error that ends it.

    `encoders_file` remembers which video encoders work on this machine.
    """

    def __init__(
        self,
        link: TelegramLink,
        writer: Writer,
        vault: Path,
        profile: Profile,
        board: RunBoard,
        on_fatal: Callable[[TobsError], None],
        *,
        governor: Governor,
        records: RecordFilter,
        encoders_file: Path | None,
    ) -> None:
        self.jobs = JobStage(writer, vault, profile, board, on_fatal, governor=governor, encoders_file=encoders_file)
        self.media = MediaStage(
            link, writer, vault, profile, board, on_fatal, records, governor=governor, on_file=self.jobs.offer
        )

    def begin(self, chats: Sequence[ChatJob]) -> None:
        """Every chat is known: start."""
        self.media.begin(chats)
        self.jobs.begin(self.media.wanted(chats))

    def wake(self) -> None:
        """More pages were committed: there may be new files."""
        self.media.wake()

    def is_open(self, key: tuple[int, int]) -> bool:
        """Whether files of a row are still to come."""
        return self.media.is_open(key)

    async def finish(self, chats: Iterable[ChatJob]) -> None:
        """Nothing more comes: wait until every file is there and worked on, or set aside."""
        await self.media.finish(list(chats))
        await self.jobs.finish()

    def pause(self) -> None:
        """Begin nothing new."""
        self.media.pause()
        self.jobs.pause()

    def resume(self) -> None:
        """Go on."""
        self.media.resume()
        self.jobs.resume()

    async def close(self) -> None:
        """Stop; the next run goes on from here."""
        await self.media.close()
        await self.jobs.close()
