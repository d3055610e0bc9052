"""Stage: a customer filled in the form behind our link: checked against the CRM, told to the agents, to nobody else.

A link is good for one answer: the ledger knows its event by the link alone, so that a second answer is a repetition.
What was filled in is written to the ticket, for the agent, and kept nowhere else; what matched becomes the match of
the case.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.asking import BY_ANSWER, answered_note, late_answer_note, may_be_asked, thanks_key
from chalicelib.core.case import Case, Conversation, Route
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.errors import CareloopError, NotFoundError, UnavailableError
from chalicelib.core.events import IdentityClaimed, Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, CommentId
from chalicelib.core.links import Told
from chalicelib.core.matching import contact_keys, normalise_email, normalise_number, normalise_phone
from chalicelib.core.matching.types import Claim, Direction
from chalicelib.core.people import Author, Clue, ClueKind, ContactMatch, Evidence, Verdict
from chalicelib.core.questions import Asked, Asking, filled, text_in
from chalicelib.core.ticket import Agent, AgentReply
from chalicelib.core.who import as_suggested, with_suggested
from chalicelib.pipeline.match import Asked as Sought
from chalicelib.pipeline.match import identity_of, is_incomplete, look_up, match_detail, ruled_out
from chalicelib.pipeline.posting import post_reply
from chalicelib.pipeline.work import Work, entry_id, living_case, note, save_case, tell_ticket
from chalicelib.pipeline.write_back import crm_due
from chalicelib.ports.stores import RememberIdentity, Write
from chalicelib.ports.writes import SaveAsking

_NOBODY = "(customer's own answer)"
"""In place of a platform: what was filled in is compared, nothing that the platform knows of its author."""
TOLD_US = "their answer to our question"


def identity_claimed(work: Work, event: IdentityClaimed) -> Disposition:
    """Deal with one answer. What is late, repeated or of no question of ours changes nothing."""
    cases = work.runtime.stores.cases
    try:
        case = cases.get_case(event.case)
    except NotFoundError:
        return work.finish(Outcome.NOISE, "an answer to no case of ours")
    asked = case.asked
    if asked is None or not asked.token or asked.token != event.token or asked.answered:
        return work.finish(Outcome.NOISE, "an answer to an earlier question", case=case)
    if event.at >= asked.expires_at:
        return work.finish(Outcome.NOISE, "an answer after the link had ended", case=case)
    case = living_case(work.runtime, case.id)
    asking = work.runtime.stores.identities.find_asking(asked.author) or Asking(author=asked.author)
    refused = may_be_asked(asking, work.runtime.policy.ask_most_wrong)
    if refused is not None or case.match.verdict is Verdict.LINKED:
        body = late_answer_note(refused)
        tell_ticket(work.runtime, case, note(body, entry_id(work.envelope.key)), look_first=work.resumed)
        return work.finish(Outcome.NOISE, "not checked", case=case)
    match = _checked(work, asked, event)
    suggested = with_suggested(case.suggested, match)
    body = answered_note(asked, match, event.values, suggested)
    tell_ticket(work.runtime, case, note(body, entry_id(work.envelope.key)), look_first=work.resumed)
    _thank(work, case, asked)
    return _record(work, case, asked, asking, match)


def _checked(work: Work, asked: Asked, event: IdentityClaimed) -> ContactMatch:
    """By what was filled in alone: also where the platform's terms forbid to match, it was told to us directly. Raises
    UnavailableError when a CRM could not be asked and the others do not tell."""
    claims = claims_of_form(event, work.runtime.policy.default_region)
    terms = replace(work.spec.capabilities.terms, may_match_crm=True)
    spec = replace(work.spec, capabilities=replace(work.spec.capabilities, terms=terms))
    person = Author(
        key=AuthorKey(platform=_NOBODY, author=AuthorId(event.token)), display_name=event.values.get("name") or None
    )
    excluded = ruled_out(work.runtime.stores.identities.know(asked.author))
    sought = Sought(account=work.account, spec=spec, author=person, told=claims)
    match = look_up(work.runtime, sought, excluded) if claims else ContactMatch(verdict=Verdict.UNKNOWN)
    if is_incomplete(match):
        raise UnavailableError("a CRM could not be asked", retry_after=60.0)
    if _names_somebody_else(work, sought, match):
        match = as_suggested(match)
    return replace(
        match,
        evidence=_as_told(match.evidence),
        candidates=tuple(replace(item, evidence=_as_told(item.evidence)) for item in match.candidates),
    )


def _names_somebody_else(work: Work, sought: Sought, match: ContactMatch) -> bool:
    """Whether one of several values is another contact's: who filled that in may be neither."""
    if match.verdict is not Verdict.LINKED or match.contact is None:
        return False
    theirs = contact_keys(match.contact)
    for claim in sought.told:
        if Clue(kind=claim.kind, value=claim.value).index_key in theirs:
            continue
        alone = look_up(work.runtime, replace(sought, told=(claim,), author=Author(key=sought.author.key)), frozenset())
        others = (alone.contact, *(item.contact for item in alone.candidates))
        if any(item is not None and item.ref != match.contact.ref for item in others):
            return True
    return False


def _as_told(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Also the name is theirs, not a profile's."""
    return tuple(replace(item, source=TOLD_US) for item in evidence)


def claims_of_form(event: IdentityClaimed, region: str) -> tuple[Claim, ...]:
    """What the form's values claim: the author's own, in private. Values of no known shape claim nothing."""
    found = (
        (ClueKind.EMAIL, normalise_email(event.values.get(Told.EMAIL, ""))),
        (ClueKind.PHONE, normalise_phone(event.values.get(Told.PHONE, ""), region)),
        (ClueKind.CUSTOMER_NUMBER, normalise_number(event.values.get(Told.NUMBER, ""))),
    )
    return tuple(
        Claim(kind=kind, value=value, direction=Direction.OWN, visibility=Visibility.PRIVATE, why="filled in by them")
        for kind, value in found
        if value
    )


def _record(work: Work, case: Case, asked: Asked, asking: Asking, match: ContactMatch) -> Disposition:
    """One commit: the answer is used up, the link to the contact or one wrong answer more."""
    runtime = work.runtime
    is_linked = match.verdict is Verdict.LINKED
    record = replace(asking, wrong=0 if is_linked else asking.wrong + 1)

    def change(fresh: Case) -> Case:
        if fresh.asked is not None and fresh.asked.token == asked.token:
            fresh = replace(fresh, asked=replace(fresh.asked, answered=True))
        fresh = replace(fresh, suggested=with_suggested(fresh.suggested, match))
        return replace(fresh, match=match) if is_linked and fresh.match.verdict is not Verdict.LINKED else fresh

    def more(saved: Case) -> tuple[Write, ...]:
        identities = (identity_of(author, match, runtime) for author in _authors(saved, asked))
        return (
            work.complete(_answered(saved, match)),
            SaveAsking(asking=record),
            *(RememberIdentity(identity=replace(item, decided_by=BY_ANSWER)) for item in identities if item),
            *(crm_due(runtime, saved) if is_linked else ()),
        )

    return _answered(save_case(runtime, case, change, more), match)


def _answered(case: Case, match: ContactMatch) -> Disposition:
    reason = "identified by their own answer" if match.verdict is Verdict.LINKED else "their answer did not match"
    return Disposition(
        outcome=Outcome.APPENDED, reason=reason, case=case.id, ticket=case.ticket, detail=match_detail(match)
    )


def _authors(case: Case, asked: Asked) -> list[Author]:
    """Who was asked, by all the ids that this person has on the case: in public and in private they may differ."""
    found = [item.author for item in case.conversations if _is_theirs(item, asked)]
    return list({item.key: item for item in found}.values())


def _is_theirs(conversation: Conversation, asked: Asked) -> bool:
    return asked.author in (conversation.author.key, conversation.same_as) or conversation.key == asked.conversation


def _thank(work: Work, case: Case, asked: Asked) -> None:
    """The same words whatever came of it, where the policy has some. Best effort: the answer counts without."""
    text = text_in(work.runtime.policy.ask_thanks_texts, {}, asked.language)
    conversation = case.conversation(asked.conversation)
    if not text or conversation is None or case.ticket is None:
        return
    reply = AgentReply(
        key=CommentId(thanks_key(asked.key)),
        ticket=case.ticket,
        agent=Agent(id=asked.by),
        visibility=Visibility.PUBLIC,
        written_at=asked.at,
        text=filled(text, brand=work.runtime.policy.brand_name or work.account.title),
    )
    alone = replace(case, conversations=(conversation,), route=Route.PRIVATE)
    try:
        post_reply(work.runtime, alone, reply, private_only=True)
    except CareloopError as error:
        work.runtime.telemetry.log("asking", "not_thanked", case=case.id, error_code=error.code)
