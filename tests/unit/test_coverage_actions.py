"""Every service action of the layer says what a person wants to know: who, what, how much, when, with links."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.tl import types as t

from tests.unit.coverage_help import act, words
from tests.unit.telegram_samples import DATE, document, photo

NOOR, IVAN, NEWS = t.PeerUser(8), t.PeerUser(77), t.PeerChannel(6)
CALL = t.InputGroupCall(1, 2)
CHARGE = t.PaymentCharge("ch-1", "provider")
NOOR_LINK = "[Noor](https://t.me/noor)"
STARS, TON = t.StarsAmount(20, 0), t.StarsTonAmount(1_500_000_000)
ANSWER = t.PollAnswer(words("Yes *x*"), b"1")
RARE = t.StarGiftAttributeRarity(15)
UNIQUE = t.StarGiftUnique(
    1, 2, "Cake", "Cake-7", 7,
    [
        t.StarGiftAttributeModel("Choc", document(), RARE), t.StarGiftAttributePattern("Dots", document(), RARE),
        t.StarGiftAttributeBackdrop("Sky", 1, 2, 3, 4, 5, t.StarGiftAttributeRarityEpic()),
    ],
    12, 100, owner_name="Zed",
)  # fmt: skip
GIFT = t.StarGift(1, document(), 50, 40, title="Cake", limited=True, availability_total=900, availability_remains=3)
UNIQUE_FACTS = "model Choc (1.5 %) · pattern Dots (1.5 %) · backdrop Sky (epic) · 12 of 100 issued · owned by Zed"
CAKE = "“[Cake #7](https://t.me/nft/Cake-7)”"

ACTIONS: list[tuple[Any, str]] = [
    (t.MessageActionBoostApply(3), "Ada boosted the group 3 times"),
    (t.MessageActionBotAllowed(domain="e.x"), "Ada allowed this bot to write to them by logging in to e.x"),
    (t.MessageActionChangeCommunity(44), "Ada moved this chat to the community 44"),
    (t.MessageActionChangeCreator(8), f"Ada made {NOOR_LINK} the owner of this chat"),
    (t.MessageActionChannelCreate("Club"), "Ada created “Club”"),
    (t.MessageActionChannelMigrateFrom("Old", 3), "This supergroup grew out of the group “Old”"),
    (t.MessageActionChatAddUser([8, 77]), f"Ada added {NOOR_LINK}, Ivan"),
    (t.MessageActionChatCreate("Club", [7, 8]), f"Ada created the group “Club” with {NOOR_LINK}"),
    (t.MessageActionChatDeletePhoto(), "Ada removed the chat's photo"),
    (t.MessageActionChatDeleteUser(77), "Ada removed Ivan"),
    (t.MessageActionChatEditPhoto(photo()), "Ada changed the chat's photo"),
    (t.MessageActionChatEditTitle("New *name*"), "Ada renamed this chat to “New \\*name\\*”"),
    (t.MessageActionChatJoinedByLink(8), f"Ada joined by an invite link of {NOOR_LINK}"),
    (t.MessageActionChatJoinedByRequest(), "Ada joined; the request was accepted"),
    (t.MessageActionChatJoinedViaCommunity(44), "Ada joined through the community 44"),
    (t.MessageActionChatMigrateTo(6), "This group became the supergroup “[News](https://t.me/news)”"),
    (
        t.MessageActionConferenceCall(1, video=True, duration=65, other_participants=[NOOR]),
        f"Ada made a group video call with {NOOR_LINK}, 1:05",
    ),
    (t.MessageActionContactSignUp(), "Ada joined Telegram"),
    (t.MessageActionCustomAction("It rained"), "It rained"),
    (t.MessageActionEmpty(), "Empty service message"),
    (t.MessageActionGameScore(1, 42), "Ada scored 42 in [the game](2024-05.md#m3)"),
    (t.MessageActionGeoProximityReached(NOOR, IVAN, 90), f"{NOOR_LINK} came within 90 m of Ivan"),
    (
        t.MessageActionGiftCode(
            90, "CODE", via_giveaway=True, unclaimed=True, boost_peer=NEWS, currency="EUR", amount=1199,
            crypto_currency="TON", crypto_amount=2_500_000_000, message=words("Enjoy"),
        ),
        "Ada sent an unclaimed prize, a gift code for Premium (3 months, 11.99 EUR) from [News](https://t.me/news)"
        " through a giveaway: “Enjoy” · CODE · 2.5 TON",
    ),
    (
        t.MessageActionGiftPremium(
            "EUR", 1199, 90, crypto_currency="TON", crypto_amount=2_500_000_000, message=words("Hi")
        ),
        "Ada gave Premium for 3 months (11.99 EUR): “Hi” · 2.5 TON",
    ),
    (t.MessageActionGiftStars("EUR", 500, 250, transaction_id="t1"), "Ada gave 250 stars (5.00 EUR) · transaction t1"),
    (
        t.MessageActionGiftTon("EUR", 700, "TON", 2_000_000_000, transaction_id="t2"),
        "Ada gave 2 TON (7.00 EUR) · transaction t2",
    ),
    (t.MessageActionGiveawayLaunch(stars=1000), "Ada started a giveaway of 1000 stars"),
    (
        t.MessageActionGiveawayResults(2, 8, stars=True),
        "[The giveaway](2024-05.md#m3) of stars ended: 2 winners, 8 not claimed",
    ),
    (t.MessageActionGroupCall(CALL, duration=3661), "Ada ended the video chat (1:01:01)"),
    (t.MessageActionGroupCallScheduled(CALL, DATE), "Ada scheduled a video chat for 2024-05-17 12:00"),
    (t.MessageActionHistoryClear(), "The history was cleared"),
    (t.MessageActionInviteToGroupCall(CALL, [8]), f"Ada invited {NOOR_LINK} to the video chat"),
    (t.MessageActionManagedBotCreated(9), "Ada created the bot Poll Bot"),
    (t.MessageActionNewCreatorPending(8), f"{NOOR_LINK} will become the owner if Ada leaves"),
    (
        t.MessageActionNoForwardsRequest(False, True, expired=True),
        "Ada asked to forbid forwarding from this chat (expired)",
    ),
    (t.MessageActionNoForwardsToggle(True, False), "Ada allowed forwarding from this chat"),
    (
        t.MessageActionPaidMessagesPrice(10, broadcast_messages_allowed=True),
        "Ada set the price of a message to the channel: 10 stars",
    ),
    (t.MessageActionPaidMessagesRefunded(3, 30), "Ada refunded 30 stars for 3 messages"),
    (t.MessageActionPaymentRefunded(NOOR, "XTR", 25, CHARGE), f"Ada refunded 25 stars to {NOOR_LINK} · charge ch-1"),
    (
        t.MessageActionPaymentSent(
            "EUR", 2950, recurring_init=True, invoice_slug="atlas", subscription_until_date=DATE
        ),
        "Ada paid 29.50 EUR for [the invoice](2024-05.md#m3), subscribed until 2024-05-17 12:00, first of several"
        " · atlas",
    ),
    (
        t.MessageActionPaymentSentMe(
            "EUR", 2950, b"p", CHARGE, shipping_option_id="fast",
            info=t.PaymentRequestedInfo(
                "Ada", "+1", "a@e.x", t.PostAddress("Street 1", "", "Lisbon", "", "PT", "1000")
            ),
        ),
        "Ada paid 29.50 EUR for [the invoice](2024-05.md#m3) · Ada, +1, a@e.x, Street 1, Lisbon, PT, 1000"
        " · charge ch-1 · shipping option fast",
    ),
    (
        t.MessageActionPhoneCall(1, video=True, reason=t.PhoneCallDiscardReasonHangup(), duration=725),
        "Ada made a video call, 12:05 (hung up)",
    ),
    (t.MessageActionPinMessage(), "Ada pinned [a message](2024-05.md#m3)"),
    (t.MessageActionPollAppendAnswer(ANSWER), "Ada added the answer “Yes \\*x\\*” to [the poll](2024-05.md#m3)"),
    (t.MessageActionPollDeleteAnswer(ANSWER), "Ada removed the answer “Yes \\*x\\*” from [the poll](2024-05.md#m3)"),
    (
        t.MessageActionPrizeStars(500, "t3", NEWS, 4, unclaimed=True),
        "Ada got a prize of 500 stars that nobody claimed in [the giveaway](2024-05.md#m4) from"
        " [News](https://t.me/news) · transaction t3",
    ),
    (t.MessageActionRequestedPeer(1, [NOOR]), f"Ada shared {NOOR_LINK} with the bot"),
    (
        t.MessageActionRequestedPeerSentMe(1, [t.RequestedPeerUser(8, "Noor", "H", username="noor")]),
        "Ada shared Noor H (@noor) with the bot",
    ),
    (t.MessageActionScreenshotTaken(), "Ada took a screenshot"),
    (
        t.MessageActionSecureValuesSent([t.SecureValueTypeDriverLicense(), t.SecureValueTypePassport()]),
        "Ada sent Telegram Passport documents: driver license, passport",
    ),
    (
        t.MessageActionSecureValuesSentMe(
            [t.SecureValue(t.SecureValueTypePhone(), b"", plain_data=t.SecurePlainPhone("+1555"))],
            t.SecureCredentialsEncrypted(b"", b"", b""),
        ),
        "Ada sent Telegram Passport documents: phone · +1555",
    ),
    (t.MessageActionSetChatTheme(t.ChatTheme("🌲")), "Ada set the chat's theme to 🌲"),
    (
        t.MessageActionSetChatWallPaper(
            t.WallPaperNoFile(1, settings=t.WallPaperSettings(emoticon="🌊")), for_both=True
        ),
        "Ada set a wallpaper for both sides 🌊",
    ),
    (
        t.MessageActionSetMessagesTTL(604_800, auto_setting_from=8),
        f"Ada set messages to delete themselves after 1 week (default of {NOOR_LINK})",
    ),
    (
        t.MessageActionStarGift(
            GIFT, name_hidden=True, can_upgrade=True, message=words("For you"), convert_stars=40, from_id=NOOR,
            peer=IVAN, saved_id=1, gift_num=3,
        ),
        f"{NOOR_LINK} gave Ivan a gift “Cake” worth 50 stars: “For you” · one of 900 · number 3 · worth 40 stars if"
        " converted · can be upgraded · the giver's name is hidden from others",
    ),
    (
        t.MessageActionStarGiftPurchaseOffer(UNIQUE, TON, DATE),
        f"Ada offered 1.5 TON for {CAKE}, valid until 2024-05-17 12:00 · {UNIQUE_FACTS}",
    ),
    (
        t.MessageActionStarGiftPurchaseOfferDeclined(UNIQUE, STARS, expired=True),
        f"The offer of 20 stars for {CAKE} expired · {UNIQUE_FACTS}",
    ),
    (
        t.MessageActionStarGiftUnique(
            UNIQUE, transferred=True, from_offer=True, from_id=NOOR, peer=IVAN, saved_id=1, resale_amount=STARS,
            message=words("hi"),
        ),
        f"{NOOR_LINK} gave Ivan the collectible {CAKE} for 20 stars, transferred: “hi” · {UNIQUE_FACTS}"
        " · an offer was accepted",
    ),
    (t.MessageActionSuggestBirthday(t.Birthday(17, 5, 1990)), "Ada suggested a date of birth: 1990-05-17"),
    (t.MessageActionSuggestProfilePhoto(photo()), "Ada suggested a profile photo"),
    (
        t.MessageActionSuggestedPostApproval(schedule_date=DATE, price=TON),
        "Ada approved [the suggested post](2024-05.md#m3) for 1.5 TON, to be posted 2024-05-17 12:00",
    ),
    (
        t.MessageActionSuggestedPostRefund(payer_initiated=True),
        "[The suggested post](2024-05.md#m3) was refunded at its payer’s wish",
    ),
    (t.MessageActionSuggestedPostSuccess(STARS), "[The suggested post](2024-05.md#m3) was paid: 20 stars"),
    (
        t.MessageActionTodoAppendTasks([t.TodoItem(1, words("milk")), t.TodoItem(2, words("- tea"))]),
        "Ada added 2 tasks to [the checklist](2024-05.md#m3): milk; - tea",
    ),
    (
        t.MessageActionTodoCompletions([1, 3], [2]),
        "Ada marked 1, 3 as done and 2 as not done in [the checklist](2024-05.md#m3)",
    ),
    (t.MessageActionTopicCreate("Plans", 0x6FB9F0), "Ada created the topic “Plans”"),
    (
        t.MessageActionTopicEdit("Plans", icon_emoji_id=3, closed=True, hidden=False),
        "Ada edited the topic: renamed it to “Plans”, closed it, showed it, changed its icon",
    ),
    (t.MessageActionWebViewDataSent("Open"), "Ada sent data to the bot with “Open”"),
    (
        t.MessageActionWebViewDataSentMe("Open", '{"a": 1}'),
        'Ada sent data (8 B) to the bot with “Open”: {"a": 1}',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("action", "sentence"), ACTIONS, ids=lambda value: type(value).__name__)
def test_each_service_action_is_a_sentence_with_all_that_it_tells(action: Any, sentence: str) -> None:
    assert act(action, reply=3) == sentence


def test_every_service_action_of_the_layer_has_a_sentence_here() -> None:
    kinds = {kind for name, kind in vars(t).items() if name.startswith("MessageAction")}
    assert {type(action) for action, _ in ACTIONS} == kinds
