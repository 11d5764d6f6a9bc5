"""Signing an account in without a screen, for tests that are about what comes after it."""

from __future__ import annotations

from pathlib import Path

from tobs_tui.config.paths import Paths
from tobs_tui.service import protocol as p
from tobs_tui.service.launch import attach


async def sign_in_account(
    paths: Paths, phone: str, code: str, password: str, *, demo: bool = False, server_file: Path | None = None
) -> None:
    """Sign the account of `paths` in, starting its service."""
    client = await attach(paths, demo=demo, server_file=server_file)
    if client.snapshot.account.phase is not p.AccountPhase.SIGNED_OUT:
        async for event in client.events():
            if isinstance(event, p.AccountChanged) and event.account.phase is p.AccountPhase.SIGNED_OUT:
                break
    await client.call(p.SendCode(phone))
    await client.call(p.SubmitCode(code))
    await client.call(p.SubmitPassword(password))
    await client.close()
