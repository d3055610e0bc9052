"""Files both ways: what a customer sent along is copied into the ticket, what an agent attached is fetched to be sent.

Copying is enrichment: the message never waits for it, and its links stand on the ticket in any case. What could not be
had for the moment is tried again by a job and then comes as a note of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.core import compose
from chalicelib.core.capabilities import PlatformCapabilities
from chalicelib.core.errors import (
    CareloopError,
    NotFoundError,
    PermanentError,
    RetryableError,
    TicketClosedError,
)
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, Surface
from chalicelib.core.guard import Hold, file_hold
from chalicelib.core.ids import AccountKey, CaseId
from chalicelib.core.jobs import DueItem, JobEnvelope, StoreMedia
from chalicelib.core.media import MediaFile
from chalicelib.core.parcels import file_refusal, most_bytes
from chalicelib.core.ticket import Comment
from chalicelib.pipeline.work import entry_id, living_case, note, write_entry
from chalicelib.ports.helpdesk import FetchesFiles
from chalicelib.ports.platform import FetchesMedia
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import RemoveDue, SaveDue

COPIED = frozenset(
    {AttachmentKind.IMAGE, AttachmentKind.VIDEO, AttachmentKind.AUDIO, AttachmentKind.FILE, AttachmentKind.UNKNOWN}
)
MOST_FILES = 8
"""Of one entry."""
MOST_SECONDS = 20.0
"""For all files of one entry; what is left then is the job's."""
AGAIN_AFTER = timedelta(minutes=3)
GIVE_UP_AFTER = timedelta(days=1)
_FETCH_BYTES = 25_000_000
"""Of an agent's file, where the platform names no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    message: InboundMessage
    attachment: Attachment


def filed(
    runtime: Runtime, helpdesk: str, case: CaseId, messages: Sequence[InboundMessage]
) -> Callable[[Comment], Comment]:
    """What gives an entry about `messages` its files, right before it is written. Never raises."""

    def prepare(comment: Comment) -> Comment:
        most = _most_bytes(runtime, helpdesk)
        wanted = [item for message in messages for item in _wanted(runtime, message)][:MOST_FILES] if most else []
        if not wanted:
            return comment
        files: list[MediaFile] = []
        left: list[_Wanted] = []
        deadline = runtime.clock.now() + timedelta(seconds=MOST_SECONDS)
        for item in wanted:
            if runtime.clock.now() >= deadline:
                left.append(item)
                continue
            try:
                files.append(_fetch(runtime, item.message.key.account, item.attachment, most))
            except RetryableError:
                left.append(item)
            except Exception as error:
                _not_copied(runtime, item.message.key.account, error)
        _later(runtime, case, left)
        return replace(comment, files=tuple(files))

    return prepare


def _most_bytes(runtime: Runtime, helpdesk: str) -> int:
    """Of a file that is copied; 0: none is."""
    policy = runtime.policy
    if not policy.store_media:
        return 0
    taken = runtime.connectors.helpdesk_spec(helpdesk).capabilities.most_file_bytes
    return min(taken, policy.most_media_megabytes * 1_000_000)


def _wanted(runtime: Runtime, message: InboundMessage) -> list[_Wanted]:
    """Stories vanish by their author's will, and the platforms' terms demand the same of copies."""
    named = [item for item in message.attachments if item.kind in COPIED and (item.url or item.remote_id)]
    if not named or message.surface is Surface.STORY:
        return []
    terms = runtime.connectors.platform_spec(message.key.account.platform).capabilities.terms
    allowed = terms.may_store_media and terms.may_store_text
    return [_Wanted(message=message, attachment=item) for item in named] if allowed else []


def _fetch(runtime: Runtime, account: AccountKey, attachment: Attachment, most: int) -> MediaFile:
    """Raises leaves; UnsupportedError among them where the client can't."""
    if attachment.size is not None and attachment.size > most:
        raise PermanentError("larger than what is copied")
    client = runtime.connectors.platform(runtime.stores.directory.get_account(account))
    if not isinstance(client, FetchesMedia):
        raise PermanentError("this platform's files are not fetched")
    return client.fetch_media(attachment, most_bytes=most)


def _not_copied(runtime: Runtime, account: AccountKey, error: Exception) -> None:
    code = error.code if isinstance(error, CareloopError) else type(error).__name__
    runtime.telemetry.log("media", "not_copied", account=str(account), error_code=code)


def _later(runtime: Runtime, case: CaseId, left: Sequence[_Wanted]) -> None:
    """One job for each message; the same again replaces, because its time is made of the message."""
    for message in {item.message.key: item.message for item in left}.values():
        attachments = tuple(item.attachment for item in left if item.message.key == message.key)
        now = runtime.clock.now()
        job = StoreMedia(
            case=case,
            message=message.key,
            attachments=attachments,
            sent_at=message.sent_at,
            give_up_at=now + GIVE_UP_AFTER,
        )
        due = DueItem(id=f"media|{message.key}", at=max(message.sent_at, now - GIVE_UP_AFTER) + AGAIN_AFTER, job=job)
        try:
            runtime.stores.transactions.commit(SaveDue(due=due))
        except CareloopError as error:
            _not_copied(runtime, message.key.account, error)


# ---- the job ---------------------------------------------------------------------------------------------------------


def store_media(runtime: Runtime, envelope: JobEnvelope) -> None:
    """Try once more. Until it is done or given up the due item stands, and the watch sends the job each minute."""
    job = envelope.job
    assert isinstance(job, StoreMedia)
    over = runtime.clock.now() >= job.give_up_at
    try:
        case = living_case(runtime, job.case)
    except NotFoundError:
        return _done(runtime, envelope)
    if case.ticket is None:
        return _done(runtime, envelope) if over else None
    most = _most_bytes(runtime, case.helpdesk)
    files: list[MediaFile] = []
    lost = 0
    for attachment in job.attachments if most else ():
        try:
            files.append(_fetch(runtime, job.message.account, attachment, most))
        except RetryableError:
            if not over:
                return None
            lost += 1
        except Exception as error:
            lost += 1
            _not_copied(runtime, job.message.account, error)
    comment = note(compose.files_note(job.sent_at, len(files), lost), entry_id(job.case, job.message.message, "files"))
    try:
        client = runtime.connectors.helpdesk(case.helpdesk)
        write_entry(client, case.ticket, replace(comment, files=tuple(files)), look_first=True)
    except (TicketClosedError, NotFoundError):
        runtime.telemetry.log("media", "ticket_closed", case=case.id)
    return _done(runtime, envelope)


def _done(runtime: Runtime, envelope: JobEnvelope) -> None:
    if envelope.due is not None:
        runtime.stores.transactions.commit(RemoveDue(due=envelope.due))


# ---- the way out -----------------------------------------------------------------------------------------------------


def fetch_files(
    runtime: Runtime, helpdesk: str, attachments: Sequence[Attachment], capabilities: PlatformCapabilities, title: str
) -> tuple[MediaFile, ...] | Hold:
    """What an agent attached, as it will be sent; a Hold where it can't be. Raises RetryableError, NeedsHumanError."""
    if not attachments:
        return ()
    client = runtime.connectors.helpdesk(helpdesk)
    if not isinstance(client, FetchesFiles):
        return file_hold(title, "files can't be fetched from this helpdesk")
    files = []
    for attachment in attachments:
        try:
            file = client.fetch_file(attachment, most_bytes=most_bytes(attachment, capabilities, _FETCH_BYTES))
        except NotFoundError:
            return file_hold(title, "the helpdesk no longer has the file")
        except PermanentError:
            return file_hold(title, "the helpdesk does not hand it out, or it is too large")
        why = file_refusal(file, attachment, capabilities)
        if why is not None:
            return file_hold(title, why)
        files.append(file)
    return tuple(files)
