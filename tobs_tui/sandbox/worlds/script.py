"""Writing a chat: a script collects drafts along a clock, and numbering turns drafts into histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tobs_tui.sandbox.worlds.history import Draft, DraftLog
from tobs_tui.sandbox.worlds.peers import PeerKey
from tobs_tui.sandbox.worlds.prose.talk import Bank, Talk
from tobs_tui.sandbox.worlds.rng import Rng
from tobs_tui.sandbox.worlds.world import World

DAY = 86_400
HOUR = 3_600
START = 1_672_531_200  # 2023-01-01
END = 1_750_000_000  # 2025-06-15; nothing in a world depends on the present


class Script:
    """The text of one chat in the making. Everything said moves the clock on."""

    def __init__(
        self, world: World, peer: PeerKey, rng: Rng, start: int, *, forum: bool = False, broadcast: bool = False
    ) -> None:
        self.world = world
        self.peer = peer
        self.rng = rng
        self.clock = start
        self.drafts: list[Draft] = []
        self.log = DraftLog(peer, world.me_id, forum=forum, broadcast=broadcast)
        world.histories[peer] = self.log

    def say(
        self,
        sender: PeerKey,
        text: str = "",
        *,
        after: int | None = None,
        reply: Draft | None = None,
        thread: Draft | None = None,
        media: Callable[[], Any] | None = None,
        file: Any = None,
        entities: list[Any] | None = None,
        quote: str | None = None,
        **fields: Any,
    ) -> Draft:
        """Add a message, `after` seconds after the last one (by default, a few moments)."""
        self.clock += self.rng.between(8, 140) if after is None else after
        draft = Draft(self.clock, sender, text, reply, thread, media, file, None, entities, fields or None, quote)
        self.drafts.append(draft)
        return draft

    def act(
        self,
        sender: PeerKey,
        action: Any,
        *,
        after: int | None = None,
        reply: Draft | None = None,
        thread: Draft | None = None,
        **fields: Any,
    ) -> Draft:
        """Add a service message; `action` may be a function that is called when ids are known."""
        draft = self.say(sender, after=after, reply=reply, thread=thread, **fields)
        draft.action = action
        return draft

    def skip_to(self, moment: int) -> None:
        """Move the clock on to a moment, in daylight hours; never back."""
        hour = moment % DAY // HOUR
        if hour < 6:
            moment += (7 - hour) * HOUR
        self.clock = max(self.clock + 30, moment)

    def conversation(self, speakers: Sequence[PeerKey], bank: Bank, length: int, thread: Draft | None = None) -> None:
        """Add a conversation of `length` messages; the first speakers talk most."""
        rng = self.rng
        talk = Talk(rng, bank)
        first = self.say(rng.pick_skewed(speakers), talk.opener(), thread=thread)
        last = first
        for number in range(1, length):
            sender = rng.pick_skewed(speakers)
            if sender == last.sender and rng.chance(0.7):
                sender = rng.pick(speakers)
            text = talk.closer() if number == length - 1 or rng.chance(0.12) else talk.answer()
            target = rng.pick((first, last)) if rng.chance(0.22) else None
            last = self.say(sender, text, reply=target, thread=thread)

    def chatter(
        self,
        speakers: Sequence[PeerKey],
        banks: Sequence[Bank],
        count: int,
        until: int,
        threads: Sequence[Draft | None] = (None,),
        between: Callable[[int], None] | None = None,
    ) -> None:
        """Fill the time until `until` with conversations, `count` messages in all.

        With several `threads`, each has its bank; else every conversation picks one. `between` is called before each
        conversation with the number of messages still to come; it may add its own, which
        do not count.
        """
        start, left = self.clock, count
        while left > 0:
            length = min(left, self.rng.between(3, 14))
            done = (count - left) / count
            self.skip_to(start + int((until - start) * done) + self.rng.between(0, 4 * HOUR))
            if between is not None:
                between(left)
            at = self.rng.between(0, len(threads) - 1)
            bank = banks[at % len(banks)] if len(threads) > 1 else self.rng.pick(banks)
            self.conversation(speakers, bank, length, threads[at])
            left -= length


def number_own(script: Script, hole_rate: float = 0.03, first: int = 1) -> None:
    """Give ids from `first` on to a channel's messages, with holes where somebody deleted one. Albums stay whole."""
    rng = Rng(f"ids:{script.world.seed}:{script.peer}")
    script.drafts.sort(key=lambda draft: draft.date)
    next_id = first
    for draft in script.drafts:
        if next_id > first and not _in_album(draft) and rng.chance(hole_rate):
            next_id += rng.between(1, 4)
        draft.id = next_id
        next_id += 1
    script.log.fill(script.drafts)


def _in_album(draft: Draft) -> bool:
    return bool(draft.fields and "grouped_id" in draft.fields)


def number_shared(scripts: Iterable[Script], seed: int) -> int:
    """Give ids to private chats and basic groups from the one account-wide sequence; the highest id.

    Ids between are those of deleted messages and of chats long gone, so each chat's own ids are sparse.
    """
    rng = Rng(f"shared:{seed}")
    listed = list(scripts)
    everything = sorted((draft for script in listed for draft in script.drafts), key=lambda draft: draft.date)
    next_id = 1_204
    for draft in everything:
        if not _in_album(draft):
            next_id += rng.between(0, 9) if rng.chance(0.4) else 0
        draft.id = next_id
        next_id += 1
    for script in listed:
        script.log.fill(script.drafts)
    return next_id - 1
