"""Raw payloads on S3. The bucket's lifecycle rule removes old ones; a read goes by the payload's own time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.failures import code_of, reporting
from chalicelib.adapters.payloads import archive_key, is_over, pack, unpack
from chalicelib.core.errors import NotFoundError
from chalicelib.ports.services import Clock


class S3Archive:
    """Implements ports.services.PayloadArchive. ``keep_for``: how long after its arrival a payload is kept."""

    def __init__(self, client: Any, bucket: str, clock: Clock, *, keep_for: timedelta = timedelta(days=30)) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._keep_for = keep_for

    def keep(self, *, source: str, body: bytes, received_at: datetime, headers: Mapping[str, str]) -> str:
        key = archive_key(source, received_at, body)
        data = pack(body, headers, received_at + self._keep_for)
        with reporting("PutObject"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType="application/octet-stream")
        return key

    def fetch(self, key: str) -> tuple[bytes, Mapping[str, str]]:
        from botocore.exceptions import ClientError

        if is_over(key, self._keep_for, self._clock.now()):
            raise NotFoundError("the payload's time is over")
        try:
            with reporting("GetObject"):
                data = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) != "NoSuchKey":
                raise
            raise NotFoundError("no such payload") from None
        return unpack(data, self._clock.now())
