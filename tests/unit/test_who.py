"""What agents read of who somebody is, and what a case keeps of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.events import InboundMessage, Surface, Visibility
from chalicelib.core.ids import (
    AccountId,
    AccountKey,
    AuthorId,
    AuthorKey,
    ContactId,
    ContactRef,
    MessageId,
    MessageKey,
    ThreadId,
    ThreadKey,
)
from chalicelib.core.matching.types import Claim, Direction
from chalicelib.core.people import (
    Author,
    Candidate,
    ClueKind,
    Contact,
    ContactMatch,
    Evidence,
    Profile,
    Verdict,
)
from chalicelib.core.placing import MOST_TOLD, conversation_from
from chalicelib.core.who import flag_words, kept, likelihood, match_lines, with_suggested
from chalicelib.pipeline.contact_reads import parse_key
from tests.fakes.clock import NOON

BRAND = AccountKey(platform="agora", account=AccountId("brand"))
KIM = Author(
    key=AuthorKey(platform="agora", author=AuthorId("kim")),
    display_name="Kim",
    profile=Profile(bio="I live in Bonn", location="Bonn"),
)


def candidate(contact: str, confidence: float = 0.5, *evidence: Evidence) -> Candidate:
    found = Contact(
        ref=ContactRef(crm="crm", contact=ContactId(contact)), name=f"Kim {contact}", emails=("a@b.example",)
    )
    return Candidate(contact=found, confidence=confidence, evidence=evidence)


def suggested(*candidates: Candidate) -> ContactMatch:
    return ContactMatch(verdict=Verdict.SUGGESTED, candidates=candidates)


@given(st.floats(0, 1))
def test_a_likelihood_has_words_and_is_never_certain(confidence: float) -> None:
    words = likelihood(confidence)
    percent = int(words.partition("(")[2].partition(" ")[0])
    assert 1 <= percent <= 99
    assert abs(percent - confidence * 100) <= 1
    assert words.partition(" (")[0] in ("very likely", "likely", "possible", "less likely")


def test_what_fits_and_what_speaks_against_it_are_told_apart() -> None:
    agrees = Evidence(what="name Kim Weber", strength=0.4, source="profile")
    differs = Evidence(what="lives in Bonn, not Berlin", strength=-0.3, source="profile")
    match = suggested(candidate("41", 0.72, agrees, differs))
    assert match_lines(match, with_suggested((), match)) == [
        "Customer record: not certain. Possible:",
        "  1. Kim 41, crm:41: likely (72 %)",
        "    fits by: name Kim Weber (profile)",
        "    against: lives in Bonn, not Berlin (profile)",
        "  To choose: an internal note with /link 1. If it is nobody you know: /not-a-customer.",
    ]


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("impostor: copies the name of crm:7", "Beware. Possible impostor: copies the name of crm:7"),
        ("duplicate: crm:7 and crm:8", "Beware. Duplicate in the CRM, merge these two: crm:7 and crm:8"),
        ("third-party: my dad's", "Beware. Somebody else's data: my dad's"),
        ("new-code: odd", "Beware. new-code: odd"),
    ],
)
def test_a_warning_is_in_plain_words(flag: str, words: str) -> None:
    assert flag_words(flag) == words
    assert match_lines(ContactMatch(verdict=Verdict.UNKNOWN, flags=(flag,)))[-1] == f"  {words}"


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=3, unique=True), max_size=6))
def test_a_number_stays_whatever_is_shown_later(lists: list[list[str]]) -> None:
    numbers: tuple[ContactRef, ...] = ()
    for names in lists:
        before = numbers
        numbers = with_suggested(numbers, suggested(*(candidate(name) for name in names)))
        assert numbers[: len(before)] == before
        assert {item.contact for item in numbers} >= set(names)
    assert len(set(numbers)) == len(numbers)


def test_of_a_suggestion_no_more_is_kept_than_names_it() -> None:
    [slim] = kept(suggested(candidate("41"))).candidates
    assert slim.contact == Contact(ref=slim.contact.ref, name="Kim 41")
    linked = ContactMatch(verdict=Verdict.LINKED, contact=candidate("41").contact)
    assert kept(linked) == linked


def message(number: int = 1) -> InboundMessage:
    return InboundMessage(
        key=MessageKey(account=BRAND, message=MessageId(f"m{number}")),
        thread=ThreadKey(account=BRAND, thread=ThreadId("t")),
        author=KIM,
        text="Hello",
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=NOON,
    )


def test_a_profile_is_not_kept_and_what_was_told_is() -> None:
    claims = [
        Claim(kind=ClueKind.EMAIL, value=f"{n}@x.example", direction=Direction.OWN, visibility=Visibility.PRIVATE)
        for n in range(MOST_TOLD + 3)
    ]
    talk = conversation_from(message(), KIM, None, claims[:1])
    assert talk.author == replace(KIM, profile=None)
    for number, claim in enumerate(claims[1:], start=2):
        talk = conversation_from(message(number), KIM, talk, (claim, claim))
    assert talk.told == tuple(claims[-MOST_TOLD:])


@pytest.mark.parametrize(
    ("key", "kind", "platform", "value"),
    [
        ("email:kim@x.example", ClueKind.EMAIL, "", "kim@x.example"),
        ("platform_id:bluesky:did:plc:abc", ClueKind.PLATFORM_ID, "bluesky", "did:plc:abc"),
        ("handle:matrix:kim:care.test", ClueKind.HANDLE, "matrix", "kim:care.test"),
    ],
)
def test_an_exact_key_is_a_clue_again(key: str, kind: ClueKind, platform: str, value: str) -> None:
    clue = parse_key(key)
    assert clue is not None
    assert (clue.kind, clue.platform, clue.value, clue.index_key) == (kind, platform, value, key)


@pytest.mark.parametrize(
    "key", ["name_city:kim weber:bonn", "name:kim weber", "handle:x", "handle:x:", "", "initial:k"]
)
def test_other_keys_are_for_the_index_alone(key: str) -> None:
    assert parse_key(key) is None
