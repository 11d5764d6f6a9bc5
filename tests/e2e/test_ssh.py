"""Over SSH, the line may drop at any moment: the run goes on, and is found again further along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.compare_vault import differences
from tests.e2e.serving import ServedSandbox, sign_in
from tests.e2e.ssh import SshTerminal, ssh_server
from tests.e2e.terminal import messages_shown
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.config.server_file import load_server
from tobs_tui.model.profile import ChatTarget, Profile, Targets
from tobs_tui.model.run import Outcome, RunPhase
from tobs_tui.service import protocol as p
from tobs_tui.service.launch import attach

TOBS = str(Path(sys.executable).with_name("tobs"))
LARGE = (-1001500000002, -1001600000001)
"""Two chats with half of the demo's messages."""


async def test_a_cut_connection_costs_nothing(
    home: Path, tmp_path: Path, serve_sandbox: Callable[..., ServedSandbox]
) -> None:
    sandbox = serve_sandbox("--latency-ms", "150")
    paths = Paths.resolve(server=load_server(sandbox.toml))
    paths.ensure()
    vault = tmp_path / "vault"
    targets = Targets(chats=tuple(map(ChatTarget, LARGE)))
    save_profile(Profile(name="night", output=str(vault), targets=targets), paths)
    await sign_in(paths, sandbox)

    async with ssh_server(os.environ) as port:
        first = await SshTerminal.open(port, [TOBS, "--server", str(sandbox.toml), "night"])
        screen = await first.wait_for("RUN", "msg")
        first.cut()
        then = messages_shown(screen)

        second = await SshTerminal.open(port, [TOBS, "--server", str(sandbox.toml)])
        screen = await second.wait_for("night")
        client = await attach(paths, server_file=sandbox.toml)
        run = client.snapshot.run
        assert run is not None
        assert run.profile.name == "night"
        assert run.totals.messages >= then
        if run.phase is not RunPhase.FINISHED:
            async for event in client.events():
                if isinstance(event, p.RunFinished):
                    run = event.run
                    break
        await client.close()
        assert run.outcome is Outcome.COMPLETE
        second.press("ctrl+q")
        assert await second.status() == 0

    manifest = subprocess.run([TOBS, "sandbox", "manifest"], check=True, capture_output=True, text=True).stdout
    assert differences(vault, json.loads(manifest), chats=set(LARGE)) == []
