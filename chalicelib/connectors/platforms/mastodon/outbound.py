"""What an answer says and who may read it. Whoever is named in a private post can read it, so names are watched."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.core.errors import NotAnswerableError
from chalicelib.core.events import Visibility
from chalicelib.core.reply import OutboundReply

_NARROWER = ("public", "unlisted", "private", "direct")
_MENTION = re.compile(r"(?<![\w/.@+-])@([A-Za-z0-9_]+(?:@[A-Za-z0-9.-]+)?)")


def status_of(reply: OutboundReply) -> dict[str, Any]:
    """The body of the new post. Raises NotAnswerableError when it names nobody, or in private somebody else too."""
    name = reply.context.get("acct", "")
    if not name:
        raise NotAnswerableError("no name to answer to", advice="The customer's name on Mastodon is not known.")
    visibility = visibility_of(reply)
    named = {found.lower().rstrip(".-") for found in _MENTION.findall(reply.text)}
    if visibility in ("private", "direct") and named - {name.lower()}:
        raise NotAnswerableError(
            "a private answer names others",
            advice="Whoever is named with @ can read a private post on Mastodon: name others without it.",
        )
    text = reply.text if name.lower() in named else f"@{name} {reply.text}"
    return {"status": text, "in_reply_to_id": reply.in_reply_to, "visibility": visibility}


def visibility_of(reply: OutboundReply) -> str:
    """Never wider than the message that is answered; a public answer stays out of the public timelines."""
    answered = reply.context.get("visibility", "direct" if reply.visibility is not Visibility.PUBLIC else "unlisted")
    wanted = "unlisted" if reply.visibility is Visibility.PUBLIC else "private" if answered == "private" else "direct"
    ranks = [_NARROWER.index(item) if item in _NARROWER else len(_NARROWER) - 1 for item in (answered, wanted)]
    return _NARROWER[max(ranks)]
