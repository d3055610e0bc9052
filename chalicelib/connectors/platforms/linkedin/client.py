"""Calls to LinkedIn as the page: answering comments, reading posts' comments again, asking for lost notifications."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.connectors.platforms.linkedin.comments import read_comment
from chalicelib.connectors.platforms.linkedin.notifications import read_notification
from chalicelib.connectors.platforms.linkedin.refusals import ADVICE, refusal
from chalicelib.connectors.platforms.linkedin.spec import API_VERSION, BASE_URL
from chalicelib.connectors.platforms.linkedin.subscription import Subscription
from chalicelib.connectors.platforms.linkedin.urns import comment_parts, full_comment, permalink
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time
from chalicelib.core.compose import text_digest
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    UnsupportedError,
)
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent, Visibility, event_key
from chalicelib.core.ids import Cursor, MessageId, ThreadId
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

_ORGANIZATION = "urn:li:organization:"
_PAGE_SIZE = 100
_PAGES = 5
"""Of one list of comments."""
_ANSWERED = 20
"""Comments of one post whose answers are read."""
_OVERLAP = timedelta(minutes=10)
_FIRST = timedelta(hours=1)
_NARROWEST = timedelta(minutes=1)
_CLOCKS = timedelta(minutes=2)
_ACTIONS = "List(COMMENT,ADMIN_COMMENT,SHARE_MENTION,COMMENT_EDIT,COMMENT_DELETE)"


class Client:
    """One organisation page. Needs the credential ``access_token``."""

    def __init__(self, context: PlatformContext) -> None:
        options, token = context.account.options, context.credentials.get("access_token")
        if not token:
            raise ConfigurationError("linkedin: the credential access_token is missing")
        self._account, self._clock, self._options = context.account.key, context.clock, options
        self._page = str(context.account.key.account)
        self._api = ApiClient(
            context.http,
            context.clock,
            options.get("base_url") or BASE_URL,
            headers={
                "authorization": f"Bearer {token}",
                "linkedin-version": options.get("api_version") or API_VERSION,
                "x-restli-protocol-version": "2.0.0",
            },
            refusal=refusal,
        )

    # -- reading -------------------------------------------------------------------------------------------------------

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """One comment. Raises NotFoundError when it is gone, and for posts, which are not read."""
        found = Collector()
        comment = self._comment(message)
        with readable():
            found.attempt(lambda entry: read_comment(entry, self._account, found), comment)
        return Parsed(events=tuple(found.events), malformed=tuple(found.malformed))

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """The post's comments and their answers, the latest 500 and those of the first 20 that have any."""
        found = Collector()
        answered: list[str] = []
        for entry in self._comments(thread):
            found.attempt(lambda item: read_comment(item, self._account, found), entry)
            answered += _answered(entry)
        for comment in answered[:_ANSWERED]:
            for entry in self._comments(comment):
                found.attempt(lambda item: read_comment(item, self._account, found), entry)
        return _parsed(found)

    def poll(self, cursor: Cursor | None) -> Polled:
        """What the webhook may have lost: LinkedIn keeps notifications for 60 days, without authors and texts, so each
        comment is fetched where it is taken in. In which order they are listed is not said: a window that holds more
        than 500 is read in halves."""
        now = self._clock.now()
        since, until = _window(cursor, now)
        end, found = until or now, Collector()
        span = f"(start:{_ms(since - _OVERLAP)},end:{_ms(end)})"
        # the query's own signs must not be encoded
        query = f"q=criteria&actions={_ACTIONS}&organizationalEntity={segment(self._page)}&timeRange={span}"
        for number in range(_PAGES):
            page = f"&start={number * _PAGE_SIZE}&count={_PAGE_SIZE}"
            answer = self._api.get(f"/rest/organizationalEntityNotifications?{query}{page}")
            with readable():
                entries = list(answer.json.items("elements"))
            for entry in entries:
                found.attempt(lambda item: read_notification(item, found), entry)
            if len(entries) < _PAGE_SIZE or (end - since < _NARROWEST and number == _PAGES - 1):
                return Polled(parsed=_parsed(found), cursor=Cursor(end.isoformat()), more=until is not None)
        half = since + (end - since) / 2
        return Polled(parsed=_parsed(found), cursor=Cursor(f"{since.isoformat()}|{half.isoformat()}"), more=True)

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return Cursor(moment.isoformat())

    def probe(self) -> str:
        """Tries the token on the organisation."""
        if not self._page.startswith(_ORGANIZATION):
            raise ConfigurationError(f"linkedin: the account's id must be a URN, {_ORGANIZATION}<number>")
        answer = self._api.get(f"/rest/organizations/{segment(self._page.removeprefix(_ORGANIZATION))}")
        with readable():
            return f"the page {answer.json.find_text('localizedName') or self._page} can be read"

    def access_ends(self) -> datetime | None:
        """As the option ``token_ends`` says: only approved partners can ask, or renew."""
        named = self._options.get("token_ends")
        if not named:
            return None
        ends = parse_time(f"{named}T00:00:00Z" if len(named) == len("2026-11-20") else named)
        if ends is None:
            raise ConfigurationError("linkedin: the option token_ends is a date, such as 2027-01-20")
        if ends <= self._clock.now():
            raise CredentialsError("the access token has ended", advice=ADVICE, dead=True)
        return ends

    def missing_subscriptions(self) -> Sequence[str]:
        """Whether the page's notifications come to us; see `Subscription`."""
        return Subscription(self._api, self._page, self._options).missing()

    def subscribe(self) -> None:
        """Subscribe, as the member whose token it is."""
        Subscription(self._api, self._page, self._options).make()

    def _comment(self, message: str) -> Reader:
        parts = comment_parts(message)
        if parts is None:
            raise NotFoundError("not a comment")
        answer = self._api.get(f"/rest/socialActions/{segment(parts[0])}/comments/{segment(parts[1])}")
        with readable():
            return answer.json

    def _comments(self, urn: str) -> list[Reader]:
        """Of a post, or the answers to a comment."""
        entries: list[Reader] = []
        for number in range(_PAGES):
            query = {"start": number * _PAGE_SIZE, "count": _PAGE_SIZE}
            answer = self._api.get(f"/rest/socialActions/{segment(urn)}/comments", query)
            with readable():
                page = list(answer.json.items("elements"))
            entries += page
            if len(page) < _PAGE_SIZE:
                break
        return entries

    # -- writing -------------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """A comment below the top comment, or below the post that named the page. One level of answers is shown."""
        if reply.visibility is not Visibility.PUBLIC or reply.private_reply or reply.attachments:
            raise UnsupportedError("only public text can be sent")
        post, top = self._target(reply)
        data: dict[str, Any] = {
            "actor": self._page,
            "object": post,
            "message": {"text": reply.text, "attributes": []},
            **({"parentComment": top} if top else {}),
        }
        answer = self._api.post(f"/rest/socialActions/{segment(top or post)}/comments", data)
        return self._receipt(_created(answer, post), post, self._clock.now())

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Look for our own words among the answers to the same comment."""
        try:
            post, top = self._target(reply)
            entries = self._comments(top or post)
        except NotFoundError:
            return None
        wanted, since = text_digest(reply.text), reply.began_at - _CLOCKS
        found = Collector()
        for entry in entries:
            found.attempt(lambda item: read_comment(item, self._account, found), entry)
        for event in found.events:
            ours = isinstance(event, InboundMessage) and event.is_echo and event.sent_at >= since
            if ours and text_digest(event.text) == wanted:
                return self._receipt(event.key.message, post, event.sent_at)
        if len(entries) >= _PAGES * _PAGE_SIZE or found.malformed:
            raise OutcomeUnknownError("there are more answers than are looked through")
        return None

    def remove(self, message: MessageId) -> None:
        """Delete our own comment; gone already is fine."""
        parts = comment_parts(message)
        if parts is None:
            raise UnsupportedError("only comments can be deleted")
        path = f"/rest/socialActions/{segment(parts[0])}/comments/{segment(parts[1])}"
        with suppress(NotFoundError):
            self._api.call("DELETE", path, params={"actor": self._page}, idempotent=True)

    def _target(self, reply: OutboundReply) -> tuple[str, str | None]:
        """The post, and the top comment: notifications do not tell whether a comment answers another one."""
        answered = str(reply.in_reply_to)
        if comment_parts(answered) is None:
            return answered, None
        comment = self._comment(answered)
        with readable():
            comment.need_id("id")
            post, parent = comment.find_id("object"), comment.find_id("parentComment")
        return post or str(reply.thread.thread), full_comment(parent) if parent else answered

    def _receipt(self, name: str, post: str, at: datetime) -> DeliveryReceipt:
        return DeliveryReceipt(
            messages=(MessageId(name),), state=ReceiptState.SENT, at=at, permalink=permalink(post, name)
        )


def _created(answer: ApiAnswer, post: str) -> str:
    """The new comment's URN; the answer's ``object`` may be another name of the post than was sent."""
    try:
        body = answer.json
        name = body.find_id("commentUrn") or body.find_id("$URN")
        number = answer.headers.get("x-restli-id") or body.find_id("id")
        owner = body.find_id("object") or post
    except PayloadError as error:
        raise OutcomeUnknownError("2xx without a readable comment") from error
    if name is None and not number:
        raise OutcomeUnknownError("2xx without an id")
    made = full_comment(name or (number if (number or "").startswith("urn:") else f"urn:li:comment:({owner},{number})"))  # type: ignore[arg-type]
    if comment_parts(made) is None:
        raise OutcomeUnknownError("2xx with an id that is none")
    return made


def _answered(entry: Reader) -> list[str]:
    """The comment itself, where it has answers. What is odd about it, reading it as a comment tells."""
    try:
        total = entry.find_id("commentsSummary", "aggregatedTotalComments") or "0"
        name = entry.find_id("commentUrn") or entry.find_id("$URN")
    except PayloadError:
        return []
    return [full_comment(name)] if name and total.isdecimal() and int(total) > 0 else []


def _parsed(found: Collector) -> Parsed[PlatformEvent]:
    events = {event_key(event): event for event in found.events}
    return Parsed(
        events=tuple(sorted(events.values(), key=_time)),
        malformed=tuple(found.malformed),
        ignored=dict(sorted(found.ignored.items())),
    )


def _time(event: PlatformEvent) -> datetime:
    for name in ("sent_at", "edited_at", "deleted_at"):
        at = getattr(event, name, None)
        if isinstance(at, datetime):
            return at
    return datetime.fromtimestamp(0, UTC)


def _window(cursor: Cursor | None, now: datetime) -> tuple[datetime, datetime | None]:
    """From when on, and up to when (None: now)."""
    since, _, until = (cursor or "").partition("|")
    return parse_time(since) or now - _FIRST, parse_time(until)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
