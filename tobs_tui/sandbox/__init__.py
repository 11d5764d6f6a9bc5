"""The sandbox: an embedded Telegram that speaks MTProto 2.0 on loopback, with worlds to export.

Stands apart from the product: it may use telethon's TL types and `tobs_tui.model`, and only the command line and the
tests import it.
"""
