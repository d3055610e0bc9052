"""Calls to LinkedIn: the health check, and comments whose author or text a notification lacks. It writes nothing."""

from __future__ import annotations

from chalicelib.connectors.platforms.linkedin.comments import read_comment
from chalicelib.connectors.platforms.linkedin.spec import API_VERSION, BASE_URL
from chalicelib.connectors.platforms.linkedin.urns import comment_parts
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Collector
from chalicelib.core.errors import ConfigurationError, NotFoundError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import MessageId
from chalicelib.ports.platform import PlatformContext

_ORGANIZATION = "urn:li:organization:"


class Client:
    """One organisation page. Needs the credential ``access_token``."""

    def __init__(self, context: PlatformContext) -> None:
        options, token = context.account.options, context.credentials.get("access_token")
        if not token:
            raise ConfigurationError("linkedin: the credential access_token is missing")
        self._account = context.account.key
        self._api = ApiClient(
            context.http,
            context.clock,
            options.get("base_url") or BASE_URL,
            headers={
                "authorization": f"Bearer {token}",
                "linkedin-version": options.get("api_version") or API_VERSION,
                "x-restli-protocol-version": "2.0.0",
            },
        )

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """One comment. Raises NotFoundError when it is gone, and for posts, which are not read."""
        parts = comment_parts(message)
        if parts is None:
            raise NotFoundError("not a comment")
        post, comment = parts
        answer, found = self._api.get(f"/rest/socialActions/{segment(post)}/comments/{segment(comment)}"), Collector()
        with readable():
            found.attempt(lambda entry: read_comment(entry, self._account, found), answer.json)
        return Parsed(events=tuple(found.events), malformed=tuple(found.malformed))

    def probe(self) -> str:
        """Tries the token on the organisation."""
        account = str(self._account.account)
        if not account.startswith(_ORGANIZATION):
            raise ConfigurationError(f"linkedin: the account's id must be a URN, {_ORGANIZATION}<number>")
        answer = self._api.get(f"/rest/organizations/{segment(account.removeprefix(_ORGANIZATION))}")
        with readable():
            return f"the page {answer.json.find_text('localizedName') or account} can be read"
