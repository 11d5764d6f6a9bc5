"""Figures as JSON lines have them: those of the run's state, but with every key always there.

Between the program's own processes a value that has its default is left out. Whoever reads JSON lines has no defaults,
so zeros and unknowns are written, too.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct

from tobs_tui.model import run

T = TypeVar("T", bound=Struct)


class Sums(run.Totals, frozen=True, omit_defaults=False):
    __doc__ = run.Totals.__doc__


class Connection(run.ConnectionRow, frozen=True, omit_defaults=False):
    __doc__ = run.ConnectionRow.__doc__


class Gpu(run.GpuReading, frozen=True, omit_defaults=False):
    __doc__ = run.GpuReading.__doc__


class Process(run.ProcessReading, frozen=True, omit_defaults=False):
    __doc__ = run.ProcessReading.__doc__


class Cache(run.CacheReading, frozen=True, omit_defaults=False):
    __doc__ = run.CacheReading.__doc__


class Machine(run.Resources, frozen=True, omit_defaults=False):
    __doc__ = run.Resources.__doc__

    gpus: tuple[Gpu, ...] = ()
    processes: tuple[Process, ...] = ()
    caches: tuple[Cache, ...] = ()


def whole(figures: Struct, kind: type[T]) -> T:
    """The figures as `kind`, one of the types above, which has the same fields."""
    return msgspec.convert(figures, kind, from_attributes=True)
