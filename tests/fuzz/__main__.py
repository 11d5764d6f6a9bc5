"""`python -m tests.fuzz --runs 100000`: each target in a process of its own, and a table of what came of it."""

from __future__ import annotations

import argparse
import contextlib
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tests.fuzz.runner import TIMEOUT_S, Report, confine, input_of, run
from tests.fuzz.targets import TARGETS

MOST_MEMORY = 200 * 10**6
"""Bytes that no target may ever have had at once."""
_PLACE = struct.Struct("<q")


def main() -> int:
    """The exit status is 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--targets", default=",".join(TARGETS), help="comma-separated")
    parser.add_argument("--only", type=int, help="write the input of this number into a file, and have it taken")
    parser.add_argument("--seconds", type=float, default=0.0, help="stop each target after so long (0 = never)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--child", nargs=2, metavar=("SEEDS", "PLACE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.targets.split(",")
    if options.child:
        return _child(names[0], options, *options.child)
    if options.only is not None:
        return _only(names[0], options)
    print(f"{'decoder':18}{'inputs':>9}{'accepted':>10}{'refused':>9}{'slowest':>10}{'peak RSS':>10}{'time':>8}")
    good = True
    for name in names:
        good = _target(name, options) and good
    return 0 if good else 1


def _target(name: str, options: argparse.Namespace) -> bool:
    """Run one target and print its row; whether all is well."""
    with tempfile.TemporaryDirectory() as folder:
        seeds, place = Path(folder) / "seeds", Path(folder) / "place"
        place.write_bytes(_PLACE.pack(-1))
        making = [
            sys.executable,
            "-c",
            f"from tests.fuzz.targets import write_seeds; write_seeds({name!r}, {str(seeds)!r})",
        ]
        subprocess.run(making, check=True)
        command = [sys.executable, "-m", "tests.fuzz", "--targets", name, "--runs", str(options.runs)]
        command += [
            "--seed",
            str(options.seed),
            "--first",
            str(options.first),
            "--seconds",
            str(options.seconds),
            "--child",
            str(seeds),
            str(place),
        ]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said, trouble = _watched(child, place)
    if child.returncode != 0:
        (at,) = _PLACE.unpack(trouble[0])
        print(f"{name:18} ended with {child.returncode} at input {at}\n{trouble[1].decode(errors='replace')[-3000:]}")
        return False
    report = msgspec.json.decode(said, type=Report)
    memory = f"{report.peak_memory / 1e6:.0f} MB"
    print(
        f"{name:18}{report.inputs:>9}{report.accepted:>10}{report.refused:>9}{report.slowest_ms:>7.0f} ms"
        f"{memory:>10}{report.seconds:>6.0f} s   slowest: input {report.slowest}",
        flush=True,
    )
    for finding in report.findings:
        print(f"  input {finding.index} ({finding.sha256[:12]}): {finding.error}\n{finding.trace}")
    if report.peak_memory > MOST_MEMORY:
        print(f"  more memory than {MOST_MEMORY / 1e6:.0f} MB")
    return not report.findings and report.peak_memory <= MOST_MEMORY


def _watched(child: subprocess.Popen[bytes], place: Path) -> tuple[bytes, tuple[bytes, bytes]]:
    """What a child says; it is killed when it stays at one input: native code does not hear the alarm."""
    at, since = b"", time.monotonic()
    while True:
        try:
            said, trouble = child.communicate(timeout=1)
            return said, (place.read_bytes(), trouble)
        except subprocess.TimeoutExpired:
            now = place.read_bytes()
            if now != at:
                at, since = now, time.monotonic()
            elif now != _PLACE.pack(-1) and time.monotonic() - since > 20 * TIMEOUT_S:
                os.kill(child.pid, signal.SIGKILL)


def _child(name: str, options: argparse.Namespace, seeds: str, place: str) -> int:
    """Take the inputs; the report goes to standard output."""
    target = TARGETS[name]()
    given = msgspec.msgpack.decode(Path(seeds).read_bytes(), type=list[bytes])
    confine()
    with Path(place).open("r+b") as file, mmap.mmap(file.fileno(), _PLACE.size) as shown:

        def told(index: int) -> None:
            _PLACE.pack_into(shown, 0, index)

        report = run(target, given, options.runs, options.seed, first=options.first, told=told, seconds=options.seconds)
    sys.stdout.buffer.write(msgspec.json.encode(report))
    return 0


def _only(name: str, options: argparse.Namespace) -> int:
    """One input: written to a file, and taken."""
    target = TARGETS[name]()
    seeds = target.seeds()
    with tempfile.TemporaryDirectory() as folder:
        target.open(Path(folder))
        data, _ = input_of(target, seeds, options.seed, options.only)
        file = Path(f"fuzz-{name}-{options.seed}-{options.only}.bin")
        file.write_bytes(data)
        print(f"{len(data)} bytes in {file}")
        with contextlib.closing(target):
            began = time.perf_counter()
            print("accepted" if target.take(data) else "refused", f"{(time.perf_counter() - began) * 1000:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
