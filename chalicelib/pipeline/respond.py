"""A hint -> what agents wrote on that ticket -> the social thread. Whatever the hint says, the ticket is read."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core import compose
from chalicelib.core.account import ConnectionKind
from chalicelib.core.asking import is_question
from chalicelib.core.case import Case, CaseState, Conversation, Route
from chalicelib.core.commands import Command, help_text, parse_command
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.core.errors import ConfigurationError, ConflictError, CredentialsError, NotFoundError
from chalicelib.core.events import Visibility, correlation_of, message_event_key
from chalicelib.core.ids import CaseId, CommentId, MessageKey, TicketId, TicketRef, digest
from chalicelib.core.jobs import HintEnvelope
from chalicelib.core.text.clean import html_to_text
from chalicelib.core.ticket import AgentReply, TicketActivity, TicketStatus
from chalicelib.pipeline.alarms import notice, of_connection
from chalicelib.pipeline.asking import ask_by_command
from chalicelib.pipeline.decide import DECISIONS, decide
from chalicelib.pipeline.merging import follow_merge
from chalicelib.pipeline.posting import Posted, post_reply
from chalicelib.pipeline.why import decision_lines, why_lines
from chalicelib.pipeline.work import entry_id, note, save_case, tell_ticket
from chalicelib.pipeline.write_back import crm_due
from chalicelib.ports.helpdesk import HelpdeskClient
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import Write

STATES = {
    TicketStatus.OPEN: CaseState.OPEN,
    TicketStatus.PENDING: CaseState.OPEN,
    TicketStatus.SOLVED: CaseState.SOLVED,
    TicketStatus.CLOSED: CaseState.CLOSED,
}


def respond(runtime: Runtime, envelope: HintEnvelope, *, resumed: bool) -> str:
    """Deal with everything new on one ticket; returns one word for the log. ``resumed``: an earlier attempt may have
    written notes. Raises RetryableError when it must come again."""
    try:
        return _respond(runtime, envelope, resumed=resumed)
    except (CredentialsError, ConfigurationError) as error:
        # what a platform refuses is dealt with part by part: this is the helpdesk's
        notice(runtime, of_connection(ConnectionKind.HELPDESK, envelope.helpdesk), error)
        raise


def _respond(runtime: Runtime, envelope: HintEnvelope, *, resumed: bool) -> str:
    ticket = TicketRef(helpdesk=envelope.helpdesk, ticket=TicketId(envelope.hint.ticket))
    case = runtime.stores.cases.find_by_ticket(ticket, guess=envelope.hint.case)
    if case is None or case.ticket is None:
        if _is_being_opened(runtime, envelope.hint.case):
            raise ConflictError("the ticket stands, its case is not recorded yet", retry_after=10.0)
        return "not_ours"
    runtime.telemetry.follow(_correlation(case))
    client = runtime.connectors.helpdesk(case.helpdesk)
    try:
        activity = client.fetch_activity(case.ticket, case.cursor)
    except NotFoundError:
        save_case(runtime, case, lambda fresh: replace(fresh, state=CaseState.CLOSED), lambda saved: ())
        return "ticket_gone"
    after: Case | None = None
    if activity.ticket != case.ticket:
        survivor = follow_merge(runtime, case, activity.ticket)
        if survivor.id != case.id:
            # the survivor's own case has a cursor of its own: what was left unread on either side is dealt with
            after = _entries(runtime, client, survivor, activity, envelope, resumed=resumed, merged=case)
            activity = client.fetch_activity(activity.ticket, survivor.cursor)
        case = survivor
    after = _entries(runtime, client, after or case, activity, envelope, resumed=resumed)
    _record(runtime, case, after, activity)
    return "done"


def _correlation(case: Case) -> str:
    """That of the customer's latest message: what was logged when it came in, and now that it is answered."""
    latest = case.latest
    message = MessageKey(account=latest.key.thread.account, message=latest.last_message)
    return correlation_of(message_event_key(message))


def _is_being_opened(runtime: Runtime, case: CaseId | None) -> bool:
    """Whether the hint's ticket is that of a case whose opening is under way, or waits for another attempt."""
    if case is None:
        return False
    try:
        return runtime.stores.cases.get_case(case).state is CaseState.OPENING
    except NotFoundError:
        return False


def _entries(
    runtime: Runtime,
    client: HelpdeskClient,
    case: Case,
    activity: TicketActivity,
    envelope: HintEnvelope,
    *,
    resumed: bool,
    merged: Case | None = None,
) -> Case:
    """Deal with every entry in order; the case as commands and replies leave it. ``merged``: the case whose ticket the
    entries stood on; what it began to post, it brings to its end, because that is where the deliveries are recorded."""
    posted = 0
    begun = {item.reply for item in runtime.stores.deliveries.deliveries(merged.id)} if merged else set()
    for reply in activity.replies:
        if merged is not None and reply.key in begun:
            _, done = _entry(runtime, client, merged, reply, resumed=resumed)
        else:
            case, done = _entry(runtime, client, case, reply, resumed=resumed)
        posted += done
    runtime.telemetry.log(
        "respond", "done", hint=envelope.correlation, case=case.id, replies=len(activity.replies), posted=posted
    )
    return case


def _entry(
    runtime: Runtime, client: HelpdeskClient, case: Case, reply: AgentReply, *, resumed: bool
) -> tuple[Case, int]:
    """One entry of an agent: a public reply is posted, a command in an internal note is carried out."""
    if reply.visibility is Visibility.PUBLIC:
        return _post(runtime, case, reply, resumed=resumed)
    command = parse_command(reply.text or html_to_text(reply.html))
    if command is None:
        return case, 0
    return _command(runtime, client, case, reply, command, resumed=resumed)


def _post(runtime: Runtime, case: Case, reply: AgentReply, *, resumed: bool, attempt: str = "") -> tuple[Case, int]:
    posted = post_reply(runtime, case, reply, attempt=attempt)
    report = entry_id(str(reply.ticket), reply.key, attempt, "report")
    tell_ticket(runtime, case, note(posted.note, report), look_first=resumed or posted.repeated)
    if posted.parked:
        runtime.stores.parking.park(_parked(runtime, case, reply, attempt))
    return _with_reply(runtime, case, reply, posted), int(posted.sent)


def _with_reply(runtime: Runtime, case: Case, reply: AgentReply, posted: Posted) -> Case:
    """The case after a reply: when it was answered, and the conversation that a private reply opened."""
    if not posted.sent:
        return case
    if case.last_customer_message_at is not None and not posted.repeated:
        waited = runtime.clock.now() - case.last_customer_message_at
        platform = case.latest.key.thread.account.platform
        runtime.telemetry.measure("seconds_to_reply", waited.total_seconds(), platform=platform)
    conversations = case.conversations
    if posted.opened is not None and case.conversation(posted.opened.key) is None:
        conversations = (*conversations, posted.opened)
    return replace(case, last_agent_reply_at=reply.written_at, conversations=conversations)


def _parked(runtime: Runtime, case: Case, reply: AgentReply, attempt: str) -> ParkedItem:
    name = "p-" + digest(str(reply.ticket), reply.key, attempt, length=16)
    return ParkedItem(
        id=name,
        reason=ParkReason.NEEDS_HUMAN,
        code="outcome_unknown",
        advice="Look whether the reply stands in the thread; if not, write an internal note with /retry on the ticket. "
        f"Then: careloop parked discard {name}",
        parked_at=runtime.clock.now(),
        account=str(case.latest.key.thread.account),
        case=case.id,
    )


def _command(
    runtime: Runtime, client: HelpdeskClient, case: Case, reply: AgentReply, command: Command, *, resumed: bool
) -> tuple[Case, int]:
    answer_id = entry_id(str(reply.ticket), reply.key, "command")
    if command.name == "/retry":
        last = _last_unposted(runtime, client, case)
        if last is not None:
            return _post(runtime, case, last, resumed=resumed, attempt=reply.key)
        body = "There is no refused or unsettled reply on this ticket to post again."
    elif command.name in ("/private", "/public"):
        private = command.name == "/private"
        case, body = _routed(runtime, case, private)
    elif command.name in DECISIONS:
        case, body = decide(runtime, case, reply, command)
    elif command.name == "/ask":
        case, body = ask_by_command(runtime, case, reply, command.argument)
    elif command.name == "/why":
        deliveries = runtime.stores.deliveries.deliveries(case.id)
        body = compose.why_note(case, why_lines(runtime, case), deliveries, decision_lines(runtime, case))
    else:
        body = help_text(None if command.known else command.name)
    # rare enough to look each time: another hint may have carried it out without moving the cursor
    tell_ticket(runtime, case, note(body, answer_id), look_first=True)
    return case, 0


def _routed(runtime: Runtime, case: Case, private: bool) -> tuple[Case, str]:
    account = runtime.stores.directory.get_account(case.latest.key.thread.account)
    spec = runtime.connectors.platform_spec(account.key.platform)
    has_private = any(item.visibility is Visibility.PRIVATE for item in case.conversations)
    public = [item for item in case.conversations if item.visibility is Visibility.PUBLIC]
    if not private and not public:
        return case, "The customer has written to us in private only: there is no public thread to answer in."
    if private and not has_private and not spec.capabilities.private_reply:
        # a reply may stand right behind the command, written before anybody could read this
        return replace(case, route=Route.PRIVATE), (
            f"{spec.title} has no private answer to a public message by API. Until you write /public, replies here are "
            "held: nothing goes public that was meant to be private. In public you can ask the customer to write to us "
            "in private; it will come to this ticket if we know them."
        )
    route = Route.PRIVATE if private else Route.PUBLIC
    return replace(case, route=route), compose.route_note(private, spec.title)


def _last_unposted(runtime: Runtime, client: HelpdeskClient, case: Case) -> AgentReply | None:
    """The last public reply none of whose attempts was posted, read again from the ticket."""
    unposted: dict[CommentId, bool] = {}
    for item in runtime.stores.deliveries.deliveries(case.id):
        unposted[item.reply] = item.status.value in ("refused", "unknown") and not is_question(item.reply)
    keys = [key for key, failed in unposted.items() if failed]
    if not keys or case.ticket is None:
        return None
    replies = client.fetch_activity(case.ticket, None).replies
    return next((item for item in reversed(replies) if item.key == keys[-1]), None)


def _record(runtime: Runtime, before: Case, after: Case, activity: TicketActivity) -> None:
    """Move the cursor once everything before it is dealt with; nothing to record: no write. When others changed what
    this read of the ticket would decide, the ticket is read again (ConflictError)."""
    state = STATES.get(activity.status, after.state)
    changed_at = activity.status_changed_at or runtime.clock.now()
    added, takes_over = _added(runtime, before, after)

    def change(fresh: Case) -> Case:
        moved = fresh.state is not state
        if moved and _as_read(fresh) != _as_read(before):
            raise ConflictError("the case changed while its ticket was read", retry_after=1.0)
        known = {item.key for item in fresh.conversations}
        return replace(
            fresh,
            cursor=activity.cursor if fresh.cursor == before.cursor else fresh.cursor,
            state=state,
            state_changed_at=changed_at if moved else fresh.state_changed_at,
            route=after.route if after.route is not before.route else fresh.route,
            last_agent_reply_at=after.last_agent_reply_at or fresh.last_agent_reply_at,
            conversations=(*fresh.conversations, *(item for item in added if item.key not in known)),
        )

    if change(before) != before:
        save_case(runtime, before, change, lambda saved: _news(runtime, before, saved), takes_over=takes_over)


def _news(runtime: Runtime, before: Case, saved: Case) -> tuple[Write, ...]:
    """A ticket that was solved or reopened is news for the CRM."""
    return crm_due(runtime, saved) if saved.state is not before.state else ()


def _as_read(case: Case) -> tuple[object, ...]:
    """What a read of the ticket may be older than: what customers wrote since, and what another read found."""
    return case.cursor, case.state, case.conversations


def _added(runtime: Runtime, before: Case, after: Case) -> tuple[list[Conversation], bool]:
    """The conversations that private replies opened, and whether they are to be taken over: from a case that has come
    to its end, never from one whose agents are talking there."""
    added, takes_over = [], False
    for item in after.conversations:
        if before.conversation(item.key) is not None:
            continue
        message = MessageKey(account=item.key.thread.account, message=item.last_message)
        home = runtime.stores.cases.snapshot(item.key, message).case
        if home is not None and home.id != before.id:
            if home.state in (CaseState.OPENING, CaseState.OPEN):
                runtime.telemetry.log("respond", "conversation_is_elsewhere", case=before.id, other=home.id)
                continue
            takes_over = True
        added.append(item)
    return added, takes_over
