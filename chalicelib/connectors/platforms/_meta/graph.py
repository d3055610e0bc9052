"""Graph API for one page: authorised calls, errors by table, lists page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from chalicelib.connectors.platforms._meta.family import API_VERSION, BASE_URL
from chalicelib.connectors.platforms._meta.graph_errors import refusal
from chalicelib.connectors.platforms._meta.usage import usage_of
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, raise_for_status, segment
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.connectors.toolkit.payload import Reader, read_json
from chalicelib.connectors.toolkit.signatures import hex_sha256
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotSubscribedError,
    PayloadError,
    UnavailableError,
)
from chalicelib.core.media import MediaFile
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import HttpResponse

_UPLOAD_TIMEOUT = 60.0
"""Seconds: a file has up to 25 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of a list. ``after``: the cursor of the next, None at the end. ``busy``: better stop here."""

    items: tuple[Reader, ...]
    after: str | None
    busy: bool


class GraphApi:
    """Calls with one account's token, a page's if nothing else is said. No I/O in the constructor; a missing token is a
    ConfigurationError. ``token``: where it is not the stored credential itself, but what came of it.

    The token goes in a header, never into an address; ``appsecret_proof`` is added where its key is stored.
    """

    def __init__(
        self,
        context: PlatformContext,
        *,
        credential: str = "page_token",
        base_url: str = BASE_URL,
        version: str = API_VERSION,
        token: str | None = None,
    ) -> None:
        token = token or context.credentials.get(credential)
        if not token:
            raise ConfigurationError(f"no {credential} is stored for this account")
        options = context.account.options
        base = f"{options.get('base_url') or base_url}".rstrip("/")
        version = options.get("api_version") or version
        key = context.credentials.get("app_secret_proof_key")
        self._proof = {"appsecret_proof": hex_sha256(key, token.encode())} if key else {}
        self.page: str = context.account.key.account
        self._app = options.get("app_id")
        self._version, self._token, self._clock = segment(version), token, context.clock

        def client(bearer: str, *, sending: bool, timeout: float = 10.0) -> ApiClient:
            return ApiClient(
                context.http,
                context.clock,
                f"{base}/{segment(version)}",
                headers={"authorization": f"Bearer {bearer}"},
                refusal=refusal(context.clock, sending=sending),
                timeout=timeout,
            )

        self._uploading = client(token, sending=False, timeout=_UPLOAD_TIMEOUT)
        self._reading, self._sending = client(token, sending=False), client(token, sending=True)
        self._as_app = client(f"{self._app}|{key}", sending=False) if self._app and key else None

    def get(self, path: str, **params: Any) -> Reader:
        """GET below the version; the answer as JSON. Raises leaves; an unreadable answer is an UnavailableError."""
        return _read(self._reading.get(path, {**params, **self._proof}))

    def post(self, path: str, data: Mapping[str, Any]) -> ApiAnswer:
        """POST that must not be repeated. Raises leaves; OutcomeUnknownError when it may have been done."""
        return self._sending.post(path, {**data, **self._proof})

    def put(self, path: str, data: Mapping[str, Any]) -> None:
        """POST that may be repeated. Raises leaves."""
        self._reading.post(path, {**data, **self._proof}, idempotent=True)

    def delete(self, path: str) -> None:
        """DELETE. Raises leaves; NotFoundError: it is gone already."""
        self._reading.call("DELETE", path, params=self._proof, idempotent=True)

    def upload(self, path: str, fields: Mapping[str, str], part: str, file: MediaFile) -> Reader:
        """POST of a file as the form's `part`, where that alone shows nobody anything, so that it may be repeated. The
        answer as JSON. Raises leaves."""
        kind, body = multipart(tuple({**fields, **self._proof}.items()), ((part, file),))
        headers = {"content-type": kind}
        return _read(self._uploading.call("POST", path, body=body, headers=headers, idempotent=True))

    def inspect_token(self) -> Reader | None:
        """What Meta tells the app about the page's token (``/debug_token``); None where the app's id or secret is not
        stored. As a batch of one: so the token stands in the body, and no address holds it."""
        if self._as_app is None:
            return None
        asked = f"{self._version}/debug_token?{urlencode({'input_token': self._token})}"
        batch = [{"method": "GET", "relative_url": asked}]
        answer = self._as_app.post("/", {"batch": batch, "include_headers": False}, idempotent=True)
        try:
            (part,) = answer.json.items()
            status, body = int(part.need_id("code")), part.need_text("body").encode()
            found = read_json(body)
        except (PayloadError, ValueError):
            raise UnavailableError("an answer that can't be read") from None
        if status != 200:
            response = HttpResponse(status=status, headers={}, body=body)
            refusal(self._clock, sending=False)(response, found)
            raise_for_status(response, clock=self._clock, idempotent=True)
        return found

    def app_subscriptions(self) -> Reader | None:
        """The app's own webhooks; None where the app's id or secret is not stored."""
        if self._as_app is None or self._app is None:
            return None
        return _read(self._as_app.get(f"/{segment(self._app)}/subscriptions"))

    def subscribed_fields(self, owner: str | None = None) -> set[str]:
        """Fields of the page, or of `owner`, that the app is told of. Raises PayloadError for an answer that is no
        list."""
        answer = self.get(f"/{segment(owner or self.page)}/subscribed_apps")
        answer.need("data")
        fields = {field.find_text() for app in self._own_apps(answer) for field in app.items("subscribed_fields")}
        return {field for field in fields if field}

    def pages(self, path: str, *, most: int, after: str | None = None, **params: Any) -> Iterator[ListPage]:
        """Up to `most` pages of an edge, from cursor `after`. The address of the next page is never followed: it holds
        the token, and what answers it is anybody's."""
        for _ in range(most):
            answer = self._reading.get(path, {**params, "after": after, **self._proof})
            page = read_list(_read(answer), busy=usage_of(answer.headers).is_busy)
            yield page
            after = page.after
            if after is None:
                return

    def probe(self, wanted: tuple[str, ...]) -> str:
        """One line on token and subscription. Raises CredentialsError, or NotSubscribedError when the app is not
        subscribed to one of the `wanted` fields of this page (Meta ends subscriptions by itself after outages)."""
        me = self.get("/me", fields="id,name")
        try:
            owner = me.need_id("id")
            fields = self.subscribed_fields()
        except PayloadError:
            raise UnavailableError("an answer that can't be read") from None
        if owner != self.page:
            raise CredentialsError(
                "token of another page", advice="The access token belongs to another page: connect the account again."
            )
        missing = [name for name in wanted if name not in fields]
        if missing:
            raise NotSubscribedError(f"the app is not subscribed to {', '.join(missing)} of this page")
        return f"token good, subscribed to {', '.join(sorted(fields))}"

    def _own_apps(self, answer: Reader) -> list[Reader]:
        """The subscriptions of our app, or of all apps where the option ``app_id`` is not set."""
        return [app for app in answer.items("data") if not self._app or app.find_id("id") == self._app]


def read_list(answer: Reader, *, busy: bool) -> ListPage:
    """A list answer: ``data`` and, where there is more, the cursor. Unreadable: UnavailableError."""
    try:
        more = answer.has("paging") and answer.need("paging").has("next")
        answer.need("data")  # an answer that is no list is not an empty list
        return ListPage(
            items=tuple(answer.items("data")),
            after=answer.find_id("paging", "cursors", "after") if more else None,
            busy=busy,
        )
    except PayloadError:
        raise UnavailableError("a list that can't be read") from None


def _read(answer: ApiAnswer) -> Reader:
    try:
        found = answer.json
    except PayloadError:
        raise UnavailableError("an answer that can't be read") from None
    if not isinstance(found.value, dict):
        raise UnavailableError("an answer that is no object")
    return found
