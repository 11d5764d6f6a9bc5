"""Conversations from word banks: an opener, answers by others, a closing word, with the gaps filled from lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tobs_tui.sandbox.worlds.rng import Rng

ENOUGH_BYTES = 220
"""More than a benchmark message holds."""
_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Bank:
    """What people say in one language on one sort of occasion; ``{name}`` in a sentence is a gap for a word of that
    list."""

    openers: Sequence[str]
    answers: Sequence[str]
    closers: Sequence[str]
    gaps: Mapping[str, Sequence[str]]


@lru_cache(maxsize=4096)
def _parts(template: str) -> tuple[str, ...]:
    return tuple(_GAP.split(template))


def fill(rng: Rng, bank: Bank, template: str) -> str:
    """The sentence with its gaps filled."""
    parts = _parts(template)
    if len(parts) == 1:
        return template
    filled = [part if index % 2 == 0 else rng.pick(bank.gaps[part]) for index, part in enumerate(parts)]
    return "".join(filled)


def opener(rng: Rng, bank: Bank) -> str:
    """A sentence that starts a conversation."""
    return fill(rng, bank, rng.pick(bank.openers))


def answer(rng: Rng, bank: Bank) -> str:
    """A sentence that keeps one going; now and then two of them."""
    first = fill(rng, bank, rng.pick(bank.answers))
    if rng.chance(0.08):
        return first + "\n" + fill(rng, bank, rng.pick(bank.answers))
    return first


def closer(rng: Rng, bank: Bank) -> str:
    """A short word at the end."""
    return fill(rng, bank, rng.pick(bank.closers))


def tech_sentences(rng: Rng, count: int) -> list[str]:
    """`count` longer sentences of technical talk, for benchmark messages."""
    from tobs_tui.sandbox.worlds.prose.eastern import CHINESE, HINDI
    from tobs_tui.sandbox.worlds.prose.english import TECH
    from tobs_tui.sandbox.worlds.prose.european import RUSSIAN

    banks = (TECH, TECH, TECH, RUSSIAN, TECH, TECH, CHINESE, TECH, HINDI)
    sentences: list[str] = []
    for number in range(count):
        bank = banks[number % len(banks)]
        said = opener(rng, bank)
        while len(said.encode()) < ENOUGH_BYTES:
            said = f"{said} {answer(rng, bank)}"
        sentences.append(said)
    return sentences
