"""Which contact an agent means: by a suggestion's number, a contact's id, or a customer number."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.core.account import ConnectionKind
from chalicelib.core.case import Case
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Contact
from chalicelib.core.who import named
from chalicelib.pipeline.alarms import notice, of_connection
from chalicelib.pipeline.contact_reads import CrmSilent, contacts_by_number, find_contact
from chalicelib.ports.runtime import Runtime

USAGE = (
    "Write /link with the number of a suggestion (/link 1), or with a record's id or customer number (/link C-1042)."
)
SILENT = "The CRM could not be asked just now, so nothing was changed. Please write /link again later."
LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Why no contact was found, in words for the agent."""

    why: str


def resolve(runtime: Runtime, case: Case, crms: tuple[str, ...], argument: str) -> Contact | Unclear:
    """The contact that ``/link argument`` names on a ticket.

    A bare number is a suggestion's where one has it: they are shown with it. Where it is also the id of another
    suggested record, the agent has to say which is meant.
    """
    text = argument.strip()
    if not text or len(text) > LONGEST:
        return Unclear(why=USAGE)
    is_marked = text.startswith("#")
    digits = text.removeprefix("#")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 3 else 0
    if is_marked and not 1 <= number <= len(case.suggested):
        return Unclear(why=f"There is no suggestion {text} on this ticket. {USAGE}")
    if 1 <= number <= len(case.suggested):
        meant = case.suggested[number - 1]
        other = next((item for item in case.suggested if item.contact == text and item != meant), None)
        if other is not None and not is_marked:
            return Unclear(
                why=f"{text} is the number of one suggestion and the id of another: write /link #{text} for {meant}, "
                f"or /link {other} for the other."
            )
        return _suggested(runtime, case, meant)
    try:
        return _by_name(runtime, crms, text)
    except CrmSilent as silent:
        _told(runtime, case, silent)
        return Unclear(why=SILENT)


def _suggested(runtime: Runtime, case: Case, ref: ContactRef) -> Contact | Unclear:
    """As the CRM has it now; what the ticket was told of it, where the CRM can't be asked."""
    try:
        found = find_contact(runtime, ref)
    except CrmSilent as silent:
        _told(runtime, case, silent)
        found = next((item.contact for item in case.match.candidates if item.contact.ref == ref), None)
        return found if found is not None else Unclear(why=SILENT)
    return found if found is not None else Unclear(why=f"{ref} is not in the CRM any more, so nothing was changed.")


def _told(runtime: Runtime, case: Case, silent: CrmSilent) -> None:
    notice(runtime, of_connection(ConnectionKind.CRM, silent.crm), silent.error)
    runtime.telemetry.log("decide", "crm_down", case=case.id, error_code=silent.error.code)


def _by_name(runtime: Runtime, crms: tuple[str, ...], text: str) -> Contact | Unclear:
    """By ``crm:id``, else by id in each CRM, else by customer number."""
    crm, colon, rest = text.partition(":")
    refs = [ContactRef(crm=crm, contact=ContactId(rest))] if colon and crm in crms and rest else []
    refs += [ContactRef(crm=name, contact=ContactId(text)) for name in crms]
    found: dict[ContactRef, Contact] = {}
    for ref in refs:
        contact = _find(runtime, ref)
        if contact is not None:
            found[contact.ref] = contact
    if not found:
        found = {item.ref: item for name in crms for item in contacts_by_number(runtime, name, text)}
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        return Unclear(why=f"There is no record {text} in the CRM, so nothing was changed. {USAGE}")
    listed = "\n".join(f"  /link {item.ref}: {named(item)}" for item in list(found.values())[:5])
    return Unclear(why=f"{text} fits several records, so nothing was changed. Please choose:\n{listed}")


def _find(runtime: Runtime, ref: ContactRef) -> Contact | None:
    try:
        return find_contact(runtime, ref)
    except ConfigurationError:
        return None  # a connection that was removed
