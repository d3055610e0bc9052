"""What holds for everybody: properties of matching over made-up people."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.matching import match
from chalicelib.core.matching.types import Said, Subject
from chalicelib.core.people import Author, Contact, ContactMatch, Profile, Verdict
from tests.unit.matching.people import OLD, SETTINGS, YOUNG, Index, author, contact, linked, on, privately, publicly

GIVEN = ("Anna", "Peter", "Joseph", "Josephine", "Kim", "Jo")
FAMILY = ("Miller", "Müller", "Schmidt", "García López")
HANDLES = ("kim_m", "kim.m", "annamiller", "rider1987", "r1der1987")
MAILS = ("home@mail.example", "kim@mail.example", "info@firm.example")
PHONES = ("+491712345678", "+4930999999")
NUMBERS = ("ORD-12345", "ORD-54321")
SAID = ("my email is {}", "{}", "call me on {}", "about {}")
OTHERS = ("my dad's email is {}", "it's for my grandma: {}", "Für meine Oma: {}", "the label says {}", "{} is not mine")


def some(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


SOCIAL = st.builds(
    on,
    st.sampled_from(["x", "instagram"]),
    st.sampled_from(HANDLES),
    st.sampled_from([None, "u1", "u2"]),
    st.sampled_from([None, "aa", "bb"]),
)
NAMES = st.builds("{} {}".format, st.sampled_from(GIVEN), st.sampled_from(FAMILY))


@st.composite
def worlds(draw: st.DrawFn) -> list[Contact]:
    return [
        contact(
            str(number),
            draw(NAMES),
            emails=draw(some(MAILS)),
            phones=draw(some(PHONES)),
            customer_numbers=draw(some(NUMBERS)),
            social=tuple(draw(st.lists(SOCIAL, max_size=2))),
            city=draw(st.sampled_from([None, "Köln", "Berlin"])),
        )
        for number in range(draw(st.integers(1, 4)))
    ]


@st.composite
def authors(draw: st.DrawFn) -> Author:
    name = draw(st.one_of(st.none(), st.just("rider_1987"), st.sampled_from(GIVEN), NAMES))
    created = draw(st.sampled_from([OLD, YOUNG]))
    location = draw(st.sampled_from([None, "Köln"]))
    user_id = draw(st.sampled_from(["u1", "u2", "u3"]))
    return author(name, draw(st.sampled_from(HANDLES)), user_id=user_id, account_created=created, location=location)


def said(templates: tuple[str, ...]) -> st.SearchStrategy[tuple[Said, ...]]:
    texts = st.builds(str.format, st.sampled_from(templates), st.sampled_from(MAILS + PHONES + NUMBERS))
    return st.lists(texts, max_size=2).map(lambda found: privately(*found))


def result(who: Author, world: list[Contact], messages: tuple[Said, ...] = ()) -> ContactMatch:
    return match(Subject(author=who, messages=messages), Index(world), SETTINGS, crm="crm")


@settings(max_examples=60)
@given(worlds(), authors(), said(OTHERS))
def test_what_is_somebody_elses_links_nobody(world: list[Contact], who: Author, messages: tuple[Said, ...]) -> None:
    silent = result(who, world)
    told = result(who, world, messages)
    assert told.verdict is not Verdict.LINKED or silent.verdict is Verdict.LINKED


@settings(max_examples=60)
@given(worlds(), authors(), said(SAID))
def test_what_is_public_links_nobody(world: list[Contact], who: Author, messages: tuple[Said, ...]) -> None:
    told = result(who, world, publicly(*(message.text for message in messages)))
    assert told.verdict is not Verdict.LINKED or result(who, world).verdict is Verdict.LINKED


PROFILES = st.fixed_dictionaries(
    {
        "verified": st.sampled_from([None, True, False]),
        "followers": st.sampled_from([None, 0, 3, 10_000_000]),
        "avatar_hash": st.sampled_from([None, "aa", "bb", "cc"]),
    }
)


@settings(max_examples=80)
@given(worlds(), authors(), said(SAID), PROFILES)
def test_followers_verification_and_pictures_change_no_link(
    world: list[Contact], who: Author, messages: tuple[Said, ...], shown: dict[str, Any]
) -> None:
    profile = who.profile or Profile()
    other = replace(who, profile=replace(profile, **shown))
    one, two = result(who, world, messages), result(other, world, messages)
    assert (one.verdict is Verdict.LINKED, linked(one)) == (two.verdict is Verdict.LINKED, linked(two))


@settings(max_examples=60)
@given(worlds(), authors(), said(SAID), st.randoms(use_true_random=False))
def test_the_order_of_contacts_does_not_matter(
    world: list[Contact], who: Author, messages: tuple[Said, ...], chance: random.Random
) -> None:
    shuffled = chance.sample(world, len(world))
    assert result(who, shuffled, messages) == result(who, world, messages)


@settings(max_examples=60)
@given(worlds(), authors(), said(SAID))
def test_a_link_has_evidence_and_no_other_account(
    world: list[Contact], who: Author, messages: tuple[Said, ...]
) -> None:
    told = result(who, world, messages)
    if told.contact is not None:
        ids = {item.user_id for item in told.contact.social if item.platform == "x" and item.user_id}
        assert not ids or who.key.author in ids
        assert told.evidence
        assert told.confidence > 0.99
    assert len(told.candidates) <= 3
    assert [item.confidence for item in told.candidates] == sorted(
        (item.confidence for item in told.candidates), reverse=True
    )
