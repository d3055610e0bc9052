"""The API of the stand-in for HubSpot: contacts, tickets, notes, associations, owners, files. By HubSpot's public API
descriptions (2026)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from chalicelib.ports.services import Clock

Data = dict[str, Any]
BODY, STAGE, MERGED, MODIFIED = "hs_note_body", "hs_pipeline_stage", "hs_merged_object_ids", "hs_lastmodifieddate"
LAG = timedelta(seconds=10)
"""After which a search shows what was written."""
UNIQUE = {"contacts": "careloop_author", "tickets": "careloop_case"}
_RECORD = r"/crm/v3/objects/(contacts|tickets|notes)/([^/]+)"


class Refused(Exception):
    """The API says no."""

    def __init__(self, status: int, category: str) -> None:
        super().__init__(category)
        self.status = status
        self.category = category


class HubspotDeskApi(Twin):
    """One account's records. Ids are numbers, as text, over everything."""

    name = "hubspot_desk"

    def __init__(self, clock: Clock, *, token: str) -> None:
        super().__init__()
        self.token = token
        self.agent = "7"
        self._clock = clock
        self._data: Data = {"last": 100, "contacts": {}, "tickets": {}, "entries": [], "files": {}, "queue": []}
        self._data["hook"] = {}

    def routes(self) -> dict[tuple[str, str], Handler]:
        table: dict[tuple[str, str], Handler] = {
            ("GET", "/crm/v3/properties/(contacts|tickets)/([^/]+)"): self._show_property,
            ("GET", r"/crm/v3/owners/([^/]+)"): self._show_owner,
            ("POST", "/crm/v3/objects/contacts"): self._create_contact,
            ("POST", "/crm/v3/objects/contacts/gdpr-delete"): self._delete_contact,
            ("POST", "/crm/v3/objects/tickets"): self._create_ticket,
            ("POST", "/crm/v3/objects/tickets/search"): self._search,
            ("GET", "/crm/v3/objects/notes"): self._list_notes,
            ("POST", "/crm/v3/objects/notes"): self._create_note,
            ("POST", "/crm/v3/objects/notes/batch/read"): self._read_notes,
            ("GET", "/crm/v4/objects/tickets/([^/]+)/associations/notes"): self._list_associations,
            ("GET", _RECORD): self._show,
            ("PATCH", _RECORD): self._change,
            ("GET", "/files/v3/files/([^/]+)/signed-url"): self._sign_file,
        }
        return {key: self._guarded(handler) for key, handler in table.items()} | {
            ("GET", "/signed/([^/]+)"): self._download
        }

    def _guarded(self, handler: Callable[[TwinRequest], TwinResponse]) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            try:
                if request.headers.get("authorization") != f"Bearer {self.token}":
                    raise Refused(401, "INVALID_AUTHENTICATION")
                return handler(request)
            except Refused as no:
                return reply_json({"status": "error", "category": no.category, "message": "refused"}, no.status)

        return handle

    # -- records -------------------------------------------------------------------------------------------------------

    def _show_property(self, request: TwinRequest) -> TwinResponse:
        kind, name = request.args
        if UNIQUE[kind] != name:
            raise Refused(404, "OBJECT_NOT_FOUND")
        return reply_json({"name": name, "hasUniqueValue": True})

    def _show_owner(self, request: TwinRequest) -> TwinResponse:
        if request.args[0] != self.agent or request.query.get("idProperty") != "userId":
            raise Refused(404, "OBJECT_NOT_FOUND")
        return reply_json({"id": "41629779", "userId": int(self.agent), "firstName": "Ana", "lastName": "Agent"})

    def _show(self, request: TwinRequest) -> TwinResponse:
        kind, number = request.args
        found = self._found(kind, number, request.query.get("idProperty"))
        answer = {"id": found["id"], "properties": found["properties"], "createdAt": found["createdAt"]}
        if "propertiesWithHistory" in request.query:
            answer["propertiesWithHistory"] = found["history"]
        return reply_json(answer)

    def _change(self, request: TwinRequest) -> TwinResponse:
        kind, number = request.args
        found, given = self._found(kind, number, None), _properties(request.json)
        if kind == "tickets":
            self.change(found, given)
        else:
            found["properties"] |= given
        return reply_json({"id": found["id"], "properties": found["properties"]})

    def _create_contact(self, request: TwinRequest) -> TwinResponse:
        return reply_json(self._create("contacts", request.json), 201)

    def _delete_contact(self, request: TwinRequest) -> TwinResponse:
        if self._data["contacts"].pop(str(request.json.get("objectId")), None) is None:
            raise Refused(404, "OBJECT_NOT_FOUND")
        return TwinResponse(status=204)

    def _create_ticket(self, request: TwinRequest) -> TwinResponse:
        if not {"subject", STAGE} <= set(_properties(request.json)):
            raise Refused(400, "VALIDATION_ERROR")
        to = request.json["associations"][0]
        if to["types"][0]["associationTypeId"] != 16:
            raise Refused(400, "VALIDATION_ERROR")
        self._found("contacts", to["to"]["id"], None)
        made = self._create("tickets", request.json)
        made |= {"contact": to["to"]["id"], "merged_into": None, "archived": False}
        self.change(made, {STAGE: made["properties"][STAGE]})
        return reply_json({"id": made["id"], "properties": made["properties"]}, 201)

    def _create(self, kind: str, given: Any) -> Data:
        properties, unique = _properties(given), UNIQUE[kind]
        if any(item["properties"].get(unique) == properties.get(unique) for item in self._data[kind].values()):
            raise Refused(400, "VALIDATION_ERROR")
        made = {"id": self.next(), "properties": dict(properties), "createdAt": self.now(), "history": {}}
        self._data[kind][made["id"]] = made
        return made

    def _create_note(self, request: TwinRequest) -> TwinResponse:
        to = request.json["associations"][0]
        if to["types"][0]["associationTypeId"] != 228 or "hs_timestamp" not in _properties(request.json):
            raise Refused(400, "VALIDATION_ERROR")
        ticket = self.ticket(to["to"]["id"])
        written = {**_properties(request.json), "hs_object_source": "INTEGRATION"}
        return reply_json({"id": self.add_entry(ticket, written)}, 201)

    def _list_notes(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"results": [_note(item) for item in self._data["entries"][:1]]})

    def _read_notes(self, request: TwinRequest) -> TwinResponse:
        wanted = {item["id"] for item in request.json["inputs"]}
        if not 0 < len(wanted) <= 100:
            raise Refused(400, "VALIDATION_ERROR")
        return reply_json({"results": [_note(item) for item in self._data["entries"] if item["id"] in wanted]})

    def _list_associations(self, request: TwinRequest) -> TwinResponse:
        ticket, start = self.ticket(request.args[0])["id"], int(request.query.get("after", "0"))
        notes = [item for item in self._data["entries"] if item["ticket"] == ticket and item["kind"] == "note"]
        end = start + int(request.query["limit"])
        answer: Data = {"results": [{"toObjectId": int(item["id"])} for item in notes[start:end]]}
        if end < len(notes):
            answer["paging"] = {"next": {"after": str(end)}}
        return reply_json(answer)

    def _search(self, request: TwinRequest) -> TwinResponse:
        asked, shown = request.json, self._clock.now() - LAG
        there = [
            item
            for item in self._data["tickets"].values()
            if not item["archived"] and item["merged_into"] is None and _time(item["properties"][MODIFIED]) <= shown
        ]
        found = [item for item in there if any(_fits(item, group["filters"]) for group in asked["filterGroups"])]
        by = asked["sorts"][0]["propertyName"]
        found.sort(key=lambda item: int(item["id"]) if by == "hs_object_id" else _time(item["properties"][by]))
        if not 0 < asked["limit"] <= 200:
            raise Refused(400, "VALIDATION_ERROR")
        rows = [{"id": item["id"], "properties": item["properties"]} for item in found[: asked["limit"]]]
        return reply_json({"total": len(found), "results": rows})

    # -- files ---------------------------------------------------------------------------------------------------------

    def add_file(self, name: str, content: bytes) -> str:
        """A file in the account; its id."""
        with self.lock:
            number = self.next()
            self._data["files"][number] = {"name": name, "hex": content.hex()}
            return number

    def _sign_file(self, request: TwinRequest) -> TwinResponse:
        file = self._data["files"].get(request.args[0])
        if file is None:
            raise Refused(404, "OBJECT_NOT_FOUND")
        name, _, extension = file["name"].rpartition(".")
        size = len(file["hex"]) // 2
        url = f"https://api.hubapi.com/signed/{request.args[0]}"
        kind = "IMG" if extension in ("png", "jpg") else "DOCUMENT"
        return reply_json({"name": name, "extension": extension, "type": kind, "size": size, "url": url})

    def _download(self, request: TwinRequest) -> TwinResponse:
        return TwinResponse(body=bytes.fromhex(self._data["files"][request.args[0]]["hex"]))

    # -- the small world -----------------------------------------------------------------------------------------------

    def now(self) -> str:
        return self._clock.now().isoformat()

    def next(self) -> str:
        self._data["last"] += 1
        return str(self._data["last"])

    def ticket(self, number: str) -> Data:
        """A ticket, or the one that it was merged into. Raises Refused."""
        found: Data | None = self._data["tickets"].get(str(number))
        while found is not None and found["merged_into"] is not None:
            found = self._data["tickets"][found["merged_into"]]
        if found is None or found["archived"]:
            raise Refused(404, "OBJECT_NOT_FOUND")
        return found

    def change(self, ticket: Data, properties: Data) -> None:
        """Set properties, as HubSpot keeps their history: the newest first."""
        at = self.now()
        for name, value in properties.items():
            ticket["history"].setdefault(name, []).insert(0, {"value": value, "timestamp": at})
        ticket["properties"] |= {**properties, MODIFIED: at}
        for name in properties:
            self.tell("ticket.propertyChange", objectId=int(ticket["id"]), propertyName=name)

    def add_entry(self, ticket: Data, properties: Data, kind: str = "note") -> str:
        """An activity on a ticket; its id. The ticket's date of the last activity moves."""
        entry = {"id": self.next(), "ticket": ticket["id"], "kind": kind, "createdAt": self.now()}
        self._data["entries"].append({**entry, "properties": dict(properties)})
        self.change(ticket, {"notes_last_updated": self.now()})
        return str(entry["id"])

    def tell(self, kind: str, **event: Any) -> None:
        """Queue an event for the webhook."""
        if self._data["hook"]:
            at = int(self._clock.now().timestamp() * 1000)
            told = {"eventId": int(self.next()), "portalId": 12345678, "occurredAt": at, "subscriptionType": kind}
            self._data["queue"].append({"event": {**told, **event}, "tries": 0, "due": self.now()})

    def _found(self, kind: str, number: str, unique: str | None) -> Data:
        if unique is not None:
            if unique != UNIQUE[kind]:
                raise Refused(400, "PROPERTY_DOESNT_EXIST")
            records = self._data[kind].values()
            number = next((item["id"] for item in records if item["properties"].get(unique) == number), "")
        if kind == "tickets":
            return self.ticket(number)
        rows = {item["id"]: item for item in self._data["entries"]} if kind == "notes" else self._data[kind]
        if number not in rows:
            raise Refused(404, "OBJECT_NOT_FOUND")
        found: Data = rows[number]
        return {"history": {}, **found, "properties": found["properties"]}


def _properties(given: Any) -> Data:
    """The properties of a body; all values are text. Raises Refused."""
    found = given.get("properties") if isinstance(given, dict) else None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Refused(400, "VALIDATION_ERROR")
    return found


def _note(entry: Data) -> Data:
    return {name: entry[name] for name in ("id", "properties", "createdAt")}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _fits(ticket: Data, filters: list[Data]) -> bool:
    return all(_fits_one(ticket, item) for item in filters)


def _fits_one(ticket: Data, wanted: Data) -> bool:
    name, operator = wanted["propertyName"], wanted["operator"]
    if operator == "HAS_PROPERTY":
        return bool(ticket["properties"].get(name))
    if name == "hs_object_id":
        return int(ticket["id"]) > int(wanted["value"])
    at = _time(ticket["properties"][name])
    milliseconds = int(at.timestamp()) * 1000 + at.microsecond // 1000
    return milliseconds >= int(wanted["value"]) if operator == "GTE" else milliseconds == int(wanted["value"])
