"""`--metrics PORT` as people use it: with a headless run, while the service lives on, and at a taken port."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Collection
from pathlib import Path

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, effective, scripted_app, settled
from tests.e2e.test_headless import tobs
from tests.integration.test_metrics import free_port
from tests.json_lines import judged
from tobs_tui.config.layers import Effective
from tobs_tui.config.paths import Paths
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.profile import Profile
from tobs_tui.service.protocol import ServeMetrics, Snapshot

ZOE = "5001000"


async def test_a_screen_has_the_figures_of_whatever_runs_served_and_tells_when_it_cannot(paths: Paths) -> None:
    def with_port(profile: Profile | None, given: Collection[str] | None = None) -> Effective:
        chosen = effective(profile, given)
        return replace(chosen, profile=replace(chosen.profile, metrics_port=9464))

    client = ScriptedClient(Snapshot(SIGNED_IN))
    taken = TobsError(ErrorCode.PORT_UNAVAILABLE, "The port 9464 is taken.", "Take another.")
    client.refusals[ServeMetrics] = taken
    app = scripted_app(client, paths, effective=with_port)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert [command.port for command in client.asked if isinstance(command, ServeMetrics)] == [9464]
        assert [notice.message for notice in app._notifications] == [str(taken)]


def test_a_headless_run_has_its_figures_scraped_and_a_taken_port_ends_it_at_once(home: Path, tmp_path: Path) -> None:
    vault, port = tmp_path / "vault", free_port()
    command = ("--demo", "--headless", "--json", "--chat", ZOE, "--output", str(vault))
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = tobs(*command, "--metrics", str(other.getsockname()[1]))
    assert taken.returncode == 2
    (last,) = [line for line in judged(taken.stdout) if line["event"] == "run_finished"]
    assert (last["code"], last["exit_status"]) == ("port_unavailable", 2)
    assert "metrics" in last["message"] and "--metrics" in last["message"]
    assert not vault.exists()
    result = tobs(*command, "--metrics", str(port))
    assert result.returncode == 0, result.stderr
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
    told = json.loads((vault / ".tobs" / "run.json").read_text())
    requests = {sample.labels["method"]: sample.value for sample in families["tobs_requests"].samples}
    assert requests == {name: method["requests"] for name, method in told["link"]["methods"].items()}
    assert families["tobs_messages"].samples[0].value == told["totals"]["messages_new"] > 0
    assert families["tobs_run_active"].samples[0].value == 0
    refused = tobs("--demo", "--headless", "--plan", "--chat", ZOE, "--metrics", str(port))
    assert refused.returncode == 2
    assert "--metrics" in refused.stderr
