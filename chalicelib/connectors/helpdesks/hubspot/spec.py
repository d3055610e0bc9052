"""HubSpot Service Hub: the data sheet."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.budgets import BudgetHeaders
from chalicelib.core.capabilities import HelpdeskCapabilities
from chalicelib.ports.spec import CredentialField, Fact, HelpdeskSpec, OptionField, ShownBy, UsedFor

FIELDS = ("platform", "account", "handle", "thread", "message", "permalink", "contact")
"""Names of ``TicketDraft.fields`` that an option can map to a property of tickets."""
_API = "HubSpot's public API descriptions (HubSpot-public-api-spec-collection), tickets and notes v3"
_GUIDE = "developers.hubspot.com"
_OAUTH = {
    "client_id": ("Client id of an OAuth app", "7f1b0c2e-0d7a-4f0e-9c53-2b1a0e8d7c6b"),
    "client_secret": ("Client secret of an OAuth app, for its login", "c0ffee00-1234-4abc-8def-0123456789ab"),
    "refresh_token": ("Refresh token of the account that installed the OAuth app", "na1-aaaa-bbbb-cccc-0123456789"),
}

SPEC = HelpdeskSpec(
    name="hubspot",
    title="HubSpot Service Hub",
    capabilities=HelpdeskCapabilities(
        acts_as_customer=False,
        idempotent_create=True,
        closed_is_final=False,
        reopens_by_itself=False,
        html=True,
        signed_webhooks=True,
        redacts=True,
        note="Agents answer with a note that begins with /reply; every other note stays inside.",
    ),
    credentials=(
        CredentialField(
            name="app_secret",
            description="Client secret of the app that calls the webhook",
            used_for=UsedFor.VERIFY,
            example="c0ffee00-1234-4abc-8def-0123456789ab",
        ),
        CredentialField(
            name="webhook_url",
            description="The webhook's address as HubSpot calls it, which it signs along",
            used_for=UsedFor.VERIFY,
            example="https://care.example.com/webhooks/helpdesk/hubspot/main",
        ),
        CredentialField(
            name="access_token",
            description="Access token of a private app; or the three of an OAuth app instead",
            used_for=UsedFor.CALL,
            example="pat-eu1-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
            required=False,
        ),
        *(
            CredentialField(
                name=name,
                description=words,
                used_for=UsedFor.CALL,
                example=example,
                required=False,
                rotates=name == "refresh_token",
            )
            for name, (words, example) in _OAUTH.items()
        ),
    ),
    options=(
        OptionField(
            name="case_property",
            description="Ticket property (single-line text, unique values) that holds the case id",
            default="careloop_case",
        ),
        OptionField(
            name="author_property",
            description="Contact property (single-line text, unique values) that holds platform and id",
            default="careloop_author",
        ),
        OptionField(name="reply_word", description="What a note begins with that is an answer", default="/reply"),
        OptionField(name="pipeline", description="Id of the pipeline for new tickets", default="0"),
        OptionField(name="open_stage", description="Id of the stage of new and reopened tickets", default="1"),
        OptionField(name="pending_stages", description="Stages that wait for the customer, with commas", default="2"),
        OptionField(name="solved_stages", description="Stages that mean done, with commas", default="4"),
        OptionField(name="closed_stages", description="Stages that are never reopened, with commas", example="5"),
        OptionField(name="owner", description="Id of the owner of new tickets", example="41629779"),
        OptionField(name="due_property", description="Ticket property (date and time) for a promised time"),
        OptionField(
            name="sources",
            description="Values of hs_object_source of notes that people wrote, with commas; others never go out",
            default="CRM_UI,MOBILE_IOS,MOBILE_ANDROID",
        ),
        OptionField(name="portal_id", description="The account's number, for links", required=True, example="12345678"),
        OptionField(
            name="web_url",
            description="Address of the web application, for links",
            default="https://app.hubspot.com",
            example="https://app-eu1.hubspot.com",
        ),
        OptionField(name="crm", description="Name of the CRM connection to the same account", example="hub"),
        OptionField(name="base_url", description="Another address for the API (stand-ins)"),
        *(
            OptionField(
                name=f"field.{name}",
                description=f"Ticket property (single-line text) that shows the {name}",
                example=f"social_{name}",
            )
            for name in FIELDS
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    facts=(
        Fact(
            what="a record is read by a property with unique values, from the store itself", source=_API, date="2026-08"
        ),
        Fact(what="an object has at most 10 properties with unique values", source=_API, date="2026-08"),
        Fact(what="a batch read takes 100 records; one that is missing is left out", source=_API, date="2026-08"),
        Fact(
            what="a search gives 200 a page, of 10,000 at most, and finds what was written seconds later",
            source=f"{_GUIDE}, CRM search",
            date="2026-11",
        ),
        Fact(
            what="v3 signature: method, address, body and time, at most 5 minutes old",
            source=f"{_GUIDE}, validating requests",
            date="2026-11",
        ),
        Fact(
            what="190 calls in ten seconds of a private app (100 in Free and Starter), 5 searches a second",
            source=f"{_GUIDE}, usage guidelines",
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
