"""What the account itself has posted: looked through for an answer that may have been posted before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.connectors.platforms.mastodon.statuses import text_of
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.compose import text_digest
from chalicelib.core.errors import OutcomeUnknownError
from chalicelib.core.reply import OutboundReply

Read = Callable[[str, Mapping[str, Any]], Reader]

PAGES = 3
PAGE_SIZE = 40
_NAMES = re.compile(r"^(?:\s*@[\w.-]+(?:@[\w.-]+)?)+\s*")


def find_own(read: Read, own: str, reply: OutboundReply) -> Reader | None:
    """The status that says what `reply` says, in answer to the same one; None when there certainly is none. Raises
    OutcomeUnknownError when the account has posted too much since."""
    wanted, below = _words(reply.text), None
    for _ in range(PAGES):
        params = {"limit": PAGE_SIZE, "exclude_reblogs": "true", "max_id": below}
        page = read(f"/api/v1/accounts/{segment(own)}/statuses", params)
        with readable():
            statuses = list(page.items())
            for status in statuses:
                if status.need_time("created_at") < reply.began_at:
                    return None
                answers = status.find_id("in_reply_to_id") == reply.in_reply_to
                same = _words(text_of(status)) == wanted
                files = len(list(status.items("media_attachments")))
                if answers and same and files == len(reply.attachments):
                    return status
            if len(statuses) < PAGE_SIZE:
                return None
            below = statuses[-1].need_id("id")
    raise OutcomeUnknownError("much was posted since: its beginning is out of reach")


def _words(text: str) -> str:
    """Without the names that an answer begins with: the server shows them in another form than they were sent."""
    return text_digest(_NAMES.sub("", text))
