"""Access and subscriptions over the twins: until when a token is good, what switched itself off, and on again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloop.twins.bluesky import BlueskyTwin
from careloop.twins.meta import APP_ID, PAGE_ID
from chalicelib.connectors.platforms.bluesky.session import token_end
from chalicelib.core.errors import CredentialsError, UnsupportedError
from chalicelib.ports.platform import ManagesSubscription, RefreshesCredentials
from tests.fakes.clock import FrozenClock
from tests.unit.connectors.meta_desk import SECRET, Desk
from tests.unit.connectors.test_long_outages import bluesky_client
from tests.unit.connectors.x_network import URL, network
from tests.unit.connectors.zendesk_desk import Desk as ZendeskDesk

APP = {"app_secret_proof_key": SECRET}


# -- Meta --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["facebook", "messenger"])
def test_meta_tells_when_a_page_token_ends_and_why_it_is_dead(which: str) -> None:
    desk = Desk()
    client: RefreshesCredentials = getattr(desk, which)(credentials=APP, app_id=APP_ID)
    assert client.refresh() is None, "a page's token has no end of its own"
    ends = desk.clock.now() + timedelta(days=60)
    desk.twin.limit_token(data_access_expires_at=int(ends.timestamp()))
    assert client.refresh() == ends
    desk.twin.limit_token(expires_at=int(ends.timestamp()) - 86400)
    assert client.refresh() == ends - timedelta(days=1)
    desk.clock.advance(days=59)
    with pytest.raises(CredentialsError, match="190-463") as caught:
        client.refresh()
    assert caught.value.dead
    assert "expired" in caught.value.advice


def test_meta_tells_which_permission_is_missing() -> None:
    desk = Desk()
    desk.twin.limit_token(scopes=["pages_manage_metadata", "pages_read_engagement", "pages_manage_engagement"])
    desk.facebook(credentials=APP, app_id=APP_ID).refresh()
    with pytest.raises(CredentialsError) as caught:
        desk.messenger(credentials=APP, app_id=APP_ID).refresh()
    assert not caught.value.dead, "it is good, and lacks a right"
    assert "pages_messaging" in caught.value.advice


def test_without_the_apps_secret_nobody_can_tell_and_nothing_is_asked() -> None:
    desk = Desk()
    before = len(desk.twin.calls)
    assert desk.facebook().refresh() is None
    assert desk.facebook(app_id=APP_ID).refresh() is None
    assert len(desk.twin.calls) == before


def test_after_an_hour_of_failures_the_page_is_subscribed_again() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.down = True
    desk.twin.message(dana, "Hello?")
    desk.told()
    desk.clock.advance(minutes=61)
    desk.told()
    desk.down = False
    messenger: ManagesSubscription = desk.messenger(app_id=APP_ID)
    assert list(messenger.missing_subscriptions()) == ["messages", "message_echoes"]
    desk.twin.message(dana, "Anybody?")
    assert desk.told() == []
    messenger.subscribe()
    assert not messenger.missing_subscriptions()
    desk.twin.message(dana, "There you are")
    assert desk.message().text == "There you are"


def test_two_accounts_of_one_page_keep_each_others_fields() -> None:
    desk = Desk()
    desk.twin.install(PAGE_ID, [])
    facebook, messenger = desk.facebook(app_id=APP_ID), desk.messenger(app_id=APP_ID)
    facebook.subscribe()
    messenger.subscribe()
    assert not facebook.missing_subscriptions()
    assert not messenger.missing_subscriptions()
    assert {"feed", "mention", "ratings", "message_edits"} <= set(desk.twin.world.page(PAGE_ID)["fields"])


def test_an_app_without_a_webhook_is_told_where_it_can_be_asked() -> None:
    desk = Desk(subscribed=False)
    assert list(desk.facebook(app_id=APP_ID).missing_subscriptions()) == []
    told = desk.facebook(credentials=APP, app_id=APP_ID).missing_subscriptions()
    assert list(told) == ["feed of the app's webhook"]


# -- X -----------------------------------------------------------------------------------------------------------------


def test_x_tokens_are_renewed_before_anybody_has_to_wait() -> None:
    net = network()
    client = net.client()
    assert client.refresh() is None, "it renews itself"
    renewals = net.twin.calls.count("POST /2/oauth2/token")
    net.clock.advance(minutes=50)
    assert client.refresh() is None
    assert net.twin.calls.count("POST /2/oauth2/token") == renewals, "good for more than an hour"
    net.clock.advance(minutes=15)
    client.refresh()
    assert net.twin.calls.count("POST /2/oauth2/token") == renewals + 1
    net.twin.revoke()
    net.clock.advance(minutes=70)
    with pytest.raises(CredentialsError) as caught:
        client.refresh()
    assert caught.value.dead
    assert "authorise the account again" in caught.value.advice


def test_x_oauth1_does_not_end() -> None:
    net = network()
    assert net.client(credentials=net.twin.authorise_oauth1()).refresh() is None


def test_x_webhook_and_subscriptions_come_back() -> None:
    net = network()
    credentials = {**net.credentials, "app_bearer_token": "twin-bearer-token"}
    client = net.client(credentials=credentials)
    assert not client.missing_subscriptions()
    net.endpoint.status = 500
    net.twin.check_webhooks()
    net.clock.advance(hours=29)
    net.twin.check_webhooks()
    net.endpoint.status = None
    net.twin.hooks.data["subscriptions"] = [
        item for item in net.twin.hooks.data["subscriptions"] if item["event_type"] != "dm.received"
    ]
    assert list(client.missing_subscriptions()) == ["a valid webhook", "dm.received"]
    net.twin.post(net.kim, "hey @AcmeCare, nobody hears this")
    assert net.hear() == []
    client.subscribe()
    assert not client.missing_subscriptions()
    net.twin.dm(net.kim, "and in private?")
    assert [message.text for message in net.hear()] == ["and in private?"]


def test_x_webhook_is_registered_where_its_address_is_known() -> None:
    net = network()
    credentials = {**net.credentials, "app_bearer_token": "twin-bearer-token"}
    (known,) = net.twin.hooks.data["webhooks"]
    net.twin.hooks.remove(known["id"])
    with pytest.raises(UnsupportedError):
        net.client(credentials=credentials).subscribe()
    client = net.client(credentials=credentials, options={"webhook_url": URL})
    assert list(client.missing_subscriptions()) == ["the webhook"]
    client.subscribe()
    assert not client.missing_subscriptions()


def test_x_is_not_asked_without_the_apps_own_token() -> None:
    with pytest.raises(UnsupportedError):
        network().client().missing_subscriptions()


# -- Bluesky -----------------------------------------------------------------------------------------------------------


def test_bluesky_sessions_are_renewed_before_they_end_and_a_revoked_password_shows_early() -> None:
    clock = FrozenClock()
    twin = BlueskyTwin(clock)
    client = bluesky_client(twin, clock)
    renewal = "POST /xrpc/com.atproto.server.refreshSession"
    assert client.refresh() is None
    assert twin.calls.count(renewal) == 0
    clock.advance(minutes=61)
    client.refresh()
    assert twin.calls.count(renewal) == 1
    twin.revoke_app_password()
    clock.advance(minutes=61)
    assert client.probe(), "the access token goes on until it is over"
    with pytest.raises(CredentialsError) as caught:
        client.refresh()
    assert caught.value.dead
    assert "app password" in caught.value.advice


@given(st.text() | st.builds("a.{}.c".format, st.text(max_size=40)))
def test_any_token_can_be_looked_at(token: str) -> None:
    found = token_end(token)
    assert found is None or found.tzinfo is not None


# -- Zendesk -----------------------------------------------------------------------------------------------------------


def test_zendesk_webhook_and_trigger_are_switched_on_again() -> None:
    desk = ZendeskDesk()
    heard: list[bytes] = []

    def deliver(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        heard.append(body)
        return 200, b""

    desk.twin.deliver = deliver
    name = desk.twin.hooks.add("https://care.example.com/webhooks/helpdesk/zendesk/main", "c2VjcmV0")
    webhook = desk.twin.hooks.find(name)
    assert webhook is not None
    ticket = desk.open_ticket()
    client = desk.another_client(webhook_id=name, trigger_id=str(webhook["trigger"]["id"]))
    assert not client.missing_subscriptions()
    webhook["status"], webhook["trigger"]["active"] = "inactive", False
    assert list(client.missing_subscriptions()) == ["an active webhook", "an active trigger"]
    desk.twin.agent_reply(ticket.ticket, "Nobody hears this")
    desk.twin.flush()
    assert heard == []
    client.subscribe()
    assert not client.missing_subscriptions()
    desk.twin.agent_reply(ticket.ticket, "Hello")
    desk.twin.flush()
    assert len(heard) == 1


def test_zendesk_is_not_asked_about_what_nobody_named() -> None:
    with pytest.raises(UnsupportedError):
        ZendeskDesk().client.missing_subscriptions()
