"""Stage: somebody goes by another id from now on (a new phone number, a new business-scoped id): what is known follows.

Everything moves: the contact, what agents ruled out, the helpdesk's persons, open conversations, the CRM's record.
Under the old id nothing stays: a phone number may be somebody else's tomorrow.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.case import Case, CaseState, Conversation
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.events import AuthorIdChanged
from chalicelib.core.ids import ConversationKey, MessageKey, ThreadId
from chalicelib.core.jobs import SpreadDecision
from chalicelib.core.people import Identity
from chalicelib.pipeline.answering import follows
from chalicelib.pipeline.work import Work, save_case
from chalicelib.pipeline.write_back import spread_due
from chalicelib.ports.identities import KnownAuthor
from chalicelib.ports.stores import RememberIdentity, RememberPerson, Write
from chalicelib.ports.writes import ForgetIdentity, ForgetPerson, ForgetRejection, RememberRejection

MOST_MOVED = 3
"""Of what agents ruled out, and of persons: as many as surely fit one commit. There is hardly ever more than one."""


def id_changed(work: Work, event: AuthorIdChanged) -> Disposition:
    """Conversations first, each case by itself; then all the rest in the commit that completes the event: whatever
    stops in between is done again."""
    stores = work.runtime.stores
    cases = stores.cases.find_by_author(event.old)
    moved = [case for case in cases if case.state is not CaseState.CLOSED and _follows(work, case, event)]
    known, new = stores.identities.know(event.old), stores.identities.know(event.new)
    identity = _identity(event, known, new)
    writes = [*_moves(event, known, new), *([RememberIdentity(identity=identity)] if identity else [])]
    if known.identity is not None and cases:
        contact = (new.identity or known.identity).contact
        job = SpreadDecision(
            case=(moved or list(cases))[0].id,
            authors=(event.new, event.old),
            at=event.at,
            linked=contact,
            gone=(known.identity.contact,),
        )
        writes.append(spread_due(job, work.runtime.clock.now()))
    reason = f"author id changed: {len(moved)} conversations follow" if moved else "author id changed"
    return work.finish(Outcome.NOISE, reason, *writes)


def _identity(event: AuthorIdChanged, known: KnownAuthor, new: KnownAuthor) -> Identity | None:
    """The link under the new id; what is known of that already stays."""
    if known.identity is None or new.identity is not None:
        return None
    why = f"{known.identity.why} (the id changed on {event.at:%Y-%m-%d})"
    return replace(known.identity, author=event.new, why=why)


def _moves(event: AuthorIdChanged, known: KnownAuthor, new: KnownAuthor) -> list[Write]:
    writes: list[Write] = [ForgetIdentity(author=event.old)] if known.identity is not None else []
    for rejection in known.rejections[-MOST_MOVED:]:
        writes.append(ForgetRejection(author=event.old, contact=rejection.contact))
        if new.identity is None:
            writes.append(RememberRejection(rejection=replace(rejection, author=event.new)))
    held = {item.helpdesk for item in new.persons}
    for person in known.persons[:MOST_MOVED]:
        writes.append(ForgetPerson(author=event.old, helpdesk=person.helpdesk))
        if person.helpdesk not in held:
            writes.append(RememberPerson(author=event.new, person=person))
    return writes


def _follows(work: Work, case: Case, event: AuthorIdChanged) -> bool:
    """Let the author's conversations on `case` go on under the new id. One that has a case of its own by now stays
    where it is."""
    renamed: dict[ConversationKey, Conversation] = {}
    for talk in case.conversations:
        if talk.author.key != event.old:
            continue
        key = _key(talk.key, event)
        message = MessageKey(account=talk.key.thread.account, message=talk.last_message)
        home = work.runtime.stores.cases.snapshot(key, message).case
        if home is None or home.id == case.id:
            renamed[talk.key] = replace(talk, key=key, author=replace(talk.author, key=event.new))
    if not renamed:
        return False

    def change(fresh: Case) -> Case:
        there = {item.key for item in fresh.conversations}
        kept = [
            item
            for talk in fresh.conversations
            if (item := renamed.get(talk.key, talk)).key == talk.key or item.key not in there
        ]
        asked = follows(fresh.asked, {old: talk.key for old, talk in renamed.items()}, event.new)
        return replace(fresh, conversations=tuple(kept), asked=asked)

    save_case(work.runtime, case, change, lambda saved: ())
    return True


def _key(key: ConversationKey, event: AuthorIdChanged) -> ConversationKey:
    """Where private chats are named after the customer, the thread has another id too."""
    thread = key.thread
    if str(thread.thread) == str(event.old.author):
        thread = replace(thread, thread=ThreadId(event.new.author))
    return ConversationKey(thread=thread, author=event.new.author)
