"""What the platforms say when an access is dead, and when it lacks a right: told apart, with words on what to do.

Codes: Graph API > Handle errors; docs.x.com, response codes; AT Protocol lexicons; Matrix specification v1.13; Zendesk and
RT by status. Each is answered to the health check, whatever it asks.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import CareloopError, ConfigurationError, CredentialsError
from chalicelib.ports.services import HttpRequest, HttpResponse
from chalicelib.ports.spec import Level
from tests.contracts.connections import connector
from tests.contracts.platforms import PRESENT, platform


class Always:
    """Whatever is asked, the same answer."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, body

    def send(self, request: HttpRequest) -> HttpResponse:
        headers = {"content-type": "application/json"}
        return HttpResponse(status=self.status, headers=headers, body=json.dumps(self.body).encode())


def graph(code: int, subcode: int | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"message": "words", "type": "OAuthException", "code": code}
    return {"error": {**error, **({"error_subcode": subcode} if subcode else {})}}


def bot_api(status: int, words: str) -> dict[str, Any]:
    return {"ok": False, "error_code": status, "description": words}


def problem(status: int, detail: str = "words", kind: str = "about:blank", code: int | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"title": "words", "detail": detail, "type": kind, "status": status}
    return body | ({"errors": [{"code": code, "message": "words"}]} if code else {})


def xrpc(name: str) -> dict[str, Any]:
    return {"error": name, "message": "words"}


def matrix(code: str) -> dict[str, Any]:
    return {"errcode": code, "error": "words"}


_GRAPH_DEAD = [
    (400, graph(190), "connect the account again"),
    (400, graph(190, 458), "removed the app"),
    (400, graph(190, 459), "log in on facebook.com"),
    (400, graph(190, 460), "password"),
    (400, graph(190, 463), "expired"),
    (400, graph(190, 464), "log in on facebook.com"),
    (401, graph(190, 467), "connect the account again"),
    (400, graph(190, 492), "connect the account again"),
    (400, graph(102), "connect the account again"),
    (400, graph(450), "connect the account again"),
    (400, graph(452), "connect the account again"),
    (200, graph(190), "connect the account again"),
]
_GRAPH_BARRED = [
    (400, graph(3), "permission"),
    (403, graph(10), "permission"),
    (403, graph(200), "permission"),
    (400, graph(230), "permission"),
    (400, graph(299), "permission"),
]
DEAD: dict[str, list[tuple[int, Any, str]]] = {
    "facebook": _GRAPH_DEAD,
    "instagram": _GRAPH_DEAD,
    "messenger": _GRAPH_DEAD,
    "x": [
        (401, problem(401, "Unauthorized"), "authorise the account again"),
        (403, problem(403, code=32), "authorise the account again"),
        (403, problem(403, code=89), "authorise the account again"),
        (403, problem(403, code=326), "log in on x.com"),
        (403, problem(403, code=64), "log in on x.com"),
        (403, problem(403, "Your account is suspended and is not permitted"), "log in on x.com"),
    ],
    "bluesky": [
        (401, xrpc("AuthMissing"), "new app password"),
        (401, xrpc("AuthenticationRequired"), "new app password"),
        (401, xrpc("AuthFactorTokenRequired"), "Use an app password"),
        (401, xrpc("AccountTakedown"), "only its owner can appeal"),
        (403, xrpc("AccountDeactivated"), "its owner must activate it"),
        (400, xrpc("ExpiredToken"), ""),
        (400, xrpc("InvalidToken"), ""),
    ],
    "matrix": [
        (401, matrix("M_UNKNOWN_TOKEN"), "compare as_token"),
        (401, matrix("M_MISSING_TOKEN"), "compare as_token"),
        (403, matrix("M_USER_DEACTIVATED"), "ask its administrator"),
        (401, matrix("M_USER_LOCKED"), "ask its administrator"),
        (403, matrix("M_USER_SUSPENDED"), "ask its administrator"),
    ],
    "telegram": [
        (401, bot_api(401, "Unauthorized"), "BotFather"),
        (404, bot_api(404, "Not Found"), "BotFather"),
    ],
    "whatsapp": [
        (401, graph(190), "system user"),
        (400, graph(190, 463), "system user"),
        (401, graph(0), "system user"),
        (200, graph(190), "system user"),
    ],
    "mastodon": [(401, {"error": "The access token is invalid"}, "make a new access token")],
    "youtube": [(401, {"error": "invalid_grant"}, "consent to the app again")],
    "linkedin": [(401, {"status": 401, "code": "REVOKED_ACCESS_TOKEN"}, "new access token")],
}
BARRED: dict[str, list[tuple[int, Any, str]]] = {
    "facebook": _GRAPH_BARRED,
    "instagram": _GRAPH_BARRED,
    "messenger": _GRAPH_BARRED,
    "x": [
        (403, problem(403), "developer console"),
        (403, problem(403, kind="https://api.twitter.com/2/problems/client-forbidden"), "developer console"),
        (403, problem(403, code=453), "developer console"),
        (429, problem(429, kind="https://api.twitter.com/2/problems/usage-capped"), "credit or cap"),
        (402, problem(402), "credit or cap"),
    ],
    "bluesky": [(403, xrpc("Forbidden"), "renew")],
    "matrix": [(403, matrix("M_FORBIDDEN"), "registration does not cover")],
    "telegram": [],  # a bot's token has no rights that could lack
    "whatsapp": [
        (400, graph(3), "permission"),
        (403, graph(10), "permission"),
        (403, graph(200), "permission"),
        (403, graph(131005), "permission"),
        (403, graph(131031), "locked"),
        (400, graph(131042), "payment"),
    ],
    "mastodon": [(403, {"error": "This action is outside the authorized scopes"}, "scopes")],
    "youtube": [
        (403, {"error": {"errors": [{"reason": reason}]}}, "scope")
        for reason in ("insufficientPermissions", "ineligibleAccount", "accessNotConfigured", "forbidden")
    ],
    "linkedin": [(403, {"status": 403, "code": "ACCESS_DENIED"}, "products and scopes")],
}
DESKS = {"zendesk": (401, {"error": "Couldn't authenticate you"}), "rt": (401, {"message": "Unauthorized"})}

COMPLETE = [name for name in PRESENT if platform(name).spec.level is Level.COMPLETE]


def _rows(table: dict[str, list[tuple[int, Any, str]]]) -> list[Any]:
    return [
        pytest.param(name, *row, id=f"{name}-{row[0]}-{index}")
        for name in table
        for index, row in enumerate(table[name])
    ]


def _probe(name: str, status: int, body: Any) -> CareloopError:
    subject = platform(name)
    client = registry.client(
        ConnectionKind.PLATFORM, name, subject.context(Always(status, body), {}, subject.sessions({}))
    )
    with pytest.raises(CareloopError) as caught:
        client.probe()
    return caught.value


def test_every_complete_platform_is_here() -> None:
    assert set(COMPLETE) == set(DEAD) == set(BARRED)


@pytest.mark.parametrize(("name", "status", "body", "words"), _rows(DEAD))
def test_a_dead_access_is_told_as_one(name: str, status: int, body: Any, words: str) -> None:
    error = _probe(name, status, body)
    assert isinstance(error, CredentialsError), repr(error)
    assert error.dead
    assert words in error.advice
    assert error.advice.endswith(".")


@pytest.mark.parametrize(("name", "status", "body", "words"), _rows(BARRED))
def test_a_missing_right_is_not_a_dead_access(name: str, status: int, body: Any, words: str) -> None:
    error = _probe(name, status, body)
    assert isinstance(error, CredentialsError), repr(error)
    assert not error.dead
    assert words in error.advice


def test_what_an_app_may_not_do_is_a_setting() -> None:
    words = "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."
    assert isinstance(_probe("x", 403, problem(403, words)), ConfigurationError)
    assert isinstance(_probe("matrix", 400, matrix("M_EXCLUSIVE")), ConfigurationError)


@pytest.mark.parametrize("name", DESKS)
def test_a_helpdesk_that_knows_us_no_more_is_a_dead_access(name: str) -> None:
    status, body = DESKS[name]
    client = connector(ConnectionKind.HELPDESK, name).client(Always(status, body), {})
    with pytest.raises(CredentialsError) as caught:
        client.probe()
    assert caught.value.dead
    assert caught.value.advice
