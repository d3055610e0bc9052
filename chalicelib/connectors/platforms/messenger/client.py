"""Messenger's calling part: answers inside Meta's windows, names, and reading again what webhooks may have lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.connectors.platforms._meta import inbox
from chalicelib.connectors.platforms._meta.access import PageAccess
from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.files import attached, download, file_of, kind_of, upload
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.letters import message_event
from chalicelib.connectors.platforms._meta.metadata import metadata_for
from chalicelib.connectors.platforms._meta.names import MESSENGER
from chalicelib.connectors.platforms._meta.windows import permission
from chalicelib.connectors.platforms.messenger.spec import MEDIA
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.core.errors import NotFoundError, PayloadError, UnavailableError
from chalicelib.core.events import Attachment, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor, MessageId, ThreadId
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

WEBHOOK_FIELDS = ("messages", "message_echoes")
"""Without these fields of the page's subscription messages, or our agents' answers in Meta's inbox, get lost."""
ALL_FIELDS = (
    *WEBHOOK_FIELDS,
    "message_deliveries",
    "message_edits",
    "message_reads",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "messaging_postbacks",
    "messaging_referrals",
    "standby",
)
SCOPES = ("pages_manage_metadata", "pages_messaging")
_PROFILE = "first_name,last_name,profile_pic"


class Client:
    """``Client(context)``. No I/O in the constructor; a missing token is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        self._clock, self._http = context.clock, context.http
        self._graph = GraphApi(context)
        self._access = PageAccess(graph=self._graph, needed=WEBHOOK_FIELDS, wanted=ALL_FIELDS, scopes=SCOPES)
        options = context.account.options
        self._origin = options.get("base_url")
        self._has_human_agent = options.get("human_agent", "false") == "true"
        page = self._graph.page
        self._owner = segment(page)
        self._inbox = inbox.Inbox(
            graph=self._graph,
            owner=self._owner,
            platform=MESSENGER,
            own=(page,),
            make=partial(message_event, Side.of(MESSENGER, page)),
        )

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One message, a text or a file, to the person of the thread. ReplyWindowClosedError before the call where
        Meta's rules are known to refuse it; UnsupportedError for a file that is too large or of another kind."""
        file = file_of(reply)
        kind = kind_of(file, MEDIA) if file is not None else None
        allowed = permission(
            reply.last_customer_message_at,
            self._clock.now(),
            has_human_agent=self._has_human_agent,
            title="Messenger",
            inside={"messaging_type": "RESPONSE"},
        )
        message: dict[str, Any] = {"text": reply.text}
        if file is not None and kind is not None:
            message = attached(kind, attachment_id=upload(self._graph, self._owner, file, kind))
        answer = self._graph.post(
            f"/{self._owner}/messages",
            {
                "recipient": {"id": reply.thread.thread},
                **allowed,
                "message": {**message, **metadata_for(reply)},
            },
        )
        return self._receipt(require_field(answer, "message_id"))

    def _receipt(self, message: str) -> DeliveryReceipt:
        return DeliveryReceipt(messages=(MessageId(message),), state=ReceiptState.SENT, at=self._clock.now())

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Look for our own words, or file, among the thread's newest messages. None: certainly not there. Raises
        OutcomeUnknownError where newer messages hide what we look for."""
        found = inbox.find_sent(self._inbox, reply)
        return self._receipt(found) if found is not None else None

    # ---- reading -----------------------------------------------------------------------------------------------------

    def fetch_author(self, author: Author) -> Author:
        """Name of a person who wrote to the page. NotFoundError: Meta has no profile of them to tell."""
        profile = self._graph.get(f"/{segment(author.key.author)}", fields=_PROFILE)
        try:
            names = (profile.find_text("first_name"), profile.find_text("last_name"))
        except PayloadError:
            raise UnavailableError("a profile that can't be read") from None
        name = " ".join(filter(None, names)).strip()
        if not name:
            raise NotFoundError("profile without a name")
        return replace(author, display_name=name)

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """What came with a message, from Meta's own hosts; see `download`."""
        return download(self._http, attachment, most_bytes=most_bytes, origin=self._origin)

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """The newest messages of a person's thread, oldest first. NotFoundError: there is no such thread."""
        return inbox.list_thread(self._inbox, thread)

    def poll(self, cursor: Cursor | None) -> Polled:
        """Messages since the last poll; see `inbox.poll`."""
        return inbox.poll(self._inbox, cursor, self._clock.now())

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return inbox.cursor_at(moment)

    def probe(self) -> str:
        """Token and subscription of the page: Meta ends the subscription after an hour of failures."""
        return self._graph.probe(WEBHOOK_FIELDS)

    def refresh(self) -> datetime | None:
        """When the page's access ends; see `PageAccess.refresh`."""
        return self._access.refresh()

    def access_ends(self) -> datetime | None:
        """The same: Meta renews nothing."""
        return self._access.refresh()

    def missing_subscriptions(self) -> Sequence[str]:
        """Webhook fields that do not reach us."""
        return self._access.missing()

    def subscribe(self) -> None:
        """Subscribe the app to the page's fields again: Meta ends a subscription after an hour of failures."""
        self._access.subscribe()
