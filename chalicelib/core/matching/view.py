"""An author as matching looks at them: the name read, the handle normalised, identifiers with whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.core.events import Visibility
from chalicelib.core.matching.finding import find
from chalicelib.core.matching.folding import fold, fold_handle, skeleton, undecorated
from chalicelib.core.matching.keys import (
    claim_keys,
    clue_key,
    fold_city,
    handle_words,
    initial_pair,
    key,
    shown_initials,
    shown_pairs,
    squash_key,
)
from chalicelib.core.matching.languages import language_of
from chalicelib.core.matching.mailhosts import own_domain
from chalicelib.core.matching.names import NOBODY, PersonName, looks_like_company, parse_name
from chalicelib.core.matching.normalise import PROFILE_URL, normalise_email, normalise_handle, normalise_phone, plain
from chalicelib.core.matching.places import country_code
from chalicelib.core.matching.reading import claims_in
from chalicelib.core.matching.types import Claim, Direction, KeyRow, MatchSettings, Subject
from chalicelib.core.people import Author, ClueKind, Profile

MOST_KEYS_A_ROUND = 40
_MENTION = re.compile(
    r"(?:\b(?P<network>ig|insta(?:gram)?|twitter|x|fb|facebook|tiktok|mastodon|threads|bluesky|bsky|telegram|youtube|yt|"
    r"twitch|snap(?:chat)?|linkedin)\b\s*[:：=\-→>]*\s*@?|(?<![\w@])@)(?P<handle>[\w](?:[\w.\-]{1,40}[\w])?)",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:https?://)?(?:www\.)?([a-z0-9\-]+(?:\.[a-z0-9\-]+)+)(?:[/?#:].*)?", re.IGNORECASE)
_NO_OWN_SITE = re.compile(
    r"(?:^|\.)(?:linktr\.ee|instagram|facebook|twitter|x|tiktok|youtube|youtu|linkedin|bit|t|wordpress|blogspot|medium|github|"
    r"tumblr|beacons|carrd|bsky|wixsite|jimdo|weebly|etsy|twitch|spotify|patreon|paypal|google)\.[a-z.]+$|^linktr\.ee$"
)
_OF_BUSINESS = re.compile(
    r"\b(?:impressum|imprint|öffnungszeiten|opening\s+hours|business\s+hours|heures\s+d['’]ouverture|"
    r"horario\s+de\s+(?:apertura|atención)|orari\s+di\s+apertura|openingstijden|godziny\s+otwarcia|"
    r"ust\.?-?id\w*|vat\s+(?:no|id|reg)\w*|handelsregister|kvk|siret|mo\.?\s*[-–]\s*(?:fr|sa)|mon\s*[-–]\s*(?:fri|sat))\b",
    re.IGNORECASE,
)
"""What only a business writes into its profile."""
_PLACES = re.compile(r"[,;/|()•·]|\s[-–]\s|\b(?:and|und|et|y)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known of an author. ``is_named``: the shown name is more than the handle written again, so that it may
    vouch for the handle. ``mentions``: handles that the bio names. ``cities``: folded."""

    author: Author
    platform: str
    ids: frozenset[str]
    claims: tuple[Claim, ...]
    handle: str = ""
    name: PersonName = NOBODY
    is_named: bool = False
    is_company: bool = False
    cities: tuple[str, ...] = ()
    country: str = ""
    bio: str = ""
    avatar: str = ""
    mentions: frozenset[str] = frozenset()
    domain: str = ""
    language: str = ""
    is_known_name: bool = False
    """The CRM has a contact of the shown family name with the shown initial."""

    @property
    def shows_person(self) -> bool:
        """Shows a person's name, by the given name or by a family name that the CRM knows."""
        return self.name.is_person_like or (self.is_known_name and self.name.may_be_person)

    @property
    def usable(self) -> tuple[Claim, ...]:
        """Claims that may be the author's own."""
        return tuple(claim for claim in self.claims if claim.direction is not Direction.OTHER)

    @property
    def pairs(self) -> tuple[str, ...]:
        """Given and family name by which to look; of a made-up name's owner those that the handle says."""
        shown = shown_pairs(self.name) if not self.name.is_coined else ()
        words = handle_words(self.handle) if not shown and self.handle else ()
        return shown or (shown_pairs(PersonName(words)) if len(words) == 2 else ())

    def first_keys(self) -> tuple[str, ...]:
        """Exact identifiers, and the name with the city."""
        found = [clue_key(ClueKind.PLATFORM_ID, item, self.platform) for item in sorted(self.ids)]
        found += [item for claim in self.usable for item in claim_keys(claim)]
        if self.handle:
            found += [
                clue_key(ClueKind.HANDLE, self.handle, self.platform),
                key("any_handle", fold_handle(self.handle)),
                key("like", skeleton(self.handle)),
                *(key("any_handle", item) for item in undecorated(self.handle)),
            ]
        if self.avatar:
            found.append(key("avatar", self.avatar))
        found += [key("name_city", pair, city) for city in self.cities[:2] for pair in self.pairs[:6]]
        found += [key("any_handle", fold_handle(item)) for item in sorted(self.mentions)[:4]]
        if self.domain:
            found.append(key("domain", self.domain))
        return tuple(dict.fromkeys(item for item in found if item))[:MOST_KEYS_A_ROUND]

    def more_keys(self) -> tuple[str, ...]:
        """The name alone, and what a handle says of it."""
        found = [key("name", pair) for pair in self.pairs]
        found += [key("initial", pair) for pair in shown_initials(self.name)] if not self.name.is_coined else []
        words = handle_words(self.handle)
        squashed = "".join(words)
        if len(self.name.words) < 2 or self.name.is_coined:
            if len(squashed) >= 6:
                found += [squash_key(words), key("initial", initial_pair(squashed[0], squashed[1:]))]
            if len(self.name.words) == 1 and len(fold(self.name.words[0])) >= 6:
                found.append(squash_key(self.name.words))
        return tuple(dict.fromkeys(found))[:MOST_KEYS_A_ROUND]


def view_of(subject: Subject, settings: MatchSettings, *, direct_only: bool) -> View:
    """`subject` as matching looks at it. ``direct_only``: what the profile says is left out; only what the author
    told us in private counts."""
    author = subject.author
    claims = tuple(dict.fromkeys((*subject.claims, *claims_in(subject.messages, settings))))
    platform = author.key.platform
    if direct_only:
        told = tuple(claim for claim in claims if claim.visibility is Visibility.PRIVATE)
        return View(author=author, platform=platform, ids=frozenset(), claims=told)
    profile = author.profile or Profile()
    handle = normalise_handle(author.handle) or "" if author.handle else ""
    name = parse_name(author.display_name) if author.display_name else NOBODY
    bio = plain(profile.bio or "")
    site = _own_site(profile.website)
    places = [item for item in _PLACES.split(plain(profile.location or "")) if item.strip()][:4]
    countries = [code for item in places if (code := country_code(item))]
    cities = [city for item in places if (city := fold_city(item)) and (len(places) == 1 or not country_code(item))]
    return View(
        author=author,
        platform=platform,
        ids=frozenset(item for item in (author.key.author, *author.alternative_ids) if item),
        claims=(*_given_by_platform(author, settings), *claims, *_of_bio(bio, settings)),
        handle=handle,
        name=name,
        is_named=_is_named(author.display_name or "", handle),
        is_company=looks_like_company(author.display_name or "") or _OF_BUSINESS.search(bio) is not None,
        cities=tuple(dict.fromkeys(cities)),
        country=countries[-1] if countries else "",
        bio=bio,
        avatar=(profile.avatar_hash or "").strip().lower(),
        mentions=frozenset(_mentions(bio)) - {handle},
        domain=site,
        language=language_of([message.text for message in subject.messages[-5:]]) or (author.locale or "")[:2].lower(),
    )


def _is_named(shown: str, handle: str) -> bool:
    """ "Kim Miller" may vouch for @kimmiller, "kimmiller" and "@kim_miller" may not: that is the handle once more."""
    text = plain(shown).strip("@ ")
    return bool(text) and (" " in text or fold(text) != fold_handle(handle))


def _given_by_platform(author: Author, settings: MatchSettings) -> Iterator[Claim]:
    """Addresses that the platform itself vouches for."""
    for kind, value in (
        (ClueKind.EMAIL, normalise_email(author.email) if author.email else None),
        (ClueKind.PHONE, normalise_phone(author.phone, settings.region) if author.phone else None),
    ):
        if value:
            yield Claim(kind=kind, value=value, direction=Direction.OWN, visibility=Visibility.PRIVATE, why="profile")


def _of_bio(bio: str, settings: MatchSettings) -> Iterator[Claim]:
    """What a bio shows everybody can see, and copy."""
    for item in find(bio, settings)[1][:4] if bio else ():
        yield Claim(
            kind=item.kind, value=item.value, direction=Direction.UNCLEAR, visibility=Visibility.PUBLIC, why="bio"
        )


def _mentions(bio: str) -> Iterator[str]:
    for pattern in (PROFILE_URL, _MENTION):
        for match in pattern.finditer(bio.lower()):
            handle = normalise_handle(match["handle"])
            if handle and len(handle) > 2:
                yield handle


def _own_site(website: str | None) -> str:
    """The host of a website of one's own; of a page on somebody's platform nothing."""
    match = _HOST.fullmatch((website or "").strip())
    host = match[1].lower() if match else ""
    return "" if not host or _NO_OWN_SITE.search(host) else own_domain(f"x@{host}")


def holders(rows: Mapping[str, KeyRow], name: str) -> int:
    """How many contacts hold a key."""
    row = rows.get(name)
    return max(row.count, len(row.contacts)) if row else 0
