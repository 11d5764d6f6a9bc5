"""Sensors and what is made of them: the clock, rates, samples of the machine, thresholds and alerts, the log file."""
