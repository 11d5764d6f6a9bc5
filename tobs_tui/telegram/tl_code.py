"""Writes the Python code that reads the objects of one TL layout."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tobs_tui.telegram.tl_layout import BOOL, BYTES, FLAGS, OBJECT, STRING, TRUE, Layout, Step

Builder = Callable[[Collection[str]], str]
"""Gives the expression that a reader returns, from the names of the fields that are there. It finds field `x` as `_x`
(None, or False for a mere flag, where it is not there), and what the reader was given as `around`."""

DISPATCH = {
    1: "def read(raw, at, around):\n    return variants[uint(raw, at)[0] & {0}](raw, at + 4, around)\n",
    2: """def read(raw, at, around):
    one, two = words(raw, at)
    return variants[one & {0} | (two & {1}) << 32](raw, at + 8, around)
""",
}
"""The code that looks at the leading words of flags and lets the reader of that combination go on behind them."""


class ReaderCode:
    """Writes one reader. `names` collects the functions that its code needs besides those of `tl_readers`.

    `words` holds the values of the leading words of flags, which stand before the first byte that the reader gets; of
    each None when the code has to look itself. `wanted` are the fields to keep. The reader returns what `builder`
    says, or without one (or where the layout lacks a field that it names) an object of `T` with the wanted fields.
    """

    def __init__(
        self, layout: Layout, wanted: Collection[str], words: Mapping[str, int | None], builder: Builder | None
    ) -> None:
        self.names: dict[str, Any] = {}
        self._lines = ["def read(raw, at, around):"]
        self._indent = "    "
        self._fixed: list[tuple[str, str]] = []  # formats and variables of what is unpacked next, "" = of no interest
        self._words = words
        self._steps = layout.steps
        there = [step for step in layout.steps if step.kind != FLAGS and self._taken(step) is not False]
        self._ending = self._expression(builder, [step.name for step in there], wanted)
        self._kept = {name for name in compile(self._ending, "", "eval").co_names if name.startswith("_")}

    def source(self) -> str:
        """The code of the reader."""
        self._look_at_flags()
        for step in self._steps:
            if step.kind == FLAGS:
                if step.name not in self._words:
                    self._fixed.append(("I", step.name))
            elif step.kind == TRUE:
                self._flag(step)
            else:
                self._step(step)
        self._flush()
        self._line(f"return {self._ending}, at")
        return "\n".join(self._lines) + "\n"

    def _expression(self, builder: Builder | None, there: list[str], wanted: Collection[str]) -> str:
        settled = all(self._taken(step) is not None for step in self._steps)
        if builder is not None and settled:
            expression = builder(there)
            fields = {f"_{step.name}" for step in self._steps}
            if all(name in fields for name in compile(expression, "", "eval").co_names if name.startswith("_")):
                return expression
        return f"T({', '.join(f'{name}=_{name}' for name in there if name in wanted)})"

    def _taken(self, step: Step) -> bool | None:
        """Whether the step's field is there; None when that is not known before the bytes are read."""
        if not step.flags:
            return True
        value = self._words.get(step.flags)
        return None if value is None else bool(value & step.bit)

    def _line(self, text: str) -> None:
        self._lines.append(self._indent + text)

    def _look_at_flags(self) -> None:
        for place, (word, value) in enumerate(self._words.items()):
            if value is None:
                self._line(f"{word} = uint(raw, at - {4 * (len(self._words) - place)})[0]")

    def _flag(self, step: Step) -> None:
        if f"_{step.name}" in self._kept:
            taken = self._taken(step)
            if taken is None:
                self._flush()
            self._line(f"_{step.name} = {f'{step.flags} & {step.bit} != 0' if taken is None else taken}")

    def _step(self, step: Step) -> None:
        kept = f"_{step.name}" if f"_{step.name}" in self._kept else ""
        taken = self._taken(step)
        if taken is None:
            self._flush()
            self._line(f"if {step.flags} & {step.bit}:")
            self._indent += "    "
            self._line("pass")
            self._field(step, kept)
            self._flush()
            self._indent = self._indent[:-4]
        if taken:
            self._field(step, kept)
        elif kept:
            self._line(f"{kept} = None" if taken is False else f"else: {kept} = None")

    def _field(self, step: Step, kept: str) -> None:
        if not step.vector:
            self._one(step.kind, kept)
            return
        self._fixed += [("4x", ""), ("i", "count")]
        self._flush()
        if len(step.kind) == 1:
            self._line(f"{kept or 'item'}, at = many(raw, at, count, {step.kind!r})")
            return
        if kept:
            self._line(f"{kept} = []")
        self._line("for _ in range(count):")
        self._indent += "    "
        self._one(step.kind, "item" if kept else "")
        self._flush()
        if kept:
            self._line(f"{kept}.append(item)")
        self._indent = self._indent[:-4]

    def _one(self, kind: str, kept: str) -> None:
        if kind == OBJECT:
            self._object(kept)
        elif kind in (STRING, BYTES):
            self._string(kind, kept)
        elif kind == BOOL:
            self._fixed.append(("I", "code"))
            self._flush()
            self._line(f"{kept or 'item'} = bools[code]")
        else:
            self._fixed.append((kind, kept))

    def _object(self, kept: str) -> None:
        self._fixed.append(("I", "code"))
        self._flush()
        if kept:
            self._line(f"{kept}, at = readers[code](raw, at, around)")
        else:
            self._line("size = sizes[code]")
            self._line("at = at + size if size >= 0 else readers[code](raw, at, around)[1]")

    def _string(self, kind: str, kept: str) -> None:
        self._flush()
        self._line("size = raw[at]")
        self._line("if size == 254: data, at = long(raw, at)")
        self._line("else: data = raw[at + 1 : at + 1 + size]; at += size + 4 & -4")
        if kept:
            self._line(f"{kept} = data" if kind == BYTES else f"{kept} = str(data, 'utf-8', 'replace')")

    def _flush(self) -> None:
        """Write the code that unpacks what has been gathered."""
        shape = "<" + "".join(kind if name else f"{struct.calcsize(f'<{kind}')}x" for kind, name in self._fixed)
        names = [name for _, name in self._fixed if name]
        if names:
            unpack = f"unpack{len(self.names)}"
            self.names[unpack] = struct.Struct(shape).unpack_from
            self._line(f"{', '.join(names)}, = {unpack}(raw, at)")
        if self._fixed:
            self._line(f"at += {struct.calcsize(shape)}")
        self._fixed.clear()
