"""`careloop why TICKET`: what became of a ticket's messages and replies, and why."""

from __future__ import annotations

import click
from rich.console import Console

from careloop.cli.backend import console, errors, table, with_application
from chalicelib.bootstrap import Application
from chalicelib.core.account import ConnectionKind
from chalicelib.core.ids import TicketId, TicketRef
from chalicelib.core.reply import DeliveryStatus
from chalicelib.core.who import match_lines
from chalicelib.pipeline.why import Story, story

STATES = {
    DeliveryStatus.BEGUN: "waiting",
    DeliveryStatus.WAITING: "waiting",
    DeliveryStatus.SENT: "posted",
    DeliveryStatus.REFUSED: "refused",
    DeliveryStatus.UNKNOWN: "unknown",
}


@click.command()
@click.argument("ticket")
@click.option("--helpdesk", help="The helpdesk connection, when there are several.")
@with_application
def why(app: Application, ticket: str, helpdesk: str | None) -> None:
    """Tell what became of a ticket's messages and replies, and why."""
    names = [helpdesk] if helpdesk else _helpdesks(app)
    for name in names:
        found = story(app.runtime, TicketRef(helpdesk=name, ticket=TicketId(ticket)))
        if found is not None:
            print_story(found, console)
            return
    errors.print(f"Ticket {ticket} is none that Careloop opened (asked: {', '.join(names) or 'no helpdesk'}).")
    raise SystemExit(1)


def _helpdesks(app: Application) -> list[str]:
    connections = app.runtime.stores.directory.connections()
    return [item.name for item in connections if item.kind is ConnectionKind.HELPDESK]


def print_story(found: Story, console: Console) -> None:
    """Case, match with its evidence, events with their dispositions, replies with their states."""
    case = found.case
    console.print(f"[bold]Ticket {case.ticket.ticket if case.ticket else '?'}[/bold] · {case.id} · {case.state}")
    for line in match_lines(case.match, case.suggested):
        console.print(line, highlight=False)
    for conversation in case.conversations:
        link = f" {conversation.permalink}" if conversation.permalink else ""
        console.print(f"Talks in {conversation.key.thread} ({conversation.visibility}){link}", highlight=False)
    events = table("when", "event", "became", "because", title="What came in")
    for entry in found.events:
        disposition = entry.disposition
        kind, _, rest = entry.key.partition("|")
        events.add_row(
            f"{entry.first_seen_at:%Y-%m-%d %H:%M:%S}",
            f"{kind} {rest}",
            disposition.outcome.value if disposition else "in hand",
            disposition.reason if disposition else "",
        )
    console.print(events)
    replies = table("when", "reply", "part", "state", "link or reason", title="What went out")
    for item in found.deliveries:
        link = item.receipt.permalink if item.receipt and item.receipt.permalink else item.reason or ""
        replies.add_row(
            f"{item.began_at:%Y-%m-%d %H:%M:%S}", item.reply, f"{item.part}/{item.of}", STATES[item.status], link
        )
    console.print(replies)
