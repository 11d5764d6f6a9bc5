"""A run: plan, fetch, decode, commit, render and media, with backpressure between the stages and one state machine."""
