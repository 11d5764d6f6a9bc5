"""tobs_tui exports Telegram chats, channels and forums to a Markdown vault."""

__version__ = "0.1.0"
