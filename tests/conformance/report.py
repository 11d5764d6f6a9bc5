"""How many generated messages come out right: ``python -m tests.conformance.report [CASES] [SEED] [EXAMPLES]``.

Prints, for each category and parser, the share of cases whose visible text, lines, spans and blocks are just those of
the message; with EXAMPLES, that many failures of each category. Ends with status 1 below the shares promised.
"""

from __future__ import annotations

import sys
from random import Random

from tests.conformance.adapter import render_text
from tests.conformance.cases import CATEGORIES
from tests.conformance.drafting import Case
from tests.conformance.judge import PARSERS
from tests.conformance.verdict import verdict

ALL, EACH = 0.99, 0.97


def main(cases: int, seed: int, examples: int) -> int:
    """Judge `cases` messages, spread over the categories, and print the table."""
    rng = Random(seed)
    print(f"{'category':<18}" + "".join(f"{name:>18}" for name in PARSERS))
    right = total = 0
    kept = True
    for category, draw in CATEGORIES.items():
        each = max(1, cases // len(CATEGORIES))
        wrong: dict[str, list[tuple[Case, str]]] = {name: [] for name in PARSERS}
        for _ in range(each):
            case = draw(rng)
            for name in PARSERS:
                problem = verdict(category, *case, name)
                if problem:
                    wrong[name].append((case, problem))
        shares = {name: 1 - len(found) / each for name, found in wrong.items()}
        print(f"{category:<18}" + "".join(f"{share:>17.2%} " for share in shares.values()), flush=True)
        right += sum(each - len(found) for found in wrong.values())
        total += each * len(PARSERS)
        kept = kept and min(shares.values()) >= (1 if category == "plain prose" else EACH)
        _show(wrong, examples)
    print(f"all: {right / total:.3%} of {total:,} judgements")
    return 0 if kept and right / total >= ALL else 1


def _show(wrong: dict[str, list[tuple[Case, str]]], examples: int) -> None:
    for name, found in wrong.items():
        for (text, entities), problem in sorted(found, key=lambda each: len(each[0][0]))[:examples]:
            spans = [(type(each).__name__[13:], each.offset, each.length, *_more(each)) for each in entities]
            print(
                f"  {name}: {problem}\n    {text[:500]!r}\n    {spans[:9]}\n    {render_text(text, entities)[:500]!r}"
            )


def _more(entity: object) -> list[object]:
    return [getattr(entity, name) for name in ("url", "language") if hasattr(entity, name)]


if __name__ == "__main__":
    numbers = [*map(int, sys.argv[1:]), *(17_000, 1, 0)[len(sys.argv) - 1 :]]
    sys.exit(main(*numbers))
