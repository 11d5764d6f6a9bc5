"""Whether rendered Markdown says what a message said, by two parsers that the project did not write."""
