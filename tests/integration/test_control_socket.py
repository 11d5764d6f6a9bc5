"""The control socket: for its owner alone, and unmoved by whatever is sent to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.service import protocol as p
from tobs_tui.service.client import ServiceClient
from tobs_tui.service.framing import frame, read_frame
from tobs_tui.service.server import MAX_COMMAND, Service

NOBODY = 65534
SECRET = "Tr0ub4dor&3 in a frame"
DECODER = msgspec.msgpack.Decoder(p.ClientFrame)
COMMANDS = (
    p.Attach(),
    p.Unlock(SECRET),
    p.SetPassphrase(SECRET, SECRET, True),
    p.SetCredentials(1, "a" * 32),
    p.SubmitPassword(SECRET),
    p.StartRun(Profile(name="x")),
    p.ListDialogs("/vault", True),
)
VALID = [frame(p.ClientFrame(number, command)) for number, command in enumerate(COMMANDS, 1)]


@contextlib.asynccontextmanager
async def serving(paths: Paths) -> AsyncIterator[Service]:
    """A service in this process, without an api id: it talks to nobody but its clients."""
    paths.ensure()
    service = Service(paths, environ={})
    task = asyncio.create_task(service.serve())
    while not paths.socket.exists():  # it is there after the task's first step
        await asyncio.sleep(0)
    try:
        yield service
    finally:
        service.stop()
        await task


async def answered(paths: Paths, sent: bytes) -> bytes:
    """What the service answers on a connection of its own, until it or the writer's half is closed."""
    reader, writer = await asyncio.open_unix_connection(str(paths.socket))
    with contextlib.suppress(ConnectionError):
        writer.write(sent)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return answer
    return b""


def nested(depth: int) -> bytes:
    """A command that holds arrays within arrays."""
    inner = b"\x91" * depth + b"\xc0"
    payload = b"\x82\xa3seq\x01\xa7command\x82\xa4type\xa6Attach\xa4more" + inner
    return struct.pack(">I", len(payload)) + payload


HOSTILE = {
    "a length over the limit": struct.pack(">I", MAX_COMMAND + 1) + b"x" * 100,
    "the largest length there is": b"\xff" * 64,
    "nothing at all": struct.pack(">I", 0),
    "a web browser": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no msgpack": b"\x00\x00\x00\x02\xc1\xc1",
    "text that is none": frame(p.ClientFrame(1, p.Unlock("xxxx"))).replace(b"xxxx", b"\xff\xfe\xfd\xfc"),
    "an unknown command": frame(p.ClientFrame(1, p.Attach())).replace(b"Attach", b"Attack"),
    "arrays within arrays": nested(2000),
    "a million arrays": nested(1_000_000),
    "a huge number": b"\x00\x00\x00\x1d\x82\xa3seq\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa7command\x81\xa4type\xa1x",
    "half a frame": VALID[1][:-5],
    "secrets in the wrong places": frame(p.ClientFrame(1, p.Unlock(SECRET))).replace(b"Unlock", b"SendCo"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_frames_end_their_own_connection_alone(what: str, home: Path) -> None:
    paths = Paths.resolve()
    async with serving(paths):
        client = await ServiceClient.connect(paths.socket)
        assert await answered(paths, HOSTILE[what]) == b""
        assert (await client.ask(p.Attach(), p.Snapshot)).account.phase is p.AccountPhase.NEEDS_CREDENTIALS
        await client.close()


def mutated() -> st.SearchStrategy[bytes]:
    """Frames, and frames that something has happened to."""
    flips = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6)

    def flip(whole: bytes, changes: list[tuple[int, int]]) -> bytes:
        data = bytearray(whole)
        for at, value in changes:
            data[at % len(data)] = value
        return bytes(data)

    changed = st.builds(flip, st.sampled_from(VALID), flips)
    cut = st.builds(lambda whole, at: whole[: at % len(whole)], st.sampled_from(VALID), st.integers(0, 500))
    payload = st.one_of(st.binary(max_size=200), things().map(msgspec.msgpack.encode))
    framed = payload.map(lambda body: struct.pack(">I", len(body)) + body)
    return st.one_of(changed, cut, framed, st.binary(max_size=300))


def things() -> st.SearchStrategy[object]:
    """Whatever msgpack can say, some of it looking like a command."""
    leaf = (
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20) | st.binary()
    )
    names = st.sampled_from([type(command).__name__ for command in COMMANDS] + ["seq", "command", "type", "profile"])
    grown = st.recursive(
        leaf | names,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    )
    return grown | st.fixed_dictionaries({"seq": grown, "command": grown})


async def _read(data: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    with contextlib.suppress(TobsError):
        while await read_frame(reader, DECODER, MAX_COMMAND) is not None:
            pass


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for many inputs."""
    with asyncio.Runner() as found:
        yield found


@settings(max_examples=250, deadline=None, derandomize=True)
@given(mutated())
def test_the_frame_reader_takes_any_bytes(runner: asyncio.Runner, data: bytes) -> None:
    runner.run(_read(data))


async def test_the_service_lives_through_many_strange_clients_and_repeats_nothing_of_theirs(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    frames: list[bytes] = []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(mutated())
    def collect(data: bytes) -> None:
        frames.append(data)

    collect()
    paths = Paths.resolve()
    async with serving(paths):
        client = await ServiceClient.connect(paths.socket)
        for begin in range(0, len(frames), 25):
            answers = await asyncio.gather(*(answered(paths, data) for data in frames[begin : begin + 25]))
            assert all(SECRET.encode() not in answer for answer in answers)
        assert await client.ask(p.ListRuns(), p.Runs) == p.Runs(())
        await client.close()
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err


async def test_no_error_about_a_frame_quotes_it() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(HOSTILE["secrets in the wrong places"])
    with pytest.raises(TobsError) as caught:
        await read_frame(reader, DECODER, MAX_COMMAND)
    assert SECRET not in str(caught.value)
    assert SECRET not in "".join(repr(command) for command in COMMANDS)


@pytest.fixture
def open_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that everybody can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("TOBS_HOME", name)
        yield Path(name)


def as_nobody(work: Callable[[], bytes]) -> bytes:
    """What `work` gives as another user, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, work())
        except BaseException as error:  # noqa: BLE001  # the parent has to hear of it
            os.write(writing, repr(error).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return said


def knocked(path: Path) -> bytes:
    """What is answered to somebody who attaches."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(path))
        with contextlib.suppress(BrokenPipeError):
            line.sendall(VALID[0])
        try:
            return b"answer: " + line.recv(4096)
        except ConnectionResetError:
            return b"answer: "


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as somebody else")
async def test_somebody_else_gets_no_answer_even_where_the_modes_would_let_them_in(open_home: Path) -> None:
    paths = Paths.resolve()
    async with serving(paths):
        for folder in (open_home / "state", paths.state_dir, paths.runtime_dir):
            folder.chmod(0o755)
        paths.socket.chmod(0o666)
        assert await asyncio.to_thread(as_nobody, lambda: knocked(paths.socket)) == b"answer: "
        assert (await asyncio.to_thread(knocked, paths.socket)) != b"answer: "


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as somebody else")
async def test_no_secret_is_told_to_somebody_elses_socket(open_home: Path) -> None:
    """The service's place may have been taken: a client looks who is there before it says anything."""
    path = open_home / "tobs.sock"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        open_home.chmod(0o777)
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with socket.socket(socket.AF_UNIX) as planted:
            planted.bind(str(path))
            path.chmod(0o666)
            planted.listen()
            os.write(writing, b"r")
            line, _ = planted.accept()
            os.write(writing, b"heard: " + line.recv(4096))
        os._exit(0)
    os.close(writing)
    assert os.read(reading, 1) == b"r"
    with pytest.raises(TobsError) as caught:
        await ServiceClient.connect(path)
    assert caught.value.code is ErrorCode.PROTOCOL
    assert "belongs to somebody else" in caught.value.sentence
    assert await asyncio.to_thread(os.read, reading, 100) == b"heard: "
    os.close(reading)
    os.waitpid(child, 0)
