"""Every helpdesk's client: what it asks, what it makes of each answer, and what it never gives away."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import (
    ConflictError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RetryableError,
)
from tests.contracts import calling
from tests.contracts.calling import Trial, each_call, each_method, trials_of
from tests.contracts.cases import ExchangeCase
from tests.contracts.connections import connector
from tests.contracts.faults import BROKEN, LOST, REFUSED, TOO_MANY, UNAUTHORISED, UNREADABLE, Fault
from tests.contracts.test_helpdesks import KIND, PRESENT

CONFLICT = Fault(what="409", status=409, body=b"{}")
every_call = each_call(KIND, PRESENT)


@pytest.fixture
def trial(name: str, case: ExchangeCase) -> Trial:
    return Trial(connector(KIND, name), case)


@every_call
def test_the_exchange_is_as_scripted(trial: Trial) -> None:
    calling.is_as_scripted(trial)


@every_call
def test_one_host_is_called_and_only_when_asked(trial: Trial) -> None:
    calling.calls_one_host_when_asked(trial)


@every_call
def test_an_unclear_answer_to_a_writing_call_is_an_unknown_outcome(trial: Trial) -> None:
    at = trial.writing_step
    if at is None:
        return
    repeatable = trial.call == "create_ticket" and trial.subject.spec.capabilities.idempotent_create
    for fault in (*LOST, *BROKEN, *UNREADABLE):
        outcome, http = trial.with_fault(at, fault)
        has_looked = None in http.steps or (fault in UNREADABLE and not isinstance(outcome, Exception))
        if has_looked:
            continue  # whether it was written; the script can't always tell
        allowed = (OutcomeUnknownError, RetryableError) if repeatable else (OutcomeUnknownError,)
        assert isinstance(outcome, allowed), f"{outcome!r} after {fault.what}"
        assert http.steps.count(at) == 1, "a client never repeats a writing call by itself"


@every_call
def test_nothing_else_has_an_unknown_outcome(trial: Trial) -> None:
    for at, step in enumerate(trial.exchange):
        if trial.call in calling.WRITING and step["request"]["method"] != "GET":
            continue
        for fault in (*LOST, *BROKEN, *UNREADABLE, REFUSED):
            outcome, _ = trial.with_fault(at, fault)
            asked_only = not isinstance(outcome, OutcomeUnknownError)
            assert asked_only or trial.data.get("error") == "OutcomeUnknownError", f"step {at}, {fault.what}"


@every_call
def test_without_a_connection_a_writing_call_can_be_repeated(trial: Trial) -> None:
    if trial.writing_step is not None:
        outcome, _ = trial.with_fault(trial.writing_step, REFUSED)
        assert isinstance(outcome, RetryableError), repr(outcome)


@every_call
def test_a_refused_login_needs_a_person(trial: Trial) -> None:
    for at in range(len(trial.exchange) if trial.succeeds else 0):
        outcome, _ = trial.with_fault(at, UNAUTHORISED)
        if trial.call == "fetch_file" and isinstance(outcome, NotFoundError):
            continue  # a file's address that ran out is refused as often as it is missing
        assert isinstance(outcome, CredentialsError), f"step {at}: {outcome!r}"
        assert outcome.advice


@every_call
def test_a_rate_limit_says_how_long(trial: Trial) -> None:
    for at in range(len(trial.exchange) if trial.succeeds else 0):
        outcome, http = trial.with_fault(at, TOO_MANY)
        if isinstance(outcome, Exception) and None not in http.steps:
            assert isinstance(outcome, RateLimitedError), f"step {at}: {outcome!r}"
            assert outcome.retry_after == 30 or trial.call == "fetch_file"
        assert http.steps.count(at) == 1, "a client does not wait and try again by itself"


@every_call
def test_a_conflict_is_tried_again_later(trial: Trial) -> None:
    if trial.writing_step is not None:
        outcome, _ = trial.with_fault(trial.writing_step, CONFLICT)
        assert isinstance(outcome, ConflictError), repr(outcome)


@each_method(KIND, PRESENT)
def test_spoiled_answers_do_no_harm(name: str, method: str) -> None:
    """Also: none makes an internal entry public."""
    calling.spoiled_answers_do_no_harm(trials_of(connector(KIND, name), method))


@every_call
def test_no_error_gives_anything_away(trial: Trial) -> None:
    calling.no_error_gives_anything_away(trial)


@every_call
def test_no_repr_or_address_gives_a_secret_away(trial: Trial) -> None:
    calling.no_repr_or_address_gives_a_secret_away(trial)
