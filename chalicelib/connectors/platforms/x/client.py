"""X's client: public answers and private messages, and what became of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from chalicelib.connectors.platforms.x.calls import PROFILE_FIELDS, USER_FIELDS, XApi
from chalicelib.connectors.platforms.x.media import PRIVATE, PUBLIC, fetch, upload
from chalicelib.connectors.platforms.x.messages import thread_between
from chalicelib.connectors.platforms.x.places import cursor_at
from chalicelib.connectors.platforms.x.posts import Post, author_of, permalink, profile_of, readable, view_of
from chalicelib.connectors.platforms.x.reading import Reading
from chalicelib.connectors.platforms.x.refusals import DuplicateTextError
from chalicelib.connectors.platforms.x.spec import capabilities_for, is_on
from chalicelib.connectors.platforms.x.subscription import Subscription
from chalicelib.connectors.toolkit.api import require_field, segment
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RejectedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment, Parsed, PlatformEvent, Visibility
from chalicelib.core.ids import AuthorId, ConversationKey, Cursor, MessageId, ThreadId, ThreadKey
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

MARGIN = timedelta(minutes=2)
"""Our clock and X's may differ: a reply is looked for from this long before its first attempt."""
SETTLING = timedelta(seconds=60)
"""X's timelines lag some seconds (how many is not documented): until then "not there" means nothing."""

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_LEADING_HANDLES = re.compile(r"(?:@[A-Za-z0-9_]+\s+)*")
_BLANKS = re.compile(r"\s+")
_URL_END = re.compile(r"/(?=\s|$)")


class Client:
    """One X account. Raises ConfigurationError when its credentials or options are incomplete."""

    def __init__(self, context: PlatformContext) -> None:
        account, options = context.account, context.account.options
        self._account = account.key
        self._clock = context.clock
        self._http = context.http
        self._polls_messages = is_on(options, "poll_direct_messages", default=True)
        self._view = view_of(account.key.account, (), options)
        self._api = XApi(context)
        self._reading = Reading(self._api, self._view)
        self._subscription = Subscription(self._api, account.key.account, options)
        self.capabilities = capabilities_for(options)

    # -- sending -------------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """Post one answer, or one private message. A text that X has already is looked for before giving up."""
        if len(reply.files) < len(reply.attachments):
            raise UnsupportedError("the files did not come along")
        if _is_private(reply):
            return self._send_message(reply)
        if reply.visibility is not Visibility.PUBLIC:
            raise UnsupportedError("only public and private answers can be sent")
        return self._send_post(reply)

    def _send_post(self, reply: OutboundReply) -> DeliveryReceipt:
        data: dict[str, Any] = {"reply": {"in_reply_to_tweet_id": reply.in_reply_to}}
        if reply.text or not reply.files:
            data["text"] = reply.text
        if reply.files:
            data["media"] = {"media_ids": upload(self._api, reply.files, PUBLIC)}
        try:
            answer = self._api.write("/2/tweets", data)
        except DuplicateTextError as error:
            return self._settled(reply, error)
        except NotAnswerableError as error:
            advice = f"{error.advice} {permalink(reply.in_reply_to)}"
            raise NotAnswerableError(str(error), advice=advice, remote_code=error.remote_code) from None
        return self._posted(require_field(answer, "data", "id"))

    def _send_message(self, reply: OutboundReply) -> DeliveryReceipt:
        path = f"/2/dm_conversations/with/{segment(reply.recipient)}/messages"
        data: dict[str, Any] = {"text": reply.text} if reply.text or not reply.files else {}
        if reply.files:
            data["attachments"] = [{"media_id": item} for item in upload(self._api, reply.files, PRIVATE)]
        try:
            answer = self._api.write(path, data)
        except DuplicateTextError as error:
            return self._settled(reply, error)
        return self._sent(reply, require_field(answer, "data", "dm_event_id"))

    def _settled(self, reply: OutboundReply, refusal: DuplicateTextError) -> DeliveryReceipt:
        """X refused the text as a repetition: our own earlier attempt, if it can be found. If it certainly is not
        there, the same words stand elsewhere, and nothing was posted now."""
        try:
            found = self.find_sent(reply)
        except CareloopError:
            raise OutcomeUnknownError("duplicate", advice=refusal.advice) from None
        if found is None:
            raise RejectedError("duplicate", remote_code="duplicate")
        return found

    def _posted(self, post: str) -> DeliveryReceipt:
        return DeliveryReceipt(
            messages=(MessageId(post),), state=ReceiptState.SENT, at=self._clock.now(), permalink=permalink(post)
        )

    def _sent(self, reply: OutboundReply, message: str) -> DeliveryReceipt:
        opened = self.private_conversation(reply.recipient)
        return DeliveryReceipt(
            messages=(MessageId(message),),
            state=ReceiptState.SENT,
            at=self._clock.now(),
            opened=opened if reply.private_reply else None,
        )

    def private_conversation(self, author: AuthorId) -> ConversationKey:
        """People have one id on X, and a thread of two people is named by theirs."""
        thread = ThreadId(thread_between(self._account.account, author))
        return ConversationKey(thread=ThreadKey(account=self._account, thread=thread), author=author)

    def remove(self, message: MessageId) -> None:
        """Delete our own post; gone already is fine. A private message can only be taken out of our own view."""
        with suppress(NotFoundError):
            self._api.as_account("DELETE", f"/2/tweets/{segment(message)}")

    def hide(self, message: MessageId, *, hidden: bool) -> None:
        """Hide an answer in a conversation that we began, or show it again; others can't be hidden."""
        self._api.as_account("PUT", f"/2/tweets/{segment(message)}/hidden", data={"hidden": hidden})

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """From X's own hosts; a private message's file with the account's access."""
        return fetch(self._http, self._api, attachment, most_bytes)

    # -- what became of it ---------------------------------------------------------------------------------------------

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """An own post with this text under the same post, or an own message with it, since the first attempt.

        Raises UnavailableError while X's lists may not show it yet.
        """
        since = reply.began_at - MARGIN
        if _is_private(reply):
            for message in self._reading.messages_with(reply.recipient):
                if message.sent_at < since:
                    break
                if message.is_echo and same_text(reply.text, message.text):
                    return self._sent(reply, message.key.message)
        else:
            for post in self._reading.own_posts(since):
                if post.created_at >= since and post.parent == reply.in_reply_to and _says(post, reply.text):
                    return self._posted(post.id)
        early = (reply.began_at + SETTLING - self._clock.now()).total_seconds()
        if early > 0:
            raise UnavailableError("it may not be listed yet", retry_after=early)
        return None

    # -- reading -------------------------------------------------------------------------------------------------------

    def poll(self, cursor: Cursor | None) -> Polled:
        """Mentions and private messages since `cursor`; without one, of the last hour. What is younger than two minutes
        comes again: X's lists lag."""
        return self._reading.poll(cursor, self._clock.now(), messages=self._polls_messages)

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`: X's ids are made of times."""
        return cursor_at(moment)

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """What of a conversation is ours or addressed to us: public of the last 7 days, private of the last 30."""
        return self._reading.thread(thread)

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """One post."""
        return self._reading.post(message)

    def fetch_author(self, author: Author) -> Author:
        """The profile of `author`, known details kept where X tells none."""
        data, _ = self._api.read_one(f"/2/users/{segment(author.key.author)}", PROFILE_FIELDS)
        try:
            found = author_of(self._view, author.key.author, data)
            profile = profile_of(data)
        except PayloadError:
            raise UnavailableError("unreadable profile") from None
        return Author(
            key=author.key,
            handle=found.handle or author.handle,
            display_name=found.display_name or author.display_name,
            profile_url=found.profile_url or author.profile_url,
            email=author.email,
            phone=author.phone,
            locale=author.locale,
            alternative_ids=author.alternative_ids,
            is_brand=author.is_brand or found.is_brand,
            profile=profile,
        )

    def refresh(self) -> datetime | None:
        """Renew OAuth 2.0 tokens that end within the hour."""
        return self._api.renew_ahead()

    def missing_subscriptions(self) -> Sequence[str]:
        """What of webhook and subscriptions is missing; needs the app's bearer token (else UnsupportedError)."""
        return self._subscription.missing()

    def subscribe(self) -> None:
        """Register, validate and subscribe what is missing."""
        self._subscription.mend()

    def probe(self) -> str:
        """Whether the token works, and for this account."""
        try:
            data, _ = self._api.read_one("/2/users/me", USER_FIELDS)
            found, handle = data.need_id("id"), data.find_text("username")
        except (PayloadError, NotFoundError):
            raise UnavailableError("X does not say whose token this is") from None
        if found != self._account.account:
            raise ConfigurationError(f"the token belongs to another account than {self._account.account}")
        return f"X answers for @{handle or found}"


def _is_private(reply: OutboundReply) -> bool:
    return reply.private_reply or reply.visibility is Visibility.PRIVATE


def _says(post: Post, text: str) -> bool:
    """Whether an own post says `text`; X escapes three characters, or (not confirmed for every list) does not."""
    raw = re.sub(r"https?://t\.co/[A-Za-z0-9]+", lambda found: post.links.get(found[0], found[0]), post.text)
    return same_text(text, readable(post.text, post.links)) or same_text(text, raw)


def same_text(sent: str, shown: str) -> bool:
    """Whether X shows what was sent: handles put before it, links expanded and blanks folded do not count."""
    return _essence(sent) == _essence(shown) or _essence(sent) == _essence(_LEADING_HANDLES.sub("", shown, count=1))


def _essence(text: str) -> str:
    plain = _SCHEME.sub("", unicodedata.normalize("NFC", text))
    return _BLANKS.sub(" ", _URL_END.sub("", plain)).strip()
