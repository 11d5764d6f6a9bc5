"""Hostile messages by category, drawn from a source of chance."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from telethon.tl import types

from tests.conformance.drafting import (
    SIMPLE,
    Case,
    Draft,
    Maker,
    any_entity,
    inline,
    link,
    mention,
    noise,
    pre,
    sprinkled,
    units,
    words,
)
from tests.conformance.samples import (
    BLOCKS,
    CODES,
    EDGES,
    EMOJI,
    LABELS,
    MARKS,
    PIECES,
    SENTENCES,
    SIGNS,
    STARTS,
    URLS,
    WORDS,
)


def line_starts(rng: Random) -> Case:
    """Lines that begin as lists, headings, rules, tables, fences, HTML and the like do."""
    lines = [
        rng.choice(["", "", " ", "   "]) + rng.choice(STARTS) + rng.choice(["", " ", words(rng)])
        if rng.random() < 0.7
        else rng.choice(["", words(rng), noise(rng, 4)])
        for _ in range(rng.randrange(1, 7))
    ]
    return sprinkled(rng, "\n".join(lines), 2 if rng.random() < 0.4 else 0, inline)


def inline_marks(rng: Random) -> Case:
    """Signs of emphasis, code, links, HTML and entities amid words."""
    return sprinkled(rng, noise(rng, 25), 2 if rng.random() < 0.5 else 0, inline)


def obsidian_marks(rng: Random) -> Case:
    """What means something in Obsidian alone."""
    pieces = [rng.choice(MARKS) if rng.random() < 0.6 else words(rng, 2) for _ in range(rng.randrange(1, 8))]
    text = "".join(piece + rng.choice(["", " ", " ", "\n", ", "]) for piece in pieces)
    return sprinkled(rng, text, 2 if rng.random() < 0.4 else 0, inline)


def flanking(rng: Random) -> Case:
    """Spans whose edges, and whose neighbours, are of every class of character."""
    draft = Draft()
    for _ in range(rng.randrange(1, 4)):
        draft.put(rng.choice(["", words(rng, 2)]) + rng.choice(EDGES))
        inner = rng.choice(EDGES) + rng.choice(["", "x", words(rng, 2)]) + rng.choice(EDGES)
        draft.put(inner, *rng.sample([*SIMPLE, link(rng)], rng.choice([1, 1, 1, 2, 3])))
        draft.put(rng.choice(EDGES) + rng.choice(["", words(rng, 2)]))
    return draft.done()


def nesting(rng: Random) -> Case:
    """Spans within spans, some of the same edges."""
    draft = Draft().put(" ".join(rng.choice([*WORDS, *EMOJI, "*", "_x_", "(y)"]) for _ in range(rng.randrange(2, 10))))
    start, end = 0, len(draft.text)
    for maker in rng.sample([*SIMPLE, link(rng), types.MessageEntityBlockquote, types.MessageEntityCode], 4):
        draft.over(start, end, maker)
        if rng.random() < 0.6:
            start += rng.randrange(max(1, (end - start) // 2))
        if rng.random() < 0.6:
            end -= rng.randrange(max(1, (end - start) // 2))
        if start >= end:
            break
    return draft.done()


def adjacency(rng: Random) -> Case:
    """Spans that touch each other, and signs."""
    draft = Draft().put(rng.choice(["", "a", "*", "_", "`", " ", "!"]))
    for _ in range(rng.randrange(2, 6)):
        piece = rng.choice([*WORDS, *EMOJI, "*", "_", "`", "~", " x", "x ", "[", "]", "!", "\n"])
        makers = rng.sample([*SIMPLE, types.MessageEntityCode, link(rng), mention(rng)], rng.choice([0, 1, 1, 1, 2]))
        draft.put(piece, *makers)
    return draft.put(rng.choice(["", "a", "*", "_", "`", " "])).done()


def overlap(rng: Random) -> Case:
    """Spans that cross."""
    text = rng.choice(
        [noise(rng, 12), " ".join(words(rng) for _ in range(3)), f"{words(rng)}\n{words(rng)}\n\n{words(rng)}"]
    )
    return sprinkled(rng, text, 5, any_entity if rng.random() < 0.3 else inline)


def code(rng: Random) -> Case:
    """Inline code of any content, anywhere."""
    draft = Draft()
    for _ in range(rng.randrange(1, 5)):
        draft.put(rng.choice(["", " ", words(rng), "`", "*", "_", "\\", "\n", "- ", "("]))
        more = rng.sample([*SIMPLE, link(rng)], 1) if rng.random() < 0.3 else []
        draft.put(rng.choice([*CODES, noise(rng, 4)]), types.MessageEntityCode, *more)
    return draft.put(rng.choice(["", " ", words(rng), "`", "*", ")"])).done()


def code_blocks(rng: Random) -> Case:
    """Code blocks with fences, blank lines and indentation inside, in the middle of lines too."""
    draft = Draft()
    for _ in range(rng.randrange(1, 4)):
        draft.put(rng.choice(["", words(rng) + "\n", words(rng) + " ", "\n", "- \n", "> ", "1. x\n\n", "```\n"]))
        draft.put(rng.choice([*BLOCKS, noise(rng, 8)]) or "z", pre(rng), *([inline(rng)] if rng.random() < 0.1 else []))
        draft.put(rng.choice(["", "\n" + words(rng), " " + words(rng), "\n", "\n\n" + words(rng)]))
    return draft.done()


def links(rng: Random) -> Case:
    """Links with LABELS and addresses of every kind."""
    draft = Draft()
    for _ in range(rng.randrange(1, 4)):
        draft.put(rng.choice(["", "!", "^", "[", "\\", "see ", "(", "*", "a", "]", "\n", "!["]))
        more = rng.sample(SIMPLE, 1) if rng.random() < 0.3 else []
        draft.put(
            rng.choice([*LABELS, words(rng), noise(rng, 3)]), link(rng) if rng.random() < 0.8 else mention(rng), *more
        )
        draft.put(rng.choice(["", "(x)", "[y]", ": z", " end", ")", "*", "\n", "a"]))
    return draft.done()


def bare_urls(rng: Random) -> Case:
    """Addresses in the text, with and without their entities."""
    draft = Draft()
    for _ in range(rng.randrange(1, 4)):
        draft.put(rng.choice(["", "see ", "(", "*", "_", "a", "\n", "<", "`", "!", "[", "~", "字"]))
        makers: list[Maker] = [types.MessageEntityUrl] if rng.random() < 0.7 else []
        makers += rng.sample(SIMPLE, 1) if rng.random() < 0.25 else []
        draft.put(rng.choice(URLS), *makers)
        draft.put(rng.choice(["", ".", ")", "*", "_", " end", ",", "*x*", "\n", "字", "`", "~", ">", "!"]))
    return draft.done()


def quotes(rng: Random) -> Case:
    """Quotes of several lines, one after the other, with formatting and code inside."""
    draft = Draft()
    for _ in range(rng.randrange(1, 4)):
        draft.put(rng.choice(["", words(rng) + "\n", words(rng), "\n", "\n\n", "> ", "- x\n"]))
        start = len(draft.text)
        for _ in range(rng.randrange(1, 5)):
            makers = [rng.choice([*SIMPLE, types.MessageEntityCode, link(rng), pre(rng)])] if rng.random() < 0.4 else []
            draft.put(rng.choice([words(rng), noise(rng, 5), "- item", "> x", "1. y", "    z", "# h"]), *makers)
            draft.put(rng.choice(["", "\n", "\n\n", " "]))
        draft.over(start, len(draft.text), types.MessageEntityBlockquote)
        draft.put(rng.choice(["", "\n", "\n\n", words(rng), "\n" + words(rng)]))
    return draft.done()


def unicode_text(rng: Random) -> Case:
    """Astral characters, joiners, combining marks, controls, bidi marks, wide blanks."""
    text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 20)))
    return sprinkled(rng, text, 3, inline)


def invalid_offsets(rng: Random) -> Case:
    """Entities outside of the text, empty, negative, in the middle of characters, unsorted, twice."""
    text = "".join(rng.choice(["a", "🎉", "字", " ", "*", "\n", "`", "xy z", "👍🏽"]) for _ in range(rng.randrange(12)))
    size = units(text)
    numbers = [-(2**31), -5, -1, 0, 1, 2, 3, size - 1, size, size + 1, size // 2, 10**6, 2**31 - 1]
    entities = []
    for _ in range(rng.randrange(1, 6)):
        offset = rng.choice([*numbers, rng.randrange(-2, size + 3)])
        entities.append(any_entity(rng)(offset, rng.choice([*numbers, rng.randrange(size + 3)])))
    return text, entities


def long_texts(rng: Random) -> Case:
    """Up to 4,096 characters under up to 100 entities."""
    parts = [
        realistic_chat,
        inline_marks,
        line_starts,
        flanking,
        links,
        bare_urls,
        code,
        code_blocks,
        quotes,
        plain_prose,
    ]
    draft = Draft()
    for _ in range(60):
        text, entities = rng.choice(parts)(rng)
        if len(draft.text) + len(text) > 4000 or len(draft.entities) + len(entities) > 100:
            break
        shift = units(draft.text)
        for entity in entities:
            entity.offset += shift
        draft.entities += entities
        draft.put(text + rng.choice(["\n", "\n\n", " "]))
    return draft.done()


def realistic_chat(rng: Random) -> Case:
    """What people, bots and channels write."""
    draft = Draft()
    shapes = rng.choices(range(9), k=rng.randrange(1, 6))
    for shape in shapes:
        if shape <= 2:
            draft.put(rng.choice(SENTENCES))
        elif shape == 3:
            draft.put("Run ").put(
                rng.choice(["pip install x_y", "ls *.py | wc -l", "git commit -m '#1'", "a[i](j)"]),
                types.MessageEntityCode,
            )
            draft.put(rng.choice([" first.", ", then tell me", ""]))
        elif shape == 4:
            draft.put(rng.choice(["Breaking: ", "⚡️ Update", "Важно:"]), types.MessageEntityBold).put(
                f" {rng.choice(SENTENCES)}"
            )
        elif shape == 5:
            draft.put(
                "\n".join(f"{sign} {words(rng)}" for sign in rng.sample(["-", "•", "1.", "2.", "—", "✅", "*", "+"], 3))
            )
        elif shape == 6:
            draft.put("Docs: ").put(
                rng.choice(["https://example.org/a_b?x=1&y=2", "https://t.me/x/12"]), types.MessageEntityUrl
            )
        elif shape == 7:
            draft.put("@some_user", types.MessageEntityMention).put(" see ").put("the post", link(rng)).put(" ").put(
                "#news", types.MessageEntityHashtag
            )
        else:
            draft.put("def f(x):\n    return x ** 2\n", pre(rng))
        draft.put(rng.choice(["\n", "\n\n", " "]))
    return draft.done()


def plain_prose(rng: Random) -> Case:
    """Sentences with nothing in them that Markdown knows."""
    return "".join(
        rng.choice(SENTENCES) + rng.choice([" ", " ", "\n", "\n\n"]) for _ in range(rng.randrange(1, 8))
    ).strip(), []


def anything(rng: Random) -> Case:
    """Any pieces under any entities, offsets in and out of the text."""
    pieces = [*WORDS, *SIGNS, *EMOJI, *PIECES, *MARKS, *STARTS, *" \n"]
    text = "".join(rng.choice(pieces) for _ in range(rng.randrange(26)))
    entities = []
    for _ in range(rng.randrange(6)):
        offset = rng.randrange(-1, units(text) + 2)
        entities.append(any_entity(rng)(offset, rng.randrange(max(1, units(text) - offset + 2))))
    return text, entities


CATEGORIES: dict[str, Callable[[Random], Case]] = {
    "line starts": line_starts,
    "inline marks": inline_marks,
    "Obsidian marks": obsidian_marks,
    "flanking": flanking,
    "nesting": nesting,
    "adjacency": adjacency,
    "overlap": overlap,
    "code": code,
    "pre": code_blocks,
    "links": links,
    "bare URLs": bare_urls,
    "quotes": quotes,
    "Unicode": unicode_text,
    "invalid offsets": invalid_offsets,
    "anything": anything,
    "long texts": long_texts,
    "realistic chat": realistic_chat,
    "plain prose": plain_prose,
}
"""What draws a case, by the name of its category."""
