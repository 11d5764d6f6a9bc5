"""``python -m tobs_tui.sandbox``: the sandbox without the rest of the program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tobs_tui.sandbox import command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tobs_tui.sandbox", description="An embedded Telegram on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve a world until interrupted")
    manifest = commands.add_parser("manifest", help="print a world's ground truth as JSON")
    for each in (serve, manifest):
        each.add_argument("--world", choices=command.WORLDS, default="demo")
        each.add_argument("--seed", type=int, default=command.DEFAULT_SEED)
        each.add_argument("--messages", type=int, help="how many messages the bench world has")
    serve.add_argument("--file-bytes", type=int, help="how large the files of the world bench-files are")
    serve.add_argument("--latency-ms", type=int, default=0, help="delay of each answer")
    serve.add_argument("--port", type=int, default=0, help="the home data centre's port; 0 takes a free one")
    serve.add_argument("--state", type=Path, metavar="FILE", help="keep keys and sign-ins over restarts")
    serve.add_argument("--exit-with-parent", action="store_true", help="end when standard input ends")
    serve.add_argument("--takeout-delay", type=int, default=0, metavar="SECONDS", help="make new takeouts wait")
    serve.add_argument("--accept-qr-after", type=float, metavar="SECONDS", help="accept QR codes by itself")
    serve.add_argument("--faults", type=Path, metavar="FILE", help="a JSON list of faults to begin with")
    serve.add_argument("--edits", type=Path, metavar="FILE", help="a JSON list of what has happened to the world")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Gives the exit status."""
    given = _parser().parse_args(arguments)
    if given.command == "manifest":
        return command.manifest(given.world, given.seed, given.messages)
    return command.serve(
        given.world,
        given.seed,
        given.messages,
        given.latency_ms,
        given.port,
        given.state,
        exit_with_parent=given.exit_with_parent,
        takeout_delay_s=given.takeout_delay,
        accept_qr_after_s=given.accept_qr_after,
        faults=given.faults,
        edits=given.edits,
        file_bytes=given.file_bytes,
    )


if __name__ == "__main__":
    sys.exit(main())
