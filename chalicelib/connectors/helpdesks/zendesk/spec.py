"""Zendesk Support: the data sheet."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.budgets import BudgetHeaders, Form, Scope
from chalicelib.core.capabilities import HelpdeskCapabilities, UpdateLimit
from chalicelib.ports.spec import CredentialField, Fact, HelpdeskSpec, OptionField, ShownBy, UsedFor

FIELDS = ("platform", "account", "handle", "thread", "message", "permalink", "contact")
"""Names of ``TicketDraft.fields`` that an option can map to a custom ticket field."""

SPEC = HelpdeskSpec(
    name="zendesk",
    title="Zendesk Support",
    capabilities=HelpdeskCapabilities(
        acts_as_customer=True,
        update_limit=UpdateLimit(updates=25, per=timedelta(minutes=10)),
        idempotent_create=True,
        closed_is_final=True,
        reopens_by_itself=False,
        html=True,
        signed_webhooks=True,
        most_file_bytes=20_000_000,
        redacts=True,
        note="A closed ticket is never reopened: the next message opens a follow-up.",
    ),
    credentials=(
        CredentialField(
            name="signing_secret",
            description="The webhook's signing secret (Admin Center, the webhook's page, Reveal secret)",
            used_for=UsedFor.VERIFY,
            example="dGhpc19zZWNyZXRfaXNfYW5fZXhhbXBsZQ==",
        ),
        CredentialField(
            name="email",
            description="E-mail address of the integration's agent; goes with api_token",
            used_for=UsedFor.CALL,
            example="careloop@example.com",
            required=False,
        ),
        CredentialField(
            name="api_token",
            description="API token (Admin Center, Apps and integrations, API tokens)",
            used_for=UsedFor.CALL,
            example="6wiIBWbGkBMo1mRDMuVwkw1EPsNkeUj95PIz2akv",
            required=False,
        ),
        CredentialField(
            name="access_token",
            description="OAuth access token, instead of email and api_token; needs the global scopes read and write",
            used_for=UsedFor.CALL,
            example="gErypPlm4dOVgGRvA1ZzMH5MQ3nLo8bo",
            required=False,
        ),
    ),
    options=(
        OptionField(
            name="subdomain",
            description="The account's name: https://<subdomain>.zendesk.com",
            required=True,
            example="acme",
        ),
        OptionField(name="base_url", description="Another address for the API instead of the subdomain's (stand-ins)"),
        OptionField(
            name="integration_user_id",
            description="The integration agent's user id; asked for once and remembered when not given",
            example="1500000000001",
        ),
        OptionField(
            name="tag", description="Put on every ticket that Careloop creates or takes over", default="careloop"
        ),
        OptionField(
            name="webhook_id",
            description="Id of the webhook that calls Careloop: the check sees that it is active, or switches it on",
            example="01GX3H2BD7VQMS7G5Y3SHS8Y1M",
        ),
        OptionField(
            name="trigger_id",
            description="Id of the trigger that notifies the webhook: looked after in the same way",
            example="360001234570",
        ),
        OptionField(name="copy_email", description="true: give a new person the matched contact's e-mail address"),
        OptionField(name="brand_id", description="Brand for new tickets", example="360001234567"),
        OptionField(name="ticket_form_id", description="Form for new tickets", example="360001234568"),
        *(
            OptionField(
                name=f"field.{name}",
                description=f"Id of the custom ticket field (text) that shows the {name}",
                example="360001234569",
            )
            for name in FIELDS
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    budgets=(
        BudgetHeaders(
            remaining="x-rate-limit-remaining",
            limit="x-rate-limit",
            reset="ratelimit-reset",
            longest=timedelta(minutes=1),
        ),
        BudgetHeaders(
            remaining="zendesk-ratelimit-*", form=Form.FIELDS, scope=Scope.PATH, longest=timedelta(minutes=10)
        ),
    ),
    facts=(
        Fact(
            what="an Idempotency-Key is remembered for 2 hours, on creation only",
            source="developer.zendesk.com, ticketing introduction, idempotency",
            date="2026-08",
        ),
        Fact(
            what="30 updates of one ticket by one user in 10 minutes; 100 updates a minute for the account",
            source="developer.zendesk.com, rate limits",
            date="2026-08",
        ),
        Fact(
            what="a ticket holds 5000 comments; a subject 150 characters",
            source="developer.zendesk.com, ticket comments; schema of Tickets",
            date="2026-08",
        ),
        Fact(
            what="a file has 50 MB at most; an upload's token is good for 60 minutes",
            source="developer.zendesk.com, Attachments, uploads",
            date="2026-08",
        ),
        Fact(
            what="redaction of a whole comment needs the Agent Workspace and works on closed tickets; of strings and "
            "files it does not; users are deleted for good after they were deleted, 700 in 10 minutes",
            source="developer.zendesk.com, Ticket Comments, Attachments, Deleted Users",
            date="2026-08",
        ),
        Fact(
            what="1 kilobyte of custom metadata on each update, returned in its audit",
            source="Zendesk API documentation, Tickets, setting metadata",
            date="2013",
        ),
        Fact(
            what="incremental exports leave out the last minute; 10 requests a minute; admins only",
            source="developer.zendesk.com, incremental exports",
            date="2026-08",
        ),
    ),
)
