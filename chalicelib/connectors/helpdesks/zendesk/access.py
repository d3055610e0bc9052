"""Where the API is, how a call proves who we are, and what Zendesk's refusals mean."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.helpdesks.zendesk.loose import look
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, retry_after
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, ConflictError, RateLimitedError, RejectedError, TicketBusyError
from chalicelib.core.ids import digest
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import Clock, HttpResponse

API = "/api/v2"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[A-Za-z_.]{1,60}")


def site(options: Mapping[str, str]) -> str:
    """``https://acme.zendesk.com``, or what ``base_url`` says, without the API's path.

    Raises ConfigurationError when the subdomain is not one DNS label: with a slash or a dot in it the credentials would
    go to another host.
    """
    base = options.get("base_url", "").strip().rstrip("/")
    if base:
        return base.removesuffix(API)
    subdomain = options.get("subdomain", "").strip().lower()
    if not _LABEL.fullmatch(subdomain):
        raise ConfigurationError("zendesk: option subdomain must be the account's name alone, such as acme")
    return f"https://{subdomain}.zendesk.com"


def authorization(credentials: Mapping[str, str]) -> str:
    """The Authorization header: the access token when there is one, else e-mail and API token."""
    access_token = credentials.get("access_token", "").strip()
    if access_token:
        return f"Bearer {access_token}"
    email = credentials.get("email", "").strip().removesuffix("/token")
    api_token = credentials.get("api_token", "").strip()
    if not email or not api_token:
        raise ConfigurationError("zendesk: neither access_token nor email with api_token is stored")
    return "Basic " + base64.b64encode(f"{email}/token:{api_token}".encode()).decode("ascii")


def login_name(context: HelpdeskContext) -> str:
    """A name for whoever these credentials belong to, for what we remember of them; tells nothing of the secret."""
    return "zendesk-user:" + digest(site(context.connection.options), authorization(context.credentials))


def api_client(context: HelpdeskContext) -> ApiClient:
    """The API below ``/api/v2``."""
    return ApiClient(
        context.http,
        context.clock,
        site(context.connection.options) + API,
        headers={"authorization": authorization(context.credentials)},
        refusal=refuse,
    )


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The refusals that mean more than their status. ``remote_code`` is Zendesk's error name and the fields it names:
    ``RecordInvalid:status``. Descriptions are left out: they are localised and repeat what was sent."""
    if response.status not in (400, 409, 422):
        return
    code = _error_name(body.value if body else None) or str(response.status)
    message = f"HTTP {response.status} {code}"
    if response.status == 409:
        raise ConflictError(message)
    raise RejectedError(message, remote_code=code)


def too_many(answer: ApiAnswer, clock: Clock) -> RateLimitedError:
    """What a 429 to an update means. The account's own limit shows in the headers; else it is the limit of this ticket
    (30 updates by one user in 10 minutes) or of updates as such, and either way this ticket waits, others need not."""
    wait = retry_after(HttpResponse(status=answer.status, headers=answer.headers, body=b""), clock)
    if answer.headers.get("x-rate-limit-remaining", "").strip() == "0":
        return RateLimitedError("HTTP 429", retry_after=wait)
    return TicketBusyError("HTTP 429", retry_after=wait)


def _error_name(body: Any) -> str | None:
    name = look(body, "error")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    details = look(body, "details")
    fields = [field for field in details if _NAME.fullmatch(field)] if isinstance(details, dict) else []
    return f"{name}:{','.join(sorted(fields)[:5])}" if fields else name
