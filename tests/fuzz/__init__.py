"""Throws broken bytes at everything that reads what others have written, and watches time and memory.

Each target (`tests.fuzz.targets`) is a decoder of the program with real seeds, which `tests.fuzz.mutate` breaks: input
number N of seed S is always the same. `python -m tests.fuzz` runs each target in a process of its own.
"""
