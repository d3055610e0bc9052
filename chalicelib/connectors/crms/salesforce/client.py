"""Salesforce's contacts: looked up by SOQL and SOSL, mirrored by date of change, written back as fields and tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors._salesforce.access import Org
from chalicelib.connectors.crms.salesforce import feed, reading, searching, tasks
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.identity_fields import field_option, identity_fields
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, NotFoundError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import Author, Clues, Contact
from chalicelib.ports.crm import ContactPage, CrmContext, Interaction

MOST_MERGES = 5


class Client:
    """One org. No call is made before a method is called."""

    def __init__(self, context: CrmContext) -> None:
        options = context.connection.options
        self._org = Org(context)
        self._name = context.connection.name
        self._clock = context.clock
        self._hold_field = field_option(options, "marketing_hold_field")
        self._task_status = options.get("task_status", "").strip() or "Completed"
        self._shape = reading.Shape(
            crm=self._name,
            fields=identity_fields(options),
            site=self._org.site,
            number_field=field_option(options, "customer_number_field"),
            region=options.get("region", "").strip(),
        )

    # -- looking up ----------------------------------------------------------------------------------------------------

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """One call for all clues but phone numbers, one for these; see `CrmClient`."""
        found: list[Reader] = []
        wanted = searching.statement(clues.items, self._shape)
        if wanted is not None:
            found += self._org.query(wanted)
        search = searching.phone_search(clues.items, self._shape)
        if search is not None:
            answer = self._org.get("/search", {"q": search})
            with readable():
                found += list(answer.json.need("searchRecords").items())
        with readable():
            contacts = [self._shape.contact(item) for item in found if not reading.is_gone(item)]
        keys = {clue.index_key for clue in clues.items}
        return tuple({item.ref: item for item in contacts if keys & contact_keys(item)}.values())

    def get_contact(self, ref: ContactRef) -> Contact:
        """One call; see `CrmClient`. For one that was merged into another, that other: one call more."""
        number = self._number(ref)
        for _ in range(MOST_MERGES):
            names = ", ".join(self._shape.names)
            rows = self._org.query(f"SELECT {names} FROM Contact WHERE Id = {soql.text(number)}", deleted=True)
            with readable():
                if not rows:
                    break
                if not reading.is_gone(rows[0]):
                    return self._shape.contact(rows[0])
                number = rows[0].find_id("MasterRecordId") or ""
            if not soql.is_record(number, reading.PREFIX):
                break
        raise NotFoundError("no such contact")

    # -- the mirror ----------------------------------------------------------------------------------------------------

    def list_contacts(self, cursor: Cursor | None) -> ContactPage:
        """One call for a page; see `ListsContacts`. Deletions are told while the recycle bin has them."""
        place, now = feed.read_cursor(cursor), self._clock.now()
        rows = self._org.query(feed.statement(self._shape.names, place, now), deleted=True)
        with readable():
            following = feed.after(place, rows, now)
            contacts = tuple(self._shape.contact(item) for item in rows if not reading.is_gone(item))
            gone = [reading.contact_id(item) for item in rows if reading.is_gone(item)]
        removed = tuple(ContactRef(crm=self._name, contact=ContactId(item)) for item in gone)
        more = following is not None and following.is_walking
        return ContactPage(contacts=contacts, removed=removed, cursor=feed.write_cursor(following), more=more)

    def find_gone(self, contacts: tuple[ContactId, ...]) -> Sequence[ContactId]:
        """One call; see `FindsGone`."""
        ids = [item for item in contacts if soql.is_record(item, reading.PREFIX)]
        if not ids:
            return contacts
        rows = self._org.query(f"SELECT Id FROM Contact WHERE Id IN {soql.among(ids)}")
        with readable():
            there = {reading.contact_id(item) for item in rows}
        return tuple(item for item in contacts if item not in there)

    # -- writing back --------------------------------------------------------------------------------------------------

    def link_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something has to be written; see `LinksIdentities`."""
        if self._shape.fields.names:
            self._write(contact, self._shape.fields.linked(self._identities(contact), author))

    def unlink_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something of ours is there; see `LinksIdentities`."""
        if not self._shape.fields.names:
            return
        try:
            found = self._identities(contact)
        except NotFoundError:
            return
        self._write(contact, self._shape.fields.unlinked(found, author))

    def log_interaction(self, interaction: Interaction) -> None:
        """Two calls, one more for each that a race left twice; see `LogsInteractions`."""
        data = tasks.task(interaction, status=self._task_status, site=self._org.site)
        known = self._tasks(interaction.contact, interaction.key)
        if not known:
            self._org.call("POST", "/sobjects/Task", data=data, idempotent=True)
            return
        self._org.call("PATCH", f"/sobjects/Task/{segment(known[0])}", data=data, idempotent=True)
        self._delete(known[1:])

    def remove_interaction(self, contact: ContactRef, key: str) -> None:
        """One call, one more for each task; see `LogsInteractions`."""
        self._delete(self._tasks(contact, key))

    def hold_marketing(self, contact: ContactRef, *, held: bool) -> None:
        """One call where a field is named for it; see `HoldsMarketing`."""
        if self._hold_field:
            self._write(contact, {self._hold_field: held})

    def _tasks(self, contact: ContactRef, key: str) -> list[str]:
        rows = self._org.query(tasks.statement(self._number(contact), key))
        with readable():
            return [row.need_id("Id") for row in rows]

    def _delete(self, found: Iterable[str]) -> None:
        for task in found:
            with suppress(NotFoundError):
                self._org.call("DELETE", f"/sobjects/Task/{segment(task)}", idempotent=True)

    def _identities(self, contact: ContactRef) -> Mapping[str, str]:
        path = f"/sobjects/Contact/{segment(self._number(contact))}"
        answer = self._org.get(path, {"fields": ",".join(("Id", *self._shape.fields.names))})
        with readable():
            reading.contact_id(answer.json)
            return reading.values(answer.json)

    def _write(self, contact: ContactRef, changes: Mapping[str, Any]) -> None:
        if changes:
            data = {name: None if value == "" else value for name, value in changes.items()}
            path = f"/sobjects/Contact/{segment(self._number(contact))}"
            self._org.call("PATCH", path, data=data, idempotent=True)

    def _number(self, ref: ContactRef) -> str:
        if ref.crm != self._name or not soql.is_record(ref.contact, reading.PREFIX):
            raise NotFoundError("no such contact")
        return str(ref.contact)

    # -- ourselves -----------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """One call: whether contacts have the fields that the options name, and can be looked up by them."""
        answer = self._org.get("/sobjects/Contact/describe")
        with readable():
            fields = {item.need_text("name"): item for item in answer.json.need("fields").items()}
            looked_up = [item.field for item in self._shape.fields.fields] + [self._shape.number_field]
            named = [*looked_up, self._shape.fields.record, self._hold_field]
            missing = [name for name in filter(None, named) if name not in fields]
            deaf = [name for name in looked_up if name in fields and fields[name].find_bool("filterable") is False]
        if missing:
            raise ConfigurationError(f"salesforce: contacts have no field {', '.join(missing)} that we can see")
        if deaf:
            raise ConfigurationError(f"salesforce: nothing can be looked up by {', '.join(deaf)}")
        return f"Salesforce at {self._org.site}: contacts can be read"
