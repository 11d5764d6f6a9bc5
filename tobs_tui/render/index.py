"""The index pages in Markdown: one for the vault, one for each chat. They are written anew at each run.

Each page tells its own digest in its front matter, so that one that a person has changed is told from one that is as it
was written, without anything else to know it by.
"""

from __future__ import annotations

import datetime
import hashlib
import posixpath
import re
from collections.abc import Sequence

from tobs_tui.model.profile import Format
from tobs_tui.model.text import FormattedText
from tobs_tui.render.frontmatter import FORMAT, yaml_block
from tobs_tui.render.ink import MARKDOWN
from tobs_tui.render.layout import title_of
from tobs_tui.render.overview import ChatEntry, Overview, Table
from tobs_tui.render.text import render_text

_DIGEST = "written"
_DIGEST_LINE = re.compile(rf'^{_DIGEST}: "([0-9a-f]{{16}})"\n', re.MULTILINE)
_OWN_FORM = re.compile(r'\A---\n(?:[a-z_]+: .*\n)*source: "telegram"\n(?:[a-z_]+: .*\n)*---\n')


def sealed(page: str) -> str:
    """A page with its digest as the last line of its front matter."""
    head, end, body = page.partition("\n---\n")
    digest = hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()[:16]
    return f'{head}\n{_DIGEST}: "{digest}"{end}{body}'


def is_as_written(page: str) -> bool:
    """Whether a page is as some version of this program has written it. Line ends may be another system's."""
    page = page.replace("\r\n", "\n")
    if _OWN_FORM.match(page) is None:
        return False
    found = _DIGEST_LINE.search(page)
    return found is None or sealed(page[: found.start()] + page[found.end() :]) == page


def _table(table: Table) -> str:
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def render_root_index(chats: Sequence[ChatEntry], zone: datetime.tzinfo) -> str:
    """The vault's index.md: every chat with its counts, dates and link, by title."""
    overview = Overview(MARKDOWN, Format.MARKDOWN, zone)
    head = yaml_block((("type", "index"), ("source", "telegram"), ("tags", ("telegram",)), ("format", FORMAT)))
    blocks = ["# Telegram", overview.summary(chats), *([_table(overview.chats(chats))] if chats else [])]
    return sealed(f"{head}\n" + "\n\n".join(blocks) + "\n")


def render_chat_index(chat: ChatEntry, zone: datetime.tzinfo) -> str:
    """A chat's index.md: what it is, its topics and notes with counts, and who wrote in it."""
    overview = Overview(MARKDOWN, Format.MARKDOWN, zone)
    head = yaml_block(
        (
            ("chat", title_of(posixpath.basename(chat.root))),
            ("chat_id", chat.id),
            ("type", chat.kind.value),
            ("source", "telegram"),
            ("tags", ("telegram",)),
            ("format", FORMAT),
        )
    )
    blocks = [f"# {overview.title(chat)}", overview.facts(chat), render_text(FormattedText(chat.about))]
    blocks += overview.remarks(chat)
    for table in overview.contents(chat):
        blocks += [f"## {table.heading}", _table(table), table.below]
    return sealed(head + "\n" + "\n\n".join(block for block in blocks if block) + "\n")
