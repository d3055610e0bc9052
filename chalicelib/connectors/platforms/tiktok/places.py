"""Ids and people. The API wants video and comment together, so a comment's id holds both."""

from __future__ import annotations

from chalicelib.core.ids import AccountKey, AuthorId, AuthorKey, MessageId
from chalicelib.core.people import Author


def comment_id(video: str, comment: str) -> MessageId:
    """``<video>_<comment>``."""
    return MessageId(f"{video}_{comment}")


def author_of(identity: str, account: AccountKey, handle: str | None = None, *, is_brand: bool = False) -> Author:
    """`handle`: the user name, where it is told."""
    return Author(
        key=AuthorKey(platform="tiktok", author=AuthorId(identity)),
        handle=handle or None,
        profile_url=f"https://www.tiktok.com/@{handle}" if handle else None,
        is_brand=is_brand or identity == account.account,
    )
