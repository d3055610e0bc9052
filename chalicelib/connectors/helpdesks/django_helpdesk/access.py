"""Where django-helpdesk is, how a call proves who we are, and what its refusals mean."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, ConflictError, CredentialsError, RejectedError
from chalicelib.core.ids import digest
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import HttpResponse

API = "/api"
_NAME = re.compile(r"[a-z_]{1,40}")


def site(options: Mapping[str, str]) -> str:
    """The address of the pages, without the API's path. Raises ConfigurationError when there is none."""
    base = options.get("base_url", "").strip().rstrip("/")
    if not base:
        raise ConfigurationError("django_helpdesk: option base_url is missing")
    return base.removesuffix(API)


def numbers(options: Mapping[str, str], name: str, default: str = "") -> tuple[int, ...]:
    """The numbers of an option that are separated by commas. Raises ConfigurationError for what is no number."""
    found = [item.strip() for item in options.get(name, default).split(",") if item.strip()]
    if not all(item.isascii() and item.isdigit() and len(item) <= 9 for item in found):
        raise ConfigurationError(f"django_helpdesk: option {name} must hold numbers")
    return tuple(int(item) for item in found)


def number(options: Mapping[str, str], name: str, default: str = "") -> int:
    """One number. Raises ConfigurationError when there is none."""
    found = numbers(options, name, default)
    if len(found) != 1:
        raise ConfigurationError(f"django_helpdesk: option {name} must be a number")
    return found[0]


def names(options: Mapping[str, str]) -> dict[str, str]:
    """Agents' names by their users' numbers, as far as the option tells."""
    pairs = (item.partition(":") for item in options.get("agent_names", "").split(","))
    return {number.strip(): name.strip() for number, _, name in pairs if name.strip()}


def authorization(credentials: Mapping[str, str]) -> str:
    """The Authorization header: the token when there is one, else user and password."""
    token = credentials.get("token", "").strip()
    if token:
        return f"Token {token}"
    login = credentials.get("login", "").strip()
    if ":" not in login:
        raise ConfigurationError("django_helpdesk: neither token nor login is stored")
    return "Basic " + base64.b64encode(login.encode()).decode("ascii")


def login_name(context: HelpdeskContext) -> str:
    """A name for whoever these credentials belong to, for what we remember of them; tells nothing of the secret."""
    return "django-helpdesk-user:" + digest(site(context.connection.options), authorization(context.credentials))


def api_client(context: HelpdeskContext) -> ApiClient:
    """The API below ``/api``. Twenty seconds: reading a ticket takes long where there are many."""
    return ApiClient(
        context.http,
        context.clock,
        site(context.connection.options) + API,
        headers={"authorization": authorization(context.credentials)},
        refusal=refuse,
        timeout=20.0,
    )


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The refusals that mean something else than usual. ``remote_code`` of a 400 is the fields that it names; the words
    are left out: they are localised and repeat what was sent."""
    status = response.status
    if 300 <= status < 400:
        raise CredentialsError(
            f"HTTP {status}",
            advice="Answered by a redirect: base_url is not the helpdesk's own address, or a login guards the API.",
            remote_code=str(status),
        )
    if status in (409, 412):
        raise ConflictError(f"HTTP {status}")
    if status == 400:
        value = body.value if body else None
        fields = sorted(name for name in value if _NAME.fullmatch(name))[:5] if isinstance(value, dict) else []
        raise RejectedError(f"HTTP 400 {','.join(fields)}".strip(), remote_code=",".join(fields) or "400")
