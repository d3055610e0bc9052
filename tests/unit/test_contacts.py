"""Contacts from files that people export: any of the usual columns, some rows broken."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloop.contacts import BadRow, Found, GoneRow, contact_from, found_in, id_in, read_contacts, to_e164
from chalicelib.core import codec
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import Contact, SocialHandle


def read(path: Path, content: str | bytes, **more: str) -> list[Found]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_contacts(path, crm="directory", **more))


def one(row: dict[str, Any], **more: str) -> Contact:
    return contact_from(row, crm="directory", **more)


def names(found: list[Found]) -> list[str]:
    return [item.name for item in found if isinstance(item, Contact)]


def bad(found: list[Found]) -> list[tuple[int, str]]:
    return [(item.line, item.reason) for item in found if isinstance(item, BadRow)]


def test_a_file_with_everything(tmp_path: Path) -> None:
    header = "contact_id,name,email,phone,customer_number,bluesky_handle,bluesky_id,twitter_handle,company,city,country,language,url"
    line = "C-1,Kim Lee,Kim@Example.com;k@x.example,+49 30 901820,KD-1;KD-2,@kim.example,did:plc:abc,kim_x,Acme,Köln,DE,de,https://crm.example/1"
    (found,) = read(tmp_path / "a.csv", f"{header}\n{line}\n")
    assert found == Contact(
        ref=ContactRef(crm="directory", contact=ContactId("C-1")),
        name="Kim Lee",
        emails=("kim@example.com", "k@x.example"),
        phones=("+4930901820",),
        social=(
            SocialHandle(platform="bluesky", handle="@kim.example", user_id="did:plc:abc"),
            SocialHandle(platform="x", handle="kim_x"),
        ),
        customer_numbers=("KD-1", "KD-2"),
        company="Acme",
        city="Köln",
        country="DE",
        language="de",
        url="https://crm.example/1",
    )
    assert contact_keys(found) == {
        "email:kim@example.com",
        "email:k@x.example",
        "phone:+4930901820",
        "customer_number:KD1",
        "customer_number:KD2",
        "handle:bluesky:kim.example",
        "platform_id:bluesky:did:plc:abc",
        "handle:x:kim_x",
    }


@pytest.mark.parametrize(
    "content",
    [
        "id;Full Name;E-Mail\n1;Kim;kim@x.example\n",
        "Contact ID\tDisplay-Name\tMAIL\r\n1\tKim\tkim@x.example\r\n",
        "\ufeffID,name,emails\n1,Kim,kim@x.example\n",
        '"id","name","email"\n"1","Kim","kim@x.example"\n',
        "\n\nid,first_name,last_name,email\n\n1,Kim,,kim@x.example\n\n",
        "key,name,email_address,notes\n1,Kim,kim@x.example,\n",
    ],
)
def test_spellings_of_a_header(tmp_path: Path, content: str) -> None:
    (found,) = read(tmp_path / "a.csv", content)
    assert isinstance(found, Contact)
    assert (found.ref.contact, found.name, found.emails) == ("1", "Kim", ("kim@x.example",))


def test_bad_rows_are_told_by_line_and_stop_nothing(tmp_path: Path) -> None:
    content = (
        b"id,name,email\n"
        b"1,Kim,kim@x.example\n"
        b",Nobody,no@x.example\n"
        b'3,"two\nlines",three@x.example\n'
        b"4,J\xf6rg,four@x.example\n"
        b"5,Five,five@x.example,too,many\n"
        b"6,Six,six@x.example\n" + b"x" * 300 + b",Long,long@x.example\n"
        b"8\n"
    )
    found = read(tmp_path / "a.csv", content)
    assert names(found) == ["Kim", "two\nlines", "Six", "8"]
    assert bad(found) == [
        (3, "no contact_id"),
        (6, "not UTF-8"),
        (7, "more cells than columns"),
        (9, "contact_id is longer than 200 characters"),
    ]


def test_a_cell_without_end_spoils_what_it_swallows_only(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", 'id,name\n1,Kim\n2,"' + "x" * 1_100_000 + '"\n3,Sam\n')
    assert names(found) == ["Kim", "Sam"]
    assert [reason for _, reason in bad(found)] == ["can't be read as CSV"]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": 7, "name": "Kim", "emails": ["a@x.example", "b@x.example"], "phones": "+4930901820"}),
        "",
        "[1]",
        "{broken",
        json.dumps({"name": "nobody"}),
        json.dumps({"id": True, "name": "no id either"}),
        "[" * 20_000,
        json.dumps({"id": "8", "name": "half \ud800", "social": [{"platform": "X", "handle": "kim", "user_id": 5}]}),
    ]
    found = read(tmp_path / "a.jsonl", "\n".join(lines))
    assert names(found) == ["Kim", "half \ufffd"]
    assert [line for line, _ in bad(found)] == [3, 4, 5, 6, 7]
    first, last = (item for item in found if isinstance(item, Contact))
    assert (first.ref.contact, first.emails, first.phones) == ("7", ("a@x.example", "b@x.example"), ("+4930901820",))
    assert last.social == (SocialHandle(platform="x", handle="kim", user_id="5"),)


def test_a_line_with_everything_that_matching_reads(tmp_path: Path) -> None:
    line = {
        "contact_id": "c-7",
        "given_name": "Jörg",
        "family_name": "Öz",
        "emails": ["j@x.example"],
        "phones": ["030 901820"],
        "social": [{"platform": "x", "handle": "joerg", "user_id": "9", "avatar_hash": "a1b2"}],
        "city": "Köln",
        "orders": ["O-1", "O-2"],
        "created": "2024-03-01",
    }
    (found,) = read(tmp_path / "a.jsonl", json.dumps(line), region="DE")
    assert isinstance(found, Contact)
    assert (found.name, found.given_name, found.family_name) == ("Jörg Öz", "Jörg", "Öz")
    assert found.social == (SocialHandle(platform="x", handle="joerg", user_id="9", avatar_hash="a1b2"),)
    assert found.phones == ("+4930901820",)
    assert found.customer_numbers == ("O-1", "O-2")
    assert found.created == datetime(2024, 3, 1, tzinfo=UTC)
    assert one({"id": "1", "created": "2024-03-01T10:00:00+02:00"}).created == datetime(2024, 3, 1, 8, tzinfo=UTC)
    assert one({"id": "1", "created": "last spring"}).created is None


@pytest.mark.parametrize("mark", ["yes", "1", "x", "TRUE", "2026-01-31", True, 1])
def test_a_row_may_say_that_its_contact_is_gone(mark: object) -> None:
    ref = ContactRef(crm="directory", contact=ContactId("7"))
    assert found_in(3, {"id": "7", "name": "Kim", "deleted": mark}, crm="directory") == GoneRow(line=3, ref=ref)
    nobody = found_in(3, {"name": "Kim", "Deleted": mark}, crm="directory")
    assert nobody == BadRow(line=3, reason="no contact_id")


@pytest.mark.parametrize("mark", ["", "no", "0", "false", False, None, 0, []])
def test_a_row_that_is_not_deleted(mark: object) -> None:
    assert isinstance(found_in(1, {"id": "7", "deleted": mark}, crm="directory"), Contact)


def test_whom_a_row_is_about_is_told_also_of_a_bad_one() -> None:
    assert id_in({"ID": 7, "name": "Kim"}) == "7"
    assert id_in({"name": "Kim"}) is None
    assert id_in(BadRow(line=1, reason="not JSON")) is None


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("030 901820", "DE", "+4930901820"),
        ("030 901820", "de", "+4930901820"),
        ("030 901820", "", None),
        ("+49 (0)30 901820", "", "+4930901820"),
        ("0049 30 901820", "", "+4930901820"),
        ("+49 30 901820", "US", "+4930901820"),
        ("ask Kim", "DE", None),
        ("+49", "", None),
        ("12", "DE", None),
        ("", "DE", None),
    ],
)
def test_phone_numbers(value: str, region: str, expected: str | None) -> None:
    assert to_e164(value, region) == expected


def test_ids_of_other_things_are_no_platforms(tmp_path: Path) -> None:
    row = {
        "customer_id": "7",
        "company_id": "9",
        "user_id": "3",
        "tax_id": "DE1",
        "facebook_id": "10001",
        "fb_handle": "k",
    }
    found = one(row)
    assert found.ref.contact == "7"
    assert found.social == (SocialHandle(platform="facebook", handle="k", user_id="10001"),)


def test_several_handles_of_one_platform() -> None:
    found = one({"id": "1", "x_handle": "kim;kim_two", "x_id": "11"})
    assert found.social == (
        SocialHandle(platform="x", handle="kim", user_id="11"),
        SocialHandle(platform="x", handle="kim_two"),
    )


def test_an_empty_file_and_a_header_alone(tmp_path: Path) -> None:
    for content in ("", "\n", "id,name\n"):
        assert read(tmp_path / "a.csv", content) == []
    assert read(tmp_path / "a.jsonl", "") == []


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name\n" + "".join(f"{number},Kim\n" for number in range(5000)), encoding="utf-8")
    rows = read_contacts(path, crm="directory")
    assert next(rows) == one({"id": "0", "name": "Kim"}), "the first comes before the file is read"
    assert sum(1 for _ in rows) == 4999


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=30),
    st.lists(st.text(max_size=10), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
columns = st.one_of(
    st.sampled_from(["id", "name", "email", "phone", "x_handle", "x_id", "social", "customer_number", "city"]),
    st.text(max_size=12),
)


@given(st.dictionaries(columns, values, max_size=8))
def test_any_row_is_a_contact_that_can_be_stored_or_says_why_not(row: dict[str, Any]) -> None:
    if not any(isinstance(item, str | int | list) and not isinstance(item, bool) for item in row.values()):
        with pytest.raises(ValueError, match="no contact_id"):
            one(row)
        return
    found = None
    with contextlib.suppress(ValueError):
        found = one(row, region="DE")
    if found is not None:
        stored = codec.to_json(found).encode()
        assert codec.from_json(Contact, stored.decode()) == found
        contact_keys(found)


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.csv", "a.jsonl"):
        for found in read(folder / name, b"id,name\n1,Kim\n" + content if name == "a.csv" else content):
            assert isinstance(found, Contact | BadRow | GoneRow)
