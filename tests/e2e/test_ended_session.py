"""A session that ends in the middle of a headless run: status, advice, what the log says, and nothing asked again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.e2e.serving import sign_in
from tests.e2e.test_headless import tobs
from tests.json_lines import judged
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server

LOUNGE = "-1001500000002"


def test_a_key_that_is_used_twice_ends_with_status_4_and_what_to_do(
    home: Path, tmp_path: Path, serve_sandbox: Any
) -> None:
    faults = [
        {"method": "messages.getHistory", "after": 4, "times": 1, "error": "RPC_CALL_FAIL", "code": -503},
        {"method": "messages.getHistory", "after": 12, "times": 0, "error": "AUTH_KEY_DUPLICATED", "code": 406},
    ]
    (tmp_path / "faults.json").write_text(json.dumps(faults))
    sandbox = serve_sandbox("--world", "demo", "--latency-ms", "5", "--faults", str(tmp_path / "faults.json"))
    paths = Paths.resolve(server=load_server(sandbox.toml))
    asyncio.run(sign_in(paths, sandbox))
    vault = tmp_path / "vault"
    command = ("--headless", "--json", "--server", str(sandbox.toml), "--chat", LOUNGE, "--output", str(vault))
    result = tobs(*command)
    last = judged(result.stdout)[-1]
    assert (result.returncode, last["outcome"], last["exit_status"]) == (4, "signed_out", 4)
    assert "two places" in last["message"] and "Sign in again" in last["message"]
    assert last["totals"]["messages_new"] > 0
    assert not paths.session_file.exists()
    told = json.loads((vault / ".tobs" / "run.json").read_text())
    assert (told["outcome"], told["exit_status"], told["run_id"]) == ("signed_out", 4, last["run_id"])
    again = tobs(*command)
    said = judged(again.stdout)[-1]
    assert (again.returncode, said["code"]) == (4, "session_ended")
    assert "two places" in said["message"], "the reason is not forgotten until somebody signs in"
    log = [json.loads(line) for line in (paths.log_dir / "tobs.jsonl").read_text().splitlines()]
    (retry,) = [line for line in log if "RPC_CALL_FAIL" in line["text"]]
    assert (retry["run"], retry["chat"]) == (last["run_id"], int(LOUNGE))
    assert retry["worker"].startswith("w")
    assert any("two places" in line["text"] and line.get("run") == last["run_id"] for line in log)
