"""Stage: ask the customer of a case who they are: in private, once, by an agent's command or by itself.

The question is recorded with its case before it is sent, so that every attempt sends the very same words; it leaves by
the same way as agents' replies, and never into a public thread: where there is no private way, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.core.account import Account
from chalicelib.core.asking import (
    CARELOOP,
    Wish,
    ask_key,
    asked_note,
    may_be_asked,
    not_asked_note,
    read_wish,
    token_of,
    unknown_question_note,
)
from chalicelib.core.case import Case, CaseState, Conversation, Route
from chalicelib.core.errors import ConfigurationError, ConflictError, NotFoundError
from chalicelib.core.events import InboundMessage, Visibility
from chalicelib.core.guard import Hold
from chalicelib.core.ids import CommentId
from chalicelib.core.jobs import AskCustomer, DueItem, JobEnvelope
from chalicelib.core.links import PATH, IdentityLink, Told, write_token
from chalicelib.core.people import Verdict
from chalicelib.core.questions import (
    LINK_TEXTS,
    QUESTION_TEXTS,
    AskBy,
    Asked,
    Asking,
    AskInPrivate,
    filled,
    language_of,
    text_in,
)
from chalicelib.core.ticket import Agent, AgentReply
from chalicelib.pipeline.posting import Posted, post_reply
from chalicelib.pipeline.work import Work, entry_id, note, save_case, tell_ticket
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import Level, PlatformSpec
from chalicelib.ports.stores import RemoveDue, SaveDue, Write
from chalicelib.ports.writes import SaveAsking

OWN_ENTRY = "careloop"
"""In place of an agent's entry, for what Careloop asks by itself: once on each case."""
SIGNING, ADDRESS = "signing_secret", "address"
"""Fields of what signs links: the secret, and where our API is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Whom to ask, and where."""

    conversation: Conversation
    account: Account
    spec: PlatformSpec


def ask_by_command(runtime: Runtime, case: Case, entry: AgentReply, argument: str) -> tuple[Case, str]:
    """An agent's /ask: the case afterwards, and the note for the ticket. Raises RetryableError."""
    wish = read_wish(argument)
    if wish.problem:
        return case, wish.problem
    return _ask(runtime, case, entry=entry.key, by=entry.agent.name or entry.agent.id, wish=wish)


def ask_later(work: Work, event: InboundMessage, case: Case) -> tuple[Write, ...]:
    """For a new case of somebody unknown, where Careloop asks by itself: the job, kept with the case."""
    unknown = case.match.verdict is not Verdict.LINKED and case.match.note is None
    if work.runtime.policy.ask_in_private != AskInPrivate.WHEN_UNKNOWN or not unknown or not work.account.crms:
        return ()
    job = AskCustomer(case=case.id, language=event.language or "")
    return (SaveDue(due=DueItem(id=f"ask|{case.id}", at=work.runtime.clock.now(), job=job)),)


def ask_unknown(runtime: Runtime, envelope: JobEnvelope) -> None:
    """Job: ask by itself, if it is still to be asked. Raises leaves; the next minute tries again."""
    job = envelope.job
    assert isinstance(job, AskCustomer)
    try:
        case = runtime.stores.cases.get_case(job.case)
    except NotFoundError:
        _forget(runtime, envelope)
        return
    if case.state is CaseState.OPENING:
        raise ConflictError("the ticket is being created")
    target = _target(runtime, case)
    if not isinstance(target, Hold) and _is_due(runtime, case, target):
        wish = Wish(language=language_of(job.language, region="") if job.language else None)
        case, body = _ask(runtime, case, entry=OWN_ENTRY, by=CARELOOP, wish=wish)
        tell_ticket(runtime, case, note(body, entry_id(case.id, "asked")), look_first=True)
    _forget(runtime, envelope)


def _forget(runtime: Runtime, envelope: JobEnvelope) -> None:
    if envelope.due is not None:
        runtime.stores.transactions.commit(RemoveDue(due=envelope.due))


def _is_due(runtime: Runtime, case: Case, target: _Target) -> bool:
    """Whether Careloop is to ask by itself, or has begun to. Where it may not, nobody is told: agents did not ask."""
    if case.asked is not None:
        return case.asked.key == ask_key(OWN_ENTRY)
    policy, now = runtime.policy, runtime.clock.now()
    if policy.ask_in_private != AskInPrivate.WHEN_UNKNOWN or case.state is not CaseState.OPEN or target.account.paused:
        return False
    asking = _asking(runtime, target)
    if asking.asked_at is not None and now < asking.asked_at + policy.ask_again_after:
        return False
    return _refusal(runtime, case, target, asking) is None


# -- one question ------------------------------------------------------------------------------------------------------


def _ask(runtime: Runtime, case: Case, *, entry: str, by: str, wish: Wish) -> tuple[Case, str]:
    """Record the question unless that is done, send it, record what became of it."""
    target = _target(runtime, case)
    key = ask_key(entry)
    if case.asked is None or case.asked.key != key:
        held = target if isinstance(target, Hold) else _begin(runtime, case, target, key, by, wish)
        if isinstance(held, Hold):
            return case, not_asked_note(_title(runtime, case), held)
        case = held
    asked = case.asked
    assert asked is not None
    posted = _send(runtime, case, asked)
    case = _settle(runtime, case, asked, posted)
    title = _title(runtime, case)
    if posted.parked:
        return case, unknown_question_note(title)
    if not posted.sent:
        return case, posted.note
    return case, asked_note(asked, title, posted.note)


def _begin(runtime: Runtime, case: Case, target: _Target, key: str, by: str, wish: Wish) -> Case | Hold:
    policy, now = runtime.policy, runtime.clock.now().replace(microsecond=0)
    asking = _asking(runtime, target)
    how = wish.how or AskBy(policy.ask_by)
    refused = _refusal(runtime, case, target, asking)
    if refused is None and how is AskBy.LINK:
        refused = _no_links(runtime)
    if refused is not None:
        return refused
    author = target.conversation.author
    asked = Asked(
        key=key,
        author=author.key,
        conversation=target.conversation.key,
        how=how,
        by=by,
        at=now,
        expires_at=now + policy.ask_expires,
        language=wish.language or language_of(author.locale, region=policy.default_region),
        token=token_of(case.id, author.key, key) if how is AskBy.LINK else "",
    )
    record = replace(asking, asked_at=now)
    return save_case(
        runtime, case, lambda fresh: replace(fresh, asked=asked), lambda saved: (SaveAsking(asking=record),)
    )


def _send(runtime: Runtime, case: Case, asked: Asked) -> Posted:
    """By the way of agents' replies, with nowhere to go but the private one of this very person."""
    conversation = case.conversation(asked.conversation)
    if conversation is None or case.ticket is None:
        raise ConflictError("the case changed while its customer was to be asked", retry_after=5.0)
    alone = replace(case, conversations=(conversation,), route=Route.PRIVATE)
    reply = AgentReply(
        key=CommentId(asked.key),
        ticket=case.ticket,
        agent=Agent(id=asked.by),
        visibility=Visibility.PUBLIC,  # to the customer, that is; where it goes is decided by `private_only`
        written_at=asked.at,
        text=_words(runtime, case, asked),
    )
    return post_reply(runtime, alone, reply, private_only=True)


def _settle(runtime: Runtime, case: Case, asked: Asked, posted: Posted) -> Case:
    """Where the answer will come; and a question that never left counts for nothing."""
    if posted.sent and posted.opened is not None and posted.opened.key != asked.conversation:
        stands = posted.opened.key
        return _change(runtime, case, asked.key, lambda known: replace(known, conversation=stands))
    if posted.sent or posted.parked or asked.refused:
        return case
    return _change(runtime, case, asked.key, lambda known: replace(known, refused=True))


def _change(runtime: Runtime, case: Case, key: str, change: Callable[[Asked], Asked]) -> Case:
    def changed(fresh: Case) -> Case:
        if fresh.asked is None or fresh.asked.key != key:
            return fresh
        return replace(fresh, asked=change(fresh.asked))

    return save_case(runtime, runtime.stores.cases.get_case(case.id), changed, lambda saved: ())


def _words(runtime: Runtime, case: Case, asked: Asked) -> str:
    policy = runtime.policy
    account = runtime.stores.directory.get_account(asked.conversation.thread.account)
    brand = policy.brand_name or account.title
    if asked.how is AskBy.QUESTION:
        text = text_in(policy.ask_question_texts, QUESTION_TEXTS, asked.language)
        return filled(text, brand=brand)
    signing = runtime.link_signing()
    link = IdentityLink(
        token=asked.token,
        account=account.key,
        case=case.id,
        expires_at=asked.expires_at,
        language=asked.language,
        fields=tuple(Told(item) for item in policy.ask_for),
        brand=brand,
    )
    address = f"{signing[ADDRESS].rstrip('/')}{PATH}{write_token(link, signing[SIGNING])}"
    hours = max(1, round((asked.expires_at - asked.at).total_seconds() / 3600))
    return filled(text_in(policy.ask_link_texts, LINK_TEXTS, asked.language), brand=brand, link=address, hours=hours)


# -- may it be asked, and where ----------------------------------------------------------------------------------------


_BY_HAND = "Find out in another way who it is, if you need to know."


def _refusal(runtime: Runtime, case: Case, target: _Target, asking: Asking) -> Hold | None:
    policy = runtime.policy
    if policy.ask_in_private == AskInPrivate.NEVER:
        return Hold(code="policy", reason="your company does not ask (policy ask_in_private)", advice=_BY_HAND)
    if case.match.verdict is Verdict.LINKED and case.match.contact is not None:
        advice = "If that is wrong: /unlink in an internal note, then /ask."
        return Hold(code="known", reason=f"they are known: {case.match.contact.name}", advice=advice)
    if not target.account.crms or not policy.crm_may_match:
        return Hold(code="no_crm", reason="there is no CRM to check an answer against", advice=_BY_HAND)
    return may_be_asked(asking, policy.ask_most_wrong)


def _no_links(runtime: Runtime) -> Hold | None:
    try:
        signing = runtime.link_signing()
    except ConfigurationError:
        signing = {}
    if signing.get(SIGNING) and signing.get(ADDRESS):
        return None
    return Hold(
        code="no_links",
        reason="links are not set up",
        advice="Ask your administrator to run: careloop links set-up. Until then: /ask question",
    )


def _target(runtime: Runtime, case: Case) -> _Target | Hold:
    """The private conversation of who wrote last, the newest whose window is open; else a private answer to what they
    wrote in public, where the platform has that."""
    latest = case.latest
    here = _at(runtime, latest)
    own = [_at(runtime, item) for item in case.conversations if _is_same_person(item, latest)]
    private = [
        item for item in own if item.conversation.visibility is Visibility.PRIVATE and item.spec.level >= Level.REPLIES
    ]
    private.sort(key=lambda item: (_is_open(runtime, item), item.conversation.last_message_at))
    public = latest.visibility is not Visibility.PRIVATE
    can_reply = public and here.spec.capabilities.private_reply and here.spec.level >= Level.REPLIES
    if private and (not can_reply or _is_open(runtime, private[-1])):
        return private[-1]
    if can_reply:
        return here
    return Hold(
        code="no_private_way",
        reason=f"{here.spec.title} has no private answer to this message by API",
        advice="In public you can ask them to write to us in private; in public nobody is asked for their data.",
    )


def _at(runtime: Runtime, conversation: Conversation) -> _Target:
    account = runtime.stores.directory.get_account(conversation.key.thread.account)
    spec = runtime.connectors.platform_spec(account.key.platform)
    return _Target(conversation=conversation, account=account, spec=spec)


def _is_same_person(conversation: Conversation, latest: Conversation) -> bool:
    key = latest.author.key
    return key in (conversation.author.key, conversation.same_as) or latest.same_as == conversation.author.key


def _is_open(runtime: Runtime, target: _Target) -> bool:
    window = target.spec.capabilities.reply_window
    return window is None or runtime.clock.now() - target.conversation.last_message_at <= window


def _asking(runtime: Runtime, target: _Target) -> Asking:
    author = target.conversation.author.key
    return runtime.stores.identities.find_asking(author) or Asking(author=author)


def _title(runtime: Runtime, case: Case) -> str:
    return runtime.connectors.platform_spec(case.latest.key.thread.account.platform).title
