"""The webhook's subscription of one page: it belongs to an app, a member and an organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.connectors.platforms.linkedin.notifications import TYPE
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import NotFoundError, UnsupportedError

_NEEDED = ("application", "person", "webhook_url")


class Subscription:
    """Needs the options ``application``, ``person`` and ``webhook_url``."""

    def __init__(self, api: ApiClient, organization: str, options: Mapping[str, str]) -> None:
        self._api, self._options, self._organization = api, options, organization

    def missing(self) -> Sequence[str]:
        """The event type, where the webhook is not ours. Raises UnsupportedError without the options."""
        try:
            answer = self._api.get(self._path())
        except NotFoundError:
            return (TYPE,)
        with readable():
            return () if answer.json.find_text("webhook") == self._options["webhook_url"] else (TYPE,)

    def make(self) -> None:
        """Subscribe; the same again is fine."""
        self._api.call("PUT", self._path(), data={"webhook": self._options["webhook_url"]}, idempotent=True)

    def _path(self) -> str:
        """Parentheses, commas and colons of the key stay raw, its URNs do not."""
        missing = [name for name in _NEEDED if not self._options.get(name)]
        if missing:
            raise UnsupportedError(f"the options {', '.join(missing)} are needed to look at the subscription")
        key = {
            "developerApplication": f"urn:li:developerApplication:{self._options['application']}",
            "user": f"urn:li:person:{self._options['person']}",
            "entity": self._organization,
        }
        parts = ",".join(f"{name}:{segment(urn)}" for name, urn in key.items())
        return f"/rest/eventSubscriptions/({parts},eventType:{TYPE})"
