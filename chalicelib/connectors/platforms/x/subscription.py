"""The app's webhook and what it is told of this account: looked up, and mended, with the app's bearer token.

X finds a webhook invalid after failed checks, and then sends nothing until it is validated again; subscriptions vanish
with the access that they were made with. Source: docs.x.com, X Activity API and webhooks, 2026-08-22; OpenAPI 2.167.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.connectors.platforms.x.calls import XApi
from chalicelib.connectors.platforms.x.spec import EVENTS
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CareloopError, RetryableError, UnsupportedError

_PUBLIC = frozenset({"post.create", "post.delete"})
"""Subscribed by the app; all others by the account."""
_WEBHOOKS, _SUBSCRIPTIONS = "/2/webhooks", "/2/activity/subscriptions"
_PAGES = 16
"""1,500 subscriptions are the most that an app may have without a contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One of the app's."""

    id: str
    url: str
    is_valid: bool


class Subscription:
    """Of one account."""

    def __init__(self, api: XApi, account: str, options: Mapping[str, str]) -> None:
        self._api = api
        self._account = account
        self._url = options.get("webhook_url")
        events = (name.strip() for name in (options.get("webhook_events") or EVENTS).split(","))
        self._wanted = tuple(name for name in events if name)

    def missing(self) -> Sequence[str]:
        """The webhook itself, that it is valid, kinds of events. UnsupportedError: nobody stored the bearer token."""
        webhook = self._webhook()
        if webhook is None:
            return ("the webhook",)
        broken = () if webhook.is_valid else ("a valid webhook",)
        return (*broken, *self._unsubscribed(webhook))

    def mend(self) -> None:
        """Register, validate and subscribe what is missing. All is tried; the first refusal is raised in the end."""
        webhook = self._webhook() or self._registered()
        if not webhook.is_valid:
            self._api.as_app("PUT", f"{_WEBHOOKS}/{segment(webhook.id)}")
        refusals: list[CareloopError] = []
        for kind in self._unsubscribed(webhook):
            data = {"event_type": kind, "filter": {"user_id": self._account}, "webhook_id": webhook.id}
            ask = self._api.as_app if kind in _PUBLIC else self._api.as_account
            try:
                ask("POST", _SUBSCRIPTIONS, data=data)
            except RetryableError:
                raise
            except CareloopError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    def _webhook(self) -> Webhook | None:
        """Ours: by its address, or the only one."""
        body = self._api.as_app("GET", _WEBHOOKS)
        with readable():
            found = [_read(item) for item in body.items("data")]
        if self._url:
            return next((item for item in found if item.url == self._url), None)
        if len(found) > 1:
            raise UnsupportedError("the app has several webhooks: the option webhook_url says which is ours")
        return found[0] if found else None

    def _registered(self) -> Webhook:
        if not self._url:
            raise UnsupportedError("the app has no webhook, and no option webhook_url says what to register")
        body = self._api.as_app("POST", _WEBHOOKS, data={"url": self._url})
        with readable():
            return _read(body.need("data"))

    def _unsubscribed(self, webhook: Webhook) -> list[str]:
        known = {kind for kind, place in self._subscribed() if place in (None, webhook.id)}
        return [kind for kind in self._wanted if kind not in known]

    def _subscribed(self) -> Iterator[tuple[str | None, str | None]]:
        """(kind, webhook) of each subscription of this account."""
        token = None
        for _ in range(_PAGES):
            body = self._api.as_app("GET", _SUBSCRIPTIONS, params={"pagination_token": token} if token else {})
            with readable():
                for item in body.items("data"):
                    if item.find_id("filter", "user_id") == self._account:
                        yield item.find_text("event_type"), item.find_id("webhook_id")
                token = body.find_text("meta", "next_token")
            if not token:
                return


def _read(item: Reader) -> Webhook:
    return Webhook(
        id=item.need_id("id"), url=item.find_text("url") or "", is_valid=item.find_bool("valid") is not False
    )
