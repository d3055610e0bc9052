"""The Zendesk twin's people, counters and limits, and how the vendor words a refusal. No HTTP in here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from chalicelib.ports.services import Clock

Data = dict[str, Any]
_FIRST = {"user": 1_500_000_000_001, "ticket": 1001, "event": 2_200_000_000_001, "attachment": 3_300_000_000_001}


class Refused(Exception):
    """The vendor's refusal: a status and its JSON body."""

    def __init__(self, status: int, body: Data, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body.get('error')}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def not_found() -> Refused:
    """404 as Zendesk words it."""
    return Refused(404, {"error": "RecordNotFound", "description": "Not found"})


def invalid(field: str, description: str, error: str = "InvalidValue") -> Refused:
    """422 as Zendesk words it."""
    details = {field: [{"description": description, "error": error}]}
    return Refused(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


class ZendeskPeople:
    """The account's people. ``data`` is all there is; ids are numbers, keys of tables their digits."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data = {
            "next": dict(_FIRST),
            "users": {},
            "tickets": {},
            "comments": {},
            "audits": {},
            "uploads": {},
            "keys": {},
            "requests": {},
        }

    @property
    def data(self) -> Data:
        """All there is."""
        return self._data

    @data.setter
    def data(self, data: Data) -> None:
        self._data = data
        self.reindex()

    def reindex(self) -> None:
        """Look-up tables, made anew from the data."""
        self._users: dict[tuple[str, str], str] = {}
        for user in self._data["users"].values():
            if user["active"]:
                self._index_user(user)

    def _index_user(self, user: Data) -> None:
        for name in ("external_id", "email"):
            if user[name]:
                self._users.setdefault((name, str(user[name]).lower()), str(user["id"]))

    # -- small things --------------------------------------------------------------------------------------------------

    def number(self, kind: str) -> int:
        """The next id of its kind."""
        counters = self.data["next"]
        counters[kind] += 1
        return int(counters[kind] - 1)

    def stamp(self) -> str:
        """Now, as Zendesk writes times."""
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def unix(self) -> int:
        """Now, in seconds since 1970."""
        return int(self.clock.now().timestamp())

    # -- users ---------------------------------------------------------------------------------------------------------

    def add_user(self, name: str, role: str = "end-user", **more: Any) -> Data:
        """A new user."""
        number = self.number("user")
        user = {
            "id": number,
            "name": name,
            "email": None,
            "external_id": None,
            "role": role,
            "active": True,
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            **more,
        }
        self.data["users"][str(number)] = user
        self._index_user(user)
        return user

    def user(self, number: Any) -> Data:
        """By id. Refused: 404."""
        found = self.data["users"].get(str(number))
        if found is None:
            raise not_found()
        return dict(found)

    def find_user(self, *, external_id: str | None = None, email: str | None = None) -> Data | None:
        """By external id or address, both without regard to case."""
        for given, name in ((external_id, "external_id"), (email, "email")):
            user = self.data["users"].get(self._users.get((name, (given or "").lower())))
            if user is not None and user["active"] and str(user[name] or "").lower() == (given or "").lower():
                return user  # type: ignore[no-any-return]
        return None

    def put_user(self, given: Data) -> tuple[Data, bool]:
        """Create or update by external id or e-mail. Returns the user and whether it is new."""
        if not isinstance(given, dict):
            raise Refused(400, {"error": "Unprocessable", "description": "Parameter user is required"})
        found = self.find_user(external_id=given.get("external_id"), email=given.get("email"))
        if found is None:
            if not str(given.get("name") or "").strip():
                raise invalid("name", "Name: is too short (minimum one character)", "BlankValue")
            allowed = {key: given[key] for key in ("email", "external_id", "phone", "details") if key in given}
            return self.add_user(given["name"], given.get("role") or "end-user", **allowed), True
        self._limit_user(found["id"])
        for name in ("name", "external_id", "email", "role", "phone", "details"):
            if given.get(name):
                found[name] = given[name]
        found["updated_at"] = self.stamp()
        self._index_user(found)
        return found, False

    def _limit_user(self, number: int) -> None:
        self.limit(f"user:{number}", most=5, seconds=60)

    def change_user(self, user: Data, given: Data) -> Data:
        """New values for a user, None among them."""
        self._limit_user(user["id"])
        user.update(given, updated_at=self.stamp())
        self.reindex()
        return user

    def add_identity(self, number: Any, kind: str, value: str) -> Data:
        """An e-mail address for a user. Refused when somebody has it."""
        self.user(number)
        if kind == "email":
            if self.find_user(email=value):
                raise invalid("email", f"Email: {value} is already being used by another user", "DuplicateValue")
            self.data["users"][str(number)]["email"] = value
            self._index_user(self.data["users"][str(number)])
        return {"id": self.number("event"), "user_id": int(number), "type": kind, "value": value, "verified": False}

    # -- limits --------------------------------------------------------------------------------------------------------

    def limit(self, what: str, *, most: int, seconds: int) -> int:
        """Count one more of `what`; returns how many are left in the window. Refused: 429 with Retry-After."""
        now = self.unix()
        recent = self.data["requests"].setdefault(what, [])
        del recent[: bisect_right(recent, now - seconds)]
        if len(recent) >= most:
            wait = str(max(1, recent[0] + seconds - now))
            body = {"error": "APIRateLimitExceeded", "description": "Number of allowed API requests exceeded"}
            raise Refused(429, body, {"retry-after": wait})
        recent.append(now)
        return most - len(recent)
