"""The Zendesk twin's ways to take things back: redaction, and the deletion of people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from careloop.twins.base import TwinRequest, TwinResponse, reply_json
from careloop.twins.zendesk_desk import ZendeskDesk
from careloop.twins.zendesk_people import Data, Refused, invalid, not_found

FORBIDDEN: Data = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
GONE = "Permanently Deleted User"


class ZendeskRemoval:
    """``integration`` is the user who asks. ``agent_workspace`` False: comments are not redacted as a whole."""

    def __init__(self, desk: ZendeskDesk, integration: int) -> None:
        self.desk = desk
        self.world = desk.world
        self.integration = integration
        self.agent_workspace = True

    def routes(self) -> dict[tuple[str, str], Callable[[TwinRequest], TwinResponse]]:
        """Paths below the API's root."""
        comment = "/tickets/([0-9]+)/comments/([0-9]+)"
        return {
            ("PUT", f"{comment}/redact"): self._redact,
            ("PUT", "/comment_redactions/([0-9]+)"): self._redact_marked,
            ("PUT", f"{comment}/attachments/([0-9]+)/redact"): self._redact_file,
            ("GET", "/users/([0-9]+)/tickets/requested"): self._requested,
            ("GET", "/users/([0-9]+)/identities"): self._identities,
            ("DELETE", "/users/([0-9]+)/identities/([0-9]+)"): self._delete_identity,
            ("PUT", "/users/([0-9]+)"): self._change_user,
            ("DELETE", "/users/([0-9]+)"): self._delete_user,
            ("DELETE", "/deleted_users/([0-9]+)"): self._delete_for_good,
        }

    def _need_admin(self) -> None:
        if self.world.user(self.integration)["role"] != "admin":
            raise Refused(403, FORBIDDEN)

    # -- redaction -----------------------------------------------------------------------------------------------------

    def _redact(self, request: TwinRequest) -> TwinResponse:
        self._need_admin()
        ticket, comment = request.args
        text = request.json.get("text")
        return reply_json({"comment": self.desk.redact(ticket, comment, str(text), self.integration)})

    def _redact_marked(self, request: TwinRequest) -> TwinResponse:
        self._need_admin()
        if not self.agent_workspace:
            raise Refused(403, FORBIDDEN)
        given = request.json
        made = self.desk.redact_marked(
            given.get("ticket_id"), request.args[0], str(given.get("html_body")), self.integration
        )
        return reply_json({"comment": made})

    def _redact_file(self, request: TwinRequest) -> TwinResponse:
        self._need_admin()
        ticket, comment, file = request.args
        return reply_json({"attachment": self.desk.redact_file(ticket, comment, file, self.integration)})

    # -- people --------------------------------------------------------------------------------------------------------

    def _of(self, user: Any) -> list[Data]:
        tickets = self.world.data["tickets"].values()
        return [item for item in tickets if str(item["requester_id"]) == str(user) and item["status"] != "deleted"]

    def _living(self, user: str) -> Data:
        found = self.world.data["users"].get(user)
        if found is None or not found["active"]:
            raise not_found()
        return found  # type: ignore[no-any-return]

    def _requested(self, request: TwinRequest) -> TwinResponse:
        self._living(request.args[0])
        return reply_json({"tickets": self._of(request.args[0]), "meta": {"has_more": False, "after_cursor": None}})

    def _identities(self, request: TwinRequest) -> TwinResponse:
        user = self._living(request.args[0])
        found = [{"id": user["id"], "user_id": user["id"], "type": "email", "value": user["email"], "primary": True}]
        return reply_json({"identities": found if user["email"] else []})

    def _delete_identity(self, request: TwinRequest) -> TwinResponse:
        user = self._living(request.args[0])
        if not user["email"] or request.args[1] != str(user["id"]):
            raise not_found()
        self.world.change_user(user, {"email": None})
        return TwinResponse(status=204)

    def _change_user(self, request: TwinRequest) -> TwinResponse:
        user, given = self._living(request.args[0]), request.json.get("user")
        if not isinstance(given, dict) or not str(given.get("name", user["name"])).strip():
            raise invalid("name", "Name: is too short (minimum one character)", "BlankValue")
        return reply_json({"user": self.world.change_user(user, given)})

    def _delete_user(self, request: TwinRequest) -> TwinResponse:
        user = self._living(request.args[0])
        if any(item["status"] != "closed" for item in self._of(user["id"])):
            raise invalid("base", "User is requester on tickets that are not closed", "InvalidValue")
        return reply_json({"user": self.world.change_user(user, {"active": False})})

    def _delete_for_good(self, request: TwinRequest) -> TwinResponse:
        user = self.world.data["users"].get(request.args[0])
        if user is None or user["active"] or user["name"] == GONE:
            raise not_found()
        self._need_admin()
        empty = dict.fromkeys(("email", "external_id", "phone", "details"))
        return reply_json({"deleted_user": self.world.change_user(user, {**empty, "name": GONE})})
