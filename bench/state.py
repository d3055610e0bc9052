"""What the local state costs per event, without the pipeline around it: ``python -m bench.state``.

One event is: sent, received, claimed, its case looked up, completed (one commit of claim, case, message and history),
deleted.
Prints events per second, and each step's share, so that runs on different machines compare.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from careloop.local.system import LocalSystem, open_local
from chalicelib.adapters.clock import SystemClock
from chalicelib.core.case import Case, CaseState, Conversation, MessageRecord
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.events import Surface, Visibility
from chalicelib.core.ids import (
    AccountId,
    AccountKey,
    AuthorId,
    AuthorKey,
    ContactId,
    ContactRef,
    ConversationKey,
    EventKey,
    MessageId,
    MessageKey,
    ThreadId,
    ThreadKey,
    TicketId,
    TicketRef,
    case_id,
)
from chalicelib.core.people import Author, Clue, ClueKind, Clues, Contact
from chalicelib.ports.services import QueueMessage, ReceivedMessage
from chalicelib.ports.stores import CompleteEvent, RememberMessage, SaveCase

PAGE = AccountKey(platform="facebook", account=AccountId("1029384756"))
LEASE = timedelta(minutes=5)
BATCH = 10
TEXT = "My parcel 4711 should have come on Tuesday and nobody answers the phone. " * 3


@dataclass
class Watch:
    """Seconds of processor time by step."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - began


def conversation_of(number: int, people: int) -> ConversationKey:
    place = ThreadKey(account=PAGE, thread=ThreadId(f"post-{number % people}"))
    return ConversationKey(thread=place, author=AuthorId(f"author-{number % people}"))


def send_all(system: LocalSystem, events: int, people: int, watch: Watch) -> None:
    for start in range(0, events, BATCH):
        messages = [
            QueueMessage(
                body=json.dumps({"n": number, "text": TEXT}),
                group=f"{PAGE}|author-{number % people}",
                dedup=f"message|{PAGE}:m-{number}",
            )
            for number in range(start, min(start + BATCH, events))
        ]
        with watch.step("send"):
            system.queues["inbound"].send(messages)


def deal_with(system: LocalSystem, received: ReceivedMessage, people: int, watch: Watch) -> None:
    """One event as the pipeline does it: a customer's message on an open or a new case."""
    number = json.loads(received.body)["n"]
    now = datetime.now(UTC)
    message = MessageKey(account=PAGE, message=MessageId(f"m-{number}"))
    event, conversation = EventKey(f"message|{message}"), conversation_of(number, people)
    with watch.step("claim"):
        system.stores.ledger.claim(
            event, account=PAGE, owner=received.id, now=now, lease=LEASE, archived_at="facebook/main/2026/x"
        )
    with watch.step("snapshot"):
        found = system.stores.cases.snapshot(conversation, message).case
    case = _appended(found, now) if found else _opened(conversation, event, now, number)
    disposition = Disposition(
        outcome=Outcome.APPENDED if found else Outcome.TICKETED, case=case.id, ticket=case.ticket, detail={"match": "x"}
    )
    with watch.step("commit"):
        system.stores.transactions.commit(
            CompleteEvent(key=event, owner=received.id, disposition=disposition, at=now),
            SaveCase(case=case),
            RememberMessage(
                key=message,
                record=MessageRecord(message=message.message, case=case.id, conversation=conversation),
            ),
        )


def _appended(case: Case, now: datetime) -> Case:
    conversation = replace(case.conversations[0], last_message_at=now)
    return replace(case, conversations=(conversation,), last_customer_message_at=now)


def _opened(key: ConversationKey, event: EventKey, now: datetime, number: int) -> Case:
    author = Author(
        key=AuthorKey(platform="facebook", author=key.author),
        handle="kim.example",
        display_name="Kim Example",
        profile_url="https://www.facebook.com/kim.example",
    )
    conversation = Conversation(
        key=key,
        author=author,
        visibility=Visibility.PUBLIC,
        surface=Surface.COMMENT,
        last_message=MessageId(f"m-{number}"),
        last_message_at=now,
        permalink="https://www.facebook.com/1029384756/posts/1?comment_id=2",
    )
    return Case(
        id=case_id(key),
        helpdesk="zendesk",
        opened_by=event,
        opened_at=now,
        conversations=(conversation,),
        ticket=TicketRef(helpdesk="zendesk", ticket=TicketId(str(number))),
        state=CaseState.OPEN,
        last_customer_message_at=now,
    )


def run_events(system: LocalSystem, events: int, people: int) -> tuple[float, Watch]:
    """Seconds of processor time that all events took, and the steps."""
    watch = Watch()
    queue = system.queues["inbound"]
    began = time.process_time()
    send_all(system, events, people, watch)
    taken = 0
    while True:
        with watch.step("receive"):
            received = queue.receive(BATCH)
        if not received:
            break
        for item in received:
            deal_with(system, item, people, watch)
        with watch.step("delete"):
            queue.delete([item.receipt for item in received])
        taken += len(received)
    if taken != events:
        raise SystemExit(f"{taken} of {events} events were received")
    return time.process_time() - began, watch


def run_contacts(system: LocalSystem, number: int) -> tuple[float, float]:
    """Contacts stored per second, and look-ups per second."""
    contacts = [
        Contact(
            ref=ContactRef(crm="crm", contact=ContactId(str(index))),
            name=f"Name {index}",
            emails=(f"person{index}@example.com",),
            phones=(f"+4930{index:08}",),
            customer_numbers=(f"KD{index}",),
        )
        for index in range(number)
    ]
    began = time.perf_counter()
    system.stores.contacts.put_contacts(contacts)
    stored = number / (time.perf_counter() - began)
    began = time.perf_counter()
    for index in range(0, number, 10):
        clue = Clue(kind=ClueKind.EMAIL, value=f"person{index}@example.com")
        system.stores.contacts.lookup("crm", Clues(items=(clue,)))
    return stored, number / 10 / (time.perf_counter() - began)


def raw_transactions(path: Path, number: int = 2000) -> float:
    """Seconds that SQLite itself needs for one transaction of one row here: the measure to compare runs by."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT)")
    began = time.perf_counter()
    for index in range(number):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (?, ?)", (str(index), TEXT))
        connection.execute("COMMIT")
    spent = time.perf_counter() - began
    connection.close()
    return spent / number


def run(console: Console, events: int = 3000, people: int = 500, contacts: int = 5000) -> bool:
    """Measure and print."""
    table = Table(title_justify="left")
    table.add_column("state in")
    for name in ("events/s", "by processor", "bare transactions each", "contacts stored/s", "look-ups/s"):
        table.add_column(name, justify="right")
    steps = []
    with tempfile.TemporaryDirectory(prefix="careloop-bench-") as folder:
        raw = raw_transactions(Path(folder) / "raw.db")
        for where, path in (("memory", ":memory:"), ("a file", str(Path(folder) / "state.db"))):
            system = open_local(path, SystemClock())
            began = time.perf_counter()
            processor, watch = run_events(system, events, people)
            spent = time.perf_counter() - began
            stored, looked = run_contacts(system, contacts)
            system.close()
            figures = (events / spent, events / processor, spent / events / raw, stored, looked)
            table.add_row(where, *(f"{figure:,.1f}" if figure < 100 else f"{figure:,.0f}" for figure in figures))
            each = ", ".join(f"{name} {value / events * 1e6:.0f}" for name, value in watch.seconds.items())
            steps.append(f"{where}: {each}")
    console.print(table)
    console.print(f"One bare transaction of SQLite on a file: {raw * 1e6:.0f} µs.", highlight=False)
    console.print(f"Processor time of an event's steps in µs: {'; '.join(steps)}.", highlight=False)
    return True


def main() -> None:
    """Measure as much as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--contacts", type=int, default=10_000)
    options = parser.parse_args()
    run(Console(), options.events, options.people, options.contacts)


if __name__ == "__main__":
    main()
