"""Which of the account's chat folders a dialog is in."""

from __future__ import annotations

import time
from typing import Any

from tobs_tui.model.peers import Dialog, PeerKind
from tobs_tui.telegram.convert_peers import marked

_GROUPS = (PeerKind.GROUP, PeerKind.SUPERGROUP, PeerKind.FORUM)


class Folder:
    """One TL `DialogFilter` or `DialogFilterChatlist`, ready to be asked."""

    def __init__(self, rule: Any, self_id: int) -> None:
        self.title = str(rule.title.text)
        self._rule = rule
        self._included = _ids([*rule.pinned_peers, *rule.include_peers], self_id)
        self._excluded = _ids(getattr(rule, "exclude_peers", ()), self_id)

    def holds(self, dialog: Dialog, *, contact: bool, muted: bool) -> bool:
        """Whether the dialog is in the folder: named by it, or of a kind it takes and not of one it leaves out."""
        if dialog.peer.id in self._included:
            return True
        rule = self._rule
        if dialog.peer.id in self._excluded or not hasattr(rule, "groups"):
            return False
        if (
            (rule.exclude_muted and muted)
            or (rule.exclude_read and not dialog.unread)
            or (rule.exclude_archived and dialog.archived)
        ):
            return False
        kind = dialog.peer.kind
        if kind in _GROUPS:
            return bool(rule.groups)
        if kind is PeerKind.CHANNEL:
            return bool(rule.broadcasts)
        if kind is PeerKind.BOT:
            return bool(rule.bots)
        return bool(rule.contacts if contact else rule.non_contacts)


def _ids(peers: Any, self_id: int) -> set[int]:
    return {self_id if type(peer).__name__ == "InputPeerSelf" else marked(peer) for peer in peers}


def folders_of(answer: Any, self_id: int) -> list[Folder]:
    """The folders of an answer to getDialogFilters; "all chats" is none."""
    filters = getattr(answer, "filters", answer)
    return [Folder(rule, self_id) for rule in filters if hasattr(rule, "title")]


def is_muted(settings: Any) -> bool:
    """Whether TL `PeerNotifySettings` silence a dialog at this moment."""
    until = getattr(settings, "mute_until", None)
    return until is not None and until.timestamp() > time.time()
