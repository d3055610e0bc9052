"""Reasons in an agent's words: what agrees, how strongly, and where it was seen."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.core.matching.comparing import Comparison
from chalicelib.core.matching.view import View
from chalicelib.core.matching.weights import Weights
from chalicelib.core.people import ClueKind, Evidence

_TOLD = {ClueKind.EMAIL: "e-mail", ClueKind.PHONE: "phone", ClueKind.CUSTOMER_NUMBER: "customer number"}
_STRENGTH = {ClueKind.EMAIL: 0.99, ClueKind.PHONE: 0.97, ClueKind.CUSTOMER_NUMBER: 0.97}
_FEATURES = {
    "name_full": ("name {name}", "profile"),
    "given_similar": ("similar given name: may be a relative", "profile"),
    "family_similar": ("similar family name", "profile"),
    "name_initial": ("initial and family name", "profile"),
    "given_only": ("given name", "profile"),
    "family_only": ("family name", "profile"),
    "name_relative": ("another given name: may be a relative", "profile"),
    "name_differs": ("another name", "profile"),
    "city_equal": ("city {city}", "profile"),
    "city_differs": ("another city than {city}", "profile"),
    "country_differs": ("another country", "profile"),
    "handle_elsewhere": ("handle @{handle} on another network", "profile"),
    "handle_alike": ("similar handle", "profile"),
    "handle_name_full": ("the handle holds the name", "handle"),
    "handle_name_family": ("the handle holds the family name", "handle"),
    "bio_handle": ("the bio names a recorded handle", "bio"),
    "website_domain": ("website {domain} and e-mail address", "profile"),
    "company": ("company {company}", "bio"),
    "other_id": ("recorded with another account on this platform", "CRM"),
    "other_handle": ("recorded with another handle on this platform", "CRM"),
}


def reasons(view: View, item: Comparison, weights: Weights) -> tuple[Evidence, ...]:
    """All of `item`'s evidence, exact identifiers first, then by weight; what contradicts comes last, with strength
    0."""
    return (*_exact(view, item), *_weighed(view, item, weights))


def _exact(view: View, item: Comparison) -> Iterator[Evidence]:
    if item.has_id:
        yield Evidence(
            what=f"platform id {view.author.key.author} on {view.platform}", strength=1.0, source="platform id"
        )
    if item.handle:
        yield Evidence(what=f"handle @{item.handle} on {view.platform}", strength=0.95, source="profile")
    for told in item.told:
        where = f"{told.claim.visibility.value} message"
        source = told.claim.why if told.claim.why in ("profile", "bio") else where
        shared = f", which {told.holders} contacts share" if told.holders > 1 else ""
        strength = _STRENGTH[told.claim.kind] if told.is_private and not told.is_loose else 0.8
        yield Evidence(what=f"{_TOLD[told.claim.kind]} {told.claim.value}{shared}", strength=strength, source=source)


def _weighed(view: View, item: Comparison, weights: Weights) -> Iterator[Evidence]:
    contact = item.contact
    words = {
        "name": contact.name,
        "city": contact.city or "",
        "handle": view.handle,
        "domain": view.domain,
        "company": contact.company or "",
    }
    found = [
        (weights.by_feature.get(name, 0.0) * value, *_FEATURES[name])
        for name, value in item.features.items()
        if name in _FEATURES
    ]
    for weight, what, source in sorted(found, key=lambda entry: (-entry[0], entry[1])):
        strength = round(max(0.0, min(0.9, weight / 8.0)), 2)
        yield Evidence(what=what.format(**words), strength=strength, source=source)
