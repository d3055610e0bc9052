"""What goes out: comments, with a photo if there is one, and private replies.

Sources: Pages API > Comments (2026-04); Meta's business SDK, PagePost.create_comment and Page.create_photo
(2026-11-22); Messenger Platform > Private replies (2026-04-16).
"""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.files import file_of, kind_of
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.links import comment_link
from chalicelib.connectors.platforms._meta.metadata import metadata_for
from chalicelib.connectors.platforms._meta.names import MESSENGER
from chalicelib.connectors.platforms.facebook.spec import MEDIA
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.core.errors import PayloadError, UnavailableError, UnsupportedError
from chalicelib.core.ids import AuthorId, ConversationKey, MessageId
from chalicelib.core.media import MediaFile
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.services import Clock


def is_post(reply: OutboundReply) -> bool:
    """It answers the post itself."""
    return str(reply.in_reply_to) == str(reply.thread.thread)


class Outgoing:
    """Sends for one page. ``marks_private``: our mark goes along with private replies."""

    def __init__(self, graph: GraphApi, clock: Clock, *, marks_private: bool) -> None:
        self._graph, self._clock, self._marks_private = graph, clock, marks_private

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One post. Raises leaves; UnsupportedError for a file that a comment does not take."""
        if reply.private_reply:
            return self._privately(reply)
        photo = file_of(reply, with_text=True)
        data = {"message": reply.text} if photo is None or reply.text.strip() else {}
        if photo is not None:
            data["attachment_id"] = self._upload(photo)
        answer = self._graph.post(f"/{segment(reply.in_reply_to)}/comments", data)
        return self.public_receipt(reply, require_field(answer, "id"))

    def _upload(self, photo: MediaFile) -> str:
        """As a photo that nobody sees: it stands on the page only in the comment that names it."""
        kind_of(photo, MEDIA)
        path = f"/{segment(self._graph.page)}/photos"
        found = self._graph.upload(path, {"published": "false"}, "source", photo)
        try:
            return found.need_id("id")
        except PayloadError:
            raise UnavailableError("an answer that can't be read") from None

    def _privately(self, reply: OutboundReply) -> DeliveryReceipt:
        if reply.context.get("review"):
            raise UnsupportedError("a review can't be answered in private")
        if reply.attachments or reply.files:
            raise UnsupportedError("a private reply is a text: files can follow when the customer answers")
        message = {"text": reply.text, **(metadata_for(reply) if self._marks_private else {})}
        target = "post_id" if is_post(reply) else "comment_id"
        answer = self._graph.post(
            f"/{segment(self._graph.page)}/messages", {"recipient": {target: reply.in_reply_to}, "message": message}
        )
        sent = require_field(answer, "message_id")
        try:
            person = answer.json.find_id("recipient_id")
        except PayloadError:
            person = None
        return self.private_receipt(sent, person)

    def public_receipt(self, reply: OutboundReply, comment: str) -> DeliveryReceipt:
        """It stands there."""
        return DeliveryReceipt(
            messages=(MessageId(comment),),
            state=ReceiptState.SENT,
            at=self._clock.now(),
            permalink=comment_link(reply.thread.thread, comment),
        )

    def private_receipt(self, message: str, person: str | None) -> DeliveryReceipt:
        """The person's PSID opens their Messenger thread: it is what ties the commenter to it."""
        opened = None
        if person:
            thread = Side.of(MESSENGER, self._graph.page).thread(person)
            opened = ConversationKey(thread=thread, author=AuthorId(person))
        return DeliveryReceipt(
            messages=(MessageId(message),), state=ReceiptState.SENT, at=self._clock.now(), opened=opened
        )
