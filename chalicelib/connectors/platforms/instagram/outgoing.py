"""What goes out: comments, answers to mentions, private replies, private messages and their files.

Sources: Instagram Platform > Comment moderation, Private replies, Messaging API, Mentions (2026-11-22); Instagram
Messaging > Upload media (2026-04-01).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.files import attached, file_of, kind_of, upload
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.metadata import metadata_for
from chalicelib.connectors.platforms._meta.names import INSTAGRAM
from chalicelib.connectors.platforms._meta.windows import permission
from chalicelib.connectors.platforms.instagram.spec import FACEBOOK_LOGIN, MEDIA
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.core.errors import NotAnswerableError, PayloadError, UnsupportedError
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, ConversationKey, MessageId
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.services import Clock

_IN_THE_APP = "Instagram lets nobody answer this one by API: answer it in the Instagram app."


def words_of(reply: OutboundReply) -> str:
    """An answer to a reply stands below the first comment: it names whom it answers, unless it does so already."""
    username = reply.context.get("username")
    named = f"@{username}"
    if not username or named.lower() in reply.text.lower():
        return reply.text
    return f"{named} {reply.text}"


class Outgoing:
    """Sends for one account."""

    def __init__(self, graph: GraphApi, clock: Clock, side: Side, options: Mapping[str, str], *, login: str) -> None:
        self._graph, self._clock, self._side = graph, clock, side
        self._by_page = login == FACEBOOK_LOGIN
        self._by_url = options.get("media_by_url", "false") == "true"
        self._has_human_agent = options.get("human_agent", "false") == "true"
        self._marks = options.get("message_metadata", "false") == "true"

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One post. Raises leaves."""
        if reply.private_reply:
            return self._privately(reply)
        if reply.visibility is not Visibility.PUBLIC:
            return self._letter(reply)
        if reply.attachments or reply.files:
            raise UnsupportedError("a comment on Instagram takes no file: send it in a private message")
        if reply.context.get("live"):
            raise NotAnswerableError("live video", advice="Comments on a live video can only be answered in private.")
        if reply.context.get("mentioned_in"):
            return self._mention(reply)
        return self._post(f"/{segment(reply.in_reply_to)}/replies", {"message": words_of(reply)})

    def _mention(self, reply: OutboundReply) -> DeliveryReceipt:
        """Below other people's media, and only with Facebook Login."""
        media = reply.context.get("media_id")
        if not self._by_page or not media:
            raise NotAnswerableError("a mention elsewhere", advice=_IN_THE_APP)
        comment = {"comment_id": str(reply.in_reply_to)} if reply.context["mentioned_in"] == "comment" else {}
        data = {"media_id": media, **comment, "message": reply.text}
        return self._post(f"/{segment(self._graph.page)}/mentions", data)

    def _post(self, path: str, data: Mapping[str, str]) -> DeliveryReceipt:
        return self.receipt(require_field(self._graph.post(path, data), "id"))

    def _privately(self, reply: OutboundReply) -> DeliveryReceipt:
        if reply.attachments or reply.files:
            raise UnsupportedError("a private reply to a comment is a text: files can follow when the customer answers")
        if reply.context.get("mentioned_in"):
            raise NotAnswerableError("a mention elsewhere", advice=_IN_THE_APP)
        answer = self._graph.post(
            "/me/messages",
            {"recipient": {"comment_id": reply.in_reply_to}, "message": {"text": reply.text, **self._mark(reply)}},
        )
        sent = require_field(answer, "message_id")
        try:
            person = answer.json.find_id("recipient_id")
        except PayloadError:
            person = None
        return self.private_receipt(sent, person)

    def _letter(self, reply: OutboundReply) -> DeliveryReceipt:
        message = self._content(reply)
        answer = self._graph.post(
            "/me/messages",
            {
                "recipient": {"id": reply.thread.thread},
                **permission(
                    reply.last_customer_message_at,
                    self._clock.now(),
                    has_human_agent=self._has_human_agent,
                    title="Instagram",
                    inside={},
                ),
                "message": {**message, **self._mark(reply)},
            },
        )
        return self.receipt(require_field(answer, "message_id"))

    def _content(self, reply: OutboundReply) -> dict[str, Any]:
        """A text or a file. With Instagram Login Meta fetches files by itself, so their address must be public."""
        file = file_of(reply)
        if file is None:
            return {"text": reply.text}
        kind = kind_of(file, MEDIA)
        if self._by_page:
            return attached(kind, attachment_id=upload(self._graph, "me", file, kind, INSTAGRAM))
        url = reply.attachments[0].url if self._by_url and reply.attachments else None
        if not url or not url.startswith("https://"):
            raise UnsupportedError(
                "with Instagram Login files can't be uploaded: connect the account through its Facebook Page, or put a "
                "link into the text"
            )
        return attached(kind, url=url)

    def _mark(self, reply: OutboundReply) -> dict[str, str]:
        return metadata_for(reply) if self._marks else {}

    def receipt(self, message: str) -> DeliveryReceipt:
        """It stands. Comments have no address of their own."""
        return DeliveryReceipt(messages=(MessageId(message),), state=ReceiptState.SENT, at=self._clock.now())

    def private_receipt(self, message: str, person: str | None) -> DeliveryReceipt:
        """The person's id opens their thread: it is what ties the commenter to it."""
        opened = ConversationKey(thread=self._side.thread(person), author=AuthorId(person)) if person else None
        return DeliveryReceipt(
            messages=(MessageId(message),), state=ReceiptState.SENT, at=self._clock.now(), opened=opened
        )
