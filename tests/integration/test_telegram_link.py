"""The link against the sandbox's real wire: signing in, chats, raw pages, takeout, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.integration.conftest import tiny_world
from tobs_tui.model.errors import ErrorCode, TobsError
from tobs_tui.model.peers import PeerKind
from tobs_tui.model.profile import Backoff
from tobs_tui.model.run import ConnectionState
from tobs_tui.model.server import ServerAddress
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.telegram.decode import decode_page
from tobs_tui.telegram.link import (
    ConnectionLost,
    ConnectionRestored,
    LinkEvent,
    SessionEnded,
    SignInStep,
    TelegramLink,
    WaitEnded,
    WaitStarted,
)
from tobs_tui.telegram.page import peek_page
from tobs_tui.telegram.session import Session

ATLAS = -1001600000001  # a forum of the demo world
BOARD = "Board (confidential)"  # forbids forwarding


def address(server: SandboxServer, dc: int) -> ServerAddress:
    host, port = server.address(dc)
    return ServerAddress(dc=dc, host=host, port=port, public_key=server.public_key_pem)


class Made:
    """A link and what it told."""

    def __init__(self, server: SandboxServer, file: Path, connections: int = 1, dc: int = 2) -> None:
        self.events: list[LinkEvent] = []
        self.link = TelegramLink(
            session=Session.load(file),
            api_id=1,
            api_hash="hash",
            server=address(server, dc),
            connections=connections,
            on_event=self.events.append,
        )

    def told(self, kind: type[LinkEvent]) -> list[LinkEvent]:
        return [event for event in self.events if isinstance(event, kind)]


Make = Callable[..., Awaitable[Made]]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Connected links on one session file, cut when the test ends."""
    links: list[TelegramLink] = []

    async def connected(server: SandboxServer, *, signed_in: bool = True, **options: int) -> Made:
        made = Made(server, tmp_path / "session", **options)
        links.append(made.link)
        await made.link.connect()
        if signed_in and not await made.link.is_authorized():
            await made.link.send_code(server.world.phone)
            outcome = await made.link.submit_code(server.world.code)
            if outcome.step is SignInStep.PASSWORD_NEEDED:
                await made.link.submit_password(server.world.password)
        return made

    yield connected
    for link in links:
        await link.disconnect()


async def test_signing_in_takes_a_code_and_the_password(tiny_sandbox: SandboxServer, make: Make) -> None:
    link = (await make(tiny_sandbox, signed_in=False)).link
    assert not await link.is_authorized()
    with pytest.raises(TobsError) as caught:
        await link.send_code("12")
    assert (caught.value.code, caught.value.field) == (ErrorCode.PHONE_INVALID, "phone")
    with pytest.raises(TobsError) as caught:
        await link.send_code("+99 99999 9999")
    assert (caught.value.code, caught.value.field) == (ErrorCode.PHONE_INVALID, "phone")
    assert (await link.send_code(tiny_sandbox.world.phone)).via == "app"
    assert (await link.resend_code()).resend_in > 0
    with pytest.raises(TobsError) as caught:
        await link.submit_code("00000")
    assert (caught.value.code, caught.value.field) == (ErrorCode.CODE_INVALID, "code")
    assert (await link.submit_code(tiny_sandbox.world.code)).step is SignInStep.PASSWORD_NEEDED
    with pytest.raises(TobsError) as caught:
        await link.submit_password("wrong")
    assert (caught.value.code, caught.value.field) == (ErrorCode.PASSWORD_INVALID, "password")
    assert (await link.submit_password(tiny_sandbox.world.password)).step is SignInStep.SIGNED_IN
    assert (await link.me()).title == "Ada"


async def test_a_qr_code_accepted_on_another_device_signs_in(tiny_sandbox: SandboxServer, make: Make) -> None:
    tiny_sandbox.world.password = ""
    link = (await make(tiny_sandbox, signed_in=False)).link
    token = await link.start_qr()
    assert token.url.startswith("tg://login?token=")
    waiting = asyncio.create_task(link.wait_qr())
    await asyncio.sleep(0)
    assert tiny_sandbox.accept_login_token() == 1
    assert (await waiting).step is SignInStep.SIGNED_IN
    assert await link.is_authorized()


async def test_a_qr_code_leads_to_the_password_where_there_is_one(tiny_sandbox: SandboxServer, make: Make) -> None:
    link = (await make(tiny_sandbox, signed_in=False)).link
    await link.start_qr()
    tiny_sandbox.accept_login_token()
    assert (await link.wait_qr()).step is SignInStep.PASSWORD_NEEDED
    assert (await link.submit_password(tiny_sandbox.world.password)).step is SignInStep.SIGNED_IN


@pytest.mark.parametrize("by_qr", [False, True])
async def test_signing_in_at_the_wrong_data_centre_moves_to_the_right_one(
    tiny_sandbox: SandboxServer, make: Make, by_qr: bool
) -> None:
    made = await make(tiny_sandbox, signed_in=False, dc=4)
    assert made.link.dc == 4
    if by_qr:
        await made.link.start_qr()
        tiny_sandbox.accept_login_token()
        assert (await made.link.wait_qr()).step is SignInStep.PASSWORD_NEEDED
    else:
        await made.link.send_code(tiny_sandbox.world.phone)
        await made.link.submit_code(tiny_sandbox.world.code)
    await made.link.submit_password(tiny_sandbox.world.password)
    assert made.link.dc == 2
    assert (await made.link.me()).title == "Ada"


async def test_a_session_outlives_the_process(tiny_sandbox: SandboxServer, make: Make) -> None:
    first = (await make(tiny_sandbox)).link
    await first.disconnect()
    second = (await make(tiny_sandbox, signed_in=False)).link
    assert await second.is_authorized()
    assert tiny_sandbox.calls["auth.sendCode"] == 1


async def test_signing_out_ends_the_session_and_another_can_begin(tiny_sandbox: SandboxServer, make: Make) -> None:
    made = await make(tiny_sandbox)
    await made.link.sign_out()
    assert not await made.link.is_authorized()
    assert made.told(SessionEnded) == []
    assert (await make(tiny_sandbox)).link.peer(777) is not None


async def test_a_session_ended_elsewhere_is_said_once_and_can_be_begun_anew(
    tiny_sandbox: SandboxServer, make: Make
) -> None:
    made = await make(tiny_sandbox)
    tiny_sandbox.end_sessions()
    for code in (ErrorCode.SESSION_ENDED, ErrorCode.NOT_SIGNED_IN):
        with pytest.raises(TobsError) as caught:
            await made.link.dialogs()
        assert caught.value.code is code
    assert len(made.told(SessionEnded)) == 1
    await made.link.send_code(tiny_sandbox.world.phone)
    await made.link.submit_code(tiny_sandbox.world.code)
    await made.link.submit_password(tiny_sandbox.world.password)
    assert await made.link.is_authorized()


async def test_a_key_that_was_used_twice_ends_the_session(tiny_sandbox: SandboxServer, make: Make) -> None:
    made = await make(tiny_sandbox)
    tiny_sandbox.faults.add(Fault(method="users.getUsers", error="AUTH_KEY_DUPLICATED", code=406))
    with pytest.raises(TobsError) as caught:
        await made.link.me()
    assert caught.value.code is ErrorCode.SESSION_ENDED
    assert "two places" in caught.value.sentence
    assert not await made.link.is_authorized()


async def test_a_server_out_of_reach_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with SandboxServer(tiny_world()) as server:
        made = Made(server, tmp_path / "session")
    with pytest.raises(TobsError) as caught:
        await made.link.connect()
    assert caught.value.code is ErrorCode.SERVER_UNREACHABLE
    await made.link.disconnect()


async def test_a_server_that_forgot_the_key_asks_for_a_new_sign_in(make: Make) -> None:
    async with SandboxServer(tiny_world()) as server:
        await (await make(server)).link.disconnect()
    async with SandboxServer(tiny_world()) as server:
        made = await make(server, signed_in=False)
        assert not await made.link.is_authorized()
        assert len(made.told(SessionEnded)) == 1
        await made.link.send_code(server.world.phone)


async def test_dialogs_come_with_folders_and_archive_and_say_what_they_are(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    dialogs = await link.dialogs()
    assert len({dialog.peer.id for dialog in dialogs}) == len(dialogs)
    assert dialogs[0].pinned
    assert {dialog.peer.kind for dialog in dialogs} == set(PeerKind)
    assert any(dialog.archived for dialog in dialogs)
    assert any(dialog.folders for dialog in dialogs)
    saved = next(dialog for dialog in dialogs if dialog.peer.kind is PeerKind.SAVED)
    assert saved.peer.title == "Saved Messages"


async def test_a_supergroup_leads_to_the_basic_group_that_it_was(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    for dialog in await link.dialogs():
        if dialog.peer.kind is PeerKind.SUPERGROUP and (old := (await link.chat_facts(dialog.peer.id)).migrated_from):
            break
    else:
        pytest.fail("the demo world holds a supergroup that was a basic group")
    former = link.peer(old)
    assert former is not None
    assert former.migrated_to == dialog.peer.id
    assert await walk(link, old)
    again = {each.peer.id: each for each in await link.dialogs()}
    assert again[dialog.peer.id].migrated_from == old
    assert old not in again


async def test_topics_and_facts_of_a_forum(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    await link.dialogs()
    topics = await link.topics(ATLAS)
    assert topics[0].pinned
    assert 1 in {topic.id for topic in topics}
    facts = await link.chat_facts(ATLAS)
    assert facts.members > 0
    assert facts.message_count == await link.message_count(ATLAS) > 100
    head = peek_page(await link.history_page(ATLAS, offset_id=1, topic=topics[0].id))
    assert 0 < head.count < facts.message_count


@pytest.mark.parametrize(
    "text",
    ["@atlas_makers_demo", "https://t.me/atlas_makers_demo/12", "t.me/c/1600000001/5", str(ATLAS), "Atlas Makers"],
)
async def test_a_chat_is_found_by_what_a_person_writes(sandbox: SandboxServer, make: Make, text: str) -> None:
    link = (await make(sandbox)).link
    found = await link.resolve(text)
    assert found.peer.id == ATLAS
    assert peek_page(await link.history_page(ATLAS, offset_id=1)).size == 100


async def test_what_does_not_lead_to_a_chat_is_not_found(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    for text in ("@nobody_has_this_name", "No such title", "999999", "https://t.me/x"):
        with pytest.raises(TobsError) as caught:
            await link.resolve(text)
        assert caught.value.code is ErrorCode.CHAT_NOT_FOUND


async def walk(link: TelegramLink, chat: int) -> list[int]:
    """All ids of a chat, page by page, until a page is empty."""
    ids: list[int] = []
    while peek_page(raw := await link.history_page(chat, offset_id=(ids[-1] if ids else 0) + 1)).size:
        ids += [message.id for message in decode_page(raw, chat).messages]
    return ids


@pytest.mark.parametrize("takeout", [False, True])
async def test_every_kind_of_chat_is_walked_to_its_end(sandbox: SandboxServer, make: Make, takeout: bool) -> None:
    link = (await make(sandbox)).link
    dialogs = await link.dialogs()
    if takeout:
        await link.begin_takeout(files=False)
        assert len(await link.splits()) > 1
    kinds = {dialog.peer.kind: dialog for dialog in dialogs if dialog.peer.title != "Python Lounge 🐍"}
    for dialog in kinds.values():
        ids = await walk(link, dialog.peer.id)
        assert ids == sorted(set(ids))
        assert len(ids) == await link.message_count(dialog.peer.id)
    await link.end_takeout(True)
    assert not link.takeout_active


async def test_a_chat_that_forbids_forwarding_is_asked_for_outside_the_takeout(
    sandbox: SandboxServer, make: Make
) -> None:
    link = (await make(sandbox)).link
    board = next(dialog for dialog in await link.dialogs() if dialog.peer.title == BOARD)
    await link.begin_takeout(files=False)
    first = sandbox.calls["messages.getHistory"]
    assert peek_page(await link.history_page(board.peer.id, offset_id=1)).size == 100
    assert sandbox.calls["messages.getHistory"] - first == 2
    await link.history_page(board.peer.id, offset_id=100)
    assert sandbox.calls["messages.getHistory"] - first == 3
    await link.end_takeout(True)


async def test_a_takeout_is_taken_up_again_after_an_interruption(sandbox: SandboxServer, make: Make) -> None:
    sandbox.calls.clear()
    first = (await make(sandbox)).link
    await first.begin_takeout(files=True)
    await first.disconnect()
    second = (await make(sandbox)).link
    assert not second.takeout_active
    await second.begin_takeout(files=True)
    assert second.takeout_active
    assert sandbox.calls["account.initTakeoutSession"] == 1
    await second.end_takeout(True)
    assert sandbox.calls["account.finishTakeoutSession"] == 1


async def test_a_takeout_that_another_device_replaced_is_begun_anew(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    await link.dialogs()
    await link.begin_takeout(files=False)
    sandbox.faults.add(Fault(method="messages.getHistory", error="TAKEOUT_INVALID", code=400))
    assert peek_page(await link.history_page(ATLAS, offset_id=1)).size == 100
    assert link.takeout_active
    await link.end_takeout(False)


async def test_a_key_that_comes_when_its_line_was_closed_is_not_kept(sandbox: SandboxServer, make: Make) -> None:
    """As when the session ends while a key for another data centre is being agreed upon."""
    network = (await make(sandbox)).link._core.network
    line = network._line(4, files=True)
    opening = asyncio.create_task(line.open())
    await asyncio.sleep(0)  # it has begun
    line.bar()
    await asyncio.gather(opening, return_exceptions=True)
    assert 4 not in network._session.data.keys
    await line.close()


async def test_no_request_goes_around_a_takeout_that_is_being_renewed(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    await link.dialogs()
    await link.begin_takeout(files=False)
    begun = sandbox.calls["account.initTakeoutSession"]
    sandbox.faults.add(Fault(method="messages.getHistory", times=2, error="TAKEOUT_INVALID", code=400))
    sandbox.faults.add(Fault(method="account.initTakeoutSession", delay_s=0.3))
    first = asyncio.create_task(link.history_page(ATLAS, offset_id=1))
    while sandbox.calls["account.initTakeoutSession"] == begun:
        await asyncio.sleep(0.01)
    second = await link.history_page(ATLAS, offset_id=1)  # outside, the second answer would be refused for good
    assert peek_page(second).size == peek_page(await first).size == 100
    assert link.takeout_active
    await link.end_takeout(False)


async def test_a_delayed_takeout_says_for_how_long() -> None:
    async with SandboxServer(tiny_world(), takeout_delay_s=3600) as server:
        made = Made(server, Path("/nonexistent/never-written"))
        made.link._core.session.file = None
        await made.link.connect()
        await made.link.send_code(server.world.phone)
        await made.link.submit_code(server.world.code)
        await made.link.submit_password(server.world.password)
        with pytest.raises(TobsError) as caught:
            await made.link.begin_takeout(files=False)
        assert caught.value.code is ErrorCode.TAKEOUT_DELAYED
        assert 3500 < caught.value.wait_s <= 3600
        server.approve_takeout()
        await made.link.begin_takeout(files=False)
        await made.link.disconnect()


async def test_a_flood_wait_is_told_and_waited_out(sandbox: SandboxServer, make: Make) -> None:
    made = await make(sandbox)
    await made.link.dialogs()
    sandbox.faults.add(Fault(method="messages.getHistory", error="FLOOD_WAIT_1"))
    assert peek_page(await made.link.history_page(ATLAS, offset_id=1)).size == 100
    [started] = made.told(WaitStarted)
    assert isinstance(started, WaitStarted)
    assert (started.method, started.seconds, started.cause, started.chat) == (
        "messages.getHistory",
        1,
        "FLOOD_WAIT",
        ATLAS,
    )
    assert made.told(WaitEnded) == [WaitEnded("messages.getHistory")]
    assert made.link.stats.flood_waits == 1


async def test_a_cut_connection_is_made_again_and_the_answer_still_comes(sandbox: SandboxServer, make: Make) -> None:
    made = await make(sandbox)
    await made.link.dialogs()
    sandbox.faults.add(Fault(method="messages.getHistory", disconnect=True, times=2))
    assert peek_page(await made.link.history_page(ATLAS, offset_id=1)).size == 100
    assert made.told(ConnectionLost)
    assert made.told(ConnectionRestored)
    assert made.events.index(made.told(ConnectionLost)[0]) < made.events.index(made.told(ConnectionRestored)[0])


async def test_a_connection_comes_back_while_nobody_asks_for_anything(tiny_sandbox: SandboxServer, make: Make) -> None:
    made = await make(tiny_sandbox)
    await made.link.me()
    tiny_sandbox.drop_connections()
    async with asyncio.timeout(20):
        while not made.told(ConnectionRestored):
            await asyncio.sleep(0.01)
    assert len(made.told(ConnectionLost)) == len(made.told(ConnectionRestored)) == 1


async def test_trouble_inside_telegram_is_retried(sandbox: SandboxServer, make: Make) -> None:
    made = await make(sandbox)
    await made.link.dialogs()
    sandbox.faults.add(Fault(method="messages.getHistory", error="Timeout", code=-503, times=2))
    assert peek_page(await made.link.history_page(ATLAS, offset_id=1)).size == 100
    assert made.link.stats.retries == 2


async def test_a_chat_that_cannot_be_read_is_an_error_at_once(sandbox: SandboxServer, make: Make) -> None:
    made = await make(sandbox)
    await made.link.dialogs()
    sandbox.faults.add(Fault(method="messages.getHistory", error="CHANNEL_PRIVATE", code=400))
    with pytest.raises(TobsError) as caught:
        await made.link.history_page(ATLAS, offset_id=1)
    assert caught.value.code is ErrorCode.CHAT_UNAVAILABLE
    assert made.link.stats.retries == 0


async def many_pages(link: TelegramLink) -> set[int]:
    """The newest ids of 24 pages that are asked for at once."""
    pages = await asyncio.gather(*(link.history_page(ATLAS, offset_id=1 + 50 * n) for n in range(24)))
    return {peek_page(page).newest_id for page in pages}


@pytest.mark.parametrize("most", [1, 3])
async def test_slow_answers_under_load_are_spread_over_connections_up_to_the_setting(
    sandbox: SandboxServer, make: Make, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("tobs_tui.telegram.pool.SETTLE_S", 0.0)
    made = await make(sandbox, connections=most)
    await made.link.dialogs()
    assert len(made.link.figures().connections) == 1, "without load one is enough"
    sandbox.latency_s = 0.05
    for _ in range(4):
        assert len(await many_pages(made.link)) == 24
    rows = made.link.figures().connections
    assert len(rows) == len([each for each in sandbox.connections if each.dc == 2]) == most
    assert all(row.requests and row.answer_ms > 0 for row in rows)


async def test_connections_without_need_are_closed(
    sandbox: SandboxServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tobs_tui.telegram.pool.SETTLE_S", 0.0)
    made = await make(sandbox, connections=3)
    await made.link.dialogs()
    sandbox.latency_s = 0.05
    for _ in range(4):
        await many_pages(made.link)
    sandbox.latency_s = 0.0
    monkeypatch.setattr("tobs_tui.telegram.pool.IDLE_S", -1.0)
    for _ in range(3):
        await made.link.me()
    assert len(made.link.figures().connections) == 1


async def test_a_lost_connection_among_several_is_no_loss_of_the_line(
    sandbox: SandboxServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tobs_tui.telegram.pool.SETTLE_S", 0.0)
    made = await make(sandbox, connections=2)
    await made.link.dialogs()
    sandbox.latency_s = 0.05
    for _ in range(4):
        await many_pages(made.link)
    next(iter(sandbox.connections)).abort()
    assert len(await many_pages(made.link)) == 24
    assert made.told(ConnectionLost) == []
    assert made.link._core.network._main.limit == 1, "after trouble it makes do with fewer for a while"


@pytest.mark.parametrize("window", [1, 3])
async def test_no_more_requests_are_in_flight_than_the_window_setting_says(
    sandbox: SandboxServer, make: Make, window: int
) -> None:
    made = await make(sandbox)
    await made.link.dialogs()
    made.link.set_limits(window=window, backoff=Backoff.EXPONENTIAL)
    sandbox.latency_s = 0.01
    asking = asyncio.create_task(many_pages(made.link))
    most = 0
    while not asking.done():
        most = max(most, made.link.figures().connections[0].in_flight)
        await asyncio.sleep(0.001)
    assert most == window


async def test_a_connection_that_died_in_silence_is_found_out_and_replaced(
    sandbox: SandboxServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tobs_tui.telegram.line.BUSY_PING_EVERY_S", 0.05)
    monkeypatch.setattr("tobs_tui.telegram.line.PING_TIMEOUT_S", 0.2)
    made = await make(sandbox)
    await made.link.dialogs()
    (connection,) = sandbox.connections
    monkeypatch.setattr(connection, "data_received", lambda data: None)
    assert peek_page(await made.link.history_page(ATLAS, offset_id=1)).size == 100
    (row,) = made.link.figures().connections
    assert (row.state, row.reconnects) == (ConnectionState.OPEN, 1)


async def test_a_limit_of_requests_is_found_and_kept_to(sandbox: SandboxServer, make: Make) -> None:
    made = await make(sandbox)
    await made.link.dialogs()
    sandbox.faults.add(Fault(method="messages.getHistory", per_second=40, burst=40))
    asked = sandbox.calls["messages.getHistory"]

    async def walker() -> None:
        for n in range(40):
            await made.link.history_page(ATLAS, offset_id=1 + n)

    await asyncio.gather(*(walker() for _ in range(8)))
    assert sandbox.calls["messages.getHistory"] - asked == 320 + made.link.stats.flood_waits
    assert made.link.stats.flood_waits <= 24, "the first refusals teach, and hardly any follow"
    assert 20 <= made.link.figures().rates["messages.getHistory"] <= 60


async def test_a_date_leads_to_the_message_before_it(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    await link.dialogs()
    page = decode_page(await link.history_page(ATLAS, offset_id=200), ATLAS)
    earlier, later = page.messages[10], next(each for each in page.messages[11:] if each.date > page.messages[10].date)
    assert earlier.id <= await link.id_at_date(ATLAS, later.date) < later.id
    assert await link.id_at_date(ATLAS, 1_000_000) == 0


async def test_messages_by_id_are_those_asked_for(sandbox: SandboxServer, make: Make) -> None:
    link = (await make(sandbox)).link
    await link.dialogs()
    ids = (await walk(link, ATLAS))[10:13]
    assert [message.id for message in decode_page(await link.messages_by_id(ATLAS, ids), ATLAS).messages] == ids


async def test_pushed_updates_do_not_pile_up(tiny_sandbox: SandboxServer, make: Make) -> None:
    made = await make(tiny_sandbox)
    await made.link.me()
    assert tiny_sandbox.calls["updates.getState"] == tiny_sandbox.calls["updates.getDifference"] == 0
    assert not any(connection.wants_updates for connection in tiny_sandbox.connections)
