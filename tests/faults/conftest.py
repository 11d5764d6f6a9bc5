"""What tests of trouble share with integration tests: the demo world in a sandbox, an account, Telethon kept fresh."""

from __future__ import annotations

from tests.integration.conftest import account, demo_world, fresh_telethon, sandbox

__all__ = ["account", "demo_world", "fresh_telethon", "sandbox"]
