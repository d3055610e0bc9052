"""Tryton's REST interface: parties by their contact mechanisms and codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.connectors.crms.tryton import domains, feed, reading, writing
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, NotFoundError, RejectedError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import Author, Clues, Contact
from chalicelib.ports.crm import ContactPage, CrmContext, Interaction

MOST_FOUND = 200
"""Records looked at for one author; a domain finds a little more than is exact."""
MOST_PARTIES = 50


class Client:
    """One database. No call is made before a method is called."""

    def __init__(self, context: CrmContext) -> None:
        options = context.connection.options
        key = context.credentials.get("key", "").strip()
        if not key:
            raise ConfigurationError("tryton: no key is stored")
        server, self._database = _place(options)
        self._name = context.connection.name
        self._web = (options.get("web_url", "").strip() or server).rstrip("/")
        self._clock = context.clock
        self._aliases = _aliases(options.get("handle_names", ""))
        self._base = f"{server}/{segment(self._database)}"
        self._api = ApiClient(
            context.http,
            context.clock,
            f"{self._base}/rest/model",
            headers={"authorization": f"Bearer {key}"},
        )

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """At most three calls; see `CrmClient`."""
        found: list[str] = []
        wanted = domains.mechanisms(clues.items, self._aliases)
        if wanted is not None:
            answer = self._search("party.contact_mechanism", wanted, ("party", "type", "name", "value"))
            with readable():
                found += reading.party_ids(answer, "party")
        wanted = domains.parties(clues.items)
        if wanted is not None:
            answer = self._search("party.party", wanted, ("code",))
            with readable():
                found += reading.party_ids(answer, "id")
        return self._exact(clues, list(dict.fromkeys(found))[:MOST_PARTIES])

    def _exact(self, clues: Clues, parties: list[str]) -> Sequence[Contact]:
        """The parties, read at once, as far as a clue names them exactly."""
        if not parties:
            return ()
        answer = self._search("party.party", [["id", "in", [int(item) for item in parties]]], reading.FIELDS)
        platforms = reading.platform_names((clue.platform for clue in clues.items if clue.platform), self._aliases)
        with readable():
            contacts = [self._contact(item, platforms) for item in answer.items()]
        keys = {clue.index_key for clue in clues.items}
        return tuple({item.ref: item for item in contacts if keys & contact_keys(item)}.values())

    def get_contact(self, ref: ContactRef) -> Contact:
        """One call; see `CrmClient`."""
        if ref.crm != self._name or not (ref.contact.isascii() and ref.contact.isdigit()):
            raise NotFoundError("no such party")
        answer = self._api.get(f"/party.party/{segment(ref.contact)}", {"f": reading.FIELDS})
        with readable():
            return self._contact(answer.json, reading.platform_names((), self._aliases))

    def list_contacts(self, cursor: Cursor | None) -> ContactPage:
        """Four calls for a page of all parties, and for one of what changed; see `ListsContacts`. Parties that became
        inactive, or were replaced, are gone; those that were deleted are not told (`find_gone`)."""
        now = self._clock.now()
        state = feed.read_cursor(cursor)
        if state is None:
            return self._parties(feed.beginning(self._newest(), now))
        return self._parties(state) if state.after is not None else self._changes(feed.walking(state, now))

    def find_gone(self, contacts: tuple[ContactId, ...]) -> Sequence[ContactId]:
        """One call; see `FindsGone`."""
        numbers = [int(item) for item in contacts if item.isascii() and item.isdigit() and len(item) <= 18]
        if not numbers:
            return contacts
        answer = self._search("party.party", [["id", "in", numbers]], ("code",), limit=len(numbers))
        with readable():
            there = {str(feed.record_id(item)) for item in answer.items()}
        return tuple(item for item in contacts if item not in there)

    def link_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something has to be written; see `LinksIdentities`."""
        party = self._party(contact)
        answer = self._search("party.contact_mechanism", writing.of_party(party), writing.MECHANISM_FIELDS)
        with readable():
            wanted = writing.missing(list(answer.items()), author, self._aliases)
        if wanted:
            self._change(party, writing.created(wanted))

    def unlink_identity(self, contact: ContactRef, author: Author) -> None:
        """One call, two when something of ours is there; see `LinksIdentities`. What others entered stays."""
        party = self._party(contact)
        answer = self._search("party.contact_mechanism", writing.marked(party, author), writing.MECHANISM_FIELDS)
        with readable():
            ours = [feed.record_id(item) for item in answer.items()]
        if ours:
            self._change(party, writing.deleted(ours))

    def log_interaction(self, interaction: Interaction) -> None:
        """Two calls, three for a change; see `LogsInteractions`. Nobody may change a note: the new one is written, then
        the old one is deleted."""
        party, words = self._party(interaction.contact), writing.message(interaction)
        known = self._notes(party, interaction.key)
        if words not in known.values():
            self._add_note(party, words)
        kept = next((note for note, text in known.items() if text == words), None)
        self._delete_notes(note for note in known if note != kept)

    def remove_interaction(self, contact: ContactRef, key: str) -> None:
        """One call, one more for each note; see `LogsInteractions`."""
        self._delete_notes(self._notes(self._party(contact), key))

    def _add_note(self, party: int, words: str) -> None:
        try:
            body = {"resource": writing.resource(party), "message": words}
            self._api.post("/ir.note", body, idempotent=True)
        except RejectedError:
            # for a party that is gone Tryton complains of the note; this says so plainly
            self._api.get(f"/party.party/{party}", {"f": "code"})
            raise

    def _delete_notes(self, notes: Iterable[int]) -> None:
        for note in notes:
            self._api.call("DELETE", f"/ir.note/{note}", idempotent=True, expect=(404,))

    def _notes(self, party: int, key: str) -> dict[int, str]:
        """Our notes of one key: id -> words."""
        answer = self._search("ir.note", writing.notes(party, key), writing.NOTE_FIELDS)
        with readable():
            return {feed.record_id(item): item.find_text("message") or "" for item in answer.items()}

    def _party(self, ref: ContactRef) -> int:
        if ref.crm != self._name or not (ref.contact.isascii() and ref.contact.isdigit() and len(ref.contact) <= 18):
            raise NotFoundError("no such party")
        return int(ref.contact)

    def _change(self, party: int, change: dict[str, Any]) -> None:
        """Through the party, whose date of change moves with it."""
        self._api.call("PUT", f"/party.party/{party}", data=change, idempotent=True)

    def _newest(self) -> dict[str, feed.Place]:
        """The last change of each model."""
        found: dict[str, feed.Place] = {}
        for model in feed.MODELS:
            answer = self._search(model, [feed.ANY], (feed.MODIFIED,), limit=1, order=feed.NEWEST)
            with readable():
                places = [feed.place_of(item) for item in answer.items()]
            if places:
                found[model] = max(places)
        return found

    def _parties(self, state: feed.State) -> ContactPage:
        """The next page of all parties."""
        wanted = [["id", ">", state.after]]
        answer = self._search("party.party", wanted, reading.FIELDS, limit=feed.PAGE, order=feed.BY_ID)
        platforms = reading.platform_names(domains.PLATFORMS, self._aliases)
        with readable():
            items = list(answer.items())
            contacts = tuple(self._contact(item, platforms) for item in items)
            last = max(map(feed.record_id, items)) if len(items) == feed.PAGE else None
        following = feed.after_parties(state, last, self._clock.now())
        # what changed meanwhile comes at once: only then the list is whole
        return ContactPage(contacts=contacts, removed=(), cursor=feed.write_cursor(following), more=True)

    def _changes(self, state: feed.State) -> ContactPage:
        """The next page of what was changed in any of the models."""
        seen: dict[str, feed.Place] = {}
        parties: list[str] = []
        more = False
        for model, name in feed.MODELS.items():
            since = feed.changed_since((state.walk or {}).get(model))
            fields = (feed.MODIFIED,) if name == "id" else (feed.MODIFIED, name)
            answer = self._search(model, since, fields, limit=feed.CHANGES, order=feed.OLDEST)
            with readable():
                places = [feed.place_of(item) for item in answer.items()]
                parties += reading.party_ids(answer, name)
            if places:
                seen[model] = max(places)
            more = more or len(places) == feed.CHANGES
        contacts, gone = self._present(list(dict.fromkeys(parties)))
        following = feed.after_changes(state, seen, self._clock.now(), more=more)
        return ContactPage(contacts=contacts, removed=gone, cursor=feed.write_cursor(following), more=more)

    def _present(self, parties: list[str]) -> tuple[tuple[Contact, ...], tuple[ContactRef, ...]]:
        """Those of some parties that are there and active; references to the others."""
        if not parties:
            return (), ()
        numbers = [int(item) for item in parties]
        answer = self._search("party.party", [["id", "in", numbers]], reading.FIELDS, limit=len(numbers))
        platforms = reading.platform_names(domains.PLATFORMS, self._aliases)
        with readable():
            contacts = tuple(self._contact(item, platforms) for item in answer.items())
        there = {item.ref.contact for item in contacts}
        gone = (ContactId(item) for item in parties if item not in there)
        return contacts, tuple(ContactRef(crm=self._name, contact=item) for item in gone)

    def probe(self) -> str:
        """One call: one line on how the connection is, raising a leaf when it is not well."""
        answer = self._search("party.party", [], ("code",), limit=1)
        with readable():
            number = sum(1 for _ in answer.items())
        return f"Tryton at {self._base}" + ("" if number else ", which has no parties yet")

    def _search(
        self,
        model: str,
        domain: list[Any],
        fields: Sequence[str],
        *,
        limit: int = MOST_FOUND,
        order: list[list[str]] | None = None,
    ) -> Reader:
        params = {"d": domains.encoded(domain), "s": limit, "f": fields}
        if order is not None:
            params["o"] = domains.encoded(order)
        answer = self._api.get(f"/{model}", params)
        with readable():
            return answer.json

    def _contact(self, party: Reader, platforms: Mapping[str, str]) -> Contact:
        url = f"{self._web}/#{segment(self._database)}/model/party.party"
        return reading.contact(party, self._name, url, platforms)


def _place(options: Mapping[str, str]) -> tuple[str, str]:
    """The server's address and the database's name, which may be the last part of the address. Raises
    ConfigurationError."""
    base = options.get("base_url", "").strip().rstrip("/")
    database = options.get("database", "").strip()
    if not database:
        base, _, database = base.rpartition("/")
    if "://" not in base or base.endswith("/") or not database:
        raise ConfigurationError("tryton: base_url needs the database's name at its end, or option database")
    return base, database


def _aliases(text: str) -> dict[str, tuple[str, ...]]:
    """``x=Twitter, x=Tw`` -> platform to names in lower case. Raises ConfigurationError."""
    found: dict[str, tuple[str, ...]] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        platform, sign, name = item.partition("=")
        if not (sign and platform.strip() and name.strip()):
            raise ConfigurationError("tryton: option handle_names must read platform=name, platform=name")
        key = platform.strip().lower()
        found[key] = (*found.get(key, ()), name.strip().lower())
    return found
