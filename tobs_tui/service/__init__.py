"""The background worker process, one an account, and the control channel through which its clients drive it."""
