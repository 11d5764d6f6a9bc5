"""`tobs cache`: what is cached of each account, and forgetting it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import click

from tobs_tui.cache.file import SpaceSize, cache_files, sizes
from tobs_tui.cli.options import Options, Setting
from tobs_tui.config.paths import Paths
from tobs_tui.model.display import count, size


def cache_sizes(path: Path) -> list[SpaceSize] | None:
    """What a file holds; None when it cannot be read."""
    try:
        return sizes(path)
    except ValueError:
        return None


def show_cache(options: Options) -> int:
    """Print a table for each account. Gives the exit status."""
    files = cache_files(Setting(options).paths)
    if not files:
        click.echo("Nothing is cached.")
    for path in files:
        click.echo(f"{path} ({size(path.stat().st_size)})")
        found = cache_sizes(path)
        if found is None:
            click.echo("  damaged; the next start sets it aside")
            continue
        click.echo(f"  {'':<10}{'entries':>9}{'bytes':>10}{'found':>9}{'not':>9}{'dropped':>9}")
        for each in found:
            figures = (each.hits, each.misses, each.evictions)
            click.echo(
                f"  {each.name:<10}{count(each.entries):>9}{size(each.bytes):>10}"
                + "".join(f"{count(figure):>9}" for figure in figures)
            )
    return 0


def clear_cache(options: Options) -> int:
    """Forget everything, in the service that runs too. Gives the exit status."""
    from tobs_tui.service.launch import is_running

    paths = Setting(options).paths
    if is_running(paths):
        asyncio.run(_tell_service(paths))
    else:
        for path in cache_files(paths):
            shutil.rmtree(path.parent)
    paths.encoders_file.unlink(missing_ok=True)
    click.echo("The cache is empty.")
    return 0


async def _tell_service(paths: Paths) -> None:
    from tobs_tui.service.client import ServiceClient
    from tobs_tui.service.protocol import ClearCache

    client = await ServiceClient.connect(paths.socket)
    try:
        await client.call(ClearCache())
    finally:
        await client.close()
