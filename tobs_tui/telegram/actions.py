"""Service actions: from TL layer 229's `MessageAction*` into `model.messages.Action`, kind by kind.

What the slots of an `Action` mean, kind by kind; slots that are not named stay at their defaults. It is the contract
between `telegram.action_slots`, which fills them, and `render.actions`, which words them. `facts`, what no slot has
room for, come from `telegram.action_facts`; `url` is a collectible's page. Peer ids are marked;
0 = unknown. "in XTR" means whole Telegram stars. The person who acted is the message's `sender`, never repeated here.
Whenever the service message answers another message, `message_id` is that message (same chat), for every kind.

BoostApply: amount: boosts
BotAllowed: text: domain that was logged in to; extra: title of the bot's app; flag: from the attachment menu; flag2:
    from a web app's request
ChangeCommunity: amount: bare id of the community (0 = taken out of it)
ChangeCreator: users: (new owner,)
ChannelCreate: text: title
ChannelMigrateFrom: text: the basic group's title; users: (the basic group,)
ChatAddUser: users: those added (the sender alone = joined by themselves)
ChatCreate: text: title; users: first members
ChatDeletePhoto: -
ChatDeleteUser: users: (the person removed,) (the sender = left)
ChatEditPhoto: photo: Photo
ChatEditTitle: text: new title
ChatJoinedByLink: users: (owner of the invite link,)
ChatJoinedByRequest: -
ChatJoinedViaCommunity: amount: bare id of the community
ChatMigrateTo: users: (the supergroup,)
ConferenceCall: users: other participants; seconds: duration; flag: missed; flag2: video; amount: 1 = still active
ContactSignUp: -
CustomAction: text: the whole sentence
Empty: -
GameScore: amount: score (message_id: the game)
GeoProximityReached: users: (who came near, to whom); amount: metres
GiftCode: users: (channel that was boosted,) or (); seconds: Premium's length; text: message; extra: the code; amount
    and currency: price; flag: through a giveaway; flag2: unclaimed prize
GiftPremium: seconds: Premium's length; amount and extra: price and currency; text: message
GiftStars: text: number of stars, in digits; amount and extra: price and currency
GiftTon: text: what was given, as in "1.5 TON"; amount and extra: price and currency
GiveawayLaunch: amount: stars (0 = Premium subscriptions)
GiveawayResults: amount: winners; text: number of unclaimed prizes, in digits ("" = none); flag: stars were given
GroupCall: flag: it ended (else: it began); seconds: duration once ended
GroupCallScheduled: date: when it is to begin
HistoryClear: -
InviteToGroupCall: users: those invited
ManagedBotCreated: users: (the bot,)
NewCreatorPending: users: (who will own the chat,)
NoForwardsRequest: flag: asked to forbid forwarding (else: to allow it); flag2: the request expired; amount: 1 = it
    was forbidden before
NoForwardsToggle: flag: forwarding forbidden from now on (else: allowed); flag2: it was forbidden before
PaidMessagesPrice: amount: stars a message (0 = free); flag: messages to the channel are allowed
PaidMessagesRefunded: amount: stars; text: number of messages, in digits
PaymentRefunded: users: (who was paid back,); amount and extra: sum and currency
PaymentSent: amount and extra: sum and currency; text: invoice's slug; date: subscription lasts until; flag: first of
    recurring payments; flag2: a later one (message_id: the invoice)
PaymentSentMe: as PaymentSent, but text: what the payer filled in (name, phone, e-mail, address), joined by ", "
PhoneCall: seconds: duration; flag: video; text: how it ended: "missed", "busy", "disconnected", "hung up",
    "conference" (went on as one) or ""
PinMessage: (message_id: the pinned message)
PollAppendAnswer: text: the answer (message_id: the poll)
PollDeleteAnswer: text: the answer (message_id: the poll)
PrizeStars: amount: stars; users: (channel that was boosted,); flag: unclaimed prize; message_id: the giveaway
RequestedPeer: users: those chosen
RequestedPeerSentMe: users: those chosen; text: their names, joined by ", "
ScreenshotTaken: -
SecureValuesSent: text: kinds of documents in words, joined by ", "
SecureValuesSentMe: as SecureValuesSent
SetChatTheme: text: the theme's emoji ("" = none), or the gift's name when flag; flag: theme of a collectible gift
SetChatWallPaper: text: the wallpaper's emoji; photo: Document, where it has a file; flag: the same as the other
    side's; flag2: for both sides
SetMessagesTTL: seconds: period (0 = off); users: (whose default it is,) or ()
StarGift: amount: worth in XTR; text: message; extra: gift's title; users: (giver, receiver), 0 where unknown; photo:
    Document (the sticker); flag: converted to stars; flag2: refunded
StarGiftPurchaseOffer: text: gift's name ("Title #7"); amount and extra: price and currency (TON in nanotons); date:
    expires; flag: accepted; flag2: declined
StarGiftPurchaseOfferDeclined: text: gift's name; amount and extra: price and currency (TON in nanotons); flag: it
    expired
StarGiftUnique: extra: gift's name, with the price when resold for TON ("Title #7 (1.5 TON)"); text: message; amount:
    price in XTR when resold; users: (giver, receiver), 0 where unknown; flag: an upgrade; flag2: transferred; photo:
    Document, where the gift shows one
SuggestBirthday: text: ISO 8601, "1990-05-17" or "--05-17"
SuggestProfilePhoto: photo: Photo
SuggestedPostApproval: flag: rejected; flag2: the balance is too low; text: why it was rejected; date: when it will be
    posted; amount and extra: price and currency (TON in nanotons)
SuggestedPostRefund: flag: the payer asked for it
SuggestedPostSuccess: amount and extra: price and currency (TON in nanotons)
TodoAppendTasks: text: the new lines, joined by newlines; amount: their number (message_id: the checklist)
TodoCompletions: text: ids done, joined by ", "; extra: ids undone, joined by ", " (message_id: the checklist)
TopicCreate: text: title; amount: colour of the icon (0xRRGGBB); extra: custom emoji id in digits, or ""
TopicEdit: text: new title ("" = unchanged); extra: other changes, joined by ", ": "closed", "reopened", "hidden",
    "shown", "icon"
WebViewDataSent: text: the button's text
WebViewDataSentMe: text: the button's text; extra: the data
UNKNOWN: extra: the constructor's name, or its number as in "0x1a2b3c4d"
"""

from __future__ import annotations

from typing import Any

from tobs_tui.model.messages import Action, ActionKind
from tobs_tui.telegram.action_facts import TELLERS
from tobs_tui.telegram.action_slots import FILLERS
from tobs_tui.telegram.media_facts import facts_of


def convert_action(action: Any, reply_to_id: int = 0) -> Action:
    """The record of a TL `MessageAction`; `reply_to_id` is the message that the service message answers, or 0."""
    name = type(action).__name__.removeprefix("MessageAction")
    filler = FILLERS.get(name)
    if filler is None:
        return Action(ActionKind.UNKNOWN, extra=type(action).__name__, message_id=reply_to_id)
    slots = filler(action)
    slots.setdefault("message_id", reply_to_id)
    tell = TELLERS.get(name)
    if tell is not None:
        slots["facts"] = facts_of(tell(action))
    return Action(ActionKind(name), **slots)


def unknown_action(action: Any) -> str:
    """The constructor's name of a TL `MessageAction` that cannot be read; "" for those that can, and for none."""
    name = type(action).__name__
    return "" if action is None or name.removeprefix("MessageAction") in FILLERS else name
