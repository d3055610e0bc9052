"""The way out to one remote, guarded: no call while it rests or while its budget is used up.

What is refused here was certainly not sent. In the healthy state the stored record is read once in `FRESH`, and written
only when something changes that other workers should know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from chalicelib.connectors.toolkit.api import retry_after
from chalicelib.core.budgets import BudgetHeaders, Target, read_budgets, target_of
from chalicelib.core.errors import (
    CareloopError,
    ConflictError,
    OutcomeUnknownError,
    RateLimitedError,
    UnavailableError,
)
from chalicelib.core.remotes import (
    Answered,
    RemoteState,
    Verdict,
    answered,
    decide,
    differs,
    learn,
    probing,
    refreshed,
)
from chalicelib.ports.services import Clock, Http, HttpRequest, HttpResponse
from chalicelib.ports.stores import RemoteStore

FRESH = timedelta(seconds=10)
"""For so long the record as it was read is gone by."""
_RACES = 3


class Remote:
    """What this process knows of one remote. Shared by its patient and its other clients."""

    def __init__(self, name: str, store: RemoteStore, clock: Clock) -> None:
        self._name = name
        self._store = store
        self._clock = clock
        self._state = RemoteState()
        self._read_at: datetime | None = None

    def admit(self, target: Target, *, patient: bool) -> None:
        """Return when a call may be made. Raises UnavailableError (it rests) or RateLimitedError, both with the seconds
        to wait; the call was not made then."""
        for _ in range(_RACES):
            now = self._clock.now()
            self._refresh(now)
            decision = decide(self._state, now, target=target, patient=patient)
            if decision.verdict is Verdict.GO:
                return
            if decision.verdict is Verdict.RESTING:
                raise UnavailableError("the remote does not answer: not asked", retry_after=decision.wait)
            if decision.verdict is Verdict.LIMITED:
                raise RateLimitedError("the remote's budget is used up: not asked", retry_after=decision.wait)
            if self._takes_probe(now):
                return
        raise UnavailableError("the remote does not answer: another worker asks", retry_after=5.0)

    def _takes_probe(self, now: datetime) -> bool:
        try:
            self._state = self._store.save_remote(self._name, probing(self._state, now))
        except ConflictError:
            self._read_at = None
            return False
        except CareloopError:
            return True  # without the store nobody can take turns; one call more does no harm
        return True

    def learned(self, change: Callable[[RemoteState], RemoteState]) -> None:
        """Take over what a call told. Never raises: the call is done, and its outcome must not be hidden."""
        now = self._clock.now()
        before = self._state
        self._state = change(before)
        if self._state is before or not differs(before, self._state, now):
            return
        for _ in range(_RACES):
            try:
                self._state = self._store.save_remote(self._name, self._state)
                self._read_at = now
                return
            except ConflictError:
                self._state, self._read_at = before, None
                self._refresh(now)
                before = self._state
                self._state = change(before)
            except CareloopError:
                return

    def _refresh(self, now: datetime) -> None:
        if self._read_at is not None and now - self._read_at < FRESH:
            return
        try:
            stored = self._store.find_remote(self._name)
        except CareloopError:
            return
        self._read_at = now
        if stored is not None:
            self._state = refreshed(self._state, stored, now)


class GuardedHttp:
    """Implements ports.services.Http over another. ``told``: the headers that tell of budgets. ``patient``: for work
    that can wait; it leaves a reserve of each budget."""

    def __init__(
        self, http: Http, remote: Remote, clock: Clock, *, told: Sequence[BudgetHeaders] = (), patient: bool = False
    ) -> None:
        self._http = http
        self._remote = remote
        self._clock = clock
        self._told = tuple(told)
        self._patient = patient

    def send(self, request: HttpRequest) -> HttpResponse:
        """As the port says; also UnavailableError and RateLimitedError for a call that was not made."""
        target = target_of(request.method, request.url)
        self._remote.admit(target, patient=self._patient)
        try:
            response = self._http.send(request)
        except (UnavailableError, OutcomeUnknownError):
            now = self._clock.now()
            self._remote.learned(lambda state: learn(state, Answered.FAILED, now))
            raise
        self._learn(target, response)
        return response

    def _learn(self, target: Target, response: HttpResponse) -> None:
        now = self._clock.now()
        budgets = read_budgets(self._told, response.headers, target, now)
        wait = retry_after(response, self._clock)
        outcome = answered(response.status)
        self._remote.learned(lambda state: learn(state, outcome, now, budgets=budgets, retry_after=wait))
