"""The contract of the payload archive: byte for byte, for a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.core.errors import NotFoundError
from chalicelib.ports.services import PayloadArchive
from tests.contracts.families import FAMILIES, State, opened
from tests.fakes.clock import NOON

HEADERS = {"content-type": "application/json; charset=utf-8", "x-note": 'Grüße "\\ 😀'}


@pytest.fixture(params=FAMILIES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    with opened(request.param, tmp_path / "state.db") as state:
        yield state


@pytest.fixture
def archive(state: State) -> PayloadArchive:
    return state.archive(keep_for=timedelta(days=7))


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", b'{"a": 1}\r\n', bytes(range(256)) * 3, b"\x00\n\xff" * 200_000],
    ids=["empty", "newline", "json", "all bytes", "large"],
)
def test_a_payload_comes_back_byte_for_byte(archive: PayloadArchive, body: bytes) -> None:
    key = archive.keep(source="facebook/main", body=body, received_at=NOON, headers=HEADERS)

    assert archive.fetch(key) == (body, HEADERS)
    assert key.startswith("facebook/main/2026/11/20/120000.000000-")


def test_different_payloads_have_different_keys(archive: PayloadArchive) -> None:
    arrivals = [
        ("facebook/main", b"a", NOON),
        ("facebook/main", b"b", NOON),
        ("facebook/other", b"a", NOON),
        ("facebook/main", b"a", NOON + timedelta(microseconds=1)),
    ]
    keys = [archive.keep(source=source, body=body, received_at=at, headers={}) for source, body, at in arrivals]

    assert len(set(keys)) == len(keys)
    assert [archive.fetch(key)[0] for key in keys] == [body for _, body, _ in arrivals]
    again = archive.keep(source="facebook/main", body=b"a", received_at=NOON, headers={"x": "2"})
    assert again == keys[0]
    assert archive.fetch(again) == (b"a", {"x": "2"})


@pytest.mark.parametrize("source", ["../../etc", "a b/ü?#", "", "/", "did:plc:x/..", "x" * 300])
def test_a_source_is_never_a_way_out(archive: PayloadArchive, source: str) -> None:
    key = archive.keep(source=source, body=b"x", received_at=NOON, headers={})

    assert archive.fetch(key) == (b"x", {})
    assert all(part.strip(".") for part in key.split("/"))
    assert key.isascii()


def test_a_payload_is_gone_when_its_time_is_over(state: State, archive: PayloadArchive) -> None:
    key = archive.keep(source="facebook/main", body=b"a", received_at=NOON, headers={})
    state.clock.advance(days=6, hours=23)
    assert archive.fetch(key) == (b"a", {})
    state.clock.advance(hours=1)

    with pytest.raises(NotFoundError):
        archive.fetch(key)


def test_a_payload_can_be_removed_before_its_time(archive: PayloadArchive) -> None:
    gone, left = (
        archive.keep(source="facebook/main", body=body, received_at=NOON, headers={}) for body in (b"gone", b"left")
    )
    for _ in range(2):
        archive.remove(gone)
    with pytest.raises(NotFoundError):
        archive.fetch(gone)
    assert archive.fetch(left) == (b"left", {})


@pytest.mark.parametrize("key", ["facebook/main/2026/11/20/120000.000000-0", "", "nonsense"])
def test_what_was_never_kept_is_not_found(archive: PayloadArchive, key: str) -> None:
    with pytest.raises(NotFoundError):
        archive.fetch(key or "none")


def keys_of(archive: PayloadArchive, source: str, begin: float, end: float) -> list[str]:
    """Hours after noon."""
    return list(archive.list(source=source, since=NOON + timedelta(hours=begin), until=NOON + timedelta(hours=end)))


def test_payloads_are_listed_in_order_of_arrival(archive: PayloadArchive) -> None:
    hours = [0.0, 0.5, 11.9999, 12.0, 20.0, 36.5, 60.0]
    kept = {}
    for hour in reversed(hours):
        at = NOON + timedelta(hours=hour)
        kept[hour] = archive.keep(source="platform/facebook/main", body=str(hour).encode(), received_at=at, headers={})
    for other in (
        "platform/facebook/main2",
        "platform/facebook",
        "platform/facebook/main/2026/11/20",
        "platform/x/main",
    ):
        archive.keep(source=other, body=b"x", received_at=NOON + timedelta(hours=1), headers={})

    source = "platform/facebook/main"
    assert keys_of(archive, source, 0, 100) == [kept[hour] for hour in hours]
    assert keys_of(archive, source, 0, 60) == [kept[hour] for hour in hours[:-1]], "until is not among them"
    assert keys_of(archive, source, 0.5, 36.6) == [kept[hour] for hour in hours[1:6]], "since is"
    assert keys_of(archive, source, 0.6, 0.7) == []
    assert keys_of(archive, source, 5, 1) == []
    assert keys_of(archive, "platform/none/at-all", 0, 100) == []


def test_a_long_list_comes_page_by_page(state: State) -> None:
    archive = state.archive(page=5)
    keys = [
        archive.keep(source="s", body=b"x", received_at=NOON + timedelta(seconds=number), headers={})
        for number in range(21)
    ]

    assert keys_of(archive, "s", 0, 1) == keys


def test_what_has_expired_is_not_listed(state: State, archive: PayloadArchive) -> None:
    archive.keep(source="s", body=b"a", received_at=NOON, headers={})
    young = archive.keep(source="s", body=b"b", received_at=NOON + timedelta(days=1), headers={})
    state.clock.advance(days=7, minutes=1)

    assert keys_of(archive, "s", 0, 100) == [young]


def test_a_foreign_object_is_no_payload(aws: State) -> None:
    archive = aws.archive()
    assert aws.aws is not None
    for number, data in enumerate(
        (b"", b"text", b"[]\nx", b'{"headers": 1}\nx', b'{"headers": {}, "expires_at": "x"}\n')
    ):
        aws.aws.client("s3").put_object(Bucket="careloop-test-archive", Key=str(number), Body=data)
        with pytest.raises(NotFoundError):
            archive.fetch(str(number))


def test_old_payloads_are_removed_from_the_local_file(local: State) -> None:
    archive = local.archive(keep_for=timedelta(days=7))
    for day in range(20):
        body = hashlib.sha256(str(day).encode()).digest()
        archive.keep(source="s", body=body, received_at=local.clock.now(), headers={})
        local.clock.advance(days=1)

    [(number,)] = local.database().read("SELECT count(*) FROM payloads")
    assert number == 7
