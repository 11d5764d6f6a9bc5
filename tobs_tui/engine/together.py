"""Several pieces of work at once, as one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def all_or_none(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Do all of it at once; gives the results in order. The first that fails stops the others, and its error is
    raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
