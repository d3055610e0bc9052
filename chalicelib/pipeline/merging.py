"""A ticket was merged in the helpdesk: the story goes on at the survivor, with every conversation."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.case import Case, CaseState
from chalicelib.core.ids import TicketRef
from chalicelib.pipeline.work import save_case
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import SaveCase


def follow_merge(runtime: Runtime, case: Case, survivor: TicketRef) -> Case:
    """`case` at `survivor`. When the survivor has a case of its own, that one takes over the conversations of `case`,
    and is returned; `case` is closed. Raises ConflictError when somebody else changes either."""
    other = runtime.stores.cases.find_by_ticket(survivor)
    if other is None or other.id == case.id:
        return save_case(runtime, case, lambda fresh: replace(fresh, ticket=survivor), lambda saved: ())
    if case.merged_into == other.id:
        return other
    keys = {item.key for item in other.conversations}
    moved = tuple(item for item in case.conversations if item.key not in keys)
    grown = replace(
        other,
        conversations=(*other.conversations, *moved),
        last_customer_message_at=max(
            filter(None, (other.last_customer_message_at, case.last_customer_message_at)), default=None
        ),
    )
    emptied = replace(case, state=CaseState.CLOSED, state_changed_at=runtime.clock.now(), merged_into=other.id)
    runtime.stores.transactions.commit(SaveCase(case=emptied), SaveCase(case=grown, takes_over=True))
    return runtime.stores.cases.get_case(other.id)
