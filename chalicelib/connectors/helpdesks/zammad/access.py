"""Where Zammad is, how a call proves who we are, who that is, and what Zammad's refusals mean."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, ConflictError, CredentialsError, RejectedError
from chalicelib.core.ids import digest
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import HttpResponse, Session

API = "/api/v1"


def site(options: Mapping[str, str]) -> str:
    """The address of Zammad's pages, without the API's path. Raises ConfigurationError when there is none."""
    base = options.get("base_url", "").strip().rstrip("/")
    if not base:
        raise ConfigurationError("zammad: option base_url is missing")
    return base.removesuffix(API)


def group(options: Mapping[str, str]) -> str:
    """The group for new tickets. Raises ConfigurationError when there is none."""
    found = options.get("group", "").strip()
    if not found:
        raise ConfigurationError("zammad: option group is missing")
    return found


def option_list(options: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The values of an option that are separated by commas, in lower case."""
    return tuple(filter(None, (item.strip().lower() for item in options.get(name, "").split(","))))


def token(context: HelpdeskContext) -> str:
    """The access token. Raises ConfigurationError when none is stored."""
    found = context.credentials.get("token", "").strip()
    if not found:
        raise ConfigurationError("zammad: no token is stored")
    return found


def api_client(context: HelpdeskContext) -> ApiClient:
    """The API below ``/api/v1``."""
    return ApiClient(
        context.http,
        context.clock,
        site(context.connection.options) + API,
        headers={"authorization": f"Token token={token(context)}"},
        refusal=refuse,
        timeout=20.0,
    )


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The refusals that mean something else than usual. Zammad's messages are left out: they are localised and repeat
    what was sent."""
    status = response.status
    if 300 <= status < 400:
        raise CredentialsError(
            f"HTTP {status}",
            advice="Zammad answered with a redirect: base_url is not Zammad's own address.",
            remote_code=str(status),
        )
    if status in (409, 412):
        raise ConflictError(f"HTTP {status}")
    if status == 422:
        raise RejectedError("HTTP 422", remote_code="422")


class OwnUser:
    """The user that we are: by the option, else remembered, else asked for once."""

    def __init__(self, context: HelpdeskContext, api: ApiClient) -> None:
        self._context = context
        self._api = api
        self._id = context.connection.options.get("user_id", "").strip()

    def id(self) -> str:
        """Its number."""
        if not self._id:
            place = "zammad-user:" + digest(site(self._context.connection.options), token(self._context))
            session = self._context.sessions.find_session(place)
            self._id = (session.values.get("user") if session else None) or self.ask()[0]
            if session is None:
                self._remember(place)
        return self._id

    def ask(self) -> tuple[str, str]:
        """Number and login, by Zammad."""
        answer = self._api.get("/users/me")
        with readable():
            return answer.json.need_id("id"), answer.json.find_text("login") or ""

    def _remember(self, place: str) -> None:
        try:
            self._context.sessions.save_session(place, Session(values={"user": self._id}), expected_version=None)
        except ConflictError:
            return  # another worker asked at the same time and stored the same
