"""Loading a world by its name."""

from __future__ import annotations

from tobs_tui.sandbox.worlds.world import World

DEFAULT_SEED = 1
WORLD_NAMES = ("demo", "bench", "bench-sparse", "bench-chats", "bench-files", "bench-mixed")


class UnknownWorld(ValueError):
    """There is no world of this name."""


def load_world(
    name: str = "demo", *, seed: int = DEFAULT_SEED, messages: int | None = None, file_bytes: int | None = None
) -> World:
    """The world of this name; the same seed gives the same bytes in every process and Python version.

    `messages` sets the size of a benchmark world: "bench" is a supergroup (100,000 by default), "bench-chats" twenty
    that share as many, "bench-sparse" a private chat (200,000), "bench-files" a channel (20) whose every message is a
    file of `file_bytes` (100 MB), "bench-mixed" the demo made up to 100,000 messages, with some hundred files more. The
    demo world has a size of its own and takes no notice. Raises `UnknownWorld`.
    """
    if name == "demo":
        from tobs_tui.sandbox.worlds.demo import load_demo

        return load_demo(seed)
    if name == "bench":
        from tobs_tui.sandbox.worlds.bench import DEFAULT_MESSAGES, load_bench

        return load_bench(seed, DEFAULT_MESSAGES if messages is None else messages)
    if name == "bench-chats":
        from tobs_tui.sandbox.worlds.bench import DEFAULT_MESSAGES, load_chats

        return load_chats(seed, DEFAULT_MESSAGES if messages is None else messages)
    if name == "bench-sparse":
        from tobs_tui.sandbox.worlds.bench import SPARSE_MESSAGES, load_sparse

        return load_sparse(seed, SPARSE_MESSAGES if messages is None else messages)
    if name == "bench-files":
        from tobs_tui.sandbox.worlds.bench_files import DEFAULT_BYTES, DEFAULT_FILES, load_files

        size = DEFAULT_BYTES if file_bytes is None else file_bytes
        return load_files(seed, DEFAULT_FILES if messages is None else messages, size)
    if name == "bench-mixed":
        from tobs_tui.sandbox.worlds.bench_mixed import DEFAULT_MESSAGES, load_mixed

        return load_mixed(seed, DEFAULT_MESSAGES if messages is None else messages)
    raise UnknownWorld(f'There is no world "{name}". Known worlds: {", ".join(WORLD_NAMES)}.')
