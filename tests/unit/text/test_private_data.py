"""A public reply must not show a customer's card, IBAN, e-mail address or phone number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.private_data import PrivateDataKind, find_private_data


def found(text, allowed=()):
    return [(finding.kind.value, text[slice(*finding.span)]) for finding in find_private_data(text, allowed)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("your card 4111 1111 1111 1111 was charged", "4111 1111 1111 1111"),
        ("4111111111111111", "4111111111111111"),
        ("4111-1111-1111-1111, 12/27", "4111-1111-1111-1111"),
        ("5555 5555 5555 4444", "5555 5555 5555 4444"),
        ("2223 0031 2200 3222", "2223 0031 2200 3222"),
        ("3782 822463 10005", "3782 822463 10005"),
        ("6011111111111117", "6011111111111117"),
        ("3056 930902 5904", "3056 930902 5904"),
        ("3530111333300000", "3530111333300000"),
        ("6759 6498 2643 8453", "6759 6498 2643 8453"),
        ("no. 12 4111 1111 1111 1111 123", "4111 1111 1111 1111"),
        ("(4111111111111111)", "4111111111111111"),
        ("Karte:4111111111111111.", "4111111111111111"),
    ],
)
def test_card_numbers(text, value):
    assert found(text) == [("card", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("to DE89 3704 0044 0532 0130 00 today", "DE89 3704 0044 0532 0130 00"),
        ("DE89370400440532013000", "DE89370400440532013000"),
        ("de89370400440532013000.", "de89370400440532013000"),
        ("GB82 WEST 1234 5698 7654 32 is", "GB82 WEST 1234 5698 7654 32"),
        ("FR14 2004 1010 0505 0001 3M02 606 et", "FR14 2004 1010 0505 0001 3M02 606"),
        ("NO93 8601 1117 947", "NO93 8601 1117 947"),
        ("AT61-1904-3002-3457-3201", "AT61-1904-3002-3457-3201"),
        ("MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S"),
    ],
)
def test_ibans(text, value):
    assert found(text) == [("iban", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("write to kim@example.com.", "kim@example.com"),
        ("<KIM.W+x@mail.example.co.uk>", "KIM.W+x@mail.example.co.uk"),
        ("mailto:kim_w@example.org", "kim_w@example.org"),
        ("müller@firma.de", "müller@firma.de"),
        ("日本kim@example.comです", "kim@example.com"),
        ("kim@münchen.de", "kim@münchen.de"),
    ],
)
def test_email_addresses(text, value):
    assert found(text) == [("email", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("call +49 171 2345678 now", "+49 171 2345678"),
        ("+4917123456789", "+4917123456789"),
        ("0049 171 2345678", "0049 171 2345678"),
        ("+49 (0)30 / 123 456-78", "+49 (0)30 / 123 456-78"),
        ("(+44) 20 7946 0958", "(+44) 20 7946 0958"),
        ("+33 1 23 45 67 89", "+33 1 23 45 67 89"),
        ("+1 (555) 223-4567", "+1 (555) 223-4567"),
        ("(555) 223-4567", "(555) 223-4567"),
        ("555-223-4567", "555-223-4567"),
        ("555.223.4567", "555.223.4567"),
        ("030 1234567", "030 1234567"),
        ("0171/2345678", "0171/2345678"),
        ("(030) 123 45 67", "(030) 123 45 67"),
        ("020 7946 0958", "020 7946 0958"),
        ("02 9876 5432", "02 9876 5432"),
        ("01 23 45 67 89", "01 23 45 67 89"),
        ("01.23.45.67.89", "01.23.45.67.89"),
        ("Tel. 1234567", "1234567"),
        ("Tel.-Nr.: 01712345678", "01712345678"),
        ("your phone number is 5550199", "5550199"),
        ("WhatsApp: 612 34 56 78", "612 34 56 78"),
    ],
)
def test_phone_numbers(text, value):
    assert found(text) == [("phone", value)]


@pytest.mark.parametrize(
    "text",
    [
        # orders, tickets, invoices, customers
        "order 4711", "Order no. 030-1234567", "#0301-2345678", "Bestellnummer 0123-456789", "Kundennummer 0171 2345678",
        "RE-2026-000123", "Rechnung Nr. 2026-04711", "order number 0049 171 2345678", "ticket id 555-223-4567", "KD-4111111111111111",
        "1234567890123456", "4111 1111 1111 1112",
        # parcels and goods
        "00340434161094042557", "1Z999AA10123456784", "9400 1000 0000 0000 0000 00", "RR123456789DE", "ISBN 978-3-16-148410-0",
        "4006381333931", "IMEI 353918052567895", "0101 0302 0504 0706",
        # money and figures
        "12.345.678,90 €", "1.000.000", "2.500.000 EUR", "12 345 678", "€ 4.111.111.111.111.111", "+10 000 000 users", "USD 1,234.56",
        # dates and times
        "2026-11-20 08:15", "20.11.2026", "01.02.2026 10:00", "01/02/2026", "01-31-2026", "open 08-12 13-17", "0730-1530",
        "Tel 20.11.2026", "between 09:00 and 12:30",
        # numbers that companies publish
        "0800 123 4567", "+49 800 1234567", "1-800-555-1234", "+1 888 555 1234", "01805 123456",
        # addresses, versions, handles
        "10115 Berlin, Hauptstr. 12", "01067 Dresden", "192.168.100.200", "v2.10.4", "@kim@mastodon.social", "kim@localhost",
        "DE12 3456 7890", "https://acme.com/p/4711/0301-22345?t=1700000000",
        "",
    ],
)  # fmt: skip
def test_no_false_alarm(text):
    assert found(text) == []


def test_a_number_with_a_wrong_check_digit_is_no_iban():
    assert ("iban", "DE89370400440532013001") not in found("DE89370400440532013001")


def test_several_findings_come_in_order_and_apart():
    text = "kim@example.com, +49 171 2345678, DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111 5555 5555 5555 4444"
    assert [kind for kind, _ in found(text)] == ["email", "phone", "iban", "card", "card"]


def test_what_the_company_publishes_is_allowed():
    text = "help@acme.com, anna@acme.com, kim@acme.com.evil.com, 030 1234567, +49 30 1234567, 030 7654321"
    assert found(text, allowed=("help@acme.com", "+49 (30) 1234567")) == [
        ("email", "anna@acme.com"),
        ("email", "kim@acme.com.evil.com"),
        ("phone", "030 7654321"),
    ]
    assert found(text, allowed=("@ACME.com",)) == [
        ("email", "kim@acme.com.evil.com"),
        ("phone", "030 1234567"),
        ("phone", "+49 30 1234567"),
        ("phone", "030 7654321"),
    ]


def test_a_finding_does_not_carry_the_value():
    (finding,) = find_private_data("kim@example.com")
    assert "kim" not in repr(finding)
    assert finding.kind is PrivateDataKind.EMAIL


def luhn_digit(digits):
    for digit in "0123456789":
        total = 0
        for place, character in enumerate(reversed(digits + digit)):
            value = int(character) * (1 + place % 2)
            total += sum(divmod(value, 10))
        if total % 10 == 0:
            return digit
    raise AssertionError(digits)


@given(st.text(alphabet="0123456789", min_size=14, max_size=14), st.sampled_from(["", " ", "-"]))
def test_any_visa_number_is_found_in_any_notation(digits, separator):
    number = "4" + digits
    number += luhn_digit(number)
    text = f"charged {separator.join(number[place : place + 4] for place in range(0, 16, 4))} today"
    assert [kind for kind, _ in found(text)] == ["card"]


@given(st.text(alphabet="0123456789", min_size=18, max_size=18), st.booleans())
def test_any_german_iban_is_found_in_any_notation(account, spaced):
    check = 98 - int(account + "131400") % 97
    iban = f"DE{check:02}{account}"
    written = " ".join(iban[place : place + 4] for place in range(0, 22, 4)) if spaced else iban
    assert ("iban", written) in found(f"to {written}, please")


@given(st.text(alphabet="0123456789 +-()/.@aD#:\n"))
def test_spans_are_apart_and_in_the_text(text):
    last = 0
    for finding in find_private_data(text):
        start, end = finding.span
        assert last <= start < end <= len(text)
        last = end
