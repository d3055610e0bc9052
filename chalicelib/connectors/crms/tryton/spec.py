"""Tryton's data sheet: parties and their contact mechanisms, over REST with an application key (8.0 and later)."""

from __future__ import annotations

from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CredentialField, CrmSpec, Fact, OptionField, ShownBy, UsedFor

_SEEN = "tried on trytond 8.2.1 with trytond-party 8.2"

SPEC = CrmSpec(
    name="tryton",
    title="Tryton",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        lists_contacts=False,
        note="A handle stands in a contact mechanism of type other, whose name is the platform's.",
    ),
    credentials=(
        CredentialField(
            name="key",
            description="Application key for the application `rest` of a user who may read parties",
            used_for=UsedFor.CALL,
            example="2f9d4c1e8a7b4d3f9e0c5b6a7d8e9f10",
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address of the database: Tryton's address, a slash, the database's name",
            required=True,
            example="https://erp.example.com/acme",
        ),
        OptionField(
            name="web_url",
            description="Address of Tryton's web client, for links to a party",
            example="https://erp.example.com",
        ),
        OptionField(name="id_suffix", description="Ending of the mechanism's name that marks a user id", default="_id"),
    ),
    shown_by=ShownBy.REAL_SERVER,
    facts=(
        Fact(what="domains travel as base64 JSON in d, fields in repeated f", source=_SEEN, date="2026-11-22"),
        Fact(
            what="nothing keeps a handle or an address unique: several parties may have one",
            source=_SEEN,
            date="2026-11-22",
        ),
        Fact(
            what="e-mail addresses are kept as typed, so look-ups are without regard to case",
            source=_SEEN,
            date="2026-11-22",
        ),
    ),
)
