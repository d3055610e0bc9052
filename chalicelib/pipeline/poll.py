"""Polling: what webhooks can't tell or lost. Jobs are small and bounded, one per account, helpdesk or thread."""

from __future__ import annotations

from datetime import datetime

from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.events import Malformed, Parsed, PlatformEvent, event_key
from chalicelib.core.ids import AccountKey, Cursor, digest
from chalicelib.core.jobs import Job, PollAccount, PollHelpdesk, RereadThread
from chalicelib.pipeline.jobs import job_message
from chalicelib.pipeline.receive import envelope_messages, hint_message
from chalicelib.ports.platform import ListsThread, PollsEvents
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import SaveCursor

MOST_PAGES = 10
"""Pages of one job; what is left comes with the next."""
MOST_THREADS = 50
"""Threads of open cases that one poll of an account has re-read."""


def schedule(runtime: Runtime) -> int:
    """Fan out one job per polled account and per helpdesk; returns how many. The minute makes a doubled schedule
    harmless."""
    now = runtime.clock.now()
    accounts = runtime.stores.directory.accounts()
    jobs: list[Job] = [PollAccount(account=item.key) for item in accounts if polled(runtime, item)]
    jobs += [
        PollHelpdesk(helpdesk=item.name)
        for item in runtime.stores.directory.connections()
        if item.kind is ConnectionKind.HELPDESK
    ]
    if jobs:
        runtime.queues.jobs.send([job_message(job, now) for job in jobs])
    return len(jobs)


def polled(runtime: Runtime, account: Account) -> bool:
    """Whether an account is polled: always where there is no webhook, elsewhere by its option ``poll``."""
    spec = runtime.connectors.platform_spec(account.key.platform)
    return spec.capabilities.polls or account.options.get("poll") == "true"


def poll_account(runtime: Runtime, job: PollAccount) -> None:
    """Poll an account, in bounded pages, and have the threads of its open cases read again."""
    account = runtime.stores.directory.get_account(job.account)
    client = runtime.connectors.platform(account, patient=True)
    if isinstance(client, PollsEvents):
        for _ in range(MOST_PAGES):
            if not _poll_once(runtime, account, client):
                break
    if isinstance(client, ListsThread):
        _fan_out_threads(runtime, account)


def _poll_once(runtime: Runtime, account: Account, client: PollsEvents) -> bool:
    name = f"poll|{account.key}"
    before = runtime.stores.cursors.find_cursor(name)
    polled = client.poll(before)
    _take_in(runtime, account.key, polled.parsed)
    _move(runtime, name, before, polled.cursor)
    return polled.more


def _unreadable(account: AccountKey, malformed: Malformed, now: datetime) -> ParkedItem:
    return ParkedItem(
        id="p-" + digest(str(account), malformed.path, malformed.reason, length=16),
        reason=ParkReason.MALFORMED,
        code="payload",
        advice=f"{malformed.reason}. It is read again with every poll; discard this when the reader has been mended.",
        parked_at=now,
        account=str(account),
        path=malformed.path,
    )


def _take_in(runtime: Runtime, account: AccountKey, parsed: Parsed[PlatformEvent]) -> None:
    """Send on what the ledger does not know yet. Repeats that slip through are harmless."""
    by_key = {event_key(event): event for event in parsed.events}
    unseen = runtime.stores.ledger.unseen(tuple(by_key)) if by_key else ()
    now = runtime.clock.now()
    messages = envelope_messages(Parsed(events=tuple(by_key[key] for key in unseen)), now, None)
    if messages:
        runtime.queues.inbound.send(messages)
    for malformed in parsed.malformed:
        runtime.stores.parking.park(_unreadable(account, malformed, now))
        runtime.telemetry.count("parked", reason=ParkReason.MALFORMED.value)


def _move(runtime: Runtime, name: str, before: Cursor | None, after: Cursor) -> None:
    """Only past what is durable, and never back over somebody else's move."""
    if after == before:
        return
    try:
        runtime.stores.transactions.commit(SaveCursor(name=name, cursor=after, expected=before))
    except ConflictError:
        runtime.telemetry.log("poll", "cursor_moved_elsewhere")


def _fan_out_threads(runtime: Runtime, account: Account) -> None:
    """Notifications get lost: the threads of open cases are read again, each by a job of its own."""
    conversations = runtime.stores.cases.open_conversations(account.key, limit=MOST_THREADS)
    threads = dict.fromkeys(item.thread.thread for item in conversations)
    now = runtime.clock.now()
    if threads:
        runtime.queues.jobs.send(
            [job_message(RereadThread(account=account.key, thread=thread), now) for thread in threads]
        )


def reread(runtime: Runtime, job: RereadThread) -> None:
    """Read one thread again."""
    account = runtime.stores.directory.get_account(job.account)
    client = runtime.connectors.platform(account, patient=True)
    if not isinstance(client, ListsThread):
        return
    try:
        _take_in(runtime, account.key, client.list_thread(job.thread))
    except NotFoundError:
        runtime.telemetry.log("reread", "gone", account=str(job.account))


def poll_helpdesk(runtime: Runtime, job: PollHelpdesk) -> None:
    """Ask a helpdesk which tickets changed, and send a hint for each."""
    client = runtime.connectors.helpdesk(job.helpdesk, patient=True)
    name = f"helpdesk|{job.helpdesk}"
    for _ in range(MOST_PAGES):
        before = runtime.stores.cursors.find_cursor(name)
        touched = client.touched_since(before)
        now = runtime.clock.now()
        salt = f"poll|{before or ''}"
        hints = {hint.ticket: hint for hint in touched.hints}
        messages = [hint_message(job.helpdesk, hint, now, salt) for hint in hints.values()]
        if messages:
            runtime.queues.outbound.send(messages)
        _move(runtime, name, before, touched.cursor)
        if not touched.more:
            break
