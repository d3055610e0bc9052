"""Files of contacts and authors as companies export them, and the index that matching reads from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloop.matching.index import CompactIndex, file_contacts, pack, unpack
from careloop.matching.people import CRM, author_id_in, contact_in, subject_in
from careloop.matching.source import UnreadableRowError, chunks_of
from careloop.matching.values import moment, region, several, whole, words, yes
from chalicelib.adapters.records.contact_rows import MOST_PER_CLUE
from chalicelib.core.events import Visibility
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import index_keys
from chalicelib.core.people import Contact, SocialHandle

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

AUTHOR = (
    *("author_id", "platform", "user_id", "handle", "display_name", "bio", "website", "location", "verified"),
    *("followers", "account_created", "avatar_hash", "messages", "email", "phone"),
)
CONTACT = ("name", "emails", "phones", "social", "city", "country", "company", "orders", "language", "created")


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-03-01", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-03-01T12:00:00Z", datetime(2024, 3, 1, 12, tzinfo=UTC)),
        ("2024-03-01T12:00:00+02:00", datetime(2024, 3, 1, 10, tzinfo=UTC)),
        (2019, datetime(2019, 1, 1, tzinfo=UTC)),
        ("2019", datetime(2019, 1, 1, tzinfo=UTC)),
        (1700000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1700000000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1700000000.0, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("yesterday", None),
        (True, None),
        (None, None),
        ({}, None),
        (float("nan"), None),
        (10**30, None),
    ],
)
def test_times_are_read_however_they_are_written(value: Any, expected: datetime | None) -> None:
    assert moment(value) == expected


def test_values_that_say_nothing_are_none() -> None:
    said: list[Any] = [" a ", 7, 7.0, 7.5, True, None, [], ""]
    assert [words(value) for value in said] == [
        "a",
        "7",
        "7",
        None,
        None,
        None,
        None,
        None,
    ]
    assert several([{"id": "A-1"}, {"number": 12}, "B;C|D", 3, None, {"x": 1}]) == ["A-1", "12", "B", "C", "D", "3"]
    assert several(None) == []
    assert [yes(value) for value in (True, "false", 0, "No", "yes", "maybe", None)] == [
        *(True, False, False, False, True, None, None)
    ]
    assert [whole(value) for value in ("1,234", 12.0, "many", None)] == [1234, 12, None, None]
    assert [region(value) for value in ("de", "Germany", "UK", "uk", "Atlantis", None, 49)] == [
        *("DE", "DE", "GB", "GB", "", "", "")
    ]


@given(anything)
def test_no_value_is_an_error(value: Any) -> None:
    words(value), several(value), yes(value), whole(value), moment(value), region(value)


@given(
    st.dictionaries(
        st.sampled_from(AUTHOR),
        anything,
    )
)
def test_no_author_is_an_error(row: dict[str, Any]) -> None:
    subject_in(row)


@given(st.dictionaries(st.sampled_from(CONTACT), anything))
def test_no_contact_with_an_id_is_an_error(row: dict[str, Any]) -> None:
    contact = contact_in({**row, "contact_id": "C1"}, brand_region="DE")
    assert contact.ref == ContactRef(crm=CRM, contact=ContactId("C1"))
    assert index_keys(contact) == index_keys(unpack(pack(contact)))


# -- rows --------------------------------------------------------------------------------------------------------------


def rows_of(path: Path, text: str | bytes) -> list[dict[str, Any] | tuple[int, str]]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found: list[dict[str, Any] | tuple[int, str]] = []
    for chunk in chunks_of(path, 2):
        for row in chunk.rows:
            try:
                found.append(dict(row.parse(chunk.columns)))
            except UnreadableRowError as error:
                found.append((row.line, str(error)))
    return found


def test_json_lines_whatever_the_file_is_called(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbf{"a": 1}\n\n{broken\n[1]\n{"a": 2}\n\xff\xfe\n{"a": 3}'
    assert rows_of(tmp_path / "file.txt", text) == [
        {"a": 1},
        (3, "not JSON (one object on each line is expected)"),
        (4, "not an object"),
        {"a": 2},
        (6, "not JSON (one object on each line is expected)"),
        {"a": 3},
    ]


def test_csv_with_lists_in_cells(tmp_path: Path) -> None:
    text = 'Contact_ID;name;orders;social\n1;"Kim; Lee";["A-1","A-2"];"[{""platform"":""x"",""handle"":""kim""}]"\n2;;;\n3;a;b;c;d\n'
    assert rows_of(tmp_path / "file.csv", text) == [
        {
            "contact_id": "1",
            "name": "Kim; Lee",
            "orders": ["A-1", "A-2"],
            "social": [{"platform": "x", "handle": "kim"}],
        },
        {"contact_id": "2", "name": None, "orders": None, "social": None},
        (4, "more cells than columns"),
    ]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "file", "") == []


# -- people ------------------------------------------------------------------------------------------------------------


def test_a_contact_with_everything() -> None:
    row = json.loads(
        '{"contact_id": 17, "name": "Kim Müller", "emails": ["Kim@Example.com", null], "phones": ["0151 12345678"],'
        ' "social": [{"platform": "Twitter", "handle": "@kim", "user_id": 42, "avatar_hash": "ab"}, {"platform": "x"}, null],'
        ' "city": "Köln", "country": "Germany", "company": null, "orders": [{"id": "A-1"}, "A-2", 3], "language": "de",'
        ' "created": 2019, "unknown": {}}'
    )
    assert contact_in(row, brand_region="US") == Contact(
        ref=ContactRef(crm=CRM, contact=ContactId("17")),
        name="Kim Müller",
        emails=("kim@example.com",),
        phones=("+4915112345678",),
        social=(SocialHandle(platform="x", handle="@kim", user_id="42", avatar_hash="ab"),),
        customer_numbers=("A-1", "A-2", "3"),
        city="Köln",
        country="Germany",
        language="de",
        created=datetime(2019, 1, 1, tzinfo=UTC),
    )
    with pytest.raises(UnreadableRowError, match="contact_id"):
        contact_in({"name": "Kim"}, brand_region="")
    with pytest.raises(UnreadableRowError, match="deleted"):
        contact_in({"contact_id": 5.0, "deleted": True}, brand_region="")


def test_accounts_by_platform_are_read_too() -> None:
    contact = contact_in(
        {"contact_id": "1", "social": {"x": "kim", "instagram": {"handle": "k", "user_id": 7}}}, brand_region=""
    )
    assert contact.social == (
        SocialHandle(platform="x", handle="kim"),
        SocialHandle(platform="instagram", handle="k", user_id="7"),
    )


def test_what_is_not_said_to_be_private_is_public() -> None:
    row = {
        "author_id": 5,
        "platform": "X",
        "user_id": 12,
        "handle": "@kim",
        "account_created": "2011",
        "verified": "true",
        "messages": [
            {"public": False, "text": "a"},
            {"text": "b"},
            {"public": None, "text": "c"},
            "d",
            {"public": False},
            3,
        ],
    }
    subject = subject_in(row)
    assert author_id_in(row) == "5"
    assert [(item.text, item.visibility) for item in subject.messages] == [
        ("a", Visibility.PRIVATE),
        ("b", Visibility.PUBLIC),
        ("c", Visibility.PUBLIC),
        ("d", Visibility.PUBLIC),
    ]
    assert (subject.author.key.platform, subject.author.key.author, subject.author.handle) == ("x", "12", "kim")
    assert subject.author.profile is not None
    assert subject.author.profile.verified is True
    assert subject.author.profile.account_created == datetime(2011, 1, 1, tzinfo=UTC)
    with pytest.raises(UnreadableRowError, match="author_id"):
        author_id_in({"handle": "kim"})


# -- the index ---------------------------------------------------------------------------------------------------------


def contact(number: int, **more: Any) -> Contact:
    return Contact(ref=ContactRef(crm=CRM, contact=ContactId(f"C{number}")), name="Kim", **more)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.frozensets(st.sampled_from("abcdef"))), max_size=80), st.integers(1, 9)
)
def test_the_index_answers_like_a_dictionary(filed: list[tuple[int, frozenset[str]]], size: int) -> None:
    index = CompactIndex()
    for start in range(0, len(filed), size):
        part = [(contact(number), keys) for number, keys in filed[start : start + size]]
        index.add(file_contacts(part, start))
    index.freeze()
    holders: dict[str, list[str]] = {}
    for number, keys in filed:
        for key in keys:
            holders.setdefault(key, []).append(f"C{number}")

    found = index.read_keys([*"abcdef", "nothing"])
    assert set(found) == set(holders)
    for key, row in found.items():
        assert list(row.contacts) == list(dict.fromkeys(holders[key][:MOST_PER_CLUE]))
        assert row.is_full == (len(holders[key]) > MOST_PER_CLUE)
    assert index.keys_read == 7
    wanted = [ContactId(f"C{number}") for number in (3, 99, 4)]
    there = {f"C{number}" for number, _ in filed}
    assert [item.ref.contact for item in index.read_contacts(wanted)] == [item for item in wanted if item in there]
    index.close()


def test_of_two_rows_with_one_id_the_last_one_counts() -> None:
    index = CompactIndex()
    index.add(file_contacts([(contact(1, city="Bonn"), ["k"]), None, (contact(1, city="Köln"), ["k"])], 0))
    index.freeze()
    assert [item.city for item in index.read_contacts([ContactId("C1")])] == ["Köln"]
    assert index.read_keys(["k"])["k"].contacts == ("C1",)
    assert index.read_keys(["k"])["k"].count == 1
    index.close()
