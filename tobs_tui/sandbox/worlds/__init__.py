"""The contents of the embedded Telegram: users, chats, messages and files, deterministic from a seed."""
