"""The caches over the wire: a second start asks for less, and what is out of date is noticed and replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from telethon import TelegramClient
from telethon.tl.functions import contacts

from tests.integration.engine_help import Account, account_at, address_of, profile_of, vault_bytes
from tobs_tui.model.profile import MediaOptions
from tobs_tui.model.run import Outcome
from tobs_tui.monitor.clock import now
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.worlds.peers import Channel
from tobs_tui.service.counting import CountingDesk

Start = Callable[[], AbstractAsyncContextManager[Account]]


@pytest.fixture
def start(sandbox: SandboxServer, tmp_path: Path) -> Start:
    """Starts the program's link anew, as after a restart of the service."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Account]:
        async with account_at(address_of(sandbox), tmp_path / "session", sandbox.world) as account:
            await account.link.me()
            sandbox.calls.clear()
            yield account

    return begin


def named_channel(sandbox: SandboxServer) -> Channel:
    return next(each for each in sandbox.world.channels.values() if each.username and not each.forbidden)


async def test_a_name_is_looked_up_once_for_all_starts(sandbox: SandboxServer, start: Start) -> None:
    channel = named_channel(sandbox)
    async with start() as account:
        first = await account.link.resolve(f"@{channel.username}")
        assert sandbox.calls["contacts.resolveUsername"] == 1
    async with start() as account:
        again = await account.link.resolve(f"https://t.me/{channel.username.upper()}")
        assert again.peer == first.peer
        assert sandbox.calls == Counter()


async def test_a_name_that_leads_elsewhere_by_now_is_noticed(
    sandbox: SandboxServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = named_channel(sandbox)
    other = next(each for each in sandbox.world.channels.values() if each is not channel and not each.forbidden)
    name = channel.username
    async with start() as account:
        await account.link.resolve(f"@{name}")
    monkeypatch.setattr(other, "username", name)
    monkeypatch.setattr(channel, "username", "")
    async with start() as account:
        account.link.cache.clock = lambda: now() + 7200
        found = await account.link.resolve(f"@{name}")
    assert found.peer.id == other.key
    assert sandbox.calls["channels.getChannels"] == sandbox.calls["contacts.resolveUsername"] == 1


async def test_a_name_that_still_leads_there_costs_no_look_up_of_names(sandbox: SandboxServer, start: Start) -> None:
    channel = named_channel(sandbox)
    async with start() as account:
        await account.link.resolve(f"@{channel.username}")
    async with start() as account:
        account.link.cache.clock = lambda: now() + 7200
        assert (await account.link.resolve(f"@{channel.username}")).peer.id == channel.key
        assert sandbox.calls == Counter({"channels.getChannels": 1})


async def test_an_access_hash_that_is_out_of_date_is_replaced(
    sandbox: SandboxServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = named_channel(sandbox)
    async with start() as account:
        await account.link.dialogs()
        before = await account.link.chat_facts(channel.key)
    monkeypatch.setattr(channel, "access_hash", channel.access_hash + 1)
    async with start() as account:
        after = await account.link.chat_facts(channel.key)
        peer = account.link.peer(channel.key)
    assert (after.message_count, after.about) == (before.message_count, before.about)
    assert peer is not None
    assert peer.access_hash == channel.access_hash


async def test_lists_are_there_before_telegram_is_asked(sandbox: SandboxServer, start: Start) -> None:
    async with start() as account:
        assert account.link.known_dialogs() == []
        dialogs = await account.link.dialogs()
        forum = next(each.peer.id for each in dialogs if each.peer.kind == "forum")
        topics = await account.link.topics(forum)
    async with start() as account:
        assert account.link.known_dialogs() == dialogs
        assert account.link.known_topics(forum) == topics
        assert sandbox.calls == Counter()


async def test_chats_are_counted_again_only_when_they_have_something_new(sandbox: SandboxServer, start: Start) -> None:
    told: dict[int, int] = {}
    desk = CountingDesk(lambda news: told.update({news.chat: news.counts[0]}))
    async with start() as account:
        wanted = {(each.peer.id, 0): each.top_message for each in (await account.link.dialogs())[:4]}
        desk.begin(account.link, wanted)
        assert desk._task is not None
        await desk._task
    first, told = dict(told), {}
    desk = CountingDesk(lambda news: told.update({news.chat: news.counts[0]}))
    async with start() as account:
        changed = next(iter(wanted))
        desk.begin(account.link, wanted | {changed: wanted[changed] + 1})
        assert desk._task is not None
        await desk._task
        assert sandbox.calls["messages.getHistory"] == 1
    assert told == first


async def test_a_file_that_another_vault_has_is_not_downloaded_again(
    sandbox: SandboxServer, start: Start, tmp_path: Path
) -> None:
    chat = named_channel(sandbox).key
    profile = profile_of([chat], media=MediaOptions(max_size_mb=1))
    async with start() as account:
        first = await account.export(tmp_path / "one", profile)
        assert first.outcome is Outcome.COMPLETE
        assert sandbox.calls["upload.getFile"] > 0
    async with start() as account:
        second = await account.export(tmp_path / "two", profile)
        assert sandbox.calls["upload.getFile"] == 0
    assert vault_bytes(tmp_path / "two") == vault_bytes(tmp_path / "one")
    assert second.totals.files_reused == second.totals.files == first.totals.files > 0
    media = {cache.name: cache for cache in second.resources.caches}["media"]
    assert media.hits > 0
    assert second.totals.cache_hits >= media.hits


async def test_a_file_whose_other_copy_was_changed_is_downloaded(
    sandbox: SandboxServer, start: Start, tmp_path: Path
) -> None:
    chat = named_channel(sandbox).key
    profile = profile_of([chat], media=MediaOptions(max_size_mb=1))
    async with start() as account:
        await account.export(tmp_path / "one", profile)
    whole = vault_bytes(tmp_path / "one")
    contents = [path for path in (tmp_path / "one" / ".tobs" / "store").rglob("*") if path.is_file()]
    for content in contents:
        content.write_bytes(bytes(content.stat().st_size))
    async with start() as account:
        await account.export(tmp_path / "two", profile)
        assert sandbox.calls["upload.getFile"] >= len(contents)
    assert vault_bytes(tmp_path / "two") == whole


async def test_signing_out_leaves_nothing_in_the_cache(
    sandbox: SandboxServer, start: Start, signed_in: TelegramClient
) -> None:
    async with start() as account:
        await account.link.dialogs()
        assert account.link.cache.path is not None
        await account.link.sign_out()
        assert account.link.cache.path is None
        assert account.link.known_dialogs() == []
    assert await signed_in(contacts.GetContactsRequest(0)) is not None
