"""Writing down what is said in voice notes, round videos, music and films, with faster-whisper.

Nothing here is imported by a process that does not transcribe: the model lives in one of its own.
"""
