"""A message edited or deleted while it was being taken in: an earlier attempt may have written its first words.

The change found no message, left a tombstone and has its disposition; the message, which comes again because of the
tombstone, owes the ticket what the change would have said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.core import compose
from chalicelib.core.case import Case, MessageRecord
from chalicelib.core.events import InboundMessage, Visibility
from chalicelib.core.ids import TicketRef
from chalicelib.core.matching.types import Claim
from chalicelib.core.people import Author
from chalicelib.core.placing import conversation_for, with_message, with_message_gone
from chalicelib.core.ticket import Comment
from chalicelib.pipeline.striking import shown, strike_out
from chalicelib.pipeline.work import Work, entry_id, note, tell_ticket
from chalicelib.ports.stores import RememberMessage


def was_edited(work: Work, event: InboundMessage) -> bool:
    """Somebody who may sent other words before the message was taken in."""
    known = work.known
    return known is not None and known.edited_text is not None and _is_authors(known, event)


def _is_authors(known: MessageRecord, event: InboundMessage) -> bool:
    return known.edited_by in (None, conversation_for(event).author)


def was_deleted(work: Work) -> bool:
    """It was taken back before it was taken in."""
    return work.known is not None and work.known.deleted_at is not None


def find_standing(work: Work, case: Case | None) -> TicketRef | None:
    """The ticket on which an earlier attempt wrote the message; ``case`` is the one that it would have written for."""
    if case is None or not work.resumed:
        return None
    client = work.runtime.connectors.helpdesk(case.helpdesk)
    ticket = case.ticket or client.find_ticket(case.id)
    if ticket is None:
        return None
    if case.ticket is None and case.opened_by == work.envelope.key:
        return ticket
    return ticket if client.find_comment(ticket, entry_id(work.envelope.key)) is not None else None


def tell_change(work: Work, event: InboundMessage, case: Case, author: Author, ticket: TicketRef) -> None:
    """Tell the ticket that what stands there was changed or taken back; one that is closed meanwhile can't be told."""
    told: Comment | None = None
    if was_deleted(work):
        if work.runtime.policy.redact_deleted:
            strike_out(work.runtime, replace(case, ticket=ticket), work.envelope.key)
        told = note(compose.deleted_note(False), entry_id(work.envelope.key, "deleted"))
    elif work.known is not None and work.known.edited_text is not None:
        told = Comment(
            body=compose.edited_body(shown(work, replace(event, text=work.known.edited_text), case.helpdesk).text),
            visibility=Visibility.PUBLIC,
            external_id=entry_id(work.envelope.key, "edited"),
            author=case.requester,
            author_label=author.label,
            reopen=True,
        )
    if told is not None:
        tell_ticket(work.runtime, replace(case, ticket=ticket), told, look_first=True)


def taken_in(work: Work, case: Case, event: InboundMessage, author: Author, told: Sequence[Claim] = ()) -> Case:
    """`case` with the message, which may be gone again."""
    updated = with_message(case, event, author, told)
    return with_message_gone(updated, event.key) if was_deleted(work) else updated


def memory(work: Work, event: InboundMessage, case: Case) -> RememberMessage:
    """The message's record; fails when it was edited or deleted since the work began, and the event comes again."""
    before = work.known or MessageRecord(message=event.key.message)
    record = replace(before, case=case.id, conversation=conversation_for(event), edited_text=None, edited_by=None)
    return RememberMessage(key=event.key, record=record, unchanged=True)
