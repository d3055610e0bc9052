"""The Zammad twin's REST API: users, tickets, articles, searches by condition, histories, attachments, tags."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.zammad_hooks import ZammadHooks
from careloop.twins.zammad_world import Data, Refused, ZammadWorld
from chalicelib.core.errors import ConfigurationError
from chalicelib.ports.services import Clock

API = "/api/v1"


class ZammadApi(Twin):
    """``token`` is Careloop's; no other is known."""

    name = "zammad"

    def __init__(self, clock: Clock, *, token: str) -> None:
        self.world = ZammadWorld(clock)
        self.hooks = ZammadHooks(self.world)
        self.token = token
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        made: dict[tuple[str, str], Callable[[TwinRequest, int], Any]] = {
            ("GET", "/users/me"): lambda request, actor: self.world.user(self.world.own),
            ("GET", "/users/search"): self._search_users,
            ("POST", "/users"): self._create_user,
            ("PUT", "/users/([0-9]+)"): self._change_user,
            ("POST", "/tickets"): self._create_ticket,
            ("POST", "/tickets/search"): self._search_tickets,
            ("GET", "/tickets/([0-9]+)"): lambda request, actor: self._ticket(self.world.ticket(request.args[0])),
            ("PUT", "/tickets/([0-9]+)"): self._change_ticket,
            ("GET", "/ticket_articles/by_ticket/([0-9]+)"): self._articles,
            ("GET", "/ticket_articles/([0-9]+)"): lambda request, actor: self._article(
                self.world.article(request.args[0])
            ),
            ("PUT", "/ticket_articles/([0-9]+)"): self._change_article,
            ("POST", "/ticket_articles"): self._create_article,
            ("GET", "/ticket_history/([0-9]+)"): self._history,
            ("GET", "/ticket_attachment/([0-9]+)/([0-9]+)/([0-9]+)"): self._file,
            ("POST", "/tags/add"): self._tag,
        }
        return {(method, API + path): self._guarded(handler) for (method, path), handler in made.items()}

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return reply_json({"error": "No route matches", "error_human": "No route matches"}, 404)

    def _guarded(self, handler: Callable[[TwinRequest, int], Any]) -> Handler:
        def answer(request: TwinRequest) -> TwinResponse:
            if request.headers.get("authorization") != f"Token token={self.token}":
                return reply_json({"error": "Authentication required"}, 401)
            try:
                result = handler(request, self._actor(request))
            except Refused as refused:
                return reply_json({"error": refused.error, "error_human": refused.error}, refused.status)
            self.hooks.look()
            return result if isinstance(result, TwinResponse) else reply_json(result)

        return answer

    def _actor(self, request: TwinRequest) -> int:
        """Whom the call counts as: with the header ``From``, somebody else."""
        wanted = request.headers.get("from") or request.headers.get("x-on-behalf-of")
        if not wanted:
            return self.world.own
        for user in self.world.data["users"].values():
            if wanted in (str(user["id"]), user["login"], user["email"]):
                return int(user["id"])
        raise Refused(403, "No such user")

    # -- users ---------------------------------------------------------------------------------------------------------

    def _create_user(self, request: TwinRequest, actor: int) -> TwinResponse:
        given = request.json
        names = {name: str(given.get(name) or "") for name in ("login", "firstname", "email", "web")}
        number = self.world.add_user(**names, role="Customer")
        return reply_json(self.world.user(number), 201)

    def _search_users(self, request: TwinRequest, actor: int) -> list[Data]:
        """As an installation without an index does: a part of some field."""
        wanted = request.query.get("query", "").lower()
        return [item for item in self.world.data["users"].values() if wanted in item["login"]]

    def _change_user(self, request: TwinRequest, actor: int) -> Data:
        user = self.world.user(request.args[0])
        user.update({name: value for name, value in request.json.items() if name in user and name != "id"})
        return user

    # -- tickets -------------------------------------------------------------------------------------------------------

    def _create_ticket(self, request: TwinRequest, actor: int) -> TwinResponse:
        return reply_json(self._ticket(self.world.create(request.json, actor)), 201)

    def _change_ticket(self, request: TwinRequest, actor: int) -> Data:
        ticket = self.world.ticket(request.args[0])
        self.world.update(ticket, request.json, actor)
        return self._ticket(ticket)

    def _ticket(self, ticket: Data) -> Data:
        """With names, as ``expand=true`` has it; tags are not among the members."""
        kept = {name: value for name, value in ticket.items() if name not in ("tags", "links")}
        articles = [item["id"] for item in self.world.of_ticket(ticket["id"])]
        return {**kept, "customer": self.world.user(ticket["customer_id"])["login"], "article_ids": articles}

    def _search_tickets(self, request: TwinRequest, actor: int) -> list[Data]:
        given = request.json
        found = [item for item in self.world.data["tickets"].values() if self._fits(item, given.get("condition") or {})]
        found.sort(key=lambda item: (item["updated_at"], item["id"]))
        return [self._ticket(item) for item in found[: int(given.get("limit", 50))]]

    def _fits(self, ticket: Data, condition: Data) -> bool:
        known = {"ticket.tags", "ticket.updated_at", *(f"ticket.{name}" for name in self.world.data["attributes"])}
        for name, rule in condition.items():
            if name not in known:
                raise Refused(422, f"Invalid condition {name}")
            if not _holds(ticket[name.removeprefix("ticket.")], rule["operator"], rule["value"]):
                return False
        return True

    def _history(self, request: TwinRequest, actor: int) -> Data:
        number = self.world.ticket(request.args[0])["id"]
        return {"history": [item for item in self.world.data["history"] if item["ticket"] == number], "assets": {}}

    def _tag(self, request: TwinRequest, actor: int) -> TwinResponse:
        ticket = self.world.ticket(request.json["o_id"])
        if request.json["item"] not in ticket["tags"]:
            ticket["tags"].append(request.json["item"])
        return reply_json(True, 201)

    # -- articles ------------------------------------------------------------------------------------------------------

    def _create_article(self, request: TwinRequest, actor: int) -> TwinResponse:
        given = request.json
        try:
            ticket = self.world.ticket(given.get("ticket_id"))
        except Refused:
            raise Refused(422, "Invalid ticket_id") from None
        return reply_json(self._article(self.world.write(ticket, given, actor)), 201)

    def _articles(self, request: TwinRequest, actor: int) -> list[Data]:
        ticket = self.world.ticket(request.args[0])
        return [self._article(item) for item in self.world.of_ticket(ticket["id"])]

    def _article(self, article: Data) -> Data:
        files = [{name: item[name] for name in item if name != "data"} for item in article["attachments"]]
        return {**article, "created_by": self.world.user(article["created_by_id"])["login"], "attachments": files}

    def _change_article(self, request: TwinRequest, actor: int) -> Data:
        article = self.world.article(request.args[0])
        article.update(
            {name: request.json[name] for name in ("body", "internal", "content_type") if name in request.json}
        )
        return self._article(article)

    def _file(self, request: TwinRequest, actor: int) -> TwinResponse:
        ticket, article, number = request.args
        found = self.world.article(article)
        for item in found["attachments"]:
            if str(item["id"]) == number and str(found["ticket_id"]) == ticket:
                kind = item["preferences"]["Content-Type"]
                return TwinResponse(body=base64.b64decode(item["data"]), headers={"content-type": kind})
        raise Refused(404, "Couldn't find Store")


def _holds(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "is":
        return value in (wanted if isinstance(wanted, list) else [wanted])
    if operator == "contains one":
        return any(item.strip() in value for item in str(wanted).split(","))
    if operator == "after (absolute)":
        return str(value).rstrip("Z") > str(wanted).rstrip("Z")
    raise ConfigurationError(f"zammad twin: operator {operator}")
