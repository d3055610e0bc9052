"""Request Tracker: the data sheet."""

from __future__ import annotations

from chalicelib.core.capabilities import HelpdeskCapabilities
from chalicelib.ports.spec import CredentialField, Fact, HelpdeskSpec, OptionField, ShownBy, UsedFor

FIELDS = ("platform", "account", "handle", "thread", "message", "permalink", "contact")
"""Names of ``TicketDraft.fields`` that an option can map to a custom field of tickets."""

_REST2 = "RT 5.0.3, docs/RT::REST2 and lib/RT/REST2"
_SEEN = "seen on RT 5.0.3 (Debian 12, SQLite)"

SPEC = HelpdeskSpec(
    name="rt",
    title="Request Tracker",
    capabilities=HelpdeskCapabilities(
        acts_as_customer=False,
        idempotent_create=False,
        closed_is_final=False,
        reopens_by_itself=True,
        html=True,
        signed_webhooks=True,
        most_file_bytes=10_000_000,
        note="Every entry is Careloop's own account's; the customer's name stands above their words.",
    ),
    credentials=(
        CredentialField(
            name="hook_secret",
            description="Secret shared with RT's Scrip (the file that $CareloopHookSecretFile names)",
            used_for=UsedFor.VERIFY,
            made_here=True,
            example="9f2c51d07be84c0fb6ad35b0a4f1e6d2",
        ),
        CredentialField(
            name="token",
            description="Authentication token of Careloop's RT user (Settings, Auth Tokens)",
            used_for=UsedFor.CALL,
            example="1-35-0123456789abcdef0123456789abcdef",
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address of RT's web pages; the API is below it at /REST/2.0",
            required=True,
            example="https://rt.example.com",
        ),
        OptionField(name="queue", description="Queue for new tickets", required=True, example="Social"),
        OptionField(
            name="queues",
            description="All queues to poll, separated by commas, where agents move tickets around; default: the queue",
            example="Social, Billing",
        ),
        OptionField(
            name="user",
            description="Name of Careloop's RT user; learnt from the token and remembered when not given",
            example="careloop",
        ),
        OptionField(
            name="case_field", description="Ticket custom field that holds the case id", default="CareloopCase"
        ),
        OptionField(
            name="message_field",
            description="Transaction custom field that holds an entry's id; empty: none is written",
            default="CareloopMessage",
        ),
        OptionField(name="tags_field", description="Ticket custom field (several values) for tags; default: none"),
        OptionField(name="open_status", description="Status that reopens a ticket", default="open"),
        OptionField(
            name="pending_statuses", description="Further statuses that wait for the customer, separated by commas"
        ),
        OptionField(name="solved_statuses", description="Further statuses that mean done, separated by commas"),
        OptionField(
            name="closed_statuses",
            description="Further statuses that are never reopened, separated by commas (such as rejected)",
        ),
        OptionField(
            name="email_domain",
            description="Domain below .invalid for made-up addresses, for an RT that insists on one for each requestor",
            example="careloop.invalid",
        ),
        OptionField(
            name="copy_email",
            description="true: give a new requestor the matched contact's e-mail address (RT will then write to it)",
        ),
        *(
            OptionField(
                name=f"field.{name}",
                description=f"Name of the ticket custom field that shows the {name}",
                example=f"Social{name.capitalize()}",
            )
            for name in FIELDS
        ),
    ),
    shown_by=ShownBy.REAL_SERVER,
    facts=(
        Fact(what="no rate limit; at most two parallel calls are kind to it", source=_REST2, date="2026-11"),
        Fact(what="pages hold 20 rows, at most 100; total and next page are often null", source=_SEEN, date="2026-11"),
        Fact(what="a subject keeps 200 characters, the rest is cut", source=_SEEN, date="2026-11"),
        Fact(
            what="an attachment has 10,000,000 bytes at most ($MaxAttachmentSize)",
            source="RT 5.0.3, etc/RT_Config.pm",
            date="2026-11",
        ),
        Fact(what="user names are unique without regard to case", source=_SEEN, date="2026-11"),
        Fact(what="parameters of ContentType are kept in the entry's headers", source=_SEEN, date="2026-11"),
    ),
)
