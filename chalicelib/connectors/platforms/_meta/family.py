"""Meta's family as data: credentials, options. Sources: Graph API documentation, read 2026-11-22."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.platforms._meta.names import FAMILY
from chalicelib.core.budgets import BudgetHeaders, Form
from chalicelib.ports.spec import CredentialField, OptionField, UsedFor

API_VERSION = "v26.0"
"""Released 2026-07-29; a version lives about two years."""
BASE_URL = "https://graph.facebook.com"
HOSTS = ("graph.facebook.com",)
MEDIA_HOSTS = ("*.fbcdn.net", "*.fbsbx.com", "*.cdninstagram.com")
"""Signed links that need no token and run out (Messenger, Instagram, Threads: Webhooks, as captured, 2026-11-22)."""
MOST_FILE_BYTES = 25_000_000
"""Of a file in a private message (Messenger Platform > Saving assets, 2026-04-22)."""


BUDGETS = tuple(
    BudgetHeaders(remaining=name, form=Form.PERCENT, window=timedelta(minutes=5))
    for name in ("x-app-usage", "x-business-use-case-usage")
)
"""Shares used, in percent; calls while limited only lengthen it (Rate limiting, 2026-03-23)."""


def family_of(name: str) -> tuple[str, ...]:
    """The other names whose events come in by the webhook of `name`."""
    return tuple(other for other in FAMILY if other != name)


VERIFY_CREDENTIALS = (
    CredentialField(
        name="app_secret",
        description="App Secret of the Meta app (App settings > Basic); signs the webhooks. Several during a change, "
        "and where Instagram and Threads call the same address with secrets of their own.",
        used_for=UsedFor.VERIFY,
        example="0123456789abcdef0123456789abcdef",
    ),
    CredentialField(
        name="verify_token",
        description="A string of your own; typed into the app's webhook settings and asked for by the handshake.",
        used_for=UsedFor.VERIFY,
        made_here=True,
        example="a-long-random-string",
    ),
)

CREDENTIALS = (
    *VERIFY_CREDENTIALS,
    CredentialField(
        name="page_token",
        description="Page access token, best of a system user: it does not die with a person's password.",
        used_for=UsedFor.CALL,
        example="EAAG...",
    ),
    CredentialField(
        name="app_secret_proof_key",
        description="The App Secret once more: every call carries appsecret_proof (apps with 'Require App Secret' need "
        "it), and with app_id the check asks until when the token is good and what it may.",
        used_for=UsedFor.CALL,
        example="0123456789abcdef0123456789abcdef",
        required=False,
    ),
)

OPTIONS = (
    OptionField(name="api_version", description="Version of the Graph API.", default=API_VERSION, example=API_VERSION),
    OptionField(
        name="app_id",
        description="Id of the Meta app: the check then looks at its subscription only, not at other apps'.",
        example="1517776481860111",
    ),
    OptionField(
        name="poll",
        description="'true': ask each minute for what webhooks lost; 'false': never; else as often as the policy says "
        "(reconcile_every).",
    ),
    OptionField(name="base_url", description="Address of the Graph API without version.", default=BASE_URL),
)
