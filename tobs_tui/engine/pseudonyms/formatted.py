"""Puts stand-ins into formatted texts: entities say where people are named, and move along with the text."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tobs_tui.engine.pseudonyms.words import Swap, Words, put
from tobs_tui.model.text import Entity, EntityKind

_ON_THEIR_OWN = frozenset(
    {
        EntityKind.MENTION,
        EntityKind.MENTION_NAME,
        EntityKind.PHONE,
        EntityKind.EMAIL,
        EntityKind.BANK_CARD,
        EntityKind.URL,
    }
)
"""Entities the whole text of which names somebody, or leads to them."""


def masked(text: str, entities: Sequence[Entity], words: Words) -> tuple[str, tuple[Entity, ...]]:
    """A text and its entities, with stand-ins. Entities that are out of range stay so."""
    if not text and not entities:
        return text, tuple(entities)
    units = _Units(text)
    own: list[Swap] = []
    kept: list[Entity] = []
    for entity in entities:
        swap, after = _of_entity(entity, text, units, words)
        if swap is not None:
            own.append(swap)
        if after is not None:
            kept.append(after)
    swaps = _together(own, words.swaps(text))
    if not swaps:
        return text, tuple(kept)
    moved = _Moves(swaps, units)
    return put(text, swaps), tuple(moved.entity(entity) for entity in kept)


def _of_entity(entity: Entity, text: str, units: _Units, words: Words) -> tuple[Swap | None, Entity | None]:
    """What is to be swapped because of an entity, and the entity that there is then."""
    kind = entity.kind
    if kind is EntityKind.TEXT_URL:
        person = words.person_of(entity.value)
        if person is not None:
            return None, _mention(entity, person)
        address = words.url(entity.value)
        return None, replace(entity, value=address) if address else None
    if kind not in _ON_THEIR_OWN:
        return None, replace(entity, value=words.text(entity.value)) if entity.value else entity
    start, end = units.index(entity.offset), units.index(entity.offset + entity.length)
    inner = text[start:end]
    if kind is EntityKind.MENTION_NAME:
        person = words.people.naming.of_id(entity.number)
        return (Swap(start, end, words.label(person), person) if inner else None), _mention(entity, person)
    entity = Entity(kind, entity.offset, entity.length)  # the others say nothing beside their text
    return _of_text(entity, Swap(start, end, inner), words) if inner else (None, entity)


def _of_text(entity: Entity, whole: Swap, words: Words) -> tuple[Swap | None, Entity | None]:
    """The same for entities that a text has by itself; `whole` is the text of one."""
    kind, inner = entity.kind, whole.put
    if kind is EntityKind.MENTION:
        person = words.handle(inner.lstrip("@"))
        if not person:
            return None, entity
        return whole._replace(put=words.label(person), pseudonym=person), _mention(entity, person)
    if kind is EntityKind.URL:
        person = words.person_of(inner) or 0
        if person:
            return whole._replace(put=words.label(person), pseudonym=person), _mention(entity, person)
        address = words.url(inner)
        if not address:
            return whole._replace(put=f"link {words.people.naming.code('link', inner)}"), None
        return (whole._replace(put=address) if address != inner else None), entity
    if kind is EntityKind.PHONE:
        shown, owner = words.phone(inner)
        return whole._replace(put=shown, pseudonym=owner), _mention(entity, owner) if owner else None
    what = "mail" if kind is EntityKind.EMAIL else "card"
    return whole._replace(put=f"{what} {words.people.naming.code(what, inner.casefold())}"), None


def _mention(entity: Entity, person: int) -> Entity:
    return Entity(EntityKind.MENTION_NAME, entity.offset, entity.length, number=person)


def _together(own: list[Swap], found: list[Swap]) -> list[Swap]:
    """All swaps, disjoint: those of entities go before what was found in the text, and cover what they cross."""
    kept: list[Swap] = []
    for swap in sorted(own, key=lambda swap: (swap.start, -swap.end)):
        if kept and swap.start < kept[-1].end:
            kept[-1] = kept[-1]._replace(end=max(kept[-1].end, swap.end))
        else:
            kept.append(swap)
    if not kept:
        return found
    for swap in found:
        crossed = [number for number, one in enumerate(kept) if swap.start < one.end and one.start < swap.end]
        if not crossed:
            kept.append(swap)
            continue
        first, last = kept[crossed[0]], kept[crossed[-1]]
        kept[crossed[0] : crossed[-1] + 1] = [
            first._replace(start=min(first.start, swap.start), end=max(last.end, swap.end))
        ]
        kept.sort()
    return sorted(kept)


class _Units:
    """Indices into a text by UTF-16 code units, and the other way round."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._wide = [index for index, char in enumerate(text) if char > "\uffff"] if not text.isascii() else []

    def index(self, offset: int) -> int:
        """The index of the character at an offset; in the middle of one, that of the next. Within the text."""
        at = offset
        for number, index in enumerate(self._wide):
            if index + number >= offset:
                break
            at = max(offset - number - 1, index + 1)
        return min(max(at, 0), self._length)

    def offset(self, index: int) -> int:
        """The offset of a character."""
        return index + sum(1 for wide in self._wide if wide < index)


class _Moves:
    """Where offsets come to lie."""

    def __init__(self, swaps: Sequence[Swap], units: _Units) -> None:
        self._moves: list[tuple[int, int, int]] = []  # from, to, length afterwards
        for swap in swaps:
            self._moves.append((units.offset(swap.start), units.offset(swap.end), _units_of(swap.put)))

    def entity(self, entity: Entity) -> Entity:
        """An entity over the same things as before."""
        start = self._moved(entity.offset, end=False)
        end = self._moved(entity.offset + entity.length, end=True) if entity.length > 0 else start + entity.length
        return replace(entity, offset=start, length=end - start)

    def _moved(self, offset: int, *, end: bool) -> int:
        shift = 0
        for start, stop, length in self._moves:
            if offset >= stop and (stop > start or offset > start):
                shift += length - (stop - start)
            elif offset > start:
                return start + shift + (length if end else 0)
            else:
                break
        return offset + shift


def _units_of(text: str) -> int:
    return len(text) + sum(1 for char in text if char > "\uffff")
