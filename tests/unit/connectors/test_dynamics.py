"""What is special to Dynamics: tokens from Microsoft Entra, filters that fit into an address, links that stay ours."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.crms.dynamics import filters
from chalicelib.connectors.crms.dynamics.client import Client
from chalicelib.connectors.toolkit.identity_fields import identity_fields
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError, CredentialsError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.people import Clue, ClueKind
from chalicelib.ports.crm import CrmContext, Interaction
from chalicelib.ports.services import Http, HttpRequest, HttpResponse
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.contacts import MemoryContacts
from tests.fakes.http import ScriptedHttp, answer
from tests.fakes.sessions import MemorySessions

PLACE = {"base_url": "https://acme.crm4.dynamics.com/", "tenant": "acme.example"}
CREDENTIALS = {"client_id": "11111111-2222", "client_secret": "abc8Q~example"}
TOKEN_URL = "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token"
API = "https://acme.crm4.dynamics.com/api/data/v9.2"
FIELDS = identity_fields({"identity_fields": "x=new_x:handle, x=new_xid:id", "identity_record": "new_record"})


def client(
    http: Http,
    options: dict[str, str] = PLACE,
    credentials: dict[str, str] = CREDENTIALS,
    *,
    clock: FrozenClock | None = None,
    sessions: MemorySessions | None = None,
) -> Client:
    return Client(
        CrmContext(
            connection=Connection(kind=ConnectionKind.CRM, name="crm", connector="dynamics", options=options),
            credentials=credentials,
            http=http,
            clock=clock or FrozenClock(),
            contacts=MemoryContacts(),
            sessions=sessions or MemorySessions(),
        )
    )


# -- access ------------------------------------------------------------------------------------------------------------


def asked_token(status: int = 200, **given: Any) -> dict[str, Any]:
    form = {
        **CREDENTIALS,
        "grant_type": "client_credentials",
        "scope": "https://acme.crm4.dynamics.com/.default",
    }
    request = {"method": "POST", "url": TOKEN_URL, "form": form}
    return {"request": request, "response": {"status": status, "json": given}}


class Dataverse:
    """Answers by token and keeps what was asked; questions to Microsoft Entra follow a script."""

    def __init__(self, *script: dict[str, Any], good: set[str], data: Any = None) -> None:
        self.entra, self.good, self.data = ScriptedHttp(script), good, data
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.url.startswith("https://login."):
            return self.entra.send(request)
        self.requests.append(request)
        token = request.headers["authorization"].removeprefix("Bearer ")
        return answer(200, self.data) if token in self.good else answer(401, {})


REF = ContactRef(crm="crm", contact=ContactId("00000000-0000-4000-8000-000000000042"))


def test_a_token_is_shared_renewed_before_its_end_and_where_it_is_refused() -> None:
    clock, sessions = FrozenClock(), MemorySessions()
    http = Dataverse(
        asked_token(access_token="first", expires_in=3599, token_type="Bearer"),
        asked_token(access_token="second", expires_in="3599"),
        asked_token(access_token="third", expires_in=3599),
        good={"first", "second", "third"},
    )
    one, other = (client(http, clock=clock, sessions=sessions) for _ in range(2))
    one.remove_interaction(REF, "case-1")
    other.remove_interaction(REF, "case-1")
    clock.advance(minutes=58)
    one.remove_interaction(REF, "case-1")
    http.good.remove("second")
    other.remove_interaction(REF, "case-1")
    used = [request.headers["authorization"].removeprefix("Bearer ") for request in http.requests]
    assert used == ["first", "first", "second", "second", "third"]
    http.entra.done()


def test_a_secret_that_ended_needs_a_person() -> None:
    http = ScriptedHttp([asked_token(401, error="invalid_client", error_description="AADSTS7000222: expired")])
    with pytest.raises(CredentialsError) as caught:
        client(http).remove_interaction(REF, "case-1")
    assert caught.value.dead
    assert "client secret" in caught.value.advice


@pytest.mark.parametrize(
    ("options", "credentials"),
    [
        ({}, CREDENTIALS),
        ({"base_url": PLACE["base_url"]}, CREDENTIALS),
        ({"tenant": "acme.example"}, CREDENTIALS),
        (PLACE, {}),
        (PLACE, {"client_id": "1"}),
        ({**PLACE, "phone_fields": "mobile phone"}, CREDENTIALS),
        ({**PLACE, "marketing_hold_field": "new-hold"}, CREDENTIALS),
        ({**PLACE, "customer_number_field": "a' or 1 eq 1"}, CREDENTIALS),
    ],
)
def test_settings_that_say_too_little(options: dict[str, str], credentials: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        client(ScriptedHttp([]), options, credentials)


# -- filters -----------------------------------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
clues = st.builds(Clue, kind=st.sampled_from(list(ClueKind)), value=words, platform=st.just("x"))


@given(words)
def test_a_literal_holds_its_text_and_nothing_else(text: str) -> None:
    made = filters.literal(text)
    assert re.fullmatch(r"'(?:[^']|'')*'", made)
    assert made[1:-1].replace("''", "'") == text


@given(st.lists(clues, max_size=12))
def test_each_alternative_is_asked_once_in_addresses_that_are_not_too_long(found: list[Clue]) -> None:
    made = list(filters.filters(found, FIELDS, "new_number", ("mobilephone", "telephone1")))
    assert bool(made) == bool(found)
    for wanted in made:
        assert wanted.startswith("statecode eq 0 and (")
        assert len(quote_plus(wanted)) <= filters.LONGEST + 800, "one alternative alone may be longer"


def with_token() -> MemorySessions:
    return MemorySessions({"dynamics|crm": {"access": "t", "until": "2026-11-21T00:00:00+00:00"}})


# -- the feed and notes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "{}",
        "[]",
        '{"columns":"x","link":"/contacts?$deltatoken=1"}',
        '{"link":"https://elsewhere.example/contacts?"}',
        '{"columns":null,"link":"/WhoAmI"}',
    ],
)
def test_only_links_of_ours_are_followed(cursor: str) -> None:
    http = Dataverse(good={"t"}, data={"value": [], "@odata.deltaLink": f"{API}/contacts?$deltatoken=2"})
    page = client(http, sessions=with_token()).list_contacts(Cursor(cursor))
    (request,) = http.requests
    assert request.url.startswith(f"{API}/contacts?%24select=")
    assert "deltatoken=2" in page.cursor


def test_a_note_of_one_case_is_one_note_and_of_another_contact_another() -> None:
    def address(contact: str, key: str, summary: str) -> str:
        http = Dataverse(good={"t"})
        ref = ContactRef(crm="crm", contact=ContactId(f"00000000-0000-4000-8000-{contact:0>12}"))
        told = Interaction(key=key, contact=ref, platform="x", at=NOON, summary=summary)
        client(http, sessions=with_token()).log_interaction(told)
        return http.requests[0].url

    one = address("1", "case-1", "a post")
    assert one == address("1", "case-1", "a post, changed")
    assert len({one, address("2", "case-1", "a post"), address("1", "case-2", "a post")}) == 3
