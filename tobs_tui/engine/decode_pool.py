"""Turning raw pages into archive rows, on every core: the work itself, and the pool of processes that does it."""

from __future__ import annotations

import os

import msgspec
from msgspec import Struct

from tobs_tui.archive.records import PageCommit, flat_rows, rows_of
from tobs_tui.engine.processes import ProcessPool
from tobs_tui.model.intervals import Interval
from tobs_tui.model.messages import Message, decode_message
from tobs_tui.model.peers import Peer, topic_of_scope
from tobs_tui.monitor.clock import monotonic

pack = msgspec.msgpack.Encoder().encode
"""A `PageCommit` as the `packed` bytes of a `PageRows`."""
unpack_flat = msgspec.msgpack.Decoder(PageCommit).decode
"""The `PageCommit` in a `PageRows`' `packed` bytes, with its rows as they came: `flat`, or not."""

BLOB, ROW = 4, 5
"""Where in a row's fields the record stands, and how many fields a row has in `PageCommit.flat`."""
UNSOUND = "not what the schema says"
"""What a message whose fields hold something else is said to hold."""
_UNSOUND = (msgspec.MsgspecError, TypeError, ValueError, AttributeError, LookupError, OverflowError, RecursionError)
"""What records raise that hold values of other types, or beyond all bounds, when they are packed and read again."""


def unpack(packed: bytes) -> PageCommit:
    """The `PageCommit` in a `PageRows`' `packed` bytes, with rows to look at."""
    page = unpack_flat(packed)
    return msgspec.structs.replace(page, rows=rows_of(page.flat), flat=[]) if page.flat else page


class PageJob(Struct, frozen=True):
    """A raw answer of `chat` (a walk of `scope`, see `peers.own_scope`), of which the ids [lo, hi] are wanted.

    `self_id` is the account's own id: private chats don't name it as the sender.
    """

    chat: int
    scope: int
    lo: int
    hi: int
    raw: bytes
    self_id: int


class PageRows(Struct, frozen=True):
    """A decoded page: its `PageCommit` in msgpack, how many messages it holds, and which process made it.

    `unknown` counts the messages that hold something this version cannot read in full; `partial` are the ids of rich
    messages among them of which only a part came. `seconds` is what decoding took.
    """

    packed: bytes
    messages: int
    unknown: int
    pid: int
    partial: tuple[int, ...] = ()
    seconds: float = 0.0


def decode_job(job: PageJob) -> PageRows:
    """Decode one page. Runs in a process of the pool; raises what `decode_page` raises."""
    from tobs_tui.telegram.decode import decode_page  # pulls in telethon, which the main process does without

    began = monotonic()
    page = decode_page(job.raw, job.chat, job.self_id)
    wanted = [message for message in page.messages if job.lo <= message.id <= job.hi]
    if topic := topic_of_scope(job.scope):  # the answer holds this topic's messages only, whatever their headers say
        wanted = [
            message if message.topic == topic else msgspec.structs.replace(message, topic=topic) for message in wanted
        ]
    packed, unsound = _packed(job, wanted, page.peers)
    if unsound:
        wanted = [_sound(message) for message in wanted]
        packed, _ = _packed(job, wanted, [peer for peer in page.peers if _is_sound(peer)])
    if not page.unknown and not unsound:
        return PageRows(packed, len(wanted), 0, os.getpid(), seconds=monotonic() - began)
    partial = tuple([message.id for message in wanted if message.rich is not None and message.rich.part])
    unknown = len([message for message in wanted if message.unknown])
    return PageRows(packed, len(wanted), unknown, os.getpid(), partial, monotonic() - began)


def _packed(job: PageJob, wanted: list[Message], peers: list[Peer]) -> tuple[bytes, bool]:
    """The page's commit in msgpack, and whether something in it is not what the records say.

    TL objects of the wrong kind in a field go unnoticed into a record; whoever read it later would stumble over it.
    """
    try:
        flat, files = flat_rows(wanted)
        commit = PageCommit(
            chat=job.chat, lo=job.lo, hi=job.hi, scope=job.scope, flat=flat, files=files, peers=tuple(peers)
        )
        packed = pack(commit)
        for blob in flat[BLOB::ROW]:  # what else a row has, its message has as well
            decode_message(blob)
        if files or peers:
            unpack_flat(pack(PageCommit(0, 0, 0, files=files, peers=commit.peers)))
    except _UNSOUND:
        return b"", True
    return packed, False


def _sound(message: Message) -> Message:
    """The message, or what stands in the place of one that holds what it cannot. Raises `PageUnreadable`."""
    try:
        flat, files = flat_rows([message])
        unpack_flat(pack(PageCommit(0, 0, 0, flat=flat, files=files)))
        return decode_message(flat[BLOB])
    except _UNSOUND as error:
        instead = Message(id=message.id, date=message.date, topic=message.topic, unknown=(UNSOUND,))
        if not all(
            type(number) is int and 0 <= number < 1 << 31 for number in (instead.id, instead.date, instead.topic)
        ):
            from tobs_tui.telegram.page import PageUnreadable

            raise PageUnreadable("a message is not what the schema says") from error
        return instead


def _is_sound(peer: Peer) -> bool:
    try:
        unpack_flat(pack(PageCommit(0, 0, 0, peers=(peer,))))
    except _UNSOUND:
        return False
    return True


def empty_page(chat: int, scope: int, lo: int, hi: int) -> bytes:
    """The packed `PageCommit` of an answer without messages: the ids [lo, hi] are known to hold nothing."""
    return pack(PageCommit(chat=chat, lo=lo, hi=hi, scope=scope))


class DecodePool:
    """Decodes pages in the processes of `pool`, which others may use beside it. Start and close the pool yourself."""

    def __init__(self, pool: ProcessPool) -> None:
        self.self_id = 0  # the account's own id, once it is known
        self.seconds = 0.0  # spent on decoding, over all processes
        self.waiting = 0  # pages handed in and not yet decoded
        self._pool = pool

    async def decode(self, chat: int, scope: int, ids: Interval, raw: bytes) -> PageRows:
        """The rows of one page. Raises `WorkLostError` for a page that kills each process that tries it."""
        self.waiting += 1
        try:
            rows = await self._pool.run_small(decode_job, PageJob(chat, scope, ids.lo, ids.hi, raw, self.self_id))
        finally:
            self.waiting -= 1
        self.seconds += rows.seconds
        return rows

    def pids(self) -> tuple[int, ...]:
        """The processes' ids, oldest first."""
        return self._pool.pids()
