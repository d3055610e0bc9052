"""The built-in directory's data sheet."""

from __future__ import annotations

from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CrmSpec, Fact, ShownBy

SPEC = CrmSpec(
    name="directory",
    title="Built-in directory",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        lists_contacts=True,
        note="Contacts imported with `careloop contacts import`; exact look-ups, nothing leaves the account.",
    ),
    credentials=(),
    shown_by=ShownBy.REAL_SERVER,
    facts=(Fact(what="look-ups are exact reads of one item collection", source="ports/stores.py", date="2026-11"),),
)
