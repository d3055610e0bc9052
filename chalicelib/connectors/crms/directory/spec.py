"""The built-in directory of contacts: the data sheet."""

from __future__ import annotations

from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CrmSpec, ShownBy

SPEC = CrmSpec(
    name="directory",
    title="Built-in directory",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        in_index=True,
        note="Contacts live in Careloop's own store; they are imported from CSV or JSON lines.",
    ),
    credentials=(),
    shown_by=ShownBy.REAL_SERVER,
)
