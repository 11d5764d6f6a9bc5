"""What was learned before and may be stale by now: bounded, in memory over a file, and never the truth."""
