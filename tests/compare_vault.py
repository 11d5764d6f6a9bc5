"""Compares an exported vault with a world's manifest: ``python tests/compare_vault.py VAULT MANIFEST.json``.

Reads nothing but the Markdown notes and the files they link, so that it judges what a person gets: every message id of
every chat and topic present once and in order, every medium byte-identical. Prints each difference; status 1 on any.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
ANCHOR = re.compile(r"^###### m(\d+)$", re.MULTILINE)
MEDIA_LINK = re.compile(r"\]\(<?([^)>]*media/[^)>]+)>?\)")


class Note:
    """One Markdown note of messages: whose it is, the ids it holds in order, and the media each of them links."""

    def __init__(self, path: Path, text: str, facts: dict[str, str]) -> None:
        self.path = path
        self.chat_id = int(facts["chat_id"])
        self.topic_id = int(facts.get("topic_id", "0"))
        anchors = list(ANCHOR.finditer(text))
        self.ids = [int(anchor[1]) for anchor in anchors]
        self.media: dict[int, list[Path]] = {}
        for index, anchor in enumerate(anchors):
            end = anchors[index + 1].start() if index + 1 < len(anchors) else len(text)
            links = MEDIA_LINK.findall(text, anchor.end(), end)
            self.media[int(anchor[1])] = [path.parent / unquote(link) for link in links]


def read_notes(vault: Path) -> list[Note]:
    """Every note of messages in the vault (not the indexes), in path order within each folder."""
    notes = []
    for path in sorted(vault.rglob("*.md")):
        if ".tobs" in path.parts or path.name == "index.md":
            continue
        text = path.read_text(encoding="utf-8")
        matter = FRONT_MATTER.match(text)
        if matter is None:
            raise ValueError(f"{path} has no front matter")
        pairs = (line.split(":", 1) for line in matter[1].splitlines() if ":" in line and not line.startswith(" "))
        facts = {key.strip(): value.strip().strip("\"'") for key, value in pairs}
        notes.append(Note(path, text, facts))
    return notes


def differences(vault: Path, manifest: dict[str, Any], *, chats: set[int] | None = None) -> list[str]:
    """Every way in which the vault is not what the manifest says; `chats` limits the comparison to some chat ids."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    media: dict[tuple[int, int], list[Path]] = {}
    for note in read_notes(vault):
        found[note.chat_id, note.topic_id] += note.ids
        for message_id, paths in note.media.items():
            media[note.chat_id, message_id] = paths
    problems: list[str] = []
    expected_keys: set[tuple[int, int]] = set()
    for chat in manifest["chats"]:
        if chats is not None and chat["id"] not in chats:
            continue
        parts = {(chat["id"], topic["id"]): topic["message_ids"] for topic in chat.get("topics") or []}
        if not parts:
            parts = {(chat["id"], 0): chat["message_ids"]}
        covered = sorted(message_id for ids in parts.values() for message_id in ids)
        if covered != sorted(chat["message_ids"]):
            problems.append(f"manifest: topics of {chat['title']!r} do not add up to its messages")
        for key, ids in parts.items():
            expected_keys.add(key)
            problems += _compare_ids(f"{chat['title']!r} {key}", ids, found.get(key, []))
    problems += [f"not in the manifest: notes of {key}" for key in found.keys() - expected_keys if found[key]]
    problems += _compare_media(manifest["media"], media, chats)
    return problems


def _compare_ids(name: str, expected: list[int], got: list[int]) -> list[str]:
    if got == expected:
        return []
    missing = sorted(set(expected) - set(got))
    extra = sorted(set(got) - set(expected))
    twice = len(got) - len(set(got))
    order = "" if got == sorted(got) else ", out of order"
    return [f"{name}: {len(missing)} missing {missing[:5]}, {len(extra)} extra {extra[:5]}, {twice} repeated{order}"]


def _compare_media(
    expected: list[dict[str, Any]], linked: dict[tuple[int, int], list[Path]], chats: set[int] | None
) -> list[str]:
    problems = []
    for medium in expected:
        key = (medium["chat_id"], medium["message_id"])
        if chats is not None and key[0] not in chats:
            continue
        files = [path for path in linked.get(key, []) if path.is_file()]
        sums = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        if medium["sha256"] not in sums:
            problems.append(
                f"medium of message {key}: linked {[path.name for path in linked.get(key, [])]}, not the file"
            )
    return problems


def main(arguments: list[str]) -> int:
    """Compare and print; gives the exit status."""
    vault, manifest = arguments
    problems = differences(Path(vault), json.loads(Path(manifest).read_text()))
    print("\n".join(problems) or "the vault is what the manifest says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
