"""Reads the JSON exports of Telegram Desktop as this program's own records; no archive and no network here."""
