"""HubSpot CRM: the data sheet."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors._hubspot.api import BASE_URL
from chalicelib.connectors.toolkit.identity_fields import IDENTITY_OPTIONS
from chalicelib.core.budgets import BudgetHeaders
from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CredentialField, CrmSpec, Fact, OptionField, ShownBy, UsedFor

_API = "HubSpot's public API descriptions (HubSpot-public-api-spec-collection), contacts v3"
_UNCONFIRMED = "unconfirmed"

SPEC = CrmSpec(
    name="hubspot",
    title="HubSpot CRM",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        lists_contacts=True,
        links_identities=True,
        logs_interactions=True,
        holds_marketing=True,
        note="Handles and ids are looked up in the properties that identity_fields names.",
    ),
    credentials=(
        CredentialField(
            name="access_token",
            description="Access token of a private app; or the three of an OAuth app instead",
            used_for=UsedFor.CALL,
            example="pat-eu1-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
            required=False,
        ),
        CredentialField(
            name="client_id",
            description="Client id of an OAuth app",
            used_for=UsedFor.CALL,
            example="7f1b0c2e-0d7a-4f0e-9c53-2b1a0e8d7c6b",
            required=False,
        ),
        CredentialField(
            name="client_secret",
            description="Client secret of an OAuth app",
            used_for=UsedFor.CALL,
            example="c0ffee00-1234-4abc-8def-0123456789ab",
            required=False,
        ),
        CredentialField(
            name="refresh_token",
            description="Refresh token of the account that installed the OAuth app",
            used_for=UsedFor.CALL,
            example="na1-aaaa-bbbb-cccc-0123456789",
            required=False,
            rotates=True,
        ),
    ),
    options=(
        *IDENTITY_OPTIONS,
        OptionField(
            name="customer_number_field",
            description="Property of a contact that holds the customer number",
            example="customer_number",
        ),
        OptionField(
            name="marketing_hold_field",
            description="Single checkbox property that is checked while a ticket is open",
            example="careloop_open_case",
        ),
        OptionField(
            name="region",
            description="Country (ISO 3166) of phone numbers that are written without one",
            example="DE",
        ),
        OptionField(
            name="portal_id",
            description="The account's number, for links to contacts",
            example="12345678",
        ),
        OptionField(
            name="web_url",
            description="Address of the web application, for links to contacts",
            default="https://app.hubspot.com",
            example="https://app-eu1.hubspot.com",
        ),
        OptionField(name="base_url", description="Another address for the API (stand-ins)", default=BASE_URL),
    ),
    shown_by=ShownBy.PUBLISHED_SCHEMA,
    facts=(
        Fact(what="a batch read takes 100 contacts; one that is missing is left out", source=_API, date="2026-08"),
        Fact(
            what="a search gives 10,000 at most", source="docs.aws.amazon.com, Glue's HubSpot connector", date="2026-11"
        ),
        Fact(what="a search gives 200 a page", source=_UNCONFIRMED, date="2026-11"),
        Fact(
            what="a search has at least 5 groups of filters and 18 filters",
            source="developers.hubspot.com, changelog",
            date="2024-08",
        ),
        Fact(what="what was written is found by a search some seconds later", source=_UNCONFIRMED, date="2026-11"),
        Fact(
            what="190 calls in ten seconds of a private app (100 in Free and Starter), 5 searches a second",
            source=_UNCONFIRMED,
            date="2026-11",
        ),
    ),
    budgets=(
        BudgetHeaders(
            remaining="x-hubspot-ratelimit-remaining",
            limit="x-hubspot-ratelimit-max",
            window=timedelta(seconds=10),
        ),
        BudgetHeaders(
            remaining="x-hubspot-ratelimit-daily-remaining",
            limit="x-hubspot-ratelimit-daily",
            window=timedelta(minutes=15),
        ),
    ),
)
