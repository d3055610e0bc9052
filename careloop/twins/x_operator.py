"""The X twin's routes for an operator: webhooks, subscriptions, replays."""

from __future__ import annotations

from careloop.twins.base import Handler, TwinRequest
from careloop.twins.x_frame import Answer, XFrame, body_of, text_of
from careloop.twins.x_pages import minute
from careloop.twins.x_shapes import stamp
from careloop.twins.x_world import invalid

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
SUBSCRIPTION = {"event_type", "filter", "tag", "webhook_id"}


class XOperator(XFrame):
    """What is done once, with the app's bearer token (private subscriptions with the account's)."""

    def operator_routes(self) -> dict[tuple[str, str], Handler]:
        """(method, path) -> handler."""
        identity = r"([^/]+)"
        return {
            ("POST", "/2/webhooks"): self.for_app("webhooks", self._add_webhook),
            ("GET", "/2/webhooks"): self.for_app("webhooks", self._get_webhooks),
            ("PUT", f"/2/webhooks/{identity}"): self.for_app("webhooks", self._validate_webhook),
            ("DELETE", f"/2/webhooks/{identity}"): self.for_app("webhooks", self._remove_webhook),
            ("POST", "/2/webhooks/replay"): self.for_app("webhooks", self._replay),
            ("POST", "/2/activity/subscriptions"): self.plain(self._subscribe),
            ("GET", "/2/activity/subscriptions"): self.for_app("subscriptions", self._subscriptions),
            ("DELETE", f"/2/activity/subscriptions/{identity}"): self.for_app("subscriptions", self._unsubscribe),
        }

    def _add_webhook(self, request: TwinRequest) -> Answer:
        return 200, {"data": self.hooks.add(body_of(request, {"url"}).get("url"), self.deliver)}

    def _get_webhooks(self, request: TwinRequest) -> Answer:
        kept = ("id", "url", "valid", "created_at")
        found = [{name: item[name] for name in kept} for item in self.hooks.data["webhooks"]]
        return 200, {"data": found, "meta": {"result_count": len(found)}}

    def _validate_webhook(self, request: TwinRequest) -> Answer:
        return 200, {"data": {"valid": self.hooks.validate(request.args[0], self.deliver)}}

    def _remove_webhook(self, request: TwinRequest) -> Answer:
        self.hooks.remove(request.args[0])
        return 200, {"data": {"deleted": True}}

    def _replay(self, request: TwinRequest) -> Answer:
        given = body_of(request, {"webhook_id", "from_date", "to_date"})
        since, until = (minute(text_of(given, name)) for name in ("from_date", "to_date"))
        now = self.world.now_ms()
        if not now - DAY_MS <= since <= now - 31 * MINUTE_MS or not since < until <= now - 10 * MINUTE_MS:
            raise invalid("$.from_date: from 31 minutes ago, to 10 minutes ago, within the last day")
        job = self.hooks.replay(text_of(given, "webhook_id"), since, until)
        return 200, {"data": {"job_id": job, "created_at": stamp(self.world.now_ms())}}

    def _subscribe(self, request: TwinRequest) -> Answer:
        authorised = self.access.app_or_caller(request)
        self.access.count(authorised, "subscriptions")
        return 200, {"data": {"subscription": self.hooks.subscribe(body_of(request, SUBSCRIPTION), authorised)}}

    def _subscriptions(self, request: TwinRequest) -> Answer:
        found = self.hooks.data["subscriptions"]
        return 200, {"data": found}

    def _unsubscribe(self, request: TwinRequest) -> Answer:
        return 200, {"data": {"deleted": self.hooks.unsubscribe(request.args[0])}}
