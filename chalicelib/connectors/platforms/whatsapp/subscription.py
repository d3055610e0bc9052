"""What the business account tells our app, asked and mended by API, and how long its token is good.

Sources: Cloud API > Webhooks > create webhook endpoint (2026-05-21), WhatsApp Business Account > subscribed_apps; Graph
API > Application subscriptions, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms.whatsapp.calls import CloudApi
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CredentialsError, UnsupportedError

_NEEDED = ("messages",)
"""Fields of the app's webhook without which nothing comes."""
_SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
_NEVER = datetime(1970, 1, 2, tzinfo=UTC)
"""Meta writes 0 for a token that does not expire."""
_WHATSAPP = "whatsapp_business_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Of one business account (``waba``), to the app of the token."""

    api: CloudApi
    graph: GraphApi
    waba: str | None
    app: str | None

    def missing(self) -> Sequence[str]:
        """The app itself, and fields of its webhook where these can be asked. UnsupportedError: nobody stored which
        business account it is."""
        with readable():
            apps = list(self.api.get(self._path()).items("data"))
            known = {app.find_id("whatsapp_business_api_data", "id") for app in apps}
        subscribed = self.app in known if self.app else bool(apps)
        return (*(() if subscribed else ("the business account's messages",)), *self._missing_at_app())

    def subscribe(self) -> None:
        """Have the business account tell the token's app. Raises leaves."""
        self.api.put(self._path(), {})

    def _path(self) -> str:
        if not self.waba:
            raise UnsupportedError("the option waba_id says which business account the number belongs to")
        return f"/{segment(self.waba)}/subscribed_apps"

    def _missing_at_app(self) -> list[str]:
        found = self.graph.app_subscriptions()
        if found is None:
            return []
        with readable():
            ours = [item for item in found.items("data") if item.find_text("object") == _WHATSAPP]
            active = [item for item in ours if item.find_bool("active") is not False]
            known = {_name(field) for item in active for field in item.items("fields")}
        return [f"{name} of the app's webhook" for name in _NEEDED if name not in known]


def access_ends(graph: GraphApi) -> datetime | None:
    """When the token ends. None: never, or nobody can tell (the app's id and secret are not stored). CredentialsError:
    dead, or a permission is missing."""
    found = graph.inspect_token()
    if found is None:
        return None
    with readable():
        data = found.need("data")
        is_valid, code = data.find_bool("is_valid"), data.find_id("error", "code")
        granted = {item.find_text() for item in data.items("scopes")}
        times = [data.find_time(name) for name in ("expires_at", "data_access_expires_at")]
    if not is_valid:
        advice = "The access token is no longer good: store a new one of the system user."
        raise CredentialsError("token not valid", advice=advice, remote_code=code, dead=True)
    lacking = [name for name in _SCOPES if granted and name not in granted]
    if lacking:
        advice = f"The access token lacks the permission {', '.join(lacking)}: make a new one with it."
        raise CredentialsError("permission not granted", advice=advice, remote_code="scopes")
    return min((at for at in times if at is not None and at > _NEVER), default=None)


def _name(field: Reader) -> str | None:
    """Named by itself, or with the version beside it."""
    return field.value if isinstance(field.value, str) else field.find_text("name")
