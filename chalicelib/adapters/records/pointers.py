"""The ways to find a case: items that follow from the case alone, so that what changed can be told without a read."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document
from chalicelib.core.case import Case, CaseState
from chalicelib.core.people import Verdict
from chalicelib.ports.table import Change, Condition, Delete, Item, Key, Put

LIVE = frozenset({CaseState.OPENING, CaseState.OPEN})


def pointer_changes(before: Case | None, after: Case, *, takes_over: bool) -> Sequence[Change]:
    """What must change beside the case's own item when `after` replaces `before` (None: a new case).

    A conversation's and a ticket's pointer are never removed: an old ticket still leads to its case. The rows of a
    contact's open cases and of an account's open conversations are.
    """
    old_lasting, old_rows = (_lasting(before), _rows(before)) if before else ({}, {})
    lasting, rows = _lasting(after), _rows(after)
    owned = {keys.conversation(item.key) for item in after.conversations}
    changes: list[Change] = []
    for key, item in lasting.items():
        if old_lasting.get(key) != item or (takes_over and key in owned):
            guard = before is None and not takes_over and key in owned
            changes.append(Put(key=key, item=item, condition=_mine(after) if guard else None))
    changes += [Put(key=key, item=item) for key, item in rows.items() if key not in old_rows]
    changes += [Delete(key=key) for key in old_rows if key not in rows]
    return changes


def _mine(case: Case) -> Condition:
    return Condition(equals={"case": case.id}, or_absent=True)


def _lasting(case: Case) -> dict[Key, Item]:
    item: Item = {"case": case.id}
    found = {keys.conversation(conversation.key): item for conversation in case.conversations}
    if case.ticket is not None:
        found[keys.ticket(case.ticket)] = item
    return found


def _rows(case: Case) -> dict[Key, Item]:
    if case.state not in LIVE:
        return {}
    found: dict[Key, Item] = {
        keys.open_conversation(case.id, item.key, item.last_message_at): {"doc": document(item.key)}
        for item in case.conversations
    }
    contact = case.match.contact
    if contact is not None and case.match.verdict is Verdict.LINKED:
        found[keys.contact_case(contact.ref, case.opened_at, case.id)] = {"case": case.id}
    return found
