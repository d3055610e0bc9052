"""Who is this? A link is made on exact, owned evidence with one fitting owner; a likelihood only suggests."""

from chalicelib.core.matching.clues import (
    clues_in_message,
    clues_of,
    contact_keys,
    decide,
    match_identity,
    normalise_email,
    normalise_handle,
    normalise_id,
    normalise_number,
    normalise_phone,
)

__all__ = [
    "clues_in_message",
    "clues_of",
    "contact_keys",
    "decide",
    "match_identity",
    "normalise_email",
    "normalise_handle",
    "normalise_id",
    "normalise_number",
    "normalise_phone",
]
