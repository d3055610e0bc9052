"""Calls to the Cloud API with the number's token: in a header, never in an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.platforms._meta.family import API_VERSION, BASE_URL
from chalicelib.connectors.platforms.whatsapp.refusals import refusal
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.connectors.toolkit.signatures import hex_sha256
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.media import MediaFile
from chalicelib.ports.platform import PlatformContext

_UPLOAD_TIMEOUT = 30.0


class CloudApi:
    """One phone number's. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        token = context.credentials.get("access_token")
        if not token:
            raise ConfigurationError("no access_token is stored for this account")
        options = context.account.options
        key = context.credentials.get("app_secret_proof_key")
        self._proof = {"appsecret_proof": hex_sha256(key, token.encode())} if key else {}
        self.number: str = context.account.key.account
        self.bearer = {"authorization": f"Bearer {token}"}
        base = (
            f"{(options.get('base_url') or BASE_URL).rstrip('/')}/{segment(options.get('api_version') or API_VERSION)}"
        )

        def client(*, sending: bool, timeout: float = 10.0) -> ApiClient:
            table = refusal(context.clock, sending=sending)
            return ApiClient(context.http, context.clock, base, headers=self.bearer, refusal=table, timeout=timeout)

        self._reading, self._sending = client(sending=False), client(sending=True)
        self._uploading = client(sending=False, timeout=_UPLOAD_TIMEOUT)

    def get(self, path: str, **params: Any) -> Reader:
        """GET; the answer, an object. Raises leaves; unreadable: UnavailableError."""
        return _object(self._reading.get(path, {**params, **self._proof}))

    def send(self, data: Mapping[str, Any]) -> ApiAnswer:
        """Send a message, once. Raises leaves; OutcomeUnknownError when it may be on its way."""
        return self._sending.post(f"/{segment(self.number)}/messages", {**data, **self._proof})

    def put(self, path: str, data: Mapping[str, Any]) -> None:
        """POST that may be repeated. Raises leaves."""
        self._reading.post(path, {**data, **self._proof}, idempotent=True)

    def upload(self, file: MediaFile) -> str:
        """Hand a file over; its id, good for 30 days. It shows nobody anything, so it may be repeated. Raises
        leaves."""
        fields = {"messaging_product": "whatsapp", "type": file.media_type, **self._proof}
        kind, body = multipart(tuple(fields.items()), (("file", file),))
        path = f"/{segment(self.number)}/media"
        answer = self._uploading.call("POST", path, body=body, headers={"content-type": kind}, idempotent=True)
        with readable():
            return answer.json.need_id("id")


def _object(answer: ApiAnswer) -> Reader:
    with readable():
        found = answer.json
        if not isinstance(found.value, dict):
            raise found.wrong("object expected")
        return found
