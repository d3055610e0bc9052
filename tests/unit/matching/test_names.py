"""Names: every spelling of one agrees, names that are only similar do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.matching.folding import disguise, fold, forms, letters, skeleton
from chalicelib.core.matching.names import Level, compare, given_level, looks_like_company, name_of, parse_name
from tests.unit.matching.people import contact

FULL = [
    ("Kim Miller", "Kim Miller"),
    ("KIM MILLER", "kim miller"),
    ("𝓚𝓲𝓶 𝓜𝓲𝓵𝓵𝓮𝓻", "Kim Miller"),
    ("Ｋｉｍ Ｍｉｌｌｅｒ", "Kim Miller"),
    ("𝑅𝑖𝑐𝑕𝑎𝑟𝑑 Miller", "Richard Miller"),
    ("🅺🅸🅼 Miller", "Kim Miller"),
    ("Kim 🌸 Miller 🇩🇪", "Kim Miller"),
    ("Kim Miller | she/her", "Kim Miller"),
    ("Dr. Kim Miller (Berlin)", "Kim Miller"),
    ("KimMiller", "Kim Miller"),
    ("kimmiller", "Kim Miller"),
    ("Müller, Jürgen", "Juergen Mueller"),
    ("Jurgen Muller", "Jürgen Müller"),
    ("Mueller Hans", "Hans Müller"),
    ("Bob Miller", "Robert Miller"),
    ("Robert Miller", "Bob Miller"),
    ("Hans-Peter Müller", "Hans Peter Müller"),
    ("Hanspeter Müller", "Hans-Peter Müller"),
    ("Ana García", "Ana García López"),
    ("Anna Schmidt", "Anna Müller-Schmidt"),
    ("Ludwig van Beethoven", "Ludwig Beethoven"),
    ("Юлия Иванова", "Yulia Ivanova"),
    ("Сергій Шевченко", "Serhii Shevchenko"),
    ("Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos"),
    ("たなか さくら", "Sakura Tanaka"),
    ("王伟", "Wang Wei"),
    ("Lan Nguyen", "Nguyễn Thị Lan"),
    ("Nguyễn Thị Lan", "Nguyen Thi Lan"),
    ("O’Neill Sean", "Sean O'Neill"),
]
OTHERS = [
    ("Joseph Meier", "Josephine Meier"),
    ("Andre Nakamura", "Andrea Nakamura"),
    ("Johann A. Hill", "Johanna Hill"),
    ("Peter Meier", "Anna Meier"),
    ("Bob Miller", "Rob Miller"),
    ("Thomas Martin", "Martin Thomas"),
    ("García Martín", "Ana Martín García"),
    ("Kim Miller", "Kim Schmidt"),
    ("Kim Miller Jr.", "Kim Miller Sr."),
    ("Maria Schmidt", "Anna Maria Schmidt"),
]


@pytest.mark.parametrize(("shown", "record"), FULL)
def test_the_same_name_agrees_however_it_is_written(shown: str, record: str) -> None:
    assert compare(parse_name(shown), parse_name(record)).is_full


@pytest.mark.parametrize(("shown", "record"), OTHERS)
def test_similar_names_are_other_people(shown: str, record: str) -> None:
    assert not compare(parse_name(shown), parse_name(record)).is_full


def test_what_a_name_leaves_open_is_told() -> None:
    record = parse_name("Joseph Meier")
    assert compare(parse_name("J. Meier"), record).given is Level.INITIAL
    assert compare(parse_name("Joseph"), record).family is Level.ABSENT
    assert compare(parse_name("Meier"), record).given is Level.ABSENT
    assert compare(parse_name("Jo Meier"), record).unsure
    assert compare(parse_name("Peter Meier"), record).is_relative
    assert compare(parse_name("Joseph Meier Jr."), record).unsure
    assert given_level("steph", "stephanos") is Level.VARIANT
    assert given_level("sofie", "sofy") is Level.VARIANT


def test_the_parts_that_a_crm_keeps_are_believed() -> None:
    record = name_of(contact("1", "whatever", given_name="Thomas", family_name="Martin"))
    assert (record.given, record.family) == (("thomas",), ("martin",))
    assert compare(parse_name("Thomas Martin"), record).is_full


@pytest.mark.parametrize("text", ["Huber GmbH", "Nova Systems Ltd", "Bäckerei Huber", "Kim Miller Photography"])
def test_companies_show_by_their_words(text: str) -> None:
    assert looks_like_company(text)
    assert not looks_like_company("Kim Miller")


def test_made_up_names_are_nobodys() -> None:
    assert not parse_name("cactus_violet8983").is_person_like
    assert parse_name("Violet Cactus").is_person_like
    assert not parse_name("xX_Dragon_Xx").may_be_person


def test_look_alike_handles_share_a_skeleton() -> None:
    assert skeleton("kim.mi11er") == skeleton("kim_miller") == skeleton("kimmiller_official")
    assert disguise("ernilie") == disguise("emilie")
    assert skeleton("kimmiller") != skeleton("kimmoller")


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    folded = fold(text)
    assert folded.isascii()
    assert folded == fold(folded)
    assert all(form == fold(form) for form in forms(text))
    assert letters(letters(text)) == letters(text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    compare(parse_name(one), parse_name(other))
    assert compare(parse_name(one), parse_name(one)).given is not Level.DIFFERENT
