"""Tryton: the data sheet."""

from __future__ import annotations

from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CredentialField, CrmSpec, Fact, OptionField, ShownBy, UsedFor

_SEEN = "seen on Tryton 8.2.1, party 8.2.0"

SPEC = CrmSpec(
    name="tryton",
    title="Tryton",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        lists_contacts=True,
        links_identities=True,
        logs_interactions=True,
        note="Handles and platform ids are contact mechanisms whose name is the platform.",
    ),
    credentials=(
        CredentialField(
            name="key",
            description="Key of a user application for REST, validated by its user",
            used_for=UsedFor.CALL,
            example="5f1d6c0e8b9a4723b6f0c1d2e3f4a5b6",
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address of the database: the server's, a slash, the database's name",
            required=True,
            example="https://tryton.example.com/crm",
        ),
        OptionField(name="database", description="Name of the database, where base_url is the server's address alone"),
        OptionField(
            name="web_url", description="Address of the web client, for links to contacts; default: the server's"
        ),
        OptionField(
            name="handle_names",
            description="Other names that your contact mechanisms have for a platform, separated by commas",
            example="x=Twitter, facebook=FB",
        ),
    ),
    shown_by=ShownBy.REAL_SERVER,
    facts=(
        Fact(what="last_modified_at of each record can be searched and sorted by", source=_SEEN, date="2026-11"),
        Fact(what="a changed contact mechanism leaves its party's date as it was", source=_SEEN, date="2026-11"),
        Fact(what="REST with application keys, new in 8.0", source="trytond/protocols/rest.py, 8.2.1", date="2026-11"),
        Fact(what="an unknown field or a broken domain is a 500 with a page", source=_SEEN, date="2026-11"),
        Fact(what="ilike takes % and _ as wildcards and a backslash to escape them", source=_SEEN, date="2026-11"),
        Fact(what="nothing keeps an address or a handle unique to one party", source=_SEEN, date="2026-11"),
    ),
)
