"""The commands and their options. Each hands over to a module that is imported only when the command runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tobs_tui import __version__
from tobs_tui.cli.account_commands import ACCOUNT_COMMANDS
from tobs_tui.cli.formats import chosen, format_option
from tobs_tui.cli.looks import hidden, look_flags, look_options, pseudonyms_option
from tobs_tui.cli.options import Options
from tobs_tui.cli.places import FILE, F, merged, passphrase_option, place_options
from tobs_tui.cli.profile_commands import PROFILE_COMMANDS
from tobs_tui.cli.vault_commands import VAULT_COMMANDS

_HELP = {"help_option_names": ["-h", "--help"]}
_EPILOG = (
    "Exit status: 0 complete, 1 unexpected, 2 usage or a bad profile, 3 finished but some items could not be had, "
    "4 not signed in, or locked with a passphrase that was not given, 5 interrupted (run again to go on), "
    "6 Telegram asked to wait (run again later)."
)


_FLAGS = {
    "filters.senders": "--sender",
    "performance.takeout": "--no-takeout",
    "layout.formats": "--format",
    "transcription.enabled": "--transcribe",
    "metrics_port": "--metrics",
}
"""Flags that are not called as the key that they set."""
_TRANSCODE = {"video": ("h264", "hevc", "av1"), "audio": ("opus",), "images": ("webp", "jpeg")}
_FLAGS |= {f"media.transcode.{kind}": "--transcode" for kind in _TRANSCODE}


class ProfileGroup(click.Group):
    """A group of commands whose first argument may also be a saved profile's name, with options before or after it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As `click.Group`, unless the first positional argument is no command: then it is the profile."""
        _, positional, _ = self.make_parser(ctx).parse_args(list(args)) if "--" not in args else ({}, ["--"], [])
        if positional and positional[0] in self.commands:
            return super().parse_args(ctx, args)
        ctx.allow_interspersed_args = True
        rest = click.Command.parse_args(self, ctx, args)
        if len(rest) > 1:
            raise click.UsageError(f"One profile at a time: {rest[0]}, or {rest[1]}?", ctx)
        ctx.params["profile"] = rest[0] if rest else ""
        ctx.args = []
        return ctx.args


def _filter_options(command: F) -> F:
    """The options that say which messages are meant."""
    for option in (
        click.option("--text", metavar="T", help="Show only messages whose text holds T; /T/ is a regular expression."),
        click.option(
            "--sender", "senders", multiple=True, metavar="X", help="Show only messages by @name, id or name."
        ),
        click.option("--only-mine", is_flag=True, help="Only what this account wrote."),
        click.option("--from-id", type=int, metavar="ID", help="Only messages from this id on."),
        click.option(
            "--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N messages of each chat."
        ),
        click.option("--until", metavar="DAY", help="Up to this day: 2024-05-31."),
        click.option("--since", metavar="DAY", help="From this day on: 2024-05-01."),
    ):
        command = option(command)
    return command


def _print_schema(ctx: click.Context, parameter: click.Parameter, wanted: str | None) -> None:
    """Print a JSON Schema, as --version prints the version, and end."""
    if wanted is None or ctx.resilient_parsing:
        return
    import json

    from tobs_tui.headless.schema import json_schema
    from tobs_tui.model.report import report_schema

    click.echo(json.dumps(report_schema() if wanted == "report" else json_schema(), indent=2))
    ctx.exit()


@click.group(
    cls=ProfileGroup,
    invoke_without_command=True,
    subcommand_metavar="[PROFILE | COMMAND ...]",
    context_settings=_HELP,
    epilog=_EPILOG,
)
@click.option("--headless", is_flag=True, help="No screen: report on the terminal, or in plain lines to a pipe.")
@click.option("--json", "json_lines", is_flag=True, help="Headless, with JSON lines on standard output.")
@click.option(
    "--json-schema",
    type=click.Choice(["lines", "report"]),
    is_flag=False,
    flag_value="lines",
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of these lines, or with =report of a run's report, and end.",
)
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="The vault's folder.")
@click.option("--chat", "chats", multiple=True, metavar="X", help="Export this chat: id, @name, link or exact title.")
@click.option("--all-chats", is_flag=True, help="Export every chat.")
@_filter_options
@format_option
@look_options
@pseudonyms_option
@click.option(
    "--transcode",
    "transcode",
    multiple=True,
    metavar="F",
    help="Make downloaded files smaller: h264, hevc or av1 for videos, opus for sounds, webp or jpeg for pictures.",
)
@click.option("--executor", metavar="URL", help="Where that is done: dask://host:port of a cluster's scheduler.")
@click.option("--transcribe", is_flag=True, help="Also write down what is said in voice notes and round videos.")
@click.option("--no-takeout", is_flag=True, help="Export without a takeout session: begins at once, but is slower.")
@click.option("--refresh", is_flag=True, help="Also look for edits, reactions and deletions in what is there already.")
@click.option("--refresh-window", metavar="W", help="How far back: 30d, 5000 (messages) or all; by default 7d.")
@click.option(
    "--metrics",
    "metrics_port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Serve the run's figures to Prometheus at this port, on this machine only.",
)
@click.option("--plan", is_flag=True, help="Only count and estimate what would be exported; with --json for a machine.")
@click.option("--low-bandwidth", is_flag=True, default=None, help="Paint less often, for slow links.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@passphrase_option
@place_options
@click.version_option(__version__, prog_name="tobs")
@click.pass_context
def tobs(
    ctx: click.Context,
    /,
    headless: bool,
    json_lines: bool,
    output: str | None,
    chats: tuple[str, ...],
    all_chats: bool,
    low_bandwidth: bool | None,
    no_mouse: bool,
    demo: bool,
    server: Path | None,
    plan: bool,
    refresh: bool,
    refresh_window: str | None,
    no_takeout: bool,
    formats: tuple[str, ...],
    transcode: tuple[str, ...],
    executor: str | None,
    transcribe: bool,
    metrics_port: int | None,
    pseudonymise: bool,
    profile: str = "",
    **filters: Any,
) -> int | None:
    """Export Telegram chats, channels and forums to a Markdown vault.

    tobs opens the full-screen application; tobs PROFILE starts a saved profile and shows its run; tobs --headless
    PROFILE does so without a screen. The work goes on in the background when the terminal goes away.
    """
    looks = look_flags(filters)
    options = Options(
        profile=profile,
        headless=headless or json_lines,
        json_lines=json_lines,
        output=output,
        chats=chats,
        all_chats=all_chats,
        low_bandwidth=low_bandwidth,
        no_mouse=no_mouse,
        demo=demo,
        server=server,
        plan=plan,
        refresh=refresh or refresh_window is not None,
        refresh_window=refresh_window,
        filters=_filters_of(filters)
        + ((("performance.takeout", False),) if no_takeout else ())
        + ((("transcription.enabled", True),) if transcribe else ())
        + ((("metrics_port", metrics_port),) if metrics_port is not None else ())
        + chosen(formats)
        + looks
        + hidden(pseudonymise)
        + _work_on_files(ctx, transcode, executor),
    )
    ctx.obj = options
    _refuse_empty(ctx, options, (filters["text"],), filters["senders"])
    if ctx.invoked_subcommand is not None:
        _refuse_idle(ctx, options)
        return None
    _refuse_contradictions(ctx, options)
    return _carry_out(options)


def _carry_out(options: Options) -> int:
    """Plan, export without a screen, or open the screens. Gives the exit status."""
    if options.plan:
        from tobs_tui.cli.plan import print_plan

        return print_plan(options)
    if options.headless:
        from tobs_tui.cli.export import export_headless

        return export_headless(options)
    from tobs_tui.cli.export import export_on_screen

    return export_on_screen(options)


def _filters_of(given: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The settings behind the options that say which messages are meant."""
    used = {name: value for name, value in given.items() if value is not None and value is not False and value != ()}
    return tuple((f"filters.{name}", value) for name, value in used.items())


def _work_on_files(ctx: click.Context, given: tuple[str, ...], executor: str | None) -> tuple[tuple[str, str], ...]:
    """The settings behind --transcode, of which each format is of one kind of files, and behind --executor."""
    chosen: dict[str, str] = {}
    for word in (word.strip().lower() for words in given for word in words.split(",")):
        kind = next((kind for kind, formats in _TRANSCODE.items() if word in formats), "")
        if not kind:
            known = ", ".join(format for formats in _TRANSCODE.values() for format in formats)
            raise click.UsageError(f"--transcode knows no format {word!r}; it knows {known}.", ctx)
        if chosen.setdefault(kind, word) != word:
            raise click.UsageError(f"--transcode takes one format for {kind}: {chosen[kind]}, or {word}?", ctx)
    where = (("media.executor", executor),) if executor is not None else ()
    return (*((f"media.transcode.{kind}", word) for kind, word in chosen.items()), *where)


def _refuse_empty(
    ctx: click.Context, options: Options, texts: tuple[str | None, ...], senders: tuple[str, ...]
) -> None:
    """Refuse options that are there and say nothing."""
    if options.output is not None and not options.output.strip():
        raise click.UsageError("--output needs a folder; it is empty.", ctx)
    if not all(chat.strip() for chat in options.chats):
        raise click.UsageError("--chat needs an id, an @name, a link or a title; it is empty.", ctx)
    for flag, given in (("--text", texts), ("--sender", senders)):
        if any(word is not None and not word.strip() for word in given):
            raise click.UsageError(f"{flag} is empty, which would let every message through.", ctx)


def _refuse_contradictions(ctx: click.Context, options: Options) -> None:
    """Refuse options that do not go together."""
    if options.demo and options.server is not None:
        raise click.UsageError("--demo brings its own server: leave out --server.", ctx)
    if options.chats and options.all_chats:
        raise click.UsageError("--all-chats has every chat: leave out --chat.", ctx)
    if options.refresh and not (options.headless or options.profile or options.chats or options.all_chats):
        raise click.UsageError("--refresh needs to know what: a profile's name, --chat X or --all-chats.", ctx)
    if options.refresh and options.plan:
        raise click.UsageError("--plan counts what is to be fetched: leave out --refresh.", ctx)
    if options.plan and options.chooses("metrics_port"):
        raise click.UsageError("--plan starts no run, of which there would be figures: leave out --metrics.", ctx)


def _refuse_idle(ctx: click.Context, options: Options) -> None:
    """Refuse options for runs before a command that would do nothing with them."""
    idle = {
        "--plan": options.plan,
        "--headless": options.headless and not options.json_lines,
        "--json": options.json_lines,
    }
    if ctx.invoked_subcommand not in ("config", "doctor"):
        idle |= {
            "--output": options.output is not None,
            "--chat": bool(options.chats),
            "--all-chats": options.all_chats,
            "--refresh": options.refresh,
            **{_FLAGS.get(key, f"--{key.partition('.')[2].replace('_', '-')}"): True for key, _ in options.filters},
        }
        if ctx.invoked_subcommand != "web":
            idle |= {"--low-bandwidth": bool(options.low_bandwidth), "--no-mouse": options.no_mouse}
    for name, given in idle.items():
        if given:
            raise click.UsageError(f"{name} is for runs: tobs {ctx.invoked_subcommand} has no use for it.", ctx)


@tobs.command()
@place_options
@click.pass_context
def doctor(ctx: click.Context, demo: bool, server: Path | None) -> int:
    """Check this machine: packages, terminal, paths, disk, ffmpeg, GPU, session, service."""
    from tobs_tui.cli.doctor import examine

    return examine(merged(ctx, demo, server))


@tobs.command()
@click.argument("profile", default="")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; by default only to this machine."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8717, show_default=True, help="The port; 0 takes a free one."
)
@place_options
@click.pass_context
def web(ctx: click.Context, profile: str, host: str, port: int, demo: bool, server: Path | None) -> int:
    """The same screens in a browser; with PROFILE, straight on its run. Ctrl+C ends them, and no run.

    Prints an address with a token, without which nobody gets in. Needs the extra web: tobs-tui[web].
    """
    from tobs_tui.cli.web import serve

    return serve(replace(merged(ctx, demo, server), profile=profile), host, port)


@tobs.group()
def config() -> None:
    """What is in force, and where it came from."""


@config.command("show")
@click.argument("profile", default="")
@place_options
@click.pass_context
def config_show(ctx: click.Context, profile: str, demo: bool, server: Path | None) -> int:
    """Every value with the layer it came from: defaults < auto-tuning < settings file < profile < environment TOBS_*
    and .env < flags."""
    from tobs_tui.cli.show import show_config

    return show_config(merged(ctx, demo, server), profile)


@config.command("variables")
def config_variables() -> int:
    """The environment variables that tobs reads."""
    from tobs_tui.cli.show import show_variables

    return show_variables()


@config.command("keys")
@place_options
@click.pass_context
def config_keys(ctx: click.Context, demo: bool, server: Path | None) -> int:
    """Every action with its id, its keys and where these come from, as lines for the settings file."""
    from tobs_tui.cli.show import show_keys

    return show_keys(merged(ctx, demo, server))


for _command in (*VAULT_COMMANDS, *PROFILE_COMMANDS, *ACCOUNT_COMMANDS):
    tobs.add_command(_command)


@tobs.group()
def cache() -> None:
    """What was learned from Telegram before, so that it is not asked again: look at it, or forget it."""


@cache.command("show")
@place_options
@click.pass_context
def cache_show(ctx: click.Context, demo: bool, server: Path | None) -> int:
    """Entries, bytes, and how often they were found, for each account."""
    from tobs_tui.cli.cache import show_cache

    return show_cache(merged(ctx, demo, server))


@cache.command("clear")
@place_options
@click.pass_context
def cache_clear(ctx: click.Context, demo: bool, server: Path | None) -> int:
    """Forget all of it. Nothing that was exported is touched."""
    from tobs_tui.cli.cache import clear_cache

    return clear_cache(merged(ctx, demo, server))


@tobs.group()
def sandbox() -> None:
    """The embedded Telegram, by itself: for trying things out and for tests."""


def _world_options(command: F) -> F:
    command = click.option("--messages", type=click.IntRange(min=1), help="How many messages the bench world has.")(
        command
    )
    command = click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same world.")(command)
    return click.option(
        "--world",
        type=click.Choice(["demo", "bench", "bench-sparse", "bench-chats", "bench-files", "bench-mixed"]),
        default="demo",
        show_default=True,
        help="What is served.",
    )(command)


def _check_world(world: str, messages: int | None) -> None:
    """Refuse a size for the demo world: its messages are what they are."""
    if messages is not None and world == "demo":
        raise click.UsageError("--messages is for the bench world: add --world bench.")


@sandbox.command("serve")
@_world_options
@click.option("--file-bytes", type=click.IntRange(min=0), help="How large the files of the world bench-files are.")
@click.option("--latency-ms", type=click.IntRange(min=0), default=0, help="Delay of each answer.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The home data centre's port; 0 takes a free one."
)
@click.option("--state", type=FILE, metavar="FILE", help="Keep keys and sign-ins over restarts.")
@click.option("--takeout-delay", type=click.IntRange(min=0), default=0, metavar="SECONDS", help="Make takeouts wait.")
@click.option("--accept-qr-after", type=float, metavar="SECONDS", help="Accept QR codes by itself.")
@click.option("--faults", type=FILE, metavar="FILE", help="A JSON list of faults to begin with.")
@click.option("--edits", type=FILE, metavar="FILE", help="A JSON list of what has happened to the world.")
@click.option("--exit-with-parent", is_flag=True, help="End when standard input ends.")
def sandbox_serve(**given: Any) -> int:
    """Serve a world until interrupted. The first line of output is JSON: host, port, dc, public_key, phone, code,
    password."""
    from tobs_tui.cli.sandbox import serve

    _check_world(given["world"], given["messages"])
    return serve(**given)


@sandbox.command("manifest")
@_world_options
def sandbox_manifest(world: str, seed: int, messages: int | None) -> int:
    """Print a world's ground truth as JSON: chats, topics, message ids, media, login."""
    from tobs_tui.cli.sandbox import manifest

    _check_world(world, messages)
    return manifest(world, seed, messages)


@tobs.command(hidden=True)
@place_options
@click.option("--idle-exit", type=float, metavar="SECONDS", help="End after this long with no client and no run.")
@click.pass_context
def service(ctx: click.Context, demo: bool, server: Path | None, idle_exit: float | None) -> int:
    """The background worker process; started by itself."""
    from tobs_tui.cli.export import serve_account

    return serve_account(merged(ctx, demo, server), idle_exit)
