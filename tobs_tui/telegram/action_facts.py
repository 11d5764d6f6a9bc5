"""What service actions tell besides what `telegram.action_slots` has slots for, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tobs_tui.telegram.decimals import crypto

_RARITIES = {
    "StarGiftAttributeRarityEpic": "epic",
    "StarGiftAttributeRarityLegendary": "legendary",
    "StarGiftAttributeRarityRare": "rare",
    "StarGiftAttributeRarityUncommon": "uncommon",
}


def _bought(action: Any) -> Iterator[str]:
    """How something that was given was paid for."""
    yield crypto(getattr(action, "crypto_amount", None), getattr(action, "crypto_currency", None))
    if getattr(action, "transaction_id", None):
        yield f"transaction {action.transaction_id}"


def _prize(action: Any) -> Iterator[str]:
    yield f"transaction {action.transaction_id}" if action.transaction_id else ""


def _charged(action: Any) -> Iterator[str]:
    yield f"charge {action.charge.id}"
    if getattr(action, "shipping_option_id", None):
        yield f"shipping option {action.shipping_option_id}"


def _gift(action: Any) -> Iterator[str]:
    yield from _about_gift(action.gift)
    if action.gift_num is not None:
        yield f"number {action.gift_num}"
    if action.convert_stars and not action.converted:
        yield f"worth {action.convert_stars} stars if converted"
    if action.upgraded:
        yield "upgraded"
    elif action.can_upgrade or action.prepaid_upgrade:
        yield "upgrade paid in advance" if action.prepaid_upgrade else "can be upgraded"
    if action.auction_acquired:
        yield "won at an auction"
    if action.name_hidden:
        yield "the giver's name is hidden from others"


def _unique_gift(action: Any) -> Iterator[str]:
    yield from _about_gift(action.gift)
    for flag, words in (
        (action.from_offer, "an offer was accepted"),
        (action.craft, "crafted"),
        (action.assigned, "assigned"),
        (action.prepaid_upgrade and not action.upgrade, "upgrade paid in advance"),
        (action.refunded, "refunded"),
        (action.name_hidden, "the giver's name is hidden from others"),
    ):
        yield words if flag else ""


def _offered_gift(action: Any) -> Iterator[str]:
    return _about_gift(action.gift)


def _about_gift(gift: Any) -> Iterator[str]:
    """What makes a collectible one of its own, or a gift rare."""
    for attribute in getattr(gift, "attributes", None) or ():
        name = type(attribute).__name__.removeprefix("StarGiftAttribute")
        if name in ("Model", "Pattern", "Backdrop"):
            yield f"{name.lower()} {attribute.name}{_rarity(attribute.rarity)}"
    issued = getattr(gift, "availability_issued", None)
    total = getattr(gift, "availability_total", None)
    if issued is not None and total:
        yield f"{issued} of {total} issued"
    elif total:
        yield f"one of {total}"
    if getattr(gift, "owner_name", None):
        yield f"owned by {gift.owner_name}"
    if getattr(gift, "owner_address", None):
        yield f"owned by the wallet {gift.owner_address}"


def _rarity(rarity: Any) -> str:
    if hasattr(rarity, "permille"):
        return f" ({rarity.permille / 10:g} %)"
    word = _RARITIES.get(type(rarity).__name__, "")
    return f" ({word})" if word else ""


def _passport(action: Any) -> Iterator[str]:
    """The phone numbers and addresses that come without encryption."""
    for value in action.values:
        plain = getattr(value, "plain_data", None)
        yield str(getattr(plain, "phone", None) or getattr(plain, "email", None) or "")


def _answer(action: Any) -> Iterator[str]:
    if action.answer.media is not None:
        yield f"with {type(action.answer.media).__name__.removeprefix('MessageMedia').lower()}"


TELLERS: dict[str, Callable[[Any], Iterator[str]]] = {
    "GiftCode": _bought,
    "GiftPremium": _bought,
    "GiftStars": _bought,
    "GiftTon": _prize,
    "PaymentRefunded": _charged,
    "PaymentSentMe": _charged,
    "PollAppendAnswer": _answer,
    "PollDeleteAnswer": _answer,
    "PrizeStars": _prize,
    "SecureValuesSentMe": _passport,
    "StarGift": _gift,
    "StarGiftPurchaseOffer": _offered_gift,
    "StarGiftPurchaseOfferDeclined": _offered_gift,
    "StarGiftUnique": _unique_gift,
}
"""By constructor name without ``MessageAction``."""
