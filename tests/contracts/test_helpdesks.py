"""Every helpdesk connector: its data sheet, its page, and that what it promises has a case.

How a connector receives, calls and behaves is in the neighbours of this file.
"""

from __future__ import annotations

import pytest

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.events import Visibility
from tests.contracts import sheets
from tests.contracts.connections import Connector, connector, is_present

KIND = ConnectionKind.HELPDESK
REGISTERED = registry.names(KIND)
PRESENT = tuple(name for name in REGISTERED if is_present(KIND, name))

every_helpdesk = pytest.mark.parametrize("name", PRESENT)


@pytest.fixture
def subject(name: str) -> Connector:
    return connector(KIND, name)


@pytest.mark.parametrize("name", REGISTERED)
def test_what_the_registry_lists_is_there(name: str, subject: Connector) -> None:
    assert name in PRESENT, f"the registry lists {name}, whose package has no spec.py"
    sheets.package_is_whole(subject, ("__init__.py", "spec.py", "webhook.py", "client.py", "README.md"))


@every_helpdesk
def test_the_data_sheet_is_complete(subject: Connector) -> None:
    sheets.sheet_is_complete(subject)
    assert subject.spec.facts, "a data sheet without a fact has no source"
    assert subject.spec.capabilities.signed_webhooks == subject.verifies


@every_helpdesk
def test_credentials_and_options_are_described(subject: Connector) -> None:
    sheets.credentials_and_options_are_described(subject)


@every_helpdesk
def test_cases_have_what_the_data_sheet_names(subject: Connector) -> None:
    sheets.connection_is_of_this_connector(subject)
    sheets.cases_have_what_the_sheet_names(subject)


@every_helpdesk
def test_no_case_is_left_unread(subject: Connector) -> None:
    sheets.no_case_is_left_unread(subject)


@every_helpdesk
def test_the_page_has_the_headings_in_order(subject: Connector) -> None:
    sheets.page_has_the_headings(subject)


@every_helpdesk
def test_every_method_has_a_case(subject: Connector) -> None:
    sheets.every_method_has_a_case(subject)


@every_helpdesk
def test_there_is_a_case_for_each_way_to_disappoint(subject: Connector) -> None:
    expected = [case.expected for case in subject.inbound]
    assert any(item["events"] for item in expected), "no case of a hint"
    assert any(item.get("ignored") and not item["events"] for item in expected), "no case of an unknown kind"
    errors = {(case.data["call"], case.data.get("error")) for case in subject.calls}
    wanted = {
        ("add_comment", "TicketClosedError"),
        ("add_comment", "TicketMovedError"),
        ("add_comment", "OutcomeUnknownError"),
        ("create_ticket", "CredentialsError"),
        ("fetch_activity", "NotFoundError"),
    }
    assert wanted <= errors, f"no case of {sorted(wanted - errors)}"
    empty = {case.data["call"] for case in subject.calls if "result" in case.data and case.data["result"] is None}
    assert {"find_ticket", "find_comment"} <= empty, "no case of nothing being found"


@every_helpdesk
def test_cases_show_public_and_internal_entries(subject: Connector) -> None:
    shown = {
        reply["visibility"]
        for case in subject.calls
        if case.data["call"] == "fetch_activity" and "result" in case.data
        for reply in case.data["result"]["replies"]
    }
    assert shown == {Visibility.PUBLIC.value, Visibility.INTERNAL.value}
