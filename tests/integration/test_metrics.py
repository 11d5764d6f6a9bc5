"""Figures over HTTP while a run goes on: those of the report and of the other side, to this machine, about nobody."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.engine_help import Account, profile_of
from tobs_tui.archive.schema import internal_folder
from tobs_tui.engine.report import NEWEST
from tobs_tui.engine.run import ExportRun
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.report import RunReport
from tobs_tui.model.run import Outcome
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.service.metric_families import Reading
from tobs_tui.service.metrics import AT_ONCE, MetricsDesk

CHANNEL, ZOE, HOSTILE_NAME = -1001650000001, 5001000, "FLOOD\nx{}"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Served:
    """A desk that serves the figures of `run`."""

    def __init__(self) -> None:
        self.run: ExportRun | None = None
        self.desk = MetricsDesk(lambda: Reading(self.run.reports.report() if self.run is not None else None, 1))

    async def get(self, path: str = "/metrics", host: str = "", method: str = "GET") -> tuple[int, str]:
        """Status and body of a request."""

        def ask() -> tuple[int, str]:
            line = http.client.HTTPConnection("127.0.0.1", self.desk.port, timeout=20)
            line.request(method, path, headers={"Host": host} if host else {})
            answer = line.getresponse()
            return answer.status, answer.read().decode()

        return await asyncio.to_thread(ask)

    async def scrape(self) -> Samples:
        """The samples, as Prometheus reads them."""
        status, text = await self.get()
        assert status == 200
        families = text_string_to_metric_families(text)
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    it = Served()
    await it.desk.serve(free_port())
    yield it
    await it.desk.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_what_is_scraped_grows_and_ends_at_what_the_report_and_the_other_side_have(
    account: Account, sandbox: SandboxServer, served: Served, tmp_path: Path
) -> None:
    assert (await served.scrape())["tobs_run_active", ()] == 0
    sandbox.faults.add(Fault(method="upload.getFile", after=2, times=3, error="INTERNAL", code=500))
    sandbox.latency_s = 0.02
    sandbox.calls.clear()
    watched = account.run(tmp_path / "vault", profile_of([CHANNEL]))
    served.run = watched.run
    running = asyncio.create_task(watched.run.run())
    seen = []
    while not running.done():
        seen.append(await served.scrape())
        await asyncio.wait({running}, timeout=0.1)
    assert await running is Outcome.COMPLETE
    last = await served.scrape()
    assert last == {**await served.scrape(), **{key: last[key] for key in last if key[0].startswith("process_")}}
    for before, after in zip(seen, [*seen[1:], last], strict=True):
        counters = [key for key in before if key[0].startswith("tobs_") and key[0].endswith("_total")]
        assert [key for key in counters if after[key] < before[key]] == []
    sums = [sum(value for (name, _), value in each.items() if name == "tobs_requests_total") for each in (*seen, last)]
    assert any(0 < each < sums[-1] for each in sums)
    requests = {labels[0][1]: value for (name, labels), value in last.items() if name == "tobs_requests_total"}
    assert requests == dict(sandbox.calls)
    told = msgspec.json.decode((internal_folder(tmp_path / "vault") / NEWEST).read_bytes(), type=RunReport)
    assert last["tobs_messages_total", ()] == told.totals.messages_new
    assert last["tobs_files_total", ()] == told.totals.files
    assert last["tobs_received_bytes_total", ()] == told.link.received
    assert last["tobs_refusals_total", (("error", "INTERNAL"), ("method", "upload.getFile"))] == 3
    assert last["tobs_run_outcome", (("outcome", "complete"),)] == 1
    for role, stage in told.stages.items():
        assert last["tobs_stage_busy_seconds_total", (("stage", role.value),)] == stage.busy_s
    for name, cache in told.caches.items():
        assert last["tobs_cache_hits_total", (("cache", name),)] == cache.hits


async def test_labels_are_words_of_the_program_whatever_a_server_says(
    account: Account, sandbox: SandboxServer, served: Served, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(method="users.getFullUser", error=HOSTILE_NAME, code=400))
    watched = account.run(tmp_path / "vault", msgspec.structs.replace(profile_of([ZOE]), name="my secret profile"))
    served.run = watched.run
    await watched.run.run()
    samples = await served.scrape()
    words = {value for (name, labels) in samples for _, value in labels if not name.startswith("process_")}
    assert [word for word in words if not re.fullmatch(r"[A-Za-z0-9_.]+", word)] == []
    assert ("tobs_refusals_total", (("error", "OTHER"), ("method", "users.getFullUser"))) in samples
    text = (await served.get())[1]
    title = watched.seen.chats[0].title
    hidden = (title, "secret profile", str(ZOE), sandbox.world.phone.lstrip("+"), str(tmp_path))
    assert [word for word in hidden if word in text] == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9", "127.0.0.1.evil.example", "localhost:x", " "])
async def test_a_page_whose_name_leads_to_this_machine_learns_nothing(served: Served, host: str) -> None:
    status, text = await served.get(host=host)
    assert status in (400, 403)
    assert "tobs_" not in text


async def test_only_the_figures_are_there_and_only_to_be_read(served: Served) -> None:
    for host in (f"localhost:{served.desk.port}", "127.0.0.1"):
        assert (await served.get(host=host))[0] == 200
    assert (await served.get("/etc/passwd"))[0] == 404
    assert (await served.get("/metrics", method="POST"))[0] == 405


async def test_nobody_but_this_machine_is_listened_to_and_a_taken_port_is_told(served: Served) -> None:
    own = [each.laddr for each in psutil.Process().net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert [address.ip for address in own if address.port == served.desk.port] == ["127.0.0.1"]
    other, before = Served(), served.desk.port
    with pytest.raises(TobsError) as taken:
        await other.desk.serve(before)
    assert taken.value.code is ErrorCode.PORT_UNAVAILABLE
    assert str(before) in taken.value.sentence and "--metrics" in taken.value.way_on
    await served.desk.serve(before)  # asked for twice: as it is
    await served.desk.serve(free_port())
    assert served.desk.port != before
    await other.desk.serve(before)
    await other.desk.close()
    assert (await served.get())[0] == 200


async def test_who_connects_and_says_nothing_keeps_nobody_out_for_long(served: Served) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", served.desk.port) for _ in range(AT_ONCE)]
    reader, writer = await asyncio.open_connection("127.0.0.1", served.desk.port)
    assert await asyncio.wait_for(reader.read(), 20) == b""  # one too many is cut at once
    writer.close()
    for _, each in silent:
        each.close()
    while True:  # as soon as the others have gone
        try:
            assert (await served.get())[0] == 200
            break
        except (ConnectionError, http.client.HTTPException):
            await asyncio.sleep(0.01)
