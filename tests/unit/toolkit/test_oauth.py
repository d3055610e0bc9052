"""Access tokens: one for all workers, renewed before its end, and once more when it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.connectors.toolkit.oauth import AccessTokens, Grant, Token
from chalicelib.core.errors import ConflictError, CredentialsError, RateLimitedError, UnavailableError
from chalicelib.ports.services import HttpRequest, HttpResponse, Session
from tests.fakes.clock import FrozenClock
from tests.fakes.http import answer, wanted
from tests.fakes.sessions import MemorySessions


class Issuer:
    """Hands out tokens in turn."""

    def __init__(self, *answers: HttpResponse) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(wanted(request))
        return self.answers.pop(0)


def token(number: int, **more: Any) -> HttpResponse:
    return answer(200, {"access_token": f"access-{number}", "expires_in": 3600, **more})


def tokens(
    http: Issuer, clock: FrozenClock | None = None, sessions: MemorySessions | None = None, keep: tuple[str, ...] = ()
) -> AccessTokens:
    def grant(refresh: str | None) -> Grant:
        form = {"grant_type": "refresh_token", "refresh_token": refresh or "configured"}
        return Grant(url="https://id.example/oauth/token", form=form, lasts=timedelta(minutes=30))

    return AccessTokens(
        http=http,
        clock=clock or FrozenClock(),
        sessions=sessions or MemorySessions(),
        name="x|1",
        grant=grant,
        advice="consent again",
        keep=keep,
    )


def test_one_token_serves_until_shortly_before_its_end() -> None:
    clock, sessions, http = FrozenClock(), MemorySessions(), Issuer(token(1), token(2))
    first = tokens(http, clock, sessions).current()
    clock.advance(minutes=57)
    assert tokens(http, clock, sessions).current() == first
    clock.advance(minutes=2)
    assert tokens(http, clock, sessions).current().access == "access-2"
    form = {"grant_type": "refresh_token", "refresh_token": "configured"}
    assert http.asked == [{"method": "POST", "url": "https://id.example/oauth/token", "form": form}] * 2


def test_a_refresh_token_that_rotates_is_used_from_then_on() -> None:
    clock, sessions, http = FrozenClock(), MemorySessions(), Issuer(token(1, refresh_token="next"), token(2), token(3))
    for _ in range(3):
        tokens(http, clock, sessions).current()
        clock.advance(hours=1)
    assert [item["form"]["refresh_token"] for item in http.asked] == ["configured", "next", "next"]


def test_what_else_the_answer_says_is_kept() -> None:
    sessions, http = MemorySessions(), Issuer(token(1, instance_url="https://eu1.example"))
    for _ in range(2):
        found = tokens(http, sessions=sessions, keep=("instance_url",)).current()
        assert found.more == {"instance_url": "https://eu1.example"}


def test_a_refused_token_is_renewed_once() -> None:
    http = Issuer(token(1), token(2))
    used: list[str] = []

    def make(given: Token) -> str:
        used.append(given.access)
        if given.access == "access-1":
            raise CredentialsError("no", advice="", remote_code="401")
        return "done"

    assert tokens(http).call(make) == "done"
    assert used == ["access-1", "access-2"]


@pytest.mark.parametrize("code", ["403", None])
def test_another_refusal_is_no_reason_to_renew(code: str | None) -> None:
    def make(given: Token) -> str:
        raise CredentialsError("no", advice="", remote_code=code)

    http = Issuer(token(1))
    with pytest.raises(CredentialsError):
        tokens(http).call(make)
    assert len(http.asked) == 1


def test_a_refusal_stands_where_no_token_is_made() -> None:
    def make(given: Token) -> str:
        raise CredentialsError("the first refusal", advice="", remote_code="401")

    with pytest.raises(CredentialsError, match="the first refusal"):
        tokens(Issuer(token(1), answer(404, {}))).call(make)


def test_another_worker_s_token_is_taken() -> None:
    sessions, http = MemorySessions(), Issuer(token(1), token(2))
    mine, theirs = tokens(http, sessions=sessions), tokens(http, sessions=sessions)
    refused = mine.current()
    newer = theirs.renew(refused=refused)
    assert mine.renew(refused=refused) == newer
    assert len(http.asked) == 2


class Raced(MemorySessions):
    """Another worker saves first."""

    def save_session(self, name: str, session: Session, *, expected_version: int | None) -> Session:
        other = Session(values={**session.values, "access": "theirs"})
        super().save_session(name, other, expected_version=expected_version)
        raise ConflictError("another worker saved this session")


def test_of_two_who_renew_at_once_the_one_that_is_stored_is_good() -> None:
    assert tokens(Issuer(token(1)), sessions=Raced()).current().access == "theirs"


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client"])
def test_an_access_that_ended_is_a_person_s_to_renew(error: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        tokens(Issuer(answer(400, {"error": error}))).current()
    assert (caught.value.dead, caught.value.advice, caught.value.remote_code) == (True, "consent again", error)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(429, {}, headers={"retry-after": "7"}), RateLimitedError),
        (answer(500, {}), UnavailableError),
        (answer(200, {"token": "x"}), UnavailableError),
        (answer(200, body=b"<html>"), UnavailableError),
    ],
)
def test_what_is_no_answer_is_tried_again(response: HttpResponse, error: type[Exception]) -> None:
    with pytest.raises(error):
        tokens(Issuer(response)).current()


@pytest.mark.parametrize(
    "values",
    [{}, {"access": "a"}, {"access": "a", "until": "x"}, {"access": "a", "until": "2026-11-20T12:00:00"}],
)
def test_a_spoiled_session_is_replaced(values: Mapping[str, str]) -> None:
    sessions = MemorySessions({"x|1": dict(values)})
    assert tokens(Issuer(token(1)), sessions=sessions).current().access == "access-1"


def test_nothing_shows_a_secret() -> None:
    made = Grant(url="https://id.example", form={"refresh_token": "s3cret"}, headers={"authorization": "s3cret"})
    shown = repr(made) + repr(Token(access="s3cret", until=FrozenClock().now())) + repr(tokens(Issuer()))
    assert "s3cret" not in shown
