"""What messages carry: from TL media into `model.media` records, one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tobs_tui.model import media as model
from tobs_tui.model.media import Document, DocumentKind, File, FileKind, Media, Photo
from tobs_tui.model.peers import CHANNEL_MARK
from tobs_tui.model.text import FormattedText
from tobs_tui.telegram import media_facts as facts
from tobs_tui.telegram.convert_peers import marked
from tobs_tui.telegram.convert_text import convert_entities, convert_formatted, seconds_of


def convert_media(media: Any) -> Media | None:
    """The record of a TL `MessageMedia`, None for none; kinds that are not known become `UnknownMedia`."""
    name = type(media).__name__.removeprefix("MessageMedia")
    if name == "Empty":
        return None
    convert = CONVERTERS.get(name)
    return model.UnknownMedia(type(media).__name__) if convert is None else convert(media)


def unknown_media(media: Any) -> str:
    """The constructor's name of a TL `MessageMedia` that cannot be read; "" for those that can, and for none."""
    name = type(media).__name__
    known = media is None or name == "MessageMediaEmpty" or name.removeprefix("MessageMedia") in CONVERTERS
    return "" if known else name


# Files


def _stored_bytes(size: Any) -> int:
    """The length of a TL `PhotoSize`; -1 for previews that are no files of their own."""
    name = type(size).__name__
    if name == "PhotoSize":
        return int(size.size)
    if name == "PhotoSizeProgressive":
        return max(size.sizes, default=0)
    if name == "PhotoCachedSize":
        return len(size.bytes)
    return -1


def _largest(sizes: Iterable[Any] | None) -> Any:
    """The size with most pixels that can be downloaded, or None."""
    files = [size for size in sizes or () if _stored_bytes(size) >= 0]
    return max(files, key=lambda size: (size.w * size.h, _stored_bytes(size)), default=None)


def _photo_file(photo: Any, size: Any) -> File:
    return File(
        FileKind.PHOTO,
        photo.id,
        photo.access_hash,
        photo.file_reference,
        photo.dc_id,
        _stored_bytes(size),
        thumb=size.type,
        mime="image/jpeg",
    )


def photo_media(photo: Any) -> Photo:
    """The record of a TL `Photo` outside a message's media; without file for `PhotoEmpty` and None."""
    size = _largest(getattr(photo, "sizes", None))
    if size is None:
        return Photo()
    return Photo(_photo_file(photo, size), size.w, size.h)


def document_media(document: Any) -> Document:
    """The record of a TL `Document` outside a message's media; without file for `DocumentEmpty` and None."""
    if document is None or not hasattr(document, "attributes"):
        return Document()
    return Document(_document_file(document), **_described(document))


def _document_file(document: Any) -> File:
    name = next((each.file_name for each in document.attributes if hasattr(each, "file_name")), "")
    return File(
        FileKind.DOCUMENT,
        document.id,
        document.access_hash,
        document.file_reference,
        document.dc_id,
        document.size,
        mime=document.mime_type,
        name=name,
    )


def _described(document: Any) -> dict[str, Any]:
    """The fields of `Document` that come from a TL document's attributes and thumbnails."""
    fields: dict[str, Any] = {}
    found: set[DocumentKind] = set()
    for each in document.attributes:
        name = type(each).__name__.removeprefix("DocumentAttribute")
        if name == "Video":
            found.add(DocumentKind.ROUND if each.round_message else DocumentKind.VIDEO)
            fields.update(duration=float(each.duration), width=each.w, height=each.h)
        elif name == "Audio":
            found.add(DocumentKind.VOICE if each.voice else DocumentKind.AUDIO)
            fields.update(duration=float(each.duration), title=each.title or "", performer=each.performer or "")
            fields["waveform"] = each.waveform or b""
        elif name in ("Sticker", "CustomEmoji"):
            found.add(DocumentKind.STICKER)
            fields["emoji"] = each.alt
        elif name == "Animated":
            found.add(DocumentKind.ANIMATION)
        elif name == "ImageSize":
            fields.setdefault("width", each.w)
            fields.setdefault("height", each.h)
    fields["type"] = next((kind for kind in _BY_WEIGHT if kind in found), DocumentKind.FILE)
    thumb = _largest(document.thumbs)
    if thumb is not None:
        fields["thumb"] = File(
            FileKind.DOCUMENT,
            document.id,
            document.access_hash,
            document.file_reference,
            document.dc_id,
            _stored_bytes(thumb),
            thumb=thumb.type,
            mime="image/jpeg",
        )
    return fields


_BY_WEIGHT = (
    DocumentKind.STICKER,
    DocumentKind.ANIMATION,
    DocumentKind.ROUND,
    DocumentKind.VIDEO,
    DocumentKind.VOICE,
    DocumentKind.AUDIO,
)
"""Which kind wins when a document's attributes say several: a video sticker has a video's attributes too."""


def _photo(media: Any) -> Photo:
    video = media.video
    size = _largest(getattr(media.photo, "sizes", None))
    return Photo(
        file=_photo_file(media.photo, size) if size is not None else None,
        width=size.w if size is not None else 0,
        height=size.h if size is not None else 0,
        spoiler=bool(media.spoiler),
        ttl=media.ttl_seconds or 0,
        video=_document_file(video) if hasattr(video, "attributes") else None,
    )


def _document(media: Any) -> Document:
    spoiler, ttl = bool(media.spoiler), media.ttl_seconds or 0
    told = facts.facts_of(facts.document_facts(media))
    if not hasattr(media.document, "attributes"):
        # Expired: what it was is only told by the media's own flags.
        kind = DocumentKind.FILE
        for flag, named in ((media.round, DocumentKind.ROUND), (media.voice, DocumentKind.VOICE)):
            kind = named if flag else kind
        if kind is DocumentKind.FILE and media.video:
            kind = DocumentKind.VIDEO
        return Document(type=kind, spoiler=spoiler, ttl=ttl, facts=told)
    others = tuple(_quality(each) for each in media.alt_documents or () if hasattr(each, "attributes"))
    file, described = _document_file(media.document), _described(media.document)
    return Document(file, spoiler=spoiler, ttl=ttl, qualities=others, facts=told, **described)


def _quality(document: Any) -> model.Quality:
    described = _described(document)
    return model.Quality(_document_file(document), described.get("width", 0), described.get("height", 0))


# Everything else


def _web_page(media: Any) -> model.WebPage:
    page = media.webpage
    size = _largest(getattr(getattr(page, "photo", None), "sizes", None))
    return model.WebPage(
        url=getattr(page, "url", None) or "",
        site_name=getattr(page, "site_name", None) or "",
        title=getattr(page, "title", None) or "",
        description=getattr(page, "description", None) or "",
        author=getattr(page, "author", None) or "",
        facts=facts.facts_of(facts.web_page_facts(page)),
        photo=_photo_file(page.photo, size) if size is not None else None,
    )


def _poll(media: Any) -> model.Poll:
    poll, results = media.poll, media.results
    tally = {each.option: each for each in results.results or ()}
    options = []
    for answer in poll.answers:
        votes = tally.get(getattr(answer, "option", b""))
        options.append(
            model.PollOption(
                convert_formatted(answer.text),
                votes=-1 if votes is None or votes.voters is None else votes.voters,
                chosen=votes is not None and bool(votes.chosen),
                correct=votes is not None and bool(votes.correct),
                media=_shown(getattr(answer, "media", None)),
                added_by=marked(getattr(answer, "added_by", None)),
                voters=tuple([marked(voter) for voter in votes.recent_voters or ()]) if votes is not None else (),
            )
        )
    return model.Poll(
        question=convert_formatted(poll.question),
        options=tuple(options),
        voters=results.total_voters or 0,
        closed=bool(poll.closed),
        quiz=bool(poll.quiz),
        multiple=bool(poll.multiple_choice),
        public=bool(poll.public_voters),
        solution=FormattedText(results.solution or "", convert_entities(results.solution_entities)),
        close_date=seconds_of(poll.close_date),
        media=_shown(media.attached_media),
        solution_media=_shown(results.solution_media),
        facts=facts.facts_of(facts.poll_facts(media)),
    )


def _shown(media: Any) -> Photo | Document | None:
    """The photo or document that goes with a part of a poll; None for none, and for what is neither."""
    found = None if media is None else convert_media(media)
    return found if isinstance(found, Photo | Document) else None


def _where(geo: Any) -> dict[str, Any]:
    return {"latitude": getattr(geo, "lat", 0.0), "longitude": getattr(geo, "long", 0.0)}


def _geo(media: Any) -> model.Geo:
    return model.Geo(**_where(media.geo), accuracy=getattr(media.geo, "accuracy_radius", None) or 0)


def _geo_live(media: Any) -> model.Geo:
    accuracy = getattr(media.geo, "accuracy_radius", None) or 0
    told = facts.facts_of(facts.live_facts(media))
    heading = media.heading or 0
    return model.Geo(**_where(media.geo), accuracy=accuracy, live_period=media.period, heading=heading, facts=told)


def _giveaway(media: Any) -> model.Giveaway:
    return model.Giveaway(
        channels=tuple(CHANNEL_MARK - channel for channel in media.channels),
        quantity=media.quantity,
        months=media.months or 0,
        stars=media.stars or 0,
        until=seconds_of(media.until_date),
        prize=media.prize_description or "",
        facts=facts.facts_of(facts.giveaway_facts(media)),
    )


def _giveaway_results(media: Any) -> model.Giveaway:
    return model.Giveaway(
        channels=(CHANNEL_MARK - media.channel_id,),
        quantity=media.winners_count + media.unclaimed_count,
        months=media.months or 0,
        stars=media.stars or 0,
        until=seconds_of(media.until_date),
        prize=media.prize_description or "",
        winners=tuple(media.winners),
        winners_count=media.winners_count,
        finished=True,
        launch=media.launch_msg_id,
        facts=facts.facts_of(facts.giveaway_facts(media)),
    )


def _paid_media(media: Any) -> model.PaidMedia:
    bought = [convert_media(each.media) for each in media.extended_media if hasattr(each, "media")]
    items = tuple(item for item in bought if isinstance(item, Photo | Document))
    hidden = len(media.extended_media) - len(items)
    return model.PaidMedia(media.stars_amount, items, hidden, facts.facts_of(facts.paid_facts(media)))


def _story(media: Any) -> model.Story:
    item = media.story
    shown = convert_media(item.media) if hasattr(item, "media") else None
    return model.Story(
        marked(media.peer),
        media.id,
        caption=FormattedText(getattr(item, "caption", None) or "", convert_entities(getattr(item, "entities", None))),
        media=shown if isinstance(shown, Photo | Document) else None,
        date=seconds_of(getattr(item, "date", None)),
        facts=facts.facts_of(facts.story_facts(media)),
    )


def _to_do(media: Any) -> model.ToDo:
    done = {each.id: each for each in media.completions or ()}
    return model.ToDo(
        title=convert_formatted(media.todo.title),
        items=tuple(
            model.ToDoItem(
                item.id,
                convert_formatted(item.title),
                done_by=marked(done[item.id].completed_by) if item.id in done else 0,
                done_at=seconds_of(done[item.id].date) if item.id in done else 0,
            )
            for item in media.todo.list
        ),
        facts=facts.facts_of(facts.to_do_facts(media)),
    )


CONVERTERS: dict[str, Callable[[Any], Media]] = {
    "Contact": lambda m: model.Contact(m.phone_number, m.first_name, m.last_name, m.user_id, m.vcard),
    "Dice": lambda m: model.Dice(m.emoticon, m.value, facts.facts_of(facts.dice_facts(m))),
    "Document": _document,
    "Game": lambda m: model.Game(m.game.title, m.game.description, m.game.short_name),
    "Geo": _geo,
    "GeoLive": _geo_live,
    "Giveaway": _giveaway,
    "GiveawayResults": _giveaway_results,
    "Invoice": lambda m: model.Invoice(
        *(m.title, m.description, m.currency, m.total_amount),
        paid=m.receipt_msg_id is not None,
        receipt=m.receipt_msg_id or 0,
        facts=facts.facts_of(facts.invoice_facts(m)),
    ),
    "PaidMedia": _paid_media,
    "Photo": _photo,
    "Poll": _poll,
    "Story": _story,
    "ToDo": _to_do,
    "Venue": lambda m: model.Venue(
        **_where(m.geo), title=m.title, address=m.address, facts=(m.venue_type,) if m.venue_type else ()
    ),
    "VideoStream": lambda m: model.VideoStream(live=type(m.call).__name__ == "InputGroupCall"),
    "WebPage": _web_page,
}
"""By constructor name without ``MessageMedia``. Empty is no media, Unsupported is unknown."""
