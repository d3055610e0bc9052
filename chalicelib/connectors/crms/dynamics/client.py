"""Dynamics' contacts: looked up by filter, mirrored by delta links, written back as columns and notes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from chalicelib.connectors.crms.dynamics import filters, reading
from chalicelib.connectors.crms.dynamics.api import FORMATTED, DataverseApi
from chalicelib.connectors.crms.dynamics.spec import PHONES
from chalicelib.connectors.toolkit.api import ApiAnswer
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.identity_fields import field_name, field_option, identity_fields
from chalicelib.connectors.toolkit.interactions import as_text, headline
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, NotFoundError, RejectedError
from chalicelib.core.ids import ContactId, ContactRef, Cursor, digest
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import Author, Clues, Contact
from chalicelib.ports.crm import ContactPage, CrmContext, Interaction

MOST_FOUND = 50
PAGE = 500
ASKED_AT_ONCE = 30
"""Ids in one address."""
ANNOTATED = f'odata.include-annotations="{FORMATTED}"'
FOLLOWED = f"odata.track-changes,odata.maxpagesize={PAGE},{ANNOTATED}"
UPDATE_ONLY = {"if-match": "*"}


class Client:
    """One environment. No call is made before a method is called."""

    def __init__(self, context: CrmContext) -> None:
        options = context.connection.options
        self._api = DataverseApi(context)
        self._name = context.connection.name
        self._hold_field = field_option(options, "marketing_hold_field")
        phones = options.get("phone_fields", "").strip() or PHONES
        self._shape = reading.Shape(
            crm=self._name,
            fields=identity_fields(options),
            number_field=field_option(options, "customer_number_field"),
            phones=tuple(field_name("phone_fields", item.strip()) for item in phones.split(",") if item.strip()),
            region=options.get("region", "").strip(),
            url=f"{self._api.environment}/main.aspx?etn=contact&pagetype=entityrecord&id=",
        )

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """One call, more for what one address has no room for; see `CrmClient`."""
        shape, found = self._shape, list[Contact]()
        for wanted in filters.filters(clues.items, shape.fields, shape.number_field, shape.phones):
            params = {"$select": shape.columns, "$filter": wanted, "$top": MOST_FOUND}
            answer = self._api.get("/contacts", params, prefer=ANNOTATED)
            with readable():
                found += [shape.contact(item) for item in answer.json.need("value").items()]
        keys = {clue.index_key for clue in clues.items}
        return tuple({item.ref: item for item in found if keys & contact_keys(item)}.values())

    def get_contact(self, ref: ContactRef) -> Contact:
        """One call; see `CrmClient`."""
        record = self._record(ref, self._shape.columns)
        with readable():
            if not reading.is_active(record):
                raise NotFoundError("the contact is inactive")
            return self._shape.contact(record)

    def list_contacts(self, cursor: Cursor | None) -> ContactPage:
        """One call for a page; see `ListsContacts`. Contacts that are inactive, merged or deleted are gone. A link
        that has ended, or was for other columns, leads back to the beginning: what was deleted meanwhile is found by
        `find_gone`."""
        link = self._link(cursor)
        if link is None:
            return self._page(self._api.get("/contacts", {"$select": self._shape.columns}, prefer=FOLLOWED))
        try:
            answer = self._api.get(link, prefer=FOLLOWED)
        except (RejectedError, NotFoundError):
            return ContactPage(contacts=(), removed=(), cursor=Cursor(""), more=True)
        return self._page(answer)

    def _page(self, page: ApiAnswer) -> ContactPage:
        contacts: dict[ContactRef, Contact] = {}
        removed: dict[ContactRef, None] = {}
        with readable():
            answer = page.json
            for item in answer.need("value").items():
                gone = reading.gone(item)
                if gone is None and reading.is_active(item):
                    contact = self._shape.contact(item)
                    contacts[contact.ref] = contact
                else:
                    removed[self._shape.ref(gone or reading.record_id(item))] = None
            following = answer.find_text("@odata.nextLink")
            link = following or answer.find_text("@odata.deltaLink")
            if not link:
                raise ConfigurationError("dynamics: no delta link: switch on Track changes for the table Contact")
            cursor = self._cursor(answer, link)
        kept = tuple(ref for ref in removed if ref not in contacts)
        return ContactPage(contacts=tuple(contacts.values()), removed=kept, cursor=cursor, more=following is not None)

    def _cursor(self, answer: Reader, link: str) -> Cursor:
        """The part of a link behind our own address: nothing else is ever called. Raises PayloadError."""
        start = f"{self._api.base}/contacts?"
        if not link.lower().startswith(start.lower()):
            raise answer.wrong("a link to contacts of this environment expected")
        data = {"columns": digest("columns", self._shape.columns, length=12), "link": link[len(self._api.base) :]}
        return Cursor(json.dumps(data, separators=(",", ":"), sort_keys=True))

    def _link(self, cursor: Cursor | None) -> str | None:
        """What `_cursor` wrote; None: from the beginning, also when it is none of ours."""
        try:
            data = json.loads(cursor or "")
            link, columns = str(data["link"]), data["columns"]
        except (ValueError, TypeError, KeyError):
            return None
        is_ours = columns == digest("columns", self._shape.columns, length=12) and link[:10].lower() == "/contacts?"
        return link if is_ours else None

    def find_gone(self, contacts: tuple[ContactId, ...]) -> Sequence[ContactId]:
        """One call for each thirty; see `FindsGone`."""
        ids = [item for item in contacts if reading.is_id(item)]
        there = set[str]()
        for at in range(0, len(ids), ASKED_AT_ONCE):
            wanted = f"statecode eq 0 and {filters.among('contactid', ids[at : at + ASKED_AT_ONCE])}"
            answer = self._api.get("/contacts", {"$select": "contactid", "$filter": wanted})
            with readable():
                there |= {reading.record_id(item) for item in answer.json.need("value").items()}
        return tuple(item for item in contacts if item not in there)

    def link_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something has to be written; see `LinksIdentities`."""
        if self._shape.fields.names:
            self._write(contact, self._shape.fields.linked(self._identities(contact), author))

    def unlink_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something of ours is there; see `LinksIdentities`."""
        if not self._shape.fields.names:
            return
        try:
            values = self._identities(contact)
        except NotFoundError:
            return
        self._write(contact, self._shape.fields.unlinked(values, author))

    def log_interaction(self, interaction: Interaction) -> None:
        """One call: the note's id follows from contact and key; see `LogsInteractions`."""
        number = self._number(interaction.contact)
        note = {
            "subject": headline(interaction)[:500],
            "notetext": as_text(interaction),
            "objectid_contact@odata.bind": f"/contacts({number})",
        }
        self._api.call("PATCH", self._note(number, interaction.key), data=note)

    def remove_interaction(self, contact: ContactRef, key: str) -> None:
        """One call; see `LogsInteractions`."""
        self._api.call("DELETE", self._note(self._number(contact), key), expect=(404,))

    def hold_marketing(self, contact: ContactRef, *, held: bool) -> None:
        """One call where a column is named for it; see `HoldsMarketing`."""
        if self._hold_field:
            path = f"/contacts({self._number(contact)})"
            self._api.call("PATCH", path, data={self._hold_field: held}, headers=UPDATE_ONLY)

    def probe(self) -> str:
        """Two calls: whether we are a user of the environment, and whether all columns can be read."""
        answer = self._api.get("/WhoAmI")
        with readable():
            answer.json.need_id("UserId")
        columns = ",".join(filter(None, (self._shape.columns, self._hold_field)))
        answer = self._api.get("/contacts", {"$select": columns, "$top": 1})
        with readable():
            list(answer.json.need("value").items())
        return f"Dynamics at {self._api.environment}: contacts can be read"

    def _note(self, number: str, key: str) -> str:
        return f"/annotations({uuid5(NAMESPACE_URL, f'careloop:{self._name}:{number}:{key}')})"

    def _identities(self, contact: ContactRef) -> Mapping[str, str]:
        record = self._record(contact, ",".join(self._shape.fields.names))
        with readable():
            return reading.values(record)

    def _write(self, contact: ContactRef, changes: Mapping[str, str]) -> None:
        if changes:
            data = {name: value or None for name, value in changes.items()}
            self._api.call("PATCH", f"/contacts({self._number(contact)})", data=data, headers=UPDATE_ONLY)

    def _record(self, ref: ContactRef, columns: str) -> Reader:
        answer = self._api.get(f"/contacts({self._number(ref)})", {"$select": columns}, prefer=ANNOTATED)
        with readable():
            return answer.json

    def _number(self, ref: ContactRef) -> str:
        if ref.crm != self._name or not reading.is_id(ref.contact):
            raise NotFoundError("no such contact")
        return str(ref.contact)
