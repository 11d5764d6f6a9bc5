"""The benchmark worlds: one chat with any number of messages, served from bytes that are encoded ahead."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import types

from tobs_tui.sandbox.worlds.cast import add_bench_cast, new_world
from tobs_tui.sandbox.worlds.markup import parse
from tobs_tui.sandbox.worlds.peers import Channel, PeerKey, tl_peer
from tobs_tui.sandbox.worlds.prose.talk import tech_sentences
from tobs_tui.sandbox.worlds.rng import Rng, stable_int64
from tobs_tui.sandbox.worlds.world import MAX_ID, DialogEntry, World

DEFAULT_MESSAGES = 100_000
SPARSE_MESSAGES = 200_000
CHATS = 20
BENCH_CHANNEL_ID = 1_700_000_001
RECORD_BYTES = 212
VARIANTS = 64
FIRST_DATE = 1_577_836_800  # 2020-01-01
SECONDS_BETWEEN = 47
SPARSE_SECONDS_BETWEEN = 5
_WORDS = RECORD_BYTES // 4
_ID_WORD = 3  # after the constructor and two words of flags
_DATE_WORD = _ID_WORD + 1 + 3 + 3  # after the id; sender and peer take three words each
_HOLE_EVERY = 97


class BenchHistory:
    """Messages whose encoded form is one of `VARIANTS` records of `RECORD_BYTES`, with id and date patched in.

    A page is a slice of a template that repeats the variants newest first, so that serving it is two strided copies
    of
    4-byte words, whatever the page's size. Memory: 8 bytes a message.
    """

    def __init__(self, peer: PeerKey, ids: Sequence[int], variants: Sequence[bytes], seconds_between: int) -> None:
        self.peer = peer
        self.ids = array("i", ids)
        self.dates = array("i", [FIRST_DATE + seconds_between * message_id for message_id in self.ids])
        self._template = b"".join(reversed(variants)) * 3

    def encoded(self, positions: Sequence[int]) -> bytes:
        """See `History.encoded`."""
        if not positions:
            return b""
        newest, oldest = positions[0], positions[-1]
        if newest - oldest + 1 != len(positions) or len(positions) > 2 * VARIANTS:
            return b"".join([self.encoded((position,)) for position in positions])
        start = (VARIANTS - 1 - newest % VARIANTS) * RECORD_BYTES
        page = bytearray(self._template[start : start + len(positions) * RECORD_BYTES])
        words = memoryview(page).cast("i")
        words[_ID_WORD::_WORDS] = memoryview(self.ids[oldest : newest + 1][::-1])
        words[_DATE_WORD::_WORDS] = memoryview(self.dates[oldest : newest + 1][::-1])
        return bytes(page)

    def message(self, position: int) -> Any:
        """See `History.message`."""
        return BinaryReader(self.encoded((position,))).tgread_object()

    def whole(self, position: int) -> Any:
        """See `History.whole`: there are no others."""
        return self.message(position)

    def mentioned(self, positions: Sequence[int]) -> set[PeerKey]:
        """See `History.mentioned`; the answer carries everybody anyway."""
        return {self.peer}

    def thread(self, root: int) -> Sequence[int]:
        """See `History.thread`: there are none."""
        return ()

    def thread_at(self, position: int) -> int:
        """See `History.thread_at`: there are none."""
        return 0

    def matching(self, name: str, test: Callable[[Any], bool]) -> Sequence[int]:
        """See `History.matching`: the variants decide, since ids and dates change nothing."""
        hits = {variant for variant in range(min(VARIANTS, len(self.ids))) if test(self.message(variant))}
        return [position for position in range(len(self.ids)) if position % VARIANTS in hits]


def dense_ids(count: int) -> list[int]:
    """`count` ascending ids from 1 on, with one id in `_HOLE_EVERY` missing, as if deleted."""
    ids: list[int] = []
    candidate = 1
    while len(ids) < count:
        run = min(count - len(ids), _HOLE_EVERY - 1)
        ids.extend(range(candidate, candidate + run))
        candidate += run + 1
    return ids


def sparse_ids(count: int) -> list[int]:
    """`count` ascending ids spread over 100 times as many, nine in ten of them within one hundredth of that range."""
    crowd = count - count // 10
    lonely = count - crowd
    step = 99 * count // max(1, lonely)
    begin = 62 * count  # where the crowd is
    before = min(lonely, (begin - 1) // step)
    ids = [1 + number * step for number in range(before)]
    ids += [begin + number * count // crowd for number in range(crowd)]
    return ids + [begin + count + 1 + number * step for number in range(lonely - before)]


def _variant(chat: PeerKey, sender: int, text: str) -> bytes:
    """A message of exactly `RECORD_BYTES`; its text is cut and filled to fit."""
    shown, entities = parse(text)
    padded = shown
    while True:
        raw = bytes(
            types.Message(
                id=1,
                peer_id=tl_peer(chat),
                from_id=types.PeerUser(sender),
                date=FIRST_DATE,
                message=padded,
                entities=entities or None,
            )
        )
        if len(raw) == RECORD_BYTES:
            return raw
        if len(raw) > RECORD_BYTES:
            padded = padded[:-1]
            entities = [entity for entity in entities if entity.offset + entity.length <= len(padded)]
        else:
            padded += " ok" if padded.endswith((" ", ".")) else "."


def load_bench(seed: int, messages: int) -> World:
    """The benchmark world with `messages` messages in its one supergroup."""
    world = new_world("bench", seed)
    members = add_bench_cast(world)
    sentences = tech_sentences(Rng(f"bench:{seed}"), VARIANTS)
    hall = add_hall(world, members, sentences, messages)
    chats, users = world.encoded_peers([hall.key, *members])
    world.fixed_answer = lambda _keys: (chats, users)
    return world


def load_chats(seed: int, messages: int) -> World:
    """The benchmark world with `messages` messages in `CHATS` supergroups, each with as many as the others."""
    world = new_world("bench-chats", seed)
    members = add_bench_cast(world)
    sentences = tech_sentences(Rng(f"bench:{seed}"), VARIANTS)
    halls = [add_hall(world, members, sentences, messages // CHATS, number) for number in range(1, CHATS + 1)]
    everything = world.encoded_peers([*(hall.key for hall in halls), *members])
    alone = {hall.key: world.encoded_peers([hall.key, *members]) for hall in halls}
    world.fixed_answer = lambda keys: alone[next(iter(keys))] if len(keys) == 1 and keys <= alone.keys() else everything
    return world


def add_hall(world: World, members: list[int], sentences: Sequence[str], messages: int, number: int = 0) -> Channel:
    """A supergroup with so many messages; `number` tells it from others."""
    channel = Channel(
        id=BENCH_CHANNEL_ID + number,
        title=f"Benchmark Hall {number}" if number else "Benchmark Hall",
        date=FIRST_DATE,
        username=f"benchmark_hall_{number}" if number else "benchmark_hall",
        access_hash=stable_int64("bench", world.seed, BENCH_CHANNEL_ID + number),
        members=members,
        creator_id=members[0],
        about="As many messages as you ask for, and nothing else.",
    )
    world.channels[channel.id] = channel
    variants = [_variant(channel.key, members[at % len(members)], sentence) for at, sentence in enumerate(sentences)]
    world.histories[channel.key] = BenchHistory(channel.key, dense_ids(messages), variants, SECONDS_BETWEEN)
    world.dialogs.append(DialogEntry(channel.key))
    return channel


def load_sparse(seed: int, messages: int) -> World:
    """The benchmark's private chat with `messages` messages, most of them in a small part of its range of ids."""
    world = new_world("bench-sparse", seed)
    people = [add_bench_cast(world)[0], world.me_id]
    sentences = tech_sentences(Rng(f"bench:{seed}"), VARIANTS)
    friend = people[0]
    variants = [_variant(friend, people[number % 2], sentence) for number, sentence in enumerate(sentences)]
    ids = sparse_ids(messages)
    world.histories[friend] = BenchHistory(friend, ids, variants, SPARSE_SECONDS_BETWEEN)
    world.dialogs.append(DialogEntry(friend))
    if ids:
        world.splits = [(1, ids[-1] // 2), (ids[-1] // 2 + 1, MAX_ID)]
    chats, users = world.encoded_peers(people)
    world.fixed_answer = lambda _keys: (chats, users)
    return world
