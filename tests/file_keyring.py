"""A keyring in a file, for tests: the real keyring library reaches it by PYTHON_KEYRING_BACKEND."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps entries in the JSON file that TESTS_KEYRING_FILE names."""

    priority = 5

    def _entries(self) -> dict[str, str]:
        file = Path(os.environ["TESTS_KEYRING_FILE"])
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def _keep(self, entries: dict[str, str]) -> None:
        Path(os.environ["TESTS_KEYRING_FILE"]).write_text(json.dumps(entries))

    def get_password(self, service: str, username: str) -> str | None:
        """The entry."""
        return self._entries().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        self._keep(self._entries() | {f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Drop an entry."""
        entries = self._entries()
        if entries.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError
        self._keep(entries)
