"""The django-helpdesk twin's REST API, as the browser of Django REST framework shows it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.django_helpdesk_world import Broken, Data, DjangoHelpdeskWorld, Refused
from chalicelib.ports.services import Clock

API = "/api"
SITE = "https://desk.example.com"
_PAGE = {"content-type": "text/html"}


class DjangoHelpdeskApi(Twin):
    """Tickets, follow-ups, attachments. ``token`` is Careloop's; no other is known."""

    name = "django_helpdesk"

    def __init__(self, clock: Clock, *, token: str) -> None:
        self.world = DjangoHelpdeskWorld(clock)
        self.token = token
        self.hook: Data = {"url": "", "secret": "", "pending": []}
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        made: dict[tuple[str, str], Callable[[TwinRequest], Any]] = {
            ("OPTIONS", "/tickets/"): self._describe,
            ("GET", "/tickets/"): self._list_tickets,
            ("POST", "/tickets/"): self._create_ticket,
            ("GET", "/tickets/([^/]+)/"): self._show_ticket,
            ("PATCH", "/tickets/([^/]+)/"): self._change_ticket,
            ("GET", "/followups/"): self._list_followups,
            ("POST", "/followups/"): self._create_followup,
            ("GET", "/followups/([^/]+)/"): self._show_followup,
            ("PATCH", "/followups/([^/]+)/"): self._change_followup,
            ("DELETE", "/followups-attachments/([^/]+)/"): self._delete_attachment,
        }
        table = {(method, API + path): self._guarded(handler) for (method, path), handler in made.items()}
        return {**table, ("GET", "(/media/.+)"): self._media}

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return TwinResponse(status=404, body=b"<h1>Not Found</h1>", headers=_PAGE)

    def _guarded(self, handler: Callable[[TwinRequest], Any]) -> Handler:
        def answer(request: TwinRequest) -> TwinResponse:
            if request.headers.get("authorization") != f"Token {self.token}":
                return reply_json({"detail": "Invalid token."}, 401)
            try:
                result = handler(request)
            except Refused as refused:
                return reply_json(refused.body, refused.status)
            except Broken:
                return TwinResponse(
                    status=500, body=b"<h1>Server Error (500)</h1>", headers={"content-type": "text/html"}
                )
            return result if isinstance(result, TwinResponse) else reply_json(result)

        return answer

    # -- tickets -------------------------------------------------------------------------------------------------------

    def _describe(self, request: TwinRequest) -> Data:
        names = ["queue", "title", "description", *(f"custom_{name}" for name in self.world.data["custom_fields"])]
        return {"name": "Ticket List", "actions": {"POST": {name: {"required": False} for name in names}}}

    def _list_tickets(self, request: TwinRequest) -> Data:
        return self._page(request, self._chosen(request), self._ticket)

    def _chosen(self, request: TwinRequest) -> list[Data]:
        wanted = [int(item) for item in request.query.get("status", "").split(",") if item.isdigit()]
        found = self.world.data["tickets"].values()
        return [item for item in found if not wanted or item["status"] in wanted]

    def _create_ticket(self, request: TwinRequest) -> TwinResponse:
        fields, files = _given(request)
        ticket = self.world.create(fields)
        opening = self.world.of_ticket(ticket["id"])[0]
        for name, media_type, content in files:
            self.world.attach(opening, name, media_type, content)
        return reply_json(self._ticket(ticket), 201)

    def _show_ticket(self, request: TwinRequest) -> Data:
        found = self.world.need_ticket(request.args[0])
        if found not in self._chosen(request):
            raise Refused(404, {"detail": "No Ticket matches the given query."})
        return self._ticket(found)

    def _change_ticket(self, request: TwinRequest) -> Data:
        found = self.world.need_ticket(request.args[0])
        allowed = ("title", "description", "submitter_email", "status", "priority", "on_hold")
        found.update({name: value for name, value in request.json.items() if name in allowed})
        return self._ticket(found)

    def _ticket(self, ticket: Data) -> Data:
        kept = {name: value for name, value in ticket.items() if name != "fields"}
        entries = [self._followup(item) for item in self.world.of_ticket(ticket["id"])]
        custom = {f"custom_{name}": value for name, value in ticket["fields"].items()}
        return {**kept, "followup_set": entries, **custom}

    # -- follow-ups ----------------------------------------------------------------------------------------------------

    def _list_followups(self, request: TwinRequest) -> Data:
        rows = sorted(self.world.data["followups"].values(), key=lambda item: (item["date"], item["id"]))
        return self._page(request, rows, self._followup)

    def _create_followup(self, request: TwinRequest) -> TwinResponse:
        fields, files = _given(request)
        ticket = self.world.data["tickets"].get(str(fields.get("ticket")))
        if ticket is None:
            raise Refused(400, {"ticket": [f'Invalid pk "{fields.get("ticket")}" - object does not exist.']})
        public, status, title = fields.get("public") is True, fields.get("new_status"), fields.get("title")
        made = self.world.write(ticket, str(fields.get("comment") or ""), 1, public=public, status=status, title=title)
        for name, media_type, content in files:
            self.world.attach(made, name, media_type, content)
        self.tell(made)
        return reply_json(self._followup(made), 201)

    def _show_followup(self, request: TwinRequest) -> Data:
        return self._followup(self.world.need_followup(request.args[0]))

    def _change_followup(self, request: TwinRequest) -> Data:
        """Unlike a new one's, its comment is not rendered."""
        found = self.world.need_followup(request.args[0])
        found.update({name: value for name, value in request.json.items() if name in ("comment", "public")})
        return self._followup(found)

    def _followup(self, followup: Data, site: str = SITE) -> Data:
        files = [
            {**{name: value for name, value in item.items() if name != "content"}, "file": site + item["file"]}
            for item in followup["followupattachment_set"]
        ]
        return {**followup, "followupattachment_set": files}

    # -- files and webhooks --------------------------------------------------------------------------------------------

    def _delete_attachment(self, request: TwinRequest) -> TwinResponse:
        for item in self.world.data["followups"].values():
            for file in item["followupattachment_set"]:
                if str(file["id"]) == request.args[0]:
                    item["followupattachment_set"].remove(file)
                    return TwinResponse(status=204)
        raise Refused(404, {"detail": "No FollowUpAttachment matches the given query."})

    def _media(self, request: TwinRequest) -> TwinResponse:
        for file in self.world.files():
            if file["file"] == request.args[0]:
                body = base64.b64decode(file["content"])
                return TwinResponse(body=body, headers={"content-type": file["mime_type"]})
        return self.not_found(request)

    def tell(self, followup: Data) -> None:
        """Queue a call of the webhook: the whole ticket, files without their host."""
        if not self.hook["url"]:
            return
        ticket = self._ticket(self.world.data["tickets"][str(followup["ticket"])])
        ticket["followup_set"] = [self._followup(item, "") for item in self.world.of_ticket(followup["ticket"])]
        body = {"ticket": ticket, "queue_slug": "social", "followup_id": followup["id"]}
        self.hook["pending"].append(json.dumps(body))

    # -- pages ---------------------------------------------------------------------------------------------------------

    def _page(self, request: TwinRequest, rows: Sequence[Data], show: Callable[[Data], Data]) -> Data:
        size = int(request.query.get("page_size", "25"))
        pages = max(1, -(-len(rows) // size))
        wanted = request.query.get("page", "1")
        number = pages if wanted == "last" else int(wanted) if wanted.isdigit() else 0
        if not 1 <= number <= pages:
            raise Refused(404, {"detail": "Invalid page."})
        address = f"{SITE}{request.path}?page_size={size}&page="
        return {
            "count": len(rows),
            "next": f"{address}{number + 1}" if number < pages else None,
            "previous": f"{address}{number - 1}" if number > 1 else None,
            "results": [show(item) for item in rows[(number - 1) * size : number * size]],
        }


def _given(request: TwinRequest) -> tuple[Data, list[tuple[str, str, bytes]]]:
    """Fields and files, sent as JSON or as a form."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        return dict(request.json), []
    if not kind.startswith("multipart/form-data"):
        raise Refused(415, {"detail": f'Unsupported media type "{kind}" in request.'})
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    fields: Data = {}
    files = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        if part.get_filename() is not None:
            files.append((str(part.get_filename()), part.get_content_type(), content))
        else:
            fields[name] = _value(name, content.decode("utf-8"))
    return fields, files


def _value(name: str, text: str) -> Any:
    if name in ("queue", "ticket", "priority", "new_status"):
        return int(text) if text.isdigit() else text
    return text == "true" if name == "public" else text
