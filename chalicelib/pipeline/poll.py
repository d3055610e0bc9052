"""Polling: what webhooks can't tell or lost. Jobs are small and bounded, one per account, helpdesk or thread.

Accounts without a webhook are polled every minute. Those with one are reconciled: polled too, at the policy's pace, so
that what their webhook lost comes in by the same queue. Cursors move only past what is durable in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.disposition import LedgerEntry, ParkedItem, ParkReason
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.events import HelpdeskHint, InboundMessage, Malformed, Parsed, PlatformEvent, event_key
from chalicelib.core.ids import AccountKey, Cursor, EventKey, ThreadId, digest
from chalicelib.core.jobs import PollAccount, PollHelpdesk, RereadThread
from chalicelib.core.spread import is_turn
from chalicelib.pipeline.audit_cases import open_cases
from chalicelib.pipeline.jobs import job_message
from chalicelib.pipeline.receive import MAX_MESSAGE, envelope_messages, hint_message
from chalicelib.ports.platform import HISTORY_ENDS, ListsThread, PollsEvents, SeeksTime
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import QueueMessage
from chalicelib.ports.spec import Level
from chalicelib.ports.stores import SaveCursor

MOST_PAGES = 10
"""Pages of one job; what is left comes with the next."""
LATEST_THREADS = 25
"""Threads that each poll of an account has read again: those written in last."""
TURN_THREADS = 25
"""Of all the others, so many at a time, until each had its turn."""
LOOK_BACK = timedelta(minutes=30)
"""How far back an account is read whose beginning nobody noted (it was not set up by `careloop accounts add`)."""
FIRST_OVERLAP = timedelta(minutes=5)
"""How far back a helpdesk's list surely goes when it is read without a cursor."""
LOST_AFTER = timedelta(hours=24)
"""A claimed event without a disposition by then is in no queue any more, whatever became of it: it is sent again."""


def schedule(runtime: Runtime) -> int:
    """Fan out one job per account whose turn it is and per helpdesk; returns how many. The minute makes a doubled
    schedule harmless."""
    now = runtime.clock.now()
    directory = runtime.stores.directory
    messages: list[QueueMessage] = []
    for account in directory.accounts():
        if polled(runtime, account):
            messages.append(job_message(PollAccount(account=account.key), now))
        elif reconciled(runtime, account) and is_turn(str(account.key), runtime.policy.reconcile_every, now):
            messages.append(job_message(PollAccount(account=account.key), now.replace(second=0, microsecond=0)))
    messages += [
        job_message(PollHelpdesk(helpdesk=item.name), now)
        for item in directory.connections()
        if item.kind is ConnectionKind.HELPDESK
    ]
    if messages:
        runtime.queues.jobs.send(messages)
    return len(messages)


def polled(runtime: Runtime, account: Account) -> bool:
    """Whether an account is polled every minute: where there is no webhook, elsewhere by its option ``poll``."""
    spec = runtime.connectors.platform_spec(account.key.platform)
    return spec.capabilities.polls or account.options.get("poll") == "true"


def reconciled(runtime: Runtime, account: Account) -> bool:
    """Whether an account is polled at the policy's pace: the level COMPLETE says that its connector can read what its
    webhook lost. The option ``poll=false`` keeps it from that."""
    level = runtime.connectors.platform_spec(account.key.platform).level
    return level >= Level.COMPLETE and account.options.get("poll") != "false"


def poll_account(runtime: Runtime, job: PollAccount) -> None:
    """Poll an account, in bounded pages, and have threads of its open cases read again."""
    account = runtime.stores.directory.get_account(job.account)
    name = f"poll|{account.key}"
    before = runtime.stores.cursors.find_cursor(name)
    # noted before anything can fail, so that a first poll which succeeds late leaves no gap
    start = known_from(runtime, account.key) if before is None else None
    client = runtime.connectors.platform(account, patient=True)
    if isinstance(client, PollsEvents):
        first = client.cursor_at(start) if start is not None and isinstance(client, SeeksTime) else None
        for _ in range(MOST_PAGES):
            if not _poll_once(runtime, account, client, name, before, first):
                break
            before = runtime.stores.cursors.find_cursor(name)
    spec = runtime.connectors.platform_spec(account.key.platform)
    if isinstance(client, ListsThread) and spec.capabilities.rereads_threads:
        _fan_out_threads(runtime, account)


def added_name(account: AccountKey) -> str:
    """The cursor that notes when an account was set up."""
    return f"added|{account}"


def note_added(runtime: Runtime, account: AccountKey) -> None:
    """Note that an account was set up now, the first time."""
    if runtime.stores.cursors.find_cursor(added_name(account)) is None:
        _move(runtime, added_name(account), None, Cursor(runtime.clock.now().isoformat()))


def known_from(runtime: Runtime, account: AccountKey) -> datetime:
    """From when on an account's events are ours to know: when it was added, else a little before its first poll."""
    cursors = runtime.stores.cursors
    noted = cursors.find_cursor(added_name(account)) or cursors.find_cursor(f"first|{account}")
    if noted is not None:
        return datetime.fromisoformat(noted)
    moment = runtime.clock.now() - LOOK_BACK
    _move(runtime, f"first|{account}", None, Cursor(moment.isoformat()))
    return moment


def _poll_once(
    runtime: Runtime, account: Account, client: PollsEvents, name: str, before: Cursor | None, first: Cursor | None
) -> bool:
    """One page, from `before`, or at the very first from `first`; whether there is more."""
    found = client.poll(first if before is None else before)
    take_in(runtime, account.key, found.parsed)
    if found.parsed.ignored.get(HISTORY_ENDS):
        runtime.telemetry.log("poll", "history_ends", account=str(account.key))
        runtime.telemetry.count("history_ends", platform=account.key.platform)
    _move(runtime, name, before, found.cursor)
    return found.more


def _unreadable(account: AccountKey, malformed: Malformed, now: datetime) -> ParkedItem:
    name = "p-" + digest(str(account), malformed.path, malformed.reason, length=16)
    return ParkedItem(
        id=name,
        reason=ParkReason.MALFORMED,
        code="payload",
        advice=f"{malformed.reason}. It is read again with every poll. When the reader has been mended: "
        f"careloop parked discard {name}",
        parked_at=now,
        account=str(account),
        path=malformed.path,
    )


def take_in(runtime: Runtime, account: AccountKey, parsed: Parsed[PlatformEvent]) -> None:
    """Send on what the ledger does not know yet, or has lost. Repeats that slip through are harmless."""
    by_key = {event_key(event): event for event in parsed.events}
    now = runtime.clock.now()
    wanted = _lacking(runtime, tuple(by_key), now)
    events = tuple(by_key[key] for key in wanted)
    messages = envelope_messages(Parsed(events=events), now, None)
    small = [item for item in messages if len(item.body.encode("utf-8")) <= MAX_MESSAGE]
    malformed = list(parsed.malformed)
    if len(small) < len(messages):
        # one that no queue takes must not hold up the cursor for all that comes after it
        malformed.append(Malformed(path="(event)", reason="larger than a queue message"))
    if small:
        runtime.queues.inbound.send(small)
        heard = sum(isinstance(event, InboundMessage) and not event.is_echo for event in events)
        if heard:
            runtime.telemetry.count("found_by_polling", heard, platform=account.platform)
    for item in malformed:
        runtime.stores.parking.park(_unreadable(account, item, now))
        runtime.telemetry.count("parked", reason=ParkReason.MALFORMED.value)


def _lacking(runtime: Runtime, keys: Sequence[EventKey], now: datetime) -> list[EventKey]:
    known = runtime.stores.ledger.find_entries(keys) if keys else {}
    return [key for key in keys if key not in known or _is_lost(known[key], now)]


def _is_lost(entry: LedgerEntry, now: datetime) -> bool:
    return entry.disposition is None and now - entry.first_seen_at >= LOST_AFTER


def _move(runtime: Runtime, name: str, before: Cursor | None, after: Cursor) -> None:
    """Only past what is durable, and never back over somebody else's move."""
    if after == before:
        return
    try:
        runtime.stores.transactions.commit(SaveCursor(name=name, cursor=after, expected=before))
    except ConflictError:
        runtime.telemetry.log("poll", "cursor_moved_elsewhere")


def _fan_out_threads(runtime: Runtime, account: Account) -> None:
    """Notifications get lost: threads of open cases are read again, each by a job of its own. The latest every time,
    the others by turns, so that none is left out for good however many there are."""
    cases, name = runtime.stores.cases, f"threads|{account.key}"
    latest = cases.open_page(account.key, limit=LATEST_THREADS)
    conversations, before, place = list(latest.conversations), None, None
    if latest.following is not None:
        before = runtime.stores.cursors.find_cursor(name)
        # "" is the place behind the latest, where a round of turns begins
        turn = cases.open_page(account.key, after=before or latest.following, limit=TURN_THREADS)
        conversations += turn.conversations
        place = turn.following or Cursor("")
    threads: dict[ThreadId, None] = dict.fromkeys(item.thread.thread for item in conversations)
    now = runtime.clock.now()
    if threads:
        runtime.queues.jobs.send(
            [job_message(RereadThread(account=account.key, thread=thread), now) for thread in threads]
        )
    if place is not None:
        _move(runtime, name, before, place)


def reread(runtime: Runtime, job: RereadThread) -> None:
    """Read one thread again."""
    account = runtime.stores.directory.get_account(job.account)
    client = runtime.connectors.platform(account, patient=True)
    if not isinstance(client, ListsThread):
        return
    try:
        take_in(runtime, account.key, client.list_thread(job.thread))
    except NotFoundError:
        runtime.telemetry.log("reread", "gone", account=str(job.account))


def poll_helpdesk(runtime: Runtime, job: PollHelpdesk) -> None:
    """Ask a helpdesk which tickets changed, and send a hint for each. A list that could not be read from the first try
    on begins when it can: then every open ticket is looked at once."""
    name, cursors = f"helpdesk|{job.helpdesk}", runtime.stores.cursors
    before = cursors.find_cursor(name)
    first = _first_try(runtime, name) if before is None else None
    client = runtime.connectors.helpdesk(job.helpdesk, patient=True)
    for _ in range(MOST_PAGES):
        touched = client.touched_since(before)
        now = runtime.clock.now()
        salt = f"poll|{before or ''}"
        hints = {hint.ticket: hint for hint in touched.hints}
        if before is None and first is not None and now - first > FIRST_OVERLAP:
            hints |= {hint.ticket: hint for hint in _open_tickets(runtime, job.helpdesk)}
        messages = [hint_message(job.helpdesk, hint, now, salt) for hint in hints.values()]
        if messages:
            runtime.queues.outbound.send(messages)
        _move(runtime, name, before, touched.cursor)
        if not touched.more:
            break
        before = cursors.find_cursor(name)


def _first_try(runtime: Runtime, name: str) -> datetime:
    """When a helpdesk was first asked, noted before it can refuse."""
    noted = runtime.stores.cursors.find_cursor(f"first|{name}")
    if noted is None:
        noted = Cursor(runtime.clock.now().isoformat())
        _move(runtime, f"first|{name}", None, noted)
    return datetime.fromisoformat(noted)


def _open_tickets(runtime: Runtime, helpdesk: str) -> Iterator[HelpdeskHint]:
    """A hint for the ticket of every open case."""
    for account in runtime.stores.directory.accounts():
        for case in open_cases(runtime, account.key) if account.helpdesk == helpdesk else ():
            if case.ticket is not None and case.helpdesk == helpdesk:
                yield HelpdeskHint(ticket=case.ticket.ticket, reason="poll", case=case.id)
