"""LinkedIn's names for things: ``urn:li:<kind>:<id>``, and comments, whose id holds the post's URN."""

from __future__ import annotations

import re
from urllib.parse import quote

_COMMENT = re.compile(r"urn:li:comment:\((?:urn:li:)?([A-Za-z]+:[0-9]+),([0-9]+)\)")


def full_comment(urn: str) -> str:
    """`urn` with the long inner form, ``urn:li:comment:(urn:li:activity:1,2)``: some places leave the inner ``urn:li:``
    out. What is no comment stays as it is."""
    match = _COMMENT.fullmatch(urn)
    return f"urn:li:comment:(urn:li:{match[1]},{match[2]})" if match else urn


def comment_parts(urn: str) -> tuple[str, str] | None:
    """(URN of the post, id of the comment) of a comment's URN; None when it is none."""
    match = _COMMENT.fullmatch(urn)
    return (f"urn:li:{match[1]}", match[2]) if match else None


def permalink(post: str, comment: str | None = None) -> str:
    """Where a person reads it. LinkedIn documents no form of links; this is what its pages use."""
    page = f"https://www.linkedin.com/feed/update/{quote(post, safe=':')}"
    return f"{page}?commentUrn={quote(comment, safe='')}" if comment else page
