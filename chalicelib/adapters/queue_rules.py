"""What a FIFO queue takes, whoever implements it: SQS's limits, and how longer or odder ids are shortened. Pure.

Limits: AWS, Amazon SQS developer guide, message quotas, and API reference, SendMessage (2026-08).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from chalicelib.core.ids import digest
from chalicelib.ports.services import QueueMessage

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH = 10
"""Messages in one receive, send or delete."""
DEDUP_SECONDS = 300.0
MAX_VISIBILITY_SECONDS = 43_200.0

_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def queue_id(text: str) -> str:
    """A group or deduplication id that SQS takes: `text` itself, or its digest when it is too long or has other
    characters than SQS allows."""
    return text if _ID.fullmatch(text) else "sha256-" + digest(text, length=52)


def queue_body(text: str) -> str:
    """A body that SQS takes. JSON with characters that SQS refuses is written with escapes instead.

    Raises ValueError for a body over 1 MiB, for an empty one, and for one with such characters that is not JSON.
    """
    if _REFUSED.search(text):
        try:
            text = json.dumps(json.loads(text), separators=(",", ":"))
        except ValueError:
            raise ValueError("a message with characters that no queue takes") from None
        if _REFUSED.search(text):
            raise ValueError("a message with characters that no queue takes")
    size = len(text) if text.isascii() else len(text.encode("utf-8"))
    if not 1 <= size <= MAX_BODY_BYTES:
        raise ValueError(f"a message of {size} bytes; between 1 and {MAX_BODY_BYTES} are allowed")
    return text


def acceptable(messages: Sequence[QueueMessage]) -> Sequence[QueueMessage]:
    """`messages` as a queue takes them. Raises ValueError before anything is sent."""
    return [
        QueueMessage(body=queue_body(item.body), group=queue_id(item.group), dedup=queue_id(item.dedup))
        for item in messages
    ]
