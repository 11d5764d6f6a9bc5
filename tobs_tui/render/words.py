"""Amounts in words: durations, sizes, money, counts."""

from __future__ import annotations

_UNITS = (
    (365 * 86_400, "year"),
    (30 * 86_400, "month"),
    (7 * 86_400, "week"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
)
# Currencies whose smallest unit is not a hundredth (https://core.telegram.org/bots/payments/currencies.json).
_DIGITS = {
    "XTR": 0, "TON": 9, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "PYG": 0, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


def number(count: int, thing: str) -> str:
    """A count with its noun: 1 vote, 2 votes."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def duration(seconds: float) -> str:
    """A length of time as players show it: 0:12, 1:02:03."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def span_in_words(seconds: int) -> str:
    """A period in its largest unit that divides it: 1 week, 36 hours."""
    for size, name in _UNITS:
        if seconds >= size and seconds % size == 0:
            return number(seconds // size, name)
    return number(seconds, "second")


def size_in_words(size: int) -> str:
    """Bytes in binary units: 2.1 GB as people say, 1024 to the step."""
    amount, unit = float(size), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"


def money(amount: int, currency: str) -> str:
    """An amount in the currency's smallest unit: 12.50 EUR, 100 stars, 1.5 TON."""
    if currency == "XTR":
        return number(amount, "star")
    digits = _DIGITS.get(currency, 2)
    shown = f"{amount / 10**digits:.{digits}f}"
    if currency == "TON":
        shown = shown.rstrip("0").rstrip(".")
    plain = "".join(char for char in currency if char.isalnum())
    return f"{shown} {plain}".strip()
