"""Striking out for good, and forgetting people.

Sources: developer.zendesk.com, Ticket Comments (redact ticket comment in agent workspace; redact string in comment),
Attachments (redact comment attachment), Users (delete user), Deleted Users (permanently delete user), 2026-08.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from chalicelib.connectors.helpdesks.zendesk import bodies, reading
from chalicelib.connectors.helpdesks.zendesk.loose import case_of, look
from chalicelib.connectors.helpdesks.zendesk.reading import Entry
from chalicelib.connectors.helpdesks.zendesk.tickets import PAGE, TicketReader
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CredentialsError, NotFoundError, PermanentError, RejectedError, UnsupportedError
from chalicelib.core.ids import CommentId, PersonRef

REMOVED = "(removed)"
BLACK = "▇"
"""What Zendesk puts for each character that was struck out."""
FILE_REMOVED = "redacted.txt"
MOST_STRINGS = 100
"""Of one comment, where strings are struck out one by one."""
MOST_PAGES = 20
_TAG = re.compile(r"(<[^>]*>)")
_LINKED = re.compile(r"<(?:a|img)\b[^>]*(?<!/)(?=/?>)", re.IGNORECASE)
_RIGHT = "Zendesk refused to redact: Careloop's agent must be an admin, or have a role that may redact ticket content."


# -- comments ----------------------------------------------------------------------------------------------------------


def redact(api: ApiClient, reader: TicketReader, ticket: str, comment: CommentId) -> None:
    """See `RedactsComments`. One call for each 100 comments, one for the words and one for each file; of a ticket's
    first comment two more for the subject. UnsupportedError: the words are struck out, but something stays."""
    talk = reader.talk(ticket, after=0)
    found = next((entry for entry in talk.entries if entry.key == comment), None)
    if found is None:
        raise NotFoundError("no such comment on the ticket")
    words = found.text
    if _strings(found.html or html.escape(found.text)):
        _strike(api, ticket, found)
    stays = sum(not _strike_file(api, ticket, found, file.remote_id) for file in found.attachments if file.remote_id)
    stays += found.number == talk.oldest and not _change_subject(api, ticket, words)
    if stays:
        raise UnsupportedError("the words are struck out, but files or the subject of a closed ticket stay")


def struck(markup: str) -> str:
    """`markup` with every word between ``redact`` tags, and links and pictures marked for it."""
    parts = _TAG.split(markup)
    return "".join(_marked(part) if at % 2 else _wrapped(part) for at, part in enumerate(parts))


def _wrapped(text: str) -> str:
    return f"<redact>{text}</redact>" if text.strip() else text


def _marked(tag: str) -> str:
    return _LINKED.sub(lambda found: f"{found[0].rstrip()} redact", tag)


def _strings(markup: str) -> list[str]:
    """What can still be read in `markup`, the longest first."""
    texts = (html.unescape(part).strip() for part in _TAG.split(markup)[::2])
    return sorted({text for text in texts if text.replace(BLACK, "").strip()}, key=lambda text: (-len(text), text))


def _strike(api: ApiClient, ticket: str, entry: Entry) -> None:
    """At once, where the account has the Agent Workspace; else string by string, which a closed ticket refuses."""
    markup = entry.html or html.escape(entry.text)
    data = {"ticket_id": bodies.numeric(ticket), "html_body": struck(markup)}
    try:
        api.call("PUT", f"/comment_redactions/{segment(entry.key)}", data=data, idempotent=True)
        return
    except (CredentialsError, RejectedError, NotFoundError) as error:
        if error.remote_code == "401":
            raise
    strings = _strings(markup)
    if len(strings) > MOST_STRINGS:
        raise UnsupportedError(f"more than {MOST_STRINGS} pieces of text")
    path = f"/tickets/{segment(ticket)}/comments/{segment(entry.key)}/redact"
    for text in strings:
        try:
            api.call("PUT", path, data={"text": text}, idempotent=True)
        except CredentialsError as refused:
            raise _no_right(refused) from refused


def _no_right(refused: CredentialsError) -> CredentialsError:
    if refused.remote_code != "403":
        return refused
    return CredentialsError("HTTP 403", advice=_RIGHT, remote_code="403")


def _strike_file(api: ApiClient, ticket: str, entry: Entry, file: str) -> bool:
    """Whether it is gone; Zendesk puts an empty ``redacted.txt`` in its place. Closed tickets keep their files."""
    if any(item.remote_id == file and item.title == FILE_REMOVED for item in entry.attachments):
        return True
    path = f"/tickets/{segment(ticket)}/comments/{segment(entry.key)}/attachments/{segment(file)}/redact"
    try:
        api.call("PUT", path, data={}, idempotent=True)
    except CredentialsError as refused:
        raise _no_right(refused) from refused
    except NotFoundError:
        return True
    except RejectedError:
        return False
    return True


def _change_subject(api: ApiClient, ticket: str, words: str) -> bool:
    """Take the first message's words out of the subject. False: they stand there and stay."""
    path = f"/tickets/{segment(ticket)}"
    with readable():
        subject = look(api.get(path).json.value, "ticket", "subject")
    changed = without_words(subject, words) if isinstance(subject, str) else None
    if changed is None:
        return True
    try:
        api.call("PUT", path, data={"ticket": {"subject": changed}}, idempotent=True)
    except (RejectedError, NotFoundError):
        return False
    return True


def without_words(subject: str, words: str) -> str | None:
    """`subject` with the part behind a colon that repeats `words` replaced; None where it does not."""
    said = bodies.plain(words)
    for colon in re.finditer(": ", subject):
        tail = subject[colon.end() :].rstrip("… ")
        if tail and tail in said:
            return subject[: colon.end()] + REMOVED
    return None


# -- people ------------------------------------------------------------------------------------------------------------


def erase_person(api: ApiClient, person: PersonRef) -> str:
    """See `ErasesPeople`. Their tickets of ours get a subject without their name; then the user is deleted, and for
    good. Zendesk deletes nobody who has tickets that are not closed: then they are made anonymous."""
    user = segment(person.person)
    kept = _name_tickets(api, user)
    held = "Zendesk still holds the tickets and their history of events, which has earlier subjects"
    held += f"; {kept} closed tickets keep their subject" if kept else ""
    deleted = api.call("DELETE", f"/users/{user}", idempotent=True, expect=(404, 422))
    if deleted.status == 422:
        rest = _make_anonymous(api, user)
        return (
            f"User {person.person} was made anonymous{rest}, because Zendesk deletes nobody whose tickets are not all "
            f"closed: run this again when they are, or delete the user there. {held}."
        )
    gone = api.call("DELETE", f"/deleted_users/{user}", idempotent=True, expect=(403, 404))
    if gone.status == 403:
        return f"User {person.person} was deleted; for good only an admin can (People, Deleted users). {held}."
    if gone.status == 404 and deleted.status == 404:
        return f"Zendesk has no user {person.person} any more. {held}."
    return f"User {person.person} was deleted for good. {held}."


def _name_tickets(api: ApiClient, user: str) -> int:
    """Take names and words out of the subjects of their cases. Returns how many refused."""
    kept = 0
    for number in _cases(api, user):
        path = f"/tickets/{segment(number)}"
        try:
            api.call("PUT", path, data={"ticket": {"subject": REMOVED}}, idempotent=True)
        except (RejectedError, NotFoundError):
            kept += 1
    return kept


def _cases(api: ApiClient, user: str) -> list[str]:
    """Tickets with a case's external id and a subject that still tells something."""
    found: list[str] = []
    for page in _requested(api, user):
        with readable():
            for item in page.items("tickets"):
                if case_of(look(item.value, "external_id")) and look(item.value, "subject") != REMOVED:
                    found.append(item.need_id("id"))
    return found


def _requested(api: ApiClient, user: str) -> Iterator[Reader]:
    after: str | None = None
    for _ in range(MOST_PAGES):
        params = {"page[size]": PAGE, "page[after]": after}
        try:
            answer = api.get(f"/users/{user}/tickets/requested", params)
        except NotFoundError:
            return
        with readable():
            page = answer.json
        yield page
        after = reading.next_page(page)
        if after is None:
            return


def _make_anonymous(api: ApiClient, user: str) -> str:
    """Name, our key, notes and addresses go. Returns words about what stays."""
    api.call("PUT", f"/users/{user}", data=bodies.nobody(), idempotent=True)
    with readable():
        identities = [item.need_id("id") for item in api.get(f"/users/{user}/identities").json.items("identities")]
    left = 0
    for identity in identities:
        try:
            api.call("DELETE", f"/users/{user}/identities/{segment(identity)}", idempotent=True)
        except NotFoundError:
            continue
        except PermanentError:
            left += 1
    return f" but for {left} addresses" if left else ""
