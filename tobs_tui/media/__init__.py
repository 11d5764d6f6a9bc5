"""Files of messages on disk: parts that survive a kill, a store that keeps equal bytes once, readable names."""
