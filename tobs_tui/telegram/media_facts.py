"""What TL media tell besides what their records have fields for, in words: one function a kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tobs_tui.telegram.decimals import NANOTONS, decimal

SIDES = "×"


def facts_of(found: Iterator[str]) -> tuple[str, ...]:
    """The facts as records have them."""
    return tuple([fact for fact in found if fact])


def document_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaDocument`."""
    if media.video_timestamp:
        yield f"from {_clock(media.video_timestamp)} on"
    others = [_quality(each) for each in media.alt_documents or ()]
    if any(others):
        yield f"other qualities: {', '.join(other for other in others if other)}"


def _quality(document: Any) -> str:
    """What tells a video's other version apart: its size on the screen, and what it is encoded with."""
    for each in getattr(document, "attributes", ()):
        if type(each).__name__ == "DocumentAttributeVideo":
            codec = getattr(each, "video_codec", None)
            return f"{each.w}{SIDES}{each.h}" + (f" {codec}" if codec else "")
    return ""


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def dice_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaDice`: what was staked and won."""
    outcome = media.game_outcome
    if outcome is not None:
        yield f"{decimal(outcome.stake_ton_amount, NANOTONS)} TON staked"
        yield f"{decimal(outcome.ton_amount, NANOTONS)} TON won"


def live_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaGeoLive`."""
    if media.proximity_notification_radius:
        yield f"alerts within {media.proximity_notification_radius} m"


def giveaway_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaGiveaway` or `MessageMediaGiveawayResults`."""
    if media.only_new_subscribers:
        yield "new subscribers only"
    if getattr(media, "winners_are_visible", False):
        yield "winners will be named"
    if getattr(media, "countries_iso2", None):
        yield f"countries: {', '.join(media.countries_iso2)}"
    if getattr(media, "additional_peers_count", None):
        yield f"with {media.additional_peers_count} more channels"
    if getattr(media, "unclaimed_count", 0):
        yield f"{media.unclaimed_count} not claimed"
    if getattr(media, "refunded", False):
        yield "refunded"


def invoice_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaInvoice`."""
    if media.shipping_address_requested:
        yield "asks for an address"
    if media.test:
        yield "a test"
    if media.extended_media is not None:
        if hasattr(media.extended_media, "media"):
            yield "with media"
        else:
            yield f"not bought: {_preview(media.extended_media)}"


def _preview(preview: Any) -> str:
    """What can be told of media that are not paid for: a preview."""
    sides = f" {preview.w}{SIDES}{preview.h}" if preview.w and preview.h else ""
    if preview.video_duration is not None:
        return f"video {_clock(preview.video_duration)}{sides}"
    return f"photo{sides}"


def paid_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaPaidMedia`: what was not bought."""
    return (_preview(each) for each in media.extended_media if not hasattr(each, "media"))


def poll_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaPoll`."""
    poll = media.poll
    if poll.open_answers:
        yield "others can add answers"
    if poll.revoting_disabled:
        yield "votes are final"
    if poll.hide_results_until_close:
        yield "results hidden until it closes"
    if poll.subscribers_only:
        yield "for subscribers only"
    if poll.countries_iso2:
        yield f"countries: {', '.join(poll.countries_iso2)}"
    if media.results.min:
        yield "without one's own vote"
    if media.attached_media is not None:
        yield "with media"
    answers = sum(getattr(answer, "media", None) is not None for answer in poll.answers)
    if answers:
        yield "media in an answer" if answers == 1 else f"media in {answers} answers"
    if media.results.solution_media is not None:
        yield "media in the explanation"


def story_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaStory`."""
    if media.via_mention:
        yield "you are mentioned"
    kind = type(media.story).__name__
    if kind == "StoryItemDeleted":
        yield "deleted"
    elif kind == "StoryItemSkipped" and media.story.live:
        yield "live"


def to_do_facts(media: Any) -> Iterator[str]:
    """Of a `MessageMediaToDo`."""
    if media.todo.others_can_append:
        yield "others can add to it"
    if media.todo.others_can_complete:
        yield "others can tick it off"


_ATTRIBUTES = {
    "WebPageAttributeAiComposeTone": "a tone of writing",
    "WebPageAttributeStarGiftAuction": "an auction of gifts",
    "WebPageAttributeStarGiftCollection": "a collection of gifts",
    "WebPageAttributeStickerSet": "stickers",
    "WebPageAttributeStory": "a story",
    "WebPageAttributeTheme": "a theme",
    "WebPageAttributeUniqueStarGift": "a collectible gift",
}


def web_page_facts(page: Any) -> Iterator[str]:
    """Of a `WebPage` of any kind."""
    if getattr(page, "type", None) not in (None, "", "article", "telegram_message"):
        yield str(page.type).replace("_", " ")
    if getattr(page, "duration", None):
        yield _clock(page.duration)
    if getattr(page, "document", None) is not None:
        yield "with a file"
    for attribute in getattr(page, "attributes", None) or ():
        yield _ATTRIBUTES.get(type(attribute).__name__, type(attribute).__name__)
    if getattr(page, "cached_page", None) is not None:
        yield "instant view"
