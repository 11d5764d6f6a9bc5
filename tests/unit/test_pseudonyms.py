"""Stand-ins for people: the same ones everywhere, in every field and text that somebody is told of in."""

from __future__ import annotations

import typing

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tobs_tui.engine.pseudonyms.formatted import masked
from tobs_tui.engine.pseudonyms.masks import Masks
from tobs_tui.engine.pseudonyms.naming import Naming, label
from tobs_tui.engine.pseudonyms.people import People
from tobs_tui.engine.pseudonyms.records import PEERS
from tobs_tui.engine.pseudonyms.words import Words
from tobs_tui.model import media as md
from tobs_tui.model.messages import Action, ActionKind, Forward, Message, ReactionKind, Reactor, Reply
from tobs_tui.model.peers import PSEUDONYM_MARK, Peer, PeerKind
from tobs_tui.model.text import Entity, EntityKind, FormattedText
from tobs_tui.model.transcript import Said, Transcript
from tobs_tui.render.chars import Offsets
from tobs_tui.render.spans import read_spans

ZOE = Peer(5_001_000, PeerKind.USER, "Zoe Lindqvist", username="zoe_lind", phone="15550101000")
OTHER_ZOE = Peer(5_001_001, PeerKind.USER, "Zoe van Dijk", username="dijkster")
ANNA = Peer(5_001_002, PeerKind.USER, "Anna")
LI = Peer(5_001_003, PeerKind.USER, "伟 李")
PRIYA = Peer(5_001_004, PeerKind.USER, "प्रिया शर्मा")
BOT = Peer(7_100_001, PeerKind.BOT, "Weather", username="weather_demo_bot")
NEWS = Peer(-1_001_500_000_001, PeerKind.CHANNEL, "Harbour News", username="harbour_news")
EVERYBODY = (ZOE, OTHER_ZOE, ANNA, LI, PRIYA, BOT, NEWS, Peer(777000, PeerKind.USER, "Telegram"))
NAMING = Naming(b"k" * 32)
PEOPLE = People(EVERYBODY, NAMING)
WORDS, MASKS = Words(PEOPLE), Masks(PEOPLE)


def of(peer: Peer) -> str:
    return label(NAMING.of_id(peer.id), bot=peer is BOT)


def test_a_stand_in_is_the_same_for_the_same_key_and_another_for_another() -> None:
    assert Naming(b"k" * 32).of_id(ZOE.id) == NAMING.of_id(ZOE.id) != Naming(b"l" * 32).of_id(ZOE.id)
    assert PSEUDONYM_MARK <= NAMING.of_id(ZOE.id) < 2 * PSEUDONYM_MARK
    assert NAMING.of_id(NAMING.of_id(ZOE.id)) == NAMING.of_id(ZOE.id)
    assert NAMING.real(NAMING.of_id(ZOE.id)) == ZOE.id
    assert [NAMING.of_id(peer) for peer in (0, NEWS.id, 777000)] == [0, NEWS.id, 777000]


def test_ten_thousand_people_have_as_many_names() -> None:
    assert len({label(NAMING.of_id(number)) for number in range(1, 10_001)}) == 10_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Thanks, Zoe Lindqvist!", f"Thanks, {of(ZOE)}!"),
        ("zoe   lindqvist wrote", f"{of(ZOE)} wrote"),
        ("Lindqvist's bike", f"{of(ZOE)}'s bike"),
        ("Lindqvist, Zoe", f"{of(ZOE)}, {label(NAMING.of_name('Zoe'))}"),
        ("ask @Zoe_Lind or zoe_lind", f"ask {of(ZOE)} or {of(ZOE)}"),
        ("dijkster is a word, @dijkster is not", f"dijkster is a word, {of(OTHER_ZOE)} is not"),
        ("/help@weather_demo_bot", f"/help {of(BOT)}"),
        ("Anna and anna and Annapolis", f"{of(ANNA)} and anna and Annapolis"),
        ("请问李伟在吗", f"请问{of(LI)}在吗"),
        ("प्रिया, आओ", f"{of(PRIYA)}, आओ"),
        ("call 1 (555) 010-1000 now", f"call {of(ZOE)} now"),
        ("call +49 30 901820 now", f"call phone {NAMING.code('phone', '4930901820')} now"),
        ("write to z.l@example.org", f"write to mail {NAMING.code('mail', 'z.l@example.org')}"),
        ("see https://t.me/zoe_lind?text=hi.", f"see {of(ZOE)}"),
        ("see t.me/harbour_news and t.me/c/15/3", "see t.me/harbour_news and t.me/c/15/3"),
        ("tg://user?id=5001000", of(ZOE)),
        ("her number is 5001000", f"her number is {NAMING.of_id(ZOE.id)}"),
        ("Zoe_Lindqvist_cv.pdf", f"{of(ZOE)}_cv.pdf"),
        ("@media and @dataclass and 2024-05-14 12:30:55", "@media and @dataclass and 2024-05-14 12:30:55"),
        ("Telegram, Weather, the van, Harbour News", "Telegram, Weather, the van, Harbour News"),
    ],
)
def test_a_text_tells_nobody(text: str, told: str) -> None:
    assert WORDS.text(text) == told


def test_a_name_that_two_have_is_neither_of_them() -> None:
    told = WORDS.text("Zoe is here")
    assert told == f"{label(NAMING.of_name('Zoe'))} is here"
    assert told not in (f"{of(ZOE)} is here", f"{of(OTHER_ZOE)} is here")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://t.me/zoe_lind", ""),
        ("https://zoe_lind.t.me", ""),
        ("https://t.me/nobody_known", ""),
        ("tg://resolve?domain=zoe_lind", ""),
        ("https://t.me/+15550101000", ""),
        ("mailto:zoe@example.org", ""),
        ("tel:+15550101000", ""),
        ("https://t.me/harbour_news/12", "https://t.me/harbour_news/12"),
        ("https://t.me/elsewhere/12", "https://t.me/elsewhere/12"),
        ("https://t.me/joinchat/AbC", "https://t.me/joinchat/AbC"),
        ("https://t.me/+AbCdEf", "https://t.me/+AbCdEf"),
        ("https://example.org/Zoe%20Lindqvist/x", f"https://example.org/{of(ZOE).replace(' ', '-')}/x"),
        ("https://example.org/%FF?q=1", "https://example.org/%FF?q=1"),
    ],
)
def test_an_address_leads_to_nobody(url: str, told: str) -> None:
    assert WORDS.url(url) == told


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_entities_move_with_their_text() -> None:
    text = "😀 @zoe_lind and @who_is_it, +1 555: bold 😀 end"
    spans = [("@zoe_lind", EntityKind.MENTION), ("@who_is_it", EntityKind.MENTION), ("+1 555", EntityKind.PHONE),
             ("bold 😀", EntityKind.BOLD)]  # fmt: skip
    entities = [Entity(kind, units(text[: text.index(part)]), units(part)) for part, kind in spans]
    told, moved = masked(text, entities, WORDS)
    stranger = label(NAMING.of_name("@who_is_it"))
    assert told == f"😀 {of(ZOE)} and {stranger}, phone {NAMING.code('phone', '1555')}: bold 😀 end"
    offsets = Offsets(told)
    inner = [
        told[offsets.index(one.offset, end=False) : offsets.index(one.offset + one.length, end=True)] for one in moved
    ]
    assert inner == [of(ZOE), stranger, "bold 😀"]
    assert [one.kind for one in moved] == [EntityKind.MENTION_NAME, EntityKind.MENTION_NAME, EntityKind.BOLD]
    assert [mark.value for mark in read_spans(offsets, moved, rich=True).marks] == [""], "nothing leads to a stand-in"


def test_links_and_mentions_by_id_lead_to_nobody() -> None:
    entities = (
        Entity(EntityKind.TEXT_URL, 0, 4, "https://t.me/zoe_lind"),
        Entity(EntityKind.MENTION_NAME, 5, 4, number=ZOE.id),
        Entity(EntityKind.TEXT_URL, 10, 4, "https://example.org"),
        Entity(EntityKind.MENTION_NAME, 900, 4, number=ZOE.id),
    )
    told, moved = masked("here that site", entities, WORDS)
    assert told == f"here {of(ZOE)} site"
    assert "5001000" not in repr(moved)
    assert "zoe" not in repr(moved)
    assert moved[2].value == "https://example.org"


ENTITIES = st.builds(
    Entity,
    st.sampled_from(EntityKind),
    st.integers(-5, 60),
    st.integers(-5, 60),
    st.sampled_from(["", "https://t.me/zoe_lind", "https://example.org"]),
    st.sampled_from([0, ZOE.id]),
)
PIECES = st.sampled_from(
    ["Zoe", "Lindqvist", "😀", "@zoe_lind", "x", "\n", "+15550101000", "李伟", "t.me/zoe_lind", "5001000"]
)


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=12).map(" ".join), st.lists(ENTITIES, max_size=6))
def test_no_entities_whatever_keep_a_name_in_a_text(text: str, entities: list[Entity]) -> None:
    told, moved = masked(text, entities, WORDS)
    again = repr((told, moved))
    for secret in ("Lindqvist", "t.me/zoe_lind"):
        assert secret not in again
    assert all(one.number != ZOE.id for one in moved if one.kind is EntityKind.MENTION_NAME)


def test_a_message_tells_nobody_in_any_of_its_fields() -> None:
    people = (ZOE.id, ANNA.id)
    quote = FormattedText("Zoe Lindqvist said", (Entity(EntityKind.BOLD, 0, 13),))
    message = Message(
        1, 2, sender=ZOE.id, text="I am Zoe Lindqvist", via_bot=BOT.id, via_business_bot=BOT.id, guest_of=ZOE.id,
        post_author="Zoe Lindqvist", from_rank="Zoe_Lind", rich_text="Zoe Lindqvist",
        reply=Reply(5, ZOE.id, quote=quote, external_from="Zoe Lindqvist", from_peer=ZOE.id, poll_option="Lindqvist"),
        forward=Forward(ZOE.id, "Zoe Lindqvist", author="Lindqvist", saved_peer=ZOE.id),
        reactors=(Reactor(ZOE.id, ReactionKind.EMOJI, "👍"),),
        facts=("owned by Somebody Else", "for Lindqvist"),
        media=md.Poll(quote, (md.PollOption(quote, added_by=ZOE.id, voters=people),)),
    )  # fmt: skip
    shown = MASKS.message(message)
    told = repr(shown)
    for secret in ("Zoe", "Lindqvist", "zoe_lind", "5001000", "5001002", "7100001", "Somebody"):
        assert secret not in told
    assert shown.sender == NAMING.of_id(ZOE.id)
    assert shown.post_author == of(ZOE)
    assert shown.forward is not None
    assert shown.forward.name == of(ZOE), "a hidden account of a name that one person has is that person's"
    assert MASKS.message(message) == shown


@pytest.mark.parametrize(
    "media",
    [
        md.Contact("15550101000", "Zoe", "Lindqvist", ZOE.id, "BEGIN:VCARD\nFN:Zoe Lindqvist\nEND:VCARD"),
        md.Contact("+4930901820", "Carla", "Diaz", 0, "FN:Carla Diaz"),
        md.WebPage("https://t.me/zoe_lind", "Telegram", "Zoe Lindqvist", "Maps and Carla Diaz."),
        md.Document(md.File(md.FileKind.DOCUMENT, 1, 2, b"", 2, 3, mime="text/vcard", name="Carla Diaz.vcf")),
        md.Document(md.File(md.FileKind.DOCUMENT, 1, 2, b"", 2, 3, name="Zoe_Lindqvist.pdf"), title="Lindqvist live"),
        md.Story(ZOE.id, 3, FormattedText("by Lindqvist")),
        md.ToDo(FormattedText("for Lindqvist"), (md.ToDoItem(1, FormattedText("x"), done_by=ZOE.id),)),
        md.Giveaway(channels=(NEWS.id,), winners=(ZOE.id,)),
        md.PaidMedia(1, (md.Document(facts=("Lindqvist",)),)),
    ],
)
def test_media_tell_nobody(media: md.Media) -> None:
    told = repr(MASKS.message(Message(1, 2, media=media)))
    for secret in ("Zoe", "Lindqvist", "zoe_lind", "5001000", "Carla", "Diaz", "555010", "30901820", "VCARD"):
        assert secret not in told


def test_service_messages_tell_nobody() -> None:
    for action in (
        Action(ActionKind.ChatAddUser, users=(ZOE.id,)),
        Action(ActionKind.ChatEditTitle, text="Party of Zoe Lindqvist"),
        Action(ActionKind.PaymentSentMe, text="Carla Diaz, +49 30 901820, Main Street"),
        Action(ActionKind.SecureValuesSentMe, facts=("4930901820",)),
        Action(ActionKind.RequestedPeerSentMe, users=(ZOE.id,), text="Carla Diaz (@carla_d)"),
    ):
        told = repr(MASKS.message(Message(1, 2, action=action)))
        for secret in ("Zoe", "Lindqvist", "5001000", "Carla", "carla", "901820", "Street"):
            assert secret not in told


def test_what_is_said_tells_nobody() -> None:
    said = Transcript((Said(0.0, 1.0, "Hello Zoe Lindqvist"),))
    assert MASKS.transcript(said).text == f"Hello {of(ZOE)}"


_NUMBERS = """
id date topic edit_date album views forwards comments ttl boosts effect paid_stars suggested_for gone count row
message_id topic_root quote_offset story_id todo_item saved_message_id document_id amount seconds size dc
access_hash width height votes voters close_date accuracy live_period heading value receipt quantity months
stars until winners_count launch previews done_at offset length number columns rows level zoom
"""
NUMBERS = frozenset(_NUMBERS.split())
"""Numbers of the model that are nobody's id."""


def structs_of(kind: type[msgspec.Struct], found: set[type[msgspec.Struct]]) -> set[type[msgspec.Struct]]:
    """All records that a kind of record may hold."""
    if kind not in found:
        found.add(kind)
        for hint in typing.get_type_hints(kind).values():
            for part in parts_of(hint):
                if isinstance(part, type) and issubclass(part, msgspec.Struct):
                    structs_of(part, found)
    return found


def parts_of(hint: typing.Any) -> typing.Iterator[typing.Any]:
    inner = typing.get_args(hint)
    if not inner:
        yield hint
    for part in inner:
        yield from parts_of(part)


def test_every_number_of_a_message_is_known_to_be_a_person_or_not() -> None:
    found = structs_of(Message, set())
    assert len(found) > 50
    for kind in found:
        for name, hint in typing.get_type_hints(kind).items():
            if int in parts_of(hint) and (kind, name) not in PEERS:
                assert name in NUMBERS, f"{kind.__name__}.{name}: whose number is it?"
    assert {name for kind, name in PEERS for one in found if one is kind} == {name for _, name in PEERS}
