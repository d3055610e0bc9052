"""Odoo's contacts (``res.partner``): looked up by a domain, mirrored by date of change, written back as fields and
notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from chalicelib.connectors.crms.odoo import domains, reading
from chalicelib.connectors.crms.odoo.api import OdooApi
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.date_feed import DateFeed, State, read_cursor, write_cursor
from chalicelib.connectors.toolkit.identity_fields import field_name, field_option, identity_fields
from chalicelib.connectors.toolkit.interactions import as_html, as_text, mark
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.errors import ConfigurationError, NotFoundError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import Author, Clues, Contact
from chalicelib.ports.crm import ContactPage, CrmContext, Interaction

PARTNER, MESSAGE = "res.partner", "mail.message"
MOST_FOUND = 200
"""Contacts looked at for one author; a domain finds a little more than is exact."""
PAGE = 200
FEED = DateFeed(unit=timedelta(seconds=1), overlap=timedelta(minutes=10), page=PAGE)
"""A date is that of the beginning of the transaction: a long one shows late."""
QUIETLY = {"mail_post_autofollow": False, "mail_create_nosubscribe": True}
"""The context in which a note makes nobody a follower."""
_URLS = {
    "json-2": "/odoo/res.partner/{}",
    "json-rpc": "/web#id={}&model=res.partner&view_type=form",
}


class Client:
    """One database. No call is made before a method is called."""

    def __init__(self, context: CrmContext) -> None:
        options = context.connection.options
        self._api = OdooApi(context)
        self._name = context.connection.name
        self._clock = context.clock
        self._hold_field = field_option(options, "marketing_hold_field")
        phones = options.get("phone_fields", "").strip() or ("phone" if self._is_new else "phone, mobile")
        self._shape = reading.Shape(
            crm=self._name,
            fields=identity_fields(options),
            number_field=field_option(options, "customer_number_field") or "ref",
            phones=tuple(field_name("phone_fields", item.strip()) for item in phones.split(",") if item.strip()),
            region=options.get("region", "").strip(),
            url=self._api.base.replace("{", "%7B").replace("}", "%7D") + _URLS[self._api.form],
        )

    @property
    def _is_new(self) -> bool:
        return self._api.form == "json-2"

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """One call; see `CrmClient`."""
        shape = self._shape
        wanted = domains.contacts(clues.items, shape.fields, shape.number_field, shape.phones)
        if wanted is None:
            return ()
        found = self._search(wanted, shape.names, limit=MOST_FOUND)
        with readable():
            contacts = [shape.contact(item) for item in found]
        keys = {clue.index_key for clue in clues.items}
        return tuple({item.ref: item for item in contacts if keys & contact_keys(item)}.values())

    def get_contact(self, ref: ContactRef) -> Contact:
        """One call; see `CrmClient`."""
        record = self._record(ref, self._shape.names)
        with readable():
            return self._shape.contact(record)

    def list_contacts(self, cursor: Cursor | None) -> ContactPage:
        """One call for a page; see `ListsContacts`. Contacts that were archived are gone; those that were deleted are
        not told (`find_gone`)."""
        now = self._clock.now()
        state = read_cursor(cursor) or FEED.beginning(now)
        return self._listed(state) if state.after is not None else self._changed(FEED.walking(state, now))

    def _listed(self, state: State) -> ContactPage:
        after = int(state.after) if state.after and reading.is_id(state.after) else 0
        found = self._search([["id", ">", after]], self._shape.names, limit=PAGE, order="id asc")
        with readable():
            contacts = tuple(self._shape.contact(item) for item in found)
            last = str(max(map(reading.record_id, found))) if len(found) == PAGE else None
        following = State(known=state.known, moved=state.moved, after=last)
        # what changed meanwhile comes at once: only then the list is whole
        return ContactPage(contacts=contacts, removed=(), cursor=write_cursor(following), more=True)

    def _changed(self, state: State) -> ContactPage:
        at = state.at or 0
        wanted, order = domains.changed(state, _moment(at), _moment(at + 1))
        found = self._search(wanted, self._shape.names, limit=PAGE, order=order, context=domains.HIDDEN_TOO)
        with readable():
            following, more = FEED.after_changes(state, [_place(item) for item in found], self._clock.now())
            contacts = [(self._shape.contact(item), reading.is_active(item)) for item in found]
        return ContactPage(
            contacts=tuple(item for item, is_active in contacts if is_active),
            removed=tuple(item.ref for item, is_active in contacts if not is_active),
            cursor=write_cursor(following),
            more=more,
        )

    def find_gone(self, contacts: tuple[ContactId, ...]) -> Sequence[ContactId]:
        """One call; see `FindsGone`."""
        numbers = [int(item) for item in contacts if reading.is_id(item)]
        if not numbers:
            return contacts
        found = self._search([["id", "in", numbers]], ["id"], limit=len(numbers))
        with readable():
            there = {str(reading.record_id(item)) for item in found}
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
        """Two calls, one more for each note too many; see `LogsInteractions`."""
        number = self._number(interaction.contact)
        known = self._notes(number, interaction.key)
        if known:
            self._api.change(MESSAGE, "write", [known[0]], vals={"body": as_html(interaction)})
            if known[1:]:
                self._api.change(MESSAGE, "unlink", known[1:])
            return
        words = {"body": as_html(interaction), "body_is_html": True} if self._is_new else {"body": as_text(interaction)}
        self._api.change(PARTNER, "message_post", [number], **words, subtype_xmlid="mail.mt_note", context=QUIETLY)

    def remove_interaction(self, contact: ContactRef, key: str) -> None:
        """One call, two when a note is there; see `LogsInteractions`."""
        known = self._notes(self._number(contact), key)
        if known:
            self._api.change(MESSAGE, "unlink", known)

    def hold_marketing(self, contact: ContactRef, *, held: bool) -> None:
        """One call where a field is named for it; see `HoldsMarketing`."""
        if self._hold_field:
            self._api.change(PARTNER, "write", [self._number(contact)], vals={self._hold_field: held})

    def probe(self) -> str:
        """Two calls: whether contacts can be read, and whether the fields that the options name are there."""
        self._search([], ["id"], limit=1)
        named = (*self._shape.fields.names, self._shape.number_field, *self._shape.phones, self._hold_field)
        wanted = list(dict.fromkeys(filter(None, named)))
        there = self._api.ask(PARTNER, "fields_get", allfields=wanted, attributes=["type"])
        with readable():
            known = there.keys()
        missing = [item for item in wanted if item not in known]
        if missing:
            raise ConfigurationError(f"odoo: contacts have no field {', '.join(missing)}")
        return f"Odoo at {self._api.base}: contacts can be read"

    def _notes(self, number: int, key: str) -> list[int]:
        """The ids of our notes of one key, the oldest first."""
        wanted = domains.notes(number, mark(key))
        answer = self._api.ask(MESSAGE, "search_read", domain=wanted, fields=["id"], limit=PAGE, order="id asc")
        with readable():
            return [reading.record_id(item) for item in answer.items()]

    def _identities(self, contact: ContactRef) -> Mapping[str, str]:
        record = self._record(contact, list(self._shape.fields.names))
        with readable():
            return reading.values(record)

    def _write(self, contact: ContactRef, changes: Mapping[str, str]) -> None:
        if changes:
            vals = {name: value or False for name, value in changes.items()}
            self._api.change(PARTNER, "write", [self._number(contact)], vals=vals)

    def _record(self, ref: ContactRef, fields: list[str]) -> Reader:
        found = self._search([["id", "=", self._number(ref)]], fields, limit=1)
        if not found:
            raise NotFoundError("no such contact, or it is archived")
        return found[0]

    def _search(
        self,
        domain: domains.Domain,
        fields: list[str],
        *,
        limit: int,
        order: str | None = None,
        context: Mapping[str, object] | None = None,
    ) -> list[Reader]:
        more = {**({"order": order} if order else {}), **({"context": dict(context)} if context else {})}
        answer = self._api.ask(PARTNER, "search_read", domain=domain, fields=fields, limit=limit, **more)
        with readable():
            return list(answer.items())

    def _number(self, ref: ContactRef) -> int:
        if ref.crm != self._name or not reading.is_id(ref.contact):
            raise NotFoundError("no such contact")
        return int(ref.contact)


def _place(record: Reader) -> tuple[int, int]:
    """A contact's date of change and id. Raises PayloadError."""
    found = parse_time(reading.values(record).get("write_date"))
    if found is None:
        raise record.wrong("a date of change expected")
    return FEED.units(found), reading.record_id(record)


def _moment(at: int) -> str:
    """A date as Odoo writes it: UTC, without a zone."""
    return f"{datetime.fromtimestamp(min(at, 253402300799), UTC):%Y-%m-%d %H:%M:%S}"
