"""What decoding a page costs: ``python -m tests.benchmarks.decode [ROUNDS]``.

Prints microseconds of CPU time a message, the best of some rounds, for the benchmark's world and the demo: Telethon's
reader alone; that reader, conversion and rows ready for the archive; and the same rows by way of the program's own
readers. Ratios are to the second.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
from telethon.extensions import BinaryReader
from telethon.tl import types

from tobs_tui.archive.records import PageCommit, message_rows
from tobs_tui.engine.decode_pool import PageJob, decode_job
from tobs_tui.sandbox.rpc.paging import answer_page
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.telegram.convert_message import Surroundings, convert_message
from tobs_tui.telegram.convert_peers import convert_peers
from tobs_tui.telegram.decode import decode_page

Page = tuple[int, bytes]
NEWEST = 2**31 - 1
encode = msgspec.msgpack.Encoder().encode


def pages_of(name: str, **options: Any) -> list[Page]:
    """The raw pages of every chat of a world, each with its chat."""
    world = load_world(name, **options)
    call: Any = SimpleNamespace(world=world)
    pages = []
    for key, history in world.histories.items():
        total = len(history.ids)
        for newest in range(total - 1, -1, -100):
            positions = range(newest, max(-1, newest - 100), -1)
            answer = answer_page(call, key, history, positions, count=total + 1, offset=total - 1 - newest)
            pages.append((key, getattr(answer, "raw", answer)))
    return pages


def telethon_alone(page: Page) -> Any:
    """Telethon's objects."""
    return BinaryReader(page[1]).tgread_object()


def by_telethon(page: Page) -> bytes:
    """A page's rows by way of Telethon's objects."""
    answer = telethon_alone(page)
    around = Surroundings(page[0])
    found = [convert_message(each, around) for each in answer.messages if not isinstance(each, types.MessageEmpty)]
    rows, files = message_rows(sorted(found, key=lambda each: each.id))
    peers = tuple(convert_peers(answer.users, answer.chats))
    return encode(PageCommit(chat=page[0], lo=0, hi=NEWEST, rows=rows, files=files, peers=peers))


def by_own_readers(page: Page) -> bytes:
    """A page's rows as the decode processes make them."""
    return decode_job(PageJob(page[0], 0, 0, NEWEST, page[1], 0)).packed


def own_readers_alone(page: Page) -> Any:
    """A page's records."""
    return decode_page(page[1], page[0])


WAYS: dict[str, Callable[[Page], Any]] = {
    "Telethon's reader alone": telethon_alone,
    "Telethon's reader, converted, as rows": by_telethon,
    "own readers, records": own_readers_alone,
    "own readers, as rows": by_own_readers,
}


def seconds(way: Callable[[Page], Any], pages: list[Page]) -> float:
    """CPU seconds for all pages."""
    gc.collect()
    gc.disable()
    began = time.process_time()
    for page in pages:
        way(page)
    spent = time.process_time() - began
    gc.enable()
    return spent


def main(rounds: int) -> None:
    """Measure the ways in turn, so that all of them meet the same noise, and print."""
    for world, pages in {"bench": pages_of("bench", messages=10_000), "demo": pages_of("demo")}.items():
        messages = sum(len(decode_page(page[1], page[0]).messages) for page in pages)
        times: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name, way in WAYS.items():
                times[name].append(seconds(way, pages))
        base = min(times["Telethon's reader, converted, as rows"])
        print(f"{world}: {messages:,} messages in {len(pages)} pages")
        for name, found in times.items():
            best = min(found)
            print(f"  {name:40} {best / messages * 1e6:6.2f} us a message  {base / best:5.2f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
