"""Who is this? A link is made on exact, owned evidence with one fitting owner; a likelihood only suggests."""

from chalicelib.core.matching.comparing import features
from chalicelib.core.matching.finding import patterns_of
from chalicelib.core.matching.keys import contact_keys, index_keys
from chalicelib.core.matching.matcher import combine, match
from chalicelib.core.matching.normalise import (
    normalise_email,
    normalise_handle,
    normalise_id,
    normalise_number,
    normalise_phone,
    normalise_platform,
)
from chalicelib.core.matching.reading import claims_in
from chalicelib.core.matching.weights import DEFAULT_WEIGHTS, Weights, to_mapping, weights_from_mapping

__all__ = [
    "DEFAULT_WEIGHTS",
    "Weights",
    "claims_in",
    "combine",
    "contact_keys",
    "features",
    "index_keys",
    "match",
    "normalise_email",
    "normalise_handle",
    "normalise_id",
    "normalise_number",
    "normalise_phone",
    "normalise_platform",
    "patterns_of",
    "to_mapping",
    "weights_from_mapping",
]
