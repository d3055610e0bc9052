"""Who is this? Deterministic clues only: a link is made on exact evidence with one owner, never on a guess."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.core.capabilities import PlatformTerms
from chalicelib.core.events import Visibility
from chalicelib.core.matching.normalise import (
    normalise_email,
    normalise_handle,
    normalise_id,
    normalise_number,
    normalise_phone,
)
from chalicelib.core.people import (
    Author,
    Candidate,
    Clue,
    ClueKind,
    Clues,
    Contact,
    ContactMatch,
    Evidence,
    Identity,
    Verdict,
)
from chalicelib.core.policy import CarePolicy
from chalicelib.core.text.identifiers import IdentifierKind, find_identifiers

STRENGTH = {
    ClueKind.PLATFORM_ID: 1.0,
    ClueKind.EMAIL: 0.99,
    ClueKind.PHONE: 0.97,
    ClueKind.CUSTOMER_NUMBER: 0.97,
    ClueKind.HANDLE: 0.95,
}
WORDS = {
    ClueKind.PLATFORM_ID: "platform id",
    ClueKind.EMAIL: "e-mail",
    ClueKind.PHONE: "phone",
    ClueKind.CUSTOMER_NUMBER: "customer number",
    ClueKind.HANDLE: "handle",
}
MOST_CANDIDATES = 3
_KINDS = {
    IdentifierKind.EMAIL: ClueKind.EMAIL,
    IdentifierKind.PHONE: ClueKind.PHONE,
    IdentifierKind.CUSTOMER_NUMBER: ClueKind.CUSTOMER_NUMBER,
}


NORMALISE = {
    ClueKind.EMAIL: normalise_email,
    ClueKind.PHONE: normalise_phone,
    ClueKind.HANDLE: normalise_handle,
    ClueKind.CUSTOMER_NUMBER: normalise_number,
    ClueKind.PLATFORM_ID: normalise_id,
}


def _clue(kind: ClueKind, value: str | None, source: str, platform: str = "") -> list[Clue]:
    normal = NORMALISE[kind](value) if value else None
    return [Clue(kind=kind, value=normal, platform=platform, source=source)] if normal else []


def clues_in_message(text: str, visibility: Visibility, policy: CarePolicy) -> tuple[Clue, ...]:
    """Identifiers that the author gave us in private. What is said in public could be anybody's, and is no clue."""
    if visibility is not Visibility.PRIVATE or not text:
        return ()
    found: list[Clue] = []
    for item in find_identifiers(text, policy.customer_number_patterns):
        found += _clue(_KINDS[item.kind], item.value, "private message")
    return tuple(dict.fromkeys(found))


def clues_of(author: Author, in_message: Iterable[Clue], terms: PlatformTerms, policy: CarePolicy) -> Clues:
    """All clues about `author`. Where the platform's terms forbid matching, only what was given to us directly."""
    direct = list(in_message)
    if not policy.crm_may_match:
        return Clues()
    if not terms.may_match_crm:
        return Clues(items=tuple(direct))
    platform = author.key.platform
    items = [
        *_clue(ClueKind.PLATFORM_ID, author.key.author, "platform id", platform),
        *_clue(ClueKind.EMAIL, author.email, "profile"),
        *_clue(ClueKind.PHONE, author.phone, "profile"),
        *direct,
        *_clue(ClueKind.HANDLE, author.handle, "profile", platform),
    ]
    return Clues(items=tuple(dict.fromkeys(items)))


def contact_keys(contact: Contact) -> frozenset[str]:
    """Every index key that `contact` may be found by."""
    found = [
        *(clue for value in contact.emails for clue in _clue(ClueKind.EMAIL, value, "")),
        *(clue for value in contact.phones for clue in _clue(ClueKind.PHONE, value, "")),
        *(clue for value in contact.customer_numbers for clue in _clue(ClueKind.CUSTOMER_NUMBER, value, "")),
    ]
    for social in contact.social:
        found += _clue(ClueKind.HANDLE, social.handle, "", social.platform)
        found += _clue(ClueKind.PLATFORM_ID, social.user_id, "", social.platform)
    return frozenset(clue.index_key for clue in found)


def match_identity(identity: Identity) -> ContactMatch:
    """The match of an author whose contact was settled before."""
    why = Evidence(
        what=f"known link, set by {identity.decided_by} on {identity.decided_at:%Y-%m-%d}: {identity.why}",
        strength=1.0,
        source="link",
    )
    contact = Contact(ref=identity.contact, name=identity.contact_name)
    return ContactMatch(verdict=Verdict.LINKED, contact=contact, confidence=1.0, evidence=(why,))


def decide(author: Author, clues: Clues, contacts: Sequence[Contact]) -> ContactMatch:
    """One fitting contact: linked. Several: suggested, at most three, the best evidence first. None: unknown.

    A contact whose record holds another id of the same platform than the author's is not this author, whatever else
    agrees: handles are recycled.
    """
    candidates = []
    vetoed = 0
    for contact in {item.ref: item for item in contacts}.values():
        keys = contact_keys(contact)
        evidence = tuple(_evidence(clue) for clue in clues.items if clue.index_key in keys)
        if not evidence:
            continue
        if _contradicts(author, contact):
            vetoed += 1
        else:
            candidates.append(Candidate(contact=contact, evidence=evidence))
    note = "A contact with this handle is recorded with another account id: not linked." if vetoed else None
    candidates.sort(key=lambda item: (-max(e.strength for e in item.evidence), str(item.contact.ref)))
    if not candidates:
        return ContactMatch(verdict=Verdict.UNKNOWN, note=note)
    if len(candidates) == 1:
        best = candidates[0]
        confidence = max(item.strength for item in best.evidence)
        return ContactMatch(
            verdict=Verdict.LINKED, contact=best.contact, confidence=confidence, evidence=best.evidence, note=note
        )
    return ContactMatch(
        verdict=Verdict.SUGGESTED,
        candidates=tuple(candidates[:MOST_CANDIDATES]),
        note=f"{len(candidates)} contacts fit: please choose.",
    )


def _evidence(clue: Clue) -> Evidence:
    shown = f"@{clue.value}" if clue.kind is ClueKind.HANDLE else clue.value
    on = f" on {clue.platform}" if clue.platform else ""
    return Evidence(what=f"{WORDS[clue.kind]} {shown}{on}", strength=STRENGTH[clue.kind], source=clue.source)


def _contradicts(author: Author, contact: Contact) -> bool:
    ids = {author.key.author, *author.alternative_ids}
    recorded = [item.user_id for item in contact.social if item.platform == author.key.platform and item.user_id]
    return bool(recorded) and not ids.intersection(recorded)
