"""Identifiers: one spelling for each, and no second normalisation changes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.matching import (
    normalise_email,
    normalise_handle,
    normalise_id,
    normalise_number,
    normalise_phone,
    normalise_platform,
)
from chalicelib.core.matching.mailhosts import is_role, own_domain
from chalicelib.core.matching.normalise import is_national_form, loose_mailbox, mailbox, phone_tail


@pytest.mark.parametrize(
    ("normalise", "value", "normal"),
    [
        (normalise_email, " Kim@Example.COM ", "kim@example.com"),
        (normalise_email, "ｋｉｍ＠example.com", "kim@example.com"),
        (normalise_email, "<mailto:kim@example.com>", "kim@example.com"),
        (normalise_email, "kim@example", None),
        (normalise_email, "kim@facebook.com", None),
        (normalise_email, "kim @example.com", None),
        (normalise_phone, "0049 (0) 171 2345678", "+491712345678"),
        (normalise_phone, "+49 (0)171/234-5678", "+491712345678"),
        (normalise_phone, "0171 2345678", None),
        (normalise_phone, "call me", None),
        (normalise_handle, "@Kim.Miller", "kim.miller"),
        (normalise_handle, "https://www.instagram.com/Kim.Miller/?hl=de", "kim.miller"),
        (normalise_handle, "twitter.com/@kim", "kim"),
        (normalise_handle, "kim\u200bmiller", "kimmiller"),
        (normalise_handle, "kim miller", None),
        (normalise_number, "ord-123 45", "ORD12345"),
        (normalise_number, "--", None),
        (normalise_id, " 12 ", "12"),
        (normalise_platform, "Twitter", "x"),
        (normalise_platform, "bluesky", "bluesky"),
    ],
)
def test_each_has_one_spelling(normalise: Callable[[str], str | None], value: str, normal: str | None) -> None:
    assert normalise(value) == normal


@pytest.mark.parametrize(
    ("value", "region", "normal"),
    [
        ("0171 2345678", "DE", "+491712345678"),
        ("0171/2345678", "de", "+491712345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+43 660 1234567", "DE", "+436601234567"),
        ("12", "DE", None),
        ("hello", "DE", None),
        ("0171 2345678", "ZZ", None),
    ],
)
def test_national_numbers_need_their_country(value: str, region: str, normal: str | None) -> None:
    assert normalise_phone(value, region) == normal


def test_a_national_number_is_known_again_in_any_country() -> None:
    assert is_national_form("0612345678", "+33612345678")
    assert is_national_form("2125550123", "+12125550123")
    assert is_national_form("061234567", "+39061234567")
    assert not is_national_form("0612345678", "+33712345678")
    assert not is_national_form("345678", "+33612345678")
    assert phone_tail("0612345678") == phone_tail("+33612345678")


def test_mailboxes() -> None:
    assert mailbox("kim+shop@x.example") == "kim@x.example"
    assert loose_mailbox("k.i.m+a@googlemail.com") == "kim@gmail.com"
    assert own_domain("kim@acme.example") == "acme.example"
    assert own_domain("kim@gmail.com") == ""
    assert is_role("info@acme.example")
    assert is_role("support-team@acme.example")
    assert not is_role("kim@acme.example")


@given(st.text(max_size=60))
@pytest.mark.parametrize(
    "normalise", [normalise_email, normalise_phone, normalise_handle, normalise_number, normalise_id]
)
def test_a_second_time_changes_nothing(normalise: Callable[[str], str | None], value: str) -> None:
    normal = normalise(value)
    assert normal is None or normalise(normal) == normal
