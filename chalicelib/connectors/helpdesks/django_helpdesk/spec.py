"""django-helpdesk: the data sheet."""

from __future__ import annotations

from chalicelib.core.capabilities import HelpdeskCapabilities
from chalicelib.ports.spec import CredentialField, Fact, HelpdeskSpec, OptionField, ShownBy, UsedFor

FIELDS = ("platform", "account", "handle", "thread", "message", "permalink", "contact")
"""Names of ``TicketDraft.fields`` that an option can map to a custom field."""
FILE_TYPES = "txt, asc, pdf, doc, docx, odt, jpg, png, eml"
"""helpdesk/settings.py of 2.6.1, HELPDESK_VALID_EXTENSIONS."""
MOST_FILE_BYTES = 20_000_000

_SEEN = "seen on django-helpdesk 2.6.1 (Django 5.2, SQLite)"

SPEC = HelpdeskSpec(
    name="django_helpdesk",
    title="django-helpdesk",
    capabilities=HelpdeskCapabilities(
        acts_as_customer=False,
        idempotent_create=False,
        closed_is_final=False,
        reopens_by_itself=False,
        html=False,
        signed_webhooks=True,
        most_file_bytes=MOST_FILE_BYTES,
        redacts=True,
        note="Every entry is Careloop's own user's; the customer's name stands above their words.",
    ),
    credentials=(
        CredentialField(
            name="hook_secret",
            description="Password in the webhook's address (https://careloop:<secret>@...); letters and digits only",
            used_for=UsedFor.VERIFY,
            made_here=True,
            example="9f2c51d07be84c0fb6ad35b0a4f1e6d2",
        ),
        CredentialField(
            name="token",
            description="REST framework token of Careloop's user (rest_framework.authtoken)",
            used_for=UsedFor.CALL,
            example="3fc9ea9c1fdf2f4360f882b945d3afb3ac8c6dd7",
            required=False,
        ),
        CredentialField(
            name="login",
            description="<user>:<password> of Careloop's user instead, where only basic authentication is switched on",
            used_for=UsedFor.CALL,
            example="careloop:correct-horse-battery",
            required=False,
        ),
    ),
    options=(
        OptionField(
            name="base_url",
            description="Address at which django-helpdesk is mounted; the API is below it at /api",
            required=True,
            example="https://desk.example.com/helpdesk",
        ),
        OptionField(name="queue", description="Number of the queue for new tickets", required=True, example="1"),
        OptionField(
            name="user_id",
            description="Number of Careloop's user; learnt from its first entry and remembered when not given",
            example="7",
        ),
        OptionField(
            name="agent_names",
            description="Agents' numbers and names, which the API does not tell",
            example="2: Ana Agent, 3: Ben Agent",
        ),
        OptionField(
            name="case_field",
            description="Custom field that shows the case id to agents (a text of 100); default: none",
        ),
        OptionField(name="tags_field", description="Custom field (text) for tags, with commas; default: none"),
        OptionField(name="open_statuses", description="Numbers of the statuses that are open", default="1, 2"),
        OptionField(name="reopened_status", description="Number of the status that reopens a ticket", default="2"),
        OptionField(
            name="pending_statuses", description="Numbers of statuses that wait for the customer; default: none"
        ),
        OptionField(name="solved_statuses", description="Numbers of the statuses that mean done", default="3, 4"),
        OptionField(
            name="closed_statuses",
            description="Numbers of statuses that are never reopened (such as 4); a duplicate always is",
        ),
        OptionField(
            name="file_types",
            description="Endings that HELPDESK_VALID_EXTENSIONS allows; another file is linked, not stored",
            default=FILE_TYPES,
        ),
        OptionField(
            name="media_hosts",
            description="Further hosts that serve attachments, with commas, where they are not on base_url's",
            example="desk-files.example.com",
        ),
        OptionField(
            name="email_domain",
            description="Domain below .invalid for made-up submitters' addresses, one for each customer; default: none",
            example="careloop.invalid",
        ),
        OptionField(
            name="copy_email",
            description="true: the matched contact's e-mail address is the submitter's (who will then get mail)",
        ),
        *(
            OptionField(
                name=f"field.{name}",
                description=f"Name of the custom field (text) that shows the {name}",
                example=f"social{name}",
            )
            for name in FIELDS
        ),
    ),
    shown_by=ShownBy.REAL_SERVER,
    facts=(
        Fact(what="a comment is rendered as a Django template when it is posted", source=_SEEN, date="2026-11-22"),
        Fact(what="a title given with a follow-up renames the ticket", source=_SEEN, date="2026-11-22"),
        Fact(
            what="a file of another ending than these is a 500 after the entry was written: " + FILE_TYPES,
            source=_SEEN,
            date="2026-11-22",
        ),
        Fact(
            what="a webhook that can't be reached is a 500 for whoever wrote, after the entry was written",
            source=_SEEN,
            date="2026-11-22",
        ),
        Fact(what="a title has at most 200 characters", source=_SEEN, date="2026-11-22"),
        Fact(
            what="reading one ticket costs a query for each ticket there is, unless statuses are named",
            source=_SEEN,
            date="2026-11-22",
        ),
    ),
)
