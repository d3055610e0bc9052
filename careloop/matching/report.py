"""One author's result as a line of JSON."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.core.people import Candidate, ContactMatch, Evidence, Verdict

DECISIONS = {Verdict.LINKED: "auto", Verdict.SUGGESTED: "suggest", Verdict.UNKNOWN: "none"}
_MOST_CANDIDATES = 3


def result_line(author: str, match: ContactMatch, *, milliseconds: float, reads: int) -> str:
    """The line, without its end. ``reads``: keys asked for."""
    candidates = [_candidate(item) for item in _candidates(match)][:_MOST_CANDIDATES]
    confidence = match.confidence or (candidates[0]["confidence"] if candidates else 0.0)
    return json.dumps(
        {
            "author_id": author,
            "decision": DECISIONS[match.verdict],
            "contact_id": match.contact.ref.contact if match.verdict is Verdict.LINKED and match.contact else None,
            "candidates": candidates,
            "confidence": round(confidence, 4),
            "flags": list(dict.fromkeys(flag.partition(":")[0] for flag in match.flags)),
            "ms": round(milliseconds, 3),
            "reads": reads,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def failed_line(author: str) -> str:
    """The line of an author who could not be dealt with."""
    return result_line(author, ContactMatch(verdict=Verdict.UNKNOWN, flags=("error",)), milliseconds=0.0, reads=0)


def _candidates(match: ContactMatch) -> tuple[Candidate, ...]:
    """The linked contact is the first of its candidates."""
    if match.verdict is not Verdict.LINKED or match.contact is None:
        return match.candidates if match.verdict is Verdict.SUGGESTED else ()
    linked = Candidate(contact=match.contact, evidence=match.evidence, confidence=match.confidence)
    return (linked, *(item for item in match.candidates if item.contact.ref != match.contact.ref))


def _candidate(item: Candidate) -> dict[str, Any]:
    return {
        "contact_id": item.contact.ref.contact,
        "confidence": round(item.confidence, 4),
        "evidence": [_evidence(one) for one in item.evidence],
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    return {"what": item.what, "strength": round(item.strength, 4), "source": item.source}
