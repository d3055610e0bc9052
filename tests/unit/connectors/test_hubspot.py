"""What is special to HubSpot: OAuth apps, and a feed that loses nobody however contacts change under it."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors.crms.hubspot import searching
from chalicelib.connectors.crms.hubspot.client import Client
from chalicelib.connectors.crms.hubspot.reading import PROPERTIES
from chalicelib.connectors.toolkit.identity_fields import identity_fields
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError, CredentialsError
from chalicelib.core.ids import Cursor
from chalicelib.core.people import Clue, ClueKind, Clues
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.services import Http, HttpRequest, HttpResponse
from tests.fakes.clock import FrozenClock
from tests.fakes.contacts import MemoryContacts
from tests.fakes.http import ScriptedHttp, answer, wanted
from tests.fakes.sessions import MemorySessions

OAUTH = {"client_id": "7f1b0c2e-0d7a", "client_secret": "c0ffee00-1234", "refresh_token": "na1-aaaa-bbbb"}
SEARCH = "https://api.hubapi.com/crm/v3/objects/contacts/search"
EMAIL = Clues(items=(Clue(kind=ClueKind.EMAIL, value="kim@example.com"),))


def client(
    http: Http,
    *,
    options: dict[str, str] | None = None,
    credentials: dict[str, str] | None = None,
    clock: FrozenClock | None = None,
    sessions: MemorySessions | None = None,
) -> Client:
    return Client(
        CrmContext(
            connection=Connection(kind=ConnectionKind.CRM, name="hub", connector="hubspot", options=options or {}),
            credentials={"access_token": "pat-1"} if credentials is None else credentials,
            http=http,
            clock=clock or FrozenClock(),
            contacts=MemoryContacts(),
            sessions=sessions or MemorySessions(),
        )
    )


# -- access ------------------------------------------------------------------------------------------------------------


def token_step(refresh: str, status: int = 200, **given: Any) -> dict[str, Any]:
    form = {**OAUTH, "refresh_token": refresh, "grant_type": "refresh_token"}
    request = {"method": "POST", "url": "https://api.hubapi.com/oauth/v1/token", "form": form}
    return {"request": request, "response": {"status": status, "json": given}}


def search_step(token: str, status: int = 200) -> dict[str, Any]:
    groups: list[dict[str, Any]] = [
        {"filters": [{"propertyName": "email", "operator": "IN", "values": ["kim@example.com"]}]},
        {
            "filters": [
                {"propertyName": "hs_additional_emails", "operator": "CONTAINS_TOKEN", "value": "kim@example.com"}
            ]
        },
    ]
    body = searching.body(groups, PROPERTIES)
    request = {"method": "POST", "url": SEARCH, "json": body, "headers": {"authorization": f"Bearer {token}"}}
    return {"request": request, "response": {"status": status, "json": {"total": 0, "results": []}}}


def test_an_oauth_token_is_renewed_shared_and_its_refresh_token_follows() -> None:
    clock, sessions = FrozenClock(), MemorySessions()
    http = ScriptedHttp(
        [
            token_step("na1-aaaa-bbbb", access_token="first", refresh_token="na1-next", expires_in=1800),
            search_step("first"),
            search_step("first"),
            token_step("na1-next", access_token="second", refresh_token="na1-next", expires_in=1800),
            search_step("second"),
            search_step("second", status=401),
            token_step("na1-next", access_token="third", refresh_token="na1-next", expires_in=1800),
            search_step("third"),
        ]
    )
    found = client(http, credentials=OAUTH, clock=clock, sessions=sessions)
    assert found.find_contacts(EMAIL) == ()
    assert client(http, credentials=OAUTH, clock=clock, sessions=sessions).find_contacts(EMAIL) == ()
    clock.advance(minutes=29)
    found.find_contacts(EMAIL)
    found.find_contacts(EMAIL)
    http.done()


def test_an_app_that_was_uninstalled_needs_a_person() -> None:
    http = ScriptedHttp([token_step("na1-aaaa-bbbb", status=400, error="invalid_grant")])
    with pytest.raises(CredentialsError) as caught:
        client(http, credentials=OAUTH).find_contacts(EMAIL)
    assert caught.value.dead
    assert "Install the app" in caught.value.advice


@pytest.mark.parametrize("credentials", [{}, {"access_token": " "}, {**OAUTH, "client_secret": ""}])
def test_credentials_are_needed(credentials: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="access_token"):
        client(ScriptedHttp([]), credentials=credentials)


# -- searches ----------------------------------------------------------------------------------------------------------


def test_searches_keep_to_hubspots_limits() -> None:
    fields = identity_fields({"identity_fields": "x=a:id, x=b:handle, facebook=c:id", "identity_record": "r"})
    clues = [Clue(kind=ClueKind.EMAIL, value=f"{number}@example.com") for number in range(7)]
    clues += [Clue(kind=ClueKind.PLATFORM_ID, platform=name, value="7") for name in ("x", "facebook")]
    bodies = searching.searches(clues, fields, "", ("email",))
    groups = [group for body in bodies for group in body["filterGroups"]]
    assert all(len(body["filterGroups"]) <= 5 for body in bodies)
    assert len(bodies) == -(-len(groups) // 5)
    assert all(len(group["filters"]) == 1 for group in groups)


# -- the feed ----------------------------------------------------------------------------------------------------------


class FakeHubSpot:
    """Contacts with their dates of change; every call may change some more."""

    def __init__(self, chance: random.Random, clock: FrozenClock) -> None:
        self.chance, self.clock = chance, clock
        self.dates: dict[int, int] = {}
        self.changes_left = 0

    def change(self, numbers: list[int]) -> None:
        at = int(self.clock.now().timestamp() * 1000)
        self.dates |= dict.fromkeys(numbers, at)

    def send(self, request: HttpRequest) -> HttpResponse:
        shape = wanted(request)
        self.clock.advance(milliseconds=self.chance.randrange(0, 40))
        if self.changes_left:
            self.changes_left -= 1
            self.change(self.chance.sample(sorted(self.dates), k=min(5, len(self.dates))))
        if shape["method"] == "GET":
            return self._listed(shape["query"])
        (group,) = shape["json"]["filterGroups"]
        found = [item for item in self.dates.items() if all(_holds(item, test) for test in group["filters"])]
        by_date = shape["json"]["sorts"][0]["propertyName"] == "lastmodifieddate"
        self.chance.shuffle(found)
        found.sort(key=lambda item: item[1] if by_date else item[0])
        return answer(200, {"total": len(found), "results": [_record(*item) for item in found[:100]]})

    def _listed(self, query: dict[str, str]) -> HttpResponse:
        there = sorted(number for number in self.dates if number > int(query.get("after", "0")))
        more = {"paging": {"next": {"after": str(there[99])}}} if len(there) > 100 else {}
        return answer(200, {"results": [_record(item, self.dates[item]) for item in there[:100]], **more})


def _holds(contact: tuple[int, int], test: dict[str, str]) -> bool:
    value = contact[1] if test["propertyName"] == "lastmodifieddate" else contact[0]
    limit = int(test["value"])
    return {"GTE": value >= limit, "GT": value > limit, "EQ": value == limit}[test["operator"]]


def _record(number: int, changed: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(changed / 1000, UTC).isoformat(timespec="milliseconds")
    return {"id": str(number), "properties": {"firstname": f"v{changed}", "lastmodifieddate": at}}


@pytest.mark.parametrize("seed", range(8))
def test_the_feed_loses_nobody(seed: int) -> None:
    chance, clock = random.Random(seed), FrozenClock()
    remote = FakeHubSpot(chance, clock)
    remote.change(list(range(1, 260)))
    clock.advance(hours=1)
    crm, known = client(remote, clock=clock), dict[str, str]()
    cursor: Cursor | None = None
    for _ in range(5):
        remote.changes_left = chance.randrange(0, 6)
        cursor = _followed(crm, cursor, known)
        clock.advance(minutes=15)
        crowd, last = chance.randrange(1, 340), max(remote.dates)
        fresh = range(last + 1, last + crowd // 3)
        remote.change([*(chance.randrange(1, last + 1) for _ in range(crowd)), *fresh])
    remote.changes_left = 0
    cursor = _followed(crm, cursor, known)
    assert known == {str(number): f"v{changed}" for number, changed in remote.dates.items()}
    assert json.loads(cursor)["known"] >= max(remote.dates.values())


def _followed(crm: Client, cursor: Cursor | None, known: dict[str, str]) -> Cursor:
    """Read the feed to its end."""
    for _ in range(60):
        page = crm.list_contacts(cursor)
        known |= {item.ref.contact: item.name for item in page.contacts}
        cursor = page.cursor
        if not page.more:
            return cursor
    pytest.fail("the feed has no end")
