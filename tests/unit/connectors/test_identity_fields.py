"""Presences on networks in a CRM's own fields: what the options say, what is written, what is taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.toolkit.identity_fields import (
    IdentityFields,
    RecordLine,
    handle_forms,
    identity_fields,
    number_forms,
    record_lines,
)
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import AuthorId, AuthorKey
from chalicelib.core.matching import normalise_handle, normalise_number
from chalicelib.core.people import Author, SocialHandle

OPTIONS = {"identity_fields": "Twitter=twitter:handle, x=x_id:id, facebook = fb : id", "identity_record": "record"}
FIELDS = identity_fields(OPTIONS)
words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30).filter(
    lambda text: text == text.strip() and text.lstrip("@") == text and text
)
ids = words | words.map(lambda text: f"@{text}")
platforms = st.sampled_from(["x", "facebook", "bluesky", "matrix"])
authors = st.builds(
    lambda platform, user, handle: Author(key=AuthorKey(platform=platform, author=AuthorId(user)), handle=handle),
    platforms,
    ids,
    st.none() | words,
)
present = st.dictionaries(st.sampled_from(["twitter", "x_id", "fb"]), words, max_size=3)


def test_what_the_options_say() -> None:
    assert [(item.platform, item.field, item.part.value) for item in FIELDS.fields] == [
        ("x", "twitter", "handle"),
        ("x", "x_id", "id"),
        ("facebook", "fb", "id"),
    ]
    assert FIELDS.names == ("twitter", "x_id", "fb", "record")
    assert identity_fields({}) == IdentityFields()


@pytest.mark.parametrize(
    "text", ["x", "x=twitter", "x=twitter:name", "=twitter:id", "x=a b:id", "x=a-b:id", "x=a'b:id", "x=1a:id"]
)
def test_options_that_say_nothing(text: str) -> None:
    with pytest.raises(ConfigurationError, match="identity_fields"):
        identity_fields({"identity_fields": text})
    with pytest.raises(ConfigurationError, match="identity_record"):
        identity_fields({"identity_record": "two words"})


@given(st.lists(st.tuples(platforms, ids, st.just("") | words, st.sets(st.sampled_from(["twitter", "x_id"])))))
def test_lines_are_read_as_they_were_written(lines: list[tuple[str, str, str, set[str]]]) -> None:
    made = [
        RecordLine(platform=platform, user_id=user, handle=handle, filled=tuple(sorted(filled)))
        for platform, user, handle, filled in lines
    ]
    assert record_lines("\n".join(line.text for line in made)) == made


@given(present, authors)
def test_what_was_linked_is_there_once_and_nothing_is_overwritten(values: dict[str, str], author: Author) -> None:
    changes = FIELDS.linked(values, author)
    after = {**values, **changes}
    assert all(not values.get(name) for name in changes), "what others entered"
    found = FIELDS.social(after)
    assert any((item.platform, item.user_id) == (author.key.platform, author.key.author) for item in found)
    assert FIELDS.linked(after, author) == {}


@given(present, st.lists(authors, min_size=1, max_size=3, unique_by=lambda item: item.key))
def test_taking_back_leaves_what_was_there_before(values: dict[str, str], linked: list[Author]) -> None:
    after = dict(values)
    for author in linked:
        after |= FIELDS.linked(after, author)
    for author in linked:
        after |= FIELDS.unlinked(after, Author(key=author.key))
    assert {name: value for name, value in after.items() if value} == values
    assert FIELDS.unlinked(after, linked[0]) == {}


def test_a_new_handle_follows_ours_and_leaves_another() -> None:
    def author(handle: str) -> Author:
        return Author(key=AuthorKey(platform="x", author=AuthorId("99")), handle=handle)

    ours = FIELDS.linked({}, author("kim"))
    assert FIELDS.linked(ours, author("kim_lee")) == {
        "twitter": "kim_lee",
        "record": "x 99 @kim_lee (x_id, twitter)",
    }
    changed = {**ours, "twitter": "acme"}
    assert "twitter" not in FIELDS.linked(changed, author("kim_lee")), "a person wrote that since"
    theirs = {"x_id": "99", "twitter": "acme"}
    assert set(FIELDS.linked(theirs, author("kim"))) == {"record"}, "the same id, but their handle"


def test_lines_of_others_stay() -> None:
    author = Author(key=AuthorKey(platform="bluesky", author=AuthorId("did:plc:kim")))
    values = {"record": "VIP\nbluesky did:plc:kim\n\ncall first"}
    assert FIELDS.unlinked(values, author) == {"record": "VIP\ncall first"}


def test_an_id_and_a_handle_of_one_network_belong_together() -> None:
    assert FIELDS.social({"twitter": "@kim", "x_id": "99", "fb": "7"}) == (
        SocialHandle(platform="x", handle="kim", user_id="99"),
        SocialHandle(platform="facebook", user_id="7"),
    )


@given(
    st.sampled_from(["x", "facebook", "instagram", "tiktok", "mastodon"]),
    st.from_regex(r"[a-z0-9_]{1,15}", fullmatch=True),
)
def test_every_form_of_a_handle_is_that_handle(platform: str, handle: str) -> None:
    forms = handle_forms(platform, handle)
    assert len(set(forms)) == len(forms)
    assert {normalise_handle(form) for form in forms} == {handle}


@given(st.from_regex(r"[A-Z]{0,4}[0-9]{1,8}", fullmatch=True))
def test_every_form_of_a_customer_number_is_that_number(number: str) -> None:
    assert {normalise_number(form) for form in number_forms(number)} == {number}
