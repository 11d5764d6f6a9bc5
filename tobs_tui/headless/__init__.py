"""Runs without a screen: a client of the service that reports on a terminal, in plain lines, or as JSON lines."""
