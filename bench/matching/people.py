"""People of twelve places as a CRM and as networks know them. Every number is drawn from one seeded source."""

from __future__ import annotations

import hashlib
import random
import tomllib
from bisect import bisect
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from bench.matching.scripts import german, simple, stripped

HERE = Path(__file__).parent
PLATFORMS = ("x", "facebook", "instagram", "bluesky", "mastodon", "tiktok", "youtube")
_TRUNK = frozenset(["DE", "AT", "CH", "GB", "FR", "NL", "TR", "UA", "JP"])
_FLATNESS = 0.85
"""Zipf's exponent of names and cities: at a million contacts the commonest full names have some 2,000 holders."""


@dataclass(slots=True, kw_only=True)
class Presence:
    """Somebody's account on a network."""

    platform: str
    handle: str
    user_id: str
    avatar: str


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody who lives, whether the CRM knows them or not."""

    place: str
    language: str
    given: str
    family: str
    female: bool
    city: str
    avatar: str
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    presences: dict[str, Presence] = field(default_factory=dict)
    company: str | None = None
    orders: list[str] = field(default_factory=list)
    created: str = ""

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Place:
    """A country's tables, with how often each value is drawn."""

    code: str
    data: dict[str, Any]
    male: tuple[list[str], list[float]]
    female: tuple[list[str], list[float]]
    family: tuple[list[str], list[float]]
    cities: tuple[list[str], list[float]]
    mail: tuple[list[str], list[float]]
    made: tuple[str, ...]
    """Family names that are rare."""
    nicknames: dict[str, list[str]]


def _ranked(values: list[str], flatness: float = _FLATNESS) -> tuple[list[str], list[float]]:
    return values, list(accumulate((rank + 2.0) ** -flatness for rank in range(len(values))))


@cache
def places() -> dict[str, Place]:
    """By country, in the file's order."""
    found = {}
    for code, data in tomllib.loads((HERE / "names.toml").read_text(encoding="utf-8")).items():
        made = [head + tail for tail in data["tails"].split() for head in data["heads"].split()]
        random.Random(code).shuffle(made)
        family = [name.replace("_", " ") for name in data["family"].split()] + made
        short: dict[str, list[str]] = {}
        for pair in data["nicknames"].split():
            nick, full = pair.split("=")
            short.setdefault(full, []).append(nick)
        found[code] = Place(
            code,
            data,
            _ranked(data["male"].split()),
            _ranked(data["female"].split()),
            _ranked(family),
            _ranked(data["cities"].split()),
            _ranked(data["mail"]),
            tuple(made),
            short,
        )
    return found


@cache
def word_list(name: str) -> list[str]:
    """One of the lists of words.toml."""
    found: str = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))[name]
    return found.split()


@cache
def _forms() -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))["forms"]
    return found


def pick(rng: random.Random, table: tuple[list[str], list[float]]) -> str:
    """A value by its frequency."""
    return table[0][bisect(table[1], rng.random() * table[1][-1])]


class World:
    """Draws people; keeps what must be unique among all of them: mailboxes, handles of one network, phones, orders."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)
        self._taken: set[int] = set()
        codes = list(places())
        self._places = codes, list(accumulate(float(places()[code].data["weight"]) for code in codes))

    def once(self, value: str) -> bool:
        """True the first time."""
        mark = hash_of(value)
        if mark in self._taken:
            return False
        self._taken.add(mark)
        return True

    def person(self, *, only: tuple[str, ...] = (), rare: bool = False) -> Person:
        """Somebody new with the usual things. ``only``: of those countries; ``rare``: a family name that few have."""
        rng = self.rng
        code = rng.choice(only) if only else pick(rng, self._places)
        place = places()[code]
        female = rng.random() < 0.5
        given = pick(rng, place.female if female else place.male)
        family = pick(rng, place.family)
        if rare:
            family = self.rare_family(code)
        elif code in ("DE", "AT", "CH", "ES", "GB", "FR") and rng.random() < (0.6 if code == "ES" else 0.05):
            family += (" " if code == "ES" else "-") + pick(rng, place.family)
        language = rng.choice(place.data["languages"]) if rng.random() < 0.94 else rng.choice(["en", "de"])
        return self.settle(
            Person(
                place=code,
                language=language,
                given=given,
                family=family,
                female=female,
                city=pick(rng, place.cities),
                avatar=f"{rng.getrandbits(64):016x}",
                created=f"{rng.randint(2012, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            )
        )

    def settle(self, person: Person) -> Person:
        """Gives new mailboxes, phones, accounts, orders; again after the name was changed."""
        rng = self.rng
        person.emails = [self.email(person) for _ in range(1 if rng.random() < 0.88 else 2)]
        person.phones = [self.phone(person.place)]
        person.presences = {}
        for platform in rng.sample(PLATFORMS, rng.choice((1, 2, 2, 3))):
            self.presence(person, platform)
        person.orders = [self.order() for _ in range(rng.choice((0, 1, 1, 2, 3)))]
        person.company = self.company(person.place) if rng.random() < 0.08 else None
        return person

    def rare_family(self, code: str) -> str:
        """A family name that few have."""
        made = self.rng.choice(places()[code].made)
        return (
            made
            if code in ("GR", "UA", "JP")
            else made + self.rng.choice(("", "", "", "er", "s", "en", "ski", "ini", "o"))
        )

    def company(self, code: str) -> str:
        """A firm's name, with its legal form for the most part."""
        name = f"{self.rng.choice(word_list('firms'))} {self.rng.choice(word_list('trades'))}"
        return f"{name} {_forms().get(code, 'Ltd')}" if self.rng.random() < 0.8 else name

    def email(self, person: Person, domain: str = "") -> str:
        """A new mailbox that looks like its owner's name, for the most part."""
        rng = self.rng
        domain = domain or pick(rng, places()[person.place].mail)
        given, family = simple(person.given), simple(person.family)
        forms = [
            f"{given}.{family}",
            f"{given}{family}",
            f"{given[0]}.{family}",
            f"{given}_{family}",
            f"{family}.{given}",
        ]
        local = (
            rng.choice(forms)
            if rng.random() < 0.8
            else f"{rng.choice(word_list('handles'))}{rng.choice(word_list('handles'))}"
        )
        return self._unique(local, f"@{domain}", "mail")

    def _unique(self, stem: str, tail: str, kind: str) -> str:
        rng = self.rng
        value = stem if rng.random() < 0.5 else f"{stem}{rng.randint(1, 99)}"
        while not self.once(f"{kind}:{value}{tail}"):
            value = f"{stem}{rng.randint(1, 9_999_999)}"
        return f"{value}{tail}"

    def phone(self, code: str) -> str:
        """A new mobile number, in E.164."""
        data, rng = places()[code].data, self.rng
        while True:
            prefix = rng.choice(data["mobile"])
            digits = data["digits"] - (1 if code == "DE" and prefix[:2] != "15" else 0)
            number = f"+{data['calling']}{prefix}{rng.randint(2, 9)}" + "".join(rng.choices("0123456789", k=digits - 1))
            if self.once(number):
                return number

    def order(self) -> str:
        """An order or customer number of the company, as its own system writes it."""
        rng = self.rng
        while True:
            number = (
                f"ORD-{rng.randint(1000, 9999)}-{rng.randint(10000, 99999)}"
                if rng.random() < 0.7
                else f"KD{rng.randint(10_000_000, 99_999_999)}"
            )
            if self.once(number):
                return number

    def presence(self, person: Person, platform: str, handle: str = "") -> Presence:
        """An account of `person` on `platform`; nearly four in ten handles hold the whole name."""
        rng = self.rng
        if not handle and person.presences and rng.random() < 0.5:
            handle = next(iter(person.presences.values())).handle.split("@")[0].split(".bsky")[0]
        tail = {"bluesky": ".bsky.social", "mastodon": f"@{rng.choice(['mastodon.social', 'chaos.social'])}"}.get(
            platform, ""
        )
        if handle and self.once(f"{platform}:{handle}{tail}"):
            value = f"{handle}{tail}"
        else:
            value = self._unique(self.handle_stem(person), tail, platform)
        made = Presence(platform=platform, handle=value, user_id=self.user_id(platform), avatar=person.avatar)
        person.presences[platform] = made
        return made

    def handle_stem(self, person: Person) -> str:
        """What a handle begins with."""
        rng, given, family = self.rng, simple(person.given), simple(person.family)
        nick = simple(rng.choice(places()[person.place].nicknames.get(person.given, [person.given])))
        year = str(rng.randint(60, 105))[-2:]
        named = [
            f"{given}{family}",
            f"{given}_{family}",
            f"{family}{given}",
            f"{given[0]}{family}{year}",
            f"{nick}{family}",
        ]
        half = [f"{given}{year}", f"{nick}_{rng.choice(word_list('handles'))}", f"{family}{year}", f"its{nick}{year}"]
        draw = rng.random()
        return rng.choice(named if draw < 0.5 else half) if draw < 0.75 else self.pseudonym()

    def pseudonym(self) -> str:
        """A handle that says nothing of a name."""
        one, other = (self.rng.choice(word_list("handles")) for _ in range(2))
        return f"{one}{self.rng.choice(('', '_'))}{other}{self.rng.randint(2, 9999)}"

    def user_id(self, platform: str) -> str:
        """As the platform makes them."""
        rng = self.rng
        if platform == "bluesky":
            return "did:plc:" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz234567", k=24))
        return str(rng.randint(10**9, 10**18))

    # -- writing ------------------------------------------------------------------------------------------------------

    def national(self, number: str, code: str) -> str:
        """A phone number as people of the country write it at home."""
        rest = number[1 + len(places()[code].data["calling"]) :]
        if code == "US":
            return (
                f"({rest[:3]}) {rest[3:6]}-{rest[6:]}"
                if self.rng.random() < 0.5
                else f"{rest[:3]}-{rest[3:6]}-{rest[6:]}"
            )
        rest = ("0" if code in _TRUNK else "") + rest
        cut = 4 if code in _TRUNK else 3
        mark = self.rng.choice((" ", "/" if code in ("DE", "AT") else " ", "-", ""))
        return (
            f"{rest[:cut]}{mark}{rest[cut:]}"
            if self.rng.random() < 0.6
            else f"{rest[:cut]} {rest[cut : cut + 3]} {rest[cut + 3 :]}"
        )

    def international(self, number: str, code: str) -> str:
        """A phone number as people write it to strangers."""
        calling = places()[code].data["calling"]
        rest = number[1 + len(calling) :]
        form = self.rng.choice(("+{c}{r}", "+{c} {a} {b}", "00{c} {a} {b}", "+{c} {a}-{b}"))
        return form.format(c=calling, r=rest, a=rest[:3], b=rest[3:])

    def row(
        self, person: Person, contact_id: str, *, social: tuple[str, ...] | None = None, **changed: Any
    ) -> dict[str, Any]:
        """A contact as a CRM exports it, with the gaps and spellings that CRMs have. ``social``: the platforms that it
        knows, each with id; None: one in five contacts has one."""
        rng = self.rng
        if social is None:
            social = tuple(person.presences)[:1] if rng.random() < 0.2 else ()
        draw = rng.random()
        name = person.name
        name = german(name) if draw < 0.04 else stripped(name) if draw < 0.08 else name.upper() if draw < 0.1 else name
        found: dict[str, Any] = {
            "contact_id": contact_id,
            "name": name,
            "emails": person.emails if rng.random() < 0.9 else [],
            "phones": [self.national(one, person.place) if rng.random() < 0.3 else one for one in person.phones]
            if rng.random() < 0.6
            else [],
            "social": [
                {"platform": one.platform, "handle": one.handle, "user_id": one.user_id, "avatar_hash": one.avatar}
                for one in (person.presences[platform] for platform in social)
            ],
            "city": person.city if rng.random() < 0.85 else None,
            "country": person.place,
            "company": person.company,
            "orders": person.orders,
            "language": person.language if rng.random() < 0.7 else None,
            "created": person.created,
        }
        return {**found, **changed}


def hash_of(value: str) -> int:
    """The same in every run, unlike `hash`."""
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "big")
