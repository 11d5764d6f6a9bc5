"""Reading single fields of an export, whatever stands in them: absent and odd values come out as nothing."""

from __future__ import annotations

import datetime
from typing import Any

from tobs_tui.model.peers import CHANNEL_MARK

_OLD_CHAT = 1 << 32  # peer ids of exports before 2021: (type << 32) | id
_OLD_CHANNEL = 2 << 32


def text_field(fields: dict[str, Any], name: str) -> str:
    """A string; '' for anything else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def number_field(fields: dict[str, Any], name: str) -> int:
    """A whole number, also one that is written as a string; 0 for anything else."""
    value = fields.get(name)
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if abs(value) < 2**63 else 0
    if isinstance(value, str) and len(value) < 20 and value.lstrip("-").isdecimal():
        return int(value)
    return 0


def fraction_field(fields: dict[str, Any], name: str) -> float:
    """A number; 0.0 for anything else."""
    value = fields.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def object_field(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """An object; an empty one for anything else."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def list_field(fields: dict[str, Any], name: str) -> list[Any]:
    """A list; an empty one for anything else."""
    value = fields.get(name)
    return value if isinstance(value, list) else []


def moment_field(fields: dict[str, Any], name: str) -> int:
    """A moment in seconds since the epoch; 0 when there is none.

    ``date_unixtime`` is exact; exports before 2021 have only ``date``, in the exporting computer's time zone, which
    nothing names: it is read in this one's.
    """
    exact = number_field(fields, f"{name}_unixtime")
    if exact:
        return exact
    try:
        return int(datetime.datetime.fromisoformat(text_field(fields, name)).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0


def peer_field(fields: dict[str, Any], name: str) -> int:
    """A marked peer id from ``user42``, ``chat42``, ``channel42``, or an old export's number; 0 when there is none."""
    value = fields.get(name)
    if isinstance(value, str):
        for prefix, sign, base in (("user", 1, 0), ("channel", -1, CHANNEL_MARK), ("chat", -1, 0)):
            digits = value.removeprefix(prefix)
            if digits != value and digits.isdecimal() and len(digits) < 17:
                return base + sign * int(digits)
    number = number_field(fields, name)
    if number >= _OLD_CHANNEL:
        return CHANNEL_MARK - (number - _OLD_CHANNEL)
    return -(number - _OLD_CHAT) if number >= _OLD_CHAT else max(number, 0)
