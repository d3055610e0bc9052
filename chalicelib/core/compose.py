"""What agents read: subjects, comments, the brief, notes on delivery. Pure and byte-stable for equal input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from chalicelib.core.case import Case
from chalicelib.core.commands import HELP
from chalicelib.core.events import Attachment, InboundMessage, Surface, Visibility
from chalicelib.core.guard import Hold
from chalicelib.core.ids import ContactRef, TicketRef, digest
from chalicelib.core.people import Author, ContactMatch
from chalicelib.core.reply import Delivery, DeliveryReceipt
from chalicelib.core.who import match_lines

MOST_SUBJECT = 120
LATE = timedelta(minutes=10)
"""A message that was received so long after it was written says so on its ticket."""
_SURFACES = {
    Surface.COMMENT: "comment",
    Surface.POST: "post",
    Surface.MENTION: "mention",
    Surface.DM: "private message",
    Surface.REVIEW: "review",
    Surface.STORY: "story",
    Surface.UNKNOWN: "message",
}


def _one_line(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def withheld(title: str, permalink: str | None) -> str:
    """In place of a customer's words where the platform's terms allow no copy."""
    where = f" Read it here: {permalink}" if permalink else f" Read it on {title} itself."
    return f"({title} does not allow a copy of these words.{where})"


def subject(author: Author, title: str, message: InboundMessage, *, with_words: bool = True) -> str:
    """``Dana Weber on Facebook: My order never arrived``. ``with_words`` False: a subject can't be struck out later."""
    head = f"{_one_line(author.label, 50)} on {title}: "
    if not with_words:
        return head + _SURFACES[message.surface]
    words = message.text or (f"({message.attachments[0].kind})" if message.attachments else "(no text)")
    return head + _one_line(words, max(20, MOST_SUBJECT - len(head)))


def attachment_lines(attachments: Iterable[Attachment]) -> list[str]:
    """One line per attachment: kind, title, link."""
    return [
        f"[{item.kind}] " + " ".join(filter(None, (item.title, item.url or "(no link given by the platform)")))
        for item in attachments
    ]


def message_body(message: InboundMessage, text: str | None = None, received_at: datetime | None = None) -> str:
    """A customer's message as a ticket entry: their words, then what came along, and when it was written if it was
    received late: newer ones may stand above it."""
    words = message.text if text is None else text
    lines = attachment_lines(message.attachments)
    if received_at is not None and received_at - message.sent_at >= LATE:
        lines.append(f"(Written {_when(message.sent_at)} UTC; it reached us late, {_when(received_at)} UTC.)")
    return "\n".join([words or "(no text)", *([""] if lines else []), *lines])


def edited_body(text: str) -> str:
    """A customer's edit as a ticket entry."""
    return f"(edited their message; it now reads:)\n{text or '(no text)'}"


def deleted_note(ours: bool) -> str:
    """The note on a deletion."""
    if ours:
        return "Our reply was removed on the platform (by us natively, by the platform, or by a moderator)."
    return "The customer deleted a message on the platform. Please do not quote it in a reply."


def deleted_before_note(number: int) -> str:
    """The note on messages that were deleted before they could be written into the ticket."""
    what = "a message" if number == 1 else f"{number} messages"
    return f"The customer wrote {what} here and deleted what they wrote before it could be shown."


def surface_words(surface: Surface, visibility: Visibility) -> str:
    """``Public comment``."""
    openness = "Private" if visibility is Visibility.PRIVATE and surface is not Surface.DM else ""
    openness = "Public" if visibility is Visibility.PUBLIC else openness
    return f"{openness} {_SURFACES[surface]}".strip().capitalize()


def where_line(message: InboundMessage, title: str) -> str:
    """``Public comment on Facebook, https://…``."""
    what = surface_words(message.surface, message.visibility)
    return f"{what} on {title}" + (f": {message.permalink}" if message.permalink else "")


def brief(
    *,
    author: Author,
    title: str,
    message: InboundMessage,
    match: ContactMatch,
    also_open: Sequence[TicketRef],
    earlier: TicketRef | None,
    private_reply: bool,
    terms_note: str = "",
    links: Mapping[str, str] | None = None,
    numbers: Sequence[ContactRef] = (),
    link_hint: str = "",
) -> str:
    """The first internal note: who, why we think so, where they wrote, what else is open, how to answer."""
    urls = links or {}
    shown = [f"{item.ticket} {urls.get(str(item), '')}".strip() for item in also_open]
    before = f"Earlier: follows up ticket {earlier.ticket} {urls.get(str(earlier), '')}".rstrip() if earlier else ""
    answer = (
        "Public replies on this ticket are posted as the answer; internal notes never leave."
        if message.answerable
        else f"{title} does not let us answer this message by API: answer it on {title} itself at the link above; "
        "Careloop will see your answer and note it here."
    )
    lines = [
        f"Who: {author.label} on {title}" + (f", {author.profile_url}" if author.profile_url else ""),
        *match_lines(match, numbers),
        *([f"  {terms_note}"] if terms_note else []),
        f"Where: {where_line(message, title)}",
        f"Also open: {', '.join(shown) if shown else 'nothing'}",
        before,
        f"To answer: {answer}",
        link_hint if message.visibility is Visibility.PUBLIC else "",
    ]
    if private_reply and message.visibility is Visibility.PUBLIC:
        lines.append(f"To go on in private: an internal note with /private; {HELP['/private']}.")
    return "\n".join(["Careloop brief", *filter(None, lines)])


def posted_note(
    title: str, receipts: Sequence[DeliveryReceipt], private: bool, stripped: Sequence[str], hint: str = ""
) -> str:
    """The note after a reply was posted. ``hint``: what the agent should know for the next one."""
    where = f"in private on {title}" if private else f"on {title}"
    parts = f" in {len(receipts)} parts" if len(receipts) > 1 else ""
    links = [item.permalink for item in receipts if item.permalink]
    lines = [f"Posted {where}{parts}." + (f" {links[0]}" if links else ""), *links[1:]]
    if stripped:
        lines.append(f"Left out of the post: {', '.join(stripped)}.")
    if hint:
        lines.append(hint)
    return "\n".join(lines)


def settled_note(title: str, receipts: Sequence[DeliveryReceipt]) -> str:
    """The note when it turns out that what nobody could tell of was posted."""
    return "It was posted after all. " + posted_note(title, receipts, False, ())


def refused_note(title: str, hold: Hold, sent_parts: int = 0) -> str:
    """The note when a reply was not posted: the reason and the next option."""
    some = f" (the first {sent_parts} parts were posted)" if sent_parts else ""
    return f"NOT posted on {title}{some}: {hold.reason}.\n{hold.advice}"


def unknown_note(title: str, link: str | None) -> str:
    """The note when nobody can tell whether a reply was posted."""
    look = f" Look here: {link}" if link else ""
    return (
        f"It is UNKNOWN whether this reply was posted on {title}: the connection broke after sending.{look}\n"
        "If it is not there, write an internal note with /retry; if it is, there is nothing to do."
    )


def files_note(sent_at: datetime, stored: int, lost: int) -> str:
    """The note that brings files of an earlier message."""
    lines = [f"What the customer sent along at {_when(sent_at)} UTC:"]
    if stored:
        lines.append(f"{stored} of {stored + lost} files are here." if lost else "the files are here.")
    if lost:
        lines.append("The platform did not hand out the rest." if stored else "the platform did not hand it out.")
    return " ".join(lines)


def native_note(title: str, message: InboundMessage) -> str:
    """The note when the brand answered on the platform itself."""
    link = f" {message.permalink}" if message.permalink else ""
    return f"Answered on {title} itself (not from this ticket):{link}\n{message.text or '(no text)'}"


def route_note(private: bool, title: str) -> str:
    """The confirmation of /private and /public."""
    if private:
        return f"From now on your public replies here go to the customer in private on {title}, until /public."
    return f"From now on your public replies here go to the public thread on {title}, until /private."


def why_note(case: Case, entries: Iterable[str], deliveries: Iterable[Delivery], decisions: Iterable[str] = ()) -> str:
    """The answer to /why. ``decisions``: who settled who somebody is, and when."""
    lines = [f"Case {case.id}, {case.state}.", *match_lines(case.match, case.suggested), *decisions, *entries]
    lines += [
        f"{_when(item.began_at)} reply {item.reply} part {item.part}/{item.of}: {item.status}"
        + (f" ({item.reason})" if item.reason else "")
        for item in deliveries
    ]
    return "\n".join(lines)


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def text_digest(text: str) -> str:
    """Tells whether two texts are the same words, whatever a platform did to blanks and entities."""
    words = "".join(char for char in text.casefold() if char.isalnum())
    return digest(words, length=16)
