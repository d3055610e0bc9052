"""Contacts: found or made by the platform's id, changed, forgotten."""

from __future__ import annotations

from chalicelib.connectors.helpdesks.freshdesk import bodies
from chalicelib.connectors.helpdesks.freshdesk.access import Access
from chalicelib.connectors.toolkit.api import ApiAnswer, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import PersonId, PersonRef
from chalicelib.core.people import Author

_OWN_WAYS = ("email", "phone", "mobile")


def ensure_person(access: Access, author: Author) -> PersonRef:
    """One call for a known person, two for a new one. ``unique_external_id`` is unique in an account, so racing and
    repeating are harmless. No e-mail address is copied: a mailbox is one contact in Freshdesk, and it would be written
    to."""
    key = str(author.key)
    known = _find(access, key)
    if known is None:
        answer = access.api.call(
            "POST", "/contacts", data=bodies.contact(key, author.label), idempotent=True, expect=(409,)
        )
        known = _find(access, key) or _restored(access, answer) if answer.status == 409 else _id(answer)
    return PersonRef(helpdesk=access.name, person=PersonId(known))


def erase_person(access: Access, person: PersonRef) -> str:
    """Delete the contact for good, and with it its tickets. One that agents gave an e-mail address or a telephone
    number is somebody's whole record: it only loses the platform's id."""
    path = f"/contacts/{segment(person.person)}"
    answer = access.api.get(path, expect=(404,))
    if answer.status == 404:
        return "Freshdesk holds no such contact"
    with readable():
        kept = [way for way in _OWN_WAYS if answer.json.find_text(way)]
    if kept:
        access.change(path, {"unique_external_id": None})
        return (
            f"the contact lost its social id; it has its own {kept[0]}, so Freshdesk still holds it and its tickets: "
            "delete it there (Contacts, Delete forever) if it must go"
        )
    access.drop(f"{path}/hard_delete", {"force": "true"})
    return "contact and its tickets deleted for good; tickets that agents gave another requester are still held"


def _find(access: Access, key: str) -> str | None:
    rows = access.rows("/contacts", {"unique_external_id": key})
    with readable():
        # Compared again: a filter that Freshdesk does not know would list everybody.
        return next((row.need_id("id") for row in rows if row.find_id("unique_external_id") == key), None)


def _restored(access: Access, answer: ApiAnswer) -> str:
    """Somebody deleted the contact: it holds its id in the trash, and comes back from there."""
    with readable():
        found = next((_holder(item) for item in answer.json.items("errors")), None)
    if found is None:
        raise ConflictError("another contact has this id, and Freshdesk does not say which")
    access.api.call("PUT", f"/contacts/{segment(found)}/restore", idempotent=True, expect=(404, 405))
    return found


def _holder(error: Reader) -> str | None:
    return error.find_id("additional_info", "user_id")


def _id(answer: ApiAnswer) -> str:
    with readable():
        return answer.json.need_id("id")
