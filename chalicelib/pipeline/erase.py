"""Forgetting a person: everything that we keep of them goes, and what helpdesk and CRM still hold is told.

Others' systems first, our own records last, and the ways to them at the very end: whoever stops half-way finds the
rest again. What stays are the keys of events, which hold a message's id and no name or text: without them the next poll
would bring the person's messages in again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.core import codec
from chalicelib.core.case import Case
from chalicelib.core.disposition import LedgerEntry, Outcome, ParkedItem, ParkReason
from chalicelib.core.errors import CareloopError, NotFoundError, PayloadError, PermanentError, RetryableError
from chalicelib.core.events import Envelope, InboundMessage, MessageDeleted, MessageEdited
from chalicelib.core.ids import AccountKey, AuthorKey, ContactRef, EventKey, MessageId, MessageKey
from chalicelib.core.jobs import EraseAuthor, JobEnvelope, MergeEntries, RemovePayload, StoreMedia
from chalicelib.core.people import Author
from chalicelib.pipeline.parked import Wanted, find_items
from chalicelib.pipeline.work import entry_id
from chalicelib.ports.crm import LinksIdentities, LogsInteractions
from chalicelib.ports.helpdesk import ErasesPeople, HelpdeskClient, RedactsComments
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import RemoveDue

_FAR = timedelta(days=3650)
_MOST_DUE = 1000
_WRITTEN = (Outcome.TICKETED, Outcome.APPENDED)


@dataclass(slots=True, kw_only=True)
class Erased:
    """What came of it; with a dry run, what would."""

    author: AuthorKey
    cases: int = 0
    records: int = 0
    payloads: int = 0
    parked: int = 0
    waiting: int = 0
    redacted: int = 0
    done: list[str] = field(default_factory=list)
    """What others' systems did, in words."""
    left: list[str] = field(default_factory=list)
    """What others' systems still hold, and failures, in words."""


def erase_author(
    runtime: Runtime, author: AuthorKey, *, dry_run: bool = False, step: Callable[[str], None] = lambda what: None
) -> Erased:
    """Forget `author`. May be repeated. ``step`` hears what is being done. Raises RetryableError: come again."""
    result = Erased(author=author)
    cases = runtime.stores.cases.find_by_author(author)
    result.cases = len(cases)
    histories = {case.id: list(runtime.stores.ledger.history(case.id)) for case in cases}
    own = [entry for case in cases for entry in _own(case, author, histories[case.id])]
    if not dry_run:
        for case in cases:
            step(f"ticket {case.ticket.ticket if case.ticket else '-'}")
            _in_helpdesk(runtime, case, author, _own(case, author, histories[case.id]), result)
        step("CRM")
        _in_crm(runtime, author, result)
    step("archive and parking lot")
    waiting_parts = unread_payloads(runtime)
    named = {entry.archived_at for entry in own if entry.archived_at}
    payloads = named - waiting_parts
    result.payloads = len(payloads)
    result.left += [
        f"raw payload {key}: a part of it can't be read yet, see careloop parked" for key in named - payloads
    ]
    parked = [item for item in find_items(runtime, Wanted()) if _is_parked_of(item, author)]
    result.parked = len(parked)
    due = runtime.stores.due.list_due(runtime.clock.now() + _FAR, limit=_MOST_DUE)
    waiting = [item for item in due if _is_about(item.job, {str(case.id) for case in cases}, author)]
    result.waiting = len(waiting)
    if dry_run:
        return result
    for key in payloads:
        runtime.archive.remove(key)
    for item in parked:
        runtime.stores.parking.discard(item.id)
    for left in waiting:
        runtime.stores.transactions.commit(RemoveDue(due=left))
    step("records")
    _in_records(runtime, author, cases, own, result)
    runtime.telemetry.log("erase", "done", cases=len(cases), records=result.records)
    return result


def authors_of(runtime: Runtime, contact: ContactRef) -> Sequence[AuthorKey]:
    """Authors who are linked to a contact, or were."""
    return runtime.stores.erasure.authors_of(contact)


def _in_records(
    runtime: Runtime, author: AuthorKey, cases: Sequence[Case], own: Sequence[LedgerEntry], result: Erased
) -> None:
    erasure = runtime.stores.erasure
    messages = [key for entry in own if (key := _message_of(entry)) is not None]
    for case in cases:
        messages += _replies_of(runtime, case, author)
    result.records += erasure.erase_messages(messages)
    result.records += erasure.erase_events([entry.key for entry in own])
    for case in cases:
        result.records += erasure.erase_case(case, author)
    result.records += erasure.erase_author(author)


def _own(case: Case, author: AuthorKey, history: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """The events of a case that are the author's: all where nobody else talks in it, else those of their accounts."""
    if all(item.author.key == author for item in case.conversations):
        return list(history)
    accounts = {item.key.thread.account for item in case.conversations if item.author.key == author}
    others = {item.key.thread.account for item in case.conversations if item.author.key != author}
    return [entry for entry in history if entry.account in accounts - others]


def _message_of(entry: LedgerEntry) -> MessageKey | None:
    return message_named(entry.key, entry.account)


def message_named(key: EventKey, account: AccountKey) -> MessageKey | None:
    """The message that an event's key names, or None."""
    kind, _, rest = key.partition("|")
    prefix = f"{account}:"
    if kind not in ("message", "edit", "delete") or not rest.startswith(prefix):
        return None
    name = rest.removeprefix(prefix)
    return MessageKey(account=account, message=MessageId(name.partition("|")[0] if kind == "edit" else name))


def _replies_of(runtime: Runtime, case: Case, author: AuthorKey) -> list[MessageKey]:
    """Our own messages to them: their records lead to the case."""
    found = []
    for delivery in runtime.stores.deliveries.deliveries(case.id):
        where = delivery.conversation
        if delivery.receipt is None or where is None or where.author != author.author:
            continue
        account = where.thread.account
        found += [MessageKey(account=account, message=item) for item in delivery.receipt.messages]
    return found


# ---- others' systems -------------------------------------------------------------------------------------------------


def _in_helpdesk(runtime: Runtime, case: Case, author: AuthorKey, own: Iterable[LedgerEntry], result: Erased) -> None:
    """Strike out what they wrote, then remove the person, as far as the helpdesk lets us."""
    if case.ticket is None:
        return
    where = f"ticket {case.ticket.ticket} in {case.helpdesk}"
    try:
        client = runtime.connectors.helpdesk(case.helpdesk)
        left = sum(not _redacted(client, case, entry_id(entry.key), result) for entry in own if _was_written(entry))
        if case.latest.author.key == author:
            _redacted(client, case, entry_id(case.id, "brief"), result)
        if left:
            result.left.append(f"{where}: {left} entries of theirs (delete or redact them there)")
        person = runtime.stores.identities.find_person(author, case.helpdesk)
        if person is None:
            return
        if isinstance(client, ErasesPeople):
            said = f"{case.helpdesk}: {client.erase_person(person)}"
            if said not in result.done:
                result.done.append(said)
        else:
            told = f"{case.helpdesk}: the person {person.person} (delete it there)"
            if told not in result.left:
                result.left.append(told)
    except RetryableError:
        raise
    except CareloopError as error:
        result.left.append(f"{where}: could not be reached ({error.code}); run this again")


def _was_written(entry: LedgerEntry) -> bool:
    return entry.disposition is not None and entry.disposition.outcome in _WRITTEN


def _redacted(client: HelpdeskClient, case: Case, entry: str, result: Erased) -> bool:
    if not isinstance(client, RedactsComments) or case.ticket is None:
        return False
    try:
        found = client.find_comment(case.ticket, entry)
        if found is None:
            return False
        client.redact(case.ticket, found)
    except (NotFoundError, PermanentError):
        return False
    result.redacted += 1
    return True


def _in_crm(runtime: Runtime, author: AuthorKey, result: Erased) -> None:
    """Take back what we wrote there. The contact itself is the company's, and stays."""
    identities = runtime.stores.identities
    known = identities.know(author)
    for logged in identities.logged(author):
        _take_back(
            runtime,
            logged.contact,
            result,
            LogsInteractions,
            "the interaction",
            lambda crm, item=logged: crm.remove_interaction(item.contact, item.key),  # type: ignore[misc]
        )
    if known.identity is not None:
        contact = known.identity.contact
        _take_back(
            runtime,
            contact,
            result,
            LinksIdentities,
            "the author's id and handle",
            lambda crm: crm.unlink_identity(contact, Author(key=author)),
        )
        result.left.append(f"{contact}: the contact's own record in the CRM")


def _take_back(
    runtime: Runtime, contact: ContactRef, result: Erased, ability: type, what: str, call: Callable[[Any], None]
) -> None:
    try:
        client = runtime.connectors.crm(contact.crm)
        if isinstance(client, ability):
            call(client)
            result.done.append(f"{contact}: {what} was taken back")
    except NotFoundError:
        return
    except RetryableError:
        raise
    except CareloopError as error:
        result.left.append(f"{contact}: {what} could not be taken back ({error.code})")


# ---- what waits ------------------------------------------------------------------------------------------------------


def _is_parked_of(item: ParkedItem, author: AuthorKey) -> bool:
    if item.body is None or item.queue != "inbound":
        return False
    try:
        event = codec.from_json(Envelope, item.body).event
    except PayloadError:
        return False
    said = isinstance(event, InboundMessage | MessageEdited | MessageDeleted)
    return said and event.author is not None and event.author.key == author


def _is_about(job: object, cases: set[str], author: AuthorKey) -> bool:
    if isinstance(job, MergeEntries | StoreMedia):
        return job.case in cases
    return getattr(job, "author", None) == author and not isinstance(job, EraseAuthor)


# ---- jobs ------------------------------------------------------------------------------------------------------------


def erase_job(runtime: Runtime, envelope: JobEnvelope) -> None:
    """A person asked the platform to have their data deleted. The item stands until it is done."""
    assert isinstance(envelope.job, EraseAuthor)
    erase_author(runtime, envelope.job.author)
    if envelope.due is not None:
        runtime.stores.transactions.commit(RemoveDue(due=envelope.due))


def remove_payload(runtime: Runtime, job: RemovePayload) -> None:
    """Delete what the archive holds of a message that its author took back, unless a part of it, which may be somebody
    else's, waits to be read: then it stays until its time is over."""
    if job.archived_at in unread_payloads(runtime):
        runtime.telemetry.log("archive", "kept_for_its_unread_part")
    else:
        runtime.archive.remove(job.archived_at)


def unread_payloads(runtime: Runtime) -> set[str]:
    """Raw payloads of which a part is parked because it can't be read: what it holds is nowhere else."""
    wanted = Wanted(reasons=frozenset({ParkReason.MALFORMED}))
    return {item.archived_at for item in find_items(runtime, wanted) if item.archived_at is not None}
