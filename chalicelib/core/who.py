"""Words for agents on who somebody is: the record, suggestions with their numbers, warnings, decisions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.core.ids import ContactRef
from chalicelib.core.people import (
    Author,
    Candidate,
    Contact,
    ContactMatch,
    Evidence,
    Identity,
    Rejection,
    Verdict,
)

CARELOOP = "careloop"
"""Who decided, where no agent did."""
KNOWN_LINK = "link"
"""The source of the evidence of a match that was settled before."""
MOST_SUGGESTED = 30
_FLAGS = {
    "impostor": "Possible impostor",
    "duplicate": "Duplicate in the CRM, merge these two",
    "recycled": "The handle may belong to somebody else now",
    "third-party": "Somebody else's data",
}
_WORDS = ((0.9, "very likely"), (0.7, "likely"), (0.4, "possible"), (0.0, "less likely"))


def likelihood(confidence: float) -> str:
    """``likely (72 %)``; never 100 %, which nobody can know."""
    words = next(word for bound, word in _WORDS if confidence >= bound)
    return f"{words} ({min(99, max(1, round(confidence * 100)))} %)"


def named(contact: Contact) -> str:
    """``Kim Weber, crm:4711 https://…``."""
    return f"{contact.name}, {contact.ref}" + (f" {contact.url}" if contact.url else "")


def match_lines(match: ContactMatch, numbers: Sequence[ContactRef] = ()) -> list[str]:
    """Who this is in the CRM, and why we think so. ``numbers``: the suggestions by their numbers (`Case.suggested`)."""
    lines: list[str] = []
    if match.verdict is Verdict.LINKED and match.contact:
        lines.append(f"Customer record: {named(match.contact)}")
        lines += [f"  because: {item.what} ({item.source})" for item in match.evidence]
    elif match.verdict is Verdict.SUGGESTED:
        lines.append("Customer record: not certain. Possible:")
        for candidate in match.candidates:
            lines += _candidate_lines(candidate, numbers)
        lines += _how(match.candidates, numbers)
    else:
        lines.append("Customer record: none found.")
    lines += [f"  {match.note}"] if match.note else []
    return [*lines, *(f"  {flag_words(flag)}" for flag in match.flags)]


def flag_words(flag: str) -> str:
    """``impostor: copies the picture of …`` -> ``Beware. Possible impostor: copies the picture of …``."""
    code, _, rest = flag.partition(":")
    kind = _FLAGS.get(code.strip())
    return f"Beware. {kind}: {rest.strip()}" if kind and rest.strip() else f"Beware. {kind or flag}"


def _candidate_lines(candidate: Candidate, numbers: Sequence[ContactRef]) -> list[str]:
    number = numbers.index(candidate.contact.ref) + 1 if candidate.contact.ref in numbers else None
    chance = f": {likelihood(candidate.confidence)}" if candidate.confidence > 0 else ""
    lines = [f"  {f'{number}.' if number else '-'} {named(candidate.contact)}{chance}"]
    for head, items in (
        ("fits by", [item for item in candidate.evidence if item.strength >= 0]),
        ("against", [item for item in candidate.evidence if item.strength < 0]),
    ):
        if items:
            lines.append(f"    {head}: " + "; ".join(f"{item.what} ({item.source})" for item in items))
    return lines


def _how(candidates: Sequence[Candidate], numbers: Sequence[ContactRef]) -> list[str]:
    shown = [numbers.index(item.contact.ref) + 1 for item in candidates if item.contact.ref in numbers]
    if not shown:
        return []
    return [f"  To choose: an internal note with /link {shown[0]}. If it is nobody you know: /not-a-customer."]


# -- what is kept of a match -------------------------------------------------------------------------------------------


def kept(match: ContactMatch) -> ContactMatch:
    """`match` as a case keeps it: of those who are only suggested no more than what names them."""
    return replace(match, candidates=tuple(replace(item, contact=_slim(item.contact)) for item in match.candidates))


def _slim(contact: Contact) -> Contact:
    return Contact(ref=contact.ref, name=contact.name, url=contact.url)


def with_suggested(before: Sequence[ContactRef], match: ContactMatch) -> tuple[ContactRef, ...]:
    """The numbers after `match` is shown: whoever had one keeps it."""
    shown = [item.contact.ref for item in match.candidates]
    return tuple(dict.fromkeys([*before, *shown]))[:MOST_SUGGESTED]


def as_suggested(match: ContactMatch) -> ContactMatch:
    """A link that is not to be trusted by itself: a suggestion."""
    if match.verdict is not Verdict.LINKED or match.contact is None:
        return match
    candidate = Candidate(contact=match.contact, evidence=match.evidence, confidence=match.confidence)
    return ContactMatch(verdict=Verdict.SUGGESTED, candidates=(candidate,), note=match.note, flags=match.flags)


# -- what was settled --------------------------------------------------------------------------------------------------


def known_match(identity: Identity) -> ContactMatch:
    """The match of an author whose contact was settled before."""
    why = f"known link, set by {identity.decided_by} on {identity.decided_at:%Y-%m-%d}: {identity.why}"
    contact = Contact(ref=identity.contact, name=identity.contact_name)
    evidence = (Evidence(what=why, strength=1.0, source=KNOWN_LINK),)
    return ContactMatch(verdict=Verdict.LINKED, contact=contact, confidence=1.0, evidence=evidence)


def decided_match(contact: Contact, identity: Identity) -> ContactMatch:
    """The match that an agent's /link makes."""
    return replace(known_match(identity), contact=contact)


def no_customer(rejection: Rejection) -> ContactMatch:
    """The match of somebody of whom an agent said that they are no customer."""
    when = f"{rejection.decided_at:%Y-%m-%d}"
    note = f"{rejection.decided_by} said on {when} that this is no customer: nobody was looked for."
    return ContactMatch(verdict=Verdict.UNKNOWN, note=note)


def last_decision(identity: Identity | None, rejections: Iterable[Rejection]) -> datetime | None:
    """When an agent decided last who somebody is."""
    times = [item.decided_at for item in rejections]
    if identity is not None and identity.decided_by != CARELOOP:
        times.append(identity.decided_at)
    return max(times, default=None)


# -- notes -------------------------------------------------------------------------------------------------------------


def rematch_note(match: ContactMatch, numbers: Sequence[ContactRef] = ()) -> str:
    """The note when a later message settles who somebody is, or lets somebody be suggested."""
    first = "Careloop found the customer's record after their latest message."
    if match.verdict is Verdict.SUGGESTED:
        first = "After the customer's latest message these records are possible."
    return "\n".join([first, *match_lines(match, numbers)])


def people(authors: Sequence[Author], titles: Mapping[str, str]) -> str:
    """``Kim (@kim) on Bluesky, Kim on Messenger``. ``titles``: of the platforms, by name."""
    return ", ".join(f"{item.label} on {titles.get(item.key.platform, item.key.platform)}" for item in authors)


def linked_note(who: str, contact: Contact, also: Sequence[str], others: str, terms: str) -> str:
    """The confirmation of /link. ``who``: as `people` names them; ``also``: their other open tickets; ``others``: who
    else writes on this ticket."""
    lines = [
        f"Linked: {who} is {named(contact)}.",
        "Whatever they write from now on is theirs; their other open tickets and the CRM follow. To undo: /unlink.",
    ]
    if also:
        lines.append(f"Also open for this customer: {', '.join(also)}.")
    if others:
        lines.append(f"Not changed: {others}, who also wrote here.")
    return "\n".join([*lines, *([terms] if terms else [])])


def unlinked_note(who: str, names: Sequence[str], match: ContactMatch, numbers: Sequence[ContactRef]) -> str:
    """The confirmation of /unlink."""
    return "\n".join(
        [
            f"Unlinked: {who} is not {', '.join(names)}.",
            "Their other open tickets and the CRM follow, and this record is not offered for them again. "
            "If it was right after all: /link with its id.",
            *match_lines(match, numbers),
        ]
    )


def not_customer_note(who: str) -> str:
    """The confirmation of /not-a-customer."""
    return (
        f"Noted: {who} is no customer. Nobody is looked for when they write again. "
        "If that changes: /link with the record's id, or /unlink to take this back."
    )
