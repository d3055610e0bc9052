"""What leaves a doubt: it is suggested at most, and agents are warned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.people import Verdict
from tests.unit.matching.people import YOUNG, author, codes, contact, found, linked, on, privately, suggested

KIM = contact(
    "1",
    "Kim Miller",
    emails=("kim@mail.example",),
    phones=("+491712345678",),
    customer_numbers=("ORD-12345",),
    city="Köln",
    country="DE",
)


@pytest.mark.parametrize(
    "texts",
    [
        ("My daughter bought it. ORD-12345",),
        ("Ich schreibe im Auftrag meiner Schwiegermutter. ORD-12345",),
        ("kim@mail.example is NOT my email, why is it in my confirmation?",),
        ("It's on my wife's account.", "kim@mail.example"),
        ("I write for my mother, she has the same name as I. You may call +49 171 2345678",),
    ],
)
def test_words_about_somebody_else_leave_no_ground_for_a_link(texts: tuple[str, ...]) -> None:
    assert found(author("Kim Miller"), [KIM], *privately(*texts)).verdict is not Verdict.LINKED


def test_father_and_son_of_one_name_are_not_one_person_by_the_familys_mailbox() -> None:
    father = contact("1", "Thomas Schmidt", emails=("schmidts@mail.example", "thomas44@mail.example"), city="Ulm")
    son = contact("2", "Thomas Schmidt", emails=("schmidts@mail.example", "tom@mail.example"), city="Ulm")
    mother = contact("3", "Sabine Schmidt", emails=("schmidts@mail.example",), city="Ulm")
    who, said = author("Thomas Schmidt", "tsch"), privately("meine Mail ist schmidts@mail.example")
    assert linked(found(who, [father, son, mother], *said)) is None
    assert set(suggested(found(who, [father, son, mother], *said))) >= {"1", "2"}
    twice = replace(son, emails=(*son.emails, "thomas44@mail.example"))
    assert linked(found(who, [father, twice, mother], *said)) is not None


def test_another_account_of_a_duplicate_speaks_against_its_twin_too() -> None:
    stored = replace(KIM, social=(on("x", "kim_rides87", "u7"),))
    twin = contact("2", "Kim Miller", emails=KIM.emails, phones=KIM.phones, city="Köln")
    said = privately("my email is kim@mail.example")
    assert linked(found(author("Kim Miller", "kim_rides871", user_id="u8"), [stored, twin], *said)) is None
    assert linked(found(author("Kim Miller", "kim_rides87", user_id="u7"), [stored, twin], *said)) == "1"


def test_a_family_name_that_the_crm_knows_makes_a_persons_name() -> None:
    said = privately("I signed up with kim@mail.example")
    namesake = contact("9", "Mo Bui")
    assert linked(found(author("Minh Bùi", "m1"), [KIM], *said)) == "1"
    assert linked(found(author("Minh Bùi", "m1"), [KIM, namesake], *said)) is None


@pytest.mark.parametrize(
    "bio", ["Öffnungszeiten Mo-Fr 8-17 Uhr", "Impressum: link", "Opening hours 9-5", "USt-IdNr. 1"]
)
def test_a_business_by_its_bio_is_not_linked(bio: str) -> None:
    said = privately("my email is kim@mail.example")
    assert linked(found(author("Garden Kim Miller", "gardenmiller", bio=bio), [KIM], *said)) is None
    assert linked(found(author("Garden Kim Miller", "gardenmiller", bio="Mother of two"), [KIM], *said)) == "1"


@pytest.mark.parametrize("handle", ["kim.miller_", "kim__miller", "kimmiller_official", "realkim.miller"])
def test_a_handle_dressed_up_is_not_linked_and_warned_of(handle: str) -> None:
    stored = replace(KIM, social=(on("x", "kim.miller", "u7"),))
    crowd = [contact(f"{number}", "Kim Miller") for number in range(100, 140)]
    who = author("Kim Miller", handle, user_id="u8", account_created=YOUNG, followers=3)
    assert "impostor" in codes(found(who, [stored, *crowd]))
    by_handle = replace(KIM, social=(on("x", "kim.miller"),))
    assert linked(found(author("Kim Miller", handle), [by_handle], *privately("my order is ORD-12345"))) is None


@pytest.mark.parametrize("name", ["C0079870", "kim@mail.example", "+49 171 2345678"])
def test_a_contact_without_a_name_is_suggested_by_its_address(name: str) -> None:
    nameless = contact("C0079870", name, emails=("kim@mail.example",))
    result = found(author("Anna Schmidt", "a1"), [nameless], *privately("my email is kim@mail.example"))
    assert (linked(result), suggested(result)) == (None, ["C0079870"])


@pytest.mark.parametrize(("recorded", "is_telling"), [("gamer.maus48", True), ("kim.miller", False)])
def test_one_character_more_tells_a_copy_unless_the_handle_is_a_name(recorded: str, is_telling: bool) -> None:
    stored = replace(KIM, social=(on("x", recorded),))
    who = author("Kim Miller", f"{recorded}1", account_created=YOUNG, followers=3)
    assert ("impostor" in codes(found(who, [stored]))) is is_telling


def test_a_given_name_is_enough_only_for_what_is_called_ones_own() -> None:
    assert linked(found(author("Kim"), [KIM], *privately("my email is kim@mail.example"))) == "1"
    said = privately("Nothing works since Monday kim@mail.example nothing at all")
    assert linked(found(author("Kim"), [KIM], *said)) is None
    assert linked(found(author("Kim Miller"), [KIM], *said)) == "1"
