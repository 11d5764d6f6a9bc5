"""`tobs retry`: what is missing is listed with its reason, and had when Telegram gives it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.e2e.serving import ServedSandbox, sign_in
from tests.e2e.test_headless import tobs
from tests.json_lines import judged
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.sandbox.worlds.bench_files import load_files


async def test_a_file_that_could_not_be_had_is_listed_and_had_by_a_retry(
    serve_sandbox: Callable[..., ServedSandbox], home: Path, tmp_path: Path
) -> None:
    world = ("--world", "bench-files", "--messages", "3", "--file-bytes", "5000", "--state", str(tmp_path / "accounts"))
    bad = list(load_files(1, 3, 5000).files.by_id)[1]
    faults = tmp_path / "faults.json"
    faults.write_text(
        json.dumps([{"method": "upload.getFile", "file": bad, "error": "LOCATION_INVALID", "code": 400, "times": 0}])
    )
    first = serve_sandbox(*world, "--faults", str(faults))
    server = ["--server", str(first.toml)]
    await sign_in(Paths.resolve(server=load_server(first.toml)), first)
    vault = tmp_path / "vault"
    run = tobs(*server, "--headless", "--json", "--all-chats", "--output", str(vault))
    assert run.returncode == 3, run.stdout[-2000:] + run.stderr
    assert [path.name for path in sorted(vault.rglob("media/*/m*"))] == ["m1.bin", "m3.bin"]

    told = judged(tobs("retry", *server, "--output", str(vault), "--list", "--json").stdout)
    assert [(each["event"], each["what"], each["message_id"], each["size"]) for each in told] == [
        ("item_missing", "file", 2, 5000)
    ]
    assert "LOCATION_INVALID" in told[0]["reason"]
    listed = tobs("retry", *server, "--output", str(vault), "--list")
    assert "File Hall, message 2 (file, 5.0 kB)" in listed.stdout
    assert "1 item missing." in listed.stdout

    first.stop()
    serve_sandbox(*world, "--port", str(first.port))
    again = tobs("retry", *server, "--output", str(vault))
    assert again.returncode == 0, again.stdout + again.stderr
    assert [path.name for path in sorted(vault.rglob("media/*/m*"))] == ["m1.bin", "m2.bin", "m3.bin"]
    nothing = tobs("retry", *server, "--output", str(vault))
    assert (nothing.returncode, nothing.stdout) == (0, "Nothing is missing.\n")
