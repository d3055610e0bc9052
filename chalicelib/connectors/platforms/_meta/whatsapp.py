"""Entries of ``object: whatsapp_business_account``, as events of ``whatsapp``.

The account is the phone number's id, never the business account's or the displayed number. Source: Cloud API >
Webhooks reference > messages, smb_message_echoes, user_id_update (2026-05-28).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.connectors.platforms._meta.entry import Entry, Side
from chalicelib.connectors.platforms._meta.metadata import delivery_of
from chalicelib.connectors.platforms._meta.names import WHATSAPP
from chalicelib.connectors.platforms._meta.whatsapp_errors import failure_of
from chalicelib.connectors.platforms._meta.whatsapp_messages import Message, add_message
from chalicelib.connectors.platforms._meta.whatsapp_people import People, people_of, person_of
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time
from chalicelib.core.events import AuthorIdChanged, DeliveryState, DeliveryUpdated
from chalicelib.core.ids import AuthorId, AuthorKey

_LONGEST_REASON = 500


def parse_entry(out: Collector, entry: Reader) -> None:
    """All that happened at one business account. A bad item blocks none of its neighbours."""
    sent_at = parse_time(entry.need_id("id") and entry.value.get("time"))
    for change in entry.items("changes"):
        out.attempt(partial(_change, out, Entry(page="", sent_at=sent_at)), change)
    if not entry.has("changes"):
        out.ignore("entry/unknown")


def _change(out: Collector, entry: Entry, change: Reader) -> None:
    field = change.need_text("field")
    lists = _FIELDS.get(field)
    if lists is None:
        out.ignore(f"changes/{field}{_event(change)}")
        return
    value = change.need("value")
    number = Entry(page=value.need_id("metadata", "phone_number_id"), sent_at=entry.sent_at)
    people = people_of(value)
    for name, parse in lists.items():
        out.attempt(partial(_each, out, name, partial(parse, out, number, people)), value)
    if not any(value.has(name) for name in lists):
        out.ignore(f"{field}/empty")


def _event(change: Reader) -> str:
    """What happened to the business account: ``account_update`` and its like name no phone number, only this."""
    value = change.find("value")
    told = value.value.get("event") if value is not None and isinstance(value.value, dict) else None
    return f"/{told}" if isinstance(told, str) and told else ""


def _each(out: Collector, name: str, parse: Callable[[Reader], None], value: Reader) -> None:
    for item in value.items(name):
        out.attempt(parse, item)


def _inbound(out: Collector, entry: Entry, people: People, item: Reader) -> None:
    """Written by a customer."""
    customer = people.complete(
        person_of(item.find_id("from"), item.find_id("from_user_id"), item.find_id("from_parent_user_id"))
    )
    add_message(out, Message(entry=entry, side=Side.of(WHATSAPP, entry.page), value=item, customer=customer))


def _echo(out: Collector, entry: Entry, people: People, item: Reader) -> None:
    """Written by a colleague in the WhatsApp Business app."""
    customer = people.complete(
        person_of(item.find_id("to"), item.find_id("to_user_id"), item.find_id("to_parent_user_id"))
    )
    side = Side.of(WHATSAPP, entry.page)
    add_message(out, Message(entry=entry, side=side, value=item, customer=customer, is_echo=True))


def _status(out: Collector, entry: Entry, people: People, item: Reader) -> None:
    """How far a message of ours got."""
    name = item.need_text("status")
    state = _STATES.get(name)
    if state is None:
        out.ignore(f"statuses/{name}")
        return
    side, recipient = Side.of(WHATSAPP, entry.page), item.find_id("recipient_id")
    if item.find_text("recipient_type") == "group":
        thread = recipient
    else:
        thread = people.complete(person_of(recipient, item.find_id("recipient_user_id"))).id
    out.events.append(
        DeliveryUpdated(
            account=side.account,
            state=state,
            at=item.need_time("timestamp"),
            message=side.message(item.need_id("id")),
            thread=side.thread(thread) if thread else None,
            reason=_reason(item) if state is DeliveryState.FAILED else None,
            delivery=delivery_of(item.find_text("biz_opaque_callback_data") or ""),
        )
    )


_STATES: Mapping[str, DeliveryState] = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "played": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
}


def _reason(item: Reader) -> str | None:
    """What the codes mean, and in brackets what WhatsApp says: ``... (131047 Re-engagement message: More ...)``."""
    reasons = []
    for error in item.items("errors"):
        code = error.find_id("code") or ""
        told = " ".join(filter(None, (code, error.find_text("title") or error.find_text("message"))))
        data = error.find("error_data")
        if data is not None:
            details = data.find_text() if isinstance(data.value, str) else data.find_text("details")
            told = ": ".join(filter(None, (told, details)))
        known = failure_of(int(code)) if code.isdecimal() and len(code) < 12 else None
        reasons.append(f"{known.words} ({told})" if known else told)
    return "; ".join(filter(None, reasons))[:_LONGEST_REASON] or None


def _error(out: Collector, entry: Entry, people: People, item: Reader) -> None:
    """An error that belongs to no message."""
    out.ignore(f"errors/{item.find_id('code') or 'unknown'}")


def _identity(out: Collector, entry: Entry, people: People, item: Reader) -> None:
    """The same person goes by another BSUID from now on."""
    old, new = item.find_id("user_id", "previous"), item.find_id("user_id", "current")
    if old is None or new is None or old == new:
        out.ignore("user_id_update/unchanged")
        return
    out.events.append(
        AuthorIdChanged(
            account=Side.of(WHATSAPP, entry.page).account,
            old=AuthorKey(platform=WHATSAPP, author=AuthorId(old)),
            new=AuthorKey(platform=WHATSAPP, author=AuthorId(new)),
            at=item.find_time("timestamp") or entry.sent_at or item.need_time("timestamp"),
        )
    )


_Parse = Callable[[Collector, Entry, People, Reader], None]
_FIELDS: Mapping[str, Mapping[str, _Parse]] = {
    "messages": {"messages": _inbound, "statuses": _status, "errors": _error},
    "smb_message_echoes": {"message_echoes": _echo, "errors": _error},
    "user_id_update": {"user_id_update": _identity},
}
"""``field`` -> the lists in its ``value``."""
