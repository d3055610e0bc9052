"""Keys of the contact index: what a contact is filed under, and what an author is looked up by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from chalicelib.core.matching.folding import coarse, fold, fold_handle, letters, skeleton
from chalicelib.core.matching.mailhosts import own_domain
from chalicelib.core.matching.names import PersonName, expansions, name_of
from chalicelib.core.matching.normalise import (
    loose_mailbox,
    mailbox,
    normalise_email,
    normalise_handle,
    normalise_id,
    normalise_number,
    normalise_phone,
    normalise_platform,
    phone_tail,
    plain,
)
from chalicelib.core.matching.types import Claim
from chalicelib.core.people import Clue, ClueKind, Contact

MOST_KEYS = 45
_MOST_NUMBERS = 12
_FEWEST_DIGITS = 6
_MOST_CONTACTS_OWN = 6
_CITY_END = re.compile(r"[,;/|()]|\s[-–]\s")
_CITIES = {
    "koln": "cologne", "koeln": "cologne", "munchen": "munich", "muenchen": "munich", "wien": "vienna",
    "nurnberg": "nuremberg", "nuernberg": "nuremberg", "frankfurtammain": "frankfurt", "frankfurtmain": "frankfurt",
    "hannover": "hanover", "zurich": "zurich", "zuerich": "zurich", "geneve": "geneva", "genf": "geneva",
    "roma": "rome", "milano": "milan", "mailand": "milan", "torino": "turin", "napoli": "naples", "venezia": "venice",
    "firenze": "florence", "lisboa": "lisbon", "bruxelles": "brussels", "brussel": "brussels", "warszawa": "warsaw",
    "praha": "prague", "moskva": "moscow", "moskau": "moscow", "athina": "athens", "kobenhavn": "copenhagen",
    "koebenhavn": "copenhagen", "gothenburg": "goteborg", "goeteborg": "goteborg", "newyorkcity": "newyork",
    "nyc": "newyork", "denhaag": "thehague", "sevilla": "seville", "bucuresti": "bucharest", "krakow": "cracow",
    "krakau": "cracow", "kyiv": "kiev", "kyjiw": "kiev", "basel": "basle", "bern": "berne", "lyon": "lyons",
}  # fmt: skip


def key(kind: str, *values: str) -> str:
    """The spelling of an index key."""
    return ":".join((kind, *values))


@lru_cache(maxsize=16384)
def fold_city(place: str) -> str:
    """The city of a location ("Köln, Germany" and "Cologne" are one); "" without."""
    words = fold(_CITY_END.split(plain(place), maxsplit=1)[0])
    return coarse(_CITIES.get(words, words))


def clue_key(kind: ClueKind, value: str | None, platform: str = "") -> str | None:
    """The key of an exact clue, with its value normalised here; None when it is none."""
    normal = _NORMALISE[kind](value) if value else None
    return Clue(kind=kind, value=normal, platform=platform).index_key if normal else None


_NORMALISE = {
    ClueKind.PLATFORM_ID: normalise_id,
    ClueKind.HANDLE: normalise_handle,
    ClueKind.EMAIL: normalise_email,
    ClueKind.PHONE: normalise_phone,
    ClueKind.CUSTOMER_NUMBER: normalise_number,
}


# ---- what a contact is filed under -----------------------------------------------------------------------------------


def contact_keys(contact: Contact) -> frozenset[str]:
    """The keys of a contact's exact identifiers: what `Clue.index_key` may be equal to."""
    found = [clue_key(ClueKind.EMAIL, value) for value in contact.emails]
    found += [clue_key(ClueKind.PHONE, value) for value in contact.phones]
    found += [clue_key(ClueKind.CUSTOMER_NUMBER, value) for value in contact.customer_numbers]
    for item in contact.social:
        found.append(clue_key(ClueKind.HANDLE, item.handle, item.platform))
        found.append(clue_key(ClueKind.PLATFORM_ID, item.user_id, item.platform))
    return frozenset(item for item in found if item)


def index_keys(contact: Contact) -> frozenset[str]:
    """Every key that `contact` is filed under, the telling ones first to stay when there are more than 45."""
    kept = dict.fromkeys(item for item in _contact_keys(contact) if item)
    return frozenset(islice(kept, MOST_KEYS))


def _contact_keys(contact: Contact) -> Iterator[str | None]:
    social = contact.social[:_MOST_CONTACTS_OWN]
    for item in social:
        yield clue_key(ClueKind.PLATFORM_ID, item.user_id, normalise_platform(item.platform))
        yield clue_key(ClueKind.HANDLE, item.handle, normalise_platform(item.platform))
    emails = [email for value in contact.emails[:_MOST_CONTACTS_OWN] if (email := normalise_email(value))]
    for email in emails:
        yield key("email", email)
    phones = [phone for value in contact.phones[:_MOST_CONTACTS_OWN] if (phone := normalise_phone(value))]
    for phone in phones:
        yield key("phone", phone)
    name = name_of(contact)
    yield from name_keys(name, contact.city)
    for phone in phones:
        yield key("phone_end", phone_tail(phone))
    for email in emails:
        yield key("mailbox", loose_mailbox(email))
    for item in social:
        handle = normalise_handle(item.handle) if item.handle else None
        if handle:
            yield key("any_handle", fold_handle(handle))
            yield key("like", skeleton(handle))
        if item.avatar_hash:
            yield key("avatar", item.avatar_hash.strip().lower())
    if contact.company:
        yield key("company", fold(contact.company))
    for email in emails:
        if own_domain(email):
            yield key("domain", own_domain(email))
    # orders come last and newest first: an old order is the first to be left out
    for number in reversed(contact.customer_numbers[-_MOST_NUMBERS:]):
        for form in number_forms(number):
            yield key("customer_number", form)


def name_keys(name: PersonName, city: str | None) -> Iterator[str]:
    """Names in every order and usual form, with the city and without; initial and family name; both in one word."""
    place = fold_city(city) if city else ""
    pairs = list(dict.fromkeys(_pairs(name)))[:7]
    for pair in pairs:
        yield key("name", pair)
    if place:
        for pair in pairs:
            yield key("name_city", pair, place)
    if name.given and name.family:
        for word in name.family[:2]:
            yield key("initial", initial_pair(name.given[0], word))
        yield squash_key((name.given[0], *name.family))
        yield squash_key((*name.family, name.given[0]))


def _pairs(name: PersonName) -> Iterator[str]:
    """Given and family name, sorted, so that their order does not matter."""
    if not name.family:
        if len(name.given) == 1 and not name.given[0].isascii():
            yield coarse(fold(name.given[0]))
        return
    for family in (name.family[-1], *name.family[:1]):
        for given in expansions(name.given[0]):
            yield name_pair(given, family)
    for given in name.given[1:2]:
        yield name_pair(given, name.family[-1])


def name_pair(given: str, family: str) -> str:
    """Two words of a name as one key's value."""
    return " ".join(sorted((coarse(fold(given)), coarse(fold(family)))))


def squash_key(words: Iterable[str]) -> str:
    """A name written as one word ("kimmiller")."""
    return key("squash", coarse(fold("".join(words))))


def initial_pair(given: str, family: str) -> str:
    """Initial and family name as one key's value."""
    return f"{fold(given)[:1]} {coarse(fold(family))}"


# ---- what an author is looked up by ----------------------------------------------------------------------------------


def shown_pairs(name: PersonName) -> tuple[str, ...]:
    """The pairs that a profile's name may be filed under."""
    words = name.words
    if len(words) == 1 and not words[0].isascii():
        return (coarse(fold(words[0])),)
    if len(words) < 2:
        return ()
    found: list[str] = []
    families = (words[-1], *(words[-2:-1] if len(words) > 2 else ()))
    for family in families:
        if len(family) < 2:
            continue
        found += [name_pair(given, family) for given in expansions(words[0])[:4] if len(given) > 1]
    if len(words) == 2 and len(words[0]) > 1:
        found += [name_pair(given, words[0]) for given in expansions(words[1])[1:3]]
    if len(words) > 2 and len(words[1]) > 1:
        found.append(name_pair(words[1], words[-1]))
    return tuple(dict.fromkeys(found))[:8]


def shown_initials(name: PersonName) -> tuple[str, ...]:
    """Initial and family name of a profile's name, in both orders."""
    words = name.words
    if len(words) < 2:
        return ()
    found = [initial_pair(words[0], words[-1])] if len(words[-1]) > 1 else []
    if len(words) == 2 and len(words[0]) > 1:
        found.append(initial_pair(words[1], words[0]))
    return tuple(dict.fromkeys(found))


def handle_words(handle: str) -> tuple[str, ...]:
    """The words of a handle as far as separators tell them, less digits."""
    return tuple(word for part in re.split(r"[^a-z]+", letters(handle).partition("@")[0]) if (word := fold(part)))


def number_forms(number: str) -> tuple[str, ...]:
    """A customer or order number normalised, and its digits alone where letters only stand in front."""
    value = normalise_number(number)
    if not value:
        return ()
    digits = value.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    is_prefixed = digits != value and digits.isdigit() and len(digits) >= _FEWEST_DIGITS
    return (value, digits) if is_prefixed else (value,)


def claim_keys(claim: Claim) -> Iterator[str]:
    """Where what was told may be filed."""
    if claim.kind is ClueKind.EMAIL:
        yield from email_keys([claim.value])
    elif is_national(claim):
        yield key("phone_end", phone_tail(claim.value))
    elif name := clue_key(claim.kind, claim.value):
        yield name


def is_national(claim: Claim) -> bool:
    """Whether a phone was told without its country."""
    return claim.kind is ClueKind.PHONE and not claim.value.startswith("+")


def email_keys(emails: Iterable[str]) -> Iterator[str]:
    """Where a normalised address may be filed: exactly, and as the same mailbox."""
    for email in emails:
        yield key("email", email)
        if mailbox(email) != email:
            yield key("email", mailbox(email))
        yield key("mailbox", loose_mailbox(email))
