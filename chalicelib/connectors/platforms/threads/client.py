"""Threads' calling part: only the health check."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms.threads.spec import API_VERSION, BASE_URL
from chalicelib.core.errors import CredentialsError, PayloadError, UnavailableError
from chalicelib.ports.platform import PlatformContext


class Client:
    """``Client(context)``. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        self._graph = GraphApi(context, credential="access_token", base_url=BASE_URL, version=API_VERSION)

    def probe(self) -> str:
        """Whether the token is this account's. CredentialsError when it is another's."""
        me = self._graph.get("/me", fields="id,username")
        try:
            owner = me.need_id("id")
        except PayloadError:
            raise UnavailableError("an answer that can't be read") from None
        if owner != self._graph.page:
            raise CredentialsError(
                "token of another account", advice="The access token belongs to another account: connect it again."
            )
        return "token good"
