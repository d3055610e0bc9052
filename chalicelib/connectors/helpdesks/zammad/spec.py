"""Zammad: the data sheet."""

from __future__ import annotations

from chalicelib.core.capabilities import HelpdeskCapabilities
from chalicelib.ports.spec import CredentialField, Fact, HelpdeskSpec, OptionField, ShownBy, UsedFor

FIELDS = ("platform", "account", "handle", "thread", "message", "permalink", "contact")
"""Names of ``TicketDraft.fields`` that an option can map to an attribute of tickets."""
MOST_FILE_BYTES = 20_000_000

SPEC = HelpdeskSpec(
    name="zammad",
    title="Zammad",
    capabilities=HelpdeskCapabilities(
        acts_as_customer=True,
        idempotent_create=False,
        closed_is_final=False,
        reopens_by_itself=False,
        html=True,
        signed_webhooks=True,
        most_file_bytes=MOST_FILE_BYTES,
        redacts=True,
        note="Agents answer with a public note: a customer without an e-mail address has no reply button.",
    ),
    credentials=(
        CredentialField(
            name="signature_token",
            description="HMAC SHA1 signature token of the webhook (Manage, Webhook)",
            used_for=UsedFor.VERIFY,
            made_here=True,
            example="9f2c51d07be84c0fb6ad35b0a4f1e6d2",
        ),
        CredentialField(
            name="token",
            description="Access token of Careloop's user (Profile, Token Access) with the permission ticket.agent",
            used_for=UsedFor.CALL,
            example="Yp1RrX0EmMXCBCfVzNl4Vb4Yp1RrX0Em",
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address of Zammad's pages; the API is below it at /api/v1",
            required=True,
            example="https://support.example.com",
        ),
        OptionField(name="group", description="Group for new tickets", required=True, example="Social"),
        OptionField(
            name="case_field",
            description="Name of the ticket attribute (text) that holds the case id",
            default="careloop_case",
        ),
        OptionField(
            name="tag", description="Put on every ticket that Careloop creates or takes over", default="careloop"
        ),
        OptionField(
            name="user_id",
            description="Number of Careloop's user; asked for and remembered when not given",
            example="7",
        ),
        OptionField(
            name="act_as",
            description="Header that writes as the customer instead of origin_by_id: From, or X-On-Behalf-Of for old "
            "versions; the token then needs admin.user",
            example="From",
        ),
        OptionField(name="open_state", description="State that reopens a ticket", default="open"),
        OptionField(name="pending_states", description="Further states that wait for the customer, with commas"),
        OptionField(name="solved_states", description="Further states that mean done, with commas"),
        OptionField(name="closed_states", description="States that are never reopened, with commas (such as closed)"),
        OptionField(name="due_field", description="Name of the ticket attribute (date and time) for a due date"),
        OptionField(
            name="copy_email",
            description="true: give a new person the matched contact's e-mail address (Zammad will then write to it)",
        ),
        *(
            OptionField(
                name=f"field.{name}",
                description=f"Name of the ticket attribute (text) that shows the {name}",
                example=f"social_{name}",
            )
            for name in FIELDS
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    facts=(
        Fact(
            what="logins are unique without regard to case; an e-mail address is optional",
            source="zammad/zammad, app/models/user.rb; issue 181",
            date="2025",
        ),
        Fact(
            what="origin_by_id makes an article the customer's; without it, it shows as the token's user",
            source="zammad/zammad, adds_metadata_origin_by_id; issues 1115, 1583",
            date="2025",
        ),
        Fact(
            what="webhooks: 4 s to connect, 60 s in all; 5 attempts after 10, 20, 30, 40 s; then lost",
            source="zammad/zammad, trigger_webhook_job, lib/user_agent.rb",
            date="2025",
        ),
        Fact(
            what="the search by condition asks the database, the search by query an index that is seconds late",
            source="zammad/zammad, tickets_controller search",
            date="2025",
        ),
        Fact(
            what="a merge moves the articles, leaves a public note and tells of it in the ticket's history",
            source="zammad/zammad, app/models/ticket.rb merge_to; ticket_history",
            date="2025",
        ),
    ),
)
