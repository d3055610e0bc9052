"""X's API as the rest of the connector calls it: authorised, refusals as leaves, readings apart from posts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from chalicelib.connectors.platforms.x.auth import authorisation
from chalicelib.connectors.platforms.x.refusals import refusal_table
from chalicelib.connectors.platforms.x.spec import BASE_URL
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.ports.platform import PlatformContext

UNCLEAR = (408, 503)
"""Elsewhere these mean "not done"; X asks to look before a post is repeated after any failure of its own."""

_POST_FIELDS = "attachments,conversation_id,created_at,display_text_range,entities,lang"
_SIDE = {
    "user.fields": "name,profile_image_url,protected,username",
    "media.fields": "alt_text,preview_image_url,type,url,variants",
}
POST_FIELDS: Mapping[str, Mapping[str, str]] = {
    "tweet": {
        "tweet.fields": "author_id,edit_history_tweet_ids,in_reply_to_user_id,note_tweet,referenced_tweets,"
        + _POST_FIELDS,
        "expansions": "attachments.media_keys,author_id",
        **_SIDE,
    },
    "post": {
        "post.fields": f"note_post,{_POST_FIELDS}",
        "expansions": "attachments.media_keys,author_id,edit_history_post_ids,in_reply_to_user_id,referenced_posts",
        **_SIDE,
    },
}
"""By the option ``field_names``."""
DM_FIELDS = {
    "event_types": "MessageCreate",
    "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,id,text",
    "expansions": "attachments.media_keys,sender_id",
    **_SIDE,
}
USER_FIELDS = {"user.fields": "name,profile_image_url,protected,username"}
PROFILE_FIELDS = {
    "user.fields": "created_at,description,entities,location,name,profile_image_url,protected,public_metrics,url,"
    "username,verified"
}


class XApi:
    """Calls in the account's name. A refused token is renewed once: a call that X did not let in had no effect."""

    def __init__(self, context: PlatformContext) -> None:
        options = context.account.options
        self._base = (options.get("base_url") or BASE_URL).rstrip("/")
        self._client = ApiClient(context.http, context.clock, self._base, refusal=refusal_table(context.clock))
        self._auth = authorisation(context, self._base)
        self._app_token = context.credentials.get("app_bearer_token")
        names = options.get("field_names") or "tweet"
        if names not in POST_FIELDS:
            raise ConfigurationError(f"option field_names: one of {', '.join(POST_FIELDS)}")
        self.post_fields = POST_FIELDS[names]

    def renew_ahead(self) -> datetime | None:
        """See `Authorisation`."""
        return self._auth.renew_ahead()

    def read(self, path: str, params: Mapping[str, str]) -> Reader:
        """GET; the JSON object. An answer that can't be read is an UnavailableError."""
        return _object(self._authorised("GET", path, params=params, idempotent=True))

    def as_account(self, method: str, path: str, **call: Any) -> Reader:
        """A call that may be repeated: ``params``, and ``data`` or ``body`` with ``headers``."""
        return _object(self._authorised(method, path, idempotent=True, **call))

    def push(self, path: str, body: bytes, content_type: str) -> None:
        """POST of bytes that may be repeated, whose answer tells nothing."""
        self._authorised("POST", path, body=body, headers={"content-type": content_type}, idempotent=True)

    def header_for(self, url: str) -> str:
        """What authorises a GET of `url`, with its query."""
        parts = urlsplit(url)
        return self._auth.header("GET", urlunsplit((*parts[:3], "", "")), dict(parse_qsl(parts.query)))

    def as_app(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, data: Mapping[str, Any] | None = None
    ) -> Reader:
        """A call of the app's own, which may be repeated. UnsupportedError: its bearer token is not stored."""
        if not self._app_token:
            raise UnsupportedError("the app's bearer token is not stored (credential app_bearer_token)")
        headers = {"authorization": f"Bearer {self._app_token}"}
        return _object(self._client.call(method, path, params=params, data=data, headers=headers, idempotent=True))

    def read_one(self, path: str, params: Mapping[str, str]) -> tuple[Reader, Reader]:
        """GET of one thing: its ``data``, and the whole answer. X tells in a 200 that it is gone: NotFoundError."""
        body = self.read(path, params)
        data = body.find("data")
        if data is not None and isinstance(data.value, dict) and data.value:
            return data, body
        if body.has("errors"):
            raise NotFoundError("deleted, or not visible to us", remote_code="not-visible")
        raise UnavailableError("an answer without data")

    def write(self, path: str, data: Mapping[str, Any]) -> ApiAnswer:
        """POST that must not be repeated. Raises OutcomeUnknownError when it may have taken effect."""
        answer = self._authorised("POST", path, data=data, expect=UNCLEAR)
        if answer.status in UNCLEAR:
            raise OutcomeUnknownError(f"HTTP {answer.status}")
        return answer

    def _authorised(self, method: str, path: str, *, params: Mapping[str, str] | None = None, **call: Any) -> ApiAnswer:
        try:
            return self._once(method, path, params or {}, **call)
        except CredentialsError as error:
            if error.remote_code != "401" or not self._auth.renew_after_refusal():
                raise
        return self._once(method, path, params or {}, **call)

    def _once(self, method: str, path: str, params: Mapping[str, str], **call: Any) -> ApiAnswer:
        header = self._auth.header(method, f"{self._base}{path}", params)
        headers = {**(call.pop("headers", None) or {}), "authorization": header}
        return self._client.call(method, path, params=params, headers=headers, **call)


def _object(answer: ApiAnswer) -> Reader:
    try:
        body = answer.json
        body.keys()
        return body
    except PayloadError:
        raise UnavailableError("unreadable answer") from None
