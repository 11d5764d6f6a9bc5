"""Promises of the sandbox's worlds, judged by an unmodified Telethon over the wire."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from telethon import TelegramClient, errors, functions, types, utils

from tobs_tui.sandbox.manifest import Manifest, build_manifest, carries_own_file
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.demo import channel, forums, ordinary
from tobs_tui.sandbox.worlds.peers import channel_key
from tobs_tui.sandbox.worlds.world import World

from .naive import NaivePager


@pytest.fixture(scope="session")
def truth(demo_world: World) -> Manifest:
    return build_manifest(demo_world)


async def entities(client: TelegramClient) -> dict[int, Any]:
    """Every chat that the dialog list leads to, by marked id; the old half of a migrated group among them."""
    found: dict[int, Any] = {}
    async for dialog in client.iter_dialogs(ignore_migrated=False):
        found[dialog.id] = dialog.input_entity
        if isinstance(dialog.entity, types.Channel) and dialog.entity.megagroup:
            full = await client(functions.channels.GetFullChannelRequest(dialog.input_entity))
            old = full.full_chat.migrated_from_chat_id
            if old:
                found[-old] = types.InputPeerChat(old)
    return found


async def test_telethon_reads_exactly_the_messages_of_the_manifest(signed_in: TelegramClient, truth: Manifest) -> None:
    chats = await entities(signed_in)
    assert set(chats) == {chat.id for chat in truth.chats}
    kinds = set()
    for chat in truth.chats:
        seen = [message async for message in signed_in.iter_messages(chats[chat.id], reverse=True, wait_time=0)]
        assert [message.id for message in seen] == chat.message_ids
        kinds.add(chat.type)
        if chat.type == "forum":
            by_topic: dict[int, list[int]] = {topic.id: [] for topic in chat.topics}
            for message in seen:
                header = message.reply_to
                in_topic = header is not None and header.forum_topic
                created = isinstance(message.action, types.MessageActionTopicCreate)
                topic = (header.reply_to_top_id or header.reply_to_msg_id) if in_topic else message.id if created else 1
                by_topic[topic].append(message.id)
            assert by_topic == {topic.id: topic.message_ids for topic in chat.topics}
        have = {message.id for message in seen if carries_own_file(message)}
        assert have == {medium.message_id for medium in truth.media if medium.chat_id == chat.id}
    assert kinds == {"private", "bot", "saved", "group", "supergroup", "channel", "forum"}


async def test_every_medium_downloads_to_its_bytes(signed_in: TelegramClient, truth: Manifest) -> None:
    chats = await entities(signed_in)
    wanted: dict[int, list[Any]] = {}
    for medium in truth.media:
        wanted.setdefault(medium.chat_id, []).append(medium)
    for chat_id, media in wanted.items():
        messages = await signed_in.get_messages(chats[chat_id], ids=[medium.message_id for medium in media])
        for medium, message in zip(media, messages, strict=True):
            data = await signed_in.download_media(message, bytes)
            assert data is not None
            assert (len(data), hashlib.sha256(data).hexdigest()) == (medium.size, medium.sha256)


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_topic_pages_join_even_when_a_client_leaves_the_topic_out(
    signed_in: TelegramClient, demo_world: World, size: int
) -> None:
    peer = await signed_in.get_input_entity("atlas_makers_demo")
    seen: list[int] = []
    date, message_id = None, 0
    while True:
        page = await signed_in(functions.messages.GetForumTopicsRequest(peer, date, message_id, 0, limit=size))
        if not page.topics:
            break
        seen.extend(topic.id for topic in page.topics)
        last = next(message for message in page.messages if message.id == page.topics[-1].top_message)
        date, message_id = last.date, last.id
    assert len(seen) == len(set(seen))
    assert set(seen) == set(demo_world.channels[forums.ATLAS_ID].topics)


async def test_members_are_found_one_by_one_and_the_administrators_log_is_theirs(signed_in: TelegramClient) -> None:
    mine = await signed_in.get_permissions("python_lounge_demo", "me")
    theirs = await signed_in.get_permissions("python_lounge_demo", "zoe_lind")
    assert not mine.has_left and not theirs.is_banned
    with pytest.raises(errors.UserNotParticipantError):
        await signed_in.get_permissions("python_lounge_demo", "weather_demo_bot")
    with pytest.raises(errors.ChatAdminRequiredError):
        await signed_in.get_admin_log("python_lounge_demo")


async def test_topics_of_the_same_title_have_ids_of_their_own(signed_in: TelegramClient, truth: Manifest) -> None:
    peer = await signed_in.get_input_entity("atlas_makers_demo")
    pages, offset = [], (None, 0, 0)
    while True:
        date, message_id, topic_id = offset
        page = await signed_in(functions.messages.GetForumTopicsRequest(peer, date, message_id, topic_id, limit=3))
        if not page.topics:
            break
        pages.extend(page.topics)
        dates = {message.id: message.date for message in page.messages}
        last = page.topics[-1]
        offset = (dates[last.top_message], last.top_message, last.id)
    [atlas] = [chat for chat in truth.chats if chat.id == channel_key(forums.ATLAS_ID)]
    assert sorted((topic.id, topic.title) for topic in pages) == [(topic.id, topic.title) for topic in atlas.topics]
    assert page.count == len(pages)
    assert [topic.title for topic in pages].count("Releases") == 2
    assert {topic.title for topic in pages if topic.closed} == {"Archive 2023 [closed]"}
    releases = [topic for topic in atlas.topics if topic.title == "Releases"]
    replies = [{message.id async for message in signed_in.iter_messages(peer, reply_to=topic.id)} for topic in releases]
    assert replies == [set(topic.message_ids) for topic in releases]


async def test_history_pages_follow_the_documented_offsets(signed_in: TelegramClient, demo_world: World) -> None:
    keys = [cast_key for cast_key in demo_world.histories if 100 < len(demo_world.histories[cast_key].ids) < 500]
    chats = await entities(signed_in)
    for key in [key for key in keys if key in chats][:3]:
        history = demo_world.histories[key]
        naive = NaivePager(list(zip(history.ids, history.dates, strict=True)))
        middle, last = history.ids[len(history.ids) // 2], history.ids[-1]
        for offset_id in (0, 1, middle, middle + 1, last, last + 1):
            for add_offset, limit, min_id, max_id in (
                (0, 100, 0, 0),
                (-100, 100, 0, 0),
                (-50, 100, 0, 0),
                (-1, 1, 0, 0),
                (37, 10, 0, 0),
                (0, 500, 0, 0),
                (0, 100, middle, 0),
                (-20, 40, 0, middle),
                (10_000, 5, 0, 0),
            ):
                page = await signed_in(
                    functions.messages.GetHistoryRequest(
                        chats[key], offset_id, None, add_offset, limit, max_id, min_id, 0
                    )
                )
                expected = naive.page(offset_id, 0, add_offset, limit, min_id, max_id)
                assert [message.id for message in page.messages] == expected


async def test_comments_of_a_post_live_in_the_linked_group(signed_in: TelegramClient, demo_world: World) -> None:
    peer = await signed_in.get_input_entity("daily_orbit_demo")
    posts = [post for post in await signed_in.get_messages(peer, limit=30) if post.replies and post.replies.replies]
    assert posts
    for post in posts[:5]:
        comments = [message async for message in signed_in.iter_messages(peer, reply_to=post.id)]
        assert len(comments) == post.replies.replies
        assert {utils.get_peer_id(comment.peer_id) for comment in comments} == {channel_key(channel.ORBIT_CHAT_ID)}
        found = await signed_in(functions.messages.GetDiscussionMessageRequest(peer, post.id))
        assert found.messages[0].fwd_from.channel_post == post.id
        assert {comment.reply_to.reply_to_top_id or comment.reply_to.reply_to_msg_id for comment in comments} == {
            found.messages[0].id
        }


async def test_wrong_hashes_and_unknown_names_are_refused(signed_in: TelegramClient, demo_world: World) -> None:
    lounge = demo_world.channels[ordinary.LOUNGE_ID]
    history = functions.messages.GetHistoryRequest
    zero = (0, None, 0, 1, 0, 0, 0)
    with pytest.raises(errors.ChannelInvalidError):
        await signed_in(history(types.InputPeerChannel(lounge.id, lounge.access_hash + 1), *zero))
    with pytest.raises(errors.PeerIdInvalidError):
        await signed_in(history(types.InputPeerUser(4_242, 1), *zero))
    closed = demo_world.channels[ordinary.CLOSED_ID]
    with pytest.raises(errors.ChannelPrivateError):
        await signed_in(history(types.InputPeerChannel(closed.id, closed.access_hash), *zero))
    with pytest.raises(errors.UsernameNotOccupiedError):
        await signed_in(functions.contacts.ResolveUsernameRequest("nobody_has_this"))
    with pytest.raises(errors.UsernameInvalidError):
        await signed_in(functions.contacts.ResolveUsernameRequest("no spaces"))
    with pytest.raises(errors.InviteHashExpiredError):
        await signed_in(functions.messages.CheckChatInviteRequest("gone"))


async def test_holes_come_back_as_nothing(signed_in: TelegramClient, demo_world: World) -> None:
    key = channel_key(ordinary.LOUNGE_ID)
    ids = set(demo_world.histories[key].ids)
    wanted = list(range(1, 101))
    peer = await signed_in.get_input_entity("python_lounge_demo")
    messages = await signed_in.get_messages(peer, ids=wanted)
    assert [message is not None for message in messages] == [number in ids for number in wanted]
    assert None in messages


async def test_a_takeout_walks_its_splits_and_refuses_what_may_not_be_forwarded(
    signed_in: TelegramClient, demo_world: World, truth: Manifest
) -> None:
    chats = await entities(signed_in)
    async with signed_in.takeout(users=True, chats=True, megagroups=True, channels=True) as takeout:
        ranges = await takeout(functions.messages.GetSplitRangesRequest())
        zoe = next(chat for chat in truth.chats if chat.title == "Zoe Lindqvist")
        seen: list[int] = []
        for split in ranges:
            offset = split.min_id
            while True:
                request = functions.messages.GetHistoryRequest(chats[zoe.id], offset, None, -100, 100, 0, 0, 0)
                page = await takeout(functions.InvokeWithMessagesRangeRequest(split, request))
                fresh = sorted(message.id for message in page.messages if message.id >= offset)
                if not fresh:
                    break
                seen += fresh
                offset = fresh[-1] + 1
        assert seen == zoe.message_ids
        board = next(chat for chat in truth.chats if chat.title.startswith("Board"))
        request = functions.messages.GetHistoryRequest(chats[board.id], 0, None, 0, 100, 0, 0, 0)
        with pytest.raises(errors.ChatForwardsRestrictedError):
            await takeout(request)
        assert (await signed_in(request)).count == len(board.message_ids)
        left = await takeout(functions.channels.GetLeftChannelsRequest(0))
        assert [chat.title for chat in left.chats] == ["Open Harbour"]


async def test_file_parts_obey_the_rules(signed_in: TelegramClient, demo_world: World) -> None:
    file = next(file for file in demo_world.files.by_id.values() if file.length() > 3_000_000)
    reference = file.reference()
    location = types.InputDocumentFileLocation(file.id, file.access_hash, reference, "")
    sender = await signed_in._borrow_exported_sender(file.dc) if file.dc != 2 else None

    async def get(request: Any) -> Any:
        return await (sender.send(request) if sender else signed_in(request))

    content = file.content()
    assert content is not None
    part = await get(functions.upload.GetFileRequest(location, 1 << 20, 1 << 20))
    assert part.bytes == content[1 << 20 : 2 << 20]
    beyond = await get(functions.upload.GetFileRequest(location, 64 << 20, 1 << 20))
    assert beyond.bytes == b""
    for offset, limit, error in (
        (1000, 4096, errors.OffsetInvalidError),
        (0, 5000, errors.LimitInvalidError),
        (0, 3 * 4096, errors.LimitInvalidError),
        (4096, 1 << 20, errors.LimitInvalidError),
    ):
        with pytest.raises(error):
            await get(functions.upload.GetFileRequest(location, offset, limit))
    hashes = await get(functions.upload.GetFileHashesRequest(location, 0))
    assert [entry.hash for entry in hashes[:2]] == [
        hashlib.sha256(content[at : at + (128 << 10)]).digest() for at in (0, 128 << 10)
    ]
    assert await get(functions.upload.GetFileHashesRequest(location, len(content))) == []
    stale = types.InputDocumentFileLocation(file.id, file.access_hash, b"old", "")
    with pytest.raises(errors.FileReferenceExpiredError):
        await get(functions.upload.GetFileRequest(stale, 0, 4096))


async def test_search_counts_agree_with_what_search_finds(signed_in: TelegramClient, sandbox: SandboxServer) -> None:
    peer = await signed_in.get_input_entity("message_museum_demo")
    filters = [
        types.InputMessagesFilterPhotos(),
        types.InputMessagesFilterVoice(),
        types.InputMessagesFilterDocument(),
        types.InputMessagesFilterUrl(),
        types.InputMessagesFilterPoll(),
        types.InputMessagesFilterRoundVideo(),
        types.InputMessagesFilterMusic(),
        types.InputMessagesFilterGif(),
        types.InputMessagesFilterVideo(),
    ]
    counters = await signed_in(functions.messages.GetSearchCountersRequest(peer, filters))
    for counter in counters:
        found = [message async for message in signed_in.iter_messages(peer, filter=counter.filter)]
        assert len(found) == counter.count > 0, counter.filter
    photos = signed_in.iter_messages(peer, filter=types.InputMessagesFilterPhotos())
    assert all([message.photo is not None async for message in photos]), "a photo that expired is no longer found"


async def test_a_search_for_a_sender_is_paged_like_a_history_but_not_in_private_chats(
    signed_in: TelegramClient, sandbox: SandboxServer
) -> None:
    async def search(chat: int, **window: Any) -> Any:
        peer = await signed_in.get_input_entity(chat)
        empty = types.InputMessagesFilterEmpty()
        options = {"offset_id": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0} | window
        return await signed_in(
            functions.messages.SearchRequest(
                peer, "", empty, None, None, hash=0, from_id=types.InputPeerSelf(), **options
            )
        )

    await signed_in.get_dialogs()
    lounge = channel_key(ordinary.LOUNGE_ID)
    history = sandbox.world.histories[lounge]
    own = [ident for at, ident in enumerate(history.ids) if history.message(at).out]
    first = await search(lounge)
    assert [message.id for message in first.messages] == own[:-101:-1]
    assert first.count == len(own)
    upward = await search(lounge, offset_id=own[50], add_offset=-100)
    assert [message.id for message in upward.messages] == own[50:150][::-1]
    assert upward.offset_id_offset == len(own) - 150
    assert not (await search(lounge, limit=0)).messages
    within = await search(lounge, min_id=own[-10], max_id=own[-5])
    assert [message.id for message in within.messages] == own[-6:-10:-1]
    zoe = sandbox.world.histories[5001000]
    assert (await search(5001000)).count == len(zoe.ids)


async def test_folders_pins_and_the_archive_are_there(signed_in: TelegramClient, demo_world: World) -> None:
    dialogs = [dialog async for dialog in signed_in.iter_dialogs(archived=False)]
    archived = [dialog async for dialog in signed_in.iter_dialogs(archived=True)]
    assert [dialog.name for dialog in dialogs[:3]] == ["Alex Rivera", "Atlas Makers", "Python Lounge 🐍"]
    assert [dialog.pinned for dialog in dialogs[:4]] == [True, True, True, False]
    dates = [dialog.date for dialog in dialogs[3:]]
    assert dates == sorted(dates, reverse=True)
    assert [dialog.name for dialog in archived] == ["Flat 12B neighbours"]
    small = [dialog.id async for dialog in signed_in.iter_dialogs(archived=False, limit=None)]
    assert len(small) == len(set(small)) == len(demo_world.dialogs) - 1
    filters = await signed_in(functions.messages.GetDialogFiltersRequest())
    assert [folder.title.text for folder in filters.filters[1:]] == ["Work 💼", "Maps & words", "News"]
    pinned = await signed_in(functions.messages.GetPinnedDialogsRequest(0))
    assert len(pinned.dialogs) == 3
    peer = types.InputDialogPeer(await signed_in.get_input_entity("python_lounge_demo"))
    [one] = (await signed_in(functions.messages.GetPeerDialogsRequest([peer]))).dialogs
    assert one.top_message == demo_world.histories[channel_key(ordinary.LOUNGE_ID)].ids[-1]


async def test_dialog_pages_join_without_gap_or_repeat(signed_in: TelegramClient, demo_world: World) -> None:
    seen: list[int] = []
    date, message_id, peer = None, 0, types.InputPeerEmpty()
    for _ in range(50):
        page = await signed_in(
            functions.messages.GetDialogsRequest(date, message_id, peer, limit=4, hash=0, exclude_pinned=bool(seen))
        )
        if not page.dialogs:
            break
        seen += [utils.get_peer_id(dialog.peer) for dialog in page.dialogs]
        last = page.dialogs[-1]
        newest = {utils.get_peer_id(message.peer_id): message for message in page.messages}[seen[-1]]
        known = {utils.get_peer_id(entity): entity for entity in (*page.users, *page.chats)}
        date, message_id, peer = newest.date, last.top_message, utils.get_input_peer(known[seen[-1]])
    assert sorted(seen) == sorted(entry.peer for entry in demo_world.dialogs)


async def test_reactions_and_votes_tell_who_gave_them(signed_in: TelegramClient, demo_world: World) -> None:
    peer = await signed_in.get_input_entity("message_museum_demo")
    key = utils.get_peer_id(peer)
    [(_, message_id), votes] = max(
        (item for item in demo_world.reactions.items() if item[0][0] == key), key=lambda item: len(item[1])
    )
    listed = await signed_in(functions.messages.GetMessageReactionsListRequest(peer, message_id, limit=3))
    rest = await signed_in(
        functions.messages.GetMessageReactionsListRequest(peer, message_id, limit=100, offset=listed.next_offset)
    )
    assert [utils.get_peer_id(one.peer_id) for one in (*listed.reactions, *rest.reactions)] == [
        vote.peer for vote in votes
    ]
    polls = [message async for message in signed_in.iter_messages(peer, filter=types.InputMessagesFilterPoll())]
    public = [message for message in polls if message.media.poll.public_voters]
    for message in public:
        found = await signed_in(functions.messages.GetPollVotesRequest(peer, message.id, limit=50))
        assert found.count == message.media.results.total_voters
    anonymous = next(message for message in polls if not message.media.poll.public_voters)
    with pytest.raises(errors.BroadcastForbiddenError):
        await signed_in(functions.messages.GetPollVotesRequest(peer, anonymous.id, limit=50))
    results = await signed_in(functions.messages.GetPollResultsRequest(peer, anonymous.id, 0))
    assert results.updates[0].poll_id == anonymous.media.poll.id


async def test_full_forms_names_links_and_pictures(signed_in: TelegramClient, demo_world: World) -> None:
    office = demo_world.channels[ordinary.OFFICE_ID]
    full = await signed_in(functions.channels.GetFullChannelRequest(types.InputChannel(office.id, office.access_hash)))
    assert full.full_chat.migrated_from_chat_id == ordinary.OFFICE_OLD_ID
    old = await signed_in(functions.messages.GetFullChatRequest(ordinary.OFFICE_OLD_ID))
    assert old.chats[0].deactivated and old.chats[0].migrated_to.channel_id == office.id
    orbit = await signed_in(functions.channels.GetFullChannelRequest("daily_orbit_demo"))
    assert orbit.full_chat.linked_chat_id == channel.ORBIT_CHAT_ID
    user = await signed_in(functions.users.GetFullUserRequest("zoe_lind"))
    assert user.full_user.about == "Maps, trains, lemon cake."
    picture = await signed_in.download_profile_photo("zoe_lind", bytes)
    assert picture[:2] == b"\xff\xd8"
    members = await signed_in.get_participants("python_lounge_demo")
    assert len(members) == len(demo_world.channels[ordinary.LOUNGE_ID].members)
    already = await signed_in(functions.messages.CheckChatInviteRequest("AtlasMakersInvite"))
    assert already.chat.title == "Atlas Makers"
    outside = await signed_in(functions.messages.CheckChatInviteRequest("ClosedCircleInvite"))
    assert outside.title == "Closed Circle"
    emoji = await signed_in(functions.messages.GetCustomEmojiDocumentsRequest([*demo_world.custom_emoji, 5]))
    assert [document.id for document in emoji] == demo_world.custom_emoji
