"""Odoo: the data sheet."""

from __future__ import annotations

from chalicelib.connectors.toolkit.identity_fields import IDENTITY_OPTIONS
from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CredentialField, CrmSpec, Fact, OptionField, ShownBy, UsedFor

_API = "odoo/documentation, external_api"

SPEC = CrmSpec(
    name="odoo",
    title="Odoo",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        lists_contacts=True,
        links_identities=True,
        logs_interactions=True,
        holds_marketing=True,
        note="Handles and ids are looked up in the fields that identity_fields names.",
    ),
    credentials=(
        CredentialField(
            name="key",
            description="API key of the user that Careloop acts as",
            used_for=UsedFor.CALL,
            example="0123456789abcdef0123456789abcdef01234567",
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address of the Odoo server",
            required=True,
            example="https://acme.odoo.com",
        ),
        OptionField(
            name="database",
            description="Name of the database; needed with json-rpc, and where a server has several",
            example="acme",
        ),
        OptionField(
            name="api",
            description="json-2 (Odoo 19 and later), or json-rpc (up to Odoo 21)",
            default="json-2",
        ),
        OptionField(name="login", description="The user's login; for json-rpc", example="careloop@example.com"),
        *IDENTITY_OPTIONS,
        OptionField(
            name="customer_number_field",
            description="Field of a contact that holds the customer number",
            default="ref",
        ),
        OptionField(
            name="phone_fields",
            description="Fields with phone numbers, separated by commas; default: phone, with json-rpc also mobile",
            example="phone, mobile",
        ),
        OptionField(
            name="marketing_hold_field",
            description="Boolean field that is set while a ticket is open",
            example="x_careloop_open_case",
        ),
        OptionField(
            name="region",
            description="Country (ISO 3166) of phone numbers that are written without one",
            example="DE",
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    facts=(
        Fact(what="JSON-2: one transaction for each call; named parameters", source=_API, date="2026-11"),
        Fact(what="JSON-RPC is deprecated in 19 and goes with Odoo 22", source="unconfirmed", date="2026-11"),
        Fact(what="the external API needs a Custom plan on Odoo Online", source=_API, date="2026-11"),
        Fact(
            what="write_date is when the transaction began, and is given without fractions of a second",
            source="unconfirmed",
            date="2026-11",
        ),
    ),
)
