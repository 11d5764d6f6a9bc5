"""The demo's channel, with comments in its linked discussion group, and the account's Saved Messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.demo.ordinary import add_channel, rng_for
from tobs_tui.sandbox.worlds.demo.sprinkle import LateVotes, add_medium, add_poll, react_and_edit
from tobs_tui.sandbox.worlds.history import Draft
from tobs_tui.sandbox.worlds.markup import parse
from tobs_tui.sandbox.worlds.peers import Channel, tl_peer
from tobs_tui.sandbox.worlds.prose import english
from tobs_tui.sandbox.worlds.prose.talk import Talk
from tobs_tui.sandbox.worlds.script import DAY, END, START, Script
from tobs_tui.sandbox.worlds.world import World

ORBIT_ID, ORBIT_CHAT_ID = 1_650_000_001, 1_650_000_002
POSTS = 420


@dataclass
class Broadcast:
    """A channel and its discussion group, not yet numbered; `copies` pairs each post with its copy in the group."""

    posts: Script
    comments: Script
    copies: list[tuple[Draft, Draft]]

    def settle(self) -> None:
        """Tell the world which comment thread belongs to which post, once both have ids."""
        world = self.posts.world
        for post, copy in self.copies:
            world.comment_roots[self.posts.peer, post.id] = copy.id


def _replies(comments: Script, copy: Draft) -> Any:
    """The reply counter of a channel post, read off its thread at the moment it is served."""
    group = comments.world.channel(comments.peer)

    def build() -> Any:
        history = comments.log
        thread = history.thread(copy.id)
        newest = [history.drafts[position].sender for position in list(thread)[-3:]]
        return types.MessageReplies(
            replies=len(thread),
            replies_pts=1,
            comments=True,
            channel_id=group.id,
            recent_repliers=[tl_peer(sender) for sender in dict.fromkeys(newest)] or None,
            max_id=history.ids[thread[-1]] if thread else None,
        )

    return build


def _forward(posts: Script, post: Draft, author: str | None) -> Any:
    peer = tl_peer(posts.peer)
    return lambda: types.MessageFwdHeader(
        date=post.date,
        from_id=peer,
        channel_post=post.id,
        saved_from_peer=peer,
        saved_from_msg_id=post.id,
        post_author=author,
    )


def orbit(world: World, late: LateVotes) -> Broadcast:
    """A science channel: signed posts with views and forwards, photos, a quiz, and comments under most posts."""
    people = [cast.KENJI, cast.YAEL, world.me_id, cast.NOOR, cast.SOFIA, cast.PAVEL, cast.UMA, cast.DIEGO, cast.FATIMA]
    group = add_channel(
        world,
        Channel(
            ORBIT_CHAT_ID,
            "Daily Orbit Chat",
            START + 8 * DAY,
            members=people,
            creator_id=cast.SOFIA,
            participants_count=903,
        ),
    )
    channel = add_channel(
        world,
        Channel(
            ORBIT_ID,
            "Daily Orbit 🛰",
            START + 8 * DAY,
            username="daily_orbit_demo",
            broadcast=True,
            signatures=True,
            verified=True,
            linked=group,
            creator_id=cast.SOFIA,
            participants_count=48_210,
            about="One piece of sky a day. Comments are open.",
        ),
    )
    group.linked = channel
    posts = Script(world, channel.key, rng_for(world, "orbit"), channel.date, broadcast=True)
    comments = Script(world, group.key, rng_for(world, "orbit chat"), group.date)
    posts.act(0, types.MessageActionChannelCreate(channel.title))
    comments.act(cast.SOFIA, types.MessageActionChannelCreate(group.title))
    broadcast = Broadcast(posts, comments, [])
    for number in range(POSTS):
        _post_with_comments(world, broadcast, people, number, late)
    react_and_edit(comments, people, late)
    return broadcast


def _post_with_comments(world: World, broadcast: Broadcast, people: list[int], number: int, late: LateVotes) -> None:
    posts, comments = broadcast.posts, broadcast.comments
    rng = posts.rng
    posts.skip_to(START + 8 * DAY + (END - START - 9 * DAY) * number // POSTS)
    author = "Sofía García" if number % 3 else None
    talk = Talk(rng, english.POSTS)
    views = 9_000 + rng.between(0, 30_000)
    fields: dict[str, Any] = {"views": views, "forwards": views // 90, "post_author": author}
    if number % 60 == 30:
        post = add_poll(
            posts, 0, "Which planet is this?", ("Venus", "Saturn", "Ceres"), [], late, quiz=1, public=False, **fields
        )
    elif number % 14 == 3:
        picture = media.photo(world.files, posts.clock, number, mark=f"orbit {number}")
        post = add_medium(posts, 0, picture, talk.opener(), **fields)
    else:
        post = posts.say(0, talk.opener(), **fields)
    if number % 5 == 4:  # a quiet post without comments
        return
    comments.clock = max(comments.clock, post.date)
    copy = comments.say(
        posts.peer,
        post.text,
        after=1,
        media=post.media,
        file=post.file,
        fwd_from=_forward(posts, post, author),
        views=views,
        forwards=views // 90,
        pinned=number == POSTS - 1 or None,
    )
    assert post.fields is not None
    post.fields["replies"] = _replies(comments, copy)
    broadcast.copies.append((post, copy))
    last = copy
    for index in range(rng.between(1, 7)):
        text = talk.closer() if index and rng.chance(0.3) else talk.answer()
        target = last if last is not copy and rng.chance(0.3) else None
        last = comments.say(rng.pick_skewed(people), text, reply=target, thread=copy)


def saved_messages(world: World) -> Script:
    """Notes to oneself, and forwards of every kind: from a user, a hidden one, a channel, an imported chat."""
    rng = rng_for(world, "saved")
    me = world.me_id
    script = Script(world, me, rng, START + 2 * DAY)
    own = tl_peer(me)
    notes = (
        "Wi-Fi at the cabin: maple-7781",
        "Ideas for the atlas cover: woodcut, two colours",
        "https://example.org/reading/list",
        "Dentist 14th 9:15",
        "- oat milk\n- batteries\n- stamps",
        "Quote: “The map is not the territory.”",
        "ISBN 978-0-00-000000-2",
        "Password hint: the usual + lake",
        "Call Ada about floor 4",
    )
    sources = (
        lambda when: types.MessageFwdHeader(
            when, from_id=tl_peer(cast.ZOE), saved_from_peer=tl_peer(cast.ZOE), saved_from_msg_id=1210, saved_date=when
        ),
        lambda when: types.MessageFwdHeader(when, from_name="A Hidden Person", saved_from_name="A Hidden Person"),
        lambda when: types.MessageFwdHeader(
            when,
            from_id=types.PeerChannel(ORBIT_ID),
            channel_post=7,
            post_author="Sofía García",
            saved_from_peer=types.PeerChannel(ORBIT_ID),
            saved_from_msg_id=7,
        ),
        lambda when: types.MessageFwdHeader(when, from_name="Old Chat App User", imported=True),
        lambda when: types.MessageFwdHeader(when, from_id=own, saved_out=True, saved_from_id=own),
    )
    for number in range(180):
        script.skip_to(START + 2 * DAY + number * 4 * DAY + rng.between(0, 80_000))
        if number % 4 == 1:
            header = sources[number // 4 % len(sources)](script.clock - 4_000)
            text, entities = parse(Talk(rng, english.TECH).opener())
            script.say(me, text, entities=entities, fwd_from=header, saved_peer_id=header.from_id or own)
        elif number % 30 == 2:
            add_medium(
                script,
                me,
                media.photo(world.files, script.clock, number, mark=f"saved {number}"),
                "Receipt",
                saved_peer_id=own,
            )
        else:
            script.say(me, rng.pick(notes), saved_peer_id=own)
    return script
