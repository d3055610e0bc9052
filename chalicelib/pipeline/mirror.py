"""The mirror of CRMs' contacts in the contact index: it follows the CRM's feed, is compared with the CRM where that
tells no deletions, and is read only while it is whole.

Each step keeps its place only when what it read is durable; whatever is done twice changes nothing. One chain of jobs
follows a CRM: each names the place that it goes on from, and one that finds another place leaves it to the one that
moved it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.alarms import AlarmCode
from chalicelib.core.codec import to_json
from chalicelib.core.errors import CareloopError, ConflictError
from chalicelib.core.ids import ContactRef, Cursor, digest
from chalicelib.core.jobs import JobEnvelope, MirrorContacts
from chalicelib.core.mirror import MirrorState, as_cursor, cursor_name, from_cursor, is_readable
from chalicelib.core.spread import is_turn
from chalicelib.pipeline.alarms import of_connection, raise_alarm
from chalicelib.pipeline.jobs import group_of, job_message
from chalicelib.ports.crm import FindsGone, ListsContacts
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.services import QueueMessage
from chalicelib.ports.stores import SaveCursor

MOST_PAGES = 50
"""Pages of one job, of the feed and of the comparison; the jobs function has two minutes."""
LONGEST = timedelta(seconds=40)
"""After so long no job begins another page."""
COMPARE_EVERY = timedelta(days=1)
COMPARED_AT_ONCE = 200
"""Contacts of one question which of them are gone."""
DOUBTFUL = 20
"""When the CRM no longer has most of at least so many contacts at once, it more likely shows us less than before."""


def is_mirrored(runtime: Runtime, connection: str) -> bool:
    """Whether all contacts of the CRM `connection` are in the contact index, so that look-ups need not ask the CRM: it
    is the built-in directory, or its mirror is whole and fresh. At most one read of one item. Raises
    ConfigurationError when there is no such connection."""
    if runtime.connectors.crm_spec(connection).capabilities.in_index:
        return True
    if not follows(runtime, runtime.stores.directory.get_connection(ConnectionKind.CRM, connection)):
        return False
    return is_readable(state_of(runtime, connection), runtime.policy.mirror_every, runtime.clock.now())


def follows(runtime: Runtime, connection: Connection) -> bool:
    """Whether a connection's contacts are mirrored: its connector has a feed, and its option ``mirror`` is not "no"."""
    spec = runtime.connectors.crm_spec(connection.name)
    return spec.capabilities.lists_contacts and connection.options.get("mirror") != "no"


def state_of(runtime: Runtime, connection: str) -> MirrorState:
    """Where a connection's mirror stands."""
    return from_cursor(runtime.stores.cursors.find_cursor(cursor_name(connection)))


def plan_mirrors(runtime: Runtime) -> Sequence[QueueMessage]:
    """The CRMs whose turn it is in the present minute."""
    every, now = runtime.policy.mirror_every, runtime.clock.now().replace(second=0, microsecond=0)
    return [
        job_message(MirrorContacts(connection=item.name), now)
        for item in runtime.stores.directory.connections()
        if item.kind is ConnectionKind.CRM and is_turn(f"mirror|{item.name}", every, now) and _can_follow(runtime, item)
    ]


def _can_follow(runtime: Runtime, connection: Connection) -> bool:
    """One whose connector is unknown must not hold up the others."""
    try:
        return follows(runtime, connection)
    except CareloopError:
        return False


def mirror_contacts(runtime: Runtime, job: MirrorContacts) -> None:
    """Follow one CRM for a bounded time; what is left of its feed comes with the next job at once."""
    connection = runtime.stores.directory.get_connection(ConnectionKind.CRM, job.connection)
    if not follows(runtime, connection):
        return
    stored = runtime.stores.cursors.find_cursor(cursor_name(job.connection))
    if job.place and job.place != place_of(stored):
        return
    until = runtime.clock.now() + LONGEST
    try:
        for number, state in enumerate(steps(runtime, job.connection), 1):
            if number >= MOST_PAGES or runtime.clock.now() >= until:
                if state.is_behind:
                    runtime.queues.jobs.send([_going_on(runtime, job.connection, state)])
                return
    except ConflictError:
        runtime.telemetry.log("mirror", "moved_elsewhere", connection=job.connection)


def steps(runtime: Runtime, name: str, *, sure: bool = False) -> Iterator[MirrorState]:
    """Bring a mirror up to date, page by page; after each, where it stands. First the feed to its end, then, once a
    day, which contacts the CRM no longer has (``sure``: however many that are). Raises leaves, and ConflictError when
    somebody else moved it."""
    client = runtime.connectors.crm(name, patient=True)
    if not isinstance(client, ListsContacts):
        return
    while True:
        before = runtime.stores.cursors.find_cursor(cursor_name(name))
        state = _next_page(runtime, name, client, from_cursor(before))
        _save(runtime, name, before, state)
        yield state
        if not state.is_behind:
            break
    while isinstance(client, FindsGone) and _compares(runtime, state):
        before = as_cursor(state)
        state = _compared(runtime, name, client, state, sure=sure)
        _save(runtime, name, before, state)
        yield state


def begin_again(runtime: Runtime, name: str) -> None:
    """Let the feed be read from its beginning, for whatever was missed. What is in the index stays readable."""
    before = runtime.stores.cursors.find_cursor(cursor_name(name))
    if before is not None:
        kept = replace(from_cursor(before), cursor=None, is_behind=True, checked_to=None, check_began=None)
        _save(runtime, name, before, kept)


def place_of(cursor: Cursor | None) -> str:
    """A short name for where a mirror stands."""
    return digest("mirror", cursor or "", length=20)


def _next_page(runtime: Runtime, name: str, client: ListsContacts, state: MirrorState) -> MirrorState:
    """Read and store a page of the feed."""
    began = runtime.clock.now()
    page = client.list_contacts(state.cursor)
    index = runtime.stores.contacts
    changed = index.put_contacts(page.contacts)
    for ref in page.removed:
        index.remove_contact(ref)
    _count(runtime, name, changed, len(page.removed))
    first_whole = state.complete_at is None and not page.more
    return replace(
        state,
        cursor=page.cursor,
        is_behind=page.more,
        complete_at=state.complete_at if page.more else began,
        check_began=began if first_whole else state.check_began,
        stored=state.stored + changed,
        removed=state.removed + len(page.removed),
    )


def _compares(runtime: Runtime, state: MirrorState) -> bool:
    """Whether a comparison is under way, or it is time for one."""
    began = state.check_began
    return state.checked_to is not None or began is None or runtime.clock.now() - began >= COMPARE_EVERY


def _compared(runtime: Runtime, name: str, client: FindsGone, state: MirrorState, *, sure: bool) -> MirrorState:
    """Ask for one page of the index which contacts are gone, and take those out."""
    began = state.check_began if state.checked_to is not None else runtime.clock.now()
    page = runtime.stores.contacts.list_contacts(name, after=state.checked_to or None, limit=COMPARED_AT_ONCE)
    asked = tuple(item.ref.contact for item in page.contacts)
    gone = client.find_gone(asked) if asked else ()
    if not sure and len(gone) >= DOUBTFUL and 2 * len(gone) > len(asked):
        _doubt(runtime, name, len(gone), len(asked))
        gone = ()
    for contact in gone:
        runtime.stores.contacts.remove_contact(ContactRef(crm=name, contact=contact))
    _count(runtime, name, 0, len(gone))
    return replace(state, check_began=began, checked_to=page.following, removed=state.removed + len(gone))


def _doubt(runtime: Runtime, name: str, gone: int, asked: int) -> None:
    what = (
        f"crm {name} no longer shows {gone} of {asked} contacts that it gave before, so none was deleted from the "
        "index. If its user lost a right, give it back. If they were deleted there, say: "
        f"careloop contacts mirror {name} --deleted"
    )
    raise_alarm(runtime, AlarmCode.PERMISSION, of_connection(ConnectionKind.CRM, name), what)


def _count(runtime: Runtime, name: str, changed: int, removed: int) -> None:
    for what, number in (("mirrored", changed), ("unmirrored", removed)):
        if number:
            runtime.telemetry.count(what, number, connection=name)


def _save(runtime: Runtime, name: str, before: Cursor | None, state: MirrorState) -> None:
    """Only after what was read is durable, and never over somebody else's move."""
    write = SaveCursor(name=cursor_name(name), cursor=as_cursor(state), expected=before)
    runtime.stores.transactions.commit(write)


def _going_on(runtime: Runtime, name: str, state: MirrorState) -> QueueMessage:
    place = place_of(as_cursor(state))
    job = MirrorContacts(connection=name, place=place)
    body = to_json(JobEnvelope(job=job, made_at=runtime.clock.now()))
    return QueueMessage(body=body, group=group_of(job), dedup=digest("mirror", name, place, length=40))
