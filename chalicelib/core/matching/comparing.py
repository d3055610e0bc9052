"""What an author and a contact have in common, and what speaks against their being one person."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.core.events import Visibility
from chalicelib.core.matching.folding import fold, fold_handle, forms, skeleton
from chalicelib.core.matching.keys import (
    clue_key,
    fold_city,
    initial_pair,
    is_national,
    key,
    name_pair,
    number_forms,
    squash_key,
)
from chalicelib.core.matching.likeness import is_only_name
from chalicelib.core.matching.mailhosts import is_role, own_domain
from chalicelib.core.matching.names import Agreement, Level, PersonName, compare, name_of
from chalicelib.core.matching.normalise import (
    is_national_form,
    loose_mailbox,
    mailbox,
    normalise_email,
    normalise_handle,
    normalise_phone,
    normalise_platform,
    phone_tail,
)
from chalicelib.core.matching.places import country_code
from chalicelib.core.matching.types import Claim, Direction, KeyRow, MatchSettings, Subject
from chalicelib.core.matching.view import View, holders, view_of
from chalicelib.core.people import ClueKind, Contact

_SHORTEST_IN_HANDLE = 4
_EXACT = frozenset({"handle", "handle_elsewhere", "bio_handle"})
_COUNTED = ("name_holders", "family_holders")
_COMMON = math.log(8)
_RARE = 2
"""A family name that no more contacts with that initial have is rare."""
_MOST_AVATARS = 4
"""A picture that more contacts have is a network's own."""


@dataclass(frozen=True, slots=True)
class Told:
    """A claim that names the contact. ``holders``: how many contacts have it; ``is_loose``: only as Gmail reads it."""

    claim: Claim
    holders: int
    is_loose: bool = False

    @property
    def is_private(self) -> bool:
        """Said in private, or vouched for by the platform."""
        return self.claim.visibility is Visibility.PRIVATE

    @property
    def is_ground(self) -> bool:
        """Exact, in private, no role's mailbox, and nothing near by tells of somebody else whose it might be."""
        is_doubtful = self.claim.direction is Direction.UNCLEAR and bool(self.claim.why)
        return self.is_private and not self.is_loose and not is_doubtful and self.claim.direction is not Direction.ROLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One author, one contact. Ids and handles are of the author's platform unless they say otherwise."""

    contact: Contact
    record: PersonName
    name: Agreement
    has_id: bool = False
    has_other_id: bool = False
    handle: str = ""
    handle_holders: int = 0
    """How many contacts are recorded with the handle."""
    is_employer: bool = False
    """The author shows the name of the contact's company."""
    other_handles: frozenset[str] = frozenset()
    """Recorded on the author's platform, none of them the author's."""
    has_same_avatar: bool = False
    told: tuple[Told, ...] = ()
    features: Mapping[str, float]

    @property
    def has_other_handle(self) -> bool:
        """Recorded on this platform by another handle."""
        return bool(self.other_handles)

    def told_as(self, kind: ClueKind) -> tuple[Told, ...]:
        """Claims of a kind that may be ground for a link."""
        return tuple(item for item in self.told if item.claim.kind is kind and item.is_ground)


def _is_employer(view: View, contact: Contact) -> bool:
    shown, company = fold("".join(view.name.words)), fold(contact.company or "")
    if len(shown) < _SHORTEST_IN_HANDLE or len(company) < _SHORTEST_IN_HANDLE:
        return False
    return shown in company or company in shown


@dataclass(frozen=True, slots=True)
class _Presence:
    """A contact's social presences, read once."""

    same_ids: frozenset[str]
    same_handles: frozenset[str]
    elsewhere: frozenset[str]
    avatars: frozenset[str]


def compare_contact(view: View, contact: Contact, rows: Mapping[str, KeyRow]) -> Comparison:
    """What `contact` and the author have in common."""
    record = name_of(contact)
    name = compare(view.name, record)
    if view.name.is_coined and name.given < Level.INITIAL and name.family < Level.INITIAL:
        name = Agreement()
    social = _presence(view.platform, contact)
    has_id = bool(view.ids & social.same_ids)
    told = tuple(_told(view, contact, rows))
    is_same_handle = bool(view.handle) and view.handle in social.same_handles
    features: dict[str, float] = {}
    _name_features(features, view, record, name, rows)
    _handle_features(features, view, record, name, social, rows)
    _told_features(features, told)
    _place_features(features, view, contact, rows)
    if told or _EXACT & features.keys():
        # how common the name is counts for little where something else has singled the contact out
        features.update({name: min(features[name], _COMMON) for name in _COUNTED if name in features})
    has_other_id = bool(social.same_ids) and not has_id and bool(view.ids)
    has_other_handle = bool(social.same_handles) and not is_same_handle and not has_id and bool(view.handle)
    if has_other_id:
        features["other_id"] = 1.0
    elif has_other_handle:
        features["other_handle"] = 1.0
    return Comparison(
        contact=contact,
        record=record,
        name=name,
        has_id=has_id,
        has_other_id=has_other_id,
        handle=view.handle if is_same_handle else "",
        handle_holders=holders(rows, clue_key(ClueKind.HANDLE, view.handle, view.platform) or "")
        if is_same_handle
        else 0,
        is_employer=_is_employer(view, contact),
        other_handles=social.same_handles if has_other_handle else frozenset(),
        has_same_avatar=view.avatar in social.avatars and holders(rows, key("avatar", view.avatar)) <= _MOST_AVATARS,
        told=told,
        features=features,
    )


def features(
    subject: Subject, contact: Contact, rows: Mapping[str, KeyRow], settings: MatchSettings
) -> dict[str, float]:
    """What agrees and contradicts, by stable names: for ranking, explaining and learning. `rows`: what the index said
    of the author's keys."""
    return dict(compare_contact(view_of(subject, settings, direct_only=False), contact, rows).features)


def _presence(platform: str, contact: Contact) -> _Presence:
    ids: set[str] = set()
    handles: set[str] = set()
    elsewhere: set[str] = set()
    avatars: set[str] = set()
    for item in contact.social:
        is_same = normalise_platform(item.platform) == platform
        if item.user_id and is_same:
            ids.add(item.user_id.strip())
        if item.handle and (handle := normalise_handle(item.handle)):
            (handles if is_same else elsewhere).add(handle)
        if item.avatar_hash:
            avatars.add(item.avatar_hash.strip().lower())
    return _Presence(frozenset(ids), frozenset(handles), frozenset(elsewhere), frozenset(avatars))


# ---- identifiers that were told --------------------------------------------------------------------------------------


def _told(view: View, contact: Contact, rows: Mapping[str, KeyRow]) -> list[Told]:
    found = []
    for claim in view.usable:
        if claim.kind is ClueKind.EMAIL:
            emails = {email for value in contact.emails if (email := normalise_email(value))}
            if claim.value in emails or mailbox(claim.value) in emails:
                exact = claim.value if claim.value in emails else mailbox(claim.value)
                found.append(Told(claim, holders(rows, key("email", exact))))
            elif loose_mailbox(claim.value) in {loose_mailbox(email) for email in emails}:
                found.append(Told(claim, holders(rows, key("mailbox", loose_mailbox(claim.value))), True))
        elif exact := _held(contact, claim):
            found.append(Told(claim, holders(rows, exact)))
    return found


def _held(contact: Contact, claim: Claim) -> str:
    """The key under which `contact` has a phone or number that was told; "" when it has not."""
    if claim.kind is not ClueKind.PHONE:
        has = any(claim.value in number_forms(value) for value in contact.customer_numbers)
        return clue_key(claim.kind, claim.value) or "" if has else ""
    phones = [phone for value in contact.phones if (phone := normalise_phone(value))]
    if is_national(claim):
        has = any(is_national_form(claim.value, phone) for phone in phones)
        return key("phone_end", phone_tail(claim.value)) if has else ""
    return key("phone", claim.value) if claim.value in phones else ""


_TOLD_NAMES = {ClueKind.EMAIL: "email", ClueKind.PHONE: "phone", ClueKind.CUSTOMER_NUMBER: "number"}


def _told_features(features: dict[str, float], told: tuple[Told, ...]) -> None:
    for item in told:
        if item.is_loose:
            name = "email_loose"
        elif item.claim.direction is Direction.ROLE or (
            item.claim.kind is ClueKind.EMAIL and is_role(item.claim.value)
        ):
            name = "email_role"
        else:
            name = f"{_TOLD_NAMES[item.claim.kind]}_{'private' if item.is_private else 'public'}"
        features[name] = 1.0
        if item.claim.direction is Direction.UNCLEAR and item.claim.why != "bio":
            features["claim_unclear"] = 1.0
        if item.holders > 1:
            features["claim_holders"] = max(features.get("claim_holders", 0.0), math.log(item.holders))


# ---- names -----------------------------------------------------------------------------------------------------------


def _name_features(
    features: dict[str, float], view: View, record: PersonName, name: Agreement, rows: Mapping[str, KeyRow]
) -> None:
    if not view.name.words:
        return
    named = _name_level(name)
    if named:
        features[named] = 1.0
    elif name.given is Level.DIFFERENT and view.name.is_person_like:
        features["name_differs"] = 1.0
    if named == "name_full":
        _how_full(features, name)
    if named in _WITH_BOTH:
        _commonness(features, record, rows, is_initial=named == "name_initial")


_WITH_BOTH = frozenset({"name_full", "name_initial", "given_similar", "family_similar"})


def _how_full(features: dict[str, float], name: Agreement) -> None:
    found = {
        "name_form": name.given is Level.FORM,
        "name_variant": Level.VARIANT in (name.given, name.family),
        "name_part": Level.PART in (name.given, name.family),
        "name_swapped": name.swapped,
    }
    features.update({feature: 1.0 for feature, is_so in found.items() if is_so})


def _commonness(
    features: dict[str, float], record: PersonName, rows: Mapping[str, KeyRow], *, is_initial: bool = False
) -> None:
    """How many contacts have the name, and how many the family name with the same initial: the logarithms."""
    if not record.family:
        return
    same = max(holders(rows, key("initial", initial_pair(record.given[0], word))) for word in record.family[:2])
    count = holders(rows, key("name", name_pair(record.given[0], record.family[-1])))
    count = max(count, holders(rows, squash_key((record.given[0], *record.family))))
    features["name_holders"] = math.log(max(1, same if is_initial or not count else count))
    features["family_holders"] = math.log1p(same)
    if same <= _RARE:
        features["name_rare"] = 1.0


def _name_level(name: Agreement) -> str:
    given, family = name.given, name.family
    if given >= Level.VARIANT and family >= Level.VARIANT:
        return "name_full"
    if family >= Level.VARIANT:
        return {Level.INITIAL: "name_initial", Level.SIMILAR: "given_similar", Level.ABSENT: "family_only"}.get(
            given, "name_relative"
        )
    if given >= Level.VARIANT:
        return {Level.INITIAL: "name_initial", Level.SIMILAR: "family_similar", Level.ABSENT: "given_only"}.get(
            family, ""
        )
    return ""


# ---- handles ---------------------------------------------------------------------------------------------------------


def _handle_features(
    features: dict[str, float],
    view: View,
    record: PersonName,
    name: Agreement,
    social: _Presence,
    rows: Mapping[str, KeyRow],
) -> None:
    if not view.handle:
        return
    folded = fold_handle(view.handle)
    elsewhere = {fold_handle(item) for item in social.elsewhere}
    every = elsewhere | {fold_handle(item) for item in social.same_handles}
    if view.handle in social.same_handles:
        features["handle"] = 1.0
    elif folded in every:
        features["handle_elsewhere"] = 1.0
        features["handle_holders"] = math.log(max(1, holders(rows, key("any_handle", folded))))
        if is_only_name(folded, record):
            features["handle_is_name"] = 1.0
    elif skeleton(view.handle) in {skeleton(item) for item in social.same_handles | social.elsewhere}:
        features["handle_alike"] = 1.0
    if every & {fold_handle(item) for item in view.mentions}:
        features["bio_handle"] = 1.0
    if name.family < Level.PART and name.given is not Level.DIFFERENT and record.family:
        _name_in_handle(features, folded, record)
        if "handle_name_full" in features and "name_holders" not in features:
            _commonness(features, record, rows)


def _name_in_handle(features: dict[str, float], folded: str, record: PersonName) -> None:
    """A handle says the family name that the shown name does not."""
    family = _within(folded, record.family)
    if family and _within(folded, record.given[:1]):
        features["handle_name_full"] = 1.0
    elif family and len(family) >= _SHORTEST_IN_HANDLE:
        features["handle_name_family"] = 1.0


def _within(folded: str, words: tuple[str, ...]) -> str:
    return max(
        (form for word in words for form in forms(word) if len(form) > 2 and form in folded), key=len, default=""
    )


def says_given_name(handle: str, record: PersonName) -> bool:
    """Whether a handle itself says the given name, so that a shown given name adds nothing."""
    return bool(_within(fold_handle(handle), record.given))


# ---- places and the like ---------------------------------------------------------------------------------------------


def _place_features(features: dict[str, float], view: View, contact: Contact, rows: Mapping[str, KeyRow]) -> None:
    city = fold_city(contact.city) if contact.city else ""
    if city and (city in view.cities or (len(city) > 3 and city in _bio_words(view.bio))):
        features["city_equal"] = 1.0
    elif city and view.cities:
        features["city_differs"] = 1.0
    country = country_code(contact.country) if contact.country else ""
    if country and view.country:
        features["country_equal" if country == view.country else "country_differs"] = 1.0
    if view.language and contact.language:
        is_same = contact.language[:2].lower() == view.language
        features["language_equal" if is_same else "language_differs"] = 1.0
    if view.domain and any(
        own_domain(email) == view.domain for value in contact.emails if (email := normalise_email(value))
    ):
        features["website_domain"] = 1.0
        features["domain_holders"] = math.log(max(1, holders(rows, key("domain", view.domain))))
    if contact.company and len(company := fold(contact.company)) > 3 and company in fold(view.bio):
        features["company"] = 1.0


@lru_cache(maxsize=1024)
def _bio_words(bio: str) -> frozenset[str]:
    return frozenset(fold_city(word) for word in bio.replace("/", " ").split()[:40])
