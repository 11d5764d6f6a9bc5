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


class Talk:
    """One conversation's sentences. It sticks to its subject: a gap mostly gets the same word again."""

    def __init__(self, rng: Rng, bank: Bank) -> None:
        self._rng = rng
        self._bank = bank
        self._subject: dict[str, str] = {}
        self._said: list[str] = []

    def _word(self, gap: str) -> str:
        word = self._rng.pick(self._bank.gaps[gap])
        usual = self._subject.setdefault(gap, word)
        return usual if self._rng.chance(0.7) else word

    def _fill(self, template: str) -> str:
        parts = _parts(template)
        if len(parts) == 1:
            return template
        return "".join([part if index % 2 == 0 else self._word(part) for index, part in enumerate(parts)])

    def _fresh(self, templates: Sequence[str]) -> str:
        """A sentence from the list that was not said a moment ago."""
        for _ in range(4):
            template = self._rng.pick(templates)
            if template not in self._said[-12:]:
                break
        self._said.append(template)
        return self._fill(template)

    def opener(self) -> str:
        """A sentence that starts the conversation."""
        return self._fresh(self._bank.openers)

    def answer(self) -> str:
        """A sentence that keeps it going; now and then two of them."""
        first = self._fresh(self._bank.answers)
        return f"{first}\n{self._fresh(self._bank.answers)}" if self._rng.chance(0.08) else first

    def closer(self) -> str:
        """A short word at the end."""
        return self._fresh(self._bank.closers)


def tech_sentences(rng: Rng, count: int) -> list[str]:
    """`count` longer sentences of technical talk, for benchmark messages."""
    from tobs_tui.sandbox.worlds.prose.eastern import CHINESE, HINDI
    from tobs_tui.sandbox.worlds.prose.english import TECH
    from tobs_tui.sandbox.worlds.prose.european import RUSSIAN

    banks = (TECH, TECH, TECH, RUSSIAN, TECH, TECH, CHINESE, TECH, HINDI)
    sentences: list[str] = []
    for number in range(count):
        bank = banks[number % len(banks)]
        talk = Talk(rng, bank)
        said = talk.opener()
        while len(said.encode()) < ENOUGH_BYTES:
            said = f"{said} {talk.answer()}"
        sentences.append(said)
    return sentences
