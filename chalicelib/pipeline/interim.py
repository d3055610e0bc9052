"""Interim, until the matching core is there."""

from chalicelib.core.capabilities import PlatformTerms
from chalicelib.core.matching import clues_in_message, clues_of, contact_keys, decide
from chalicelib.core.matching.types import Claim, Direction
from chalicelib.core.people import Clue, ContactMatch, Verdict
from chalicelib.core.policy import CarePolicy

DEFAULT_WEIGHTS = None
index_keys = contact_keys


def claims_in(said, settings):
    out = []
    for s in said:
        for c in clues_in_message(s.text, s.visibility, CarePolicy(customer_number_patterns=settings.number_patterns)):
            out.append(Claim(kind=c.kind, value=c.value, direction=Direction.OWN, visibility=s.visibility))
    return tuple(out)


def match(subject, reads, settings, *, crm, direct_only=False, weights=None):
    claims = (*subject.claims, *claims_in(subject.messages, settings))
    direct = [Clue(kind=c.kind, value=c.value, source="private message") for c in claims]
    clues = clues_of(subject.author, direct, PlatformTerms(may_match_crm=not direct_only), CarePolicy())
    rows = reads.read_keys([c.index_key for c in clues.items])
    ids = list(dict.fromkeys(i for r in rows.values() for i in r.contacts))
    return decide(subject.author, clues, [c for c in reads.read_contacts(ids) if c.ref not in subject.ruled_out])


def combine(matches):
    best = (
        [m for m in matches if m.verdict is Verdict.LINKED]
        or [m for m in matches if m.verdict is Verdict.SUGGESTED]
        or list(matches)
    )
    return best[0]


def features(subject, contact, rows, settings):
    return {"keys": float(len(rows))}
