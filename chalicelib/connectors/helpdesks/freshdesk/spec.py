"""Freshdesk's data sheet."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.budgets import BudgetHeaders
from chalicelib.core.capabilities import HelpdeskCapabilities
from chalicelib.ports.spec import CredentialField, Fact, HelpdeskSpec, OptionField, ShownBy, UsedFor

_API = "developer.freshdesk.com/api"
DEFAULTS = {"case_field": "cf_careloop_case", "source": "2", "merge_words": "merged into ticket"}

SPEC = HelpdeskSpec(
    name="freshdesk",
    title="Freshdesk",
    capabilities=HelpdeskCapabilities(
        acts_as_customer=True,
        idempotent_create=False,
        closed_is_final=False,
        reopens_by_itself=False,
        html=True,
        # A secret in a header, no signature; see "exempt" of the cases' connection.json.
        signed_webhooks=True,
        polls=True,
        most_file_bytes=20_000_000,
        redacts=True,
        note="Answer by Reply or by a public note; each of our entries ends in a small line with its id.",
    ),
    credentials=(
        CredentialField(
            name="hook_secret",
            description="What the automation rule sends in the header X-Webhook-Secret",
            used_for=UsedFor.VERIFY,
            example="9f2c51d07be84c0fb6ad35b0a4f1e6d2",
            made_here=True,
        ),
        CredentialField(
            name="api_key",
            description="API key of the agent that Careloop has for itself (Profile settings > View API key)",
            used_for=UsedFor.CALL,
            example="q7Zt0mW3vK9xB2nR5yLd",
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address of the account at Freshdesk itself, not a domain of your own",
            required=True,
            example="https://acme.freshdesk.com",
        ),
        OptionField(
            name="case_field",
            description="Custom ticket field (single-line text) that holds the case's id",
            default=DEFAULTS["case_field"],
        ),
        OptionField(
            name="source", description="Number of the source that tickets come from", default=DEFAULTS["source"]
        ),
        OptionField(name="group_id", description="Number of the group that new tickets go to", example="43000123456"),
        OptionField(name="type", description="Type of new tickets, as the ticket form names it", example="Question"),
        OptionField(
            name="defaults",
            description="Values of fields that your ticket form demands, for every ticket",
            example="cf_region=EMEA;cf_kind=Social",
        ),
        OptionField(
            name="statuses",
            description="What statuses of your own mean: open, pending, solved or closed",
            example="6=pending,7=pending",
        ),
        OptionField(
            name="merge_words",
            description="Words before the number in the note that a merge leaves on the merged ticket",
            default=DEFAULTS["merge_words"],
        ),
        *(
            OptionField(name=f"field.{name}", description=f"Custom ticket field that the {what} goes to")
            for name, what in (
                ("platform", "platform's name"),
                ("account", "account's id"),
                ("handle", "customer's handle"),
                ("thread", "thread's id"),
                ("message", "message's id"),
                ("permalink", "message's address"),
                ("contact", "CRM contact"),
            )
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    facts=(
        Fact(
            what="unique_external_id is unique in an account; an unknown one makes a contact",
            source=_API,
            date="2026-11",
        ),
        Fact(
            what="Notes are private unless told otherwise; user_id and incoming make them a customer's",
            source=_API,
            date="2026-11",
        ),
        Fact(what="A reply by API is e-mailed to the requester, so none is ever written", source=_API, date="2026-11"),
        Fact(what="Only notes can be changed, replies can't", source=_API, date="2026-11"),
        Fact(what="Files of a ticket: 20 MB together", source=_API, date="2026-11"),
        Fact(
            what="A contact deleted for good takes its tickets along",
            source="support.freshdesk.com 227558",
            date="2026-11",
        ),
        Fact(
            what="Calls in a minute, by plan: 200, 400 or 700; lists of tickets 20, 100 or 200",
            source="support.freshdesk.com 225439",
            date="2026-01",
        ),
        Fact(
            what="A failing webhook is tried again after 5, 30 and 60 minutes, then never",
            source="support.freshdesk.com 132589",
            date="2026-01",
        ),
        Fact(what="Lists give at most 300 pages; without updated_since the last 30 days", source=_API, date="2026-11"),
        Fact(what="120 days after closing a ticket is archived and takes no entry", source=_API, date="2026-11"),
    ),
    budgets=(BudgetHeaders(remaining="x-ratelimit-remaining", limit="x-ratelimit-total", window=timedelta(minutes=1)),),
)
