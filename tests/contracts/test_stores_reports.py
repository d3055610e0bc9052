"""The contract of reports, of a page of open conversations, and of many ledger entries at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.audit import Finding, Standing
from chalicelib.core.case import CaseState
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.ids import AccountKey
from chalicelib.core.report import AuditReport, SignOff, is_intact
from chalicelib.ports.stores import SaveCase, Stores
from tests.contracts.families import CountingTable
from tests.contracts.samples import BLUESKY, PAGE, case, completion, conversation_key, event_key
from tests.fakes.clock import NOON


def report(number: int, account: AccountKey = PAGE) -> AuditReport:
    at = NOON + timedelta(hours=number)
    finding = Finding(key=event_key(), at=NOON, standing=Standing.MISSING, reason="not in the ledger 😀")
    return AuditReport(
        id=f"{at:%Y%m%dT%H%M%S}-{account.platform}",
        account=account,
        since=NOON,
        until=at,
        made_at=at,
        listed=1,
        counts={"missing": 1},
        findings=(finding,),
    )


def test_reports_are_sealed_one_behind_the_other_by_account(stores: Stores, other: Stores) -> None:
    first = stores.reports.put_report(report(1))
    elsewhere = stores.reports.put_report(report(2, BLUESKY))
    second = other.reports.put_report(report(3))

    assert first.previous == elsewhere.previous == ""
    assert second.previous == first.seal
    assert other.reports.find_report(first.id) == first
    assert all(is_intact(item) for item in other.reports.list_reports())
    assert [item.id for item in other.reports.list_reports()] == [second.id, elsewhere.id, first.id]
    assert [item.id for item in other.reports.list_reports(limit=1)] == [second.id]
    assert stores.reports.last_report(PAGE) == second
    assert stores.reports.last_report(BLUESKY) == elsewhere


def test_two_reports_at_once_are_both_kept_in_one_row(stores: Stores, other: Stores, calls: CountingTable) -> None:
    calls.before_writes = [lambda: other.reports.put_report(report(1))]

    second = stores.reports.put_report(report(2))

    first = stores.reports.find_report(report(1).id)
    assert first is not None
    assert second.previous == first.seal


def test_a_report_is_never_replaced(stores: Stores) -> None:
    stores.reports.put_report(report(1))
    with pytest.raises(ConflictError, match="that id"):
        stores.reports.put_report(replace(report(1), counts={}))
    assert stores.reports.find_report("nothing") is None
    assert stores.reports.last_report(BLUESKY) is None


def test_sign_offs_are_kept_beside_the_report(stores: Stores, other: Stores) -> None:
    made = stores.reports.put_report(report(1))
    signs = [
        SignOff(report=made.id, seal=made.seal, by=by, at=NOON + timedelta(hours=hours), note="looked at")
        for hours, by in ((2, "Ada"), (1, "Bo"), (2, "Cy"))
    ]
    for sign in signs:
        stores.reports.sign_off(sign)

    assert next(item.by for item in other.reports.sign_offs(made.id)) == "Bo"
    assert set(other.reports.sign_offs(made.id)) == set(signs)
    assert other.reports.find_report(made.id) == made
    assert other.reports.sign_offs("nothing") == []
    with pytest.raises(NotFoundError):
        stores.reports.sign_off(replace(signs[0], report="nothing"))


def test_open_conversations_come_in_pages_that_leave_none_out(stores: Stores, other: Stores) -> None:
    for number in range(7):
        at = NOON + timedelta(days=number % 3)
        made = case(conversation_key(f"author-{number}"), at=at, state=CaseState.OPEN)
        stores.transactions.commit(SaveCase(case=made))

    pages = [other.cases.open_page(PAGE, limit=3)]
    while pages[-1].following is not None:
        pages.append(other.cases.open_page(PAGE, after=pages[-1].following, limit=3))

    found = [item for page in pages for item in page.conversations]
    assert [len(page.conversations) for page in pages] == [3, 3, 1]
    assert len(set(found)) == 7
    assert found == list(stores.cases.open_conversations(PAGE))
    assert other.cases.open_page(BLUESKY).conversations == ()


def test_many_entries_are_read_at_once(stores: Stores, other: Stores) -> None:
    keys = [event_key(f"m-{number}") for number in range(110)]
    for key in keys[::12]:
        stores.ledger.claim(key, account=PAGE, owner="w1", now=NOON, lease=timedelta(minutes=5), archived_at=None)
    stores.transactions.commit(replace(completion(), key=keys[0]))

    found = other.ledger.find_entries(keys)

    assert list(found) == keys[::12]
    assert found[keys[0]].disposition is not None
    assert found[keys[12]].disposition is None
    assert found[keys[12]] == stores.ledger.find_entry(keys[12])
    assert other.ledger.find_entries([]) == {}
