"""What the bytes of a TL object are, field by field, as told by the source of Telethon's generated readers."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

FIXED = {"read_int": "i", "read_long": "q", "read_double": "d", "read_float": "f", "tgread_date": "i"}
"""Formats of `struct` for what has one size. A date stays the number that it is: seconds since the epoch."""
OBJECT, STRING, BYTES, BOOL = "object", "string", "bytes", "bool"
FLAGS = "flags"
"""A word of flags: no field of the object, but other steps depend on it."""
TRUE = "true"
"""A field that is only a flag, without bytes of its own."""
_LONGER = {"tgread_object": OBJECT, "tgread_string": STRING, "tgread_bytes": BYTES, "tgread_bool": BOOL}


class Unfamiliar(Exception):
    """A reader does something that the readers of the schema's objects don't do; Telethon has to do it."""


class Step(NamedTuple):
    """One step of reading: `kind` is a format of `struct` or one of the kinds above.

    `flags` and `bit` tell the word of flags and the bit in it that say whether the step is taken ("" = always). A
    `vector` holds any number of what `kind` says.
    """

    kind: str
    name: str
    flags: str = ""
    bit: int = 0
    vector: bool = False


class Layout(NamedTuple):
    """The class's name, and the steps in which an object of it is read, its constructor's number excluded."""

    name: str
    steps: tuple[Step, ...]

    @property
    def leading_flags(self) -> tuple[str, ...]:
        """The words of flags that stand at the very beginning."""
        words: list[str] = []
        for step in self.steps:
            if step.kind == FLAGS:
                words.append(step.name)
            elif step.kind != TRUE:
                break
        return tuple(words)


def layout_of(kind: type[Any]) -> Layout:
    """The layout of one of Telethon's classes. Raises `Unfamiliar` where its reader is not of the usual form."""
    try:
        source = textwrap.dedent(inspect.getsource(kind.from_reader))
        [function] = ast.parse(source).body
    except (OSError, SyntaxError, TypeError, ValueError, AttributeError) as error:
        raise Unfamiliar(f"{kind.__name__}: no source") from error
    if not isinstance(function, ast.FunctionDef):
        raise Unfamiliar(f"{kind.__name__}: no function")
    *body, last = function.body
    steps = tuple(_steps(body, "", 0))
    fields = {step.name for step in steps if step.kind != FLAGS}
    given = _given(last)
    made = f"return cls({', '.join(f'{name}=_{name}' for name in given)})"
    if set(given) != fields or ast.unparse(last) != made:
        raise Unfamiliar(f"{kind.__name__}: {ast.unparse(last)[:80]}")
    return Layout(kind.__name__, steps)


def _given(last: ast.stmt) -> list[str]:
    """The names of the arguments that the last statement makes the object of."""
    call = last.value if isinstance(last, ast.Return) else None
    return [str(each.arg) for each in call.keywords] if isinstance(call, ast.Call) else []


def _steps(body: list[ast.stmt], flags: str, bit: int) -> Iterator[Step]:
    """The steps of a block whose condition is `flags & bit`."""
    statements = iter(body)
    for statement in statements:
        if isinstance(statement, ast.Assign):
            yield _assigned(statement, flags, bit)
        elif isinstance(statement, ast.If) and not flags:
            inner_flags, inner_bit = _condition(statement.test)
            yield from _steps(statement.body, inner_flags, inner_bit)
        elif ast.unparse(statement) == "reader.read_int()":  # a vector's constructor; its items follow
            yield _vector(next(statements, None), next(statements, None), flags, bit)
        else:
            raise Unfamiliar(ast.unparse(statement)[:80])


def _condition(test: ast.expr) -> tuple[str, int]:
    match test:
        case ast.BinOp(ast.Name(id=flags), ast.BitAnd(), ast.Constant(value=int(bit))):
            return flags, bit
    raise Unfamiliar(ast.unparse(test))


def _assigned(statement: ast.Assign, flags: str, bit: int) -> Step:
    name = ast.unparse(statement.targets[0])
    match statement.value:
        case ast.Call(ast.Name(id="bool"), [ast.BinOp() as test], []) if not flags:
            return Step(TRUE, name.removeprefix("_"), *_condition(test))
    kind = _kind(statement.value)
    if name.startswith("_"):
        return Step(kind, name[1:], flags, bit)
    if kind != "i" or flags:
        raise Unfamiliar(ast.unparse(statement))
    return Step(FLAGS, name)


def _kind(call: ast.expr) -> str:
    """What a call of the reader reads."""
    match call:
        case ast.Call(ast.Attribute(value=ast.Name(id="reader"), attr=method), [], []):
            if method in FIXED:
                return FIXED[method]
            if method in _LONGER:
                return _LONGER[method]
    raise Unfamiliar(ast.unparse(call))


def _vector(empty: ast.stmt | None, loop: ast.stmt | None, flags: str, bit: int) -> Step:
    match empty, loop:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[])),
            ast.For(iter=ast.Call(ast.Name(id="range"), [count], []), body=[ast.Assign(value=value), append]),
        ) if (ast.unparse(count), ast.unparse(append)) == ("reader.read_int()", f"{name}.append(_x)"):
            return Step(_kind(value), name[1:], flags, bit, vector=True)
    raise Unfamiliar("a vector")
