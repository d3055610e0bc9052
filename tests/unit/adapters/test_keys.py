"""Keys: different things never share one, and every table takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.rules import check_keys
from chalicelib.core.ids import (
    AccountId,
    AccountKey,
    AuthorId,
    ConversationKey,
    MessageId,
    MessageKey,
    ThreadId,
    ThreadKey,
)

# Short ids of the characters that separate and escape, and some that are neither text nor short.
ids = st.text(alphabet=":|%~37aé\ud83d", max_size=5) | st.sampled_from(["x" * 201, "x" * 202, "é" * 500, "%3A", "~x"])


def conversation(platform: str, account: str, thread: str, author: str) -> ConversationKey:
    place = ThreadKey(account=AccountKey(platform=platform, account=AccountId(account)), thread=ThreadId(thread))
    return ConversationKey(thread=place, author=AuthorId(author))


@given(st.tuples(ids, ids, ids, ids), st.tuples(ids, ids, ids, ids))
def test_only_equal_conversations_share_a_key(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    first, second = keys.conversation(conversation(*one)), keys.conversation(conversation(*two))

    assert (first == second) == (one == two)
    check_keys([first, second])


@given(ids, ids)
def test_only_equal_ids_share_a_tail_or_a_part(one: str, two: str) -> None:
    assert (keys.tail(one) == keys.tail(two)) == (one == two)
    assert (keys.part(one) == keys.part(two)) == (one == two)
    assert not set(keys.part(one)) & set(":|")


def test_ids_that_run_together_stay_apart() -> None:
    assert keys.conversation(conversation("p", "a:b", "c", "d")) != keys.conversation(
        conversation("p", "a", "b:c", "d")
    )
    assert keys.conversation(conversation("p", "a", "b|c", "d")) != keys.conversation(
        conversation("p", "a", "b", "c|d")
    )


def test_plain_ids_stay_readable() -> None:
    account = AccountKey(platform="bluesky", account=AccountId("did:plc:brand"))
    key = keys.message(MessageKey(account=account, message=MessageId("at://did:plc:kim/app.bsky.feed.post/3k")))

    assert key == ("message|bluesky:did%3Aplc%3Abrand:at://did:plc:kim/app.bsky.feed.post/3k", "message")


def test_stamps_sort_as_times_do() -> None:
    moment = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    moments = [moment + timedelta(microseconds=step) for step in (-1, 0, 1, 999_999, 1_000_000)]

    assert [keys.stamp(item) for item in moments] == sorted(keys.stamp(item) for item in moments)
    assert keys.stamp(moment.astimezone(timezone(timedelta(hours=-9)))) == keys.stamp(moment)
    assert len({len(keys.stamp(item)) for item in moments}) == 1
    with pytest.raises(ValueError, match="without a zone"):
        keys.stamp(moment.replace(tzinfo=None))
