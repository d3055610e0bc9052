"""Access and subscriptions over the twins: until when a token is good, what switched itself off, and on again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from careloop.twins.meta import APP_ID, PAGE_ID
from chalicelib.core.errors import CredentialsError
from chalicelib.ports.platform import ManagesSubscription, RefreshesCredentials
from tests.unit.connectors.meta_desk import SECRET, Desk

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
