"""Every CRM connector: its data sheet, its page, its calls, and that it finds exactly what clues name."""

from __future__ import annotations

import pytest

from chalicelib.connectors import registry
from chalicelib.core import codec
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import (
    CareloopError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    UnavailableError,
)
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import ClueKind, Clues, Contact
from tests.contracts import calling, sheets
from tests.contracts.calling import Trial, each_call, each_method, trials_of
from tests.contracts.cases import ExchangeCase
from tests.contracts.connections import Connector, connector, is_present
from tests.contracts.faults import BROKEN, LOST, REFUSED, TOO_MANY, UNAUTHORISED, UNREADABLE

KIND = ConnectionKind.CRM
REGISTERED = registry.names(KIND)
PRESENT = tuple(name for name in REGISTERED if is_present(KIND, name))

every_crm = pytest.mark.parametrize("name", PRESENT)
every_call = each_call(KIND, PRESENT)


@pytest.fixture
def subject(name: str) -> Connector:
    return connector(KIND, name)


@pytest.fixture
def trial(name: str, case: ExchangeCase) -> Trial:
    return Trial(connector(KIND, name), case)


# -- the data sheet ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGISTERED)
def test_what_the_registry_lists_is_there(name: str, subject: Connector) -> None:
    assert name in PRESENT, f"the registry lists {name}, whose package has no spec.py"
    sheets.package_is_whole(subject, ("__init__.py", "spec.py", "client.py", "README.md"))
    assert not (subject.package / "webhook.py").exists(), "CRMs have no webhooks"


@every_crm
def test_the_data_sheet_is_complete(subject: Connector) -> None:
    sheets.sheet_is_complete(subject)
    kinds = {kind.value for kind in ClueKind}
    assert subject.spec.capabilities.finds_by, "a CRM that finds nobody"
    assert subject.spec.capabilities.finds_by <= kinds
    assert not subject.verifies, "CRMs have no webhooks, so they verify nothing"


@every_crm
def test_credentials_options_cases_and_page_agree(subject: Connector) -> None:
    sheets.credentials_and_options_are_described(subject)
    sheets.connection_is_of_this_connector(subject)
    sheets.cases_have_what_the_sheet_names(subject)
    sheets.no_case_is_left_unread(subject)
    sheets.page_has_the_headings(subject)
    sheets.every_method_has_a_case(subject)


@every_crm
def test_the_sheet_says_what_can_be_written_back(subject: Connector) -> None:
    told = subject.spec.capabilities
    methods = {
        "link_identity": told.links_identities,
        "unlink_identity": told.links_identities,
        "log_interaction": told.logs_interactions,
        "remove_interaction": told.logs_interactions,
        "hold_marketing": told.holds_marketing,
    }
    able = {name: callable(getattr(subject.client_class, name, None)) for name in methods}
    assert able == methods


@every_crm
def test_each_kind_of_clue_that_it_finds_by_has_a_case(subject: Connector) -> None:
    found = {
        clue["kind"]
        for case in subject.calls
        if case.data["call"] == "find_contacts" and case.data.get("result")
        for clue in case.data["arguments"]["clues"]["items"]
        if len(case.data["arguments"]["clues"]["items"]) == 1
    }
    assert found == set(subject.spec.capabilities.finds_by)
    assert any(len(case.data.get("result") or ()) > 1 for case in subject.calls), "no case of several contacts"
    assert any(case.data.get("result") == [] for case in subject.calls), "no case of nobody"


# -- calls -------------------------------------------------------------------------------------------------------------


@every_call
def test_the_exchange_is_as_scripted(trial: Trial) -> None:
    calling.is_as_scripted(trial)


@every_call
def test_one_host_is_called_and_only_when_asked(trial: Trial) -> None:
    calling.calls_one_host_when_asked(trial)


@every_call
def test_each_contact_found_is_named_exactly_by_a_clue(trial: Trial) -> None:
    if trial.call != "find_contacts" or not trial.succeeds:
        return
    contacts = [codec.from_data(Contact, item) for item in trial.data["result"]]
    keys = {clue.index_key for clue in codec.from_data(Clues, trial.arguments["clues"]).items}
    for contact in contacts:
        assert keys & contact_keys(contact), f"{contact.ref} is named by no clue"
        assert contact.ref.crm == trial.subject.connection.name
    assert len({contact.ref for contact in contacts}) == len(contacts), "each once"


@every_call
def test_a_reading_can_always_be_repeated(trial: Trial) -> None:
    for at in range(len(trial.exchange)):
        for fault in (*LOST, *BROKEN, *UNREADABLE, REFUSED):
            outcome, _ = trial.with_fault(at, fault)
            assert not isinstance(outcome, OutcomeUnknownError), f"step {at}, {fault.what}"
            if trial.succeeds and fault in (*LOST, *BROKEN, REFUSED):
                assert isinstance(outcome, UnavailableError), f"step {at}, {fault.what}: {outcome!r}"


@every_call
def test_a_refused_login_and_a_rate_limit_are_told_apart(trial: Trial) -> None:
    for at in range(len(trial.exchange) if trial.succeeds else 0):
        outcome, _ = trial.with_fault(at, UNAUTHORISED)
        assert isinstance(outcome, CredentialsError), f"step {at}: {outcome!r}"
        outcome, http = trial.with_fault(at, TOO_MANY)
        assert isinstance(outcome, RateLimitedError), f"step {at}: {outcome!r}"
        assert outcome.retry_after == 30
        assert http.steps.count(at) == 1


@each_method(KIND, PRESENT)
def test_spoiled_answers_do_no_harm(name: str, method: str) -> None:
    calling.spoiled_answers_do_no_harm(trials_of(connector(KIND, name), method))


@every_crm
def test_spoiled_answers_name_nobody_else(subject: Connector) -> None:
    """Whatever an answer lacks: a contact that comes back is one that a clue names."""
    done = set[tuple[str, ...]]()
    for trial in trials_of(subject, "find_contacts"):
        keys = {clue.index_key for clue in codec.from_data(Clues, trial.arguments["clues"]).items}
        for what, outcome in trial.spoiled_outcomes(done) if trial.succeeds else ():
            for contact in () if isinstance(outcome, Exception) else outcome:
                assert keys & contact_keys(contact), f"{what}: {contact.ref}"


@every_call
def test_no_error_gives_anything_away(trial: Trial) -> None:
    calling.no_error_gives_anything_away(trial)


@every_call
def test_no_repr_or_address_gives_a_secret_away(trial: Trial) -> None:
    calling.no_repr_or_address_gives_a_secret_away(trial)


@every_crm
def test_a_contact_of_nobody_is_not_found(subject: Connector) -> None:
    cases = [case for case in subject.calls if case.data["call"] == "get_contact" and "error" in case.data]
    assert {case.data["error"] for case in cases} == {NotFoundError.__name__}
    assert issubclass(NotFoundError, CareloopError)
