"""The guarded way out: what is not sent, what is learned, and how often the store is asked."""

from __future__ import annotations

import pytest

from careloop.local.system import open_local
from chalicelib.connectors.toolkit.guarded import GuardedHttp, Remote
from chalicelib.core.budgets import BudgetHeaders
from chalicelib.core.errors import (
    CareloopError,
    OutcomeUnknownError,
    RateLimitedError,
    UnavailableError,
)
from chalicelib.core.remotes import OPENS_AFTER, RemoteState
from chalicelib.ports.services import HttpRequest, HttpResponse
from chalicelib.ports.stores import RemoteStore
from tests.fakes.clock import FrozenClock
from tests.fakes.http import answer

TOLD = (BudgetHeaders(remaining="left", limit="of", reset="reset"),)
CALL = HttpRequest(method="POST", url="https://desk.example/tickets/1")


class Desk:
    """A remote that answers what it is told to."""

    def __init__(self) -> None:
        self.calls = 0
        self.outcome: HttpResponse | Exception = answer(200)

    def send(self, request: HttpRequest) -> HttpResponse:
        self.calls += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class CountingStore:
    """Counts what is asked of the store, and can be down."""

    def __init__(self, store: RemoteStore) -> None:
        self._store = store
        self.reads = self.writes = 0
        self.down: CareloopError | None = None

    def find_remote(self, name: str) -> RemoteState | None:
        self.reads += 1
        if self.down:
            raise self.down
        return self._store.find_remote(name)

    def save_remote(self, name: str, state: RemoteState) -> RemoteState:
        self.writes += 1
        if self.down:
            raise self.down
        return self._store.save_remote(name, state)


class Site:
    """One remote, and containers that call it over one store."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.desk = Desk()
        self.store = CountingStore(open_local(":memory:", self.clock).stores.remotes)

    def container(self) -> tuple[GuardedHttp, GuardedHttp]:
        """Its usual and its patient way out."""
        remote = Remote("helpdesk|desk", self.store, self.clock)
        return (
            GuardedHttp(self.desk, remote, self.clock, told=TOLD),
            GuardedHttp(self.desk, remote, self.clock, told=TOLD, patient=True),
        )


def fail(http: GuardedHttp, times: int = OPENS_AFTER) -> None:
    for _ in range(times):
        with pytest.raises(CareloopError):
            http.send(CALL)


def test_while_all_is_well_the_store_is_read_once_in_ten_seconds_and_never_written():
    site = Site()
    http, _ = site.container()
    for _ in range(30):
        http.send(CALL)
        site.clock.advance(seconds=1)
    assert site.desk.calls == 30
    assert site.store.reads == 3
    assert site.store.writes == 0


@pytest.mark.parametrize("error", [UnavailableError("down"), OutcomeUnknownError("no answer")])
def test_after_failures_nothing_is_sent_and_the_error_says_that_nothing_happened(error: CareloopError):
    site = Site()
    http, _ = site.container()
    site.desk.outcome = error
    fail(http)
    assert site.desk.calls == OPENS_AFTER
    with pytest.raises(UnavailableError) as refused:
        http.send(CALL)
    assert refused.value.retry_after == 15
    assert site.desk.calls == OPENS_AFTER
    assert site.store.writes == 1


def test_an_error_of_the_server_opens_too_and_is_handed_on_as_it_is():
    site = Site()
    http, _ = site.container()
    site.desk.outcome = answer(503)
    assert [http.send(CALL).status for _ in range(OPENS_AFTER)] == [503] * OPENS_AFTER
    with pytest.raises(UnavailableError):
        http.send(CALL)


def test_two_containers_share_one_breaker_and_one_of_them_probes():
    site = Site()
    (first, _), (second, _) = site.container(), site.container()
    second.send(CALL)
    site.desk.outcome = UnavailableError("down")
    fail(first)
    site.clock.advance(seconds=11)
    calls = site.desk.calls
    with pytest.raises(UnavailableError):
        second.send(CALL)
    assert site.desk.calls == calls, "the second container found out by itself"
    site.clock.advance(seconds=5)  # half open now
    fail(second, 1)
    assert site.desk.calls == calls + 1
    fail(first, 3)
    fail(second, 3)
    assert site.desk.calls == calls + 1, "half open lets one call through"
    site.clock.advance(seconds=31)
    site.desk.outcome = answer(200)
    assert first.send(CALL).status == 200
    site.clock.advance(seconds=11)
    assert second.send(CALL).status == 200


def test_while_one_probes_the_others_wait():
    site = Site()
    (first, _), (second, _) = site.container(), site.container()
    site.desk.outcome = UnavailableError("down")
    fail(first)
    site.clock.advance(seconds=16)
    made: list[int] = []

    def probe(request: HttpRequest) -> HttpResponse:
        made.append(site.desk.calls)
        with pytest.raises(UnavailableError):
            second.send(CALL)
        return answer(200)

    site.desk.send = probe  # type: ignore[method-assign]
    assert first.send(CALL).status == 200
    assert len(made) == 1


def test_dead_credentials_open_nothing():
    site = Site()
    http, _ = site.container()
    site.desk.outcome = answer(401)
    assert {http.send(CALL).status for _ in range(20)} == {401}


def test_a_budget_that_is_used_up_is_not_overdrawn_by_anybody():
    site = Site()
    (first, _), (second, _) = site.container(), site.container()
    site.desk.outcome = answer(200, headers={"left": "0", "of": "100", "reset": "40"})
    first.send(CALL)
    for http in (first, second):
        with pytest.raises(RateLimitedError) as refused:
            http.send(CALL)
        assert refused.value.retry_after == 40
    assert site.desk.calls == 1
    site.clock.advance(seconds=40)
    first.send(CALL)
    assert site.desk.calls == 2


def test_the_reserve_is_left_to_replies_also_by_another_containers_polls():
    site = Site()
    (first, patient), (_, elsewhere) = site.container(), site.container()
    site.desk.outcome = answer(200, headers={"left": "15", "of": "100", "reset": "40"})
    first.send(CALL)
    for http in (patient, elsewhere):
        with pytest.raises(RateLimitedError):
            http.send(CALL)
    first.send(CALL)
    assert site.store.writes == 1, "the same tightness is told once"
    site.desk.outcome = answer(200, headers={"left": "90", "of": "100", "reset": "40"})
    first.send(CALL)
    patient.send(CALL)
    assert site.store.writes == 2


def test_without_the_store_calls_go_on_and_their_outcome_is_not_hidden():
    site = Site()
    http, _ = site.container()
    site.store.down = UnavailableError("table down")
    assert http.send(CALL).status == 200
    site.desk.outcome = answer(200, headers={"left": "0", "of": "100", "reset": "40"})
    assert http.send(CALL).status == 200
    with pytest.raises(RateLimitedError):
        http.send(CALL)
    site.clock.advance(seconds=41)
    site.desk.outcome = UnavailableError("down")
    fail(http)
    site.clock.advance(seconds=16)
    site.desk.outcome = answer(200)
    assert http.send(CALL).status == 200


def test_a_lost_race_about_the_record_keeps_what_both_learned():
    site = Site()
    (first, _), (second, _) = site.container(), site.container()
    first.send(CALL)
    second.send(CALL)
    site.desk.outcome = answer(200, headers={"left": "0", "of": "100", "reset": "50"})
    first.send(CALL)
    site.desk.outcome = UnavailableError("down")
    fail(second)
    third, _ = site.container()
    with pytest.raises(UnavailableError):
        third.send(CALL)
