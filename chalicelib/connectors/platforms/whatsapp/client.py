"""WhatsApp's calling part: only the health check."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.toolkit.api import segment
from chalicelib.core.errors import CredentialsError, PayloadError, UnavailableError
from chalicelib.ports.platform import PlatformContext

_FIELDS = "id,quality_rating,status"


class Client:
    """``Client(context)``. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        self._graph = GraphApi(context, credential="access_token")

    def probe(self) -> str:
        """Whether the token reaches this phone number, its quality and status. CredentialsError when not."""
        number = self._graph.get(f"/{segment(self._graph.page)}", fields=_FIELDS)
        try:
            found = number.need_id("id")
            quality, status = number.find_text("quality_rating"), number.find_text("status")
        except PayloadError:
            raise UnavailableError("an answer that can't be read") from None
        if found != self._graph.page:
            raise CredentialsError("another phone number", advice="Store the id of the number, not the number itself.")
        return f"token good, quality {quality or 'not told'}, status {status or 'not told'}"
