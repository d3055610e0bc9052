"""A little of the fuzzing with every run of the tests; `make fuzz` does it at length."""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.account import ConnectionKind
from tests.fuzz.house import House
from tests.fuzz.mutate import Pairs, Raw, hostile, mutate, places, read, write
from tests.fuzz.running import Run
from tests.fuzz.targets import Harm, Target, stream, targets

NOWHERE = Path("out/nowhere")
"""Without what coverage-guided runs kept: the same bodies on every machine."""
SMALL = 4_000
ALL = targets(folder=NOWHERE)
every_receiver = pytest.mark.parametrize("target", ALL, ids=[target.title for target in ALL])


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    made = House(ALL)
    yield made
    made.close()


# -- the receivers -----------------------------------------------------------------------------------------------------


@every_receiver
def test_mutated_bodies_are_events_or_payload_errors(target: Target) -> None:
    for number, body in itertools.islice(stream(target, 7, SMALL), 15):
        target.parse(target.request(body, number))


@every_receiver
def test_mutated_bodies_are_answered_by_the_public_function(target: Target, house: House) -> None:
    wanted = 404 if not target.subject.verifies else 200
    for number, body in itertools.islice(stream(target, 8, SMALL), 3):
        assert house.call(target, target.request(body, number)) == wanted


def _documents(target: Target) -> Iterator[tuple[int, Any]]:
    """(number, captured body read) of those that are JSON."""
    for number, seed in enumerate(target.seeds):
        with suppress(ValueError, RecursionError):
            yield number, read(seed)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@every_receiver
def test_any_json_in_any_place_is_harmless(target: Target) -> None:
    documents = list(_documents(target))

    @settings(max_examples=4)
    @given(value=json_values, chosen=st.sampled_from(documents), where=st.integers(0, 10**6))
    def check(value: Any, chosen: tuple[int, Any], where: int) -> None:
        number, seed = chosen
        document = [read(write(seed))]
        found = places(document)
        container, index = found[where % len(found)]
        new = Raw(json.dumps(value))
        container[index] = (container[index][0], new) if isinstance(container, Pairs) else new
        target.parse(target.request(write(document[0]), number))

    check()


def _work(target: Target, body: bytes) -> int:
    """Calls of functions, Python's and C's, that parsing takes: the same on every machine."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    request = target.request(body)
    sys.setprofile(note)
    try:
        target.parsed(request)
    finally:
        sys.setprofile(None)
    return count


@every_receiver
def test_the_work_grows_no_faster_than_the_body(target: Target) -> None:
    seed = max(target.seeds, key=len)
    small, large = hostile(seed, 500), hostile(seed, 1_500)
    for what, body in small.items():
        most = 4 * _work(target, body) + 1_000
        assert _work(target, large[what]) <= most, what


HOSTILE = {
    "an id above 2^53": b'{"id":9007199254740993}',
    "5,000 digits": b'{"id":' + b"9" * 5_000 + b"}",
    "NUL": b'{"id":"\\u0000"}',
    "half a character": b'{"id":"\\ud800","text":"\\udfff\\ud800"}',
    "half a character as bytes": b'{"id":"\xed\xa0\x80"}',
    "deeper than the reader": b'{"a":' * 50_000,
    "a key three times": b'{"object":"page","object":1,"object":"page","entry":[]}',
    "Infinity": b'{"entry":[Infinity,-Infinity,NaN,1e400]}',
    "thousands of unknown kinds": b"{" + b",".join(b'"k%d":0' % number for number in range(5_000)) + b"}",
    "UTF-16": '{"entry":[]}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "only a blank": b" ",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bodies_are_answered_and_leave_little_behind(what: str, house: House) -> None:
    for target in ALL:
        wanted = 404 if not target.subject.verifies else 200
        assert house.call(target, target.request(HOSTILE[what])) == wanted, target.title
        target.parse(target.request(HOSTILE[what]))


@every_receiver
def test_a_thousand_entries_are_answered(target: Target, house: House) -> None:
    """Nothings and nulls by the thousand in each list of a captured body, and as many copies of what was there."""
    small = [(number, body) for number, body in enumerate(target.seeds) if b"[" in body and len(body) < 3_000]
    for number, body in small[:1]:
        made = hostile(body, 1_000 * len(b"null,"))
        for what in (name for name in made if name.startswith("list")):
            house.call(target, target.request(made[what], number))


# -- the fuzzer --------------------------------------------------------------------------------------------------------


class Broken:
    """A receiver with a bug, or one that makes too much of a body."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def parse(self, webhook: Any) -> Any:
        raise self.error


def test_a_bug_in_a_receiver_is_found_and_its_body_kept(tmp_path: Path) -> None:
    [target] = targets(["facebook"], tmp_path)
    run = Run(target, tmp_path, most_seconds=60, most_memory=2**40)
    target.__dict__["receiver"] = Broken(RecursionError("too deep"))
    report = run.mutations(1, lambda report: report.executions < 3)
    assert (report.executions, len(report.harms)) == (3, 3)
    what, path = report.harms[0]
    assert what == "RecursionError: too deep"
    assert path.read_bytes() == next(stream(target, 1))[1]


def test_a_5xx_is_found() -> None:
    [target] = targets(["facebook"], NOWHERE)
    house = House([target])
    house.system.secrets.put_verification(ConnectionKind.PLATFORM, "facebook", "fuzz", {})
    with pytest.raises(Harm, match=r"HTTP 5\d\d"):
        house.call(target, target.requests[0])
    house.close()


@pytest.mark.parametrize(("bounds", "words"), [((0.0, 2**40), "s for"), ((60.0, 1), "MB of memory")])
def test_time_and_memory_over_the_bound_are_found(tmp_path: Path, bounds: tuple[float, int], words: str) -> None:
    [target] = targets(["zendesk"], NOWHERE)
    run = Run(target, tmp_path, most_seconds=bounds[0], most_memory=bounds[1])
    run.execute(target.requests[0], measured=True)
    [(what, _)] = run.report.harms
    assert words in what


def test_unknown_receivers_are_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        targets(["facebook", "nowhere"])


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()), st.integers())
@settings(max_examples=25)
def test_the_mutator_survives_its_own_bodies(body: bytes, seed: int) -> None:
    made = mutate(random.Random(seed), body, [body, b'{"a":[1,{"b":"c"}]}'])
    assert made == mutate(random.Random(seed), body, [body, b'{"a":[1,{"b":"c"}]}'])
    mutate(random.Random(seed), made, [body, made])


def test_reading_and_writing_keep_a_body() -> None:
    for target in ALL:
        for _, document in _documents(target):
            assert read(write(document)) == document
    assert write(Pairs([("a", 1), ("a", "\ud800")])) == b'{"a":1,"a":"\\ud800"}'


def test_requests_keep_what_came_with_the_body() -> None:
    [target] = targets(["matrix"], NOWHERE)
    first = target.requests[0]
    assert target.request(b"{}") == replace(first, body=b"{}")
