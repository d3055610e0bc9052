"""All of the state, over one table."""

from __future__ import annotations

from chalicelib.adapters.records.alarms import RecordAlarms
from chalicelib.adapters.records.cases import RecordCases
from chalicelib.adapters.records.contacts import RecordContacts
from chalicelib.adapters.records.deliveries import RecordDeliveries
from chalicelib.adapters.records.directory import RecordDirectory
from chalicelib.adapters.records.documents import Retention
from chalicelib.adapters.records.due import RecordDue
from chalicelib.adapters.records.erasing import RecordErasure
from chalicelib.adapters.records.examples import RecordExamples
from chalicelib.adapters.records.health import RecordHealth
from chalicelib.adapters.records.ledger import RecordLedger
from chalicelib.adapters.records.parking import RecordParking
from chalicelib.adapters.records.people import RecordIdentities
from chalicelib.adapters.records.places import RecordCursors, RecordSessions
from chalicelib.adapters.records.remotes import RecordRemotes
from chalicelib.adapters.records.reports import RecordReports
from chalicelib.adapters.records.transactions import RecordTransactions
from chalicelib.ports.services import Clock
from chalicelib.ports.table import Table


class RecordStores:
    """Implements ports.stores.Stores, and holds the SessionStore of ports/services.py as ``sessions``."""

    def __init__(self, table: Table, clock: Clock, retention: Retention | None = None) -> None:
        keep = retention or Retention()
        self.ledger = RecordLedger(table, clock, keep)
        self.cases = RecordCases(table, clock, keep)
        self.deliveries = RecordDeliveries(table, clock, keep)
        self.identities = RecordIdentities(table)
        self.examples = RecordExamples(table)
        self.contacts = RecordContacts(table)
        self.cursors = RecordCursors(table)
        self.due = RecordDue(table)
        self.alarms = RecordAlarms(table, clock)
        self.health = RecordHealth(table, clock)
        self.remotes = RecordRemotes(table)
        self.parking = RecordParking(table)
        self.reports = RecordReports(table)
        self.directory = RecordDirectory(table, clock)
        self.sessions = RecordSessions(table)
        self.erasure = RecordErasure(table, self.cases, keep)
        self.transactions = RecordTransactions(
            table,
            ledger=self.ledger,
            cases=self.cases,
            deliveries=self.deliveries,
            identities=self.identities,
            cursors=self.cursors,
            due=self.due,
        )
