"""Exports through the real command while processes are killed and the network fails, at seeded random moments.

``python -m tests.faults.chaos --kills 500 [--seed N] [--world bench-mixed] [--messages N] [--gone-s 120]`` exports a
world of 100,000 messages with media once undisturbed and holds the vault against the world's own truth; then again and
again, with as many kills as asked for and other harm in between, running the command anew whenever it ended early.
Every vault must end COMPLETE with the undisturbed one's bytes, a sound archive and a ledger without holes, as `tobs
verify` sees it. With `--gone-s` there is one more run, from which the server is away for so long, and which must go on
by itself. Prints a line an export and figures at the end; exit status 1 when a promise was broken. Times in which the
machine stood still are no recovery's, and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.compare_vault import differences
from tests.e2e.signing import sign_in_account
from tests.faults.chaos_export import COMPLETE, INTERRUPTED, Export, Telegram, problems_of
from tests.faults.chaos_harm import Disturber
from tests.integration.engine_help import vault_bytes
from tobs_tui.config.paths import Paths
from tobs_tui.config.server_file import load_server
from tobs_tui.sandbox.manifest import build_manifest
from tobs_tui.sandbox.threaded import running_sandbox
from tobs_tui.sandbox.worlds.loader import load_world
from tobs_tui.sandbox.worlds.world import World

LATENCY_MS = 10
KILLS = 60
AN_EXPORT = (25, 50)
"""How many kills an export suffers, at least and at most."""
OTHER_HARM = 0.25
"""The share of harm that kills nothing."""
STARTING = 0.15
"""The share of harm that strikes while the command and its service start."""
UNDER_WAY_AFTER = 60
"""Requests after which an export is surely under way, and far from done."""
RERUNS = 200
ENDED_BY = (-signal.SIGKILL, -signal.SIGHUP)
"""How a command ends that was killed, or whose terminal went away: it is only the reporter, the run goes on."""
STOOD_S = 2.0
"""A machine on which a short sleep takes so long stood still."""
_LOOK_S = 0.005


@dataclass
class Told:
    """What became of one export: its story, what is wrong, its kills by kind, and seconds from each start of the
    command after a kill until the run asked for something."""

    name: str
    story: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)


class Ordeal:
    """One export with disturbances. `length_s` is how long an undisturbed one takes."""

    def __init__(
        self, telegram: Telegram, export: Export, told: Told, luck: random.Random, kinds: Sequence[str], length_s: float
    ) -> None:
        self._telegram, self._export, self._told, self._luck = telegram, export, told, luck
        self._length_s = length_s
        self._disturber = Disturber(telegram, luck)
        chosen = list(kinds) or self._disturber.names
        self._kills = [name for name in chosen if name in self._disturber.kills]
        self._others = [name for name in chosen if name not in self._disturber.kills]
        self._struck = False

    def suffer(self, kills: int) -> None:
        """Run the command until it is done, with so many kills on the way (or as many as fit)."""
        told, export = self._told, self._export
        for _ in range(RERUNS):
            asked = self._telegram.asked()
            export.begin()
            if self._struck:
                self._recover(asked)
            while export.running and sum(told.kills.values()) < kills:
                self._strike(self._length_s * 2 / kills)
            if not export.running or sum(told.kills.values()) >= kills:
                status = export.end()
                told.story.append(f"-> {status}")
                if status == COMPLETE:
                    return
                if status not in (INTERRUPTED, *ENDED_BY):
                    told.problems.append(f"ended with {status}: {export.last_line()}")
        told.problems.append(f"not complete after {RERUNS} starts")

    def _recover(self, asked: int) -> None:
        """Wait until the run asks for something, or is to be hit while it starts."""
        hit_early = self._luck.random() < STARTING
        limit = time.monotonic() + (self._luck.uniform(0.0, 1.5) if hit_early else 60.0)
        while self._export.running and time.monotonic() < limit:
            if self._telegram.asked() > asked:
                self._told.recoveries.append(time.monotonic() - self._export.began)
                return
            before = time.monotonic()
            time.sleep(_LOOK_S)
            if time.monotonic() - before > STOOD_S:
                return

    def _strike(self, within_s: float) -> None:
        """Do some harm after a while, if the command has not ended by then."""
        moment = time.monotonic() + self._luck.uniform(0.0, within_s)
        while self._export.running and time.monotonic() < moment:
            time.sleep(_LOOK_S)
        if not self._export.running:
            return
        harmless = self._others and (not self._kills or self._luck.random() < OTHER_HARM)
        name = self._luck.choice(self._others) if harmless else self._disturber.choose_kill(self._kills)
        if not name:
            return
        struck = self._disturber.disturb(name, self._export)
        if name in self._disturber.kills and not struck:
            return  # there was no process of the kind
        self._told.kills[name] += struck
        self._told.story.append(name)
        self._struck = True


def outlasted(telegram: Telegram, folder: Path, chats: Sequence[int], gone_s: float, truth: dict[str, bytes]) -> Told:
    """An export from whose middle on the server is away for `gone_s` seconds."""
    told = Told(f"the server gone for {gone_s:.0f} s")
    export = Export(telegram, folder, chats, jobs=True)
    asked = telegram.asked()
    export.begin()
    while export.running and telegram.asked() < asked + UNDER_WAY_AFTER:
        time.sleep(_LOOK_S)
    if not export.running:
        told.problems.append("it was over before the server went away")
    gone = time.monotonic()
    telegram.sandbox.call(lambda server: server.go_away(gone_s))
    status = export.end(gone_s + 120)
    told.story.append(f"-> {status}")
    if status != COMPLETE:
        told.problems.append(f"ended with {status}: {export.last_line()}")
    elif time.monotonic() - gone < gone_s:
        told.problems.append("it was over before the server was back")
    told.problems += problems_of(export, truth)
    return told


def _untrue(vault: Path, world: World, chats: Sequence[int]) -> list[str]:
    """How a vault differs from its world. Videos were made smaller: their bytes are not the world's."""
    manifest: dict[str, Any] = msgspec.to_builtins(build_manifest(world))
    films = {file.sha256() for file in world.files.by_id.values() if (file.mime or "").startswith("video/")}
    manifest["media"] = [medium for medium in manifest["media"] if medium["sha256"] not in films]
    return differences(vault, manifest, chats=set(chats) or None)


def chaos(
    folder: Path,
    *,
    kills: int,
    seed: int,
    world: World,
    chats: Sequence[int] = (),
    kinds: Sequence[str] = (),
    latency_ms: float = LATENCY_MS,
    gone_s: float = 0.0,
    an_export: tuple[int, int] = AN_EXPORT,
) -> Iterator[Told]:
    """For each export what became of it, the undisturbed one first. The environment's TOBS_HOME is used."""
    with running_sandbox(world, latency_ms=latency_ms) as sandbox:
        telegram = Telegram(sandbox, folder / "telegram")
        paths = Paths.resolve(server=load_server(telegram.toml))
        try:
            asyncio.run(
                sign_in_account(paths, world.phone, world.code, world.password or "", server_file=telegram.toml)
            )
            calm = Export(telegram, folder / "calm", chats, jobs=True)
            calm.begin()
            told = Told("undisturbed")
            if calm.end() != COMPLETE:
                told.problems.append(f"ended with {calm.statuses[-1]}: {calm.output[-1][-2000:]}")
                yield told
                return
            length = time.monotonic() - calm.began
            truth = vault_bytes(calm.vault)
            told.problems += [*_untrue(calm.vault, world, chats), *problems_of(calm, truth)]
            told.story.append(f"{length:.0f} s, {len(truth)} files")
            yield told
            cache = paths.cache_dir
            if gone_s:
                _forget(telegram, cache)
                yield outlasted(telegram, folder / "gone", chats, gone_s, truth)
            yield from _ordeals(telegram, folder, cache, truth, chats, kinds, length, (kills, an_export, seed))
        finally:
            telegram.end_service()


def _forget(telegram: Telegram, cache: Path) -> None:
    """Empty the cache: it knows that the files lie in earlier vaults, so that none would be downloaded."""
    telegram.end_service()
    shutil.rmtree(cache, ignore_errors=True)


def _ordeals(
    telegram: Telegram,
    folder: Path,
    cache: Path,
    truth: dict[str, bytes],
    chats: Sequence[int],
    kinds: Sequence[str],
    length_s: float,
    measure: tuple[int, tuple[int, int], int],
) -> Iterator[Told]:
    """Exports with disturbances until there were as many kills as `measure` says; kills an export, and the seed."""
    wanted, (fewest, most), seed = measure
    done = number = 0
    while done < wanted:
        number += 1
        _forget(telegram, cache)
        luck = random.Random(seed * 1_000_003 + number)
        here = folder / f"export{number}"
        export, told = Export(telegram, here, chats, jobs=True), Told(f"export {number}")
        Ordeal(telegram, export, told, luck, kinds, length_s).suffer(min(wanted - done, luck.randint(fewest, most)))
        telegram.sandbox.call(lambda server: server.faults.clear())
        if export.statuses and export.statuses[-1] == COMPLETE:
            told.problems += problems_of(export, truth)
        done += sum(told.kills.values())
        yield told


def _figures(all_told: Sequence[Told]) -> str:
    """The numbers at the end."""
    kills = sum((told.kills for told in all_told), Counter[str]())
    times = sorted(time for told in all_told for time in told.recoveries)
    kinds = ", ".join(f"{name} {count}" for name, count in kills.most_common())
    exports = sum(1 for told in all_told if told.kills)
    bad = sum(bool(told.problems) for told in all_told)
    lines = [f"{kills.total()} kills in {exports} exports ({kinds}); {bad} exports with a problem"]
    if times:
        ninth = times[int(0.9 * (len(times) - 1))]
        lines.append(
            f"from the command to the run's first request, after {len(times)} kills: median "
            f"{statistics.median(times):.2f} s, nine in ten {ninth:.2f} s, worst {times[-1]:.2f} s"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Disturb and report; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", default="bench-mixed")
    parser.add_argument("--messages", type=int)
    parser.add_argument("--chat", type=int, action="append", default=[])
    parser.add_argument("--kind", action="append", default=[])
    parser.add_argument("--latency-ms", type=int, default=LATENCY_MS)
    parser.add_argument("--gone-s", type=float, default=0.0)
    parser.add_argument("--keep", type=Path, help="a folder that stays, for looking into it")
    wanted = parser.parse_args(arguments)
    world = load_world(wanted.world, messages=wanted.messages)
    all_told: list[Told] = []
    with tempfile.TemporaryDirectory(prefix="tobs-chaos-") as temporary:
        folder = wanted.keep or Path(temporary)
        os.environ.update(TOBS_HOME=str(folder / "home"), TOBS_API_ID="12345", TOBS_API_HASH="0123456789abcdef" * 2)
        for told in chaos(
            folder,
            kills=wanted.kills,
            seed=wanted.seed,
            world=world,
            chats=wanted.chat,
            kinds=wanted.kind,
            latency_ms=wanted.latency_ms,
            gone_s=wanted.gone_s,
        ):
            all_told.append(told)
            verdict = "; ".join(told.problems[:8]) if told.problems else "same bytes"
            print(f"{told.name}: {', '.join(told.story)}: {verdict}", flush=True)
    print(_figures(all_told))
    return 1 if any(told.problems for told in all_told) else 0


if __name__ == "__main__":
    sys.exit(main())
