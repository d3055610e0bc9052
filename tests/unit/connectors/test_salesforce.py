"""Salesforce: literals, parts of long texts, logins, places in lists, merges; contacts over the twin."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloop.twins import salesforce_soql
from careloop.twins.base import Fault, TwinHttp
from careloop.twins.salesforce import SalesforceTwin
from chalicelib.connectors import registry
from chalicelib.connectors._salesforce import soql
from chalicelib.connectors._salesforce.access import Org, instance
from chalicelib.connectors.helpdesks.salesforce.activity import agents_entries
from chalicelib.connectors.helpdesks.salesforce.bodies import author_key, comments, pieces
from chalicelib.connectors.helpdesks.salesforce.marks import mark, marked
from chalicelib.connectors.helpdesks.salesforce.reading import Entry, Shown
from chalicelib.connectors.helpdesks.salesforce.window import Window, read_window
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.budgets import read_budgets, target_of
from chalicelib.core.errors import ConfigurationError, CredentialsError, NotFoundError, UnavailableError
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, CaseId, ContactId, ContactRef
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketStatus
from chalicelib.ports.crm import CrmContext, Interaction
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import Session
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.contacts import MemoryContacts
from tests.fakes.http import ScriptedHttp, answer
from tests.fakes.sessions import MemorySessions

SITE = "https://acme.my.salesforce.com"
KIM = Author(key=AuthorKey(platform="facebook", author=AuthorId("1234")), handle="kim.lee", display_name="Kim Lee")


# -- literals ----------------------------------------------------------------------------------------------------------


@given(st.text())
def test_a_literal_means_exactly_its_text(text: str) -> None:
    found = salesforce_soql.read(f"SELECT Id FROM Contact WHERE Email = {soql.text(text)}")
    assert found.test(lambda name: text)
    assert salesforce_soql.unquoted(soql.text(text)) == text


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_pattern_finds_nothing_but_its_text(text: str, other: str) -> None:
    test = salesforce_soql.read(f"SELECT Id FROM Task WHERE Subject LIKE '{soql.like(text)}'").test
    assert test(lambda name: text)
    assert test(lambda name: other) == (other.lower() == text.lower()) or other.casefold() == text.casefold()


def test_a_name_of_a_field_is_no_statement() -> None:
    with pytest.raises(ConfigurationError):
        soql.field_name("Id FROM User", "case_field")


# -- entries -----------------------------------------------------------------------------------------------------------


@given(st.text(max_size=400), st.integers(min_value=30, max_value=90))
def test_parts_hold_all_that_was_written(text: str, most: int) -> None:
    parts = list(pieces(text, most))
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(part.strip() for part in parts)
    assert all(len(part.encode("utf-8", "replace")) <= most or len(part) > most // 8 for part in parts)


def test_parts_are_cut_between_words_and_never_within_a_character() -> None:
    assert list(pieces("one two three", 9)) == ["one two", "three"]
    family = "👨‍👩‍👧"
    assert list(pieces(family * 3, len(family.encode()) + 3)) == [family] * 3


def test_each_part_of_a_comment_fits() -> None:
    comment = Comment(body="ä " * 9000, visibility=Visibility.INTERNAL, external_id="e" * 100)
    found = comments(comment)
    assert len(found) > 1
    assert all(len(item["CommentBody"].encode()) <= 4000 for item in found if item)
    assert {marked(item["CommentBody"]) for item in found} == {"e" * 100}


def test_only_the_last_line_is_a_mark() -> None:
    assert marked(f"words\n\n{mark('entry-1', 2, 3)}") == "entry-1"
    assert marked(f"{mark('entry-1')}\nan agent goes on") is None
    assert marked(None) is None


def test_authors_never_share_a_key() -> None:
    ids = ["1234", "-1234", "A", "a", "a.b", "did:plc:abc", "x" * 200]
    keys = {author_key(AuthorKey(platform="x", author=AuthorId(item))) for item in ids}
    assert len(keys) == len(ids)
    assert all("." not in item and item == item.lower() and len(item) <= 120 for item in keys)


# -- logins ------------------------------------------------------------------------------------------------------------


def context(http: Any, sessions: MemorySessions, credentials: Mapping[str, str], **options: str) -> HelpdeskContext:
    return HelpdeskContext(
        connection=Connection(
            kind=ConnectionKind.HELPDESK, name="service", connector="salesforce", options={"base_url": SITE, **options}
        ),
        credentials=credentials,
        http=http,
        clock=FrozenClock(),
        sessions=sessions,
    )


def token(access: str, **more: str) -> dict[str, Any]:
    data = {"access_token": access, "instance_url": SITE, "id": "https://login.salesforce.com/id/00D/005x", **more}
    return {"status": 200, "json": data}


def asked(access: str, status: int = 200, data: Any = None) -> dict[str, Any]:
    request = {
        "method": "GET",
        "url": f"{SITE}/services/data/v62.0/limits",
        "headers": {"authorization": f"Bearer {access}"},
    }
    return {"request": request, "response": {"status": status, "json": data}}


def login(response: Mapping[str, Any], **form: str) -> dict[str, Any]:
    return {"request": {"method": "POST", "url": f"{SITE}/services/oauth2/token", "form": form}, "response": response}


def test_a_session_that_ended_is_renewed_once_and_shared() -> None:
    form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret"}
    ended = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    http = ScriptedHttp(
        [login(token("one"), **form), asked("one", 401, ended), login(token("two"), **form), asked("two"), asked("two")]
    )
    sessions = MemorySessions()
    credentials = {"client_id": "app", "client_secret": "secret"}
    org = Org(context(http, sessions, credentials))
    assert org.get("/limits").status == 200
    assert Org(context(http, sessions, credentials)).get("/limits").status == 200
    assert org.own_user() == "005x"
    http.done()


def test_a_refresh_token_that_rotates_is_kept() -> None:
    form = {"grant_type": "refresh_token", "client_id": "app"}
    ended = [{"errorCode": "INVALID_SESSION_ID"}]
    http = ScriptedHttp(
        [
            login(token("one", refresh_token="second"), **form, refresh_token="first"),
            asked("one", 401, ended),
            login(token("two"), **form, refresh_token="second"),
            asked("two"),
        ]
    )
    Org(context(http, MemorySessions(), {"client_id": "app", "refresh_token": "first"})).get("/limits")
    http.done()


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "invalid_client_id", "inactive_user"])
def test_a_login_that_only_a_person_can_mend_says_so(code: str) -> None:
    http = ScriptedHttp(
        [
            login(
                {"status": 400, "json": {"error": code}},
                grant_type="client_credentials",
                client_id="a",
                client_secret="b",
            )
        ]
    )
    with pytest.raises(CredentialsError, match=code) as refused:
        Org(context(http, MemorySessions(), {"client_id": "a", "client_secret": "b"})).get("/limits")
    assert refused.value.dead


@pytest.mark.parametrize(
    ("credentials", "options"),
    [
        ({}, {}),
        ({"client_id": "a"}, {}),
        ({"client_id": "a", "client_secret": "b"}, {"base_url": ""}),
        ({"client_id": "a", "client_secret": "b"}, {"api_version": "../v1"}),
    ],
)
def test_what_is_missing_is_said_before_any_call(credentials: dict[str, str], options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Org(context(ScriptedHttp([]), MemorySessions(), credentials, **options))


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ("https://acme--test.sandbox.my.salesforce.com", "https://acme--test.sandbox.my.salesforce.com"),
        ("https://eu44.salesforce.com/", "https://eu44.salesforce.com"),
        ("", SITE),
        ("http://eu44.salesforce.com", SITE),
        ("https://eu44.salesforce.com:8443", SITE),
        ("https://salesforce.com.evil.example", SITE),
        ("https://evilsalesforce.com", SITE),
        ("https://user@eu44.salesforce.com", SITE),
    ],
)
def test_a_token_goes_to_salesforce_alone(told: str, used: str) -> None:
    assert instance(SITE, told) == used


def test_the_calls_of_a_day_are_a_budget() -> None:
    told = registry.spec(ConnectionKind.HELPDESK, "salesforce").budgets
    target = target_of("GET", f"{SITE}/services/data/v62.0/query")
    headers = answer(
        headers={"Sforce-Limit-Info": "api-usage=14900/15000; per-app-api-usage=17/250(appName=x)"}
    ).headers
    (found,) = read_budgets(told, headers, target, NOON)
    assert (found.remaining, found.limit, found.is_tight, found.is_used_up) == (100, 15000, True, False)
    for text in ("", "api-usage=x/y", "api-usage=5/0", "per-app-api-usage=1/2"):
        assert read_budgets(told, {"sforce-limit-info": text}, target, NOON) == ()


# -- places in a list --------------------------------------------------------------------------------------------------


def entry(number: int, at: datetime, *, stamp: datetime | None = None, parent: str = "500Ki0000000001IAK") -> Entry:
    return Entry(
        id=f"00aKi{number:010d}IAK",
        parent=parent,
        author="005Ki0000000002IAK",
        name="Ana",
        is_agents=True,
        visibility=Visibility.PUBLIC,
        at=at,
        stamp=stamp or at,
        body="Hello",
    )


@given(st.lists(st.integers(min_value=0, max_value=40), min_size=1, max_size=60), st.data())
def test_each_entry_is_new_once_whatever_is_seen_late(minutes: list[int], data: Any) -> None:
    """An entry shows at most four minutes after its time."""
    entries = [entry(number, NOON + timedelta(minutes=minute)) for number, minute in enumerate(minutes)]
    late = [data.draw(st.integers(min_value=0, max_value=4)) for _ in entries]
    cursor, found = None, list[str]()
    for look in range(0, 46, 2):
        window = read_window(cursor)
        there = [item for item, minute, delay in zip(entries, minutes, late, strict=True) if minute + delay <= look]
        there = [item for item in there if window.after is None or item.at > window.after]
        found += [item.id for item in there if not window.has(item)]
        cursor = window.moved(there).cursor
    assert sorted(found) == sorted(item.id for item in entries)


def test_a_great_many_entries_at_once_do_not_fill_the_cursor() -> None:
    rows = [entry(number, NOON + timedelta(milliseconds=number)) for number in range(5000)]
    window = Window().moved(rows)
    assert len(window.cursor) < 8000
    assert read_window(window.cursor) == window
    assert all(window.has(row) for row in rows)


# -- merges ------------------------------------------------------------------------------------------------------------


def shown(number: int, stamp: datetime, master: int | None = None) -> Shown:
    return Shown(
        id=f"500Ki{number:010d}IAK",
        status=TicketStatus.OPEN,
        is_deleted=master is not None,
        master=f"500Ki{master:010d}IAK" if master else None,
        mark=None,
        field="",
        case=CaseId("case-abcdefghij"),
        stamp=stamp,
        closed_at=None,
    )


def test_of_several_merges_only_what_is_certainly_the_customers_is_answered() -> None:
    first, second = NOON, NOON + timedelta(hours=1)
    path = [shown(1, first, 2), shown(2, second, 3), shown(3, second)]
    last = path[-1].id

    def row(number: int, minutes: int, moved: bool) -> Entry:
        at = NOON + timedelta(minutes=minutes)
        return entry(number, at, stamp=second if moved else None, parent=last)

    rows = [
        row(1, -30, True),  # on the first or on the second: nobody can tell
        row(2, 30, True),  # on the second, after the first came to it
        row(3, 30, False),  # on the third, to its own customer
        row(4, 90, False),  # to all of them
    ]
    assert [item.id for item in agents_entries(path, rows, lambda ticket: [])] == [rows[1].id, rows[3].id]


def test_an_edited_answer_is_public_unless_another_case_was_merged() -> None:
    edited = entry(1, NOON, stamp=NOON + timedelta(minutes=1))
    path = [shown(1, NOON)]
    for other, expected in (
        ([], Visibility.PUBLIC),
        ([shown(2, NOON - timedelta(hours=1), 1)], Visibility.PUBLIC),
        ([shown(2, NOON + timedelta(hours=1), 1)], Visibility.INTERNAL),
    ):
        (found,) = agents_entries(path, [edited], lambda ticket, other=other: other)  # type: ignore[misc]
        assert found.visibility is expected


# -- contacts over the twin ----------------------------------------------------------------------------------------------


class Crm:
    """A fresh org and a client of its contacts."""

    def __init__(self, **options: str) -> None:
        self.clock = FrozenClock()
        self.twin = SalesforceTwin(self.clock)
        named = {
            "base_url": SITE,
            "identity_fields": "facebook=Facebook_Id__c:id, facebook=Facebook__c:handle",
            **options,
        }
        connection = Connection(kind=ConnectionKind.CRM, name="crm", connector="salesforce", options=named)
        self.client: Any = registry.client(
            ConnectionKind.CRM,
            "salesforce",
            CrmContext(
                connection=connection,
                credentials={"client_id": self.twin.client_id, "client_secret": self.twin.client_secret},
                http=TwinHttp({SITE: self.twin}),
                clock=self.clock,
                contacts=MemoryContacts(),
                sessions=MemorySessions(),
            ),
        )

    def ref(self, contact: str) -> ContactRef:
        return ContactRef(crm="crm", contact=ContactId(contact))

    def mirrored(self, mirror: dict[str, str], cursor: Any) -> Any:
        """`mirror` (id -> name) after all pages."""
        for _ in range(20):
            page = self.client.list_contacts(cursor)
            mirror.update({item.ref.contact: item.name for item in page.contacts})
            for gone in page.removed:
                mirror.pop(gone.contact, None)
            cursor = page.cursor
            if not page.more:
                return cursor
        raise AssertionError("the feed never ends")

    def names(self) -> dict[str, str]:
        return {item["Id"]: item["Name"] for item in self.twin.world.table("Contact").values() if not item["IsDeleted"]}


def test_the_mirror_follows_changes_merges_and_deletions() -> None:
    crm = Crm()
    made = [crm.twin.add_contact(LastName=f"Person {number}") for number in range(1203)]
    mirror: dict[str, str] = {}
    cursor = crm.mirrored(mirror, None)
    assert mirror == crm.names()
    crm.clock.advance(minutes=1)
    world = crm.twin.world
    world.change("Contact", world.record("Contact", made[3]), {"LastName": "Renamed"})
    world.merge_contacts(world.record("Contact", made[4]), world.record("Contact", made[3]))
    world.delete(world.record("Contact", made[5]))
    crm.twin.add_contact(LastName="New")
    cursor = crm.mirrored(mirror, cursor)
    assert mirror == crm.names()
    assert crm.client.get_contact(crm.ref(made[4])).name == "Renamed"
    with pytest.raises(NotFoundError):
        crm.client.get_contact(crm.ref(made[5]))
    assert list(crm.client.find_gone((ContactId(made[5]), ContactId(made[6])))) == [made[5]]
    crm.clock.advance(hours=1)
    page = crm.client.list_contacts(cursor)
    assert (page.contacts, page.removed, page.more) == ((), (), False)


def test_links_are_written_and_taken_back() -> None:
    crm = Crm()
    contact = crm.ref(crm.twin.add_contact(LastName="Lee"))
    for _ in range(2):
        crm.client.link_identity(contact, KIM)
    (social,) = crm.client.get_contact(contact).social
    assert (social.user_id, social.handle) == ("1234", "kim.lee")
    for _ in range(2):
        crm.client.unlink_identity(contact, KIM)
    assert crm.client.get_contact(contact).social == ()


def test_an_interaction_is_one_task_whatever_is_repeated() -> None:
    crm = Crm()
    contact = crm.ref(crm.twin.add_contact(LastName="Lee"))
    interaction = Interaction(key="case-1_2", contact=contact, platform="facebook", at=NOON, summary="Facebook: parcel")
    other = Interaction(key="case-1x2", contact=contact, platform="facebook", at=NOON, summary="Facebook: parcel")
    crm.client.log_interaction(other)
    crm.twin.faults.append(Fault(pattern="^POST .*/Task$", status=0, before=False))
    for _ in range(3):
        with suppress(UnavailableError):
            crm.client.log_interaction(interaction)
    tasks = [item for item in crm.twin.world.table("Task").values() if not item["IsDeleted"]]
    assert sorted(item["Subject"].rpartition(" ")[2] for item in tasks) == ["case-1_2]", "case-1x2]"]
    crm.client.remove_interaction(contact, "case-1_2")
    crm.client.remove_interaction(contact, "case-1_2")
    assert [item["Subject"][-9:] for item in crm.twin.world.table("Task").values() if not item["IsDeleted"]] == [
        "case-1x2]"
    ]


def test_marketing_is_held_in_the_field_that_is_named() -> None:
    crm = Crm(marketing_hold_field="Social_Complaint_Open__c")
    number = crm.twin.add_contact(LastName="Lee")
    for held in (True, True, False):
        crm.client.hold_marketing(crm.ref(number), held=held)
        assert crm.twin.world.record("Contact", number)["Social_Complaint_Open__c"] is held


def test_a_session_of_another_app_is_not_taken() -> None:
    sessions = MemorySessions()
    for name in ("a", "b"):
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": "s"}
        http = ScriptedHttp([login(token(name), **form), asked(name)])
        Org(context(http, sessions, {"client_id": name, "client_secret": "s"})).get("/limits")
    assert len(sessions.sessions) == 2
    assert all(isinstance(item, Session) for item in sessions.sessions.values())
