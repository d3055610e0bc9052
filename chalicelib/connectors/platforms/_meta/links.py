"""Addresses of posts and comments on facebook.com, built from Graph ids (form seen in API answers, 2026-11-22)."""

from __future__ import annotations

from urllib.parse import quote

_WWW = "https://www.facebook.com"


def post_link(post: str, given: str | None = None) -> str | None:
    """The address of a post: as the platform gave it, else built from ``{page}_{post}``; None when neither is."""
    if given and given.startswith("https://"):
        return given
    page, _, part = post.partition("_")
    return f"{_WWW}/{quote(page, safe='')}/posts/{quote(part, safe='')}" if page and part else None


def comment_link(post: str, comment: str, given: str | None = None) -> str | None:
    """The address of a comment under a post, or None where the post's can't be told. ``given``: the post's address."""
    base = post_link(post, given)
    if base is None:
        return None
    part = quote(comment.rpartition("_")[2], safe="")
    if "?" in base:
        return f"{base}&comment_id={part}"
    return f"{base.rstrip('/')}/?comment_id={part}"
