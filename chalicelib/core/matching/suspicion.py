"""What an agent must beware of: impostors, recycled handles, duplicates in the CRM, identifiers of somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.matching.comparing import Comparison, is_only_name
from chalicelib.core.matching.folding import disguise, fold_handle
from chalicelib.core.matching.names import Level
from chalicelib.core.matching.normalise import normalise_handle, normalise_platform
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
    points += _alike(view, item) + _is_young(view, item.contact) + _has_few_followers(view)
    least = _SUSPICIOUS if item.has_other_id else _SUSPICIOUS + 1
    return " and ".join(copied) if points >= least else ""


def _is_young(view: View, contact: Contact) -> bool:
    """The account is younger than the record of the person whose name it shows."""
    made = view.author.profile.account_created if view.author.profile else None
    return bool(made and contact.created and made.date() > contact.created.date())


def _has_few_followers(view: View) -> bool:
    followers = view.author.profile.followers if view.author.profile else None
    return followers is not None and followers < _FEW_FOLLOWERS


def _alike(view: View, item: Comparison) -> int:
    """2: the handle differs from the recorded one in letters that look alike; 1: in a few characters, which says
    something only where the handle is more than the name that namesakes share."""
    best = 0
    mine = fold_handle(view.handle)
    for social in item.contact.social:
        handle = normalise_handle(social.handle) if social.handle else None
        if not handle or normalise_platform(social.platform) != view.platform:
            continue
        theirs = fold_handle(handle)
        if mine != theirs and view.handle != handle and _look_alike(mine, theirs):
            best = 2
        elif not is_only_name(theirs, item.record, with_digits=True) and _is_near(mine, theirs):
            best = max(best, 1)
    return best


def _look_alike(one: str, other: str) -> bool:
    """The same letters to a quick reader: "rn" for "m", "1" for "l"; digits at the end are read."""
    return disguise(one) == disguise(other)


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
