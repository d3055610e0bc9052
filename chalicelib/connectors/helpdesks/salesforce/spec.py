"""Salesforce Service Cloud: the data sheet."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors._salesforce.fields import LOGIN, SITE
from chalicelib.core.budgets import BudgetHeaders, Form
from chalicelib.core.capabilities import HelpdeskCapabilities
from chalicelib.ports.spec import CredentialField, Fact, HelpdeskSpec, OptionField, ShownBy, UsedFor

FIELDS = ("platform", "account", "handle", "thread", "message", "permalink", "contact")
"""Names of ``TicketDraft.fields`` that an option can map to a field of cases."""
MOST_FILE_BYTES = 10_000_000

SPEC = HelpdeskSpec(
    name="salesforce",
    title="Salesforce Service Cloud",
    capabilities=HelpdeskCapabilities(
        acts_as_customer=False,
        idempotent_create=True,
        closed_is_final=False,
        reopens_by_itself=False,
        signed_webhooks=True,
        most_file_bytes=MOST_FILE_BYTES,
        redacts=True,
        note="Agents answer with a published case comment; every entry of ours is by the integration user.",
    ),
    credentials=(
        CredentialField(
            name="hook_secret",
            description="What a flow's HTTP callout sends in the header X-Careloop-Secret (external credential)",
            used_for=UsedFor.VERIFY,
            made_here=True,
            example="9f2c51d07be84c0fb6ad35b0a4f1e6d2",
        ),
        *LOGIN,
    ),
    options=(
        *SITE,
        OptionField(
            name="case_field",
            description="Field of Case (text 80, external id, unique) that holds Careloop's case id",
            default="Careloop_Case__c",
        ),
        OptionField(
            name="author_field",
            description="Field of Contact (text 120, external id, unique) that holds the author's platform and id",
            default="Careloop_Author__c",
        ),
        OptionField(
            name="crm",
            description="Name of the CRM connection to the same org: a matched contact is then the case's contact",
            example="salesforce",
        ),
        OptionField(name="owner", description="Id of the queue or user that owns new cases; default: assignment rules"),
        OptionField(name="record_type", description="Id of the record type of new cases"),
        OptionField(name="origin", description="Case origin of new cases", example="Social"),
        OptionField(name="open_status", description="Status that reopens a case", default="New"),
        OptionField(name="pending_statuses", description="Statuses that wait for the customer, with commas"),
        OptionField(name="final_statuses", description="Closed statuses that are never reopened, with commas"),
        OptionField(
            name="feed_posts",
            description="What agents' posts in the case feed are: internal (read for commands), public (those for all "
            "who have access are answers); default: not read",
            example="public",
        ),
        OptionField(name="tags_field", description="Field of Case (text or multi-select picklist) for tags"),
        OptionField(name="due_field", description="Field of Case (date and time) for a promised time"),
        OptionField(name="copy_email", description="true: give a new person the matched contact's e-mail address"),
        *(
            OptionField(
                name=f"field.{name}",
                description=f"Field of Case that shows the {name}",
                example=f"Social_{name.title()}__c",
            )
            for name in FIELDS
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    budgets=(BudgetHeaders(remaining="sforce-limit-info", form=Form.USED, window=timedelta(minutes=15)),),
    facts=(
        Fact(
            what="upsert by external id: 201 with created true, 200 with created false, 300 where several match",
            source="REST API Developer Guide, Insert or Update (Upsert) a Record Using an External ID",
            date="2026",
        ),
        Fact(
            what="a case comment's body is at most 4000 bytes; it has no external id; its author is the API's user",
            source="Object Reference, CaseComment",
            date="2026",
        ),
        Fact(
            what="merging cases adds feed, comments and files to the master; the others are kept or soft deleted",
            source="Salesforce Help, Merge Duplicate Cases in Lightning Experience",
            date="2026",
        ),
        Fact(
            what="Sforce-Limit-Info: api-usage=used/limit of the last 24 hours; beyond it 403 REQUEST_LIMIT_EXCEEDED",
            source="REST API Developer Guide, Limit Info Header; Status Codes and Error Responses",
            date="2026",
        ),
        Fact(
            what="a composite takes 25 parts and counts as one call; with allOrNone all of them take effect or none",
            source="REST API Developer Guide, Composite",
            date="2026",
        ),
        Fact(
            what="no signed webhook; a flow's HTTP callout is not repeated, so polling is always on",
            source="Salesforce Help, Configure an HTTP Callout Action in Flow",
            date="2026",
        ),
    ),
)
