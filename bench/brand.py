"""The brand that the benchmarks serve: one Facebook page, one Zendesk, the built-in directory; and its customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from careloop.sandbox.setup import CRM, DESK, META_ENDPOINT, PAGE, Addresses, Keys, configure
from careloop.twins.meta_hooks import sign as sign_meta
from careloop.twins.meta_hooks import wire
from careloop.twins.zendesk_hooks import sign as sign_zendesk
from chalicelib.bootstrap import Application
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Contact, SocialHandle

META = "https://graph.bench.example"
ZENDESK = "https://acme.zendesk.bench.example"
PLATFORM_HOOK = f"/webhooks/platform/facebook/{META_ENDPOINT}"
HELPDESK_HOOK = f"/webhooks/helpdesk/zendesk/{DESK}"
POST = f"{PAGE}_122101234567890"
Headers = dict[str, str]
Webhook = tuple[str, Headers, bytes]
"""Path, headers, body."""


def set_up(app: Application, keys: Keys, authors: Sequence[str]) -> None:
    """Accounts, connections, endpoints, secrets; every second author stands in the directory by their Facebook id."""
    configure(app, keys, Addresses(meta=META, x="https://x.bench.example", zendesk=ZENDESK), {"access_token": "unused"})
    app.runtime.stores.contacts.put_contacts([contact(author) for author in authors[::2]])


def contact(author: str) -> Contact:
    """A customer's record that names their Facebook id."""
    return Contact(
        ref=ContactRef(crm=CRM, contact=ContactId(f"KD-{author}")),
        name=f"Customer {author}",
        emails=(f"{author}@example.com",),
        social=(SocialHandle(platform="facebook", user_id=author),),
        customer_numbers=(f"KD-{author}",),
    )


def comment(keys: Keys, number: str, author: str, text: str, seconds: int, parent: str = POST) -> Webhook:
    """A comment's webhook as Meta sends it, signed. ``author`` may be the page itself (an echo)."""
    value: dict[str, Any] = {
        "item": "comment",
        "verb": "add",
        "comment_id": number,
        "post_id": POST,
        "parent_id": parent,
        "from": {"id": author, "name": f"Customer {author}"},
        "message": text,
        "created_time": seconds,
        "post": {
            "id": POST,
            "status_type": "added_photos",
            "is_published": True,
            "updated_time": "2026-11-22T05:40:08+0000",
            "permalink_url": f"https://www.facebook.com/{PAGE}/posts/122101234567890",
            "promotion_status": "ineligible",
        },
    }
    entry = {"id": PAGE, "time": seconds, "changes": [{"field": "feed", "value": value}]}
    body = wire({"object": "page", "entry": [entry]})
    headers = {"content-type": "application/json", "user-agent": "facebookexternalua"}
    return PLATFORM_HOOK, {**headers, **sign_meta(keys.app_secret, body)}, body


def hint(keys: Keys, ticket: str, case: str, stamp: str) -> Webhook:
    """The helpdesk's "look at this ticket", signed at `stamp`."""
    body = f'{{"ticket":"{ticket}","case":"{case}"}}'.encode()
    headers = {
        "content-type": "application/json",
        "x-zendesk-webhook-signature": sign_zendesk(keys.signing_secret, stamp, body),
        "x-zendesk-webhook-signature-timestamp": stamp,
    }
    return HELPDESK_HOOK, headers, body
