"""A page's access and subscription: until when the token is good, what it may, and which webhook fields reach us.

Sources: Graph API reference > debug_token, Page subscribed_apps, Application subscriptions; Messenger Platform >
Webhooks (after an hour of failures the page is unsubscribed), read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.graph_errors import dead_token
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CredentialsError, NeedsHumanError, NotFoundError, RejectedError

_NEVER = datetime(1970, 1, 2, tzinfo=UTC)
"""Meta writes 0 for a token that does not expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAccess:
    """``needed``: webhook fields without which messages get lost; ``wanted``: all that are read; ``scopes``:
    permissions that the token must have."""

    graph: GraphApi
    needed: tuple[str, ...]
    wanted: tuple[str, ...]
    scopes: tuple[str, ...]

    def refresh(self) -> datetime | None:
        """When the token, or the access to data with it, ends: Meta lets nobody but a person renew these. None: never,
        or nobody can tell (the app's id and secret are not stored). CredentialsError: dead, or a permission is
        missing."""
        found = self.graph.inspect_token()
        if found is None:
            return None
        with readable():
            data = found.need("data")
            if not data.find_bool("is_valid"):
                raise dead_token(data.find_id("error", "subcode"))
            granted = {item.find_text() for item in data.items("scopes")}
            times = [data.find_time(name) for name in ("expires_at", "data_access_expires_at")]
        lacking = [name for name in self.scopes if granted and name not in granted]
        if lacking:
            advice = f"The access token lacks the permission {', '.join(lacking)}: connect the account again with it."
            raise CredentialsError("permission not granted", advice=advice, remote_code="scopes")
        return min((at for at in times if at is not None and at > _NEVER), default=None)

    def missing(self) -> Sequence[str]:
        """Fields of the page, and of the app's own webhook where that can be asked, that do not reach us."""
        with readable():
            fields = self.graph.subscribed_fields()
        missing = [name for name in self.needed if name not in fields]
        return (*missing, *self._missing_at_app())

    def _missing_at_app(self) -> list[str]:
        known = app_fields(self.graph, "page")
        return [f"{name} of the app's webhook" for name in self.needed if known is not None and name not in known]

    def subscribe(self) -> None:
        """Have the page tell the app of all fields that are read; of the needed alone where that is refused (a field
        may ask for a permission that the app has not). What other accounts of this page subscribed stays."""
        with readable():
            present = self.graph.subscribed_fields()
        path = f"/{segment(self.graph.page)}/subscribed_apps"
        for fields in (self.wanted, self.needed):
            names = ",".join(sorted({*present, *fields}))
            try:
                self.graph.put(path, {"subscribed_fields": names})
                return
            except (RejectedError, NotFoundError, NeedsHumanError):
                if fields == self.needed:
                    raise


def app_fields(graph: GraphApi, kind: str) -> set[str] | None:
    """Fields of objects of that kind that the app's own webhook gets; None where the app's id or secret is not
    stored."""
    found = graph.app_subscriptions()
    if found is None:
        return None
    with readable():
        objects = [item for item in found.items("data") if item.find_text("object") == kind]
        active = [item for item in objects if item.find_bool("active") is not False]
        return {_name(field) for item in active for field in item.items("fields")}


def _name(field: Reader) -> Any:
    """Named by itself, or with the version beside it."""
    return field.value if isinstance(field.value, str) else field.find_text("name")
