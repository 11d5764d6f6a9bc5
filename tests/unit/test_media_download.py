"""Downloading a file: exact bytes whatever the order, parts that survive, wrong answers noticed."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.media.download import WrongBytesError, download_file
from tobs_tui.media.parts import PartFile

PART = 4096


class Server:
    """Gives parts of `data`; fails or lies at chosen offsets; remembers what it was asked."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[int] = []
        self.fail_after = 1 << 30
        self.lies: dict[int, bytes] = {}

    async def part(self, offset: int, limit: int) -> bytes:
        self.asked.append(offset)
        if len(self.asked) > self.fail_after:
            raise ConnectionError("cut")
        await asyncio.sleep(0)
        return self.lies.get(offset, self.data[offset : offset + limit])


class Hash:
    def __init__(self, data: bytes, offset: int, limit: int) -> None:
        self.offset, self.limit = offset, limit
        self.sha256 = hashlib.sha256(data[offset : offset + limit]).digest()


def content(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 10 * PART, 10 * PART + 7])
@pytest.mark.parametrize("in_flight", [1, 4])
async def test_the_bytes_are_the_servers(tmp_path: Path, size: int, in_flight: int) -> None:
    data = content(size)
    counted: list[int] = []
    result = await download_file(
        tmp_path / "f", size, Server(data).part, part_size=PART, parts_in_flight=in_flight, on_bytes=counted.append
    )
    assert result.path.read_bytes() == data
    assert result.sha256 == hashlib.sha256(data).hexdigest()
    assert (result.size, result.fetched, sum(counted)) == (size, size, size)


async def test_a_cut_download_goes_on_with_the_parts_it_lacks(tmp_path: Path) -> None:
    data = content(20 * PART + 5)
    server = Server(data)
    server.fail_after = 9
    with pytest.raises(ConnectionError):
        await download_file(tmp_path / "f", len(data), server.part, part_size=PART, parts_in_flight=3)
    again = Server(data)
    result = await download_file(tmp_path / "f", len(data), again.part, part_size=PART, parts_in_flight=3)
    assert result.path.read_bytes() == data
    assert len(again.asked) <= 21 - (9 - 3), "at most the parts in flight are fetched twice"


@pytest.mark.parametrize("lie", [b"", b"short", content(PART + 1), content(2 * PART)])
@pytest.mark.parametrize("offset", [0, 3 * PART])
async def test_an_answer_of_another_length_is_noticed(tmp_path: Path, lie: bytes, offset: int) -> None:
    data = content(3 * PART + 100)
    server = Server(data)
    server.lies[offset] = lie
    with pytest.raises(WrongBytesError, match=f"{len(lie)} bytes at offset {offset}"):
        await download_file(tmp_path / "f", len(data), server.part, part_size=PART)
    server.lies.clear()
    result = await download_file(tmp_path / "f", len(data), server.part, part_size=PART)
    assert result.path.read_bytes() == data


async def test_bytes_that_do_not_match_telegrams_checksums_are_fetched_again(tmp_path: Path) -> None:
    data = content(8 * PART)

    async def vouched(offset: int, count: int) -> list[Hash]:
        return [Hash(data, at, 1024) for at in range(offset, offset + count, 1024)]

    server = Server(data)
    server.lies[2 * PART] = content(PART, seed=9)
    with pytest.raises(WrongBytesError, match="checksums"):
        await download_file(tmp_path / "f", len(data), server.part, part_size=PART, vouched=vouched)
    server.lies.clear()
    server.asked.clear()
    result = await download_file(tmp_path / "f", len(data), server.part, part_size=PART, vouched=vouched)
    assert result.path.read_bytes() == data
    assert 2 * PART in server.asked
    assert len(server.asked) < 8


async def test_a_file_of_another_size_is_begun_anew(tmp_path: Path) -> None:
    old, new = content(4 * PART), content(5 * PART, seed=2)
    await download_file(tmp_path / "f", len(old), Server(old).part, part_size=PART)
    result = await download_file(tmp_path / "f", len(new), Server(new).part, part_size=PART)
    assert result.path.read_bytes() == new


async def test_parts_that_a_power_cut_ate_are_fetched_again(tmp_path: Path) -> None:
    data = content(6 * PART)
    done = await download_file(tmp_path / "f", len(data), Server(data).part, part_size=PART)
    with done.path.open("r+b") as file:
        file.seek(2 * PART)
        file.write(b"\0" * PART)
        file.truncate(5 * PART)
    server = Server(data)
    result = await download_file(tmp_path / "f", len(data), server.part, part_size=PART)
    assert result.path.read_bytes() == data
    assert sorted(server.asked) == [2 * PART, 5 * PART]


async def test_a_cancelled_download_keeps_whole_parts_only(tmp_path: Path) -> None:
    data = content(40 * PART)
    server = Server(data)
    seen = asyncio.Event()
    task = asyncio.create_task(
        download_file(tmp_path / "f", len(data), server.part, part_size=PART, on_bytes=lambda _: seen.set())
    )
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    part = PartFile(tmp_path / "f", len(data), PART)
    missing = set(part.missing)
    part.close()
    kept = (tmp_path / "f.part").read_bytes()
    for index in set(range(40)) - missing:
        assert kept[index * PART : (index + 1) * PART] == data[index * PART : (index + 1) * PART]
    assert 0 < len(missing) < 40


@settings(max_examples=40, deadline=None)
@given(size=st.integers(0, 9 * PART), cuts=st.lists(st.integers(0, 6), max_size=5), in_flight=st.integers(1, 5))
async def test_any_series_of_cuts_ends_in_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, size: int, cuts: list[int], in_flight: int
) -> None:
    data = content(size)
    stem = tmp_path_factory.mktemp("cuts") / "f"
    for cut in [*cuts, 1 << 30]:
        server = Server(data)
        server.fail_after = cut
        try:
            result = await download_file(stem, size, server.part, part_size=PART, parts_in_flight=in_flight)
        except ConnectionError:
            continue
        assert result.path.read_bytes() == data
        assert result.sha256 == hashlib.sha256(data).hexdigest()
