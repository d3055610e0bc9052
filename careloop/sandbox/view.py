"""What the page shows: threads, tickets, and the story of each event and reply."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from careloop.sandbox.places import PEOPLE
from careloop.sandbox.world import World
from chalicelib.core.disposition import LedgerEntry, Outcome
from chalicelib.core.reply import Delivery, DeliveryStatus

DAYS = 30
MOST = 80
WORDS = {
    Outcome.TICKETED: "became ticket",
    Outcome.APPENDED: "went onto ticket",
    Outcome.NOISE: "needs no ticket",
    Outcome.ECHO: "is the brand's own",
    Outcome.DUPLICATE: "was there already",
    Outcome.REMOVED_BY_AUTHOR: "was taken back",
    Outcome.PARKED: "waits for a person",
}
STATES = {
    DeliveryStatus.BEGUN: "is on its way",
    DeliveryStatus.WAITING: "waits for its time",
    DeliveryStatus.SENT: "was posted",
    DeliveryStatus.REFUSED: "was NOT posted",
    DeliveryStatus.UNKNOWN: "may or may not have been posted",
}


def build(world: World) -> dict[str, Any]:
    """The page's state."""
    tickets = world.desk.snapshot()["tickets"]
    events, deliveries = _story(world)
    waiting = sum(queue.depth() for queue in world.system.queues.values())
    parked = len(world.system.stores.parking.list_parked())
    return {
        "people": [{"id": key, "label": name} for key, name in PEOPLE.items()],
        "places": [{"id": place.id, "label": place.label} for place in world.places.values()],
        "threads": [thread for place in world.places.values() for thread in place.threads()],
        "tickets": [_ticket(item) for item in sorted(tickets, key=lambda item: -int(item["id"]))],
        "story": sorted([*events, *deliveries], key=lambda item: item["order"], reverse=True)[:MOST],
        "summary": f"{len(events)} events, {len(deliveries)} replies, {waiting} waiting, {parked} parked",
    }


def _ticket(ticket: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(ticket["id"]),
        "subject": ticket["subject"],
        "status": ticket["status"],
        "comments": [
            {
                "id": str(item["id"]),
                "author": item["author"],
                "text": item["text"],
                "at": str(item["created_at"])[11:19],
                "note": not item["public"],
                "ours": item["public"] and item["role"] != "end-user",
            }
            for item in ticket["comments"]
        ],
    }


def _story(world: World) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    stores = world.system.stores
    since = world.clock.now() - timedelta(days=DAYS)
    entries: list[LedgerEntry] = []
    for account in stores.directory.accounts():
        entries += stores.ledger.recent(account.key, since=since, limit=MOST)
    cases = {item.disposition.case for item in entries if item.disposition and item.disposition.case}
    deliveries = [item for case in cases for item in stores.deliveries.deliveries(case)]
    return [_event(item) for item in entries], [_delivery(item) for item in deliveries]


def _event(entry: LedgerEntry) -> dict[str, Any]:
    kind = entry.key.partition("|")[0]
    disposition = entry.disposition
    platform = entry.account.platform
    if disposition is None:
        what = f"{platform}: {kind} is in hand"
        return {
            "what": what,
            "why": f"attempt {entry.attempts}",
            "at": _at(entry.first_seen_at),
            "order": _order(entry),
        }
    ticket = f" #{disposition.ticket.ticket}" if disposition.ticket else ""
    detail = disposition.detail
    match = ""
    if "match" in detail:
        match = f"CRM: {detail['match']}"
        match += f", {detail['contact']}" if "contact" in detail else ""
        match += f", by {detail['evidence']}" if "evidence" in detail else ""
    return {
        "what": f"{platform}: {kind} {WORDS[disposition.outcome]}{ticket}",
        "why": "; ".join(filter(None, (disposition.reason, match))),
        "detail": entry.key.partition("|")[2],
        "at": _at(entry.first_seen_at),
        "bad": disposition.outcome is Outcome.PARKED,
        "order": _order(entry),
    }


def _order(entry: LedgerEntry) -> str:
    return entry.first_seen_at.isoformat()


def _delivery(item: Delivery) -> dict[str, Any]:
    part = f" part {item.part} of {item.of}" if item.of > 1 else ""
    link = item.receipt.permalink if item.receipt else None
    return {
        "what": f"reply on #{item.ticket.ticket}{part} {STATES[item.status]}",
        "why": item.reason or link or "",
        "detail": item.advice or "",
        "at": _at(item.began_at),
        "bad": item.status in (DeliveryStatus.REFUSED, DeliveryStatus.UNKNOWN),
        "order": item.began_at.isoformat(),
    }


def _at(moment: Any) -> str:
    return f"{moment:%H:%M:%S}"
