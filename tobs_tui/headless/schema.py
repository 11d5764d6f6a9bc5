"""The JSON Schema of the JSON lines, made of the very types that are written."""

from __future__ import annotations

from typing import Any

import msgspec

from tobs_tui.headless.answers import ItemMissing, Plan
from tobs_tui.headless.lines import SCHEMA, AnyLine

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of one line; `$id` has the version. All keys of an object are required, and others are let through,
    because later versions may add some."""
    schema = msgspec.json.schema(AnyLine | Plan | ItemMissing)
    for kind in schema["$defs"].values():
        if "properties" in kind:
            kind["required"] = list(kind["properties"])
            kind["description"] = " ".join(kind.get("description", "").split())
            for key in kind["properties"].values():
                key.pop("default", None)  # nothing is left out, so that nothing has to be filled in
    return {
        "$schema": DIALECT,
        "$id": f"urn:tobs-tui:json-lines:{SCHEMA}",
        "title": "One line of the standard output of tobs --json",
        **schema,
    }
