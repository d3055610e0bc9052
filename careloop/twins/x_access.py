"""Who may call the X twin: app bearer, OAuth 2.0 tokens that expire and rotate, OAuth 1.0a signatures; rate limits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from careloop.twins.base import TwinRequest
from careloop.twins.x_world import PROBLEMS, Data, Refused, XWorld

SCOPES = "tweet.read tweet.write tweet.moderate.write users.read media.write dm.read dm.write offline.access"
LIFETIME = 7200
SKEW = 300
WINDOW_MS = 15 * 60_000
LIMITS: Mapping[str, int] = {
    "post": 100,
    "delete": 50,
    "hide": 50,
    "media": 500,
    "dm": 15,
    "dm_events": 15,
    "mentions": 300,
    "search": 300,
    "timeline": 900,
    "tweet": 900,
    "user": 900,
    "me": 75,
    "subscriptions": 500,
    "webhooks": 450,
}
"""Per user or app and 15 minutes (docs.x.com, rate limits, 2026-08)."""
_OAUTH_PART = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*')


class XAccess:
    """Tokens, signatures and counters. Plain data."""

    def __init__(self, world: XWorld, app: Mapping[str, str], base_url: str) -> None:
        self.world = world
        self.app = dict(app)
        self.base_url = base_url.rstrip("/")
        self.data: Data = {
            "access": {},
            "refresh": {},
            "oauth1": {},
            "nonces": [],
            "limits": {},
            "capped": False,
            "locked": False,
        }

    # -- giving access -------------------------------------------------------------------------------------------------

    def authorise(self, user: str, scopes: str = SCOPES) -> dict[str, str]:
        """What the account's owner gives by OAuth 2.0: the credentials as Careloop stores them."""
        tokens = self._issue(user, scopes, family=f"family-{self.world.number('family')}")
        named = {name: tokens[name] for name in ("access_token", "refresh_token")}
        return {**named, "client_id": self.app["client_id"], "client_secret": self.app["client_secret"]}

    def authorise_oauth1(self, user: str) -> dict[str, str]:
        """The same by OAuth 1.0a."""
        number = self.world.number("oauth1")
        token, secret = f"{user}-oauth1-token-{number:04d}", f"oauth1-token-secret-{number:04d}"
        self.data["oauth1"][token] = {"user": user, "secret": secret}
        return {
            "oauth1_consumer_key": self.app["consumer_key"],
            "oauth1_consumer_secret": self.app["consumer_secret"],
            "oauth1_token": token,
            "oauth1_token_secret": secret,
        }

    def revoke(self, user: str) -> None:
        """The account's owner takes everything back."""
        for kind in ("access", "refresh", "oauth1"):
            self.data[kind] = {name: item for name, item in self.data[kind].items() if item["user"] != user}

    def _issue(self, user: str, scopes: str, family: str) -> dict[str, str]:
        number = self.world.number("token")
        access, refresh = f"twin-access-token-{number:06d}", f"twin-refresh-token-{number:06d}"
        expires = self.world.now_ms() + LIFETIME * 1000
        self.data["access"][access] = {"user": user, "scopes": scopes, "expires": expires, "family": family}
        self.data["refresh"][refresh] = {"user": user, "scopes": scopes, "used": False, "family": family}
        return {"access_token": access, "refresh_token": refresh}

    def refresh(self, request: TwinRequest) -> Data:
        """POST /2/oauth2/token. A refresh token that was used before ends its whole family. Refused: 400, 401."""
        form = request.form
        if not self._is_client(request, form):
            raise Refused(
                401, {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}
            )
        found = self.data["refresh"].get(form.get("refresh_token", ""))
        if form.get("grant_type") != "refresh_token" or found is None or found["used"]:
            if found is not None:
                self._end(found["family"])
            words = "Value passed for the token was invalid."
            raise Refused(400, {"error": "invalid_request", "error_description": words})
        found["used"] = True
        tokens = self._issue(found["user"], found["scopes"], found["family"])
        return {"token_type": "bearer", "expires_in": LIFETIME, **tokens, "scope": found["scopes"]}

    def _is_client(self, request: TwinRequest, form: Mapping[str, str]) -> bool:
        pair = f"{self.app['client_id']}:{self.app['client_secret']}".encode()
        given = request.headers.get("authorization", "")
        return given == "Basic " + base64.b64encode(pair).decode() and form.get("client_id") == self.app["client_id"]

    def _end(self, family: str) -> None:
        for kind in ("access", "refresh"):
            self.data[kind] = {name: item for name, item in self.data[kind].items() if item["family"] != family}

    # -- who calls -----------------------------------------------------------------------------------------------------

    def caller(self, request: TwinRequest, scope: str = "") -> str:
        """The user in whose name the call is made. Refused: 401, 403."""
        given = request.headers.get("authorization", "")
        if given == f"Bearer {self.app['bearer_token']}":
            raise Refused(
                403,
                {
                    "title": "Unsupported Authentication",
                    "detail": "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.",
                    "type": f"{PROBLEMS}unsupported-authentication",
                    "status": 403,
                },
            )
        user = self._bearer(given, scope) if given.startswith("Bearer ") else self._oauth1(request, given)
        self._alive()
        return user

    def app_or_caller(self, request: TwinRequest) -> str | None:
        """None for the app itself. Refused: 401, 403."""
        if request.headers.get("authorization") == f"Bearer {self.app['bearer_token']}":
            self._alive()
            return None
        return self.caller(request)

    def need_app(self, request: TwinRequest) -> None:
        """Only the app itself. Refused: 401."""
        if request.headers.get("authorization") != f"Bearer {self.app['bearer_token']}":
            raise unauthorised()

    def _alive(self) -> None:
        if self.data["capped"]:
            raise Refused(
                429,
                {
                    "title": "UsageCapExceeded",
                    "detail": "Usage cap exceeded: Monthly product cap",
                    "period": "Monthly",
                    "scope": "Product",
                    "type": f"{PROBLEMS}usage-capped",
                },
            )
        if self.data["locked"]:
            words = "To protect our users from spam and other malicious activity, this account is temporarily locked."
            raise Refused(403, {"errors": [{"code": 326, "message": words}]})

    def _bearer(self, given: str, scope: str) -> str:
        found = self.data["access"].get(given.removeprefix("Bearer "))
        if found is None or found["expires"] <= self.world.now_ms():
            raise unauthorised()
        if scope and scope not in found["scopes"].split():
            body = {"title": "Forbidden", "type": "about:blank", "status": 403}
            raise Refused(403, {**body, "detail": f"The token lacks the scope {scope}."})
        return str(found["user"])

    def _oauth1(self, request: TwinRequest, given: str) -> str:
        if not given.startswith("OAuth "):
            raise unauthorised()
        found = [_OAUTH_PART.fullmatch(part) for part in given.removeprefix("OAuth ").split(",")]
        parts = {match[1]: unquote(match[2]) for match in found if match is not None}
        token = self.data["oauth1"].get(parts.get("oauth_token", ""))
        nonce, time = parts.get("oauth_nonce", ""), parts.get("oauth_timestamp", "")
        fresh = time.isdecimal() and abs(int(time) - self.world.now_ms() // 1000) <= SKEW
        if token is None or not nonce or not fresh or nonce in self.data["nonces"]:
            raise unauthorised()
        wanted = self._signature(request, parts, token["secret"])
        if not hmac.compare_digest(wanted.encode(), parts.get("oauth_signature", "").encode()):
            raise unauthorised()
        self.data["nonces"] = [*self.data["nonces"][-999:], nonce]
        return str(token["user"])

    def _signature(self, request: TwinRequest, parts: Mapping[str, str], secret: str) -> str:
        """RFC 5849, written from the standard and not from the connector."""
        signed = {**request.query, **{name: value for name, value in parts.items() if name != "oauth_signature"}}
        pairs = sorted(quote(name, safe="~") + "=" + quote(value, safe="~") for name, value in signed.items())
        text = "&".join(
            quote(item, safe="~") for item in (request.method, self.base_url + request.path, "&".join(pairs))
        )
        key = quote(self.app["consumer_secret"], safe="~") + "&" + quote(secret, safe="~")
        return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()

    # -- how often -----------------------------------------------------------------------------------------------------

    def count(self, who: str | None, what: str) -> dict[str, str]:
        """Count one call; the headers that tell. Refused: 429."""
        name, now = f"{who or 'app'} {what}", self.world.now_ms()
        window = self.data["limits"].get(name)
        if window is None or now >= window["until"]:
            window = self.data["limits"][name] = {"until": now + WINDOW_MS, "used": 0}
        window["used"] += 1
        headers = {
            "x-rate-limit-limit": str(LIMITS[what]),
            "x-rate-limit-remaining": str(max(0, LIMITS[what] - window["used"])),
            "x-rate-limit-reset": str(-(-window["until"] // 1000)),
        }
        if window["used"] > LIMITS[what]:
            raise Limited(headers)
        return headers


class Limited(Refused):
    """429, with the headers that say until when."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        words = "Too Many Requests"
        super().__init__(429, {"title": words, "detail": words, "type": "about:blank", "status": 429})
        self.headers = dict(headers)


def unauthorised() -> Refused:
    """401 in X's words."""
    return Refused(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})
