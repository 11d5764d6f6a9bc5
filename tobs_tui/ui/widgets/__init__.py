"""Widgets painted line by line: panels of rows, bars, fields, and the frame around every screen."""
