"""A vault of messages that try to run something in the browser that shows them."""

from __future__ import annotations

from pathlib import Path

from tests.render_help import render_chat
from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord, PageCommit, message_rows
from tobs_tui.archive.schema import archive_path
from tobs_tui.engine.index_pages import IndexJob, render_index
from tobs_tui.model.messages import Button, Message
from tobs_tui.model.peers import Peer, PeerKind
from tobs_tui.model.profile import Format, Layout
from tobs_tui.model.text import Entity, EntityKind

CHAT, DATE = -1_001_234_567_890, 1_715_674_500
_RUN = "window.ran = 1"
HOSTILE = (
    f"<script>{_RUN}</script>",
    f"<img src=x onerror='{_RUN}'>",
    f"</div></article><svg onload='{_RUN}'>",
    f"--><iframe srcdoc='<script>parent.ran = 1</script>'>{_RUN}",
    f"</script></textarea></title><body onload='{_RUN}'>",
    f"'); {_RUN}; m('",
    f"javascript:{_RUN}",
)


def hostile_vault(vault: Path) -> Path:
    """Make the vault; gives the page of its only month."""
    layout = Layout(timezone="UTC", formats=(Format.HTML,))
    kinds = [kind for kind in EntityKind if kind is not EntityKind.UNKNOWN]
    messages = [
        Message(
            number,
            DATE + number,
            sender=7,
            text=text,
            entities=tuple(Entity(kind, 0, len(text), f"javascript:{_RUN}") for kind in kinds[number :: len(HOSTILE)]),
            post_author=text,
            buttons=(Button(0, text, f"javascript:{_RUN}"),),
        )
        for number, text in enumerate(HOSTILE, 1)
    ]
    with Archive.open(archive_path(vault)) as archive:
        archive.put_chat(ChatRecord(CHAT, HOSTILE[0], "Hostile (c1234567890)", PeerKind.SUPERGROUP))
        archive.put_peers([Peer(7, PeerKind.USER, HOSTILE[1])])
        rows, files = message_rows(messages)
        archive.commit([PageCommit(CHAT, 1, len(messages), rows=rows, files=files)])
        render_chat(archive, vault, CHAT, layout=layout)
        render_index(IndexJob(str(vault), layout))
    return vault / "Hostile (c1234567890)/2024-05.html"
