"""One author, one CRM: which contact it is, if any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.core.ids import ContactId
from chalicelib.core.matching.comparing import Comparison, compare_contact
from chalicelib.core.matching.deciding import Link, is_one_person, links, same_person
from chalicelib.core.matching.explaining import reasons
from chalicelib.core.matching.folding import fold_handle, skeleton, undecorated
from chalicelib.core.matching.keys import claim_keys, clue_key, key, shown_initials
from chalicelib.core.matching.names import Level
from chalicelib.core.matching.suspicion import flags_of, impersonated
from chalicelib.core.matching.types import KeyRow, MatchSettings, Reads, Subject
from chalicelib.core.matching.view import View, view_of
from chalicelib.core.matching.weights import DEFAULT_WEIGHTS, Weights
from chalicelib.core.people import Candidate, ClueKind, Contact, ContactMatch, Evidence, Verdict

MOST_CANDIDATES = 3
MOST_CONTACTS = 48
"""Contacts read for one author."""
_MOST_SHARERS = 12
_MOST_NAMESAKES = 12
_MOST_AVATARS = 4
_LEAST_OF_OTHERS = 0.03


def match(
    subject: Subject,
    reads: Reads,
    settings: MatchSettings,
    *,
    crm: str,
    direct_only: bool = False,
    weights: Weights = DEFAULT_WEIGHTS,
) -> ContactMatch:
    """The contact of `crm` behind an author: linked on exact owned evidence with one fitting owner, else suggested by
    likelihood, else unknown. At most two rounds of key reads and one of contacts. ``direct_only``: the platform's terms
    let us use only what the author told us in private."""
    view = view_of(subject, settings, direct_only=direct_only)
    rows = dict(_read(reads, view.first_keys()))
    if not any(_listed(rows, item) for item in _id_keys(view)):
        rows.update(_read(reads, [item for item in view.more_keys() if item not in rows]))
    view = replace(view, is_known_name=any(_knows(rows, pair) for pair in shown_initials(view.name)))
    wanted = tuple(dict.fromkeys(_wanted(view, rows)))[:MOST_CONTACTS]
    contacts = reads.read_contacts(wanted) if wanted else ()
    compared = [
        compare_contact(view, contact, rows)
        for contact in sorted(contacts, key=lambda item: str(item.ref))
        if contact.ref.crm == crm and contact.ref not in subject.ruled_out
    ]
    return _decided(view, compared, weights)


def _knows(rows: Mapping[str, KeyRow], pair: str) -> bool:
    """Whether the CRM knows a family of that name, with that initial."""
    row = rows.get(key("initial", pair))
    return row is not None and (row.is_full or bool(row.contacts))


def _read(reads: Reads, keys: Sequence[str]) -> Mapping[str, KeyRow]:
    return reads.read_keys(keys) if keys else {}


def _id_keys(view: View) -> list[str]:
    found = (clue_key(ClueKind.PLATFORM_ID, item, view.platform) for item in sorted(view.ids))
    return [item for item in found if item]


def _listed(rows: Mapping[str, KeyRow], name: str | None, most: int = MOST_CONTACTS) -> tuple[ContactId, ...]:
    """Who holds a key, unless so many do that it says nothing."""
    row = rows.get(name) if name else None
    return row.contacts if row and not row.is_full and len(row.contacts) <= most else ()


def _wanted(view: View, rows: Mapping[str, KeyRow]) -> Iterator[ContactId]:
    """Whom to read, the likeliest first: exact identifiers, name and city, handles, names that few have."""
    for name in _id_keys(view):
        yield from _listed(rows, name)
    for claim in view.usable:
        for name in claim_keys(claim):
            yield from _listed(rows, name, _MOST_SHARERS)
    if view.handle:
        yield from _listed(rows, clue_key(ClueKind.HANDLE, view.handle, view.platform))
    if view.avatar:
        yield from _listed(rows, key("avatar", view.avatar), _MOST_AVATARS)
    for city in view.cities[:2]:
        for pair in view.pairs:
            yield from _listed(rows, key("name_city", pair, city), _MOST_NAMESAKES)
    for item in [view.handle, *sorted(view.mentions)] if view.handle else sorted(view.mentions):
        yield from _listed(rows, key("any_handle", fold_handle(item)), _MOST_NAMESAKES)
    if view.handle:
        for name in (
            key("like", skeleton(view.handle)),
            *(key("any_handle", item) for item in undecorated(view.handle)),
        ):
            yield from _listed(rows, name, _MOST_AVATARS)
    rest = [name for name in rows if name.partition(":")[0] in ("name", "squash", "mailbox", "domain", "email")]
    if len(view.name.words) < 2 or view.name.is_coined or any(len(word) == 1 for word in view.name.words):
        rest += [name for name in rows if name.startswith("initial:")]
    for name in sorted(rest, key=lambda item: (rows[item].count, item)):
        yield from _listed(rows, name, _MOST_NAMESAKES)
    for pair in shown_initials(view.name):
        yield from _listed(rows, key("initial", pair), _MOST_AVATARS)


# ---- from comparisons to a verdict -----------------------------------------------------------------------------------


def _decided(view: View, compared: Sequence[Comparison], weights: Weights) -> ContactMatch:
    impostors = impersonated(view, compared)
    found = links(view, compared)
    best = _one_person(found, compared)
    duplicates = _duplicates(best.comparison.contact if best else None, compared)
    flags = flags_of(view, compared, impostors, duplicates)
    if best is not None:
        return ContactMatch(
            verdict=Verdict.LINKED,
            contact=best.comparison.contact,
            confidence=best.confidence,
            evidence=reasons(view, best.comparison, weights),
            flags=flags,
        )
    return _suggested(view, compared, found, flags, weights)


def _one_person(found: Sequence[Link], compared: Sequence[Comparison]) -> Link | None:
    """The link, if all that could be made are to one person: of duplicates the surest, then the oldest record."""
    if not found:
        return None
    best = min(found, key=_preference)
    others = [item.comparison for item in found if item is not best]
    return best if all(is_one_person(best.comparison, other, compared) for other in others) else None


def _preference(link: Link) -> tuple[float, int, float, str]:
    contact = link.comparison.contact
    created = contact.created.timestamp() if contact.created else float("inf")
    return (-link.confidence, -len(link.comparison.told), created, str(contact.ref))


def _duplicates(contact: Contact | None, compared: Sequence[Comparison]) -> list[Contact]:
    if contact is not None:
        same = [item.contact for item in compared if item.contact is not contact and same_person(contact, item.contact)]
        return [contact, *same]
    for place, item in enumerate(compared[: MOST_CANDIDATES * 4]):
        same = [other.contact for other in compared[place + 1 :] if same_person(item.contact, other.contact)]
        if same:
            return [item.contact, *same]
    return []


def _suggested(
    view: View, compared: Sequence[Comparison], found: Sequence[Link], flags: tuple[str, ...], weights: Weights
) -> ContactMatch:
    scores = [weights.score(item.features) for item in compared]
    ranked = sorted(
        zip(weights.likelihoods(scores), scores, compared, strict=True),
        key=lambda entry: (-entry[1], str(entry[2].contact.ref)),
    )
    if not ranked or _worth(ranked[:MOST_CANDIDATES]) < weights.least:
        return ContactMatch(verdict=Verdict.UNKNOWN, note=_note(found, flags), flags=flags)
    candidates = tuple(
        Candidate(contact=item.contact, evidence=reasons(view, item, weights), confidence=round(likelihood, 4))
        for likelihood, _, item in ranked[:MOST_CANDIDATES]
        if likelihood >= min(_LEAST_OF_OTHERS, ranked[0][0]) or item.handle or item.told
    )
    return ContactMatch(
        verdict=Verdict.SUGGESTED,
        confidence=candidates[0].confidence,
        candidates=candidates,
        note=_note(found, flags),
        flags=flags,
    )


def _worth(ranked: Sequence[tuple[float, float, Comparison]]) -> float:
    """How likely it is that a look at these helps: the best one's likelihood, or that of all who share what was told.
    What was told in private is worth a look unless the name is another."""
    if any(likelihood >= _LEAST_OF_OTHERS and _is_worth_a_look(item) for likelihood, _, item in ranked):
        return 1.0
    return max(ranked[0][0], sum(likelihood for likelihood, _, item in ranked if item.told))


def _is_worth_a_look(item: Comparison) -> bool:
    has_told = any(told.is_private and not told.is_loose and told.holders <= _MOST_SHARERS for told in item.told)
    is_role = "email_role" in item.features
    return has_told and not is_role and item.name.given is not Level.DIFFERENT and not item.has_other_id


def _note(found: Sequence[Link], flags: tuple[str, ...]) -> str | None:
    if len(found) > 1:
        return f"{len(found)} contacts fit: please choose."
    if any(flag.startswith("recycled:") for flag in flags):
        return "A contact with this handle is recorded with another account id or name: not linked."
    return None


def combine(matches: Sequence[ContactMatch]) -> ContactMatch:
    """What several CRMs say, as one: a link that no other link contradicts; else suggestions, the likeliest first."""
    linked = [item for item in matches if item.verdict is Verdict.LINKED and item.contact is not None]
    flags = tuple(dict.fromkeys(flag for item in matches for flag in item.flags))
    notes = " ".join(dict.fromkeys(item.note for item in matches if item.note)) or None
    if len(linked) == 1:
        return replace(linked[0], flags=flags, note=notes)
    candidates = [candidate for item in matches for candidate in item.candidates]
    candidates += [_as_candidate(item.contact, item) for item in linked if item.contact is not None]
    if not candidates:
        return ContactMatch(verdict=Verdict.UNKNOWN, note=notes, flags=flags)
    candidates.sort(key=lambda item: (-item.confidence, str(item.contact.ref)))
    if len(linked) > 1:
        notes = f"{len(linked)} CRMs each know this author as somebody: please choose."
    return ContactMatch(
        verdict=Verdict.SUGGESTED,
        confidence=candidates[0].confidence,
        candidates=tuple(candidates[:MOST_CANDIDATES]),
        note=notes,
        flags=flags,
    )


def _as_candidate(contact: Contact, found: ContactMatch) -> Candidate:
    evidence: tuple[Evidence, ...] = found.evidence
    return Candidate(contact=contact, evidence=evidence, confidence=found.confidence)
