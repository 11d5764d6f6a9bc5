"""JSON lines as a strict reader takes them: each held against the schema that the program prints."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tobs_tui.headless.schema import json_schema


@cache
def judge() -> Draft202012Validator:
    """The program's schema, but closed: it lets no key through that it does not name."""
    schema = json_schema()
    for kind in schema["$defs"].values():
        if "properties" in kind:
            kind["additionalProperties"] = False
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def json_lines(output: str) -> list[dict[str, Any]]:
    """The lines of an output as objects."""
    return [json.loads(line) for line in output.splitlines()]


def judged(output: str) -> list[dict[str, Any]]:
    """The lines of an output as objects. Fails on one that is no JSON, or that the closed schema does not know."""
    told = json_lines(output)
    for line in told:
        kind = judge().evolve(schema=judge().schema | {"anyOf": [{"$ref": _kind_of(line)}]})
        problems = [f"{error.json_path}: {error.message}" for error in kind.iter_errors(line)]
        assert not problems, f"{line.get('event')}: {problems}"
    return told


def _kind_of(line: dict[str, Any]) -> str:
    """Where the schema has the line's event; with it, a message names the key instead of all events."""
    kinds = judge().schema["discriminator"]["mapping"]
    assert line.get("event") in kinds, f"the schema does not know the event of {line}"
    return str(kinds[line["event"]])
