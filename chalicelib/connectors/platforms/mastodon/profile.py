"""An account of the network as a person of ours, with what its profile says."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.people import Author, Profile
from chalicelib.core.text.clean import post_to_text

_LONGEST = 2000


def with_profile(author: Author, account: Reader) -> Author:
    """`author` with names and profile of now. A web page that the server has verified goes before others. Raises
    PayloadError."""
    note, followers = account.find_text("note"), account.find_id("followers_count")
    return replace(
        author,
        display_name=account.find_text("display_name") or account.find_text("username") or author.display_name,
        profile_url=account.find_text("url") or author.profile_url,
        profile=Profile(
            bio=post_to_text(note)[:_LONGEST].strip() or None if note else None,
            website=_website(account),
            followers=int(followers) if followers and followers.isdecimal() else None,
            account_created=account.find_time("created_at"),
        ),
    )


def _website(account: Reader) -> str | None:
    """A field's value is HTML: a link, as a rule."""
    fields = sorted(account.items("fields"), key=lambda item: not item.has("verified_at"))
    for item in fields:
        text = post_to_text(item.find_text("value") or "").strip()
        if text.startswith(("http://", "https://")) or item.has("verified_at"):
            return text[:_LONGEST]
    return None
