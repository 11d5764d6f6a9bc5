"""What tests of trouble share with the integration tests: a sandbox with the demo world, and Telethon kept fresh."""

from __future__ import annotations

from tests.integration.conftest import demo_world, fresh_telethon, sandbox

__all__ = ["demo_world", "fresh_telethon", "sandbox"]
