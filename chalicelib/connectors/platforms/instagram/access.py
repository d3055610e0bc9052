"""An account's access by either flavour of login: until when it is good, and whether events reach us.

With Instagram Login the account itself is installed (``/me/subscribed_apps``), with Facebook Login its Page is; which
fields come is then the app's own choice, for all accounts alike. Source: Instagram Platform > Webhooks (2025-11-24).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.connectors.platforms._meta.access import PageAccess, app_fields
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms.instagram.token import LongToken
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import NeedsHumanError, NotFoundError, RejectedError

NEEDED = ("comments", "messages")
"""Without these fields comments, or private messages, get lost."""
USUAL = (*NEEDED, "message_echoes", "messaging_postbacks", "messaging_seen")
"""Documented by one name everywhere."""
WANTED = (*USUAL, "live_comments", "message_edit", "message_reactions", "messaging_referral")
"""All that are read; of some the name differs from page to page, and a wrong one refuses them all."""
SCOPES = ("instagram_basic", "instagram_manage_comments", "instagram_manage_messages")
_INSTALLED = "/me/subscribed_apps"
_ANY_FIELD = "feed"
"""What is asked of the Page, where the app is on it with no field yet: Instagram's own fields are the app's."""


class Access(Protocol):
    """What the two flavours have in common."""

    def token(self) -> str | None:
        """What calls carry; None: the credential as it is stored."""
        ...

    def renew(self) -> datetime | None:
        """Renew what can be, and say when the access ends."""
        ...

    def ends(self) -> datetime | None:
        """When the access ends."""
        ...

    def missing(self, graph: GraphApi) -> Sequence[str]:
        """What does not reach us."""
        ...

    def subscribe(self, graph: GraphApi) -> None:
        """Install the app again."""
        ...


class InstagramLogin:
    """A token of the account's own, which we renew."""

    def __init__(self, token: LongToken) -> None:
        self._token = token

    def token(self) -> str:
        """See `LongToken.current`."""
        return self._token.current()

    def renew(self) -> datetime | None:
        """See `LongToken.renew`."""
        return self._token.renew()

    def ends(self) -> datetime | None:
        """See `LongToken.ends`."""
        return self._token.ends()

    def missing(self, graph: GraphApi) -> Sequence[str]:
        """Fields that the account does not tell the app."""
        with readable():
            present = graph.subscribed_fields("me")
        return [name for name in NEEDED if name not in present]

    def subscribe(self, graph: GraphApi) -> None:
        """All fields that are read, else fewer: some may ask for a permission that the app has not."""
        with readable():
            present = graph.subscribed_fields("me")
        for fields in (WANTED, USUAL, NEEDED):
            try:
                graph.put(_INSTALLED, {"subscribed_fields": ",".join(sorted({*present, *fields}))})
                return
            except (RejectedError, NotFoundError, NeedsHumanError):
                if fields == NEEDED:
                    raise


class FacebookLogin:
    """A Page's token, which only a person can renew. Without the app's id and secret nobody tells its end."""

    def __init__(self, graph: GraphApi) -> None:
        self._page = PageAccess(graph=graph, needed=(), wanted=(), scopes=SCOPES)

    def token(self) -> None:
        """The Page's, as it is stored."""

    def renew(self) -> datetime | None:
        """See `PageAccess.refresh`: it is asked for, not renewed."""
        return self._page.refresh()

    def ends(self) -> datetime | None:
        """The same."""
        return self._page.refresh()

    def missing(self, graph: GraphApi) -> Sequence[str]:
        """The app on the Page, and where that can be asked, fields of the app's own webhook."""
        with readable():
            present = graph.subscribed_fields("me")
        missing = [] if present else ["the app on the Page"]
        known = app_fields(graph, "instagram")
        return (
            *missing,
            *(f"{name} of the app's webhook" for name in NEEDED if known is not None and name not in known),
        )

    def subscribe(self, graph: GraphApi) -> None:
        """Install the app on the Page; what other accounts of the Page subscribed stays."""
        with readable():
            present = graph.subscribed_fields("me")
        graph.put(_INSTALLED, {"subscribed_fields": ",".join(sorted(present or {_ANY_FIELD}))})
