"""Stages: a message was edited or deleted. Before its message: a tombstone that makes the order harmless."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core import compose
from chalicelib.core.bursts import with_text
from chalicelib.core.case import Case, MessageRecord
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.events import MessageDeleted, MessageEdited, Visibility
from chalicelib.core.placing import with_message_gone
from chalicelib.core.ticket import Comment
from chalicelib.pipeline.bursts import change_waiting, find_waiting
from chalicelib.pipeline.striking import kept_until, shown_together, strike_message, words_may_stand
from chalicelib.pipeline.work import Work, entry_id, living_case, note, save_case, tell_ticket
from chalicelib.ports.stores import RememberMessage


def edited(work: Work, event: MessageEdited) -> Disposition:
    """Tell the ticket the new words, as the customer's entry."""
    record = work.runtime.stores.cases.find_message(event.key)
    if record is not None and record.edited_at is not None and record.edited_at > event.edited_at:
        return work.finish(Outcome.NOISE, "a later edit is known already")
    if record is None or record.case is None:
        before = record or MessageRecord(message=event.key.message)
        editor = event.author.key.author if event.author else None
        waiting = replace(before, edited_at=event.edited_at, edited_text=event.text, edited_by=editor)
        remember = RememberMessage(key=event.key, record=waiting, unchanged=True)
        return work.finish(Outcome.NOISE, "edited before its message came: the message will carry it", remember)
    if record.delivery is not None or record.native or _is_brands(event):
        return work.finish(Outcome.ECHO, "the brand's own message was edited")
    if _is_somebody_elses(event, record):
        return work.finish(Outcome.NOISE, "an edit by somebody who did not write the message")
    remember = RememberMessage(key=event.key, record=replace(record, edited_at=event.edited_at), unchanged=True)
    kept = find_waiting(work.runtime, record)
    if kept is not None:
        keeper, entry = kept
        outcome = Disposition(outcome=Outcome.APPENDED, reason="edited while it waited", case=keeper.id)
        changed = shown_together(work, replace(entry.message, text=event.text), keeper.helpdesk)
        return change_waiting(work, keeper, with_text(entry, changed.text), outcome, remember)
    case = living_case(work.runtime, record.case)
    comment = Comment(
        body=compose.edited_body(_words(work, event, case)),
        visibility=Visibility.PUBLIC,
        external_id=entry_id(work.envelope.key),
        author=case.requester,
        author_label=case.latest.author.label,
        reopen=True,
    )
    if not tell_ticket(work.runtime, case, comment, look_first=work.resumed):
        return work.finish(Outcome.NOISE, "edited after its ticket was closed for good", remember, case=case)
    return work.finish(Outcome.APPENDED, "edit", remember, *kept_until(work, case, event.edited_at), case=case)


def _words(work: Work, event: MessageEdited, case: Case) -> str:
    if words_may_stand(work.runtime, work.spec, case.helpdesk):
        return event.text
    return compose.withheld(work.spec.title, case.latest.permalink)


def _is_brands(event: MessageEdited) -> bool:
    return event.author is not None and event.author.is_brand


def _is_somebody_elses(event: MessageEdited, record: MessageRecord) -> bool:
    """Some networks let anybody send an edit of anything (Matrix) and leave it to readers to look who it is from."""
    if event.author is None or record.conversation is None:
        return False
    return event.author.key.author != record.conversation.author


def deleted(work: Work, event: MessageDeleted) -> Disposition:
    """Tell the agent, and never answer what is gone."""
    record = work.runtime.stores.cases.find_message(event.key)
    if record is not None and record.deleted_at is not None:
        return work.finish(Outcome.REMOVED_BY_AUTHOR, "known already")
    gone = replace(record or MessageRecord(message=event.key.message), deleted_at=event.deleted_at)
    remember = RememberMessage(key=event.key, record=gone, unchanged=True)
    if record is None or record.case is None:
        return work.finish(Outcome.REMOVED_BY_AUTHOR, "deleted before its message came", remember)
    kept = find_waiting(work.runtime, record)
    if kept is not None:
        keeper, entry = kept
        outcome = Disposition(outcome=Outcome.REMOVED_BY_AUTHOR, reason="deleted while it waited", case=keeper.id)
        return change_waiting(work, keeper, replace(entry, deleted=True), outcome, remember)
    case = living_case(work.runtime, record.case)
    ours = record.delivery is not None or record.native
    comment = note(compose.deleted_note(ours), entry_id(work.envelope.key))
    if not ours and work.runtime.policy.redact_deleted:
        strike_message(work.runtime, case, record, event.key)
    tell_ticket(work.runtime, case, comment, look_first=work.resumed)
    outcome = Disposition(outcome=Outcome.REMOVED_BY_AUTHOR, case=case.id, ticket=case.ticket)

    save_case(
        work.runtime,
        case,
        lambda fresh: with_message_gone(fresh, event.key),
        lambda saved: (work.complete(outcome), remember),
    )
    return outcome
