"""Who reacted, who voted, and the custom emoji that people react with."""

from __future__ import annotations

from collections import Counter
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.peers import history_of, peer_key
from tobs_tui.sandbox.rpc.registry import Answer, Call, RpcError, handles
from tobs_tui.sandbox.worlds.history import position_of
from tobs_tui.sandbox.worlds.peers import PeerKey, tl_peer
from tobs_tui.sandbox.worlds.world import PollVote

LIST_LIMIT = 100


def _page(offset: str | None, limit: int, total: int) -> tuple[int, int, str | None]:
    """Begin and end of a page whose offset is a number in a string, and the offset of the next page."""
    start = int(offset) if offset and offset.isdigit() else 0
    stop = min(total, start + min(max(limit, 1), LIST_LIMIT))
    return start, stop, str(stop) if stop < total else None


def _people(call: Call, keys: list[PeerKey]) -> dict[str, list[Any]]:
    people, chats = call.world.split_users_chats(keys)
    return {"chats": [chat.tl() for chat in chats], "users": [person.tl() for person in people]}


def _message(call: Call, key: PeerKey, message_id: int) -> Any:
    history = history_of(call, key)
    position = position_of(history, message_id)
    if position is None:
        raise RpcError(400, "MSG_ID_INVALID")
    return history.message(position)


@handles(functions.messages.GetMessageReactionsListRequest)
def get_message_reactions_list(call: Call, request: Any) -> Answer:
    """A page of the people who reacted to a message, newest first; channels do not tell (BROADCAST_FORBIDDEN)."""
    key = peer_key(call, request.peer)
    if _message(call, key, request.id).post:
        raise RpcError(403, "BROADCAST_FORBIDDEN")
    votes = call.world.reactions.get((key, request.id), [])
    if request.reaction is not None:
        votes = [vote for vote in votes if vote.reaction == request.reaction]
    start, stop, following = _page(request.offset, request.limit, len(votes))
    page = votes[start:stop]
    return types.messages.MessageReactionsList(
        count=len(votes),
        next_offset=following,
        **_people(call, [vote.peer for vote in page]),
        reactions=[
            types.MessagePeerReaction(
                peer_id=tl_peer(vote.peer),
                date=vote.date,
                reaction=vote.reaction,
                my=vote.peer == call.world.me_id or None,
            )
            for vote in page
        ],
    )


def _poll(call: Call, key: PeerKey, message_id: int) -> Any:
    media = _message(call, key, message_id).media
    if not isinstance(media, types.MessageMediaPoll):
        raise RpcError(400, "MSG_ID_INVALID")
    return media


@handles(functions.messages.GetPollResultsRequest)
def get_poll_results(call: Call, request: Any) -> Answer:
    """The present results of a poll, as the update that Telegram answers with."""
    key = peer_key(call, request.peer)
    media = _poll(call, key, request.msg_id)
    update = types.UpdateMessagePoll(poll_id=media.poll.id, results=media.results, poll=media.poll)
    recent = [vote.peer for vote in call.world.votes.get((key, request.msg_id), [])]
    return types.Updates(updates=[update], date=1, seq=0, **_people(call, recent))


@handles(functions.messages.GetPollVotesRequest)
def get_poll_votes(call: Call, request: Any) -> Answer:
    """A page of the votes of a public poll; an anonymous one tells nobody (BROADCAST_FORBIDDEN)."""
    key = peer_key(call, request.peer)
    media = _poll(call, key, request.id)
    if not media.poll.public_voters:
        raise RpcError(403, "BROADCAST_FORBIDDEN")
    votes = call.world.votes.get((key, request.id), [])
    if request.option is not None:
        votes = [vote for vote in votes if vote.option == request.option]
    elif media.poll.multiple_choice:
        return _grouped(call, request, votes)
    start, stop, following = _page(request.offset, request.limit, len(votes))
    page = votes[start:stop]
    single = types.MessagePeerVote if request.option is None else None
    return types.messages.VotesList(
        count=len(votes),
        next_offset=following,
        **_people(call, [vote.peer for vote in page]),
        votes=[
            single(peer=tl_peer(vote.peer), option=vote.option, date=vote.date)
            if single
            else types.MessagePeerVoteInputOption(peer=tl_peer(vote.peer), date=vote.date)
            for vote in page
        ],
    )


def _grouped(call: Call, request: Any, votes: list[PollVote]) -> Any:
    """Votes of a multiple-choice poll, one entry a voter."""
    counts = Counter(vote.peer for vote in votes)
    voters = list(counts)
    start, stop, following = _page(request.offset, request.limit, len(voters))
    entries = []
    for voter in voters[start:stop]:
        theirs = [vote for vote in votes if vote.peer == voter]
        entries.append(
            types.MessagePeerVoteMultiple(
                peer=tl_peer(voter), options=[vote.option for vote in theirs], date=theirs[0].date
            )
        )
    return types.messages.VotesList(
        count=len(voters), votes=entries, next_offset=following, **_people(call, voters[start:stop])
    )


@handles(functions.messages.GetCustomEmojiDocumentsRequest)
def get_custom_emoji_documents(call: Call, request: Any) -> Answer:
    """The documents of custom emoji; unknown ids are left out."""
    known = set(call.world.custom_emoji)
    return [call.world.files.by_id[wanted].tl() for wanted in request.document_id if wanted in known]
