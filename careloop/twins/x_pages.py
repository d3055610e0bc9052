"""The X twin's lists: which entries a query is about, and one page of them with its ``meta``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from careloop.twins.x_world import Data, invalid


def within(posts: Iterable[Data], query: Mapping[str, str]) -> list[Data]:
    """The posts that lie between the ids and times of a query. Raises ValueError for what is no id or time."""
    after, before = int(query.get("since_id", 0)), int(query.get("until_id", 1 << 63))
    start = _instant(query["start_time"]) if "start_time" in query else 0
    end = _instant(query["end_time"]) if "end_time" in query else 1 << 63
    return [post for post in posts if after < int(post["id"]) < before and start <= post["ms"] < end]


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def minute(text: str) -> int:
    """Milliseconds since 1970 of ``yyyymmddhhmm``. Refused: 400."""
    if not re.fullmatch(r"[0-9]{12}", text):
        raise invalid("$.from_date: does not match the regex pattern ^[0-9]{12}$")
    return int(datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp() * 1000)


def cut(found: Sequence[Data], query: Mapping[str, str], *, least: int, default: int) -> tuple[list[Data], Data]:
    """One page and its ``meta``. The token is where the next page begins, written long as X's are."""
    size = int(query.get("max_results", default))
    if not least <= size <= 100:
        raise invalid(f"The `max_results` query parameter value [{size}] is not between {least} and 100")
    token = query.get("pagination_token") or query.get("next_token")
    if token is not None and not re.fullmatch(r"page[0-9]{16}", token):
        raise invalid("The `pagination_token` query parameter value is not valid", pagination_token=token)
    start = int(token[4:]) if token else 0
    page = list(found[start : start + size])
    meta: Data = {"result_count": len(page)}
    if len(found) > start + size:
        meta["next_token"] = f"page{start + size:016d}"
    return page, meta
