"""X's weighted length, twitter-text configuration v3 (maxWeightedTweetLength 280, scale 100, read 2026-08-22)."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.core.text._emoji import emoji_sequence
from chalicelib.core.text._x_links import x_link_spans

URL_WEIGHT = 23
"""Every link is shortened to this length, whatever it was (transformedURLLength)."""
_HEAVY_WEIGHT = 2
# Ranges with weight 100 of scale 100: 0-4351, 8192-8205, 8208-8223, 8242-8247. Everything else is 200.
_HEAVY = re.compile("[^\x00-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
# Second code points of sequences: selector, keycap, joiner, skin tones, flags, tags.
_JOINS = re.compile("[\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e007f]")
# The handles that a reply inherits stand at its start; the vendor's handle is 1 to 20 characters here.
_LEADING_HANDLES = re.compile(r"(?:\s*+[@＠][A-Za-z0-9_]{1,20}(?=\s|$))+\s*")


def weighted_length(text: str, *, without_leading_mentions: bool = False) -> int:
    """The weight of `text` in units of one Latin letter. Links weigh 23, emoji sequences 2, see the module."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if without_leading_mentions and (handles := _LEADING_HANDLES.match(text)):
        text = text[handles.end() :]
    total = position = 0
    for start, end in x_link_spans(text):
        total += _plain_weight(text[position:start]) + URL_WEIGHT
        position = end
    return total + _plain_weight(text[position:] if position else text)


def _plain_weight(text: str) -> int:
    if text.isascii():
        return len(text)
    total = _code_points_weight(text)
    if _JOINS.search(text):
        for match in emoji_sequence().finditer(text):
            total += _HEAVY_WEIGHT - _code_points_weight(match[0])
    return total


def _code_points_weight(text: str) -> int:
    return len(text) + sum(map(len, _HEAVY.findall(text)))
