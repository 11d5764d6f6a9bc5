"""The demo world: some twenty chats in many scripts, with everything that a Telegram message can be."""

from __future__ import annotations

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import channel as channels
from tobs_tui.sandbox.worlds.demo import forums, hostile, media, museum, ordinary
from tobs_tui.sandbox.worlds.demo.sprinkle import LateVotes
from tobs_tui.sandbox.worlds.peers import channel_key
from tobs_tui.sandbox.worlds.script import START, number_own, number_shared
from tobs_tui.sandbox.worlds.world import MAX_ID, ChatFolder, DialogEntry, World

_PEOPLE_WITH_PHOTOS = (cast.ZOE, cast.IVAN, cast.NOOR, cast.KENJI, cast.MIRA, cast.ADA, cast.ME)


def load_demo(seed: int) -> World:
    """Write the demo world from its seed."""
    world = cast.new_world("demo", seed)
    cast.add_people(world)
    for number, user_id in enumerate(_PEOPLE_WITH_PHOTOS):
        world.users[user_id].photo = media.avatar(world.files, START, number)
    world.custom_emoji = [media.custom_emoji(world.files, START, alt) for alt in ("🌟", "🔥", "🦊", "🧭", "🎈")]
    late = LateVotes()
    before, after = ordinary.office(world, late)
    forum_list = [forums.atlas(world, late), forums.languages(world, late)]
    broadcast = channels.orbit(world, late)
    gallery = museum.build(world, late)
    own = [
        after,
        broadcast.posts,
        broadcast.comments,
        gallery,
        *ordinary.supergroups(world, late),
        hostile.long_title(world),
        ordinary.outside(world, late),
        *(forum.script for forum in forum_list),
    ]
    shared = [
        before,
        channels.saved_messages(world),
        *ordinary.private_chats(world, late),
        ordinary.weather_bot(world),
        *ordinary.basic_groups(world, late),
        *hostile.private_chats(world),
    ]
    for script in own:
        number_own(script)
    newest = number_shared(shared, seed)
    for forum in forum_list:
        forums.list_topics(forum.channel, forum.plans, forum.roots, hidden_general=forum.hidden_general)
    broadcast.settle()
    late.settle()
    office = world.channel(after.peer)
    office.migrated_from_max_id = before.drafts[-1].id
    world.splits = [(1, newest // 3), (newest // 3 + 1, newest * 2 // 3), (newest * 2 // 3 + 1, MAX_ID)]
    world.invites["AtlasMakersInvite"] = channel_key(forums.ATLAS_ID)
    for number, channel_id in enumerate((ordinary.LOUNGE_ID, forums.ATLAS_ID, channels.ORBIT_ID, ordinary.FLAT_ID)):
        world.channels[channel_id].photo = media.avatar(world.files, START, number + 3)
    _dialogs(world)
    return world


def _dialogs(world: World) -> None:
    """The dialog list, its pins, the archived chat, and the folders."""
    atlas, lounge = channel_key(forums.ATLAS_ID), channel_key(ordinary.LOUNGE_ID)
    flat, orbit = channel_key(ordinary.FLAT_ID), channel_key(channels.ORBIT_ID)
    pins = {world.me_id: 1, atlas: 2, lounge: 3}
    hidden = {-ordinary.OFFICE_OLD_ID, channel_key(ordinary.HARBOR_ID), channel_key(ordinary.CLOSED_ID)}
    unread = {lounge: 37, orbit: 4, cast.ZOE: 1}
    for key in world.histories:
        if key not in hidden:
            world.dialogs.append(
                DialogEntry(key, pins.get(key, 0), folder=1 if key == flat else 0, unread=unread.get(key, 0))
            )
    languages, office = channel_key(forums.LANGUAGES_ID), channel_key(ordinary.OFFICE_ID)
    world.folders = [
        ChatFolder(2, "Work 💼", "💼", include=[office, channel_key(ordinary.BOARD_ID), cast.IVAN], pinned=[lounge]),
        ChatFolder(3, "Maps & words", include=[atlas, languages]),
        ChatFolder(4, "News", kinds=frozenset({"broadcasts", "exclude_archived"})),
    ]
