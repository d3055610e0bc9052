"""The X twin's webhooks: checked (CRC), subscribed per account and kind of event, signed, delivered at most once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from careloop.twins.base import Deliver
from careloop.twins.x_shapes import stamp
from careloop.twins.x_world import Data, Refused, XWorld, invalid

PUBLIC_KINDS = frozenset({"post.create", "post.delete", "profile.update.handle"})
KINDS = PUBLIC_KINDS | {
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.repost.create",
    "like.create",
    "dm.received",
    "dm.sent",
    "chat.received",
    "chat.sent",
    "block.block",
}
GRACE_MS = 28 * 3_600_000
"""A webhook that fails its checks for longer is invalid (24 hours and 4 of grace)."""
LONGEST_URL, LONGEST_TAG, MOST_WEBHOOKS = 200, 200, 5


class XHooks:
    """The app's webhooks and subscriptions, and what waits to be delivered. Plain data."""

    def __init__(self, world: XWorld, consumer_secret: str, *, strict_urls: bool = True) -> None:
        self.world = world
        self._secret = consumer_secret
        self._strict = strict_urls
        self.data: Data = {"webhooks": [], "subscriptions": [], "pending": [], "sent": [], "lost": []}

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def add(self, url: Any, deliver: Deliver | None) -> Data:
        """Register, which runs the check. Refused: 400 with X's reason."""
        if not isinstance(url, str) or not self._may_be(url):
            raise _failure("UrlValidationFailed")
        if any(item["url"] == url for item in self.data["webhooks"]):
            raise _failure("DuplicateUrlFailed")
        if len(self.data["webhooks"]) >= MOST_WEBHOOKS:
            raise _failure("WebhookLimitExceeded")
        if not self._check(url, deliver)[0]:
            raise _failure("CrcValidationFailed")
        webhook = {"id": self.world.new_id(), "url": url, "valid": True, "created_at": stamp(self.world.now_ms())}
        self.data["webhooks"].append({**webhook, "failing_since": None})
        return webhook

    def _may_be(self, url: str) -> bool:
        parts = urlsplit(url)
        if not parts.hostname or len(url) > LONGEST_URL:
            return False
        return not self._strict or (parts.scheme == "https" and parts.port is None and "." in parts.hostname)

    def webhook(self, identity: str) -> Data:
        """Refused: 400."""
        found = next((item for item in self.data["webhooks"] if item["id"] == identity), None)
        if found is None:
            raise _failure("WebhookIdInvalid")
        return found  # type: ignore[no-any-return]

    def validate(self, identity: str, deliver: Deliver | None) -> bool:
        """Run the check again, and enable the webhook if it passes."""
        webhook = self.webhook(identity)
        webhook["valid"], _ = self._check(webhook["url"], deliver)
        webhook["failing_since"] = None
        return bool(webhook["valid"])

    def check_all(self, deliver: Deliver | None) -> None:
        """What X does every now and then. A wrong answer disables at once, silence and errors after 28 hours."""
        for webhook in self.data["webhooks"]:
            passed, at_once = self._check(webhook["url"], deliver)
            since = None if passed else webhook["failing_since"] or self.world.now_ms()
            webhook["failing_since"] = since
            if not passed and (at_once or self.world.now_ms() - (since or 0) > GRACE_MS):
                webhook["valid"] = False

    def _check(self, url: str, deliver: Deliver | None) -> tuple[bool, bool]:
        """(passed, fails at once)."""
        if deliver is None:
            return False, False
        token = base64.urlsafe_b64encode(hashlib.sha256(f"crc {self.world.number('crc')}".encode()).digest()).decode()
        status, body = deliver("GET", f"{url}?crc_token={quote(token)}&nonce={self.world.number('nonce')}", {}, b"")
        if status != 200:
            return False, 300 <= status < 400
        try:
            answer = json.loads(body)
        except ValueError:
            return False, True
        given = answer.get("response_token") if isinstance(answer, dict) else None
        passed = given == "sha256=" + self.signed(token.encode())
        return passed, not passed

    def remove(self, identity: str) -> None:
        """Refused: 400."""
        self.data["webhooks"].remove(self.webhook(identity))

    # -- subscriptions -------------------------------------------------------------------------------------------------

    def subscribe(self, given: Data, authorised: str | None) -> Data:
        """One kind of event of one account; private kinds only for the account whose token asks. Refused: 400, 403."""
        kind, tag = given.get("event_type"), given.get("tag")
        wanted = given.get("filter")
        if kind not in KINDS or not isinstance(wanted, dict) or set(wanted) - {"user_id", "direction", "keyword"}:
            raise invalid("$.event_type: does not have a value in the enumeration", event_type=str(kind))
        if tag is not None and (not isinstance(tag, str) or not 1 <= len(tag) <= LONGEST_TAG):
            raise invalid("$.tag: may only be 200 characters long")
        user = wanted.get("user_id")
        if user not in self.world.data["users"]:
            raise invalid("$.filter.user_id: is no user", user_id=str(user))
        if kind not in PUBLIC_KINDS and user != authorised:
            body = {"title": "Forbidden", "type": "about:blank", "status": 403}
            raise Refused(403, {**body, "detail": "You are not permitted to subscribe to private events of this user."})
        subscription = {
            "subscription_id": self.world.new_id(),
            "event_type": kind,
            "filter": wanted,
            **({"tag": tag} if tag else {}),
            "webhook_id": self.webhook(str(given.get("webhook_id")))["id"],
            "created_at": stamp(self.world.now_ms()),
            "updated_at": stamp(self.world.now_ms()),
        }
        self.data["subscriptions"].append(subscription)
        return subscription

    def unsubscribe(self, identity: str) -> bool:
        """Whether there was such a subscription."""
        before = len(self.data["subscriptions"])
        self.data["subscriptions"] = [
            item for item in self.data["subscriptions"] if item["subscription_id"] != identity
        ]
        return len(self.data["subscriptions"]) < before

    # -- events --------------------------------------------------------------------------------------------------------

    def happened(self, kind: str, user: str, payload: Data, includes: Data | None = None) -> None:
        """Queue an event for whoever subscribed to it."""
        for item in self.data["subscriptions"]:
            if item["event_type"] == kind and item["filter"].get("user_id") == user:
                self._queue(item["webhook_id"], kind, item["filter"], payload, includes, item.get("tag"))

    def revoked(self, user: str, payload: Data) -> None:
        """X tells every webhook, unasked, with an empty filter."""
        for webhook in self.data["webhooks"]:
            self._queue(webhook["id"], "oauth.revoke", {}, payload, None, None)

    def _queue(
        self, webhook: str, kind: str, wanted: Data, payload: Data, includes: Data | None, tag: str | None
    ) -> None:
        number = self.world.number("event")
        identity = self.world.new_id()
        data: Data = {"event_uuid": identity if number % 2 else f"-{identity}", "filter": wanted, "event_type": kind}
        data |= {"tag": tag} if tag else {}
        data |= {"payload": payload} | ({"includes": includes} if includes is not None else {})
        body = json.dumps({"data": data}, ensure_ascii=False)
        self.data["pending"].append({"webhook": webhook, "body": body, "ms": self.world.now_ms()})

    def take(self) -> Iterator[tuple[Data, Data]]:
        """(webhook, delivery) for all that waits; what belongs to an invalid webhook is lost."""
        waiting, self.data["pending"] = self.data["pending"], []
        known = {item["id"]: item for item in self.data["webhooks"]}
        for delivery in waiting:
            webhook = known.get(delivery["webhook"])
            if webhook is not None and webhook["valid"]:
                yield webhook, delivery
            else:
                self.data["lost"].append(delivery)

    def attempt(self, webhook: Data, delivery: Data, deliver: Deliver) -> int:
        """Deliver; the answer's status."""
        body = delivery["body"].encode("utf-8")
        headers = {
            "content-type": "application/json",
            "x-twitter-webhooks-signature": "sha256=" + self.signed(body),
        }
        status, _ = deliver("POST", webhook["url"], headers, body)
        return status

    def settle(self, delivery: Data, status: int) -> None:
        """There is no second try: what was not accepted is lost, until somebody asks for a replay."""
        self.data["sent" if status == 200 else "lost"].append(delivery)

    def replay(self, identity: str, since_ms: int, until_ms: int) -> str:
        """Queue again what happened between the times, and the note that ends it; the job's id."""
        webhook, job = self.webhook(identity), self.world.new_id()
        past = [*self.data["sent"], *self.data["lost"]]
        chosen = [item for item in past if item["webhook"] == identity and since_ms <= item["ms"] < until_ms]
        note = {"replay_job_status": {"webhook_id": webhook["id"], "job_state": "Complete", "job_id": job}}
        self.data["lost"] = [item for item in self.data["lost"] if item not in chosen]
        self.data["sent"] = [item for item in self.data["sent"] if item not in chosen]
        ending = {"webhook": identity, "body": json.dumps(note), "ms": self.world.now_ms()}
        self.data["pending"] += [*sorted(chosen, key=lambda item: int(item["ms"])), ending]
        return job

    def signed(self, data: bytes) -> str:
        """base64(HMAC-SHA256(consumer secret, data))."""
        return base64.b64encode(hmac.new(self._secret.encode(), data, hashlib.sha256).digest()).decode("ascii")


def _failure(reason: str) -> Refused:
    body = {"title": "Invalid Request", "detail": reason, "type": "about:blank", "status": 400}
    return Refused(400, {**body, "errors": [{"message": reason}]})
