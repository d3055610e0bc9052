"""The Freshdesk twin's API v2. See `careloop.twins.freshdesk`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from careloop.twins.base import Handler, TwinRequest, TwinResponse, reply_json
from careloop.twins.forms import FormFile, read_parts
from careloop.twins.freshdesk_world import INDEX_LAG, Data, Refused, World, plain

LIMIT = 700
"""Calls in a minute (support.freshdesk.com 225439, Enterprise, 2026-01)."""
MOST_PAGES = 300
_CONTACT = frozenset({"name", "email", "phone", "mobile", "unique_external_id"})
_TICKET: Mapping[str, type] = {
    "subject": str,
    "description": str,
    "type": str,
    "due_by": str,
    "fr_due_by": str,
    "status": int,
    "priority": int,
    "source": int,
    "requester_id": int,
    "group_id": int,
    "tags": list,
    "custom_fields": dict,
}
_NOTE: Mapping[str, type] = {"body": str, "private": bool, "incoming": bool, "user_id": int}
_QUERY = re.compile(r"\"(cf_[a-z_]+):'([^']*)'\"")


class FreshdeskApi(World):
    """Paths and what they do."""

    def api(self) -> dict[tuple[str, str], Callable[[TwinRequest], TwinResponse]]:
        """(method, path below /api/v2) -> handler."""
        return {
            ("GET", "/agents/me"): lambda request: reply_json(self._data["agents"][str(self.ours)]),
            ("GET", "/agents/([0-9]+)"): self._show_agent,
            ("GET", "/ticket_fields"): self._list_fields,
            ("GET", "/contacts"): self._list_contacts,
            ("POST", "/contacts"): self._create_contact,
            ("GET", "/contacts/([0-9]+)"): self._show_contact,
            ("PUT", "/contacts/([0-9]+)"): self._change_contact,
            ("PUT", "/contacts/([0-9]+)/restore"): self._restore_contact,
            ("DELETE", "/contacts/([0-9]+)/hard_delete"): self._delete_contact,
            ("GET", "/tickets"): self._list_tickets,
            ("POST", "/tickets"): self._create_ticket,
            ("GET", "/search/tickets"): self._search,
            ("GET", "/tickets/([0-9]+)"): lambda request: self._show_ticket(request, archived=False),
            ("GET", "/tickets/archived/([0-9]+)"): lambda request: self._show_ticket(request, archived=True),
            ("PUT", "/tickets/([0-9]+)"): self._change_ticket,
            ("GET", "/tickets(?:/archived)?/([0-9]+)/conversations"): self._list_conversations,
            ("POST", "/tickets/([0-9]+)/notes"): self._create_note,
            ("PUT", "/conversations/([0-9]+)"): self._change_note,
            ("DELETE", "/attachments/([0-9]+)"): self._delete_file,
        }

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return TwinResponse(status=404)

    def _guarded(self, handler: Callable[[TwinRequest], TwinResponse]) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            minute = self._now()[:16]
            used = self._data["used"] + 1 if self._data["minute"] == minute else 1
            self._data.update(minute=minute, used=used)
            told = {"x-ratelimit-total": str(LIMIT), "x-ratelimit-remaining": str(max(0, LIMIT - used))}
            if used > LIMIT:
                return TwinResponse(status=429, headers={**told, "retry-after": "30"})
            login = base64.b64encode(f"{self.api_key}:X".encode()).decode()
            if request.headers.get("authorization") != f"Basic {login}":
                return reply_json({"code": "invalid_credentials", "message": "You have to be logged in"}, 401)
            try:
                answer = handler(request)
            except Refused as refused:
                answer = reply_json(refused.body, refused.status)
            return TwinResponse(status=answer.status, body=answer.body, headers={**answer.headers, **told})

        return handle

    # -- people --------------------------------------------------------------------------------------------------------

    def _show_agent(self, request: TwinRequest) -> TwinResponse:
        found = self._data["agents"].get(request.args[0])
        return reply_json(found) if found else TwinResponse(status=404)

    def _list_fields(self, request: TwinRequest) -> TwinResponse:
        own = [{"name": name, "default": False, "required_for_agents": False} for name in self._data["fields"]]
        return reply_json([{"name": "status", "default": True, "required_for_agents": True}, *own])

    def _list_contacts(self, request: TwinRequest) -> TwinResponse:
        wanted = request.query.get("unique_external_id")
        found = [item for item in self._data["contacts"].values() if not item["deleted"]]
        return reply_json([item for item in found if wanted in (None, item["unique_external_id"])][:100])

    def _create_contact(self, request: TwinRequest) -> TwinResponse:
        given = request.json
        for name in given:
            if name not in _CONTACT:
                raise Refused(400, "invalid_field", name)
        if not given.get("name"):
            raise Refused(400, "missing_field", "name")
        wanted = given.get("unique_external_id")
        for item in self._data["contacts"].values():
            if wanted and item["unique_external_id"] == wanted:
                more = {"additional_info": {"user_id": item["id"]}}
                raise Refused(409, "duplicate_value", "unique_external_id", **more)
        number = self._next()
        contact: Data = {"id": number, **dict.fromkeys(sorted(_CONTACT)), **given, "deleted": False}
        self._data["contacts"][str(number)] = contact
        return reply_json(contact, 201)

    def _contact(self, number: str) -> Data:
        found: Data | None = self._data["contacts"].get(number)
        if found is None:
            raise Refused(404, "not_found")
        return found

    def _show_contact(self, request: TwinRequest) -> TwinResponse:
        return reply_json(self._contact(request.args[0]))

    def _change_contact(self, request: TwinRequest) -> TwinResponse:
        contact = self._contact(request.args[0])
        contact.update(request.json)
        return reply_json(contact)

    def _restore_contact(self, request: TwinRequest) -> TwinResponse:
        self._contact(request.args[0])["deleted"] = False
        return TwinResponse(status=204)

    def _delete_contact(self, request: TwinRequest) -> TwinResponse:
        contact = self._contact(request.args[0])
        if not contact["deleted"] and request.query.get("force") != "true":
            raise Refused(400, "invalid_value", "force")
        del self._data["contacts"][request.args[0]]
        gone = [key for key, item in self._data["tickets"].items() if item["requester_id"] == contact["id"]]
        for key in gone:
            del self._data["tickets"][key]
        return TwinResponse(status=204)

    # -- tickets -------------------------------------------------------------------------------------------------------

    def _create_ticket(self, request: TwinRequest) -> TwinResponse:
        given, files = _given(request, _TICKET)
        self._check_ticket(given)
        for name in ("requester_id", "subject", "description", "status", "priority"):
            if name not in given:
                raise Refused(400, "missing_field", name)
        ticket: Data = {
            "id": self._next(),
            "tags": [],
            "custom_fields": {},
            "source": 2,
            "type": None,
            "group_id": None,
            **given,
            "description": f"<div>{given['description']}</div>",
            "deleted": False,
            "spam": False,
            "archived": False,
            "created_at": self._now(),
            "updated_at": self._now(),
        }
        ticket["attachments"] = self._take({}, files)
        self._data["tickets"][str(ticket["id"])] = ticket
        return reply_json(_full(ticket), 201)

    def _check_ticket(self, given: Data) -> None:
        if "requester_id" in given and str(given["requester_id"]) not in self._data["contacts"]:
            raise Refused(400, "invalid_value", "requester_id")
        for tag in given.get("tags", []):
            if not isinstance(tag, str) or len(tag) > 32:
                raise Refused(400, "invalid_value", "tags")
        for name in given.get("custom_fields", {}):
            if name not in self._data["fields"]:
                raise Refused(400, "invalid_field", name)

    def _show_ticket(self, request: TwinRequest, *, archived: bool) -> TwinResponse:
        ticket = self._ticket(request.args[0])
        if ticket["archived"] is not archived:
            return TwinResponse(status=404)
        return reply_json(_full(ticket))

    def _change_ticket(self, request: TwinRequest) -> TwinResponse:
        ticket = self._ticket(request.args[0])
        given, _ = _given(request, _TICKET)
        self._check_ticket(given)
        if ticket["archived"]:
            return TwinResponse(status=404)
        self._update(ticket, **given)
        return reply_json(_full(ticket))

    def _list_tickets(self, request: TwinRequest) -> TwinResponse:
        query = request.query
        moment = (self._clock.now() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        name = "updated_at" if "updated_since" in query else "created_at"
        since = query.get("updated_since", moment)
        found = [item for item in self._data["tickets"].values() if item[name] >= since]
        found = [item for item in found if not (item["deleted"] or item["spam"] or item["archived"])]
        by, down = query.get("order_by", "created_at"), query.get("order_type", "desc") == "desc"
        found.sort(key=lambda item: (item[by], item["id"]), reverse=down)
        return reply_json([_short(item) for item in _page(found, query, 30)])

    def _search(self, request: TwinRequest) -> TwinResponse:
        asked = _QUERY.fullmatch(request.query.get("query", ""))
        if asked is None:
            raise Refused(400, "invalid_value", "query")
        if asked[1] not in self._data["fields"]:
            raise Refused(400, "invalid_field", asked[1])
        now = self._clock.now()
        found = [
            _short(item)
            for item in self._data["tickets"].values()
            if item["custom_fields"].get(asked[1]) == asked[2]
            and not (item["deleted"] or item["spam"] or item["archived"])
            and now - datetime.fromisoformat(item["created_at"]) >= INDEX_LAG
        ]
        return reply_json({"total": len(found), "results": found[:30]})

    # -- conversations -------------------------------------------------------------------------------------------------

    def _list_conversations(self, request: TwinRequest) -> TwinResponse:
        ticket = self._ticket(request.args[0])
        found = [item for item in self._data["conversations"] if item["ticket_id"] == ticket["id"]]
        rows = _page(found, request.query, 30)
        return reply_json([{**item, "body_text": " ".join(plain(item["body"]).split())} for item in rows])

    def _create_note(self, request: TwinRequest) -> TwinResponse:
        ticket = self._ticket(request.args[0])
        given, files = _given(request, _NOTE)
        if ticket["archived"]:
            return TwinResponse(status=404)
        if not given.get("body"):
            raise Refused(400, "missing_field", "body")
        user = given.get("user_id", self.ours)
        if str(user) not in self._data["contacts"] and str(user) not in self._data["agents"]:
            raise Refused(400, "invalid_value", "user_id")
        taken = self._take(ticket, files)
        entry = self._converse(
            ticket,
            given["body"],
            user=user,
            source=2,
            incoming=given.get("incoming", False),
            private=given.get("private", True),
        )
        entry["attachments"] = taken
        return reply_json(entry, 201)

    def _change_note(self, request: TwinRequest) -> TwinResponse:
        for entry in self._data["conversations"]:
            if str(entry["id"]) == request.args[0]:
                if entry["source"] != 2:
                    raise Refused(400, "invalid_value", "id")
                entry.update(body=request.json["body"], updated_at=self._now())
                return reply_json(entry)
        return TwinResponse(status=404)

    def _delete_file(self, request: TwinRequest) -> TwinResponse:
        if self._data["files"].pop(request.args[0], None) is None:
            return TwinResponse(status=404)
        for holder in (*self._data["tickets"].values(), *self._data["conversations"]):
            holder["attachments"] = [item for item in holder["attachments"] if str(item["id"]) != request.args[0]]
        return TwinResponse(status=204)


def _full(ticket: Data) -> Data:
    return {**ticket, "description_text": " ".join(plain(ticket["description"]).split())}


def _short(ticket: Data) -> Data:
    """As lists show it: without description and files."""
    return {name: value for name, value in ticket.items() if name not in ("description", "attachments")}


def _page(rows: Sequence[Data], query: Mapping[str, str], size: int) -> Sequence[Data]:
    page, per_page = int(query.get("page", "1")), int(query.get("per_page", str(size)))
    if not 1 <= page <= MOST_PAGES or not 1 <= per_page <= 100:
        raise Refused(400, "invalid_value", "per_page")
    return rows[(page - 1) * per_page : page * per_page]


def _given(request: TwinRequest, known: Mapping[str, type]) -> tuple[Data, list[FormFile]]:
    """The fields of a call, of the types that they must have, from JSON or from a form with files."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        data: Data = request.json
        files: list[FormFile] = []
    else:
        pairs, named = read_parts(request)
        data, files = _unfolded(pairs, known), [file for name, file in named if name == "attachments[]"]
    for name, value in data.items():
        if name not in known:
            raise Refused(400, "invalid_field", name)
        if not isinstance(value, known[name]) or (known[name] is int and isinstance(value, bool)):
            raise Refused(400, "datatype_mismatch", name)
    return data, files


def _unfolded(pairs: Sequence[tuple[str, str]], known: Mapping[str, type]) -> Data:
    data: Data = {}
    for name, value in pairs:
        base, _, key = name.partition("[")
        kind = known.get(base, str)
        if kind is list:
            data.setdefault(base, []).append(value)
        elif kind is dict:
            data.setdefault(base, {})[key.rstrip("]")] = value
        else:
            told: Any = {"true": True, "false": False}.get(value) if kind is bool else value
            data[base] = int(value) if kind is int and value.isdigit() else told
    return data
