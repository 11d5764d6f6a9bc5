"""Service actions: from TL layer 229's `MessageAction*` into `model.messages.Action`, kind by kind.

What the slots of an `Action` mean, for each kind (slots that are not named stay at their defaults). This table is the contract
between this module, which fills the slots, and `render.actions`, which words them. Peer ids are marked; 0 = unknown.
"in XTR" means whole Telegram stars. The person who acted is the message's `sender`, never repeated here. Whenever the
service message answers another message, `message_id` is that message (same chat), for every kind.

========================== ================================================================================================
kind                       slots
========================== ================================================================================================
BoostApply                 amount: boosts
BotAllowed                 text: domain that was logged in to; extra: title of the bot's app; flag: from the attachment menu;
                           flag2: from a web app's request
ChangeCommunity            amount: bare id of the community (0 = taken out of it)
ChangeCreator              users: (new owner,)
ChannelCreate              text: title
ChannelMigrateFrom         text: the basic group's title; users: (the basic group,)
ChatAddUser                users: those added (the sender alone = joined by themselves)
ChatCreate                 text: title; users: first members
ChatDeletePhoto            -
ChatDeleteUser             users: (the person removed,) (the sender = left)
ChatEditPhoto              photo: Photo
ChatEditTitle              text: new title
ChatJoinedByLink           users: (owner of the invite link,)
ChatJoinedByRequest        -
ChatJoinedViaCommunity     amount: bare id of the community
ChatMigrateTo              users: (the supergroup,)
ConferenceCall             users: other participants; seconds: duration; flag: missed; flag2: video; amount: 1 = still active
ContactSignUp              -
CustomAction               text: the whole sentence
Empty                      -
GameScore                  amount: score (message_id: the game)
GeoProximityReached        users: (who came near, to whom); amount: metres
GiftCode                   users: (channel that was boosted,) or (); seconds: Premium's length; text: message; extra: the code;
                           flag: through a giveaway; flag2: unclaimed prize
GiftPremium                seconds: Premium's length; amount and extra: price and currency; text: message
GiftStars                  text: number of stars, in digits; amount and extra: price and currency
GiftTon                    text: what was given, as in "1.5 TON"; amount and extra: price and currency
GiveawayLaunch             amount: stars (0 = Premium subscriptions)
GiveawayResults            amount: winners; text: number of unclaimed prizes, in digits ("" = none); flag: stars were given
GroupCall                  flag: it ended (else: it began); seconds: duration once ended
GroupCallScheduled         date: when it is to begin
HistoryClear               -
InviteToGroupCall          users: those invited
ManagedBotCreated          users: (the bot,)
NewCreatorPending          users: (who will own the chat,)
NoForwardsRequest          flag: asked to forbid forwarding (else: to allow it); flag2: the request expired; amount: 1 = it was
                           forbidden before
NoForwardsToggle           flag: forwarding forbidden from now on (else: allowed); flag2: it was forbidden before
PaidMessagesPrice          amount: stars a message (0 = free); flag: messages to the channel are allowed
PaidMessagesRefunded       amount: stars; text: number of messages, in digits
PaymentRefunded            users: (who was paid back,); amount and extra: sum and currency
PaymentSent                amount and extra: sum and currency; text: invoice's slug; date: subscription lasts until; flag: first of
                           recurring payments; flag2: a later one (message_id: the invoice)
PaymentSentMe              as PaymentSent, but text: what the payer filled in (name, phone, e-mail, address), joined by ", "
PhoneCall                  seconds: duration; flag: video; text: how it ended: "missed", "busy", "disconnected", "hung up",
                           "conference" (went on as one) or ""
PinMessage                 (message_id: the pinned message)
PollAppendAnswer           text: the answer (message_id: the poll)
PollDeleteAnswer           text: the answer (message_id: the poll)
PrizeStars                 amount: stars; users: (channel that was boosted,); flag: unclaimed prize; message_id: the giveaway
RequestedPeer              users: those chosen
RequestedPeerSentMe        users: those chosen; text: their names, joined by ", "
ScreenshotTaken            -
SecureValuesSent           text: kinds of documents in words, joined by ", "
SecureValuesSentMe         as SecureValuesSent
SetChatTheme               text: the theme's emoji ("" = none), or the gift's name when flag; flag: theme of a collectible gift
SetChatWallPaper           text: the wallpaper's emoji; photo: Document, where it has a file; flag: the same as the other side's;
                           flag2: for both sides
SetMessagesTTL             seconds: period (0 = off); users: (whose default it is,) or ()
StarGift                   amount: worth in XTR; text: message; extra: gift's title; users: (giver, receiver), 0 where unknown;
                           photo: Document (the sticker); flag: converted to stars; flag2: refunded
StarGiftPurchaseOffer      text: gift's name ("Title #7"); amount and extra: price and currency (TON in nanotons); date: expires;
                           flag: accepted; flag2: declined
StarGiftPurchaseOfferDeclined text: gift's name; amount and extra: price and currency (TON in nanotons); flag: it expired
StarGiftUnique             extra: gift's name, with the price when resold for TON ("Title #7 (1.5 TON)"); text: message;
                           amount: price in XTR when resold; users: (giver, receiver), 0 where unknown; flag: an upgrade;
                           flag2: transferred; photo: Document, where the gift shows one
SuggestBirthday            text: ISO 8601, "1990-05-17" or "--05-17"
SuggestProfilePhoto        photo: Photo
SuggestedPostApproval      flag: rejected; flag2: the balance is too low; text: why it was rejected; date: when it will be
                           posted; amount and extra: price and currency (TON in nanotons)
SuggestedPostRefund        flag: the payer asked for it
SuggestedPostSuccess       amount and extra: price and currency (TON in nanotons)
TodoAppendTasks            text: the new lines, joined by newlines; amount: their number (message_id: the checklist)
TodoCompletions            text: ids done, joined by ", "; extra: ids undone, joined by ", " (message_id: the checklist)
TopicCreate                text: title; amount: colour of the icon (0xRRGGBB); extra: custom emoji id in digits, or ""
TopicEdit                  text: new title ("" = unchanged); extra: other changes, joined by ", ": "closed", "reopened", "hidden",
                           "shown", "icon"
WebViewDataSent            text: the button's text
WebViewDataSentMe          text: the button's text; extra: the data
UNKNOWN                    extra: the constructor's name, or its number as in "0x1a2b3c4d"
========================== ================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tobs_tui.model.messages import Action, ActionKind
from tobs_tui.model.peers import CHANNEL_MARK
from tobs_tui.telegram.convert_media import document_media, photo_media
from tobs_tui.telegram.convert_peers import marked
from tobs_tui.telegram.convert_text import seconds_of

DAY = 86_400
NANOTONS = 1_000_000_000

Slots = dict[str, Any]
_Filler = Callable[[Any], Slots]


def convert_action(action: Any, reply_to_id: int = 0) -> Action:
    """The record of a TL `MessageAction`; `reply_to_id` is the message that the service message answers, or 0."""
    name = type(action).__name__.removeprefix("MessageAction")
    filler = FILLERS.get(name)
    if filler is None:
        return Action(ActionKind.UNKNOWN, extra=type(action).__name__, message_id=reply_to_id)
    slots = filler(action)
    slots.setdefault("message_id", reply_to_id)
    return Action(ActionKind(name), **slots)


def _nothing(_: Any) -> Slots:
    return {}


def _channel(bare: int) -> int:
    return CHANNEL_MARK - bare


def _text(value: Any) -> str:
    """The plain text of an optional `TextWithEntities`."""
    return value.text if value is not None else ""


def _ids(*peers: Any) -> tuple[int, ...]:
    """The marked ids of those peers that are there."""
    return tuple(marked(peer) for peer in peers if peer is not None)


def _giver_and_receiver(action: Any) -> tuple[int, ...]:
    receiver = action.peer or getattr(action, "to_id", None)
    if action.from_id is None and receiver is None:
        return ()
    return (marked(action.from_id), marked(receiver))


def _decimal(amount: int, unit: int) -> str:
    """`amount` hundred-millionths and the like as a decimal number without trailing zeros."""
    whole, rest = divmod(amount, unit)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def _stars_or_ton(price: Any) -> Slots:
    """The slots of an optional `StarsAmount` or `StarsTonAmount`."""
    if price is None:
        return {}
    return {"amount": price.amount, "extra": "TON" if type(price).__name__ == "StarsTonAmount" else "XTR"}


def _gift_name(gift: Any) -> str:
    """A gift's title, with its number when it is a collectible."""
    number = getattr(gift, "num", None)
    title = gift.title or ""
    return f"{title} #{number}" if number is not None else title


def _gift_picture(gift: Any) -> Any:
    """The gift's sticker: its own, or that of the collectible's model."""
    for holder in (gift, *(getattr(gift, "attributes", None) or ())):
        document = getattr(holder, "sticker", None) or getattr(holder, "document", None)
        if document is not None:
            return document_media(document)
    return None


def _bot_allowed(action: Any) -> Slots:
    app = getattr(action.app, "title", "") if action.app is not None else ""
    return {
        "text": action.domain or "",
        "extra": app,
        "flag": bool(action.attach_menu),
        "flag2": bool(action.from_request),
    }


def _conference_call(action: Any) -> Slots:
    return {
        "users": _ids(*(action.other_participants or ())),
        "seconds": action.duration or 0,
        "flag": bool(action.missed),
        "flag2": bool(action.video),
        "amount": int(bool(action.active)),
    }


def _gift_code(action: Any) -> Slots:
    return {
        "users": _ids(action.boost_peer),
        "seconds": action.days * DAY,
        "text": _text(action.message),
        "extra": action.slug,
        "flag": bool(action.via_giveaway),
        "flag2": bool(action.unclaimed),
    }


def _gift_ton(action: Any) -> Slots:
    given = f"{_decimal(action.crypto_amount, NANOTONS)} {action.crypto_currency}"
    return {"text": given, "amount": action.amount, "extra": action.currency}


def _payment(action: Any) -> Slots:
    return {
        "amount": action.total_amount,
        "extra": action.currency,
        "date": seconds_of(action.subscription_until_date),
        "flag": bool(action.recurring_init),
        "flag2": bool(action.recurring_used),
    }


def _payment_sent_me(action: Any) -> Slots:
    info = action.info
    parts: list[str] = []
    if info is not None:
        parts += [info.name or "", info.phone or "", info.email or ""]
        if info.shipping_address is not None:
            where = info.shipping_address
            parts += [
                where.street_line1,
                where.street_line2,
                where.city,
                where.state,
                where.country_iso2,
                where.post_code,
            ]
    return {**_payment(action), "text": ", ".join(part for part in parts if part)}


_CALL_ENDS = {
    "PhoneCallDiscardReasonMissed": "missed",
    "PhoneCallDiscardReasonBusy": "busy",
    "PhoneCallDiscardReasonDisconnect": "disconnected",
    "PhoneCallDiscardReasonHangup": "hung up",
    "PhoneCallDiscardReasonMigrateConferenceCall": "conference",
}


def _phone_call(action: Any) -> Slots:
    reason = _CALL_ENDS.get(type(action.reason).__name__, "")
    return {"seconds": action.duration or 0, "flag": bool(action.video), "text": reason}


def _prize_stars(action: Any) -> Slots:
    slots: Slots = {"amount": action.stars, "users": _ids(action.boost_peer), "flag": bool(action.unclaimed)}
    if action.giveaway_msg_id:
        slots["message_id"] = action.giveaway_msg_id
    return slots


def _requested_peers(action: Any) -> Slots:
    ids: list[int] = []
    names: list[str] = []
    for peer in action.peers:
        if hasattr(peer, "user_id"):
            ids.append(peer.user_id)
            names.append(f"{peer.first_name or ''} {peer.last_name or ''}".strip())
        else:
            ids.append(-peer.chat_id if hasattr(peer, "chat_id") else _channel(peer.channel_id))
            names.append(peer.title or "")
    return {"users": tuple(ids), "text": ", ".join(name for name in names if name)}


def _in_words(constructor: str) -> str:
    """'SecureValueTypeDriverLicense' as 'driver license'."""
    name = constructor.removeprefix("SecureValueType")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _secure_values(types: list[Any]) -> Slots:
    return {"text": ", ".join(_in_words(type(item).__name__) for item in types)}


def _chat_theme(action: Any) -> Slots:
    if hasattr(action.theme, "gift"):
        return {"text": _gift_name(action.theme.gift), "flag": True}
    return {"text": action.theme.emoticon}


def _wallpaper(action: Any) -> Slots:
    settings = action.wallpaper.settings
    document = getattr(action.wallpaper, "document", None)
    return {
        "text": (settings.emoticon or "") if settings is not None else "",
        "photo": document_media(document) if document is not None else None,
        "flag": bool(action.same),
        "flag2": bool(action.for_both),
    }


def _star_gift(action: Any) -> Slots:
    return {
        "amount": getattr(action.gift, "stars", 0),
        "text": _text(action.message),
        "extra": _gift_name(action.gift),
        "users": _giver_and_receiver(action),
        "photo": _gift_picture(action.gift),
        "flag": bool(action.converted),
        "flag2": bool(action.refunded),
    }


def _star_gift_unique(action: Any) -> Slots:
    name = _gift_name(action.gift)
    price = _stars_or_ton(action.resale_amount)
    stars = price.get("amount", 0)
    if price.get("extra") == "TON":
        name, stars = f"{name} ({_decimal(stars, NANOTONS)} TON)", 0
    return {
        "extra": name,
        "text": _text(action.message),
        "amount": stars,
        "users": _giver_and_receiver(action),
        "photo": _gift_picture(action.gift),
        "flag": bool(action.upgrade),
        "flag2": bool(action.transferred),
    }


def _purchase_offer(action: Any) -> Slots:
    return {
        **_stars_or_ton(action.price),
        "text": _gift_name(action.gift),
        "date": seconds_of(action.expires_at),
        "flag": bool(action.accepted),
        "flag2": bool(action.declined),
    }


def _birthday(action: Any) -> Slots:
    day = action.birthday
    year = f"{day.year:04d}" if day.year else "-"
    return {"text": f"{year}-{day.month:02d}-{day.day:02d}"}


def _post_approval(action: Any) -> Slots:
    return {
        **_stars_or_ton(action.price),
        "flag": bool(action.rejected),
        "flag2": bool(action.balance_too_low),
        "text": action.reject_comment or "",
        "date": seconds_of(action.schedule_date),
    }


def _topic_edit(action: Any) -> Slots:
    changes: list[str] = []
    if action.closed is not None:
        changes.append("closed" if action.closed else "reopened")
    if action.hidden is not None:
        changes.append("hidden" if action.hidden else "shown")
    if action.icon_emoji_id is not None:
        changes.append("icon")
    return {"text": action.title or "", "extra": ", ".join(changes)}


def _joined(values: list[int]) -> str:
    return ", ".join(str(value) for value in values)


FILLERS: dict[str, _Filler] = {
    "BoostApply": lambda a: {"amount": a.boosts},
    "BotAllowed": _bot_allowed,
    "ChangeCommunity": lambda a: {"amount": a.community_id or 0},
    "ChangeCreator": lambda a: {"users": (a.new_creator_id,)},
    "ChannelCreate": lambda a: {"text": a.title},
    "ChannelMigrateFrom": lambda a: {"text": a.title, "users": (-a.chat_id,)},
    "ChatAddUser": lambda a: {"users": tuple(a.users)},
    "ChatCreate": lambda a: {"text": a.title, "users": tuple(a.users)},
    "ChatDeletePhoto": _nothing,
    "ChatDeleteUser": lambda a: {"users": (a.user_id,)},
    "ChatEditPhoto": lambda a: {"photo": photo_media(a.photo)},
    "ChatEditTitle": lambda a: {"text": a.title},
    "ChatJoinedByLink": lambda a: {"users": (a.inviter_id,)},
    "ChatJoinedByRequest": _nothing,
    "ChatJoinedViaCommunity": lambda a: {"amount": a.community_id},
    "ChatMigrateTo": lambda a: {"users": (_channel(a.channel_id),)},
    "ConferenceCall": _conference_call,
    "ContactSignUp": _nothing,
    "CustomAction": lambda a: {"text": a.message},
    "Empty": _nothing,
    "GameScore": lambda a: {"amount": a.score},
    "GeoProximityReached": lambda a: {"users": _ids(a.from_id, a.to_id), "amount": a.distance},
    "GiftCode": _gift_code,
    "GiftPremium": lambda a: {
        "seconds": a.days * DAY,
        "amount": a.amount,
        "extra": a.currency,
        "text": _text(a.message),
    },
    "GiftStars": lambda a: {"text": str(a.stars), "amount": a.amount, "extra": a.currency},
    "GiftTon": _gift_ton,
    "GiveawayLaunch": lambda a: {"amount": a.stars or 0},
    "GiveawayResults": lambda a: {
        "amount": a.winners_count,
        "text": str(a.unclaimed_count) if a.unclaimed_count else "",
        "flag": bool(a.stars),
    },
    "GroupCall": lambda a: {"flag": a.duration is not None, "seconds": a.duration or 0},
    "GroupCallScheduled": lambda a: {"date": seconds_of(a.schedule_date)},
    "HistoryClear": _nothing,
    "InviteToGroupCall": lambda a: {"users": tuple(a.users)},
    "ManagedBotCreated": lambda a: {"users": (a.bot_id,)},
    "NewCreatorPending": lambda a: {"users": (a.new_creator_id,)},
    "NoForwardsRequest": lambda a: {"flag": a.new_value, "flag2": bool(a.expired), "amount": int(a.prev_value)},
    "NoForwardsToggle": lambda a: {"flag": a.new_value, "flag2": a.prev_value},
    "PaidMessagesPrice": lambda a: {"amount": a.stars, "flag": bool(a.broadcast_messages_allowed)},
    "PaidMessagesRefunded": lambda a: {"amount": a.stars, "text": str(a.count)},
    "PaymentRefunded": lambda a: {"users": _ids(a.peer), "amount": a.total_amount, "extra": a.currency},
    "PaymentSent": lambda a: {**_payment(a), "text": a.invoice_slug or ""},
    "PaymentSentMe": _payment_sent_me,
    "PhoneCall": _phone_call,
    "PinMessage": _nothing,
    "PollAppendAnswer": lambda a: {"text": _text(a.answer.text)},
    "PollDeleteAnswer": lambda a: {"text": _text(a.answer.text)},
    "PrizeStars": _prize_stars,
    "RequestedPeer": lambda a: {"users": _ids(*a.peers)},
    "RequestedPeerSentMe": _requested_peers,
    "ScreenshotTaken": _nothing,
    "SecureValuesSent": lambda a: _secure_values(a.types),
    "SecureValuesSentMe": lambda a: _secure_values([value.type for value in a.values]),
    "SetChatTheme": _chat_theme,
    "SetChatWallPaper": _wallpaper,
    "SetMessagesTTL": lambda a: {
        "seconds": a.period,
        "users": (a.auto_setting_from,) if a.auto_setting_from else (),
    },
    "StarGift": _star_gift,
    "StarGiftPurchaseOffer": _purchase_offer,
    "StarGiftPurchaseOfferDeclined": lambda a: {
        **_stars_or_ton(a.price),
        "text": _gift_name(a.gift),
        "flag": bool(a.expired),
    },
    "StarGiftUnique": _star_gift_unique,
    "SuggestBirthday": _birthday,
    "SuggestProfilePhoto": lambda a: {"photo": photo_media(a.photo)},
    "SuggestedPostApproval": _post_approval,
    "SuggestedPostRefund": lambda a: {"flag": bool(a.payer_initiated)},
    "SuggestedPostSuccess": lambda a: _stars_or_ton(a.price),
    "TodoAppendTasks": lambda a: {"text": "\n".join(_text(item.title) for item in a.list), "amount": len(a.list)},
    "TodoCompletions": lambda a: {"text": _joined(a.completed), "extra": _joined(a.incompleted)},
    "TopicCreate": lambda a: {
        "text": a.title,
        "amount": a.icon_color,
        "extra": str(a.icon_emoji_id) if a.icon_emoji_id else "",
    },
    "TopicEdit": _topic_edit,
    "WebViewDataSent": lambda a: {"text": a.text},
    "WebViewDataSentMe": lambda a: {"text": a.text, "extra": a.data},
}
"""What fills the slots of each kind, by constructor name without ``MessageAction``."""
