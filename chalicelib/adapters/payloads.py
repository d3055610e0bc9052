"""The names and the form of archived payloads, whoever keeps them. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from chalicelib.core.errors import NotFoundError

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_WHOLE_MOMENT = re.compile(r"/(\d{4}/\d{2}/\d{2}/\d{6}\.\d{6})-[0-9a-f]+$")
_MOMENT = re.compile(r"/(\d{4}/\d{2}/\d{2}/\d{6})\.\d{6}-[0-9a-f]+$")


def archive_key(source: str, received_at: datetime, body: bytes) -> str:
    """``facebook/main/2026/11/20/120000.000000-<digest>``: found by hand, and the same for the same arrival."""
    name = hashlib.sha256(source.encode("utf-8", "surrogatepass") + b"\0" + body).hexdigest()[:20]
    return f"{beginning(source, received_at)}-{name}"


def beginning(source: str, moment: datetime) -> str:
    """What the keys of all payloads of `source` that arrived at `moment` begin with; they sort by it."""
    return f"{place(source)}/{moment.astimezone(UTC):%Y/%m/%d/%H%M%S.%f}"


def place(source: str) -> str:
    """What the keys of all payloads of `source` begin with."""
    return "/".join(_ODD.sub("-", part).strip(".") or "-" for part in source.split("/"))


def arrival(key: str) -> datetime:
    """When the payload of that key arrived. Raises ValueError for what is no key of ours."""
    found = _WHOLE_MOMENT.search(key)
    if found is None:
        raise ValueError("no key of a payload")
    return datetime.strptime(found[1], "%Y/%m/%d/%H%M%S.%f").replace(tzinfo=UTC)


def is_of(key: str, source: str) -> bool:
    """Whether a key is `source`'s own, not that of a longer name which begins alike."""
    prefix = place(source) + "/"
    return key.startswith(prefix) and _WHOLE_MOMENT.fullmatch("/" + key[len(prefix) :]) is not None


def is_over(key: str, keep_for: timedelta, now: datetime) -> bool:
    """True when the key itself tells that the payload's time is over: S3 has removed it then, and to those who may not
    list the bucket it says "access denied" of what is not there."""
    found = _MOMENT.search(key)
    if found is None:
        return False
    try:
        received_at = datetime.strptime(found[1], "%Y/%m/%d/%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return False
    return now >= received_at + keep_for + timedelta(seconds=1)


def pack(body: bytes, headers: Mapping[str, str], expires_at: datetime) -> bytes:
    """One object: a line of JSON about the payload, then its bytes as they came."""
    about = {"headers": dict(headers), "expires_at": expires_at.astimezone(UTC).isoformat()}
    return json.dumps(about).encode("ascii") + b"\n" + body


def unpack(data: bytes, now: datetime) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers. Raises NotFoundError when its time is over, or when `data` was not made by `pack`."""
    line, _, body = data.partition(b"\n")
    try:
        about = json.loads(line)
        headers = {str(name): str(value) for name, value in about["headers"].items()}
        expires_at = datetime.fromisoformat(about["expires_at"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotFoundError("this is no archived payload") from None
    if now >= expires_at:
        raise NotFoundError("the payload's time is over")
    return body, headers
