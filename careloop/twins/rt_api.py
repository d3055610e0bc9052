"""The RT twin's REST2: paths, token, shapes and error bodies as seen on RT 5.0.3 (2026-11)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from careloop.twins import rt_sql
from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.rt_hooks import RtHooks
from careloop.twins.rt_sql import BadQuery
from careloop.twins.rt_world import Data, Refused, RtWorld
from chalicelib.ports.services import Clock

ROOT = "/REST/2.0"
VERSION = "5.0.3+twin"
_PATHS = {
    "ticket": r"/ticket/(\d+)",
    "message": r"/ticket/(\d+)/(correspond|comment)",
    "history": r"/ticket/(\d+)/history",
    "ticket_parts": r"/ticket/(\d+)/attachments",
    "parts": r"/transaction/(\d+)/attachments",
    "part": r"/attachment/(\d+)",
    "user": r"/user/([^/]+)",
    "queue": r"/queue/([^/]+)",
}
_TRANSACTION_FIELDS = (
    "id", "ObjectId", "ObjectType", "Creator", "Type", "Field", "OldValue", "NewValue", "Created", "TicketId",
    "TicketQueue", "TicketStatus",
)  # fmt: skip
_TICKET_FIELDS = ("id", "Queue", "Status", "Subject", "Creator", "Created", "LastUpdated")


class RtApi(Twin):
    """REST2 over one small world."""

    name = "rt"

    def __init__(self, clock: Clock, *, token: str, queues: Sequence[str], bridge: str) -> None:
        self.world = RtWorld(clock, queues=queues, bridge=bridge)
        self.hooks = RtHooks(self.world)
        self.token = token
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        made: dict[tuple[str, str], Callable[[TwinRequest], Any]] = {
            ("GET", "/rt"): lambda request: {"Version": VERSION},
            ("POST", "/user"): self._create_user,
            ("GET", _PATHS["user"]): self._show_user,
            ("PUT", _PATHS["user"]): self._change_user,
            ("GET", _PATHS["queue"]): self._show_queue,
            ("POST", "/ticket"): self._create_ticket,
            ("GET", _PATHS["ticket"]): self._show_ticket,
            ("PUT", _PATHS["ticket"]): self._update_ticket,
            ("POST", _PATHS["message"]): self._write,
            ("GET", _PATHS["history"]): self._history,
            ("GET", _PATHS["ticket_parts"]): self._ticket_parts,
            ("GET", _PATHS["parts"]): self._parts,
            ("GET", _PATHS["part"]): self._part,
            ("POST", "/tickets"): self._search_tickets,
            ("POST", "/transactions"): self._search_transactions,
        }
        return {(method, ROOT + path): self._guarded(handler) for (method, path), handler in made.items()}

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"message": "Not Found"}, 404)

    def _guarded(self, handler: Callable[[TwinRequest], Any]) -> Handler:
        def answer(request: TwinRequest) -> TwinResponse:
            if request.headers.get("authorization") != f"token {self.token}":
                return reply_json({"message": "Unauthorized"}, 401)
            try:
                result = handler(request)
            except Refused as refused:
                return reply_json({"message": refused.message}, refused.status)
            except BadQuery as bad:
                return reply_json({"message": f"{bad} at lib/RT/Tickets.pm line 3187.\n"}, 400)
            self.hooks.look()
            return result if isinstance(result, TwinResponse) else reply_json(result)

        return answer

    def _url(self, kind: str, value: Any) -> str:
        return f"https://rt.example.com{ROOT}/{kind}/{value}"

    def _ref(self, kind: str, value: Any) -> Data:
        return {"type": kind, "id": str(value), "_url": self._url(kind, value)}

    # -- users and queues ----------------------------------------------------------------------------------------------

    def _create_user(self, request: TwinRequest) -> TwinResponse:
        given = _body(request)
        self.world.need_right(self.world.bridge, "AdminUsers", "Permission Denied")
        user = self.world.add_user(
            str(given.get("Name") or ""),
            str(given.get("RealName") or ""),
            email=str(given.get("EmailAddress") or ""),
            privileged=bool(int(given.get("Privileged") or 0)),
            comments=str(given.get("Comments") or ""),
        )
        return reply_json(self._ref("user", user["name"]), 201, location=f"{ROOT}/user/{user['id']}")

    def _show_user(self, request: TwinRequest) -> Data:
        user = self.world.find_user(request.args[0])
        if user is None:
            raise Refused(404, "Not Found")
        return {
            "id": user["id"],
            "Name": user["name"],
            "RealName": user["real_name"],
            "EmailAddress": user["email"],
            "Privileged": int(user["privileged"]),
            "_hyperlinks": [{**self._ref("user", user["id"]), "id": user["id"], "ref": "self"}],
        }

    def _change_user(self, request: TwinRequest) -> list[str]:
        return self.world.change_user(request.args[0], _body(request))

    def _show_queue(self, request: TwinRequest) -> Data:
        name = request.args[0]
        if name not in self.world.data["queues"] or "SeeQueue" not in self.world.data["rights"]:
            raise Refused(403, "Forbidden")
        can_create = "CreateTicket" in self.world.data["rights"]
        links = [{"ref": "create", "type": "ticket", "_url": self._url("ticket", "?Queue=3")}] if can_create else []
        return {
            "id": 3,
            "Name": name,
            "Lifecycle": "default",
            "TicketCustomFields": [{"ref": "customfield", "name": item} for item in self.world.data["ticket_fields"]],
            "TicketTransactionCustomFields": [
                {"ref": "customfield", "name": item} for item in self.world.data["transaction_fields"]
            ],
            "_hyperlinks": [{"ref": "self", "type": "queue", "id": 3}, *links],
        }

    # -- tickets -------------------------------------------------------------------------------------------------------

    def _ticket(self, number: str) -> Data:
        found = self.world.ticket(number)
        if found is None:
            raise Refused(404, "Not Found")
        self.world.need_right(self.world.bridge, "ShowTicket", "Forbidden", 403)
        return found

    def _create_ticket(self, request: TwinRequest) -> TwinResponse:
        ticket = self.world.create_ticket(_body(request), self.world.bridge)
        return reply_json(self._ref("ticket", ticket["id"]), 201, location=f"{ROOT}/ticket/{ticket['id']}")

    def _show_ticket(self, request: TwinRequest) -> Data:
        ticket = self._ticket(request.args[0])
        rights = {"correspond": "ReplyToTicket", "comment": "CommentOnTicket"}
        may = [name for name, right in rights.items() if right in self.world.data["rights"]]
        links = [{"ref": name, "_url": self._url("ticket", f"{ticket['id']}/{name}")} for name in may]
        return {
            "id": ticket["id"],
            "EffectiveId": self._ref("ticket", ticket["effective"]),
            "Type": "ticket",
            "Queue": self._ref("queue", 3),
            "Subject": ticket["subject"],
            "Status": ticket["status"],
            "Priority": ticket["priority"],
            "Due": ticket["due"],
            "Requestor": [self._ref("user", name) for name in ticket["requestors"]],
            "Creator": self._ref("user", ticket["creator"]),
            "Created": ticket["created"],
            "LastUpdated": ticket["updated"],
            "CustomFields": self._custom(self.world.data["ticket_fields"], ticket["fields"]),
            "_hyperlinks": [{**self._ref("ticket", ticket["id"]), "id": ticket["id"], "ref": "self"}, *links],
        }

    def _update_ticket(self, request: TwinRequest) -> list[str]:
        ticket, given = self._ticket(request.args[0]), _body(request)
        said = []
        if given.get("Status"):
            words = self.world.set_status(ticket, given["Status"], self.world.bridge)
            said.append(f"Ticket {ticket['id']}: {words}")
        if "Requestor" in given:
            said.append(self.world.set_requestors(ticket, given["Requestor"], self.world.bridge))
        if given.get("MergeInto"):
            target = self.world.ticket(given["MergeInto"])
            words = self.world.merge(ticket, target, self.world.bridge) if target else "New ticket doesn't exist"
            said.append(words)
        return said

    def _write(self, request: TwinRequest) -> TwinResponse:
        number, kind = request.args
        ticket, given = self.world.ticket(number), _body(request)
        if given.get("Content") and not given.get("ContentType"):
            raise Refused(400, "ContentType is a required field for application/json")
        for item in given.get("Attachments") or ():
            for name in ("FileName", "FileType", "FileContent"):
                if not item.get(name):
                    raise Refused(400, f"{name} is a required field for each attachment in Attachments")
        if ticket is None:
            raise Refused(400, "Permission Denied")
        transaction, said = self.world.write(ticket, kind.capitalize(), given, self.world.bridge)
        return reply_json(said, 201, location=f"{ROOT}/transaction/{transaction['id']}")

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _history(self, request: TwinRequest) -> Data:
        ticket = self.world.ticket(request.args[0])
        rows = self.world.history(ticket) if ticket else []
        test = rt_sql.from_json(_conditions(request.query.get("query", "[]")))
        return self._page(request.query, [row for row in rows if test(self._transaction_values(row))], self._row)

    def _search_transactions(self, request: TwinRequest) -> Data:
        form = _form(request)
        test = rt_sql.parse(form.get("query", ""), _TRANSACTION_FIELDS)
        rows = [row for row in self.world.data["transactions"] if test(self._transaction_values(row))]
        return self._page(form, rows, self._row)

    def _transaction_values(self, row: Data) -> rt_sql.Values:
        ticket: Data = self.world.data["tickets"][str(row["ticket"])]
        values = {
            "id": row["id"], "ObjectId": row["ticket"], "ObjectType": "RT::Ticket", "Creator": row["creator"],
            "Type": row["type"], "Field": row["field"], "OldValue": row["old"], "NewValue": row["new"],
            "Created": row["created"], "TicketId": row["ticket"], "TicketQueue": ticket["queue"],
            "TicketStatus": ticket["status"],
        }  # fmt: skip
        return _lookup(values, row["fields"])

    def _row(self, row: Data, field: str) -> Any:
        simple = {"Type": "type", "Created": "created", "Field": "field", "OldValue": "old", "NewValue": "new"}
        if field in simple:
            return row[simple[field]]
        made: dict[str, Callable[[], Any]] = {
            "": lambda: self._ref("transaction", row["id"]),
            "Creator": lambda: self._ref("user", row["creator"]),
            "ObjectId": lambda: str(row["ticket"]),
            "ObjectType": lambda: "RT::Ticket",
            "Data": lambda: row["data"],
            "CustomFields": lambda: self._custom(self.world.data["transaction_fields"], row["fields"]),
        }
        return made[field]() if field in made else ""

    def _search_tickets(self, request: TwinRequest) -> Data:
        form = _form(request)
        test = rt_sql.parse(form.get("query", ""), _TICKET_FIELDS)
        rows = [
            ticket
            for ticket in self.world.data["tickets"].values()
            if ticket["effective"] == ticket["id"]
            and ticket["status"] != "deleted"
            and test(_lookup(_ticket_values(ticket), ticket["fields"]))
        ]
        return self._page(form, rows, self._ticket_field)

    def _ticket_field(self, ticket: Data, field: str) -> Any:
        if field == "":
            return self._ref("ticket", ticket["id"])
        if field == "CustomFields":
            return self._custom(self.world.data["ticket_fields"], ticket["fields"])
        return _ticket_values(ticket).get(field, "")

    def _custom(self, known: Iterable[str], values: Mapping[str, list[str]]) -> list[Data]:
        return [{**self._ref("customfield", 2), "name": name, "values": values.get(name, [])} for name in known]

    # -- messages ------------------------------------------------------------------------------------------------------

    def _ticket_parts(self, request: TwinRequest) -> Data:
        ticket = self.world.ticket(request.args[0])
        ids = [row["id"] for row in self.world.history(ticket)] if ticket else []
        return self._page(request.query, self.world.attachments(ids), self._part_field)

    def _parts(self, request: TwinRequest) -> Data:
        return self._page(request.query, self.world.attachments([int(request.args[0])]), self._part_field)

    def _part_field(self, part: Data, field: str) -> Any:
        made: dict[str, Callable[[], Any]] = {
            "": lambda: self._ref("attachment", part["id"]),
            "ContentType": lambda: part["media_type"],
            "Filename": lambda: part["filename"],
            "Headers": lambda: part["headers"],
            "TransactionId": lambda: str(part["transaction"]),
            "ContentLength": lambda: str(len(_bytes(part))),
            "Creator": lambda: self._ref("user", part["creator"]),
        }
        return made[field]() if field in made else ""

    def _part(self, request: TwinRequest) -> Data:
        found = next((item for item in self.world.data["attachments"] if str(item["id"]) == request.args[0]), None)
        if found is None:
            raise Refused(500, "Internal Server Error")
        return {
            "id": found["id"],
            "ContentType": found["media_type"],
            "Filename": found["filename"],
            "Headers": found["headers"],
            "Content": base64.encodebytes(_bytes(found)).decode("ascii"),
            "TransactionId": self._ref("transaction", found["transaction"]),
            "Creator": self._ref("user", found["creator"]),
            "Created": found["created"],
        }

    # -- pages ---------------------------------------------------------------------------------------------------------

    def _page(self, wish: Mapping[str, str], rows: Sequence[Data], show: Callable[[Data, str], Any]) -> Data:
        """As RT pages where it does not know all rights: without a total, a number of pages and a next page."""
        size = min(_number(wish.get("per_page"), 20), 100)
        page = _number(wish.get("page"), 1)
        ordered = sorted(rows, key=lambda row: int(row["id"]), reverse=wish.get("order", "ASC").upper() == "DESC")
        shown = ordered[(page - 1) * size : page * size]
        fields = [item for item in wish.get("fields", "").split(",") if item]
        items = [{**show(row, ""), **{field: show(row, field) for field in fields}} for row in shown]
        return {"items": items, "count": len(items), "page": page, "per_page": size, "pages": None, "total": None}


def _number(text: str | None, default: int) -> int:
    return int(text) or default if text and text.isdigit() else default


def _bytes(part: Data) -> bytes:
    if part["filename"]:
        return base64.b64decode(part["content"])
    return str(part["content"]).encode("utf-8")


def _body(request: TwinRequest) -> Data:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refused(415, "Unsupported Media Type")
    try:
        found = request.json
    except ValueError:
        raise Refused(500, "Internal Server Error") from None
    if not isinstance(found, dict):
        raise Refused(400, "JSON object must be a HASH")
    return found


def _form(request: TwinRequest) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refused(400, "JSON object must be a ARRAY")
    return request.form


def _conditions(text: str) -> Any:
    try:
        return json.loads(text or "[]")
    except ValueError:
        raise Refused(500, "Internal Server Error") from None


def _ticket_values(ticket: Data) -> dict[str, Any]:
    return {
        "id": ticket["id"],
        "Queue": ticket["queue"],
        "Status": ticket["status"],
        "Subject": ticket["subject"],
        "Creator": ticket["creator"],
        "Created": ticket["created"],
        "LastUpdated": ticket["updated"],
    }


def _lookup(values: Mapping[str, Any], fields: Mapping[str, list[str]]) -> rt_sql.Values:
    def find(name: str) -> tuple[str, ...] | None:
        if name in values:
            return (str(values[name]),)
        if name.endswith("}"):
            return tuple(fields.get(name[name.index("{") + 1 : -1], ()))
        return None

    return find
