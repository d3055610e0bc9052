"""Where RT is, how a call proves who we are, who that is, and what RT's refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConfigurationError, ConflictError, CredentialsError, NotFoundError
from chalicelib.core.ids import digest
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import HttpResponse, Session

API = "/REST/2.0"
_TOKEN_OWNER = re.compile(r"1-([0-9]{1,18})-[0-9a-fA-F]{32}")
"""Version 1 of RT's tokens names its owner (lib/RT/AuthToken.pm, ParseAuthString, RT 5.0.3)."""


def site(options: Mapping[str, str]) -> str:
    """The address of RT's pages, without the API's path. Raises ConfigurationError when there is none."""
    base = options.get("base_url", "").strip().rstrip("/")
    if not base:
        raise ConfigurationError("rt: option base_url is missing")
    return base.removesuffix(API)


def option_list(options: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The values of an option that are separated by commas."""
    return tuple(dict.fromkeys(filter(None, (item.strip() for item in options.get(name, "").split(",")))))


def queue(options: Mapping[str, str]) -> str:
    """The queue for new tickets. Raises ConfigurationError when there is none."""
    found = options.get("queue", "").strip()
    if not found:
        raise ConfigurationError("rt: option queue is missing")
    return found


def token(context: HelpdeskContext) -> str:
    """The authentication token. Raises ConfigurationError when none is stored."""
    found = context.credentials.get("token", "").strip()
    if not found:
        raise ConfigurationError("rt: no token is stored")
    return found


def api_client(context: HelpdeskContext) -> ApiClient:
    """The API below ``/REST/2.0``."""
    return ApiClient(
        context.http,
        context.clock,
        site(context.connection.options) + API,
        headers={"authorization": f"token {token(context)}"},
        refusal=refuse,
        timeout=20.0,
    )


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The refusals that mean something else than usual. RT's messages are left out: they are localised and repeat what
    was sent."""
    status = response.status
    if 300 <= status < 400:
        raise CredentialsError(
            f"HTTP {status}",
            advice="RT answered with a redirect: base_url is not RT's own address, or a login page guards the API.",
            remote_code=str(status),
        )
    if status in (409, 412):
        raise ConflictError(f"HTTP {status}")


class OwnUser:
    """The RT user that we are: by the option, else remembered, else asked for once."""

    def __init__(self, context: HelpdeskContext, api: ApiClient) -> None:
        self._context = context
        self._api = api
        self._name = context.connection.options.get("user", "").strip()

    def name(self) -> str:
        """Its name, in lower case: RT tells names apart without regard to case."""
        if not self._name:
            place = "rt-user:" + digest(site(self._context.connection.options), token(self._context))
            session = self._context.sessions.find_session(place)
            self._name = (session.values.get("user") if session else None) or self._ask()
            if session is None:
                self._remember(place)
        return self._name.lower()

    def _ask(self) -> str:
        owner = _TOKEN_OWNER.fullmatch(token(self._context))
        if owner is None:
            raise ConfigurationError("rt: option user is missing, and this token does not tell whose it is")
        try:
            answer = self._api.get(f"/user/{segment(owner[1])}")
        except NotFoundError:
            raise ConfigurationError("rt: the token's user is not to be seen; name it in option user") from None
        with readable():
            return answer.json.need_id("Name")

    def _remember(self, place: str) -> None:
        try:
            self._context.sessions.save_session(place, Session(values={"user": self._name}), expected_version=None)
        except ConflictError:
            return  # another worker asked at the same time and stored the same
