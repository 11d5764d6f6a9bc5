"""What makes talk look lived in: pictures, voice notes, reactions, edits and polls strewn over a chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.assets.catalog import SPOKEN
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.history import Draft
from tobs_tui.sandbox.worlds.peers import PeerKey, tl_peer
from tobs_tui.sandbox.worlds.rng import stable_id
from tobs_tui.sandbox.worlds.script import Script
from tobs_tui.sandbox.worlds.world import PollVote, ReactionVote

EMOJI = ("👍", "❤️", "😂", "🔥", "🎉", "🤔", "👀", "🙏")


class LateVotes:
    """Reactions and votes noted by draft; they get their place in the world once the drafts have ids."""

    def __init__(self) -> None:
        self._reactions: list[tuple[Script, Draft, list[ReactionVote]]] = []
        self._votes: list[tuple[Script, Draft, list[PollVote]]] = []

    def react(self, script: Script, draft: Draft, votes: list[ReactionVote]) -> None:
        """Remember who reacted to a draft."""
        self._reactions.append((script, draft, votes))

    def vote(self, script: Script, draft: Draft, votes: list[PollVote]) -> None:
        """Remember who voted in a draft's poll."""
        self._votes.append((script, draft, votes))

    def settle(self) -> None:
        """Enter everything under the drafts' ids."""
        for script, draft, reactions in self._reactions:
            script.world.reactions[script.peer, draft.id] = reactions
        for script, draft, votes in self._votes:
            script.world.votes[script.peer, draft.id] = votes


def add_reactions(script: Script, draft: Draft, people: Sequence[PeerKey], late: LateVotes) -> None:
    """Let some people react to a draft with one or two kinds of emoji."""
    rng = script.rng
    fans = rng.some(people, rng.between(1, min(5, len(people))))
    kinds = rng.some(EMOJI, 2)
    votes = [
        ReactionVote(
            fan, types.ReactionEmoji(kinds[0] if rng.chance(0.7) else kinds[1]), draft.date + rng.between(5, 4000)
        )
        for fan in fans
    ]
    votes.sort(key=lambda vote: -vote.date)
    set_reactions(script, draft, votes, late)


def set_reactions(script: Script, draft: Draft, votes: list[ReactionVote], late: LateVotes) -> None:
    """Put exactly these reactions on a draft, with their counts, the account's own choice and the most recent
    ones."""
    counts: dict[str, list[ReactionVote]] = {}
    for vote in votes:
        counts.setdefault(str(vote.reaction), []).append(vote)
    me = script.world.me_id
    results = [
        types.ReactionCount(
            theirs[0].reaction, len(theirs), chosen_order=0 if any(vote.peer == me for vote in theirs) else None
        )
        for theirs in sorted(counts.values(), key=lambda theirs: -len(theirs))
    ]
    recent = [types.MessagePeerReaction(tl_peer(vote.peer), vote.date, vote.reaction) for vote in votes[:3]]
    reactions = types.MessageReactions(results, can_see_list=True, recent_reactions=recent)
    draft.fields = {**(draft.fields or {}), "reactions": reactions}
    late.react(script, draft, votes)


def react_and_edit(
    script: Script, people: Sequence[PeerKey], late: LateVotes, *, reactions: float = 0.05, edits: float = 0.02
) -> None:
    """Go over a chat's drafts: a share of them gets reactions, a share is edited some minutes later."""
    rng = script.rng
    for draft in script.drafts:
        if draft.action is not None:
            continue
        if rng.chance(reactions):
            add_reactions(script, draft, people, late)
        if draft.text and rng.chance(edits):
            draft.fields = {**(draft.fields or {}), "edit_date": draft.date + rng.between(20, 900)}


def add_medium(script: Script, sender: PeerKey, medium: media.Medium, text: str = "", **more: Any) -> Draft:
    """Say something with a medium."""
    return script.say(sender, text, media=medium.media, file=medium.file, **more)


def add_album(
    script: Script, sender: PeerKey, media_items: Sequence[media.Medium], text: str = "", **more: Any
) -> list[Draft]:
    """Several media sent as one album; the caption is on the first."""
    group = stable_id(script.world.seed, "album", script.peer, len(script.drafts))
    return [
        add_medium(
            script, sender, item, text if number == 0 else "", after=0 if number else None, grouped_id=group, **more
        )
        for number, item in enumerate(media_items)
    ]


def add_poll(
    script: Script,
    sender: PeerKey,
    question: str,
    answers: Sequence[str],
    voters: Sequence[PeerKey],
    late: LateVotes,
    *,
    quiz: int | None = None,
    multiple: bool = False,
    public: bool = True,
    closed: bool = False,
    **more: Any,
) -> Draft:
    """A poll with votes already in; `quiz` is the right answer's index."""
    rng = script.rng
    options = [bytes((48 + number,)) for number in range(len(answers))]
    votes: list[PollVote] = []
    for voter in voters:
        picked = rng.some(options, 2) if multiple and rng.chance(0.4) else [rng.pick_skewed(options, 1.4)]
        votes.extend(PollVote(voter, option, script.clock + rng.between(60, 9000)) for option in sorted(picked))
    poll_id = stable_id(script.world.seed, "poll", script.peer, len(script.drafts))

    def build() -> Any:
        poll = types.Poll(
            id=poll_id,
            hash=0,
            question=types.TextWithEntities(question, []),
            quiz=True if quiz is not None else None,
            answers=[
                types.PollAnswer(types.TextWithEntities(text, []), option)
                for text, option in zip(answers, options, strict=True)
            ],
            multiple_choice=multiple or None,
            public_voters=public or None,
            closed=closed or None,
        )
        counted = [
            types.PollAnswerVoters(
                option=option,
                voters=sum(vote.option == option for vote in votes),
                recent_voters=[tl_peer(vote.peer) for vote in votes if vote.option == option and public][:3],
                correct=True if quiz is not None and option == options[quiz] else None,
                chosen=any(vote.option == option and vote.peer == script.world.me_id for vote in votes) or None,
            )
            for option in options
        ]
        results = types.PollResults(
            results=counted,
            total_voters=len(set(voters)),
            recent_voters=[tl_peer(voter) for voter in voters[:3]] or None,
            solution="Counted twice." if quiz is not None else None,
            solution_entities=[] if quiz is not None else None,
        )
        return types.MessageMediaPoll(poll=poll, results=results)

    draft = script.say(sender, media=build, **more)
    late.vote(script, draft, votes)
    return draft


def sprinkle_media(script: Script, senders: Sequence[PeerKey], left: int, thread: Draft | None = None) -> None:
    """Now and then, put one medium of an everyday kind into a chat."""
    rng, store, when = script.rng, script.world.files, script.clock
    number = left % 97
    sender = rng.pick(senders)
    choice = rng.between(0, 9)
    if choice <= 3:
        caption = rng.pick(("", "", "Look at this!", "From the walk today", "Better than the forecast said"))
        add_medium(
            script, sender, media.photo(store, when, number, mark=f"{script.peer}-{left}"), caption, thread=thread
        )
    elif choice <= 5:
        add_medium(script, sender, media.voice(store, when, rng.pick(tuple(SPOKEN))), thread=thread)
    elif choice == 6:
        add_medium(script, sender, media.sticker(store, when), thread=thread)
    elif choice == 7:
        add_medium(script, sender, media.pdf(store, when, f"notes {number}.pdf"), "As promised", thread=thread)
    elif choice == 8:
        items = [media.photo(store, when, number + step, mark=f"{script.peer}-{left}-{step}") for step in range(3)]
        add_album(script, sender, items, "Three from the weekend", thread=thread)
    else:
        add_medium(script, sender, media.picture_file(store, when, number), thread=thread)
