"""A platform that remembers what was sent, and can fail on demand; and specs to go with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import Attachment, AttachmentKind, Parsed, PlatformEvent, Surface
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, ConversationKey, Cursor, MessageId, ThreadId, ThreadKey
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.platform import Polled
from chalicelib.ports.spec import Level, PlatformSpec, ShownBy
from tests.fakes.files import handed_out


def spec(
    name: str = "agora",
    *,
    most: int = 100,
    private_reply: bool = False,
    idempotent_send: bool = False,
    threading: Threading = Threading.FLAT,
    polls: bool = False,
    reply_window: timedelta | None = None,
    may_match_crm: bool = True,
    attachments: frozenset[AttachmentKind] = frozenset(),
) -> PlatformSpec:
    """A data sheet for tests."""
    return PlatformSpec(
        name=name,
        title=name.title(),
        level=Level.COMPLETE,
        capabilities=PlatformCapabilities(
            surfaces=frozenset({Surface.COMMENT, Surface.DM}),
            text_limits=TextLimits((Limit(most, LengthUnit.CODE_POINTS),)),
            private_reply=private_reply,
            idempotent_send=idempotent_send,
            threading=threading,
            polls=polls,
            reply_window=reply_window,
            attachments=attachments,
            terms=PlatformTerms(
                may_match_crm=may_match_crm, note="" if may_match_crm else "The terms forbid matching."
            ),
        ),
        credentials=(),
        hosts=(),
        shown_by=ShownBy.DOCUMENTATION,
    )


class FakePlatform:
    """Sends once per call. ``faults``: (before, exception) for the next sends; ``before`` False: it was posted."""

    def __init__(self, now: Callable[[], datetime], name: str = "agora") -> None:
        self.name = name
        self.sent: list[OutboundReply] = []
        self.faults: list[tuple[bool, Exception]] = []
        self.pages: list[Polled] = []
        self.threads: dict[str, Parsed[PlatformEvent]] = {}
        self.joined: list[str] = []
        self._now = now

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        fault = self.faults.pop(0) if self.faults else None
        if fault and fault[0]:
            raise fault[1]
        self.sent.append(reply)
        if fault:
            raise fault[1]
        return self._receipt(reply)

    def _receipt(self, reply: OutboundReply) -> DeliveryReceipt:
        number = self.sent.index(reply) + 1
        opened = None
        if reply.private_reply:
            account = AccountKey(platform=f"{self.name}-dm", account=AccountId(reply.account.account))
            thread = ThreadKey(account=account, thread=ThreadId(f"dm-{reply.recipient}"))
            opened = ConversationKey(thread=thread, author=AuthorId(f"dm-{reply.recipient}"))
        return DeliveryReceipt(
            messages=(MessageId(f"our-{number}"),),
            state=ReceiptState.SENT,
            at=self._now(),
            permalink=f"https://{self.name}.example/our-{number}",
            opened=opened,
        )

    def poll(self, cursor: Cursor | None) -> Polled:
        return self.pages.pop(0) if self.pages else Polled(parsed=Parsed(), cursor=cursor or Cursor("0"))

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        return self.threads.get(thread, Parsed())

    def join_thread(self, thread: ThreadId) -> None:
        self.joined.append(thread)

    def fetch_author(self, author: Author) -> Author:
        return author

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.sent]


class MediaPlatform(FakePlatform):
    """A platform whose customers' files can be fetched; ``files`` by the attachment's id."""

    def __init__(self, now: Callable[[], datetime], name: str = "agora") -> None:
        super().__init__(now, name)
        self.files: dict[str, MediaFile | Exception] = {}
        self.fetched: list[str] = []

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        self.fetched.append(attachment.remote_id or "")
        return handed_out(self.files, attachment, most_bytes)


class FindingPlatform(FakePlatform):
    """A platform that can be asked whether a reply was posted."""

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        found = next((item for item in self.sent if item.key == reply.key), None)
        return self._receipt(found) if found else None
