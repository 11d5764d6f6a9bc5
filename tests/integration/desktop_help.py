"""Writes what Telegram Desktop would have exported of chats that an archive holds, as far as imports look at it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, FileStatus, message_files
from tobs_tui.archive.schema import archive_path
from tobs_tui.desktop.messages import MIGRATED_SHIFT
from tobs_tui.model.media import Document, Photo
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import PeerKind, bare_id

_TYPES = {
    PeerKind.SAVED: "saved_messages",
    PeerKind.USER: "personal_chat",
    PeerKind.GROUP: "private_group",
    PeerKind.SUPERGROUP: "public_supergroup",
    PeerKind.CHANNEL: "public_channel",
}
LEFT_OUT = "(File not included. Change data exporting settings to download.)"


class DesktopExport:
    """An export of a vault's chats, of each the first `share` of its messages, with every other file."""

    def __init__(self, vault: Path, folder: Path, share: float) -> None:
        self._vault, self._folder, self._share = vault, folder, share
        self._files = 0
        self.messages = self.included = self.left_out = 0

    def write(self, chats: list[int]) -> Path:
        """Write it; gives its folder."""
        self._folder.mkdir()
        with Archive.open(archive_path(self._vault), read_only=True) as archive:
            found = [self._chat(archive, record) for record in map(archive.chat, chats) if record is not None]
        document = {"about": "Here is the data", "chats": {"about": "", "list": found}}
        (self._folder / "result.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
        return self._folder

    def _chat(self, archive: Archive, record: ChatRecord) -> dict[str, Any]:
        old = list(self._messages(archive, record.migrated_from, MIGRATED_SHIFT)) if record.migrated_from else []
        head = {"name": record.title, "type": _TYPES[record.kind], "id": bare_id(record.id)}
        return {**head, "messages": old + list(self._messages(archive, record.id, 0))}

    def _messages(self, archive: Archive, chat: int, shift: int) -> Iterator[dict[str, Any]]:
        messages = list(archive.messages(chat))
        for message in messages[: int(len(messages) * self._share)]:
            self.messages += 1
            yield {**self._fields(archive, chat, message), "id": message.id + shift}

    def _fields(self, archive: Archive, chat: int, message: Message) -> dict[str, Any]:
        sender = message.sender or chat
        kind = "user" if sender > 0 else "channel" if sender < -(10**12) else "chat"
        who = {"from": "Somebody", "from_id": f"{kind}{bare_id(sender)}"}
        fields: dict[str, Any] = {"type": "message", "date_unixtime": str(message.date), **who}
        fields |= {"text": message.text, "text_entities": []}
        if message.reply is not None and message.reply.message_id:
            fields["reply_to_message_id"] = message.reply.message_id
        files = message_files(message)
        if files and isinstance(message.media, Photo | Document):
            name = "photo" if isinstance(message.media, Photo) else "file"
            fields[name] = self._file(archive, chat, message.id, files[0][1].name)
            fields |= {"file_name": files[0][1].name, "mime_type": files[0][1].mime}
        return fields

    def _file(self, archive: Archive, chat: int, message: int, name: str) -> str:
        state = archive.file_state(chat, message, 0)
        self._files += 1
        if state is None or state.status is not FileStatus.DONE or self._files % 2:
            self.left_out += 1
            return LEFT_OUT
        self.included += 1
        place = Path("files") / f"{self._files}{Path(name).suffix or '.jpg'}"
        (self._folder / "files").mkdir(exist_ok=True)
        shutil.copyfile(self._vault / state.path, self._folder / place)
        return place.as_posix()
