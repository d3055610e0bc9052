"""Commands by which an agent decides who a ticket's customer is: /link, /unlink, /not-a-customer.

A decision outweighs everything that was found. It is one commit: what is remembered of the author, the case's match,
and a job that carries it everywhere else. Doing it again changes nothing; one that another decision came after is left
alone, because a ticket may be read again from before both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.core.case import Case
from chalicelib.core.commands import Command
from chalicelib.core.ids import AuthorKey, ContactRef
from chalicelib.core.jobs import Lesson, SpreadDecision
from chalicelib.core.people import Author, Contact, ContactMatch, Identity, Rejection, Verdict
from chalicelib.core.placing import told_by
from chalicelib.core.ticket import AgentReply
from chalicelib.core.who import (
    as_suggested,
    decided_match,
    last_decision,
    linked_note,
    match_lines,
    no_customer,
    not_customer_note,
    people,
    unlinked_note,
    with_suggested,
)
from chalicelib.pipeline.match import Asked, look_up, ruled_out
from chalicelib.pipeline.resolving import Unclear, resolve
from chalicelib.pipeline.work import save_case
from chalicelib.pipeline.write_back import spread_due
from chalicelib.ports.identities import KnownAuthor
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import RememberIdentity, Write
from chalicelib.ports.writes import ForgetIdentity, ForgetRejection, RememberRejection

DECISIONS = frozenset({"/link", "/unlink", "/not-a-customer"})
UNNAMED = "unknown:"
"""How the id begins of an author whom the platform withholds: nobody can be remembered by it."""
MOST_AUTHORS = 4
MOST_TAKEN_BACK = 10
MOST_GONE = 2
LATER = "Another decision on who this customer is was made after this note: it stands."
NOT_LINKED = "This ticket is linked to no customer record."


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One command on one ticket. ``known``: what was remembered of its authors before."""

    runtime: Runtime
    case: Case
    reply: AgentReply
    command: Command
    authors: tuple[Author, ...]
    known: dict[AuthorKey, KnownAuthor]

    @property
    def by(self) -> str:
        return self.reply.agent.name or f"agent {self.reply.agent.id}"

    @property
    def why(self) -> str:
        """Names the note, so that the same command is known when it is read again."""
        return f"{self.command.name} in note {self.reply.key} on ticket {self.reply.ticket}"

    @property
    def main(self) -> KnownAuthor:
        """Of the one who wrote last."""
        return self.known[self.authors[0].key]

    def others(self) -> list[Author]:
        """Who else writes on the ticket."""
        mine = {item.key for item in self.authors}
        found = {item.author.key: item.author for item in self.case.conversations if item.author.key not in mine}
        return list(found.values())

    def people(self, authors: Sequence[Author]) -> str:
        """Their names, for notes."""
        platforms = {item.key.platform for item in authors}
        return people(authors, {item: self.runtime.connectors.platform_spec(item).title for item in platforms})

    def spread(self, **what: object) -> Write:
        """The job that carries it on."""
        keys = tuple(item.key for item in self.authors)
        job = SpreadDecision(case=self.case.id, authors=keys, at=self.reply.written_at, **what)  # type: ignore[arg-type]
        return spread_due(job, self.runtime.clock.now())


def decide(runtime: Runtime, case: Case, reply: AgentReply, command: Command) -> tuple[Case, str]:
    """Carry out one command; the case after it, and the note that answers. Raises RetryableError."""
    authors = same_person(case)
    if command.name == "/unlink":
        authors = _held_for(runtime, case, authors)
    known = {item.key: runtime.stores.identities.know(item.key) for item in authors}
    decision = Decision(runtime=runtime, case=case, reply=reply, command=command, authors=authors, known=known)
    repeated = _repeated(decision)
    if repeated is not None:
        return case, repeated
    return _CARRIED_OUT[command.name](decision)


def same_person(case: Case) -> tuple[Author, ...]:
    """Whoever wrote last on the ticket, and their other ids: a private reply of ours ties two. Others who were joined
    or merged into the ticket may be somebody else."""
    latest = case.latest.author
    found = {latest.key: latest}
    for _ in case.conversations:
        for talk in case.conversations:
            if talk.same_as is not None and (talk.same_as in found or talk.author.key in found):
                found.setdefault(talk.author.key, talk.author)
                other = next((item.author for item in case.conversations if item.author.key == talk.same_as), None)
                if other is not None:
                    found.setdefault(other.key, other)
    return tuple(found.values())[:MOST_AUTHORS]


def _held_for(runtime: Runtime, case: Case, authors: tuple[Author, ...]) -> tuple[Author, ...]:
    """For /unlink also those who came to the ticket because they were held for the same customer."""
    contact = case.match.contact
    if contact is None:
        return authors
    found = {item.key: item for item in authors}
    for talk in case.conversations:
        if talk.author.key not in found:
            identity = runtime.stores.identities.find_identity(talk.author.key)
            if identity is not None and identity.contact == contact.ref:
                found[talk.author.key] = talk.author
    return tuple(found.values())[:MOST_AUTHORS]


def _repeated(decision: Decision) -> str | None:
    """The answer to a command that was carried out before, or that a later decision overtook; None: it is new."""
    known, at = decision.main, decision.reply.written_at
    last = last_decision(known.identity, known.rejections)
    if last is None or last < at:
        return None
    if last > at:
        return LATER
    identity = known.identity
    if identity is not None and identity.why == decision.why:
        contact = decision.case.match.contact or Contact(ref=identity.contact, name=identity.contact_name)
        return _linked_words(decision, contact)
    for rejection in known.rejections:
        if rejection.why == decision.why:
            if rejection.contact is None:
                return not_customer_note(decision.people(decision.authors))
            return _unlinked_words(decision, [rejection], decision.case)
    return None


# -- /link -------------------------------------------------------------------------------------------------------------


def _link(decision: Decision) -> tuple[Case, str]:
    runtime, case = decision.runtime, decision.case
    account = runtime.stores.directory.get_account(case.latest.key.thread.account)
    found = resolve(runtime, case, account.crms, decision.command.argument)
    if isinstance(found, Unclear):
        return case, found.why
    match = decided_match(found, _identity(decision, decision.authors[0], found))
    before = case.match.contact
    gone = _gone(decision, found.ref)
    writes: list[Write] = []
    for author in decision.authors:
        if not _is_unnamed(author):
            writes.append(RememberIdentity(identity=_identity(decision, author, found)))
    writes += _reconsidered(decision, found.ref)
    shown = [item.contact.ref for item in case.match.candidates]
    wrong = [item for item in (*shown, *([before.ref] if before else [])) if item != found.ref]
    lessons = (Lesson(contact=found.ref, is_same=True), *(Lesson(contact=item, is_same=False) for item in wrong))
    writes.append(decision.spread(linked=found.ref, gone=gone, lessons=lessons))
    saved = _saved(decision, match, writes)
    return saved, _linked_words(decision, found)


def _reconsidered(decision: Decision, linked: ContactRef) -> list[Write]:
    """What was ruled out before is so no more; as much of it as fits the commit, what matters first."""
    ruled = [(author, item) for author, known in decision.known.items() for item in known.rejections]
    ruled.sort(key=lambda pair: pair[1].contact not in (None, linked))
    return [ForgetRejection(author=author, contact=item.contact) for author, item in ruled[:MOST_TAKEN_BACK]]


def _identity(decision: Decision, author: Author, contact: Contact) -> Identity:
    return Identity(
        author=author.key,
        contact=contact.ref,
        contact_name=contact.name,
        decided_by=decision.by,
        decided_at=decision.reply.written_at,
        why=decision.why,
    )


def _linked_words(decision: Decision, contact: Contact) -> str:
    runtime = decision.runtime
    open_cases = runtime.stores.cases.find_open_by_contact(contact.ref).cases
    also = [str(item.ticket) for item in open_cases if item.ticket is not None and item.id != decision.case.id]
    terms = runtime.connectors.platform_spec(decision.authors[0].key.platform).capabilities.terms
    reminder = "" if terms.may_match_crm else f"Only if the customer told you themselves who they are. {terms.note}"
    who, others = decision.people(decision.authors), decision.people(decision.others())
    return linked_note(who, contact, sorted(also), others, reminder)


# -- /unlink and /not-a-customer ---------------------------------------------------------------------------------------


def _unlink(decision: Decision) -> tuple[Case, str]:
    case, at = decision.case, decision.reply.written_at
    gone = _gone(decision, None)
    refused = [item for known in decision.known.values() for item in known.rejections if item.contact is None]
    if not gone and not refused:
        return case, "\n".join([NOT_LINKED, *match_lines(case.match, case.suggested)])
    writes: list[Write] = [ForgetRejection(author=item.author) for item in refused]
    rejections = []
    for author in decision.authors:
        for contact in gone:
            name = _name_of(decision, contact)
            rejection = Rejection(
                author=author.key,
                decided_by=decision.by,
                decided_at=at,
                why=decision.why,
                contact=contact,
                contact_name=name,
            )
            rejections.append(rejection)
            writes.append(RememberRejection(rejection=rejection))
        writes.append(ForgetIdentity(author=author.key))
    lessons = tuple(Lesson(contact=item, is_same=False) for item in gone)
    writes.append(decision.spread(gone=gone, lessons=lessons))
    excluded = ruled_out(decision.main) | frozenset(gone)
    saved = _saved(decision, _who_else(decision, excluded), writes)
    return saved, _unlinked_words(decision, rejections, saved)


def _unlinked_words(decision: Decision, rejections: list[Rejection], case: Case) -> str:
    names = list(dict.fromkeys(f"{item.contact_name or 'the record'}, {item.contact}" for item in rejections))
    if not names:
        return "\n".join(["Taken back: they may be a customer.", *match_lines(case.match, case.suggested)])
    return unlinked_note(decision.people(decision.authors), names, case.match, case.suggested)


def _who_else(decision: Decision, excluded: frozenset[ContactRef]) -> ContactMatch:
    """Who they may be instead: for the agent to decide."""
    runtime, talk = decision.runtime, decision.case.latest
    account = runtime.stores.directory.get_account(talk.key.thread.account)
    spec = runtime.connectors.platform_spec(account.key.platform)
    asked = Asked(account=account, spec=spec, author=talk.author, told=told_by(decision.case, talk.author.key))
    return as_suggested(look_up(runtime, asked, excluded))


def _not_a_customer(decision: Decision) -> tuple[Case, str]:
    gone = _gone(decision, None)
    writes: list[Write] = []
    rejection = None
    for author in decision.authors:
        rejection = Rejection(
            author=author.key, decided_by=decision.by, decided_at=decision.reply.written_at, why=decision.why
        )
        writes += [RememberRejection(rejection=rejection), ForgetIdentity(author=author.key)]
    assert rejection is not None
    wrong = dict.fromkeys((*gone, *(item.contact.ref for item in decision.case.match.candidates)))
    lessons = tuple(Lesson(contact=item, is_same=False) for item in wrong)
    writes.append(decision.spread(gone=gone, lessons=lessons))
    return _saved(decision, no_customer(rejection), writes), not_customer_note(decision.people(decision.authors))


# -- what they share ---------------------------------------------------------------------------------------------------


def _is_unnamed(author: Author) -> bool:
    return author.key.author.startswith(UNNAMED)


def _gone(decision: Decision, linked: ContactRef | None) -> tuple[ContactRef, ...]:
    """The contacts that these authors were held for, and are not."""
    contact = decision.case.match.contact
    held = [contact.ref] if contact is not None and decision.case.match.verdict is Verdict.LINKED else []
    held += [known.identity.contact for known in decision.known.values() if known.identity is not None]
    return tuple(item for item in dict.fromkeys(held) if item != linked)[:MOST_GONE]


def _name_of(decision: Decision, contact: ContactRef) -> str:
    match = decision.case.match
    if match.contact is not None and match.contact.ref == contact:
        return match.contact.name
    identities = [known.identity for known in decision.known.values() if known.identity is not None]
    return next((item.contact_name for item in identities if item.contact == contact), "")


def _saved(decision: Decision, match: ContactMatch, writes: list[Write]) -> Case:
    def change(fresh: Case) -> Case:
        return replace(fresh, match=match, suggested=with_suggested(fresh.suggested, match))

    return save_case(decision.runtime, decision.case, change, lambda saved: tuple(writes))


_CARRIED_OUT = {"/link": _link, "/unlink": _unlink, "/not-a-customer": _not_a_customer}
