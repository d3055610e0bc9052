"""Messenger's calling part: answers inside Meta's windows, names, and reading again what webhooks may have lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib.connectors.platforms._meta.access import PageAccess
from chalicelib.connectors.platforms._meta.conversations import READABLE, SLACK, fetch_messages, find_own
from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.metadata import metadata_for
from chalicelib.connectors.platforms._meta.names import MESSENGER
from chalicelib.connectors.platforms.messenger import inbox
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.connectors.toolkit.payload import Collector
from chalicelib.core.errors import (
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    ReplyWindowClosedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import Cursor, MessageId, ThreadId
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

STANDARD_WINDOW = timedelta(hours=24)
HUMAN_WINDOW = timedelta(days=7)
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
        self._clock = context.clock
        self._graph = GraphApi(context)
        self._access = PageAccess(graph=self._graph, needed=WEBHOOK_FIELDS, wanted=ALL_FIELDS, scopes=SCOPES)
        self._side = Side.of(MESSENGER, context.account.key.account)
        self._has_human_agent = context.account.options.get("human_agent", "false") == "true"

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One message to the person of the thread. ReplyWindowClosedError before the call where Meta's rules are known
        to refuse it: an answer outside the window can cost the page its right to send."""
        if reply.attachments:
            raise UnsupportedError("files can't be sent to Messenger")
        answer = self._graph.post(
            f"/{segment(self._graph.page)}/messages",
            {
                "recipient": {"id": reply.thread.thread},
                **self._permission(reply.last_customer_message_at),
                "message": {"text": reply.text, **metadata_for(reply)},
            },
        )
        return self._receipt(require_field(answer, "message_id"))

    def _permission(self, last_message_at: datetime | None) -> dict[str, str]:
        """What lets a message go at this time. An unknown last message is left to Meta to judge."""
        age = self._clock.now() - last_message_at if last_message_at else timedelta(0)
        if age < STANDARD_WINDOW:
            return {"messaging_type": "RESPONSE"}
        if age < HUMAN_WINDOW and self._has_human_agent:
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        limit = "7 days" if self._has_human_agent else "24 hours"
        raise ReplyWindowClosedError(
            f"last customer message is older than {limit}",
            advice=f"Messenger takes an answer only within {limit} of the customer's last message: "
            "wait until they write again, or reach them another way.",
        )

    def _receipt(self, message: str) -> DeliveryReceipt:
        return DeliveryReceipt(messages=(MessageId(message),), state=ReceiptState.SENT, at=self._clock.now())

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Look for our own words among the thread's newest messages. None: certainly not there. Raises
        OutcomeUnknownError where newer messages hide what we look for."""
        oldest = reply.began_at - SLACK
        sought = inbox.find_conversation(self._graph, reply.thread.thread, oldest)
        if sought.id is None and sought.certain:
            return None
        if sought.id is None:
            raise OutcomeUnknownError("the conversation was not found for certain")
        messages = fetch_messages(self._graph, sought.id)
        found = find_own(messages, self._graph.page, reply.text, reply.began_at)
        if found is not None:
            return self._receipt(found.need_id("id"))
        if len(messages) >= READABLE and all(item.need_time("created_time") >= oldest for item in messages):
            raise OutcomeUnknownError("too many newer messages")
        return None

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

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """The newest messages of a person's thread, oldest first. NotFoundError: there is no such thread."""
        sought = inbox.find_conversation(self._graph, thread)
        if sought.id is None and sought.certain:
            raise NotFoundError("no conversation with this person")
        if sought.id is None:
            raise UnsupportedError("the conversation can not be found in the inbox")
        out = Collector()
        for node in reversed(fetch_messages(self._graph, sought.id)):
            out.attempt(partial(inbox.collect, out, self._side, thread, None), node)
        return Parsed(events=tuple(out.events), malformed=tuple(out.malformed))

    def poll(self, cursor: Cursor | None) -> Polled:
        """Messages since the last poll; see `inbox.poll`."""
        return inbox.poll(self._graph, self._side, cursor, self._clock.now())

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
