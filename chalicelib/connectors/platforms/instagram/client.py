"""Instagram's calling part: only the health check, through either flavour of login."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms.instagram.spec import BASE_URLS, FACEBOOK_LOGIN, INSTAGRAM_LOGIN
from chalicelib.connectors.toolkit.api import segment
from chalicelib.core.errors import ConfigurationError, CredentialsError, PayloadError, UnavailableError
from chalicelib.ports.platform import PlatformContext


class Client:
    """``Client(context)``. No I/O in the constructor; no token or an unknown ``login`` is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        self._login = context.account.options.get("login") or INSTAGRAM_LOGIN
        if self._login not in BASE_URLS:
            raise ConfigurationError(f"login must be {INSTAGRAM_LOGIN} or {FACEBOOK_LOGIN}")
        self._graph = GraphApi(context, credential="access_token", base_url=BASE_URLS[self._login])

    def probe(self) -> str:
        """Whether the token is this account's. CredentialsError when it is another's."""
        if self._login == FACEBOOK_LOGIN:
            me = self._graph.get(f"/{segment(self._graph.page)}", fields="id,username")
        else:
            me = self._graph.get("/me", fields="user_id,username")
        try:
            owner = me.need_id("id" if self._login == FACEBOOK_LOGIN else "user_id")
        except PayloadError:
            raise UnavailableError("an answer that can't be read") from None
        if owner != self._graph.page:
            raise CredentialsError(
                "token of another account", advice="The access token belongs to another account: connect it again."
            )
        return "token good"
