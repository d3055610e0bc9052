"""The Zendesk twin's HTTP: the part of the Support API that Careloop uses, with its login, limits and refusals."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.zendesk_desk import ZendeskDesk
from careloop.twins.zendesk_people import Data, Refused, not_found
from careloop.twins.zendesk_removal import ZendeskRemoval
from careloop.twins.zendesk_world import VIA_API
from chalicelib.ports.services import Clock

ACCOUNT_LIMIT = 700
"""Requests a minute (Suite Enterprise)."""
_ANYONE = {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}


class ZendeskApi(Twin):
    """The account's API. ``integration`` is the user whose token Careloop has."""

    name = "zendesk"

    def __init__(self, clock: Clock, *, email: str, api_token: str, access_token: str) -> None:
        self.desk = ZendeskDesk(clock)
        self.world = self.desk.world
        self._login = f"{email}/token:{api_token}"
        self._access_token = access_token
        self.integration = int(self.world.add_user("Careloop", "admin", email=email)["id"])
        self.removal = ZendeskRemoval(self.desk, self.integration)
        super().__init__()
        self.export_repeats = False
        """True: every page of the export lists the ticket at the cursor again, as is normal for exports."""

    def routes(self) -> dict[tuple[str, str], Handler]:
        table: dict[tuple[str, str], Callable[[TwinRequest], TwinResponse]] = {
            ("GET", "/users/me"): self._me,
            ("GET", "/users/search"): self._search_users,
            ("POST", "/users/create_or_update"): self._put_user,
            ("GET", "/users/([0-9]+)"): self._show_user,
            ("POST", "/users/([0-9]+)/identities"): self._add_identity,
            ("GET", "/tickets"): self._list_tickets,
            ("POST", "/tickets"): self._create_ticket,
            ("GET", "/tickets/count"): self._count_tickets,
            ("GET", "/tickets/([0-9]+)"): self._show_ticket,
            ("PUT", "/tickets/([0-9]+)"): self._update_ticket,
            ("DELETE", "/tickets/([0-9]+)"): self._delete_ticket,
            ("GET", "/tickets/([0-9]+)/comments"): self._list_comments,
            ("PUT", "/tickets/([0-9]+)/comments/([0-9]+)/make_private"): self._make_private,
            ("GET", "/tickets/([0-9]+)/audits"): self._list_audits,
            ("GET", "/tickets/([0-9]+)/tags"): self._list_tags,
            ("PUT", "/tickets/([0-9]+)/tags"): self._add_tags,
            ("POST", "/tickets/([0-9]+)/tags"): self._set_tags,
            ("DELETE", "/tickets/([0-9]+)/tags"): self._remove_tags,
            ("POST", "/tickets/([0-9]+)/merge"): self._merge_tickets,
            ("GET", "/incremental/tickets/cursor"): self._export,
            ("GET", "/webhooks/([^/]+)"): self._show_webhook,
            ("PATCH", "/webhooks/([^/]+)"): self._change_webhook,
            ("GET", "/triggers/([0-9]+)"): self._show_trigger,
            ("PUT", "/triggers/([0-9]+)"): self._change_trigger,
            ("POST", "/uploads"): self._upload,
            ("DELETE", "/uploads/([^/]+)"): self._delete_upload,
            **self.removal.routes(),
        }
        routes: dict[tuple[str, str], Handler] = {}
        for (method, path), handler in table.items():
            routes[method, rf"(?:/api/v2)?{path}(?:\.json)?"] = self._guarded(handler, path)
        return routes

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"error": "InvalidEndpoint", "description": "Not found"}, 404)

    def _guarded(self, handler: Callable[[TwinRequest], TwinResponse], path: str) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            limits: dict[str, str] = {}
            try:
                signed_in = self._is_signed_in(request)
                if not signed_in and path != "/users/me":
                    return reply_json({"error": "Couldn't authenticate you"}, 401)
                limits = {"x-rate-limit": str(ACCOUNT_LIMIT), "x-rate-limit-remaining": "0"}
                left = self.world.limit("account", most=ACCOUNT_LIMIT, seconds=60)
                limits["x-rate-limit-remaining"] = str(left)
                answer = handler(request) if signed_in else reply_json({"user": _ANYONE})
            except Refused as refused:
                return reply_json(refused.body, refused.status, **_named({**refused.headers, **limits}))
            return TwinResponse(status=answer.status, body=answer.body, headers={**answer.headers, **limits})

        return handle

    def _is_signed_in(self, request: TwinRequest) -> bool:
        """True for our login, False for none. Refused: 401 for any other."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return False
        if scheme == "Bearer" and self._access_token and value == self._access_token:
            return True
        try:
            known = scheme == "Basic" and base64.b64decode(value, validate=True) == self._login.encode()
        except binascii.Error:
            known = False
        if not known:
            raise Refused(401, {"error": "Couldn't authenticate you"})
        return True

    # users

    def _me(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"user": self.world.user(self.integration)})

    def _show_user(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"user": self.world.user(request.args[0])})

    def _search_users(self, request: TwinRequest) -> TwinResponse:
        found = self.world.find_user(external_id=request.query.get("external_id") or "-")
        return reply_json({"users": [found] if found else [], "count": 1 if found else 0})

    def _put_user(self, request: TwinRequest) -> TwinResponse:
        user, created = self.world.put_user(_member(request, "user"))
        return reply_json({"user": user}, 201 if created else 200, location=f"/api/v2/users/{user['id']}.json")

    def _add_identity(self, request: TwinRequest) -> TwinResponse:
        given = _member(request, "identity")
        identity = self.world.add_identity(request.args[0], given["type"], given["value"])
        return reply_json({"identity": identity}, 201)

    # tickets

    def _list_tickets(self, request: TwinRequest) -> TwinResponse:
        tickets = self.world.tickets_by_external_id(request.query.get("external_id", ""))
        return reply_json({"tickets": tickets, "count": len(tickets), "next_page": None})

    def _count_tickets(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"count": {"value": len(self.world.data["tickets"]), "refreshed_at": self.world.stamp()}})

    def _create_ticket(self, request: TwinRequest) -> TwinResponse:
        self.world.forget_old_keys()
        key, print_ = request.headers.get("idempotency-key", ""), hashlib.sha256(request.body).hexdigest()
        known = self.world.data["keys"].get(key) if key else None
        if known is not None and known["body"] != print_:
            description = "Request parameters don't match the given idempotency key"
            raise Refused(400, {"error": "IdempotentRequestError", "description": description})
        if known is not None:
            ticket = self.world.ticket(known["ticket"])
            return reply_json({"ticket": ticket}, 201, x_idempotency_lookup="hit")
        ticket, audit = self.desk.create(_member(request, "ticket"), self.integration, VIA_API)
        headers = {"location": f"/api/v2/tickets/{ticket['id']}.json"}
        if key:
            self.world.data["keys"][key] = {"body": print_, "ticket": ticket["id"], "at": self.world.unix()}
            headers["x-idempotency-lookup"] = "miss"
        return reply_json({"ticket": ticket, "audit": audit}, 201, **_named(headers))

    def _show_ticket(self, request: TwinRequest) -> TwinResponse:
        ticket = dict(self.world.ticket(request.args[0]))
        if "metric_sets" in request.query.get("include", ""):
            ticket["metric_set"] = {"ticket_id": ticket["id"], "status_updated_at": ticket["status_updated_at"]}
        return reply_json({"ticket": ticket})

    def _update_ticket(self, request: TwinRequest) -> TwinResponse:
        number = request.args[0]
        self.world.ticket(number)
        self.world.limit(f"update:{self.integration}:{number}", most=30, seconds=600)
        ticket, audit = self.desk.update(number, _member(request, "ticket"), self.integration, VIA_API)
        return reply_json({"ticket": ticket, "audit": audit})

    def _delete_ticket(self, request: TwinRequest) -> TwinResponse:
        self.desk.delete(request.args[0], self.integration)
        return TwinResponse(status=204)

    def _list_comments(self, request: TwinRequest) -> TwinResponse:
        self.world.ticket(request.args[0])
        comments = list(self.world.comments(request.args[0]))
        if request.query.get("sort") == "-created_at":
            comments.reverse()
        page, meta = _page(comments, request.query)
        answer: Data = {"comments": page, **meta}
        if request.query.get("include") == "users":
            authors = dict.fromkeys(str(item["author_id"]) for item in page)
            answer["users"] = [self.world.user(author) for author in authors]
        return reply_json(answer)

    def _list_audits(self, request: TwinRequest) -> TwinResponse:
        self.world.ticket(request.args[0])
        page, meta = _page(self.world.audits(request.args[0]), request.query)
        return reply_json({"audits": page, **meta})

    def _make_private(self, request: TwinRequest) -> TwinResponse:
        ticket, comment = request.args
        self.desk.make_private(ticket, comment, self.integration)
        return reply_json({})

    def _list_tags(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"tags": self.world.ticket(request.args[0])["tags"]})

    def _add_tags(self, request: TwinRequest) -> TwinResponse:
        return self._tag(request, lambda old, given: [*old, *given])

    def _set_tags(self, request: TwinRequest) -> TwinResponse:
        return self._tag(request, lambda old, given: given, status=201)

    def _remove_tags(self, request: TwinRequest) -> TwinResponse:
        return self._tag(request, lambda old, given: [item for item in old if item not in given])

    def _tag(
        self, request: TwinRequest, change: Callable[[list[str], list[str]], list[str]], status: int = 200
    ) -> TwinResponse:
        old = self.world.ticket(request.args[0])["tags"]
        wanted = {"tags": change(old, list(_json(request).get("tags", [])))}
        ticket, _ = self.desk.update(request.args[0], wanted, self.integration, VIA_API)
        return reply_json({"tags": ticket["tags"]}, status)

    def _merge_tickets(self, request: TwinRequest) -> TwinResponse:
        for source in _json(request).get("ids", []):
            self.desk.merge(source, request.args[0], self.integration, VIA_API)
        return reply_json({"job_status": {"id": "twin-job", "status": "completed", "progress": 1, "total": 1}})

    # webhooks and triggers

    def _need_admin(self) -> None:
        if self.world.user(self.integration)["role"] != "admin":
            raise Refused(403, {"error": {"title": "Forbidden", "message": "You do not have access to this page."}})

    def _webhook(self, request: TwinRequest) -> Data:
        self._need_admin()
        found = self.desk.hooks.find(request.args[0])
        if found is None:
            errors = [{"code": "WebhookNotFound", "title": "webhook not found"}]
            raise Refused(404, {"errors": errors})
        return found

    def _show_webhook(self, request: TwinRequest) -> TwinResponse:
        found = self._webhook(request)
        kinds = found["subscriptions"] or ["conditional_ticket_events"]
        shown = {"id": found["id"], "name": "Careloop", "endpoint": found["url"], "status": found["status"]}
        return reply_json(
            {"webhook": {**shown, "http_method": "POST", "request_format": "json", "subscriptions": kinds}}
        )

    def _change_webhook(self, request: TwinRequest) -> TwinResponse:
        found, change = self._webhook(request), request.json.get("webhook", {})
        if set(change) != {"status"} or change["status"] not in ("active", "inactive"):
            raise Refused(
                400, {"errors": [{"code": "InvalidAttributes", "title": "this twin changes the status only"}]}
            )
        found["status"] = change["status"]
        return TwinResponse(status=204)

    def _trigger(self, request: TwinRequest) -> Data:
        self._need_admin()
        found = self.desk.hooks.find_by_trigger(request.args[0])
        if found is None:
            raise not_found()
        return found

    def _show_trigger(self, request: TwinRequest) -> TwinResponse:
        found = self._trigger(request)
        action = {"field": "notification_webhook", "value": [found["id"], found["template"]]}
        return reply_json(
            {"trigger": {**found["trigger"], "title": "Careloop: tell of agents' work", "actions": [action]}}
        )

    def _change_trigger(self, request: TwinRequest) -> TwinResponse:
        found, change = self._trigger(request), request.json.get("trigger", {})
        if set(change) != {"active"}:
            raise Refused(422, {"error": "RecordInvalid", "description": "this twin switches triggers on and off only"})
        found["trigger"]["active"] = bool(change["active"])
        return self._show_trigger(request)

    # export and files

    def _export(self, request: TwinRequest) -> TwinResponse:
        if self.world.user(self.integration)["role"] != "admin":
            raise Refused(403, {"error": {"title": "Forbidden", "message": "You do not have access to this page."}})
        self.world.limit("export", most=10, seconds=60)
        start = self._export_start(request.query)
        most = min(_number(request.query, "per_page", 1000), 1000)
        tickets, end, complete = self.world.changed_since(start, most)
        repeated = self.world.data["tickets"].get(str(start[1])) if self.export_repeats else None
        mark = base64.b64encode(f"{end[0]}.0||{end[1]}|".encode()).decode()
        listed = [*([repeated] if repeated else []), *tickets]
        return reply_json({"tickets": listed, "after_cursor": mark, "after_url": None, "end_of_stream": complete})

    def _export_start(self, query: Mapping[str, str]) -> tuple[int, int]:
        if "cursor" in query:
            try:
                time, _, number = base64.b64decode(query["cursor"], validate=True).decode().partition(".0||")
                return int(time), int(number.rstrip("|"))
            except ValueError:
                raise Refused(400, {"error": "InvalidPaginationParameter", "description": "Invalid cursor"}) from None
        start = _number(query, "start_time", self.world.unix())
        if start > self.world.unix() - 60:
            raise Refused(422, {"error": "StartTimeTooRecent", "description": "Too recent start_time."})
        return start - 1, 0

    def _upload(self, request: TwinRequest) -> TwinResponse:
        name = request.query.get("filename", "")
        if not name:
            raise Refused(400, {"error": "InvalidValue", "description": "filename is required"})
        token = request.query.get("token") or f"twin-upload-{self.world.number('attachment')}"
        number = self.world.number("attachment")
        attachment = {
            "id": number,
            "file_name": name,
            "content_type": request.headers.get("content-type", "application/octet-stream"),
            "content_url": f"/attachments/token/{token}/?name={name}",
            "size": len(request.body),
            "inline": False,
            "malware_scan_result": "malware_not_found",
        }
        upload = self.world.data["uploads"].setdefault(token, {"attachments": []})
        upload["attachments"].append(attachment)
        return reply_json({"upload": {"token": token, "attachment": attachment, **upload}}, 201)

    def _delete_upload(self, request: TwinRequest) -> TwinResponse:
        if self.world.data["uploads"].pop(request.args[0], None) is None:
            raise not_found()
        return TwinResponse(status=204)


def _json(request: TwinRequest) -> Data:
    """The body as an object. Refused: 400."""
    try:
        found = request.json
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(400, {"error": "Unprocessable", "description": "Server could not parse JSON"})
    return found


def _member(request: TwinRequest, name: str) -> Data:
    """One object of the body. Refused: 400."""
    found = _json(request).get(name)
    if not isinstance(found, dict):
        raise Refused(400, {"error": "Invalid attribute", "description": f"Parameter {name} is required"})
    return found


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    """A whole number of the query. Refused: 400."""
    value = query.get(name, str(default))
    if not value.isdigit():
        raise Refused(400, {"error": "InvalidValue", "description": f"{name} must be an integer"})
    return int(value)


def _page(items: Sequence[Data], query: Mapping[str, str]) -> tuple[list[Data], Data]:
    """Cursor pagination; the cursor is an offset that only this reads."""
    size = min(_number(query, "page[size]", 100), 100)
    start = int(base64.b64decode(query["page[after]"])) if "page[after]" in query else 0
    page = list(items[start : start + size])
    more = start + size < len(items)
    after = base64.b64encode(str(start + size).encode()).decode() if page else None
    return page, {"meta": {"has_more": more, "after_cursor": after, "before_cursor": None}}


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names as `reply_json` takes them."""
    return {name.replace("-", "_"): value for name, value in headers.items()}
