"""The rules by which an author is linked: exact, owned evidence, one fitting owner, nothing that contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.matching.comparing import Comparison, Told, says_given_name
from chalicelib.core.matching.keys import clue_key, fold_city, key
from chalicelib.core.matching.likeness import how_alike, is_young
from chalicelib.core.matching.names import Agreement, Level, PersonName, compare, name_of
from chalicelib.core.matching.normalise import normalise_email, normalise_number, normalise_phone, normalise_platform
from chalicelib.core.matching.reading import ALONE
from chalicelib.core.matching.types import Direction
from chalicelib.core.matching.view import View
from chalicelib.core.people import ClueKind, Contact

CERTAIN = 0.9999


@dataclass(frozen=True, slots=True)
class Link:
    """A contact that may be linked, and how sure that is."""

    comparison: Comparison
    confidence: float


def links(view: View, compared: Sequence[Comparison]) -> list[Link]:
    """Every contact that the rules would link; several that are not one person mean that none is. Pictures, followers
    and verification have no part in it."""
    by_id = [item for item in compared if item.has_id]
    if by_id:
        return [Link(item, CERTAIN) for item in by_id]
    found = [Link(item, confidence) for item in compared if (confidence := _confidence(view, item, compared))]
    others = [item for item in compared if _has_another_account(view, item)] if found else []
    return [link for link in found if not any(is_one_person(link.comparison, other, compared) for other in others)]


def _confidence(view: View, item: Comparison, compared: Sequence[Comparison]) -> float:
    """How sure the evidence makes us that `item` is the author; 0: not enough to link."""
    if is_vetoed(view, item):
        return 0.0
    grounds = [
        ground
        for ground in (
            _by_handle(view, item, compared),
            _by_email(view, item, compared),
            _by_number(item, compared, ClueKind.PHONE),
            _by_number(item, compared, ClueKind.CUSTOMER_NUMBER),
            _by_two(item, compared),
        )
        if ground
    ]
    return 1.0 - min(1.0 - ground for ground in grounds) / len(grounds) if grounds else 0.0


def is_vetoed(view: View, item: Comparison) -> bool:
    """What no identifier outweighs: a company's account, another account of the contact on this platform, another
    person's name."""
    if view.is_company or item.record.is_company or item.is_employer or _has_another_account(view, item):
        return True
    return item.name.is_relative or (item.name.given is Level.DIFFERENT and view.shows_person)


def _has_another_account(view: View, item: Comparison) -> bool:
    """The contact is recorded on this platform with another id, or with a handle that this one looks like or that a
    younger account would replace."""
    is_replaced = item.has_other_handle and (_is_alike(view, item) or is_young(view.author, item.contact))
    return item.has_other_id or is_replaced


def _is_alike(view: View, item: Comparison) -> bool:
    return how_alike(view.handle, item.other_handles, item.record) > 0


def _by_handle(view: View, item: Comparison, compared: Sequence[Comparison]) -> float:
    """The handle on this platform, and a shown name that agrees; what the handle says of itself is not enough."""
    if not item.handle or not view.is_named or not _is_only_owner(item, item.handle_holders, compared):
        return 0.0
    name = item.name
    if name.is_full:
        return 0.998
    if name.given >= Level.VARIANT and name.family >= Level.VARIANT:
        return 0.996
    if name.given >= Level.FORM and name.family is Level.INITIAL:
        return 0.996
    if name.given is Level.INITIAL and name.family >= Level.FORM:
        return 0.996
    if name.given >= Level.FORM and name.family is Level.ABSENT and not says_given_name(item.handle, item.record):
        return 0.993
    return 0.0


def _is_only_owner(item: Comparison, holders: int, compared: Sequence[Comparison], told: Told | None = None) -> bool:
    """Whether nobody else has what `item` has (the handle, or what was told), but for duplicates of it."""
    if holders <= 1:
        return True
    owners = [other for other in compared if (_has_told(other, told) if told else other.handle)]
    return len(owners) >= holders and all(other is item or is_one_person(item, other, compared) for other in owners)


def _has_told(item: Comparison, told: Told) -> bool:
    return any(mine.claim.value == told.claim.value and mine.is_loose == told.is_loose for mine in item.told)


def _by_email(view: View, item: Comparison, compared: Sequence[Comparison]) -> float:
    """An address told in private: its only owner, or the one of several whom the name picks out. Who shows no name must
    have said that it is theirs."""
    best = 0.0
    for told in item.told_as(ClueKind.EMAIL):
        name = item.name
        if not _is_only_owner(item, told.holders, compared, told):
            best = max(best, 0.996 if _is_picked(item, told, compared) else 0.0)
        elif name.is_full:
            best = max(best, 0.9995)
        elif told.claim.direction is Direction.OWN and _agrees_in_part(name):
            best = max(best, 0.998)
        elif item.record.words and _is_theirs(view, name, told) and not _tells_of_another(item, compared):
            best = max(best, 0.995)
    return best


def _agrees_in_part(name: Agreement) -> bool:
    """Enough for what the author calls theirs: a given name, or initials."""
    return name.given >= Level.VARIANT or (name.given is Level.INITIAL and name.family >= Level.INITIAL)


def _is_theirs(view: View, name: Agreement, told: Told) -> bool:
    """Whether an address is the author's though their name says nothing: they say so, and in so many words where what
    they show might be another name."""
    if told.claim.direction is not Direction.OWN or Level.SIMILAR in (name.given, name.family):
        return False
    return told.claim.why != ALONE or not view.name.may_be_person or name.family >= Level.PART


def _tells_of_another(item: Comparison, compared: Sequence[Comparison]) -> bool:
    """Whether the author told something private of another contact too, or has another's handle: one of the two is not
    theirs."""
    if any(other.handle and not same_person(item.contact, other.contact) for other in compared if other is not item):
        return True
    return any(
        told.is_private and not told.is_loose and not same_person(item.contact, other.contact)
        for other in compared
        if other is not item
        for told in other.told
        if told.claim.value not in {mine.claim.value for mine in item.told}
    )


def _by_number(item: Comparison, compared: Sequence[Comparison], kind: ClueKind) -> float:
    """A phone, customer or order number told in private: families share them, so given and family name must agree."""
    best = 0.0
    for told in item.told_as(kind):
        is_safe = item.name.is_full and not (kind is ClueKind.PHONE and item.name.unsure)
        if is_safe and (told.holders <= 1 or _is_picked(item, told, compared)):
            best = max(best, 0.9985)
    return best


def _by_two(item: Comparison, compared: Sequence[Comparison]) -> float:
    """Two different identifiers of one contact, of which at least one was told in private, by whom the given name does
    not deny: who has both is no chance hit."""
    sole = {
        told.claim.kind for told in item.told if told.is_ground and _is_only_owner(item, told.holders, compared, told)
    }
    if sole and item.handle and _is_only_owner(item, item.handle_holders, compared):
        return 0.0 if Level.SIMILAR in (item.name.given, item.name.family) else 0.996
    if len(sole) >= 2 and item.name.given >= Level.FORM and not item.name.unsure:
        return 0.995
    return 0.0


def _is_picked(item: Comparison, told: Told, compared: Sequence[Comparison]) -> bool:
    """Of all who share what was told, the first name picks this one alone (or a duplicate of it)."""
    owners = [other for other in compared if any(claim.claim.value == told.claim.value for claim in other.told)]
    if len(owners) < told.holders or not _is_first_name(item.name):
        return False
    is_exact = item.name.given is Level.SAME
    others = [
        other
        for other in owners
        if other is not item
        and (other.name.given is Level.SAME if is_exact else other.name.given is not Level.DIFFERENT)
    ]
    return all(is_one_person(item, other, compared) for other in others)


def _is_first_name(name: Agreement) -> bool:
    agrees = name.family >= Level.PART or name.family in (Level.ABSENT, Level.INITIAL)
    return name.given >= Level.FORM and not name.unsure and agrees


# ---- one person twice ------------------------------------------------------------------------------------------------


def is_one_person(one: Comparison, other: Comparison, compared: Sequence[Comparison]) -> bool:
    """`same_person`, where what somebody with another first name has too (a family's mailbox) makes no two one: father
    and son may have one name."""
    relatives = [item.contact for item in compared if compare(item.record, one.record).given is Level.DIFFERENT]
    return same_person(one.contact, other.contact, relatives)


def same_person(one: Contact, other: Contact, relatives: Sequence[Contact] = ()) -> bool:
    """Evident duplicates: the same name, a shared mailbox, phone, number or presence that none of `relatives` has, and
    nothing that contradicts."""
    mine, theirs = name_of(one), name_of(other)
    agreed = compare(mine, theirs)
    if agreed.given is not Level.SAME or not agreed.is_full or _generations_differ(mine, theirs):
        return False
    shared = _identifiers(one) & _identifiers(other)
    for relative in relatives if shared else ():
        shared -= _identifiers(relative)
    return bool(shared) and not _contradict(one, other)


def _generations_differ(one: PersonName, other: PersonName) -> bool:
    return one.generation != other.generation


def _identifiers(contact: Contact) -> frozenset[str]:
    found = [key("email", email) for value in contact.emails if (email := normalise_email(value))]
    found += [key("phone", phone) for value in contact.phones if (phone := normalise_phone(value))]
    found += [key("number", number) for value in contact.customer_numbers if (number := normalise_number(value))]
    for item in contact.social:
        platform = normalise_platform(item.platform)
        found += [
            name
            for name in (
                clue_key(ClueKind.PLATFORM_ID, item.user_id, platform),
                clue_key(ClueKind.HANDLE, item.handle, platform),
            )
            if name
        ]
    return frozenset(found)


def _contradict(one: Contact, other: Contact) -> bool:
    cities = {fold_city(city) for city in (one.city, other.city) if city}
    if len(cities) > 1:
        return True
    for platform in {normalise_platform(item.platform) for item in one.social}:
        mine, theirs = (_ids(contact, platform) for contact in (one, other))
        if mine and theirs and not mine & theirs:
            return True
    phones = [{phone for value in contact.phones if (phone := normalise_phone(value))} for contact in (one, other)]
    return len(cities) == 0 and bool(phones[0] and phones[1]) and not phones[0] & phones[1]


def _ids(contact: Contact, platform: str) -> frozenset[str]:
    return frozenset(
        item.user_id for item in contact.social if item.user_id and normalise_platform(item.platform) == platform
    )
