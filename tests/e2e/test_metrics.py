"""`--metrics PORT` as people use it: with a headless run, while the service lives on, and at a taken port."""

from __future__ import annotations

import json
import socket
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.test_headless import tobs
from tests.integration.test_metrics import free_port
from tests.json_lines import judged

ZOE = "5001000"


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
