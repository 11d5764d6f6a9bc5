"""What the assets are called, how large they are, and what the spoken notes say."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PHOTO_NAMES = ("sunset", "coast", "fjord", "desert", "stars", "lake", "chart", "city")
"""Photos; each has sizes ``m`` (320 wide) and ``x`` (800), every other one ``y`` (1280)."""
PHOTO_HEIGHTS = {"m": 214, "x": 534, "y": 854}
PHOTO_WIDTHS = {"m": 320, "x": 800, "y": 1280}
AVATARS = 6

SPOKEN = {
    "voice_meeting": (
        "Hello Alex, this is Zoe. The meeting moves to Thursday at nine thirty. Please bring the printed maps."
    ),
    "voice_groceries": "We still need apples, two bottles of milk, and a loaf of bread for tomorrow morning.",
    "voice_train": "My train is twenty minutes late, so please start dinner without me.",
    "voice_release": "Version three is ready. All tests have passed, and the release notes are in the shared folder.",
}
"""The words of each voice note (``<name>.ogg``), in English, exactly as they were spoken."""
SPOKEN_ROUND = "We are at the bridge. See you there at noon."
"""What is said in the round video message (``round.mp4``)."""
VOICE_SECONDS = {"voice_meeting": 8, "voice_groceries": 6, "voice_train": 5, "voice_release": 6}


@cache
def asset(name: str) -> bytes:
    """The bytes of an asset file, read once."""
    return files(__package__).joinpath(name).read_bytes()
