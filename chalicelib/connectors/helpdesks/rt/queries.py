"""What we ask RT's searches: TransactionSQL, TicketSQL, and the JSON conditions of histories."""

from __future__ import annotations

import json
from collections.abc import Iterable

TYPES = ("Correspond", "Comment", "Status")
"""Transactions that matter on a ticket."""
ROW_FIELDS = "Type,Field,Creator,Created,NewValue,ObjectId,CustomFields"


def quoted(value: str) -> str:
    """`value` as a string of RT's SQL (tried on RT 5.0.3: a backslash escapes)."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def field(name: str) -> str:
    """A custom field in RT's SQL. Braces can't be escaped there, and no field that we can use has any."""
    return "CF.{" + name.replace("{", "").replace("}", "") + "}"


def by_case(case_field: str, case: str) -> str:
    """TicketSQL: the tickets of a case, in whatever queue."""
    return f"{field(case_field)} = {quoted(case)}"


def by_mark(message_field: str, mark: str) -> str:
    """TransactionSQL: the entries that carry a mark."""
    return f"ObjectType = 'RT::Ticket' AND {field(message_field)} = {quoted(mark)}"


def changes(queues: Iterable[str], after: int | None) -> str:
    """TransactionSQL: what agents did in `queues` beyond the transaction `after`; merges leave their trace as links."""
    places = " OR ".join(f"TicketQueue = {quoted(name)}" for name in queues)
    kinds = " OR ".join(f"Type = '{kind}'" for kind in TYPES)
    beyond = f" AND id > {after}" if after is not None else ""
    return (
        f"ObjectType = 'RT::Ticket' AND ({places}) AND ({kinds} OR (Type = 'AddLink' AND Field = 'MergedInto')){beyond}"
    )


def history(after: int) -> str:
    """JSON conditions for a ticket's history. Conditions on one field are alternatives, fields must all hold."""
    conditions = [{"field": "Type", "value": kind} for kind in TYPES]
    return _compact([{"field": "id", "operator": ">", "value": str(after)}, *conditions])


def merges() -> str:
    """JSON conditions for a ticket's history: where it was merged into another."""
    return _compact([{"field": "Field", "value": "MergedInto"}])


def _compact(conditions: list[dict[str, str]]) -> str:
    return json.dumps(conditions, separators=(",", ":"))
