"""Amounts that Telegram counts in tiny units, as decimal numbers."""

from __future__ import annotations

from typing import Any

NANOTONS = 1_000_000_000
"""Nanotons in a TON."""


def decimal(amount: int, unit: int) -> str:
    """`amount` hundred-millionths and the like as a decimal number without trailing zeros."""
    whole, rest = divmod(amount, unit)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def crypto(amount: int | None, currency: str | None) -> str:
    """A sum in a cryptocurrency, counted in billionths; "" for none."""
    return f"{decimal(amount, NANOTONS)} {currency}" if amount and currency else ""


def price_in_words(price: Any) -> str:
    """An optional `StarsAmount` or `StarsTonAmount`: "50 XTR", "1.5 TON"; "" for none."""
    if price is None:
        return ""
    if type(price).__name__ == "StarsTonAmount":
        return f"{decimal(price.amount, NANOTONS)} TON"
    return f"{decimal(price.amount * NANOTONS + price.nanos, NANOTONS)} XTR"
