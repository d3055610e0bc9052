"""Who is linked, who is suggested, who is left alone, and what an agent is warned of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.events import Visibility
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import DEFAULT_WEIGHTS, combine, features, index_keys, match
from chalicelib.core.matching.types import Claim, Direction, Subject
from chalicelib.core.people import ClueKind, ContactMatch, Verdict
from tests.unit.matching.people import (
    SETTINGS,
    YOUNG,
    Index,
    author,
    codes,
    contact,
    found,
    linked,
    on,
    privately,
    publicly,
    suggested,
)

KIM = contact(
    "1",
    "Kim Miller",
    emails=("kim@mail.example",),
    phones=("+491712345678",),
    customer_numbers=("ORD-12345",),
    city="Köln",
    country="DE",
)


# ---- links -----------------------------------------------------------------------------------------------------------


def test_a_stored_id_is_certain_whatever_the_names_say() -> None:
    stored = replace(KIM, social=(on("x", "old_kim", "u1"),))
    result = found(author("Somebody Else", "new_handle"), [stored])
    assert linked(result) == "1"
    assert result.confidence > 0.999
    assert found(author("Kim Miller", "old_kim", user_id="u2"), [stored]).verdict is not Verdict.LINKED
    followed = replace(author(None, None, user_id="new"), alternative_ids=("u1",))
    assert linked(found(followed, [stored])) == "1"


@pytest.mark.parametrize(
    ("name", "is_linked"),
    [
        ("Kim Miller", True),
        ("𝓚𝓲𝓶 𝓜𝓲𝓵𝓵𝓮𝓻 🌸", True),
        ("Kim M.", True),
        ("Kim 🌸", True),
        ("K. Miller", True),
        (None, False),
        ("rider_1987", False),
        ("@rider_1987", False),
        ("Peter Miller", False),
        ("Peter Schmidt", False),
        ("Kim Miller GmbH", False),
    ],
)
def test_a_handle_needs_a_name_that_agrees(name: str | None, is_linked: bool) -> None:
    stored = replace(KIM, social=(on("x", "Rider_1987"),))
    assert (linked(found(author(name, "rider_1987"), [stored])) == "1") is is_linked


def test_a_handle_does_not_vouch_for_itself() -> None:
    stored = replace(KIM, social=(on("x", "kim_miller"),))
    assert found(author("kim_miller", "kim_miller"), [stored]).verdict is Verdict.SUGGESTED
    assert found(author("kimmiller", "kim_miller"), [stored]).verdict is Verdict.SUGGESTED
    assert found(author("Kim", "kim_miller"), [stored]).verdict is Verdict.SUGGESTED
    assert linked(found(author("Kim Miller", "kim_miller"), [stored])) == "1"


def test_handles_are_recycled() -> None:
    stored = replace(KIM, social=(on("x", "rider_1987", "another id"),))
    result = found(author("Kim Miller", "rider_1987"), [stored])
    assert result.verdict is not Verdict.LINKED
    assert "recycled" in codes(result)
    assert "recycled" in codes(
        found(author("Peter Schmidt", "rider_1987"), [replace(KIM, social=(on("x", "rider_1987"),))])
    )


def test_a_handle_elsewhere_only_suggests() -> None:
    stored = replace(KIM, social=(on("instagram", "rider_1987"),))
    result = found(author("Kim Miller", "rider_1987"), [stored])
    assert (result.verdict, suggested(result)) == (Verdict.SUGGESTED, ["1"])


@pytest.mark.parametrize(
    ("name", "text", "is_linked"),
    [
        ("Kim Miller", "My email is kim@mail.example", True),
        ("Kim Miller", "it broke again kim@mail.example", True),
        ("K. Miller", "kim@mail.example", True),
        ("rider_1987", "My email is kim@mail.example", True),
        ("rider_1987", "kim@mail.example", True),
        ("Night Owl", "My email is kim@mail.example", True),
        ("Night Owl", "kim@mail.example", False),
        ("rider_1987", "it broke again kim@mail.example nothing works", False),
        ("Anna Miller", "My email is kim@mail.example", False),
        ("Kimo Miller", "My email is kim@mail.example", False),
        ("Peter Schmidt", "My email is kim@mail.example", False),
        ("Kim Miller", "My dad's email is kim@mail.example", False),
        ("rider_1987", "My dad's email is kim@mail.example", False),
        ("Miller GmbH", "My email is kim@mail.example", False),
    ],
)
def test_an_address_told_in_private(name: str, text: str, is_linked: bool) -> None:
    assert (linked(found(author(name, "r1"), [KIM], *privately(text))) == "1") is is_linked


def test_initials_of_a_double_name_agree() -> None:
    there = contact("1", "Jean-Baptiste Lefèvre", emails=("kim@mail.example",))
    assert linked(found(author("JB Lefevre", "r1"), [there], *privately("kim@mail.example"))) == "1"
    assert linked(found(author("JP Lefevre", "r1"), [there], *privately("kim@mail.example"))) is None


def test_a_made_up_name_with_anothers_handle_is_not_linked_by_a_bare_address() -> None:
    owner = contact("2", "Zed", social=(on("x", "zed"),))
    result = found(author("Zed", "zed"), [KIM, owner], *privately("mail kim@mail.example"))
    assert (result.verdict, sorted(suggested(result))) == (Verdict.SUGGESTED, ["1", "2"])


@pytest.mark.parametrize("told", ["0171 2345678", "+49 171 2345678", "my order is ord 12345"])
@pytest.mark.parametrize(
    ("name", "is_linked"),
    [("Kim Miller", True), ("Miller, Kim", True), ("K. Miller", False), ("rider_1987", False), ("Anna Miller", False)],
)
def test_phones_and_numbers_need_both_names(told: str, name: str, is_linked: bool) -> None:
    assert (linked(found(author(name, "r1"), [KIM], *privately(told))) == "1") is is_linked


def test_a_national_number_of_another_country() -> None:
    there = replace(KIM, phones=("+33612345678",))
    assert linked(found(author("Kim Miller", "r1"), [there], *privately("my number: 06 12 34 56 78"))) == "1"
    assert linked(found(author("Kim Miller", "r1"), [there], *privately("my number: 07 12 34 56 78"))) is None


def test_two_identifiers_of_one_contact_do_without_the_family_name() -> None:
    said = privately("my number is 0171 2345678", "my order is ORD-12345")
    assert linked(found(author("Kim", "r1"), [KIM], *said)) == "1"
    assert linked(found(author("Anna", "r1"), [KIM], *said)) is None


def test_what_is_said_in_public_only_suggests() -> None:
    for text in ("My email is kim@mail.example", "my number is 0171 2345678", "my order is ORD-12345"):
        result = found(author("Kim Miller", "r1"), [KIM], *publicly(text))
        assert (result.verdict, suggested(result)) == (Verdict.SUGGESTED, ["1"])


def test_a_form_of_ours_counts_like_a_private_message() -> None:
    claim = Claim(
        kind=ClueKind.CUSTOMER_NUMBER, value="ORD12345", direction=Direction.OWN, visibility=Visibility.PRIVATE
    )
    subject = Subject(author=author("Kim Miller", "r1"), claims=(claim,))
    assert linked(match(subject, Index([KIM]), SETTINGS, crm="crm")) == "1"


# ---- families, duplicates, namesakes ---------------------------------------------------------------------------------

ANNA = contact("2", "Anna Miller", emails=("home@mail.example",), phones=("+49309999999",))
PETER = contact("3", "Peter Miller", emails=("home@mail.example",), phones=("+49309999999",))


@pytest.mark.parametrize("told", ["home@mail.example", "+49 30 9999999"])
@pytest.mark.parametrize(
    ("name", "right"), [("Anna Miller", "2"), ("Peter Miller", "3"), ("Miller", None), ("Jo Miller", None)]
)
def test_the_first_name_tells_who_of_a_family_it_is(told: str, name: str, right: str | None) -> None:
    result = found(author(name, "r1"), [ANNA, PETER], *privately(told))
    assert linked(result) == right


def test_two_fitting_owners_are_suggested() -> None:
    senior = contact("4", "Hans Miller", emails=("home@mail.example",), city="Köln")
    junior = contact("5", "Hans Miller jun.", emails=("home@mail.example",), city="Köln")
    result = found(author("Hans Miller", "r1"), [senior, junior], *privately("my email is home@mail.example"))
    assert (result.verdict, sorted(suggested(result))) == (Verdict.SUGGESTED, ["4", "5"])


def test_duplicates_are_one_person_unless_something_contradicts() -> None:
    again = replace(KIM, ref=ContactRef(crm="crm", contact=ContactId("9")), phones=(), customer_numbers=())
    result = found(author("Kim Miller", "r1"), [KIM, again], *privately("my email is kim@mail.example"))
    assert linked(result) == "1"
    assert codes(result) == ["duplicate"]
    other = replace(again, city="Berlin")
    assert linked(found(author("Kim Miller", "r1"), [KIM, other], *privately("my email is kim@mail.example"))) is None


def test_different_evidence_for_different_people_links_nobody() -> None:
    bluesky = contact("7", "Kim Miller", social=(on("x", "rider_1987"),))
    result = found(author("Kim Miller", "rider_1987"), [KIM, bluesky], *privately("my email is kim@mail.example"))
    assert result.verdict is Verdict.SUGGESTED
    assert set(suggested(result)) == {"1", "7"}


def test_namesakes_are_never_linked_and_a_rare_one_in_the_same_city_is_suggested() -> None:
    result = found(author("Kim Miller", "r1", location="Cologne, Germany"), [KIM])
    assert (result.verdict, suggested(result)) == (Verdict.SUGGESTED, ["1"])
    many = [contact(f"n{number}", "Kim Miller", city=f"Town {chr(65 + number)}") for number in range(20)]
    assert found(author("Kim Miller", "r1"), many).verdict is Verdict.UNKNOWN
    everywhere = found(author("Kim Miller", "r1", location="Köln"), [*many, KIM])
    assert suggested(everywhere)[:1] == ["1"]


def test_at_most_three_are_suggested_each_with_reasons() -> None:
    sharing = [
        contact(f"{number}", f"{name} Miller", emails=("home@mail.example",))
        for number, name in enumerate(("Ada", "Bea", "Cleo", "Dora"))
    ]
    result = found(author("rider_1987", "r1"), sharing, *privately("my email is home@mail.example"))
    assert result.verdict is Verdict.SUGGESTED
    assert len(result.candidates) == 3
    assert all("home@mail.example, which 4 contacts share" in item.evidence[0].what for item in result.candidates)


def test_an_agents_word_is_kept() -> None:
    subject = Subject(
        author=author("Kim Miller", "r1"),
        messages=privately("my email is kim@mail.example"),
        ruled_out=frozenset({KIM.ref}),
    )
    assert match(subject, Index([KIM]), SETTINGS, crm="crm").verdict is Verdict.UNKNOWN


def test_terms_may_leave_only_what_was_told_to_us() -> None:
    stored = replace(KIM, social=(on("x", "rider_1987", "u1"),))
    who = author("Kim Miller", "rider_1987", location="Köln")
    assert found(who, [stored], direct_only=True).verdict is Verdict.UNKNOWN
    assert linked(found(who, [stored], *privately("my email is kim@mail.example"), direct_only=True)) == "1"
    assert found(who, [stored], *publicly("my email is kim@mail.example"), direct_only=True).verdict is Verdict.UNKNOWN


# ---- warnings --------------------------------------------------------------------------------------------------------


def test_impostors_are_flagged_and_their_victims_not_linked() -> None:
    victim = replace(KIM, social=(on("x", "kim_rides87", "real id", "abcd"),))
    copy = author("Kim Miller", "kim_rides_87", account_created=YOUNG, followers=3, avatar_hash="abcd")
    result = found(copy, [victim], *privately("my email is kim@mail.example"))
    assert result.verdict is not Verdict.LINKED
    assert "impostor" in codes(result)
    alike = author("Kim Miller", "k1m_rides87", account_created=YOUNG, followers=3)
    assert "impostor" in codes(found(alike, [victim]))


def test_owners_of_the_account_and_namesakes_are_no_impostors() -> None:
    victim = replace(KIM, social=(on("x", "kim_rides87", "real id", "abcd"),))
    owner = author("Kim Miller", "kim_rides_87", user_id="real id", avatar_hash="abcd", followers=3)
    assert codes(found(owner, [victim])) == []
    assert codes(found(author("Kim Miller", "gardener", location="Köln"), [victim])) == []
    renamed = replace(KIM, social=(on("x", "kim_rides87", None, "abcd"),))
    assert codes(found(author("Kim Miller", "gardener", avatar_hash="abcd"), [renamed])) == []


def test_a_look_alike_handle_is_not_linked_by_an_address() -> None:
    stored = replace(KIM, social=(on("x", "kim_rides87"),))
    said = privately("my email is kim@mail.example")
    assert linked(found(author("Kim Miller", "klm_rides87"), [stored], *said)) is None
    assert linked(found(author("Kim Miller", "gardener", account_created=YOUNG), [stored], *said)) is None
    assert linked(found(author("Kim Miller", "gardener"), [stored], *said)) == "1"


def test_somebody_elses_identifier_is_no_evidence_and_told() -> None:
    result = found(author("rider_1987", "r1"), [KIM], *privately("my dad's email is kim@mail.example"))
    assert result.verdict is Verdict.UNKNOWN
    assert codes(result) == ["third-party"]


# ---- costs, several CRMs, features -----------------------------------------------------------------------------------


def test_few_rounds_and_few_contacts_are_read() -> None:
    crowd = Index(contact(f"{number}", "Kim Miller", city="Köln", emails=("info@x.example",)) for number in range(500))
    who = author("Kim Miller", "kimmiller", location="Köln", bio="@kim_a @kim_b", website="https://x.example")
    match(Subject(author=who, messages=privately("info@x.example")), crowd, SETTINGS, crm="crm")
    assert crowd.rounds <= 2
    assert crowd.reads <= 48
    known = Index([replace(KIM, social=(on("x", "r1", "u1"),))])
    match(Subject(author=author("Kim Miller", "r1")), known, SETTINGS, crm="crm")
    assert known.rounds == 1


def test_a_contact_has_not_too_many_keys() -> None:
    everything = replace(
        KIM,
        emails=tuple(f"kim{number}@firm{number}.example" for number in range(30)),
        phones=tuple(f"+4917123456{number:02}" for number in range(30)),
        customer_numbers=tuple(f"ORD-{number:05}" for number in range(99)),
        social=tuple(on("x", f"kim{number}", f"{number}", f"{number}") for number in range(30)),
    )
    assert len(index_keys(everything)) == 45
    assert {"email:kim@mail.example", "phone:+491712345678", "customer_number:ORD12345"} <= index_keys(KIM)


def result_of(number: str) -> ContactMatch:
    return found(
        author("Kim Miller", "r1"),
        [replace(KIM, ref=ContactRef(crm="crm", contact=ContactId(number)))],
        *privately("kim@mail.example"),
    )


def test_what_several_crms_say_is_put_together() -> None:
    nothing = ContactMatch(verdict=Verdict.UNKNOWN)
    assert combine([]).verdict is Verdict.UNKNOWN
    assert linked(combine([nothing, result_of("1")])) == "1"
    both = combine([result_of("1"), result_of("2")])
    assert (both.verdict, suggested(both)) == (Verdict.SUGGESTED, ["1", "2"])
    maybe = found(author("Kim Miller", "r1", location="Köln"), [KIM])
    assert combine([maybe, nothing]).candidates == maybe.candidates


def test_features_have_weights() -> None:
    index = Index([replace(KIM, social=(on("instagram", "rider_1987"),))])
    subject = Subject(author=author("Kim Miller", "rider_1987", location="Köln"))
    rows = index.read_keys(sorted(index.rows))
    told = features(subject, next(iter(index.contacts.values())), rows, SETTINGS)
    assert {"name_full", "city_equal", "handle_elsewhere"} <= set(told) <= set(DEFAULT_WEIGHTS.by_feature)
