"""One author with the truth about them, and how an author is written down."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bench.matching.people import HERE, Person, World, hash_of, pick, places
from bench.matching.scripts import german, in_script, mathematical, stripped

ABROAD = {
    "München": "Munich",
    "Köln": "Cologne",
    "Wien": "Vienna",
    "Zürich": "Zurich",
    "Genève": "Geneva",
    "Roma": "Rome",
}
ABROAD |= {"Milano": "Milan", "Warszawa": "Warsaw", "Nürnberg": "Nuremberg", "Napoli": "Naples", "İstanbul": "Istanbul"}
COUNTRIES = {
    "DE": "Germany",
    "AT": "Austria",
    "CH": "Switzerland",
    "GB": "UK",
    "US": "USA",
    "FR": "France",
    "ES": "España",
}
COUNTRIES |= {
    "IT": "Italia",
    "NL": "Nederland",
    "PL": "Polska",
    "TR": "Türkiye",
    "GR": "Greece",
    "UA": "Ukraine",
    "JP": "Japan",
}
NOW = 2026


@dataclass(slots=True, kw_only=True)
class Case:
    """``rows``: the contacts that the CRM has for this; ``right``: ids of those that are the author; ``wrong``: those
    whose data the author merely mentions or copies. ``crowd``: names that must be rare in the CRM for a careful person
    to find the author by (see `crowd_keys`); ``findable``: whether there is anything to find by at all."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    author: dict[str, Any]
    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    findable: bool = False
    crowd: str = ""


def crowd_keys(row: dict[str, Any]) -> tuple[int, int]:
    """What a contact is counted under: its name, its name and city."""
    name = stripped(german(row["name"])).lower()
    return hash_of(f"n|{name}"), hash_of(f"c|{name}|{row['city']}")


def crowd(person: Person, *, city: bool) -> str:
    """The same for a person, as text."""
    name = stripped(german(person.name)).lower()
    return f"c|{name}|{person.city}" if city else f"n|{name}"


@cache
def texts() -> dict[str, dict[str, list[str]]]:
    """Kind -> language -> sentences."""
    return tomllib.loads((HERE / "texts.toml").read_text(encoding="utf-8"))


class Desk:
    """Makes the parts of cases for one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self._contacts = self._authors = 0

    def contact_id(self) -> str:
        """A new one, in no order that tells anything."""
        self._contacts += 1
        return f"C{(self._contacts * 7_368_787) % 100_000_007:08}"

    def say(self, kind: str, person: Person, value: str = "", who: str = "") -> str:
        """A sentence in the person's language, else in English, as some others write too."""
        lists = texts()[kind]
        language = person.language if self.rng.random() < 0.88 else "en"
        sentence = self.rng.choice(lists.get(language) or lists["en"])
        return sentence.replace("{v}", value).replace("{who}", who or self.world.person().given)

    def private(self, *said: str) -> list[dict[str, Any]]:
        """Messages in private."""
        return [{"public": False, "text": text} for text in said]

    def public(self, *said: str) -> list[dict[str, Any]]:
        """Messages for all to see."""
        return [{"public": True, "text": text} for text in said]

    def shown(self, person: Person) -> str:
        """A display name with both names, as most people write it."""
        rng, name = self.rng, person.name
        forms = {0: name.lower(), 1: name.upper(), 2: stripped(name), 3: german(name), 4: f"Dr. {name}"}
        forms |= {
            5: f"{person.given} {rng.choice('ABEJKLM')}. {person.family}",
            6: f"{name} {rng.choice(('🌻', '⚽', '🎸', '🇺🇦'))}",
        }
        return forms.get(rng.randrange(18), name)

    def fancy(self, person: Person) -> str:
        """A display name that only looks like the name."""
        rng, name = self.rng, person.name
        draw = rng.randrange(4)
        if draw == 0:
            return mathematical(name, rng)
        if draw == 1:
            return f"{rng.choice('✨🌈🔥')}{name}{rng.choice('✨🌈🔥')}"
        return stripped(name).replace("oe", "o") if draw == 2 else german(name).upper()

    def nickname(self, person: Person) -> str | None:
        """A short form of the first name, where there is one."""
        known = places()[person.place].nicknames.get(person.given)
        return self.rng.choice(known) if known else None

    def with_nickname(self) -> Person:
        """Somebody whose first name has a short form."""
        while self.nickname(person := self.world.person()) is None:
            pass
        return person

    def script(self, person: Person) -> str:
        """The name in the country's own script."""
        return in_script(person.name, person.place)

    def location(self, person: Person) -> str:
        """The city as profiles have it."""
        rng, city = self.rng, person.city
        if rng.random() < 0.15:
            city = ABROAD.get(city, city)
        draw = rng.random()
        if draw < 0.2:
            return f"{city}, {COUNTRIES[person.place]}"
        return f"{city} {rng.choice('❤📍🏠')}" if draw < 0.25 else city.lower() if draw < 0.28 else city

    def author(
        self,
        person: Person,
        messages: Sequence[dict[str, Any]] = (),
        *,
        platform: str = "",
        city: bool | None = None,
        **changed: Any,
    ) -> dict[str, Any]:
        """An author's line: `person` on `platform`. ``city``: whether the profile has it; None: sometimes."""
        rng, world = self.rng, self.world
        platform = platform or rng.choice(list(person.presences))
        here = person.presences.get(platform) or world.presence(person, platform)
        self._authors += 1
        picture = rng.random()
        found: dict[str, Any] = {
            "author_id": f"A{self._authors:07}",
            "platform": platform,
            "user_id": here.user_id,
            "handle": here.handle,
            "display_name": self.shown(person),
            "bio": self.say("bio", person) if rng.random() < 0.6 else None,
            "profile_url": f"https://{platform}.example/{here.handle}",
            "website": f"https://{world.pseudonym()}.example" if rng.random() < 0.06 else None,
            "location": self.location(person) if city or (city is None and rng.random() < 0.35) else None,
            "verified": rng.random() < 0.04,
            "followers": int(10 ** rng.uniform(0.5, 4)),
            "account_created": f"{rng.randint(2008, NOW - 1)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            "avatar_hash": here.avatar if picture < 0.7 else None if picture < 0.8 else f"{rng.getrandbits(64):016x}",
            "messages": list(messages) or self.public(self.say("plain", person)),
        }
        return {**found, **changed}

    def new_account(self) -> dict[str, Any]:
        """What an account made for deceiving looks like."""
        rng = self.rng
        return {
            "account_created": f"{NOW}-{rng.randint(9, 11):02}-{rng.randint(1, 20):02}",
            "followers": rng.randint(0, 60),
        }

    def relative(self, person: Person) -> Person:
        """Of the same family name, city and language; another first name."""
        while (other := self.world.person(only=(person.place,))).given == person.given:
            pass
        other.family, other.city, other.language = person.family, person.city, person.language
        return self.world.settle(other)

    def written_order(self, number: str) -> str:
        """An order number as customers type it."""
        draw = self.rng.random()
        if draw < 0.25:
            return number.replace("-", "")
        return number.lower() if draw < 0.4 else number.replace("-", " ") if draw < 0.5 else number

    def hidden_email(self, email: str) -> str:
        """An address that robots shall not read."""
        local, _, domain = email.partition("@")
        form = self.rng.choice(("{l} (at) {d}", "{l}[at]{d}", "{l} (at) {s}", "{l} at {s}", "{l}(ät){d}"))
        return form.format(
            l=local, d=domain, s=domain.replace(".", " . ") if self.rng.random() < 0.5 else domain.replace(".", " dot ")
        )

    def city_of(self, place: str, other_than: str) -> str:
        """Another city of the country."""
        while (city := pick(self.rng, places()[place].cities)) == other_than:
            pass
        return city
