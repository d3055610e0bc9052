"""Links that customers are sent: only what we signed, only while it lasts, and nothing about anybody in it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.asking import token_of
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, CaseId
from chalicelib.core.links import LONGEST, IdentityLink, Told, read_token, write_token

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LINK = IdentityLink(
    token="k4n2v7qkx5rjmz3wbyta",
    account=AccountKey(platform="messenger", account=AccountId("104857600123456")),
    case=CaseId("case-abcdefghijklmnopqrst"),
    expires_at=NOW + timedelta(hours=24),
    language="de",
    fields=(Told.NUMBER, Told.EMAIL),
    brand="Acme & Söhne",
)
GOOD = write_token(LINK, "secret-1")


def test_what_was_signed_is_read():
    assert read_token(GOOD, ["secret-1"], NOW) == LINK


def test_each_value_of_a_rotation_is_good():
    assert read_token(GOOD, ["secret-2", "secret-1"], NOW) == LINK
    assert read_token(write_token(LINK, "secret-2"), ["secret-2", "secret-1"], NOW) == LINK
    assert read_token(GOOD, ["secret-2"], NOW) is None


@pytest.mark.parametrize(("later", "is_good"), [(timedelta(hours=23, minutes=59), True), (timedelta(hours=24), False)])
def test_it_ends(later: timedelta, is_good: bool):
    assert (read_token(GOOD, ["secret-1"], NOW + later) is not None) is is_good


@pytest.mark.parametrize("secrets", [[], [""], ["other"]])
def test_nothing_is_good_without_the_secret(secrets: list[str]):
    assert read_token(GOOD, secrets, NOW) is None
    assert read_token(write_token(LINK, ""), secrets, NOW) is None


@given(st.integers(0, len(GOOD) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_character_can_be_changed(place: int, other: str):
    changed = GOOD[:place] + other + GOOD[place + 1 :]
    assert (read_token(changed, ["secret-1"], NOW) is not None) is (changed == GOOD)


@given(st.one_of(st.text(max_size=300), st.binary(max_size=200).map(lambda data: data.decode("latin-1"))))
def test_strangers_texts_are_no_links(text: str):
    assert read_token(text, ["secret-1"], NOW) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=12))
def test_what_another_version_signed_is_no_error(said: object):
    """Signed rightly, and of another form."""
    text = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    signature = write_like_us(text)
    assert read_token(f"{text}.{signature}", ["secret-1"], NOW) is None


def write_like_us(text: str) -> str:
    import hashlib
    import hmac

    made = hmac.new(b"secret-1", b"careloop identify 1\n" + text.encode(), hashlib.sha256).digest()[:24]
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def test_it_is_short_enough_and_long_ones_are_not_read():
    assert len(GOOD) < 260
    long = replace(LINK, brand="Acme " * 100)
    assert len(write_token(long, "secret-1")) < LONGEST
    assert read_token("A" * (LONGEST + 1) + GOOD, ["secret-1"], NOW) is None


@given(st.text(min_size=1, max_size=40), st.text(max_size=30))
def test_it_says_nothing_about_the_author(author: str, key: str):
    who = AuthorKey(platform="messenger", author=AuthorId(author))
    token = token_of(LINK.case, who, key)
    said = json.loads(base64.urlsafe_b64decode(write_token(replace(LINK, token=token), "s").partition(".")[0] + "==="))
    assert said[1] == token
    assert said == [1, token, "messenger", LINK.account.account, LINK.case, said[5], "de", "ne", LINK.brand]
    assert token != token_of(LINK.case, AuthorKey(platform="messenger", author=AuthorId(author + "2")), key)
    assert token != token_of(CaseId("case-other"), who, key)
