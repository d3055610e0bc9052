"""Raw payloads from the archive, read again with the reader as it is now: after a fix, or when events were lost.

Idempotent: what has its disposition is left alone, and what is on its way is known by its deduplication id, then by the
ledger. May die anywhere: what was parked is given up only when all that its payload holds is on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.account import ConnectionKind, Endpoint
from chalicelib.core.disposition import LedgerEntry, Outcome, ParkedItem, ParkReason
from chalicelib.core.errors import NotFoundError, PayloadError
from chalicelib.core.events import HelpdeskHint, Malformed, Parsed, PlatformEvent, account_of, event_key
from chalicelib.core.ids import AccountKey, EventKey, digest
from chalicelib.core.webhook import WebhookRequest
from chalicelib.pipeline.disposition import parked_id
from chalicelib.pipeline.parked import Wanted, find_items, reopen
from chalicelib.pipeline.receive import (
    MAX_MESSAGE,
    TOO_LARGE,
    envelope_messages,
    helpdesk_of,
    hint_message,
    open_payload,
)
from chalicelib.ports.runtime import Runtime

STUCK_AFTER = timedelta(hours=1)
"""What was begun so long ago without an end is sent again: its message may be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to replay. ``account``: only its events. ``parked``: also events that are parked. ``dry_run``: only look."""

    since: datetime
    until: datetime
    account: AccountKey | None = None
    parked: bool = False
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of it. ``sent``, ``reopened``: with a dry run, what would be."""

    payloads: int = 0
    gone: int = 0
    """Payloads that expired while they were listed."""
    events: int = 0
    done: int = 0
    in_hand: int = 0
    still_parked: int = 0
    sent: int = 0
    reopened: int = 0
    unreadable: int = 0
    discarded: int = 0
    """Parked unreadable parts that can be read now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An endpoint and the keys of its payloads, in order. ``unreadable``: what is parked of them, by key."""

    endpoint: Endpoint
    keys: Sequence[str]
    unreadable: Mapping[str, Sequence[ParkedItem]] = field(default_factory=dict)


def name_of(endpoint: Endpoint) -> str:
    """The archive's name of an endpoint."""
    return f"{endpoint.kind}/{endpoint.connector}/{endpoint.name}"


def find_sources(runtime: Runtime, endpoints: Iterable[Endpoint], choice: Choice) -> Sequence[Source]:
    """What the archive has of these endpoints in the chosen time."""
    wanted = Wanted(reasons=frozenset({ParkReason.MALFORMED}))
    parked: dict[str, list[ParkedItem]] = {}
    for item in find_items(runtime, wanted):
        if item.archived_at is not None:
            parked.setdefault(item.archived_at, []).append(item)
    found = []
    for endpoint in endpoints:
        keys = list(runtime.archive.list(source=name_of(endpoint), since=choice.since, until=choice.until))
        unreadable = {key: tuple(parked[key]) for key in keys if key in parked}
        found.append(Source(endpoint=endpoint, keys=keys, unreadable=unreadable))
    return found


def replay(
    runtime: Runtime, source: Source, choice: Choice, arrived: Callable[[str], datetime], step: Callable[[], None]
) -> Tally:
    """Send again what the payloads of `source` hold and nobody has dealt with. ``arrived``: when a payload came, by its
    key. ``step`` is called after each payload. Raises RetryableError: begin again then, nothing is lost or doubled."""
    tally = Tally()
    receiver = runtime.connectors.receiver(source.endpoint.kind, source.endpoint)
    for key in source.keys:
        tally.payloads += 1
        try:
            body, headers = runtime.archive.fetch(key)
        except NotFoundError:
            tally.gone += 1
        else:
            parsed = _read(receiver, body, headers, arrived(key))
            if source.endpoint.kind is ConnectionKind.HELPDESK:
                _replay_hints(runtime, source, key, parsed, arrived(key), choice, tally)
            else:
                _replay_events(runtime, source, key, parsed, arrived(key), choice, tally)
        step()
    return tally


def _read(receiver: Any, body: bytes, headers: Mapping[str, str], received_at: datetime) -> Parsed[Any]:
    request = WebhookRequest(
        method="POST",
        url="",
        headers=dict(headers),
        query={},
        body=body,
        received_at=received_at,
        path_suffix=headers.get("x-careloop-path-suffix", ""),
    )
    try:
        parsed: Parsed[Any] = receiver.parse(open_payload(request))
    except PayloadError as error:
        return Parsed(malformed=(Malformed(path=error.path or "(body)", reason=error.reason),))
    return parsed


# -- events ------------------------------------------------------------------------------------------------------------


def _replay_events(
    runtime: Runtime,
    source: Source,
    key: str,
    parsed: Parsed[Any],
    received_at: datetime,
    choice: Choice,
    tally: Tally,
) -> None:
    events: dict[EventKey, PlatformEvent] = {event_key(item): item for item in parsed.events}
    mine = {name: item for name, item in events.items() if choice.account in (None, account_of(item))}
    tally.events += len(mine)
    tally.unreadable += len(parsed.malformed)
    unseen = set(runtime.stores.ledger.unseen(tuple(mine))) if mine else set()
    left = {item.path for item in parsed.malformed}
    for name, event in mine.items():
        entry = None if name in unseen else runtime.stores.ledger.find_entry(name)
        if not _replay_event(runtime, event, entry, key, received_at, choice, tally):
            left.add(TOO_LARGE)
    if len(mine) == len(events):
        _give_up(runtime, source, key, left, choice, tally)


def _replay_event(
    runtime: Runtime,
    event: PlatformEvent,
    entry: LedgerEntry | None,
    key: str,
    received_at: datetime,
    choice: Choice,
    tally: Tally,
) -> bool:
    """One event: sent, or counted as what it is already. False: no queue takes it."""
    disposition = entry.disposition if entry else None
    # an item without the disposition: an earlier release or replay died between the two
    item = runtime.stores.parking.find_parked(parked_id(event_key(event))) if entry and choice.parked else None
    if disposition is not None and disposition.outcome is not Outcome.PARKED:
        tally.done += 1
        if item is not None and not choice.dry_run:
            runtime.stores.parking.discard(item.id, only=item)
        return True
    if disposition is not None and not choice.parked:
        tally.still_parked += 1
        return True
    begun = entry is not None and disposition is None and item is None
    if begun and entry is not None and runtime.clock.now() - entry.first_seen_at < STUCK_AFTER:
        tally.in_hand += 1
        return True
    # with the attempts in it, the id is another one when what was sent before came to nothing
    salt = f"|replay|{entry.attempts if entry else 0}"
    messages = envelope_messages(Parsed(events=(event,)), received_at, key, salt)
    if any(len(item.body.encode("utf-8", "surrogatepass")) > MAX_MESSAGE for item in messages):
        tally.unreadable += 1
        return False
    tally.sent += 1
    tally.reopened += disposition is not None or item is not None
    if choice.dry_run:
        return True
    if disposition is not None:
        reopen(runtime, event_key(event))
    runtime.queues.inbound.send(messages)
    if item is not None:
        runtime.stores.parking.discard(item.id, only=item)
    return True


def _give_up(runtime: Runtime, source: Source, key: str, left: Collection[str], choice: Choice, tally: Tally) -> None:
    """Discard the parked parts that are readable now: all that the payload holds is on its way. ``left``: the paths of
    those that are not."""
    for item in source.unreadable.get(key, ()):
        if item.path not in left:
            tally.discarded += 1
            if not choice.dry_run:
                runtime.stores.parking.discard(item.id, only=item)


# -- hints -------------------------------------------------------------------------------------------------------------


def _replay_hints(
    runtime: Runtime,
    source: Source,
    key: str,
    parsed: Parsed[Any],
    received_at: datetime,
    choice: Choice,
    tally: Tally,
) -> None:
    """Of helpdesks only what could not be read is kept, and polling has seen those tickets since: sent while parked."""
    hints = [item for item in parsed.events if isinstance(item, HelpdeskHint)]
    tally.events += len(hints)
    tally.unreadable += len(parsed.malformed)
    if key not in source.unreadable:
        tally.done += len(hints)
        return
    tally.sent += len(hints)
    salt = digest("replay", key, length=12)
    messages = [
        hint_message(helpdesk_of(source.endpoint), replace(item, reason="replay"), received_at, salt) for item in hints
    ]
    if messages and not choice.dry_run:
        runtime.queues.outbound.send(messages)
    _give_up(runtime, source, key, {item.path for item in parsed.malformed}, choice, tally)
