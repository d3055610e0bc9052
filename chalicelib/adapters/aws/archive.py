"""Raw payloads on S3. The bucket's lifecycle rule removes old ones; a read goes by the payload's own time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.failures import code_of, refusals, reporting
from chalicelib.adapters.payloads import archive_key, beginning, is_of, is_over, pack, place, unpack
from chalicelib.core.errors import NotFoundError
from chalicelib.ports.services import Clock


class S3Archive:
    """Implements ports.services.PayloadArchive. ``keep_for``: how long after its arrival a payload is kept; ``page``:
    keys that are listed at a time, at most S3's 1,000."""

    def __init__(
        self, client: Any, bucket: str, clock: Clock, *, keep_for: timedelta = timedelta(days=30), page: int = 1000
    ) -> None:
        self._page = page
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
        if is_over(key, self._keep_for, self._clock.now()):
            raise NotFoundError("the payload's time is over")
        try:
            with reporting("GetObject"):
                data = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except refusals() as error:
            if code_of(error) != "NoSuchKey":
                raise
            raise NotFoundError("no such payload") from None
        return unpack(data, self._clock.now())

    def remove(self, key: str) -> None:
        with reporting("DeleteObject"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def list(self, *, source: str, since: datetime, until: datetime) -> Iterator[str]:
        first, end = beginning(source, since), beginning(source, until)
        day = since.astimezone(UTC).date()
        while day <= until.astimezone(UTC).date():
            for key in self._keys(f"{place(source)}/{day:%Y/%m/%d}/", first):
                if key >= end:
                    return
                if key > first and is_of(key, source) and not is_over(key, self._keep_for, self._clock.now()):
                    yield key
            day += timedelta(days=1)

    def _keys(self, prefix: str, after: str) -> Iterator[str]:
        """All keys with a prefix, sorted by UTF-8, as S3 does (ListObjectsV2)."""
        more: dict[str, str] = {"StartAfter": after} if after > prefix else {}
        while True:
            with reporting("ListObjectsV2"):
                answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=self._page, **more)
            yield from (item["Key"] for item in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}
