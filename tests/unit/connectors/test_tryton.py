"""What is special to Tryton: patterns that find a little too much, names of mechanisms, where the database is."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.crms.tryton import domains, reading
from chalicelib.connectors.crms.tryton.client import Client
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.matching import contact_keys, normalise_number, normalise_phone
from chalicelib.core.people import Clue, ClueKind
from chalicelib.ports.crm import CrmContext
from tests.fakes.clock import FrozenClock
from tests.fakes.contacts import MemoryContacts
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions


def ilike(pattern: str) -> re.Pattern[str]:
    """The pattern as Tryton's databases understand it."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    made = {"%": ".*", "_": "."}
    return re.compile("".join(made.get(part, re.escape(part[-1])) for part in parts), re.IGNORECASE | re.DOTALL)


words = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=20)


@given(words, words)
def test_an_escaped_value_means_itself_alone(value: str, other: str) -> None:
    assert ilike(domains.escaped(value)).fullmatch(value)
    assert bool(ilike(domains.escaped(value)).fullmatch(other)) == (other.lower() == value.lower())


@given(
    st.from_regex(r"\+[1-9][0-9]{7,13}", fullmatch=True), st.lists(st.sampled_from(" -/()."), max_size=15), st.randoms()
)
def test_a_phone_number_is_found_however_it_was_typed(number: str, blanks: list[str], chance: Any) -> None:
    digits = list(number[1:])
    for blank in blanks:
        digits.insert(chance.randrange(1, len(digits) + 1), blank)
    typed = chance.choice(["+", "00"]) + "".join(digits)
    assert ilike(domains.scattered(number[1:])).fullmatch(typed)
    assert normalise_phone(typed) == number


@given(
    st.from_regex(r"[A-Z]{0,4}[0-9]{2,8}", fullmatch=True), st.lists(st.sampled_from(" -/._"), max_size=6), st.randoms()
)
def test_a_customer_number_is_found_however_it_was_typed(number: str, signs: list[str], chance: Any) -> None:
    typed = list(number.lower())
    for sign in signs:
        typed.insert(chance.randrange(len(typed) + 1), sign)
    (clause,) = domains.parties([Clue(kind=ClueKind.CUSTOMER_NUMBER, value=number)])[1:]  # type: ignore[index]
    assert ilike(clause[0][2]).fullmatch("".join(typed))
    assert normalise_number("".join(typed)) == number


def test_domains_travel_in_base64_that_addresses_bear() -> None:
    text = domains.encoded([["value", "=", "ü?~>>>"]])
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", text)
    assert json.loads(base64.urlsafe_b64decode(text)) == [["value", "=", "ü?~>>>"]]


def contact_of(*mechanisms: tuple[str, str | None, str], asked: tuple[str, ...] = ()) -> frozenset[str]:
    """The keys of a party with these mechanisms."""
    party = {
        "id": 1,
        "contact_mechanisms": [{"type": kind, "name": name, "value": value} for kind, name, value in mechanisms],
    }
    return contact_keys(reading.contact(Reader(party, ""), "erp", "https://x", reading.platform_names(asked, {})))


@pytest.mark.parametrize(
    ("mechanism", "key"),
    [
        (("other", "bluesky", "@Kim.bsky.social"), "handle:bluesky:kim.bsky.social"),
        (("other", "Bluesky", "did:plc:abc"), "platform_id:bluesky:did:plc:abc"),
        (("other", "matrix", "@kim:care.test"), "platform_id:matrix:@kim:care.test"),
        (("other", "facebook", "100012345678"), "platform_id:facebook:100012345678"),
        (("other", "Facebook ID", "kim.lee"), "platform_id:facebook:kim.lee"),
        (("other", "twitter", "@Kim_X"), "handle:x:kim_x"),
        (("other", "Twitter_ID", "99"), "platform_id:x:99"),
        (("email", "mastodon", "kim@social.example"), "handle:mastodon:kim@social.example"),
        (("email", "private", "kim@mail.example"), "email:kim@mail.example"),
        (("mobile", None, "0049 151 123-456-78"), "phone:+4915112345678"),
    ],
)
def test_mechanisms(mechanism: tuple[str, str | None, str], key: str) -> None:
    assert contact_of(mechanism, asked=("mastodon",)) == {key}


def test_what_identifies_nobody() -> None:
    assert (
        contact_of(("fax", None, "+49 30 1234567"), ("website", None, "https://x.example"), ("other", None, "x"))
        == set()
    )
    assert contact_of(("phone", None, "030 901820")) == set(), "national notation says nothing without a country"


def client(options: dict[str, str], key: str = "5f1d6c0e8b9a4723") -> Client:
    return Client(
        CrmContext(
            connection=Connection(kind=ConnectionKind.CRM, name="erp", connector="tryton", options=options),
            credentials={"key": key},
            http=ScriptedHttp([]),
            clock=FrozenClock(),
            contacts=MemoryContacts(),
            sessions=MemorySessions(),
        )
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"base_url": "https://tryton.example.com"},
        {"base_url": "crm"},
        {"base_url": "", "database": "crm"},
        {"base_url": "https://tryton.example.com/crm", "handle_names": "Twitter"},
        {"base_url": "https://tryton.example.com/crm", "handle_names": "x="},
    ],
)
def test_settings_that_say_too_little(options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        client(options)


def test_a_key_is_needed() -> None:
    with pytest.raises(ConfigurationError, match="key"):
        client({"base_url": "https://tryton.example.com/crm"}, key=" ")
