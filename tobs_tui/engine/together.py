"""Several pieces of work at once, as one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def until_failure(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Wait for all of them; the first failure stops the others and is raised. Cancelled, it cancels each of them once,
    and waits for what they do about it."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        if not task.cancelled():
            task.result()


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
