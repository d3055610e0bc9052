"""`careloop parse`: raw payloads -> normalised events, one JSON object per line. Needs no credentials, calls nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

import click

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.codec import to_data
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import (
    AccountRevoked,
    AuthorIdChanged,
    AuthorOptedOut,
    DeliveryUpdated,
    HelpdeskHint,
    InboundMessage,
    Malformed,
    MessageDeleted,
    MessageEdited,
    Parsed,
    ThreadInvitation,
    account_of,
)
from chalicelib.core.ids import AccountId
from chalicelib.core.people import Author
from chalicelib.core.webhook import WebhookRequest
from chalicelib.pipeline.receive import open_payload
from chalicelib.ports.receiver import ReceiverContext

TYPES = {
    InboundMessage: "message",
    MessageEdited: "message_edited",
    MessageDeleted: "message_deleted",
    DeliveryUpdated: "delivery_updated",
    ThreadInvitation: "thread_invitation",
    AuthorOptedOut: "author_opted_out",
    AuthorIdChanged: "author_id_changed",
    AccountRevoked: "account_revoked",
    HelpdeskHint: "helpdesk_hint",
}


def _known(context: click.Context, parameter: click.Parameter, name: str) -> str:
    """Refuse an unknown name before any file is opened."""
    kinds = (ConnectionKind.PLATFORM, ConnectionKind.HELPDESK)
    if any(name in registry.names(kind) for kind in kinds):
        return name
    known = ", ".join(item for kind in kinds for item in registry.names(kind))
    click.echo(f"unknown connector {name!r}. Known: {known}", err=True)
    raise SystemExit(2)


@click.command()
@click.argument("connector", metavar="PLATFORM|HELPDESK", is_eager=True, callback=_known)
@click.argument("files", nargs=-1, required=True, type=click.File("rb"), metavar="FILE...")
@click.option(
    "--account", "accounts", multiple=True, help="The endpoint's account id, for payloads that do not name it."
)
def parse(connector: str, files: tuple[IO[bytes], ...], accounts: tuple[str, ...]) -> None:
    """Print the normalised events of raw payloads ("-" is standard input).

    A FILE holds one payload as the platform or helpdesk sent it, or one payload per line. What can't be read is printed
    as {"type": "malformed", "path": ..., "reason": ...}; the exit code is 0 either way.
    """
    receiver = _receiver(connector, tuple(AccountId(item) for item in accounts))
    for file in files:
        for payload in payloads(file.read()):
            for line in lines(connector, receiver, payload):
                click.echo(json.dumps(line, ensure_ascii=False))


def _receiver(name: str, accounts: tuple[AccountId, ...]) -> Any:
    known = name in registry.names(ConnectionKind.PLATFORM)
    kind = ConnectionKind.PLATFORM if known else ConnectionKind.HELPDESK
    return registry.receiver(kind, name, ReceiverContext(accounts=accounts))


def payloads(data: bytes) -> list[bytes]:
    """The payloads of one file: the whole, or each line where every non-empty line is a JSON document of its own."""
    rows = [row for row in data.splitlines() if row.strip()]
    if len(rows) > 1 and not _is_json(data) and any(_is_json(row) for row in rows):
        return rows
    return [data]


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def lines(connector: str, receiver: Any, body: bytes) -> Iterator[dict[str, Any]]:
    """One object per event, in the payload's order, then one per part that can't be read."""
    request = WebhookRequest(method="POST", url="", headers={}, query={}, body=body, received_at=datetime.now(UTC))
    try:
        parsed: Parsed[Any] = receiver.parse(open_payload(request))
    except PayloadError as error:
        yield _malformed(Malformed(path=error.path or "(body)", reason=error.reason))
        return
    for event in parsed.events:
        yield event_line(connector, event)
    for malformed in parsed.malformed:
        yield _malformed(malformed)


def _malformed(item: Malformed) -> dict[str, Any]:
    return {"type": "malformed", "path": item.path, "reason": item.reason}


def rfc3339(value: datetime | None) -> str | None:
    """UTC with a Z; fractions of a second only where there are some."""
    if value is None:
        return None
    text = value.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")


def event_line(connector: str, event: Any) -> dict[str, Any]:
    """The flat form of one event; what a kind of event does not have is null."""
    if isinstance(event, HelpdeskHint):
        return {
            "type": TYPES[HelpdeskHint],
            "helpdesk": connector,
            "ticket": event.ticket,
            "case": event.case,
            "reason": event.reason,
        }
    account = account_of(event)
    author: Author | None = getattr(event, "author", None) if not isinstance(event, AuthorOptedOut) else None
    key = getattr(event, "key", None)
    thread = getattr(event, "thread", None)
    line: dict[str, Any] = {
        "type": TYPES[type(event)],
        "platform": account.platform,
        "account": account.account,
        "message_id": key.message if key else None,
        "author_id": author.key.author if author else None,
        "author_handle": author.handle if author else None,
        "author_name": author.display_name if author else None,
        "text": getattr(event, "text", None),
        "surface": getattr(event, "surface", None),
        "visibility": getattr(event, "visibility", None),
        "in_reply_to": getattr(event, "in_reply_to", None),
        "thread": thread.thread if thread else None,
        "sent_at": rfc3339(_time(event)),
        "attachments": to_data(getattr(event, "attachments", ())),
        "is_echo": getattr(event, "is_echo", False),
    }
    return {**line, **_extras(event)}


def _time(event: Any) -> datetime | None:
    for name in ("sent_at", "edited_at", "deleted_at", "at"):
        if hasattr(event, name):
            found: datetime = getattr(event, name)
            return found
    return None


def _extras(event: Any) -> dict[str, Any]:
    match event:
        case InboundMessage():
            return {"permalink": event.permalink}
        case DeliveryUpdated():
            return {"state": event.state, "message_id": event.message.message if event.message else None}
        case ThreadInvitation():
            return {"author_id": event.inviter.key.author, "author_handle": event.inviter.handle}
        case AuthorIdChanged():
            return {"author_id": event.new.author, "old_author_id": event.old.author}
        case AuthorOptedOut():
            return {"author_id": event.author.author}
        case _:
            return {}
