"""What a profile's text filter means: a text to find in any case, or a /regular expression/ in RE2's syntax.

RE2 takes time linear in the text whatever the expression (https://github.com/google/re2/wiki/WhyRE2), so that no
expression can hold up a run, and the answer depends on nothing but the text. It has no look-around and no
back-references for that.
"""

from __future__ import annotations

from collections.abc import Callable

MEMORY = 8 << 20
"""Bytes that one expression may take; a larger one is refused when it is read."""


def text_matcher(pattern: str) -> Callable[[str], bool]:
    """Tells of a text whether it holds `pattern`, or fits it where that is written between slashes.

    Raises ValueError, with a sentence, for an expression that is none.
    """
    if not is_expression(pattern):
        wanted = pattern.casefold()
        return lambda text: wanted in text.casefold()
    import re2

    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        search = re2.compile(pattern[1:-1], options).search
    except re2.error as error:
        detail = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else error
        raise ValueError(f"{pattern} is not a regular expression that RE2 can read: {detail}") from error
    return lambda text: search(text) is not None


def is_expression(pattern: str) -> bool:
    """Whether a text filter is a regular expression."""
    return len(pattern) > 2 and pattern[0] == pattern[-1] == "/"
