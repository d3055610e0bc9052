"""What is special to Odoo: its settings, patterns, and a feed whose dates lack fractions of a second."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.crms.odoo import domains
from chalicelib.connectors.crms.odoo.client import Client
from chalicelib.connectors.toolkit.identity_fields import IdentityFields
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import Cursor
from chalicelib.core.people import Clue, ClueKind
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.services import Http, HttpRequest, HttpResponse
from tests.fakes.clock import FrozenClock
from tests.fakes.contacts import MemoryContacts
from tests.fakes.http import ScriptedHttp, answer, wanted
from tests.fakes.sessions import MemorySessions

PLACE = {"base_url": "https://acme.odoo.com"}
words = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=20)


def client(options: dict[str, str], *, http: Http | None = None, clock: FrozenClock | None = None) -> Client:
    return Client(
        CrmContext(
            connection=Connection(kind=ConnectionKind.CRM, name="erp", connector="odoo", options=options),
            credentials={"key": "0123456789abcdef"},
            http=http or ScriptedHttp([]),
            clock=clock or FrozenClock(),
            contacts=MemoryContacts(),
            sessions=MemorySessions(),
        )
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"base_url": "acme.odoo.com"},
        {**PLACE, "api": "xml-rpc"},
        {**PLACE, "api": "json-rpc", "database": "acme"},
        {**PLACE, "api": "json-rpc", "login": "careloop"},
        {**PLACE, "phone_fields": "phone, mobile phone"},
        {**PLACE, "marketing_hold_field": "x-hold"},
        {**PLACE, "identity_fields": "x=x_twitter"},
    ],
)
def test_settings_that_say_too_little(options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        client(options)


@given(words, words)
def test_an_escaped_value_means_itself_alone(value: str, other: str) -> None:
    def pattern(text: str) -> re.Pattern[str]:
        parts = re.findall(r"\\.|.", text, re.DOTALL)
        made = {"%": ".*", "_": "."}
        return re.compile("".join(made.get(part, re.escape(part[-1])) for part in parts), re.DOTALL)

    assert pattern(domains.escaped(value)).fullmatch(value)
    assert bool(pattern(domains.escaped(value)).fullmatch(other)) == (other == value)


@given(st.lists(st.sampled_from([Clue(kind=kind, value="12345678", platform="x") for kind in ClueKind]), max_size=6))
def test_a_domain_is_in_polish_notation(clues: list[Clue]) -> None:
    made = domains.contacts(clues, IdentityFields(record="note"), "ref", ("phone", "mobile"))
    if made is None:
        assert not clues
        return
    signs = [item for item in made if item == "|"]
    leaves = [item for item in made if item != "|"]
    assert made == [*signs, *leaves]
    assert len(leaves) == len(signs) + 1
    assert all(len(leaf) == 3 for leaf in leaves)


class FakeOdoo:
    """Contacts with their dates of change, to the microsecond as in the database."""

    def __init__(self, chance: random.Random, clock: FrozenClock) -> None:
        self.chance, self.clock = chance, clock
        self.dates: dict[int, datetime] = {}
        self.archived: set[int] = set()

    def send(self, request: HttpRequest) -> HttpResponse:
        asked = wanted(request)["json"]
        hidden = set() if asked.get("context") else self.archived
        there = [number for number in self.dates if number not in hidden and self._holds(number, asked["domain"])]
        by_id = asked["order"] == "id asc"
        there.sort(key=lambda number: (datetime.min.replace(tzinfo=UTC) if by_id else self.dates[number], number))
        found = [self._record(number) for number in there[: asked["limit"]]]
        self.clock.advance(milliseconds=self.chance.randrange(0, 700))
        for number in self.chance.sample(sorted(self.dates), k=self.chance.randrange(0, 3)):
            self.dates[number] = self.clock.now()
        return answer(200, found)

    def _holds(self, number: int, domain: list[list[Any]]) -> bool:
        for field, sign, value in domain:
            mine: Any = number if field == "id" else self.dates[number]
            limit = value if field == "id" else datetime.fromisoformat(f"{value}+00:00")
            if not {">": mine > limit, ">=": mine >= limit, "<": mine < limit}[sign]:
                return False
        return True

    def _record(self, number: int) -> dict[str, Any]:
        at = self.dates[number]
        is_active = number not in self.archived
        return {"id": number, "name": at.isoformat(), "write_date": f"{at:%Y-%m-%d %H:%M:%S}", "active": is_active}


@pytest.mark.parametrize("seed", range(6))
def test_the_feed_loses_nobody(seed: int) -> None:
    chance, clock = random.Random(seed), FrozenClock()
    remote = FakeOdoo(chance, clock)
    remote.dates = dict.fromkeys(range(1, 450), clock.now())
    clock.advance(hours=1)
    crm, known = client(PLACE, http=remote, clock=clock), dict[str, str]()
    cursor: Cursor | None = None
    for _ in range(4):
        cursor = _followed(crm, cursor, known)
        clock.advance(minutes=15)
        last = max(remote.dates)
        crowd = [chance.randrange(1, last + 1) for _ in range(chance.randrange(1, 500))]
        remote.dates |= dict.fromkeys([*crowd, *range(last + 1, last + 30)], clock.now())
        remote.archived |= set(crowd[:5])
    remote.chance = _Still()
    _followed(crm, cursor, known)
    active = {number: at for number, at in remote.dates.items() if number not in remote.archived}
    assert known == {str(number): at.isoformat() for number, at in active.items()}


class _Still(random.Random):
    """Nothing changes any more."""

    def randrange(self, *_: Any) -> int:
        return 0


def _followed(crm: Client, cursor: Cursor | None, known: dict[str, str]) -> Cursor:
    """Read the feed to its end."""
    for _ in range(60):
        page = crm.list_contacts(cursor)
        known |= {item.ref.contact: item.name for item in page.contacts}
        for ref in page.removed:
            known.pop(ref.contact, None)
        cursor = page.cursor
        if not page.more:
            return cursor
    pytest.fail("the feed has no end")
