"""Who X's client calls as: OAuth 1.0a signatures, and OAuth 2.0 tokens that all workers share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.connectors.platforms.x.auth import oauth1_header, signature_base
from chalicelib.connectors.platforms.x.client import Client
from chalicelib.core.account import Account
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    UnavailableError,
)
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.services import HttpRequest, HttpResponse, Session
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.http import ScriptedHttp, answer
from tests.fakes.sessions import MemorySessions
from tests.unit.connectors.x_network import ACME

OAUTH2 = {"access_token": "a-1", "refresh_token": "r-1", "client_id": "client"}
# The worked example of docs.x.com, "Creating a signature".
KEYS = {
    "oauth1_consumer_key": "xvz1evFS4wEEPTGEFPHBog",
    "oauth1_consumer_secret": "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "oauth1_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "oauth1_token_secret": "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
}


def client(
    http: Any = None,
    *,
    credentials: Mapping[str, str] = OAUTH2,
    options: Mapping[str, str] | None = None,
    sessions: MemorySessions | None = None,
    clock: FrozenClock | None = None,
) -> Client:
    return Client(
        PlatformContext(
            account=Account(key=ACME, title="Acme on X", helpdesk="zendesk", options=options or {}),
            credentials=credentials,
            http=http or ScriptedHttp([]),
            clock=clock or FrozenClock(),
            sessions=sessions or MemorySessions(),
        )
    )


QUERY = {"user.fields": "name,profile_image_url,protected,username"}
ME = {"data": {"id": "100", "username": "AcmeCare", "name": "Acme"}}


# -- OAuth 1.0a --------------------------------------------------------------------------------------------------------


def test_the_signature_of_the_documentations_example() -> None:
    params = {"include_entities": "true", "status": "Hello Ladies + Gentlemen, a signed OAuth request!"}
    header = oauth1_header(
        KEYS,
        "post",
        "https://api.twitter.com/1.1/statuses/update.json",
        params,
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp=1318622958,
    )
    assert 'oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"' in header
    assert header.startswith('OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="kYjz')


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://API.x.com:443/2/tweets", "https://api.x.com/2/tweets"),
        ("http://localhost:80/2/tweets", "http://localhost/2/tweets"),
        ("http://localhost:9000/2/tweets", "http://localhost:9000/2/tweets"),
    ],
)
def test_the_address_that_is_signed(url: str, signed: str) -> None:
    assert signature_base("GET", url, {}) == f"GET&{signed.replace(':', '%3A').replace('/', '%2F')}&"


def test_no_two_calls_share_a_nonce() -> None:
    http = ScriptedHttp(
        [
            {
                "request": {"method": "GET", "url": "https://api.x.com/2/users/me", "query": QUERY},
                "response": {"json": ME},
            }
        ]
        * 2
    )
    oauth1 = client(http, credentials=KEYS)
    oauth1.probe()
    oauth1.probe()
    first, second = (request.headers["authorization"] for request in http.requests)
    assert first != second


# -- shared tokens -----------------------------------------------------------------------------------------------------

EXPIRED = {"access_token": "a-9", "refresh_token": "r-9", "expires_at": "2026-11-20T11:00:00+00:00"}


class Vendor:
    """X's token endpoint and one reading, with single-use refresh tokens. ``before``: what happens while it answers."""

    def __init__(self, refresh: str = "r-9") -> None:
        self.refresh = refresh
        self.access = ""
        self.renewals = 0
        self.before: Any = None

    def send(self, request: HttpRequest) -> HttpResponse:
        if not request.url.endswith("/2/oauth2/token"):
            good = request.headers["authorization"] == f"Bearer {self.access}"
            return answer(200, ME) if good else answer(401, {"title": "Unauthorized"})
        if self.before is not None:
            before, self.before = self.before, None
            before()
        body = (request.body or b"").decode()
        if f"refresh_token={self.refresh}&" not in body:
            return answer(400, {"error": "invalid_request"})
        self.renewals += 1
        self.access, self.refresh = f"a-new-{self.renewals}", f"r-new-{self.renewals}"
        return answer(200, {"access_token": self.access, "refresh_token": self.refresh, "expires_in": 7200})


def test_the_new_tokens_are_stored_without_the_lease() -> None:
    sessions, vendor = MemorySessions({"x:100": EXPIRED}), Vendor()
    client(vendor, sessions=sessions).probe()
    stored = sessions.sessions["x:100"].values
    assert (stored["access_token"], stored["refresh_token"]) == ("a-new-1", "r-new-1")
    assert stored["expires_at"] == "2026-11-20T14:00:00+00:00"
    assert "renewing_until" not in stored


def test_only_the_worker_with_the_lease_renews() -> None:
    sessions, vendor = MemorySessions({"x:100": EXPIRED}), Vendor()
    other = client(vendor, sessions=sessions)

    def meanwhile() -> None:
        with pytest.raises(UnavailableError):
            other.probe()

    vendor.before = meanwhile
    client(vendor, sessions=sessions).probe()
    assert vendor.renewals == 1
    assert other.probe() == "X answers for @AcmeCare"
    assert vendor.renewals == 1


def test_a_worker_that_loses_the_race_for_the_lease_waits() -> None:
    class Racing(MemorySessions):
        def save_session(self, name: str, session: Session, *, expected_version: int | None) -> Session:
            super().save_session(name, Session(values={**EXPIRED, "renewing_until": "x"}), expected_version=1)
            return super().save_session(name, session, expected_version=expected_version)

    with pytest.raises(UnavailableError) as caught:
        client(Vendor(), sessions=Racing({"x:100": EXPIRED})).probe()
    assert caught.value.retry_after == 5.0


def test_a_lease_whose_holder_died_runs_out() -> None:
    clock, vendor = FrozenClock(), Vendor()
    sessions = MemorySessions({"x:100": {**EXPIRED, "renewing_until": (NOON + timedelta(seconds=30)).isoformat()}})
    with pytest.raises(UnavailableError):
        client(vendor, sessions=sessions, clock=clock).probe()
    clock.advance(seconds=30)
    client(vendor, sessions=sessions, clock=clock).probe()
    assert vendor.renewals == 1


def test_a_slow_worker_keeps_what_x_gave_although_its_lease_was_taken() -> None:
    sessions, vendor = MemorySessions({"x:100": EXPIRED}), Vendor()

    def meanwhile() -> None:
        held = sessions.sessions["x:100"]
        sessions.save_session("x:100", Session(values=dict(held.values)), expected_version=held.version)

    vendor.before = meanwhile
    client(vendor, sessions=sessions).probe()
    assert sessions.sessions["x:100"].values["refresh_token"] == "r-new-1"


def test_tokens_that_another_worker_stored_meanwhile_are_used() -> None:
    sessions, vendor = MemorySessions({"x:100": EXPIRED}), Vendor()

    def meanwhile() -> None:
        vendor.access, vendor.refresh = "a-theirs", "r-theirs"
        theirs = {"access_token": "a-theirs", "refresh_token": "r-theirs", "expires_at": "2026-11-20T14:00:00+00:00"}
        sessions.save_session("x:100", Session(values=theirs), expected_version=sessions.sessions["x:100"].version)

    vendor.before = meanwhile
    assert client(vendor, sessions=sessions).probe() == "X answers for @AcmeCare"
    assert sessions.sessions["x:100"].values["refresh_token"] == "r-theirs"


def test_after_a_refusal_another_workers_token_is_tried_before_renewing() -> None:
    sessions, vendor = MemorySessions({"x:100": {**EXPIRED, "expires_at": "2026-11-20T13:00:00+00:00"}}), Vendor()
    late = client(vendor, sessions=sessions)
    vendor.access = "a-9"
    late.probe()
    client(vendor, sessions=MemorySessions({"x:100": EXPIRED})).probe()
    fresh = {"access_token": "a-new-1", "refresh_token": "r-new-1", "expires_at": "2026-11-20T14:00:00+00:00"}
    sessions.save_session("x:100", Session(values=fresh), expected_version=1)
    assert late.probe() == "X answers for @AcmeCare"
    assert vendor.renewals == 1


@pytest.mark.parametrize("expires", ["soon", "2026-11-20T11:00:00"])
def test_a_stored_time_that_is_none_is_told(expires: str) -> None:
    with pytest.raises(ConfigurationError):
        client(Vendor(), sessions=MemorySessions({"x:100": {**EXPIRED, "expires_at": expires}})).probe()


@pytest.mark.parametrize("lifetime", [None, "7200", True, -1, 10**12, [1]])
def test_a_lifetime_that_makes_no_sense_is_two_hours(lifetime: Any) -> None:
    sessions = MemorySessions({"x:100": EXPIRED})
    renewed = {"access_token": "a-2", "refresh_token": "r-2", "expires_in": lifetime}

    class Odd:
        def send(self, request: HttpRequest) -> HttpResponse:
            return answer(200, renewed if "oauth2" in request.url else ME)

    client(Odd(), sessions=sessions).probe()
    assert sessions.sessions["x:100"].values["expires_at"] == "2026-11-20T14:00:00+00:00"


def test_a_refresh_token_that_does_not_rotate_is_kept() -> None:
    sessions = MemorySessions({"x:100": EXPIRED})

    class Constant:
        def send(self, request: HttpRequest) -> HttpResponse:
            return answer(200, {"access_token": "a-2"} if "oauth2" in request.url else ME)

    client(Constant(), sessions=sessions).probe()
    assert sessions.sessions["x:100"].values["refresh_token"] == "r-9"


def test_a_refused_renewal_leaves_no_lease_behind() -> None:
    sessions = MemorySessions({"x:100": EXPIRED})
    for _ in range(2):
        with pytest.raises(CredentialsError):
            client(Vendor(refresh="another"), sessions=sessions).probe()
    assert "renewing_until" not in sessions.sessions["x:100"].values
