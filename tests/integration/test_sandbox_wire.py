"""The sandbox as unmodified Telethon sees it: every transport, every way in, and the ways back out."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from telethon import TelegramClient, errors, functions, types
from telethon.network import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpObfuscated,
)

from tests.integration.conftest import Connect, connect_telethon, sign_in, tiny_world
from tobs_tui.sandbox.faults import Fault
from tobs_tui.sandbox.manifest import build_manifest
from tobs_tui.sandbox.rpc.registry import MEDIA_DC
from tobs_tui.sandbox.server import SandboxServer
from tobs_tui.sandbox.threaded import running_sandbox

TRANSPORTS = [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate, ConnectionTcpObfuscated]
NEAREST = functions.help.GetNearestDcRequest()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_transport_carries_a_key_exchange_and_a_sign_in(
    tiny_sandbox: SandboxServer, connect: Connect, transport: type[object]
) -> None:
    client = await connect(tiny_sandbox, transport=transport)
    assert not await client.is_user_authorized()
    assert (await sign_in(client, tiny_sandbox.world)).id == 777
    assert (await client.get_me()).first_name == "Ada"


async def test_an_account_without_password_needs_only_the_code(connect: Connect) -> None:
    async with SandboxServer(tiny_world(password="")) as server:
        client = await connect(server)
        await client.send_code_request(server.world.phone)
        assert (await client.sign_in(server.world.phone, server.world.code)).id == 777
        assert not (await client(functions.account.GetPasswordRequest())).has_password


async def test_spaces_and_plus_in_the_number_do_not_matter(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    digits = tiny_sandbox.world.phone.lstrip("+")
    sent = await client(
        functions.auth.SendCodeRequest(f"+{digits[:1]} {digits[1:4]} {digits[4:]}", 1, "h", types.CodeSettings())
    )
    assert sent.phone_code_hash


async def test_another_number_is_refused(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    with pytest.raises(errors.PhoneNumberInvalidError):
        await client.send_code_request("+4912345")


async def test_a_wrong_code_is_refused_and_the_right_one_still_works(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    world = tiny_sandbox.world
    client = await connect(tiny_sandbox)
    await client.send_code_request(world.phone)
    with pytest.raises(errors.PhoneCodeInvalidError):
        await client.sign_in(world.phone, "00000")
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(world.phone, world.code)


async def test_a_code_expires_by_time_by_guessing_and_by_a_newer_one(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    world = tiny_sandbox.world
    client = await connect(tiny_sandbox)
    await client.send_code_request(world.phone)
    tiny_sandbox.expire_codes()
    with pytest.raises(errors.PhoneCodeExpiredError):
        await client.sign_in(world.phone, world.code)

    sent = await client.send_code_request(world.phone)
    for _ in range(5):
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(world.phone, "00000")
    with pytest.raises(errors.PhoneCodeExpiredError):
        await client.sign_in(world.phone, world.code)

    sent = await client.send_code_request(world.phone)
    await client(functions.auth.ResendCodeRequest(world.phone, sent.phone_code_hash))
    with pytest.raises(errors.PhoneCodeExpiredError):
        await client.sign_in(world.phone, world.code, phone_code_hash=sent.phone_code_hash)


async def test_an_empty_code_is_named_as_such(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    sent = await client.send_code_request(tiny_sandbox.world.phone)
    with pytest.raises(errors.PhoneCodeEmptyError):
        await client(functions.auth.SignInRequest(tiny_sandbox.world.phone, sent.phone_code_hash, ""))


async def test_a_wrong_password_is_refused_and_the_right_one_still_works(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    world = tiny_sandbox.world
    client = await connect(tiny_sandbox)
    await client.send_code_request(world.phone)
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(world.phone, world.code)
    with pytest.raises(errors.PasswordHashInvalidError):
        await client.sign_in(password="wrong horse")
    assert not await client.is_user_authorized()
    assert (await client.sign_in(password=world.password)).id == 777


async def test_a_stranger_is_told_to_sign_in(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await client(functions.updates.GetStateRequest())
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await client(functions.users.GetUsersRequest([types.InputUserSelf()]))


async def test_signing_out_ends_the_authorisation_here_and_at_the_other_data_centre(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    client = await connect(tiny_sandbox)
    await sign_in(client, tiny_sandbox.world)
    home_key = client.session.auth_key
    sender = await client._borrow_exported_sender(MEDIA_DC)
    await client._call(sender, functions.updates.GetStateRequest())
    assert await client.log_out()
    again = await connect(tiny_sandbox, auth_key=home_key)
    assert not await again.is_user_authorized()
    assert all(state.user_id is None for state in tiny_sandbox.accounts.known_keys())


async def test_sessions_ended_from_elsewhere_answer_401(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    await sign_in(client, tiny_sandbox.world)
    tiny_sandbox.end_sessions()
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await client(functions.updates.GetStateRequest())


async def test_the_list_of_sign_ins_names_both_devices(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    first = await connect(tiny_sandbox, device_model="desk")
    second = await connect(tiny_sandbox, device_model="sofa")
    await sign_in(first, tiny_sandbox.world)
    await sign_in(second, tiny_sandbox.world)
    found = (await first(functions.account.GetAuthorizationsRequest())).authorizations
    assert {each.device_model: bool(each.current) for each in found} == {"desk": True, "sofa": False}
    other = next(each for each in found if not each.current)
    assert await first(functions.account.ResetAuthorizationRequest(other.hash))
    assert await second.get_me() is None


# QR


async def test_a_qr_code_that_another_device_accepts_lets_this_one_in(connect: Connect) -> None:
    async with SandboxServer(tiny_world(password="")) as server:
        phone = await connect(server)
        await sign_in(phone, server.world)
        desk = await connect(server)
        shown = await desk.qr_login()
        waiting = asyncio.ensure_future(shown.wait(20))
        await asyncio.sleep(0)
        accepted = await phone(functions.auth.AcceptLoginTokenRequest(shown.token))
        assert isinstance(accepted, types.Authorization)
        assert (await waiting).id == 777
        assert await desk.is_user_authorized()


async def test_after_a_qr_code_the_password_is_still_asked_for(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    shown = await client.qr_login()
    waiting = asyncio.ensure_future(shown.wait(20))
    await asyncio.sleep(0)
    assert tiny_sandbox.accept_login_token(shown.token) == 1
    with pytest.raises(errors.SessionPasswordNeededError):
        await waiting
    assert (await client.sign_in(password=tiny_sandbox.world.password)).id == 777


async def test_a_qr_code_shown_at_the_wrong_data_centre_moves_the_client_home(connect: Connect) -> None:
    async with SandboxServer(tiny_world(password=""), accept_qr_after_s=0.05) as server:
        client = await connect(server, dc=MEDIA_DC)
        shown = await client.qr_login()
        assert (await shown.wait(20)).id == 777
        assert client.session.dc_id == 2


# Data centres


async def test_asking_for_a_code_at_the_wrong_data_centre_moves_the_client_home(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    client = await connect(tiny_sandbox, dc=MEDIA_DC)
    await sign_in(client, tiny_sandbox.world)
    assert client.session.dc_id == 2
    assert await client.is_user_authorized()


async def test_an_authorisation_is_carried_to_the_other_data_centre_once(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    home = await connect(tiny_sandbox)
    await sign_in(home, tiny_sandbox.world)
    away = await connect(tiny_sandbox, dc=MEDIA_DC)
    assert not await away.is_user_authorized()
    exported = await home(functions.auth.ExportAuthorizationRequest(MEDIA_DC))
    request = functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes)
    assert (await away(request)).user.id == 777
    assert (await away.get_me()).id == 777
    with pytest.raises(errors.AuthBytesInvalidError):
        await away(request)


# Takeout


async def test_a_newer_takeout_ends_the_older_one(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    await sign_in(client, tiny_sandbox.world)
    init = functions.account.InitTakeoutSessionRequest(message_users=True)
    older, newer = await client(init), await client(init)
    me = functions.users.GetUsersRequest([types.InputUserSelf()])
    assert (await client(functions.InvokeWithTakeoutRequest(newer.id, me)))[0].id == 777
    with pytest.raises(errors.TakeoutInvalidError):
        await client(functions.InvokeWithTakeoutRequest(older.id, me))
    finish = functions.account.FinishTakeoutSessionRequest(success=True)
    with pytest.raises(errors.TakeoutRequiredError):
        await client(finish)
    assert await client(functions.InvokeWithTakeoutRequest(newer.id, finish))
    with pytest.raises(errors.TakeoutInvalidError):
        await client(functions.InvokeWithTakeoutRequest(newer.id, me))


async def test_telethons_own_takeout_goes_through(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    await sign_in(client, tiny_sandbox.world)
    async with client.takeout(users=True, megagroups=True, chats=True) as takeout:
        assert (await takeout.get_me()).id == 777
        assert tiny_sandbox.accounts.takeout is not None
    assert tiny_sandbox.accounts.takeout is None


async def test_a_delayed_takeout_starts_once_another_device_approves_it(connect: Connect) -> None:
    async with SandboxServer(tiny_world(), takeout_delay_s=3600) as server:
        client = await connect(server)
        await sign_in(client, server.world)
        init = functions.account.InitTakeoutSessionRequest(message_users=True)
        with pytest.raises(errors.TakeoutInitDelayError) as waiting:
            await client(init)
        assert 0 < waiting.value.seconds <= 3600
        server.approve_takeout()
        assert (await client(init)).id


# The envelope


async def test_requests_made_together_travel_in_containers_both_ways(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    client = await connect(tiny_sandbox)
    answers = await asyncio.gather(*(client(NEAREST) for _ in range(150)))
    assert {each.this_dc for each in answers} == {2}
    assert tiny_sandbox.containers_in > 0
    assert tiny_sandbox.containers_out > 0


async def test_ordered_requests_are_understood(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    assert [each.this_dc for each in await client([NEAREST, NEAREST, NEAREST], ordered=True)] == [2, 2, 2]


async def test_big_requests_arrive_gzipped_and_big_answers_leave_gzipped(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    client = await connect(tiny_sandbox)
    await sign_in(client, tiny_sandbox.world)
    before = tiny_sandbox.gzipped_answers
    found = await client(functions.users.GetUsersRequest([types.InputUserSelf()] * 500))
    assert [each.id for each in found] == [777] * 500
    assert tiny_sandbox.gzipped_answers > before


async def test_a_new_salt_costs_a_client_one_repetition_and_no_request(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    client = await connect(tiny_sandbox)
    for _ in range(3):
        tiny_sandbox.rotate_salts()
        assert (await client(NEAREST)).this_dc == 2


async def test_pings_salts_and_sessions_are_answered(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    pong = await client(functions.PingRequest(ping_id=42))
    assert pong.ping_id == 42
    assert (await client(functions.PingDelayDisconnectRequest(ping_id=43, disconnect_delay=60))).ping_id == 43
    salts = await client(functions.GetFutureSaltsRequest(num=1))
    assert salts.salts[0].valid_until > salts.salts[0].valid_since
    destroyed = await client(functions.DestroySessionRequest(session_id=1234))
    assert isinstance(destroyed, types.DestroySessionNone)


async def test_a_cut_connection_in_the_middle_of_requests_loses_none(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    client = await connect(tiny_sandbox)
    await sign_in(client, tiny_sandbox.world)
    tiny_sandbox.faults.add(Fault("help.getNearestDc", after=3, disconnect=True))
    answers = await asyncio.gather(*(client(NEAREST) for _ in range(10)))
    assert len(answers) == 10
    assert (await client.get_me()).id == 777


async def test_a_destroyed_key_is_refused_by_the_transport(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    tiny_sandbox.accounts.forget(tiny_sandbox.accounts.known_keys()[0].key_id)
    with pytest.raises((errors.AuthKeyNotFound, ConnectionError)):
        await client(NEAREST)


async def test_a_method_that_is_not_served_says_so(tiny_sandbox: SandboxServer, connect: Connect) -> None:
    client = await connect(tiny_sandbox)
    with pytest.raises(errors.BadRequestError, match="METHOD_NOT_SERVED"):
        await client(functions.stats.GetBroadcastStatsRequest(types.InputChannel(1, 2)))


async def test_injected_errors_reach_the_client_as_telegrams_would(
    tiny_sandbox: SandboxServer, connect: Connect
) -> None:
    client = await connect(tiny_sandbox)
    tiny_sandbox.faults.add(Fault("help.getNearestDc", error="FLOOD_WAIT_23"))
    tiny_sandbox.faults.add(Fault("updates.getState", code=406, error="AUTH_KEY_DUPLICATED"))
    with pytest.raises(errors.FloodWaitError) as flood:
        await client(NEAREST)
    assert flood.value.seconds == 23
    with pytest.raises(errors.AuthKeyDuplicatedError):
        await client(functions.updates.GetStateRequest())
    assert not tiny_sandbox.faults


async def test_delayed_answers_overlap(connect: Connect) -> None:
    async with SandboxServer(tiny_world(), latency_ms=200) as server:
        client = await connect(server)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(client(NEAREST) for _ in range(50)))
        assert loop.time() - began < 50 * 0.2 / 2


# Lasting


async def test_a_restarted_sandbox_still_knows_its_clients(tmp_path: Path, connect: Connect) -> None:
    state = tmp_path / "state.json"
    async with SandboxServer(tiny_world(), state_file=state) as server:
        client = await connect(server)
        await sign_in(client, server.world)
        key, public_key = client.session.auth_key, server.public_key_pem
    async with SandboxServer(tiny_world(), state_file=state) as server:
        assert server.public_key_pem == public_key
        again = await connect(server, auth_key=key)
        assert (await again.get_me()).id == 777
        assert len(server.accounts.known_keys()) == 1
    assert state.stat().st_mode & 0o077 == 0


async def test_a_sandbox_on_a_thread_serves_another_event_loop() -> None:
    with running_sandbox(tiny_world()) as running:
        client = await connect_telethon(running.server)
        assert (await client(NEAREST)).this_dc == 2
        assert running.call(lambda server: server.calls["help.getNearestDc"]) == 1
        await client.disconnect()


async def test_a_file_at_the_other_data_centre_arrives_whole(sandbox: SandboxServer, signed_in: TelegramClient) -> None:
    await signed_in.get_dialogs()
    truth = build_manifest(sandbox.world)
    for chat in truth.chats:
        expected = {each.message_id: each for each in truth.media if each.chat_id == chat.id}
        async for message in signed_in.iter_messages(chat.id, ids=list(expected)[:100]):
            medium = message.photo or message.document
            if medium.dc_id == MEDIA_DC:
                data = await signed_in.download_media(message, bytes)
                assert hashlib.sha256(data).hexdigest() == expected[message.id].sha256
                assert sandbox.calls["auth.importAuthorization"] == 1
                return
    raise AssertionError("the demo world holds no file at the other data centre")
