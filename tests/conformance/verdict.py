"""One message, rendered as an export renders it, judged by one parser."""

from __future__ import annotations

from typing import Any

from tests.conformance.adapter import render_text
from tests.conformance.expectation import difference, expected
from tests.conformance.judge import WrongError, shown


def verdict(category: str, text: str, entities: list[Any], parser: str) -> str:
    """What is wrong with the Markdown of a message, '' when nothing is. An exception of the renderer is passed on."""
    body = render_text(text, entities)
    if category == "plain prose" and body.replace("  \n", "\n") != text:
        return "prose was changed"
    try:
        return difference(shown(body, parser), expected(text, entities))
    except WrongError as error:
        return str(error)
