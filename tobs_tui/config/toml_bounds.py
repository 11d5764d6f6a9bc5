"""How far a TOML file may go before it is parsed: Python's parser takes minutes for what nobody writes by hand."""

from __future__ import annotations

import re

MAX_SIZE = 4 << 20
"""Characters. A profile that names fifty thousand chats one by one has fewer."""
MAX_KEY = 16
"""Parts of a dotted key; those of a profile have three."""
MAX_DEPTH = 32
"""Lists and tables within each other; those of a profile are three deep."""

_PIECES = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|[\w+-]+)'
    r"|(?P<comment>#[^\n]*)|(?P<dot>\.)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<other>[^\s])",
    re.DOTALL,
)


def beyond_bounds(source: str) -> str:
    """What goes too far in a TOML text, as a sentence without its beginning; '' when nothing does."""
    if len(source) > MAX_SIZE:
        return f"the file is larger than {MAX_SIZE >> 20} MiB"
    depth, parts, dotted = 0, 0, False
    for piece in _PIECES.finditer(source):
        kind = piece.lastgroup
        if kind == "text":
            parts = parts + 1 if dotted else 1
            if parts > MAX_KEY:
                return f"a key has more than {MAX_KEY} parts"
        elif kind == "open":
            depth += 1
            if depth > MAX_DEPTH:
                return f"lists and tables are more than {MAX_DEPTH} deep"
        elif kind == "close":
            depth = max(0, depth - 1)
        dotted = kind == "dot"
    return ""
