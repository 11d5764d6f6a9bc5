"""The Message Museum: a supergroup in which every kind of entity, medium, field and service message is on show
once."""

from __future__ import annotations

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo.ordinary import add_channel, rng_for
from tobs_tui.sandbox.worlds.demo.sprinkle import LateVotes
from tobs_tui.sandbox.worlds.peers import Channel
from tobs_tui.sandbox.worlds.script import DAY, END, START, Script
from tobs_tui.sandbox.worlds.world import World

MUSEUM_ID = 1_680_000_001


def build(world: World, late: LateVotes) -> Script:
    """Write the museum."""
    members = [cast.ADA, world.me_id, cast.NOOR, cast.IVAN, cast.YAEL, cast.KENJI]
    channel = add_channel(
        world,
        Channel(
            MUSEUM_ID,
            "Message Museum 🏛",
            START + 140 * DAY,
            username="message_museum_demo",
            members=members,
            creator_id=cast.ADA,
            about="One of everything.",
        ),
    )
    script = Script(world, channel.key, rng_for(world, "museum"), END - 90 * DAY)
    script.say(cast.ADA, "Welcome!")
    return script
