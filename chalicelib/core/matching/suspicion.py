"""What an agent must beware of: impostors, recycled handles, duplicates in the CRM, identifiers of somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.matching.comparing import Comparison
from chalicelib.core.matching.folding import fold_handle, skeleton
from chalicelib.core.matching.names import Level
from chalicelib.core.matching.normalise import normalise_handle, normalise_platform
from chalicelib.core.matching.types import Direction
from chalicelib.core.matching.view import View
from chalicelib.core.people import ClueKind, Contact

_SUSPICIOUS = 4
_FEW_FOLLOWERS = 50
_WORDS = {ClueKind.EMAIL: "e-mail", ClueKind.PHONE: "phone number", ClueKind.CUSTOMER_NUMBER: "number"}


def impersonated(view: View, compared: Sequence[Comparison]) -> list[tuple[Comparison, str]]:
    """Contacts whom the author seems to impersonate, each with what speaks for it. An author whose id is recorded
    impersonates nobody."""
    if any(item.has_id for item in compared):
        return []
    return [(item, why) for item in compared if (why := _why_impostor(view, item))]


def _why_impostor(view: View, item: Comparison) -> str:
    """A copied name or picture of somebody who has another presence on the same network."""
    if not (item.has_other_id or item.has_other_handle) or item.handle:
        return ""
    reasons: list[str] = []
    points = 2 if item.has_other_id else 1
    if item.has_same_avatar:
        reasons.append("picture")
        points += 2
    if item.name.is_full:
        reasons.append("name")
        points += 1
    if not reasons:
        return ""
    alike = _alike(view, item.contact)
    points += alike
    profile = view.author.profile
    is_new = bool(
        profile
        and profile.account_created
        and item.contact.created
        and profile.account_created.date() > item.contact.created.date()
    )
    points += is_new
    points += bool(profile and profile.followers is not None and profile.followers < _FEW_FOLLOWERS)
    if points < _SUSPICIOUS or (len(reasons) == 1 and not (item.has_same_avatar or alike)):
        return ""
    return " and ".join(reasons)


def _alike(view: View, contact: Contact) -> int:
    """2: the handle looks like the recorded one by letters that look alike; 1: by what is added or left out."""
    best = 0
    mine = fold_handle(view.handle)
    for item in contact.social:
        handle = normalise_handle(item.handle) if item.handle else None
        if not handle or normalise_platform(item.platform) != view.platform:
            continue
        theirs = fold_handle(handle)
        if mine != theirs and len(mine) == len(theirs) and skeleton(view.handle) == skeleton(handle):
            best = max(best, 2)
        elif skeleton(view.handle) == skeleton(handle) or _is_near(mine, theirs):
            best = max(best, 1)
    return best


def _is_near(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 5:
        return False
    if one in other or other in one:
        return True
    from jellyfish import damerau_levenshtein_distance

    return bool(damerau_levenshtein_distance(one, other) <= 2)


def flags_of(
    view: View,
    compared: Sequence[Comparison],
    impostors: Sequence[tuple[Comparison, str]],
    duplicates: Sequence[Contact],
) -> tuple[str, ...]:
    """ "code: words", each code once."""
    found: list[str] = []
    if impostors:
        item, why = impostors[0]
        found.append(f"impostor: copies the {why} of {item.contact.name}, who has another account here")
    for item in compared:
        if item.handle and not item.has_id and (item.has_other_id or _is_somebody_else(view, item)):
            found.append(
                f"recycled: @{item.handle} is recorded for {item.contact.name} with another account id or name"
            )
            break
    if len(duplicates) > 1:
        names = ", ".join(str(contact.ref.contact) for contact in duplicates)
        found.append(f"duplicate: the CRM has this person more than once ({names}); they could be merged")
    for claim in view.claims:
        if claim.direction is Direction.OTHER and claim.why not in ("quoted", "the company's own"):
            found.append(f"third-party: the message names somebody else's {_WORDS[claim.kind]} ({claim.why})")
            break
    return tuple(found)


def _is_somebody_else(view: View, item: Comparison) -> bool:
    return item.name.given is Level.DIFFERENT and view.name.is_person_like
