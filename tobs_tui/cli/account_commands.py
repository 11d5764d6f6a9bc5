"""The commands about the account's secrets: `tobs passphrase` and `tobs logout`."""

from __future__ import annotations

from pathlib import Path

import click

from tobs_tui.cli.places import merged, passphrase_option, place_options


@click.group(invoke_without_command=True)
@passphrase_option
@place_options
@click.pass_context
def passphrase(ctx: click.Context, demo: bool, server: Path | None) -> int | None:
    """Encrypt the session and the api hash of an account with a passphrase. Without a command: whether they are."""
    ctx.obj = merged(ctx, demo, server)
    if ctx.invoked_subcommand is not None:
        return None
    from tobs_tui.cli.account import show_protection

    return show_protection(ctx.obj)


@passphrase.command("set")
@click.option("--keyring", is_flag=True, help="Have the system's keyring keep a random one; nobody types anything.")
@click.option(
    "--new-passphrase-file",
    "new_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The new one is its first line; without, it is asked for.",
)
@passphrase_option
@place_options
@click.pass_context
def passphrase_set(ctx: click.Context, keyring: bool, new_file: Path | None, demo: bool, server: Path | None) -> int:
    """Set a passphrase, or another one in place of it. The one so far is asked for, unless it is given."""
    if keyring and new_file is not None:
        raise click.UsageError("--keyring makes a passphrase of its own: leave out --new-passphrase-file.", ctx)
    from tobs_tui.cli.account import set_passphrase

    return set_passphrase(merged(ctx, demo, server), in_keyring=keyring, new_file=new_file)


@passphrase.command("remove")
@passphrase_option
@place_options
@click.pass_context
def passphrase_remove(ctx: click.Context, demo: bool, server: Path | None) -> int:
    """Keep the session and the api hash in clear again, readable by you alone."""
    from tobs_tui.cli.account import remove_passphrase

    return remove_passphrase(merged(ctx, demo, server))


@click.command()
@click.option(
    "--local", is_flag=True, help="Do not tell Telegram, which keeps it among your devices. Needs no passphrase."
)
@passphrase_option
@place_options
@click.pass_context
def logout(ctx: click.Context, local: bool, demo: bool, server: Path | None) -> int:
    """Revoke the session at Telegram and remove it here. What was exported stays.

    Exit status: 0 done, 4 not signed in, or locked, 5 Telegram cannot be reached.
    """
    from tobs_tui.cli.account import log_out

    return log_out(merged(ctx, demo, server), local=local)


ACCOUNT_COMMANDS = (passphrase, logout)
