"""The sandbox's brand: a Facebook page with Messenger, an X account, a Zendesk, a small directory of customers.

Secrets are made when the sandbox is made, and kept in its state; only addresses and credentials differ from production.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, Connection, ConnectionKind, Endpoint
from chalicelib.core.ids import AccountId, AccountKey, ContactId, ContactRef
from chalicelib.core.people import Contact, SocialHandle

PAGE = AccountId("104857600123456")
BRAND_X = AccountId("100")
META_ENDPOINT = "meta"
X_ENDPOINT = "x"
DESK = "zendesk"
CRM = "directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The secrets that both sides share: what the vendors' dashboards would show."""

    app_secret: str
    verify_token: str
    page_token: str
    consumer_secret: str
    x_client: str
    signing_secret: str
    api_token: str

    @classmethod
    def fresh(cls) -> Keys:
        """New ones."""
        return cls(**{name: secrets.token_hex(16) for name in cls.__slots__})

    def __repr__(self) -> str:
        return "Keys(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Base URLs of the twins."""

    meta: str
    x: str
    zendesk: str


CUSTOMERS = (
    Contact(
        ref=ContactRef(crm=CRM, contact=ContactId("KD-1001")),
        name="Dana Weber",
        emails=("dana@example.com",),
        phones=("+4915112345678",),
        social=(SocialHandle(platform="x", handle="dana_w"),),
        customer_numbers=("KD-1001",),
        city="Leipzig",
    ),
    Contact(
        ref=ContactRef(crm=CRM, contact=ContactId("KD-1002")),
        name="Kim Park",
        emails=("kim@example.com",),
        social=(SocialHandle(platform="x", handle="kim_p"),),
        customer_numbers=("KD-1002",),
        city="Vienna",
    ),
)


def configure(app: Application, keys: Keys, addresses: Addresses, x_login: Mapping[str, str]) -> None:
    """Write accounts, connections, endpoints, secrets and customers into the state; repeating it is harmless.

    ``x_login``: the OAuth credentials that X gave for the brand."""
    directory = app.runtime.stores.directory
    kind = ConnectionKind
    directory.put_connection(
        Connection(
            kind=kind.HELPDESK,
            name=DESK,
            connector="zendesk",
            title="Zendesk",
            endpoint=DESK,
            options={"base_url": addresses.zendesk, "subdomain": "sandbox"},
        )
    )
    directory.put_connection(Connection(kind=kind.CRM, name=CRM, connector="directory", title="Directory"))
    graph = {"base_url": addresses.meta}
    for account in (
        _account("facebook", PAGE, "Acme on Facebook", META_ENDPOINT, graph),
        _account("messenger", PAGE, "Acme in Messenger", META_ENDPOINT, graph),
        _account("x", BRAND_X, "Acme on X", X_ENDPOINT, {"base_url": addresses.x}),
    ):
        directory.put_account(account)
    directory.put_endpoint(Endpoint(kind=kind.PLATFORM, connector="facebook", name=META_ENDPOINT, accounts=(PAGE,)))
    directory.put_endpoint(Endpoint(kind=kind.PLATFORM, connector="x", name=X_ENDPOINT, accounts=(BRAND_X,)))
    directory.put_endpoint(Endpoint(kind=kind.HELPDESK, connector="zendesk", name=DESK))
    _store_secrets(app, keys, x_login)
    app.runtime.stores.contacts.put_contacts(CUSTOMERS)


def _account(platform: str, account: AccountId, title: str, endpoint: str, options: dict[str, str]) -> Account:
    return Account(
        key=AccountKey(platform=platform, account=account),
        title=title,
        helpdesk=DESK,
        crms=(CRM,),
        endpoint=endpoint,
        options=options,
    )


def _store_secrets(app: Application, keys: Keys, x_login: Mapping[str, str]) -> None:
    store, kind = app.secrets, ConnectionKind
    meta = {"app_secret": (keys.app_secret,), "verify_token": (keys.verify_token,)}
    store.put_verification(kind.PLATFORM, "facebook", META_ENDPOINT, meta)
    store.put_verification(kind.PLATFORM, "x", X_ENDPOINT, {"consumer_secret": (keys.consumer_secret,)})
    store.put_verification(kind.HELPDESK, "zendesk", DESK, {"signing_secret": (keys.signing_secret,)})
    for platform in ("facebook", "messenger"):
        store.put_credentials(kind.PLATFORM, platform, PAGE, {"page_token": keys.page_token})
    store.put_credentials(kind.PLATFORM, "x", BRAND_X, x_login)
    desk = {"email": "careloop@acme.example", "api_token": keys.api_token}
    store.put_credentials(kind.HELPDESK, "zendesk", DESK, desk)
