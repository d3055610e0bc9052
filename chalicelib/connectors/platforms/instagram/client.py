"""Instagram's calling part, by either flavour of login: answers in public and in private, and reading again what
webhooks may have lost or withheld."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, partial

from chalicelib.connectors.platforms._meta import inbox
from chalicelib.connectors.platforms._meta.conversations import find_own
from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.platforms._meta.files import download
from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.platforms._meta.names import INSTAGRAM
from chalicelib.connectors.platforms.instagram import nodes, polling, reading
from chalicelib.connectors.platforms.instagram.access import Access, FacebookLogin, InstagramLogin
from chalicelib.connectors.platforms.instagram.outgoing import Outgoing, words_of
from chalicelib.connectors.platforms.instagram.spec import BASE_URLS, FACEBOOK_LOGIN, INSTAGRAM_LOGIN, SPEC
from chalicelib.connectors.platforms.instagram.token import LongToken
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.capabilities import PlatformCapabilities
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RejectedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment, Parsed, PlatformEvent, Visibility
from chalicelib.core.ids import Cursor, MessageId, ThreadId
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from chalicelib.ports.platform import PlatformContext, Polled

SENT_PAGES = 5
PAGE = 50
STANDARD_WINDOW = timedelta(hours=24)
_SENT_FIELDS = "id,text,timestamp,from{id,username}"
_ASK = "Look into the account's inbox: a private reply can't be looked up for certain."


class Client:
    """``Client(context)``. No I/O in the constructor; no token or an unknown ``login`` is a ConfigurationError."""

    def __init__(self, context: PlatformContext) -> None:
        options = context.account.options
        self._login = options.get("login") or INSTAGRAM_LOGIN
        if self._login not in BASE_URLS:
            raise ConfigurationError(f"login must be {INSTAGRAM_LOGIN} or {FACEBOOK_LOGIN}")
        if not context.credentials.get("access_token"):
            raise ConfigurationError("no access_token is stored for this account")
        self._context, self._clock = context, context.clock
        self._base = options.get("base_url") or BASE_URLS[self._login]
        account = context.account.key.account
        self._side = Side.of(INSTAGRAM, account)
        self._own = frozenset(filter(None, (str(account), (context.account.handle or "").lstrip("@").lower())))

    @cached_property
    def _access(self) -> Access:
        if self._login == INSTAGRAM_LOGIN:
            return InstagramLogin(LongToken(self._context, self._base))
        return FacebookLogin(self._graph)

    @cached_property
    def _graph(self) -> GraphApi:
        """Made when it is needed: the token of Instagram Login is in the session store."""
        token = self._access.token() if self._login == INSTAGRAM_LOGIN else None
        return GraphApi(self._context, credential="access_token", base_url=self._base, token=token)

    @cached_property
    def _inbox(self) -> inbox.Inbox:
        return inbox.Inbox(
            graph=self._graph,
            owner="me",
            platform=INSTAGRAM,
            own=self._own,
            make=partial(nodes.letter_event, self._side, self._own),
            fields=nodes.LETTERS,
        )

    @cached_property
    def _outgoing(self) -> Outgoing:
        return Outgoing(self._graph, self._clock, self._side, self._context.account.options, login=self._login)

    @property
    def capabilities(self) -> PlatformCapabilities:
        """What holds for this account: its login decides about files, the Human Agent feature about the window."""
        options, found = self._context.account.options, SPEC.capabilities
        if self._login == INSTAGRAM_LOGIN and options.get("media_by_url", "false") != "true":
            found = replace(found, attachments=frozenset(), media=())
        if options.get("human_agent", "false") != "true":
            found = replace(found, reply_window=STANDARD_WINDOW)
        return found

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """Answer a comment or mention in public, a comment in private, or write into the person's thread."""
        return self._outgoing.send(reply)

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Look for our own words where they would stand. None: certainly not there. Raises OutcomeUnknownError where
        that can't be told."""
        if reply.private_reply:
            return self._find_private(reply)
        if reply.visibility is not Visibility.PUBLIC:
            found = inbox.find_sent(self._inbox, reply)
            return self._outgoing.receipt(found) if found is not None else None
        if reply.context.get("mentioned_in"):
            raise OutcomeUnknownError("comments below others' media can't be listed")
        parents = dict.fromkeys((str(reply.in_reply_to), reply.context.get("parent_id") or str(reply.in_reply_to)))
        for parent in parents:
            answers = self._answers(parent)
            own = find_own(answers, self._own, words_of(reply), reply.began_at, words="text", time="timestamp")
            if own is not None:
                return self._outgoing.receipt(own.need_id("id"))
        return None

    def _answers(self, comment: str) -> Iterator[Reader]:
        """The order of the list is not documented, so all of it is read."""
        more = False
        for page in self._graph.pages(f"/{segment(comment)}/replies", most=SENT_PAGES, fields=_SENT_FIELDS, limit=PAGE):
            yield from page.items
            more = page.after is not None
        if more:
            raise OutcomeUnknownError("too many answers below the comment")

    def _find_private(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """That a person has the same id below comments and in private is not confirmed: only what is found counts."""
        as_letter = replace(
            reply, private_reply=False, thread=self._side.thread(str(reply.recipient)), visibility=Visibility.PRIVATE
        )
        found = inbox.find_sent(self._inbox, as_letter)
        if found is None:
            raise OutcomeUnknownError("private reply", advice=_ASK)
        return self._outgoing.private_receipt(found, str(reply.recipient))

    def hide(self, message: MessageId, *, hidden: bool) -> None:
        """Hide a customer's comment from others, or show it again. UnsupportedError for a private message."""
        self._require_comment(message)
        name = self._context.account.options.get("hide_parameter") or "hide"
        self._graph.put(f"/{segment(message)}", {name: hidden})

    def remove(self, message: MessageId) -> None:
        """Delete our own comment; gone already is fine. UnsupportedError for a private message."""
        self._require_comment(message)
        try:
            self._graph.delete(f"/{segment(message)}")
        except NotFoundError:
            return

    def _require_comment(self, message: MessageId) -> None:
        if not message.isdecimal():
            raise UnsupportedError("Instagram has no such call for private messages")

    # ---- reading -----------------------------------------------------------------------------------------------------

    def fetch_author(self, author: Author) -> Author:
        """Name and profile of a person who wrote in private. NotFoundError: Instagram tells nothing, as of those who
        only commented."""
        return reading.fetch_author(self._graph, author)

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """A comment, or a mention elsewhere, by its id: mentions come with neither words nor author. NotFoundError:
        gone, or hidden from us."""
        mentions = self._login == FACEBOOK_LOGIN
        return reading.fetch_message(self._graph, self._side, self._own, message, mentions=mentions)

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """What came with a private message, from Meta's own hosts. A story's media is a link, and never fetched."""
        origin = self._context.account.options.get("base_url")
        return download(self._context.http, attachment, most_bytes=most_bytes, origin=origin)

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """Comments below media, or a person's newest messages: nothing but the answer tells which of them an id is."""
        try:
            return reading.list_comments(self._graph, self._side, self._own, thread)
        except (NotFoundError, RejectedError):
            return inbox.list_thread(self._inbox, thread)

    def poll(self, cursor: Cursor | None) -> Polled:
        """Comments and private messages since the last poll; see `polling.poll`."""
        watched = self._context.account.options.get("watched_media") or ""
        make = partial(reading.make_comment, self._side, self._own)
        number = int(watched) if watched.isdecimal() and 0 < len(watched) < 6 else polling.WATCHED
        return polling.poll(self._inbox, make, cursor, self._clock.now(), watched=max(1, number))

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return polling.cursor_at(moment)

    # ---- access ------------------------------------------------------------------------------------------------------

    def probe(self) -> str:
        """Whether the token is this account's. CredentialsError when it is another's."""
        is_page = self._login == FACEBOOK_LOGIN
        path = f"/{segment(self._graph.page)}" if is_page else "/me"
        me = self._graph.get(path, fields="id,username" if is_page else "user_id,username")
        try:
            owner = me.need_id("id" if is_page else "user_id")
        except PayloadError:
            raise UnavailableError("an answer that can't be read") from None
        if owner != self._graph.page:
            raise CredentialsError(
                "token of another account", advice="The access token belongs to another account: connect it again."
            )
        return "token good"

    def refresh(self) -> datetime | None:
        """Renew the token of Instagram Login ahead of its end; when the access ends. CredentialsError: it is over."""
        return self._access.renew()

    def access_ends(self) -> datetime | None:
        """When the access ends; nothing is renewed."""
        return self._access.ends()

    def missing_subscriptions(self) -> Sequence[str]:
        """What does not reach us; by login, see `access`."""
        return self._access.missing(self._graph)

    def subscribe(self) -> None:
        """Install the app again."""
        self._access.subscribe(self._graph)
