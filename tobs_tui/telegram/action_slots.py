"""Fills the slots of service actions, one function a kind; `telegram.actions` says what the slots mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tobs_tui.model.peers import CHANNEL_MARK
from tobs_tui.telegram.convert_media import document_media, photo_media
from tobs_tui.telegram.convert_peers import marked
from tobs_tui.telegram.convert_text import seconds_of
from tobs_tui.telegram.decimals import NANOTONS, decimal

DAY = 86_400

Slots = dict[str, Any]
_Filler = Callable[[Any], Slots]


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


def _gift_url(gift: Any) -> Slots:
    """The slot with a collectible's page (https://core.telegram.org/api/links#collectible-gift-link)."""
    slug = getattr(gift, "slug", None)
    return {"url": f"https://t.me/nft/{slug}"} if slug else {}


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
        "amount": action.amount or 0,
        "currency": action.currency or "",
        "flag": bool(action.via_giveaway),
        "flag2": bool(action.unclaimed),
    }


def _gift_ton(action: Any) -> Slots:
    given = f"{decimal(action.crypto_amount, NANOTONS)} {action.crypto_currency}"
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
            name = f"{peer.first_name or ''} {peer.last_name or ''}".strip()
            names.append(f"{name} (@{peer.username})" if peer.username else name)
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
        name, stars = f"{name} ({decimal(stars, NANOTONS)} TON)", 0
    return {
        **_gift_url(action.gift),
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
        **_gift_url(action.gift),
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
        **_gift_url(a.gift),
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
