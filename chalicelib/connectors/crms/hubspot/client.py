"""HubSpot's contacts: looked up by search, mirrored by date of change, written back as properties and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.connectors._hubspot.api import HubSpotApi
from chalicelib.connectors.crms.hubspot import feed, notes, reading, searching
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.date_feed import State, read_cursor, write_cursor
from chalicelib.connectors.toolkit.identity_fields import field_option, identity_fields
from chalicelib.connectors.toolkit.interactions import mark
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, NotFoundError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import Author, Clues, Contact
from chalicelib.ports.crm import ContactPage, CrmContext, Interaction

RIGHTS = "Give the app the scopes crm.objects.contacts.read and .write and crm.schemas.contacts.read."
CONTACTS = "/crm/v3/objects/contacts"
NOTES = "/crm/v3/objects/notes"
MOST_READ = 100
MOST_NOTE_PAGES = 10


class Client:
    """One account. No call is made before a method is called."""

    def __init__(self, context: CrmContext) -> None:
        options = context.connection.options
        self._api = HubSpotApi(context, rights=RIGHTS)
        self._name = context.connection.name
        self._clock = context.clock
        self._hold_field = field_option(options, "marketing_hold_field")
        portal = options.get("portal_id", "").strip()
        web = (options.get("web_url", "").strip() or "https://app.hubspot.com").rstrip("/")
        self._shape = reading.Shape(
            crm=self._name,
            fields=identity_fields(options),
            number_field=field_option(options, "customer_number_field"),
            region=options.get("region", "").strip(),
            url=f"{web}/contacts/{segment(portal)}/record/0-1/" if portal else "",
        )

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """One call for each five properties that are looked at, mostly one; see `CrmClient`."""
        shape, found = self._shape, list[Contact]()
        for body in searching.searches(clues.items, shape.fields, shape.number_field, shape.properties):
            answer = self._api.post(f"{CONTACTS}/search", body)
            with readable():
                found += [shape.contact(item) for item in answer.json.need("results").items()]
        keys = {clue.index_key for clue in clues.items}
        return tuple({item.ref: item for item in found if keys & contact_keys(item)}.values())

    def get_contact(self, ref: ContactRef) -> Contact:
        """One call; see `CrmClient`. For one that was merged into another, that other."""
        record = self._record(ref, self._shape.properties)
        with readable():
            return self._shape.contact(record)

    def list_contacts(self, cursor: Cursor | None) -> ContactPage:
        """One call for a page; see `ListsContacts`. Contacts that were merged into others are gone; those that were
        deleted are not told (`find_gone`)."""
        now = self._clock.now()
        state = read_cursor(cursor) or feed.FEED.beginning(now)
        return self._listed(state) if state.after is not None else self._changed(feed.FEED.walking(state, now))

    def _listed(self, state: State) -> ContactPage:
        params = {"limit": MOST_READ, "properties": ",".join(self._shape.properties), "after": state.after or None}
        answer = self._api.get(CONTACTS, params)
        with readable():
            records = list(answer.json.need("results").items())
            following = answer.json.find_text("paging", "next", "after")
            moved = State(known=state.known, moved=state.moved, after=following)
            # what changed meanwhile comes at once: only then the list is whole
            return self._page(records, moved, more=True)

    def _changed(self, state: State) -> ContactPage:
        wanted, sort = feed.filters(state)
        answer = self._api.post(
            f"{CONTACTS}/search", searching.body([{"filters": wanted}], self._shape.properties, sort)
        )
        with readable():
            records = list(answer.json.need("results").items())
            following, more = feed.FEED.after_changes(state, [feed.place(item) for item in records], self._clock.now())
            return self._page(records, following, more=more)

    def _page(self, records: Sequence[Reader], state: State, *, more: bool) -> ContactPage:
        contacts = {item.ref: item for item in map(self._shape.contact, records)}
        merged = dict.fromkeys(ref for item in records for ref in self._shape.merged(item) if ref not in contacts)
        return ContactPage(
            contacts=tuple(contacts.values()), removed=tuple(merged), cursor=write_cursor(state), more=more
        )

    def find_gone(self, contacts: tuple[ContactId, ...]) -> Sequence[ContactId]:
        """One call for each hundred; see `FindsGone`."""
        ids = [item for item in contacts if reading.is_id(item)]
        there = set[str]()
        for at in range(0, len(ids), MOST_READ):
            wanted = [{"id": item} for item in ids[at : at + MOST_READ]]
            body = {"inputs": wanted, "properties": ["hs_object_id"], "propertiesWithHistory": []}
            answer = self._api.post(f"{CONTACTS}/batch/read", body)
            with readable():
                there |= {reading.record_id(item) for item in answer.json.need("results").items()}
        return tuple(item for item in contacts if item not in there)

    def link_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something has to be written; see `LinksIdentities`."""
        if not self._shape.fields.names:
            return
        number, values = self._identities(contact)
        self._write(number, self._shape.fields.linked(values, author))

    def unlink_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something of ours is there; see `LinksIdentities`."""
        if not self._shape.fields.names:
            return
        try:
            number, values = self._identities(contact)
        except NotFoundError:
            return
        self._write(number, self._shape.fields.unlinked(values, author))

    def log_interaction(self, interaction: Interaction) -> None:
        """Three calls, more for contacts with more than a hundred notes; see `LogsInteractions`."""
        number, ours = self._notes(interaction.contact, interaction.key)
        if not ours:
            self._api.post(NOTES, notes.created(interaction, number))
            return
        first, *others = ours
        changed = {"properties": notes.properties(interaction)}
        self._api.call("PATCH", f"{NOTES}/{segment(first)}", data=changed)
        self._delete(others)

    def remove_interaction(self, contact: ContactRef, key: str) -> None:
        """Two calls, one more for each note; see `LogsInteractions`."""
        try:
            _, ours = self._notes(contact, key)
        except NotFoundError:
            return
        self._delete(ours)

    def hold_marketing(self, contact: ContactRef, *, held: bool) -> None:
        """One call where a property is named for it; see `HoldsMarketing`."""
        if self._hold_field:
            self._write(self._number(contact), {self._hold_field: "true" if held else "false"})

    def probe(self) -> str:
        """Two calls: whether contacts can be read, and whether the properties that the options name are there."""
        answer = self._api.get(CONTACTS, {"limit": 1})
        with readable():
            list(answer.json.need("results").items())
        self._check_properties()
        return "HubSpot: contacts can be read"

    def _check_properties(self) -> None:
        named = (*self._shape.fields.names, self._shape.number_field, self._hold_field)
        wanted = list(dict.fromkeys(filter(None, named)))
        if not wanted:
            return
        body = {"archived": False, "dataSensitivity": "non_sensitive", "inputs": [{"name": item} for item in wanted]}
        answer = self._api.post("/crm/v3/properties/contacts/batch/read", body)
        with readable():
            there = {item.need_text("name") for item in answer.json.need("results").items()}
        missing = [item for item in wanted if item not in there]
        if missing:
            raise ConfigurationError(f"hubspot: contacts have no property {', '.join(missing)}")

    def _identities(self, contact: ContactRef) -> tuple[str, Mapping[str, str]]:
        record = self._record(contact, self._shape.fields.names)
        with readable():
            return reading.record_id(record), reading.values(record)

    def _notes(self, contact: ContactRef, key: str) -> tuple[str, list[str]]:
        """The contact's id, and those of its notes that bear the key. Not by search, which lags behind."""
        record = self._record(contact, ("hs_object_id",), associations="notes")
        with readable():
            number = reading.record_id(record)
        ours: list[str] = []
        for ids in self._note_ids(record, number):
            answer = self._api.post(f"{NOTES}/batch/read", notes.asked(ids))
            with readable():
                found = list(answer.json.need("results").items())
                ours += [item.need_id("id") for item in found if mark(key) in _body(item)]
        return number, sorted(ours)

    def _note_ids(self, record: Reader, number: str) -> Iterator[list[str]]:
        """The ids of a contact's notes, a hundred at a time."""
        ids = dict[str, None]()
        with readable():
            ids |= dict.fromkeys(notes.listed(record))
            after = notes.following(record)
        for _ in range(MOST_NOTE_PAGES):
            if after is None:
                break
            params = {"after": after, "limit": 500}
            answer = self._api.get(f"{CONTACTS}/{segment(number)}/associations/notes", params)
            with readable():
                ids |= dict.fromkeys(item.need_id("id") for item in answer.json.need("results").items())
                after = answer.json.find_text("paging", "next", "after")
        known = list(ids)
        for at in range(0, len(known), MOST_READ):
            yield known[at : at + MOST_READ]

    def _delete(self, found: Iterable[str]) -> None:
        for note in found:
            self._api.call("DELETE", f"{NOTES}/{segment(note)}", expect=(404,))

    def _write(self, number: str, changes: Mapping[str, str]) -> None:
        if changes:
            self._api.call("PATCH", f"{CONTACTS}/{segment(number)}", data={"properties": dict(changes)})

    def _record(self, ref: ContactRef, properties: Sequence[str], associations: str | None = None) -> Reader:
        params = {"properties": ",".join(properties), "associations": associations}
        answer = self._api.get(f"{CONTACTS}/{segment(self._number(ref))}", params)
        with readable():
            return answer.json

    def _number(self, ref: ContactRef) -> str:
        if ref.crm != self._name or not reading.is_id(ref.contact):
            raise NotFoundError("no such contact")
        return str(ref.contact)


def _body(note: Reader) -> str:
    return reading.values(note).get(notes.BODY, "")
