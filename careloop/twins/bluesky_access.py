"""The Bluesky twin's logins and limits: rotating tokens as the PDS makes them, and fixed windows of points.

Facts: @atproto/pds of 2026-08 (auth, rate limits): access tokens live 2 hours and can't be taken back, refresh tokens
90 days; a refresh leaves the old token 2 hours of grace, in which it gives the same successor again.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping

from careloop.twins.bluesky_world import BlueskyWorld, Data, Refused, invalid

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
ACCESS_MS = 2 * _HOUR
REFRESH_MS = 90 * _DAY
GRACE_MS = 2 * _HOUR
LIMITS: Mapping[str, tuple[int, int]] = {
    "global-ip": (3000, 5 * _MINUTE),
    "repo-write-hour": (5000, _HOUR),
    "repo-write-day": (35000, _DAY),
    "login": (30, 5 * _MINUTE),
    "login-day": (300, _DAY),
}
"""Points, and the window in milliseconds."""
WRITES = ("repo-write-hour", "repo-write-day")
LOGINS = ("login", "login-day")


class TooManyCalls(Refused):
    """429, with the window's headers."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(429, "RateLimitExceeded", "Rate Limit Exceeded")
        self.headers = headers


class BlueskyAccess:
    """Tokens, app passwords, windows. Plain data too. ``limits``: points other than Bluesky's own."""

    def __init__(self, world: BlueskyWorld, limits: Mapping[str, int] | None = None) -> None:
        self.world = world
        self._limits = {name: ((limits or {}).get(name, points), span) for name, (points, span) in LIMITS.items()}
        self.data: Data = {"access": {}, "refresh": {}, "windows": {}}

    # -- app passwords -------------------------------------------------------------------------------------------------

    def make_password(self, did: str, name: str, password: str | None = None) -> str:
        """A new app password; it is shown once."""
        made = password or "-".join(secrets.token_hex(2) for _ in range(4))
        self.world.user(did)["passwords"][made] = name
        return made

    def revoke_password(self, did: str, name: str) -> None:
        """Its refresh tokens end with it; access tokens go on until they are over."""
        user = self.world.user(did)
        user["passwords"] = {password: known for password, known in user["passwords"].items() if known != name}
        rows = self.data["refresh"]
        self.data["refresh"] = {key: row for key, row in rows.items() if (row["did"], row["name"]) != (did, name)}

    # -- sessions ------------------------------------------------------------------------------------------------------

    def log_in(self, identifier: str, password: str) -> tuple[Data, dict[str, str]]:
        """(the account, its tokens)."""
        user = self.world.find_user(identifier)
        name = user["passwords"].get(password) if user is not None else None
        if user is None or name is None:
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        if user["taken_down"]:
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        return user, self._tokens(user["did"], name, self._new_refresh(user["did"], name))

    def refresh(self, token: str | None) -> tuple[Data, dict[str, str]]:
        """Rotate both tokens; within the grace the same successor."""
        row = self.data["refresh"].get(token or "")
        if token is None:
            raise Refused(401, "AuthMissing", "Authentication Required")
        if row is None:
            gone = token.startswith("twin-refresh-")
            raise invalid("Token has been revoked", "ExpiredToken") if gone else _unverified()
        now = self.world.now_ms()
        if row["until_ms"] <= now:
            raise invalid("Token has expired", "ExpiredToken")
        user = self._standing(row["did"])
        if row["next"] not in self.data["refresh"]:
            row["next"] = self._new_refresh(row["did"], row["name"])
            row["until_ms"] = min(row["until_ms"], now + GRACE_MS)
        return user, self._tokens(row["did"], row["name"], row["next"])

    def _new_refresh(self, did: str, name: str) -> str:
        token = f"twin-refresh-{self.world.number('refresh')}-{secrets.token_hex(8)}"
        until = self.world.now_ms() + REFRESH_MS
        self.data["refresh"][token] = {"did": did, "name": name, "until_ms": until, "next": None}
        return token

    def _tokens(self, did: str, name: str, refresh: str) -> dict[str, str]:
        until = self.world.now_ms() + ACCESS_MS
        claims = {"scope": "com.atproto.appPass", "sub": did, "exp": until // 1000}
        head = {"typ": "at+jwt", "alg": "HS256"}
        token = ".".join((_part(head), _part(claims), f"{self.world.number('access')}-{secrets.token_hex(8)}"))
        self.data["access"][token] = {"did": did, "until_ms": until}
        return {"accessJwt": token, "refreshJwt": refresh}

    def expire_access(self) -> None:
        """All access tokens are over now, as two hours later."""
        for row in self.data["access"].values():
            row["until_ms"] = self.world.now_ms()

    def who(self, token: str | None) -> str:
        """The DID that calls with an access token. Refused: 401 without one, 400 for a bad one."""
        if token is None:
            raise Refused(401, "AuthMissing", "Authentication Required")
        row = self.data["access"].get(token)
        if row is None:
            raise _unverified()
        if row["until_ms"] <= self.world.now_ms():
            raise invalid("Token has expired", "ExpiredToken")
        return str(self._standing(row["did"])["did"])

    def _standing(self, did: str) -> Data:
        user = self.world.user(did)
        if user["taken_down"]:
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        return user

    # -- limits --------------------------------------------------------------------------------------------------------

    def consume(self, names: tuple[str, ...], key: str, points: int = 1) -> tuple[int, dict[str, str]]:
        """(points left in the tightest window, its headers). Raises TooManyCalls."""
        found = [self._window(name, key, points) for name in names]
        left, headers = min(found, key=lambda item: item[0])
        if left < 0:
            raise TooManyCalls(headers)
        return left, headers

    def _window(self, name: str, key: str, points: int) -> tuple[int, dict[str, str]]:
        limit, span = self._limits[name]
        now = self.world.now_ms()
        window = self.data["windows"].get(f"{name}|{key}")
        if window is None or window["until_ms"] <= now:
            window = {"used": 0, "until_ms": now + span}
            self.data["windows"][f"{name}|{key}"] = window
        window["used"] += points
        left = limit - int(window["used"])
        headers = {
            "RateLimit-Limit": str(limit),
            "RateLimit-Remaining": str(max(left, 0)),
            "RateLimit-Reset": str(-(-int(window["until_ms"]) // 1000)),
            "RateLimit-Policy": f"{limit};w={span // 1000}",
        }
        return left, headers


def _part(claims: Data) -> str:
    """Of a JWT; the twin knows its tokens and signs nothing."""
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def _unverified() -> Refused:
    return invalid("Token could not be verified", "InvalidToken")
