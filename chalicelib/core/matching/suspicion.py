"""What an agent must beware of: impostors, recycled handles, duplicates in the CRM, identifiers of somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.matching.comparing import Comparison
from chalicelib.core.matching.likeness import how_alike, is_young
from chalicelib.core.matching.names import Level
from chalicelib.core.matching.types import Direction
from chalicelib.core.matching.view import View
from chalicelib.core.people import ClueKind, Contact

_SUSPICIOUS = 5
_FEW_FOLLOWERS = 100
_WORDS = {ClueKind.EMAIL: "e-mail", ClueKind.PHONE: "phone number", ClueKind.CUSTOMER_NUMBER: "number"}


def impersonated(view: View, compared: Sequence[Comparison]) -> list[tuple[Comparison, str]]:
    """Contacts whom the author seems to impersonate, each with what speaks for it. An author whose id is recorded
    impersonates nobody."""
    if any(item.has_id for item in compared):
        return []
    return [(item, why) for item in compared if (why := _why_impostor(view, item))]


def _why_impostor(view: View, item: Comparison) -> str:
    """A copied name or picture of somebody who has another presence on the same network. Their owners too rename
    accounts and open second ones: a recorded id tells more than a recorded handle, and a handle made to look alike, a
    young account and few followers speak for a copy."""
    if not (item.has_other_id or item.has_other_handle) or item.handle:
        return ""
    copied = [word for word, has in (("name", item.name.is_full), ("picture", item.has_same_avatar)) if has]
    if not copied:
        return ""
    points = 2 if item.has_other_id else 1
    points += 2 * item.has_same_avatar + item.name.is_full
    points += (
        how_alike(view.handle, item.other_handles, item.record)
        + is_young(view.author, item.contact)
        + _has_few_followers(view)
    )
    is_telling = item.has_other_id and item.has_same_avatar
    least = _SUSPICIOUS if is_telling else _SUSPICIOUS + 1
    return " and ".join(copied) if points >= least else ""


def _has_few_followers(view: View) -> bool:
    followers = view.author.profile.followers if view.author.profile else None
    return followers is not None and followers < _FEW_FOLLOWERS


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
