"""The index pages in HTML: one for the vault, one for each chat. They are written anew at each run."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from tobs_tui.model.profile import Format
from tobs_tui.model.text import FormattedText
from tobs_tui.render.html.ink import HTML
from tobs_tui.render.html.page import page_head
from tobs_tui.render.html.text import formatted_box
from tobs_tui.render.layout import INDEX_PAGE
from tobs_tui.render.overview import ChatEntry, Overview, Table


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>\n"


def _table(table: Table) -> str:
    rows = "".join(_row(row, "td") for row in table.rows)
    return f"<table>\n<thead>{_row(table.head, 'th')}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def render_root_page(chats: Sequence[ChatEntry], zone: datetime.tzinfo) -> str:
    """The vault's index.html: every chat with its counts, dates and link, by title."""
    overview = Overview(HTML, Format.HTML, zone)
    table = _table(overview.chats(chats)) if chats else ""
    head = page_head("Telegram", "", kind="index")
    return f"{head}<h1>Telegram</h1>\n<p>{overview.summary(chats)}</p>\n{table}"


def render_chat_page(chat: ChatEntry, zone: datetime.tzinfo) -> str:
    """A chat's index.html: what it is, its topics and notes with counts, and who wrote in it."""
    overview = Overview(HTML, Format.HTML, zone)
    blocks = [f"<h1>{overview.title(chat)}</h1>", f"<p>{overview.facts(chat)}</p>"]
    blocks.append(formatted_box(FormattedText(chat.about)))
    blocks += [f"<p>{remark}</p>" for remark in overview.remarks(chat)]
    for table in overview.contents(chat):
        blocks += [f"<h2>{table.heading}</h2>", _table(table), f"<p>{table.below}</p>" if table.below else ""]
    head = page_head(chat.title, chat.root, [("Telegram", INDEX_PAGE)], kind="index")
    return head + "\n".join(block for block in blocks if block) + "\n"
