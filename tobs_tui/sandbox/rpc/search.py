"""messages.search and its counters: which messages carry what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from telethon.tl import functions, types

from tobs_tui.sandbox.rpc.history import visible
from tobs_tui.sandbox.rpc.paging import Selected, answer_page, timestamp
from tobs_tui.sandbox.rpc.peers import history_of, peer_key, refuse_protected
from tobs_tui.sandbox.rpc.registry import Answer, Call, handles
from tobs_tui.sandbox.worlds.history import History
from tobs_tui.sandbox.worlds.peers import PeerKey, key_of

RESULT_LIMIT = 10_000
_LINKS = (types.MessageEntityUrl, types.MessageEntityTextUrl)


def _attributes(message: Any) -> dict[type, Any]:
    document = getattr(message.media, "document", None)
    return {type(attribute): attribute for attribute in getattr(document, "attributes", None) or ()}


def _is_photo(message: Any) -> bool:
    return isinstance(message.media, types.MessageMediaPhoto) and isinstance(message.media.photo, types.Photo)


def _is_video(message: Any) -> bool:
    found = _attributes(message)
    video = found.get(types.DocumentAttributeVideo)
    return bool(video and not video.round_message and types.DocumentAttributeAnimated not in found)


def _is_round(message: Any) -> bool:
    video = _attributes(message).get(types.DocumentAttributeVideo)
    return bool(video and video.round_message)


def _is_voice(message: Any) -> bool:
    audio = _attributes(message).get(types.DocumentAttributeAudio)
    return bool(audio and audio.voice)


def _is_music(message: Any) -> bool:
    audio = _attributes(message).get(types.DocumentAttributeAudio)
    return bool(audio and not audio.voice)


def _is_file(message: Any) -> bool:
    found = _attributes(message)
    special = (types.DocumentAttributeVideo, types.DocumentAttributeAudio, types.DocumentAttributeSticker)
    return types.DocumentAttributeFilename in found and not any(kind in found for kind in special)


def _has_link(message: Any) -> bool:
    return any(isinstance(entity, _LINKS) for entity in getattr(message, "entities", None) or ())


def _media_is(*kinds: type[Any]) -> Callable[[Any], bool]:
    return lambda message: isinstance(message.media, kinds)


def _action_is(*kinds: type[Any]) -> Callable[[Any], bool]:
    return lambda message: isinstance(message.action, kinds)


_TESTS: dict[type[Any], Callable[[Any], bool]] = {
    types.InputMessagesFilterPhotos: _is_photo,
    types.InputMessagesFilterVideo: _is_video,
    types.InputMessagesFilterPhotoVideo: lambda message: _is_photo(message) or _is_video(message),
    types.InputMessagesFilterRoundVideo: _is_round,
    types.InputMessagesFilterVoice: _is_voice,
    types.InputMessagesFilterRoundVoice: lambda message: _is_round(message) or _is_voice(message),
    types.InputMessagesFilterMusic: _is_music,
    types.InputMessagesFilterDocument: _is_file,
    types.InputMessagesFilterGif: lambda message: types.DocumentAttributeAnimated in _attributes(message),
    types.InputMessagesFilterUrl: _has_link,
    types.InputMessagesFilterGeo: _media_is(types.MessageMediaGeo, types.MessageMediaGeoLive, types.MessageMediaVenue),
    types.InputMessagesFilterContacts: _media_is(types.MessageMediaContact),
    types.InputMessagesFilterPoll: _media_is(types.MessageMediaPoll),
    types.InputMessagesFilterPinned: lambda message: bool(message.pinned),
    types.InputMessagesFilterChatPhotos: _action_is(types.MessageActionChatEditPhoto),
    types.InputMessagesFilterPhoneCalls: _action_is(types.MessageActionPhoneCall),
    types.InputMessagesFilterMyMentions: lambda message: bool(message.mentioned),
}


def filtered(history: History, message_filter: Any) -> Sequence[int] | None:
    """The ascending positions of the messages that pass a search filter; None for "no filter"."""
    if isinstance(message_filter, types.InputMessagesFilterEmpty):
        return None
    kind = type(message_filter)
    return history.matching(kind.__name__, _TESTS.get(kind, lambda _message: False))


def _select(call: Call, request: Any, history: History, positions: Sequence[int]) -> Sequence[int]:
    """The positions left by a search request's topic, filter, sender, dates and words."""
    kept: Sequence[int] = positions
    if request.top_msg_id:
        kept = history.thread(request.top_msg_id)
    allowed = filtered(history, request.filter)
    if allowed is not None:
        inside = set(kept)
        kept = [position for position in allowed if position in inside]
    oldest, newest = timestamp(request.min_date), timestamp(request.max_date)
    if oldest > 0 or newest > 0:
        dates = history.dates
        kept = [at for at in kept if dates[at] > oldest and (newest <= 0 or dates[at] < newest)]
    if request.from_id and history.peer < 0:  # Telegram ignores the sender in private chats
        hashable: Any = history  # by identity, as no history says otherwise
        sent = _sent_by(hashable, peer_key(call, request.from_id), (len(history.ids), *history.ids[-1:]))
        kept = [at for at in kept if at in sent]
    words = request.q.casefold()
    return [at for at in kept if words in (history.message(at).message or "").casefold()] if words else kept


@lru_cache(maxsize=64)
def _sent_by(history: Any, sender: PeerKey, _state: tuple[int, ...]) -> frozenset[int]:
    """The positions of one sender's messages; posts without a sender are the channel's own. `_state` tells a history
    from what it was before."""
    found: set[int] = set()
    for position in range(len(history.ids)):
        author = history.message(position).from_id
        if (key_of(author) if author else history.peer) == sender:
            found.add(position)
    return frozenset(found)


@handles(functions.messages.SearchRequest)
def search(call: Call, request: Any) -> Answer:
    """A page of the messages with a kind of content, a text, a sender; at most the newest 10,000 can be reached."""
    key = peer_key(call, request.peer)
    refuse_protected(call, key)
    history = history_of(call, key)
    found = _select(call, request, history, visible(call, key, history))
    reachable = Selected(history, found[-RESULT_LIMIT:])
    start, page = reachable.cut(request)
    return answer_page(call, key, history, page, count=len(found), offset=start)


@handles(functions.messages.GetSearchCountersRequest)
def get_search_counters(call: Call, request: Any) -> Answer:
    """How many messages pass each of the given filters."""
    key = peer_key(call, request.peer)
    history = history_of(call, key)
    inside = history.thread(request.top_msg_id) if request.top_msg_id else visible(call, key, history)
    members = set(inside) if request.top_msg_id or call.split_range else None
    counters: list[Any] = []
    for message_filter in request.filters:
        found = filtered(history, message_filter)
        if found is None:
            count = len(inside)
        else:
            count = len(found) if members is None else sum(position in members for position in found)
        counters.append(types.messages.SearchCounter(filter=message_filter, count=count))
    return counters
