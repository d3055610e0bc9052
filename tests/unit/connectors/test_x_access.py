"""The X connector against the X twin: tokens that expire and rotate, signatures, budgets and rate limits."""

from __future__ import annotations

from typing import Any

import pytest

from careloop.twins.base import Fault
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    RateLimitedError,
    UnavailableError,
)
from chalicelib.core.events import InboundMessage
from tests.unit.connectors.x_network import Network, answer_to, network


def mention(net: Network, text: str = "hey @AcmeCare, it is broken") -> InboundMessage:
    net.twin.post(net.kim, text)
    return net.hear()[-1]


def test_tokens_are_renewed_when_they_expire_and_all_workers_share_them() -> None:
    net = network()
    worker, other = net.client(), net.client()
    assert worker.probe() == "X answers for @AcmeCare"
    for _ in range(4):
        net.clock.advance(hours=2)
        assert worker.probe() == "X answers for @AcmeCare"
        assert other.probe() == "X answers for @AcmeCare"
    assert net.twin.calls.count("POST /2/oauth2/token") == 4


def test_a_token_is_renewed_before_it_expires_so_that_no_call_is_refused() -> None:
    net = network()
    net.clock.advance(hours=3)
    net.client().probe()
    net.twin.calls.clear()
    net.clock.advance(minutes=116)
    net.client().probe()
    assert net.twin.calls == ["POST /2/oauth2/token", "GET /2/users/me"]


def test_when_the_renewal_breaks_the_old_token_serves_as_long_as_it_lives() -> None:
    net = network()
    net.clock.advance(hours=3)
    net.client().probe()
    net.clock.advance(minutes=116)
    net.twin.faults.append(Fault(pattern="oauth2/token", status=503))
    assert net.client().probe() == "X answers for @AcmeCare"
    assert net.client().probe() == "X answers for @AcmeCare"
    assert net.twin.calls.count("POST /2/oauth2/token") == 3


def test_a_worker_that_sees_another_renew_waits() -> None:
    net = network()
    net.clock.advance(hours=3)

    class Overlapping:
        """While one worker renews, another one tries to work."""

        def send(self, request: Any) -> Any:
            if request.url.endswith("/2/oauth2/token"):
                with pytest.raises(UnavailableError) as caught:
                    net.client().probe()
                assert caught.value.retry_after == 5.0
            return net.http.send(request)

    assert net.client(http=Overlapping()).probe() == "X answers for @AcmeCare"
    assert net.twin.calls.count("POST /2/oauth2/token") == 1


def test_a_lost_rotation_needs_a_person_and_new_credentials_are_taken_up() -> None:
    net = network()
    net.clock.advance(hours=3)
    net.twin.faults.append(Fault(pattern="oauth2/token", status=0, before=False))
    with pytest.raises(UnavailableError):
        net.client().probe()
    with pytest.raises(CredentialsError) as caught:
        net.client().probe()
    assert "authorise the account again" in caught.value.advice

    assert net.client(credentials=net.twin.authorise()).probe() == "X answers for @AcmeCare"
    net.clock.advance(hours=3)
    assert net.client(credentials=net.twin.authorise()).probe() == "X answers for @AcmeCare"


def test_a_refresh_token_alone_is_enough() -> None:
    net = network()
    given = {name: value for name, value in net.credentials.items() if name != "access_token"}
    assert net.client(credentials=given).probe() == "X answers for @AcmeCare"


def test_an_access_token_alone_serves_until_it_expires() -> None:
    net = network()
    client = net.client(credentials={"access_token": net.credentials["access_token"]})
    assert client.probe() == "X answers for @AcmeCare"
    net.clock.advance(hours=3)
    with pytest.raises(CredentialsError):
        client.probe()


def test_oauth1_signs_every_kind_of_call() -> None:
    net = network()
    client = net.client(credentials=net.twin.authorise_oauth1())
    message = mention(net, "hey @AcmeCare, naïve & <bold>")
    client.send(answer_to(message, "Ça va? 100% & more + plus", net))
    client.send(answer_to(message, "in private", net, private_reply=True))
    assert client.list_thread(message.thread.thread).events
    assert client.poll(None).parsed.events
    assert client.probe() == "X answers for @AcmeCare"
    assert net.sessions.sessions == {}


def test_oauth1_with_a_wrong_secret_is_refused() -> None:
    net = network()
    wrong = {**net.twin.authorise_oauth1(), "oauth1_token_secret": "another-secret"}
    with pytest.raises(CredentialsError):
        net.client(credentials=wrong).probe()


def test_a_token_of_another_account_is_found_out() -> None:
    net = network()
    with pytest.raises(ConfigurationError):
        net.client(credentials=net.twin.authorise(net.kim)).probe()


def test_a_budget_that_is_used_up_and_a_locked_account_need_a_person() -> None:
    net = network()
    message = mention(net)
    net.twin.access.data["capped"] = True
    with pytest.raises(CredentialsError) as caught:
        net.client().send(answer_to(message, "Sorry", net))
    assert "credit" in caught.value.advice
    net.twin.access.data |= {"capped": False, "locked": True}
    with pytest.raises(CredentialsError) as caught:
        net.client().send(answer_to(message, "Sorry", net))
    assert "locked" in caught.value.advice


def test_rate_limits_say_until_when() -> None:
    net = network()
    net.twin.dm(net.kim, "order 4711")
    message, client = net.hear()[0], net.client()
    for number in range(15):
        client.send(answer_to(message, f"part {number}", net))
    net.clock.advance(minutes=5)
    with pytest.raises(RateLimitedError) as caught:
        client.send(answer_to(message, "one too many", net))
    assert caught.value.retry_after == 600.0
    net.clock.advance(minutes=10)
    assert client.send(answer_to(message, "and on", net)).messages
