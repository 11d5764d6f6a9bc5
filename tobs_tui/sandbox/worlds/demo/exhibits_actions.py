"""Exhibits of the museum: every service action of the layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telethon.tl import types

from tobs_tui.sandbox.worlds import cast
from tobs_tui.sandbox.worlds.demo import media
from tobs_tui.sandbox.worlds.peers import Channel, tl_peer
from tobs_tui.sandbox.worlds.world import World

DAY = 86_400
COMMUNITY = 1_999_000_001


def _plain(text: str) -> Any:
    return types.TextWithEntities(text, [])


def membership(world: World, channel: Channel, when: int) -> Iterator[Any]:
    """Actions about the chat and who is in it."""
    picture = media.photo_file(world.files, when, 1, "chat photo")
    yield types.MessageActionChatCreate("A basic group", [cast.ADA, cast.NOOR])
    yield types.MessageActionChatEditTitle("Museum, *renamed*")
    yield lambda: types.MessageActionChatEditPhoto(picture.tl())
    yield types.MessageActionChatDeletePhoto()
    yield types.MessageActionChatAddUser([cast.KENJI, cast.YAEL])
    yield types.MessageActionChatDeleteUser(cast.SAM)
    yield types.MessageActionChatJoinedByLink(cast.ADA)
    yield types.MessageActionChatJoinedByRequest()
    yield types.MessageActionChatJoinedViaCommunity(COMMUNITY)
    yield types.MessageActionChangeCommunity(COMMUNITY)
    yield types.MessageActionChatMigrateTo(channel.id)
    yield types.MessageActionChannelMigrateFrom("An older group", 820_002)
    yield types.MessageActionNewCreatorPending(cast.NOOR)
    yield types.MessageActionChangeCreator(cast.NOOR)
    yield types.MessageActionHistoryClear()
    yield types.MessageActionContactSignUp()
    yield types.MessageActionCustomAction("A custom action says this [b]itself[/b]")
    yield types.MessageActionEmpty()
    yield types.MessageActionScreenshotTaken()
    yield types.MessageActionSetMessagesTTL(7 * DAY)
    yield types.MessageActionSetMessagesTTL(0)
    yield types.MessageActionSetChatTheme(types.ChatTheme("🌲"))
    yield types.MessageActionSetChatWallPaper(types.WallPaperNoFile(1), for_both=True)
    yield types.MessageActionNoForwardsRequest(prev_value=False, new_value=True)
    yield types.MessageActionNoForwardsToggle(prev_value=False, new_value=True)
    yield types.MessageActionBoostApply(3)
    yield types.MessageActionTopicCreate("A topic out of place", 0x6FB9F0)
    yield types.MessageActionTopicEdit(title="Another title", closed=True)
    yield types.MessageActionGeoProximityReached(tl_peer(cast.ZOE), tl_peer(cast.IVAN), 150)


def calls(when: int) -> Iterator[Any]:
    """Actions about calls."""
    call = types.InputGroupCall(501, 502)
    yield types.MessageActionPhoneCall(11, reason=types.PhoneCallDiscardReasonMissed())
    yield types.MessageActionPhoneCall(12, video=True, reason=types.PhoneCallDiscardReasonHangup(), duration=725)
    yield types.MessageActionGroupCall(call)
    yield types.MessageActionGroupCall(call, duration=3_661)
    yield types.MessageActionGroupCallScheduled(call, when + DAY)
    yield types.MessageActionInviteToGroupCall(call, [cast.NOOR, cast.IVAN])
    yield types.MessageActionConferenceCall(13, missed=True, other_participants=[tl_peer(cast.YAEL)])


def money(world: World, channel: Channel, when: int) -> Iterator[Any]:
    """Actions about payments, gifts, stars and giveaways."""
    charge = types.PaymentCharge("charge-1", "provider-1")
    yield types.MessageActionPaymentSent("EUR", 2_950, invoice_slug="atlas")
    yield types.MessageActionPaymentSentMe("EUR", 2_950, b"payload", charge)
    yield types.MessageActionPaymentRefunded(tl_peer(cast.WEATHER_BOT), "XTR", 25, charge)
    yield types.MessageActionGiftPremium("EUR", 1_199, 90, message=_plain("Enjoy!"))
    yield types.MessageActionGiftCode(90, "CODE-SLUG", via_giveaway=True, boost_peer=tl_peer(channel.key))
    yield types.MessageActionGiftCode(30, "PAID-SLUG", currency="EUR", amount=499, message=_plain("With *love*"))
    yield types.MessageActionGiftStars("EUR", 500, 250, transaction_id="t1")
    yield types.MessageActionGiftTon("EUR", 700, "TON", 2_000_000_000, transaction_id="t2")
    yield types.MessageActionGiveawayLaunch(stars=1_000)
    yield types.MessageActionGiveawayResults(2, 8)
    yield types.MessageActionPrizeStars(500, "t3", tl_peer(channel.key), 4)
    yield types.MessageActionPaidMessagesPrice(10, broadcast_messages_allowed=True)
    yield types.MessageActionPaidMessagesRefunded(3, 30)
    yield types.MessageActionSuggestedPostApproval(price=types.StarsAmount(100, 0), schedule_date=when + DAY)
    yield types.MessageActionSuggestedPostApproval(rejected=True, reject_comment="Not *this* week")
    yield types.MessageActionSuggestedPostSuccess(types.StarsAmount(100, 0))
    yield types.MessageActionSuggestedPostRefund(payer_initiated=True)
    yield from _gifts(world, when)


def _gifts(world: World, when: int) -> Iterator[Any]:
    sticker = media.sticker(world.files, when, "tgs").file
    assert sticker is not None

    def gift() -> Any:
        return types.StarGift(id=71, sticker=sticker.tl(), stars=50, convert_stars=42, title="Compass")

    def unique() -> Any:
        return types.StarGiftUnique(
            id=72,
            gift_id=71,
            title="Compass",
            slug="Compass-7",
            num=7,
            attributes=[
                types.StarGiftAttributeModel("Brass", sticker.tl(), types.StarGiftAttributeRarity(15)),
                types.StarGiftAttributeBackdrop("Dusk", 1, 0, 0, 0, 0, types.StarGiftAttributeRarityRare()),
            ],
            availability_issued=10,
            availability_total=100,
            owner_id=tl_peer(cast.NOOR),
        )

    yield lambda: types.MessageActionStarGift(gift(), message=_plain("For the road"), convert_stars=42)
    yield lambda: types.MessageActionStarGiftUnique(unique(), upgrade=True)
    yield lambda: types.MessageActionStarGiftPurchaseOffer(unique(), types.StarsAmount(900, 0), when + DAY)
    yield lambda: types.MessageActionStarGiftPurchaseOfferDeclined(unique(), types.StarsAmount(900, 0))


def other(world: World, when: int) -> Iterator[Any]:
    """Actions about bots, games, polls, lists and profiles."""
    answer = types.PollAnswer(_plain("A late option"), b"9")
    picture = media.photo_file(world.files, when, 5, "suggested")
    file = types.SecureValueTypePassport()
    sealed = types.SecureCredentialsEncrypted(b"data", b"hash", b"secret")
    yield types.MessageActionBotAllowed(domain="example.org")
    yield types.MessageActionManagedBotCreated(cast.POLL_BOT)
    yield types.MessageActionGameScore(5, 9_001)
    yield types.MessageActionPollAppendAnswer(answer)
    yield types.MessageActionPollDeleteAnswer(answer)
    yield types.MessageActionTodoCompletions(completed=[1, 3], incompleted=[2])
    yield types.MessageActionTodoAppendTasks([types.TodoItem(4, _plain("Check the *tyres*"))])
    yield types.MessageActionRequestedPeer(1, [tl_peer(cast.IVAN)])
    yield types.MessageActionRequestedPeerSentMe(
        1, [types.RequestedPeerUser(cast.IVAN, first_name="Иван", last_name="Петров")]
    )
    yield types.MessageActionSecureValuesSent([file])
    yield types.MessageActionSecureValuesSentMe([types.SecureValue(file, b"hash")], sealed)
    yield types.MessageActionSuggestBirthday(types.Birthday(14, 5, 1990))
    yield lambda: types.MessageActionSuggestProfilePhoto(picture.tl())
    yield types.MessageActionWebViewDataSent("Open the form")
    yield types.MessageActionWebViewDataSentMe("Open the form", '{"ok": true}')


def all_actions(world: World, channel: Channel, when: int) -> Iterator[Any]:
    """Every action but pinning, which needs a message to pin."""
    yield from membership(world, channel, when)
    yield from calls(when)
    yield from money(world, channel, when)
    yield from other(world, when)
