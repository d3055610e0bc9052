"""Microsoft Dynamics 365 (Dataverse): the data sheet."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.toolkit.identity_fields import IDENTITY_OPTIONS
from chalicelib.core.budgets import BudgetHeaders
from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CredentialField, CrmSpec, Fact, OptionField, ShownBy, UsedFor

LOGIN_URL = "https://login.microsoftonline.com"
PHONES = "mobilephone, telephone1, telephone2"
_TRACKING = "learn.microsoft.com, Track entity data changes with change tracking and the Web API"

SPEC = CrmSpec(
    name="dynamics",
    title="Microsoft Dynamics 365",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        lists_contacts=True,
        links_identities=True,
        logs_interactions=True,
        holds_marketing=True,
        note="Handles and ids are looked up in the columns that identity_fields names.",
    ),
    credentials=(
        CredentialField(
            name="client_id",
            description="Application (client) id of the app registration in Microsoft Entra",
            used_for=UsedFor.CALL,
            example="11111111-2222-3333-4444-555555555555",
        ),
        CredentialField(
            name="client_secret",
            description="A client secret of that app registration",
            used_for=UsedFor.CALL,
            example="abc8Q~exampleexampleexampleexample",
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address of the environment",
            required=True,
            example="https://acme.crm4.dynamics.com",
        ),
        OptionField(
            name="tenant",
            description="Directory (tenant) id of the app registration, or a domain of it",
            required=True,
            example="99999999-8888-7777-6666-555555555555",
        ),
        OptionField(
            name="login_url",
            description="Where tokens are asked for; national clouds have another",
            default=LOGIN_URL,
        ),
        *IDENTITY_OPTIONS,
        OptionField(
            name="customer_number_field",
            description="Column of a contact that holds the customer number",
            example="new_customernumber",
        ),
        OptionField(name="phone_fields", description="Columns with phone numbers, separated by commas", default=PHONES),
        OptionField(
            name="marketing_hold_field",
            description="Yes/no column that is set while a ticket is open",
            example="new_careloopopencase",
        ),
        OptionField(
            name="region",
            description="Country (ISO 3166) of phone numbers that are written without one",
            example="DE",
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    facts=(
        Fact(what="a delta link gives what changed since, deletions included", source=_TRACKING, date="2026-11"),
        Fact(what="a delta token is good for 7 days unless set otherwise", source="unconfirmed", date="2026-11"),
        Fact(what="the address of a GET has at most 2,048 characters", source="unconfirmed", date="2026-11"),
        Fact(
            what="6,000 calls in 5 minutes for a user and web server, 52 at once; then 429 with Retry-After",
            source="learn.microsoft.com, service protection API limits",
            date="2026-05",
        ),
    ),
    budgets=(
        BudgetHeaders(
            remaining="x-ms-ratelimit-burst-remaining-xrm-requests",
            window=timedelta(minutes=5),
        ),
    ),
)
