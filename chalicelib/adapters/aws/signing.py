"""AWS Signature Version 4, for requests whose whole body is at hand. Pure.

After "Signature Version 4 signing process" (AWS IAM user guide, 2026-08). Held to botocore's signer and to AWS's own
vectors by the tests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

ALGORITHM = "AWS4-HMAC-SHA256"
DIGEST_HEADER = "x-amz-content-sha256"


class Credentials:
    """Keys of a role's session. Prints without them."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str = "") -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token


class Signer:
    """Signs requests to one service in one region. A day's key is computed once."""

    def __init__(self, credentials: Credentials, service: str, region: str) -> None:
        self._credentials = credentials
        self._service = service
        self._region = region
        self._day = ""
        self._key = b""

    def signed(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, moment: datetime
    ) -> dict[str, str]:
        """`headers` and those that prove the request.

        ``headers``: lower-case names, ``host`` among them; all are signed. ``path``: as it is sent, each part encoded
        once, without a query.
        """
        stamp = f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        found = {**headers, "x-amz-date": stamp}
        if self._credentials.token:
            found["x-amz-security-token"] = self._credentials.token
        names = sorted(found)
        listed = ";".join(names)
        lines = "".join(f"{name}:{' '.join(found[name].split())}\n" for name in names)
        digest = found.get(DIGEST_HEADER) or hashlib.sha256(body).hexdigest()
        request = f"{method}\n{path}\n\n{lines}\n{listed}\n{digest}"
        day = stamp[:8]
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        text = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(day), text.encode(), "sha256").hex()
        credential = f"{self._credentials.access_key}/{scope}"
        found["authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={listed}, Signature={signature}"
        return found

    def _key_of(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._credentials.secret_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day, self._key = day, key
        return self._key
